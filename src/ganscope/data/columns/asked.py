"""A column that is of the kind which the user says, where that can be."""

from __future__ import annotations

from ganscope.contracts import BadInput
from ganscope.data.cells import text
from ganscope.data.column import Column
from ganscope.data.columns.kinds import WORDS, Seen, chosen, identifier, measured, recognised
from ganscope.data.wishes import Wish
from ganscope.words.lists import some

REASON = "as was asked for"


def as_asked(seen: Seen, asked: Wish | None) -> Column:
    """Return what a column is: what the user says, else what it is recognised as.

    Raises:
        BadInput: it cannot be of that kind.
    """
    if asked is None:
        return recognised(seen)
    facts, how, kind = seen.facts, seen.cells["as"], asked.kind
    if kind == "identifier":
        return identifier(recognised_cells(seen), REASON)
    if kind == "constant" or (facts.values and seen.std == 0 and not facts.missing) or facts.values == 0:
        column = recognised(seen)
        if column.kind == "constant":
            return column
        raise _impossible(seen, kind, "it holds more than one value")
    why = _why_not(seen, asked)
    if why:
        raise _impossible(seen, kind, why)
    seen = recognised_cells(seen)
    if kind in ("category", "boolean"):
        return chosen(seen, kind, REASON)
    if kind == "ordered" and how != "words":
        return measured(seen, "ordered", REASON, asked=True)
    reason = f"in the order {' < '.join(asked.order)}" if asked.order else REASON
    return measured(seen, kind, reason, asked=True)


def recognised_cells(seen: Seen) -> Seen:
    """Note how numbers are written, as `recognised` does."""
    from ganscope.data.columns.kinds import as_numbers

    return seen._replace(cells=as_numbers(seen.cells, seen.facts)) if seen.cells["as"] == "number" else seen


def _why_not(seen: Seen, asked: Wish) -> str:
    """Say why a column cannot be of a kind; an empty text where it can."""
    facts, how = seen.facts, seen.cells["as"]
    few = "lost" not in seen.cells and facts.distinct is not None
    words = list(seen.cells.get("words", ()))
    others = words[len(asked.order) :]
    of_words = f"it holds {'dates' if how == 'date' else 'words'}"
    two = few and facts.distinct is not None and len(facts.distinct) == 2
    impossible = {
        "continuous": [(how != "number", of_words)],
        "integer": [(how != "number", of_words), (not facts.whole, "it holds numbers with decimals")],
        "category": [(not few, f"it holds more than {WORDS:,} different values")],
        "boolean": [(not two, "it does not hold two different values")],
        "datetime": [(how != "date", "its cells are no dates of a known format: give it, as in %d.%m.%Y")],
        "ordered": [
            (bool(asked.order) and how != "words", "it holds no words"),
            (how == "words" and not asked.order, "the order of its words is not known: give it, as in S<M<L"),
            (bool(others and asked.order), f"its order leaves out {some(others)}: name every word"),
        ],
    }
    return next((why for wrong, why in impossible.get(asked.kind, ()) if wrong), "")


def _impossible(seen: Seen, kind: str, why: str) -> BadInput:
    distinct = seen.facts.distinct
    held = "" if distinct is None else f" ({some(text(distinct[:4], _bare(seen)), 3)})"
    return BadInput(f"column '{seen.name}'{held} cannot be of kind {kind}, since {why}.")


def _bare(seen: Seen) -> Column:
    return Column(seen.name, "continuous", seen.cells, {})
