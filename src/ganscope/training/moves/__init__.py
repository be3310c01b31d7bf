"""How the two players move: in turn, at once, or by a rule against circling."""
