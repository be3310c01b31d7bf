"""The cells of one column read as numbers, dates or words, piece by piece.

What a column holds is guessed from its first cells. Where a later cell does not fit, the file is read again
with a guess that has seen that cell too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.data.cells import dates
from ganscope.data.text import signs
from ganscope.data.text.guess import MISSING, is_missing, is_number
from ganscope.data.wishes import OF_WORDS, Wish

Values = NDArray[np.float64]
MOST_WORDS = 10_000
"""Distinct words that are kept of a column."""
MANY = 20
"""Distinct numbers beyond which a word among them is taken for an error."""
REMEMBERED = 2_000
"""Distinct cells that a guess is made from."""


class ColumnReader:
    """Reads one column.

    Args:
        seen: distinct cells by which it was guessed what the column holds; missing ones are left out.
        comma: whether the numbers of the file have decimal commas.
        asked: what the user says of the column.

    Example:
        >>> reader = ColumnReader()
        >>> reader.read(["1.5", "NA", "2"]).tolist(), reader.cells["as"]
        ([1.5, nan, 2.0], 'number')
        >>> reader.read(["3", "many"]) is None
        True
    """

    def __init__(self, seen: Sequence[str] = (), comma: bool = False, asked: Wish | None = None) -> None:
        self.seen = dict.fromkeys(seen)
        self.comma = comma
        self.asked = asked
        self.cells: dict[str, Any] = {}
        self.broken = False
        """Whether a cell did not fit, so that the column has to be read again."""
        self._started = False
        self._places: dict[str, float] = {}
        self._dates: dict[str, float] = {}
        self._counting: float | None = None
        self._places |= {word: float(at) for at, word in enumerate(asked.order if asked else ())}
        if seen:
            self.cells = guessed(list(self.seen), self.comma, self.asked)

    def read(self, cells: Sequence[str]) -> Values | None:
        """Read the next cells; None where one of them does not fit."""
        if not self.cells:
            self._look(cells)
            self.cells = guessed(list(self.seen), self.comma, self.asked)
        if self.cells["as"] == "number" and "fixed" not in self.cells and not self._started:
            marked = signs.any_of(self.cells)
            fixed = decimals_fixed(
                [
                    signs.plain(cell, self.cells) if marked else cell
                    for cell in self.seen
                    if not marked or self.fits(cell)
                ]
            )
            self.cells |= {} if fixed is None else {"fixed": fixed}
        self._started = True
        try:
            values = self._read(cells)
        except ValueError:
            self.broken = True
            self._look(cells)
            return None
        return values

    @property
    def hopeless(self) -> bool:
        """Whether most cells are numbers, so that one which is none is taken for an error."""
        if self.asked is not None and self.asked.kind in OF_WORDS:
            return False
        if self.asked is not None and (self.asked.format or self.asked.kind in ("integer", "continuous")):
            return True
        fitting = sum(self.fits(cell) for cell in self.seen)
        return self.cells["as"] == "number" and fitting > MANY and 2 * fitting >= len(self.seen)

    def fits(self, cell: str) -> bool:
        """Tell whether a cell is a number, or a date, as the others are."""
        try:
            if self.cells["as"] == "date":
                dates.parse([cell], self.cells["format"], {})
                return True
            float(signs.plain(cell, self.cells) if signs.any_of(self.cells) else cell)
        except ValueError:
            return False
        return True

    def again(self) -> ColumnReader:
        """Return a reader that knows all that this one has seen."""
        return ColumnReader(list(self.seen), self.comma, self.asked)

    def _look(self, cells: Sequence[str]) -> None:
        """Remember distinct cells, those that do not fit first."""
        new = [cell for cell in dict.fromkeys(map(str.strip, cells)) if cell not in MISSING]
        if self.cells.get("as") == "number":
            new.sort(key=is_number)
        self.seen |= dict.fromkeys(new[:REMEMBERED])

    def _read(self, cells: Sequence[str]) -> Values:
        how = self.cells["as"]
        if how == "number":
            return self._numbers(cells)
        cells = list(map(str.strip, cells))
        if how == "date":
            return self._days(cells)
        return self._words(cells)

    def _numbers(self, cells: Sequence[str]) -> Values:
        if not signs.any_of(self.cells):
            try:
                return np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
            except ValueError:
                pass
            cells = ["nan" if cell in MISSING else cell for cell in cells]
            try:
                return np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
            except ValueError:
                cells = ["nan" if is_missing(cell) else cell for cell in cells]
                return np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
        plain = ("nan" if is_missing(cell) else signs.plain(cell.strip(), self.cells) for cell in cells)
        return np.fromiter(map(float, plain), dtype=np.float64, count=len(cells))

    def _days(self, cells: list[str]) -> Values:
        form = self.cells["format"]
        if MISSING.isdisjoint(cells):
            return dates.parse(cells, form, self._dates)
        values = np.full(len(cells), np.nan)
        there = [at for at, cell in enumerate(cells) if cell not in MISSING]
        values[there] = dates.parse([cells[at] for at in there], form, self._dates)
        return values

    def _words(self, cells: list[str]) -> Values:
        places = self._places
        if "lost" not in self.cells:
            for word in dict.fromkeys(cells):
                if word not in places:
                    places[word] = np.nan if word in MISSING else float(len(self.words))
                    self.words += [] if word in MISSING else [word]
        if "digits" in self.cells:
            self._count(cells)
        if len(places) > MOST_WORDS:
            self.cells["lost"] = f"it holds more than {MOST_WORDS:,} different words"
        if "lost" in self.cells:
            return np.full(len(cells), np.nan)
        return np.fromiter(map(places.__getitem__, cells), dtype=np.float64, count=len(cells))

    @property
    def words(self) -> list[str]:
        """All words so far, in the order in which they came."""
        words: list[str] = self.cells["words"]
        return words

    @words.setter
    def words(self, words: list[str]) -> None:
        self.cells["words"] = words

    def _count(self, cells: list[str]) -> None:
        """Find out whether words of digits count on, as 00017, 00018 do."""
        try:
            numbers = np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
        except ValueError:
            numbers = np.full(len(cells), np.nan)
        start = numbers[0] if self._counting is None else self._counting
        same = {len(cell) for cell in cells} == {self.cells["digits"]}
        if same and (numbers == start + np.arange(len(cells))).all():
            self._counting = self.cells["next"] = start + len(cells)
        else:
            del self.cells["digits"]
            self.cells.pop("next", None)


def guessed(cells: Sequence[str], comma: bool = False, asked: Wish | None = None) -> dict[str, Any]:
    """Guess from distinct cells, none of them missing, how a column is written.

    Example:
        >>> guessed(["1", "2.50"]), guessed(["007", "008"])["as"], guessed(["31.12.2024"])["format"]
        ({'as': 'number'}, 'words', '%d.%m.%Y')
    """
    said = {} if asked is None else _as_asked(cells, asked)
    if said or not cells:
        return said or {"as": "number"}
    if any(cell[0] == "0" and cell.isdigit() and len(cell) > 1 for cell in cells) and all(
        map(is_number, cells)
    ):
        return {"as": "words", "words": [], "digits": len(cells[0])}
    form = dates.find(cells)
    if form is not None:
        return dates.cells_of(form, cells)
    numbers = sum(map(is_number, cells))
    if numbers == len(cells) or (numbers > MANY and 2 * numbers >= len(cells)):
        return {"as": "number"}
    written = signs.find(cells, comma)
    return {"as": "number", **written} if written is not None else {"as": "words", "words": []}


def _as_asked(cells: Sequence[str], asked: Wish) -> dict[str, Any]:
    """Return how a column is written that is what the user says; nothing where that is to be guessed."""
    numbers = list(map(is_number, cells))
    if asked.order:
        return {"as": "words", "words": list(asked.order)}
    if asked.format:
        return dates.cells_of(asked.format, cells)
    if asked.kind in OF_WORDS and not all(numbers):
        return {"as": "words", "words": []}
    return {"as": "number"} if asked.kind in ("integer", "continuous") and any(numbers) else {}


def decimals_fixed(cells: Sequence[str]) -> int | None:
    """Return the number of decimals that all cells have; None where they differ or have none.

    Example:
        >>> decimals_fixed(["1.50", "2.25"]), decimals_fixed(["1.5", "2"])
        (2, None)
    """
    ends = [cell.partition(".")[2] for cell in cells]
    counts = {len(end) if end.isdigit() else 0 for end in ends}
    return counts.pop() if len(counts) == 1 and 0 not in counts else None
