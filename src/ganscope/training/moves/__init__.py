"""How the two players move: in turn, at once, or by a rule that counters rotation."""

from collections.abc import Callable

from ganscope.training.moves import alternating, consensus, extra_gradient, simultaneous
from ganscope.training.state import Runs
from ganscope.training.step import DiscriminatorStep, GeneratorStep

Move = Callable[[Runs], tuple[DiscriminatorStep, GeneratorStep]]

MOVES: dict[str, Move] = {
    "alternating": alternating.move,
    "simultaneous": simultaneous.move,
    "optimistic": alternating.move,  # its optimisers correct themselves: see `optimism`
    "extra-gradient": extra_gradient.move,
    "consensus": consensus.move,
}
"""By the name of the dynamics in a configuration."""
