"""Recipes that can be compared on every data set: those whose networks are not made for tables alone."""

from __future__ import annotations

from ganscope.build.settings import recipe_names, resolve
from ganscope.nets import NETS

PICTURE = (1, 8, 8)


def of_any_rows() -> tuple[str, ...]:
    """List the recipes whose networks draw pictures too; `validation.tables` compares the others."""
    return tuple(name for name in recipe_names() if NETS[resolve(name, {}).network].why_not(PICTURE) is None)
