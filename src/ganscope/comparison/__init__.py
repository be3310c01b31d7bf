"""Recipes side by side, or one recipe at many points: over seeds, with an equal budget."""

from ganscope.comparison.assignment import assign_stacks
from ganscope.comparison.budget import Plan, plan
from ganscope.comparison.execute import Comparison, carry_out, compare, resume_comparison
from ganscope.comparison.sweeps import plan_sweep, sweep

__all__ = [
    "Comparison",
    "Plan",
    "assign_stacks",
    "carry_out",
    "compare",
    "plan",
    "plan_sweep",
    "resume_comparison",
    "sweep",
]
