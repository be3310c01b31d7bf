"""Comparing recipes on the same data, over seeds, with an equal budget."""

from ganscope.comparison.budget import Plan, plan
from ganscope.comparison.execute import Comparison, compare, resume_comparison

__all__ = ["Comparison", "Plan", "compare", "plan", "resume_comparison"]
