"""The tracker `csv`: every logged value of a run as one table, `values.csv`, for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganscope.contracts import Event, Observer
from ganscope.folder import layout
from ganscope.folder.files import whole_file

if TYPE_CHECKING:
    from ganscope.config import RunConfig
    from ganscope.training import Runs

FILES = (layout.VALUES,)
"""What it writes into a run folder, which --overwrite may delete there."""


def tracker(folder: Path, config: RunConfig) -> Observer:  # noqa: ARG001 - what every factory is called with
    """Make an observer that writes `values.csv` into the folder of each run it is told of.

    Args:
        folder: of the first run.
        config: of the first run.

    Returns:
        An observer that adds a line at every logged step, so that the table can be read at any time.
    """
    columns: dict[int, list[str]] = {}

    def observe(event: Event, runs: Runs) -> None:
        if event.kind != "log":
            return
        for k, row in (event.values or {}).items():
            path = runs.folders[k] / layout.VALUES
            values = {name: value for name, value in row.items() if name != "format"}
            if k in columns and set(values) <= set(columns[k]):
                _append(path, columns[k], values)
                continue
            # a run that goes on keeps the rows up to here; a new column needs a new head
            kept = [old for old in _read(path) if int(old["step"]) < event.step]
            columns[k] = list(dict.fromkeys(name for old in (*kept, values) for name in old))
            _write(path, columns[k], [*kept, values])

    return observe


def _read(path: Path) -> list[Mapping[str, Any]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _append(path: Path, columns: Sequence[str], row: Mapping[str, Any]) -> None:
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.DictWriter(file, columns, restval="").writerow(row)


def _write(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, columns, restval="")
    table.writeheader()
    table.writerows(rows)
    with whole_file(path) as file:
        file.write(text.getvalue().encode())
