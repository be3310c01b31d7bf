"""The page."""
from __future__ import annotations
from .run import Record
def page(stored: dict[str, dict[str, Record]]) -> str:
    """x"""
    return ""
