"""Whether the advice that goes with a verdict helps: `python -m validation.remedies`."""
