"""Samples in the files other programs read."""

from ganscope.export.samples import write_samples

__all__ = ["write_samples"]
