"""Comparing recipes on the same data, over seeds, with an equal budget."""

from ganscope.comparison.budget import Plan, plan
from ganscope.comparison.execute import Comparison, carry_out, compare, resume_comparison

__all__ = ["Comparison", "Plan", "carry_out", "compare", "plan", "resume_comparison"]
