"""Columns of every kind: recognised, and brought from their cells to what is learnt and back."""

from ganscope.data.columns.coding import as_written, decoded, encoded, in_units, trained_columns

__all__ = ["as_written", "decoded", "encoded", "in_units", "trained_columns"]
