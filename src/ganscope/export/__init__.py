"""Samples in the files other programs read."""

from ganscope.export.samples import write_samples
from ganscope.export.table_files import write_table

__all__ = ["write_samples", "write_table"]
