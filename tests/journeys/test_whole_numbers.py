"""Every flag of every command that counts something refuses a fraction, and takes 2.0 as 2."""

from __future__ import annotations

import re
import types
from typing import Any, Union, get_args, get_origin

import pytest

from ganscope.cli.app import app, main
from ganscope.cli.commands import COMMANDS

NEEDED = {name: ["nowhere"] for name in ("resume", "sample", "evaluate", "report", "diagnose")}
"""What stands before the flags: these commands ask for a run."""


def counts(kind: Any) -> bool:
    """Whether a type is that of whole numbers, and not of others too."""
    if get_origin(kind) in (Union, types.UnionType):
        kinds = [part for part in get_args(kind) if part is not type(None)]
        return len(kinds) == 1 and counts(kinds[0])
    return kind is int


def whole_flags() -> list[tuple[str, str]]:
    return [
        (command, name)
        for command in COMMANDS
        for argument in app[command].assemble_argument_collection()
        if counts(argument.hint)
        for name in argument.names
        if name.startswith("-")
    ]


FLAGS = whole_flags()


def test_the_flags_that_count_are_found() -> None:
    found = set(FLAGS)
    assert {("train", "--steps"), ("sweep", "--stack"), ("sample", "-n"), ("explain", "--seeds")} <= found
    assert ("compare", "--seed") in found
    assert ("train", "--d-lr") not in found
    assert len(found) > 60


@pytest.mark.parametrize(("command", "flag"), FLAGS, ids=" ".join)
def test_a_fraction_is_refused(command: str, flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, *NEEDED.get(command, ()), flag, "1.5"]) == 2
    said = capsys.readouterr().err
    assert re.search(r"\b1\.5\b", said)
    assert "whole" in said or "integer" in said
    assert len(said.strip().splitlines()) == 1


@pytest.mark.parametrize("value", ["1e-1", "nan", "0.999999", "2.0000001", "1.5e0"])
def test_whatever_is_no_whole_number_is_refused(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (
        "train --dry-run --seed",
        "train --dry-run --steps",
        "sample nowhere -n",
        "sweep --stack",
    ):
        assert main([*command.split(), value]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_whole_numbers_with_a_point_are_taken(capsys: pytest.CaptureFixture[str]) -> None:
    for flag in ("--seed", "--steps", "--batch-size"):
        assert main(["train", "ring", "r1", "--dry-run", "--json", flag, "4.0"]) == 0
        assert re.search(rf'"{flag[2:].replace("-", "_")}": 4\b', capsys.readouterr().out)
