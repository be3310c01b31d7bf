"""How right the verdicts are: planted failures and healthy runs, scored like a test in medicine."""
