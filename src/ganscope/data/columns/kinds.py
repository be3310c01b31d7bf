"""Of which kind a column is, by its cells and its values, with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganscope.data.column import Column, constant
from ganscope.data.columns import choice
from ganscope.data.columns.facts import Facts
from ganscope.data.columns.masses import masses
from ganscope.data.columns.shape import learnt_as
from ganscope.words.sentences import counted

Values = NDArray[np.float64]
FEW = 10
"""Distinct values up to which numbers with gaps between them are a category, ..."""
ROWS_EACH = 10
"""... if each has as many rows on average."""
WORDS = 1_000
"""Distinct words up to which a column is a category."""
UNIQUE = 0.9
"""Share of rows with a word of their own from which words tell rows apart, and nothing else."""
PAIRS = ("yes no", "true false", "y n", "t f", "on off", "ja nein", "oui non")
YES_NO = tuple(set(pair.split()) for pair in PAIRS)
OF_AN_INDEX = re.compile(
    r"column 1|unnamed: 0|#|rownames|(row|obs|record)?[ _.-]?(index|idx|u?u?id|key|no|nr|num|number|row)"
    r"|.*[ _.-](id|idx|index|key|no|nr)",
    re.IGNORECASE,
)
"""What a column is called that numbers the rows; `userId` counts too."""
CAMEL_ID = re.compile(r".*[a-z]I[Dd]")


class Seen(NamedTuple):
    """What a column is judged by."""

    name: str
    cells: Mapping[str, Any]
    facts: Facts
    sample: Values
    """Values of training rows, NaN among them."""
    mean: float
    std: float
    """Over all training rows; 0 for a constant column."""
    first: float
    """The value of the first training row."""
    ends: Callable[[list[float]], tuple[float, float]]
    """Least and greatest value of all rows, without those that are given."""


def recognised(seen: Seen) -> Column:
    """Return what a column is, and how it is learnt.

    Args:
        seen: its cells and values.

    Returns:
        The column; its `reason` is a clause such as "it holds 3 distinct words".
    """
    facts, how = seen.facts, seen.cells["as"]
    if how == "number":
        seen = seen._replace(cells=as_numbers(seen.cells, facts))
    if "lost" in seen.cells:
        return identifier(seen, seen.cells["lost"])
    if facts.values == 0:
        return Column(seen.name, "constant", seen.cells, {"as": "constant", "value": None}, "it is empty")
    if seen.std == 0 and not facts.missing:
        return constant(seen.name, seen.cells, seen.first)
    return OF_CELLS[how](seen)


def as_numbers(cells: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """Note whether numbers are written as whole ones; drop a number of decimals that is too small."""
    fixed = cells.get("fixed")
    if fixed is not None and (facts.decimals is None or facts.decimals > fixed):
        cells = {key: value for key, value in cells.items() if key != "fixed"}
    return {**cells, "whole": facts.whole and "fixed" not in cells}


def _of_numbers(seen: Seen) -> Column:
    facts = seen.facts
    of_index = facts.whole and bool(OF_AN_INDEX.fullmatch(seen.name) or CAMEL_ID.fullmatch(seen.name))
    distinct = facts.distinct
    if of_index and (facts.counts_on or (distinct is not None and len(distinct) == facts.values)):
        return identifier(seen, "it counts the rows" if facts.counts_on else "no two rows have the same")
    if distinct is not None:
        count = len(distinct)
        if distinct.tolist() == [0.0, 1.0]:
            return chosen(seen, "boolean", "it holds 0 and 1")
        gaps = not (facts.whole and facts.high - facts.low + 1 == count)
        if count <= 2 or (gaps and count <= FEW and facts.values >= ROWS_EACH * count):
            between = ", and none between them" if gaps and count > 2 else ""
            return chosen(seen, "category", f"it holds {counted(count, 'distinct value')}{between}")
    if facts.whole:
        return measured(seen, "integer", "all its numbers are whole")
    return measured(seen, "continuous", "it holds numbers with decimals")


def _of_words(seen: Seen) -> Column:
    words, facts = list(seen.cells["words"]), seen.facts
    if {word.casefold() for word in words} in YES_NO and len(words) == 2:
        return chosen(seen, "boolean", f"it holds {words[0]} and {words[1]}")
    if len(words) > WORDS:
        return identifier(seen, f"it holds {len(words):,} different words")
    if len(words) >= UNIQUE * facts.values and len(words) > 2:
        return identifier(seen, "nearly every row has a word of its own")
    return chosen(seen, "category", f"it holds {counted(len(words), 'distinct word')}")


def chosen(seen: Seen, kind: Any, reason: str) -> Column:
    """Make a column of a few values, of which each row holds one."""
    distinct = seen.facts.distinct
    values = [] if distinct is None else distinct.tolist()
    return Column(seen.name, kind, seen.cells, choice.code(values, seen.facts.missing > 0), reason)


def measured(seen: Seen, kind: Any, reason: str, asked: bool = False) -> Column:
    """Make a column of numbers; where few values hold nearly all rows, it is a category.

    Args:
        seen: its cells and values.
        kind: its kind.
        reason: why it is of this kind.
        asked: whether it is of this kind in any case.
    """
    facts = seen.facts
    present = seen.sample[~np.isnan(seen.sample)]
    heavy = masses(present)
    rest = present[~np.isin(present, heavy)]
    if asked and (kind == "ordered" or len(np.unique(rest)) < 2):
        heavy, rest = [], present
    if len(np.unique(rest)) < 2 and not asked:
        return chosen(seen, "category", "few distinct values hold nearly all rows")
    low, high = seen.ends(heavy)
    rounding: dict[str, Any] = {}
    if kind != "continuous" and facts.step > 1:
        rounding = {"grid": [float(facts.first), float(facts.step)]}
    elif facts.decimals is not None:
        rounding = {"decimals": facts.decimals}
    plain = not heavy and not facts.missing
    moments = (seen.mean, seen.std) if plain else (float(rest.mean()), float(rest.std()))
    how, remark = learnt_as(rest, moments, (low, high), facts.whole)
    far = [mass for mass in heavy if abs(mass - (low + high) / 2) > 1.5 * (high - low)]
    if far:
        remark += (
            f"{', ' if remark else ''}{far[0]:g} lies far from the others: leave it blank if it means missing"
        )
    code = {
        "as": "number", **how, "low": low, "high": high, **rounding,
        **({"masses": heavy} if heavy else {}), **({"missing": True} if facts.missing else {}),
    }  # fmt: skip
    return Column(seen.name, kind, seen.cells, code, "; ".join(filter(None, [reason, remark])))


def identifier(seen: Seen, reason: str) -> Column:
    """Make a column that tells rows apart: it is left out of training."""
    facts, cells = seen.facts, seen.cells
    code: dict[str, Any] = {"as": "empty"}
    if cells["as"] == "number" and facts.counts_on and facts.values:
        code = {"as": "index", "next": facts.high + 1, "step": 1.0}
        cells = {**cells, "whole": True}
    elif "next" in cells:
        code = {"as": "index", "next": cells["next"], "step": 1.0}
    return Column(seen.name, "identifier", cells, code, reason)


OF_CELLS: dict[str, Callable[[Seen], Column]] = {
    "number": _of_numbers,
    "words": _of_words,
    "bool": lambda seen: chosen(seen, "boolean", "it holds yes and no"),
    "date": lambda seen: measured(seen, "datetime", "all its cells are dates or times"),
}
