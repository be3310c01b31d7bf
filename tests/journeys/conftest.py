"""The folder that wrong commands and calls are tried in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.place import furnish


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    with contextlib.chdir(folder):
        furnish(folder)
    return folder


@pytest.fixture(scope="module")
def place(furnished: Path) -> Iterator[Path]:
    """A folder with everything the commands speak of, to stand in; what a test adds it removes."""
    with contextlib.chdir(furnished):
        yield furnished
