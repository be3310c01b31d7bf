"""Dates of every format come back as they were written."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from ganscope.data.cells import dates
from ganscope.data.column import Column


def moments(count: int = 60) -> list[datetime.datetime]:
    seconds = np.random.default_rng(0).integers(0, 10**9, count)
    start = datetime.datetime(1995, 1, 1, tzinfo=datetime.UTC)
    return [start + datetime.timedelta(seconds=int(second)) for second in seconds]


def back(cells: list[str]) -> list[str]:
    form = dates.find(cells)
    assert form is not None
    values = dates.parse(cells, form, {})
    return dates.text(values, Column("t", "datetime", dates.cells_of(form, cells), {}))


@pytest.mark.parametrize("form", dates.FORMATS)
def test_every_format_is_found_and_written_again(form: str) -> None:
    cells = [moment.strftime(form) for moment in moments()]
    assert back(cells) == cells


@pytest.mark.parametrize(
    "cells",
    [
        ["1/2/2024", "11/12/2024", "3/31/2024"],
        ["1.2.2024", "31.12.2024"],
        ["2024-1-5", "2024-11-15"],
        ["5 Jan 2024", "15 Dec 2024"],
        ["2024-01-05T10:00:00Z", "2024-01-05T11:30:00Z"],
        ["2024-01-05 10:00:00+02:00", "2024-02-05 10:00:00+02:00"],
        ["2024-01-05 10:00:00.250", "2024-01-05 10:00:01.125"],
    ],
)
def test_days_without_zeros_zones_and_fractions_are_kept(cells: list[str]) -> None:
    assert back(cells) == cells


@pytest.mark.parametrize(
    "cells", [["1.5", "2.5"], ["2024", "2025"], ["12", "x"], ["a-b-c"], ["1-2-3"], ["13/13/2024"]]
)
def test_what_is_no_date_is_none(cells: list[str]) -> None:
    assert dates.find(cells) is None
