"""Advice for runs of ours: not what is in force, the rate that is off first, and a command that runs."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from ganscope.build.advice import (
    IN_FORCE,
    OUT_OF_REACH,
    Change,
    advised,
    advised_answer,
    change_of,
    remedies_of,
)
from ganscope.build.settings import recipe_names, resolve
from ganscope.cli.app import main
from ganscope.config import RunConfig
from ganscope.diagnose.rules.conclusion import Answer
from ganscope.diagnose.rules.suspects import REMEDIES
from ganscope.diagnose.rules.unconverged import Progress
from ganscope.diagnose.rules.verdict import RULES, Verdict
from ganscope.folder import healings
from ganscope.running import healing

KINDS = [(name, kind) for name, rule in RULES.items() for kind in rule.remedies]


def fault(name: str, kind: str | None = None) -> Verdict:
    factor = kind if name in ("vanishing-gradient", "diverged") else None
    pattern = None if factor else kind
    return Verdict(name, "severe", 7, factor, pattern, {}, "A cause.", "")


def config_of(recipe: str, **given: Any) -> RunConfig:
    return resolve(recipe, {"data": "ring", "steps": 50, **given})


@pytest.mark.parametrize(
    ("given", "verdict", "changes"),
    [
        ({"g_lr": 1e-5}, fault("discriminator-too-strong"), {"g_lr": 1e-3}),
        ({"g_lr": 1e-5}, fault("vanishing-gradient", "loss"), {"g_lr": 1e-3}),
        ({"g_lr": 1e-5}, fault("mode-collapse", "total"), {"g_lr": 1e-3}),
        ({"g_lr": 1e-5, "d_lr": 4e-4}, fault("discriminator-too-strong"), {"g_lr": 4e-4}),
        ({"d_lr": 1e-6}, fault("discriminator-too-weak"), {"d_lr": 1e-3}),
        ({"d_lr": 1e-6, "g_lr": 1e-6}, fault("discriminator-too-weak"), {"d_lr": 1e-3}),
        ({"d_lr": 0.5}, fault("diverged", "discriminator"), {"d_lr": 3e-3}),
        ({"g_lr": 0.5}, fault("diverged", "generator"), {"g_lr": 3e-3}),
        ({"d_lr": 0.5}, fault("discriminator-too-strong"), {"d_lr": 1e-3}),
        ({"g_lr": 0.05}, fault("oscillation", "sustained"), {"g_lr": 1e-3}),
        ({}, fault("discriminator-too-strong"), {"d_lr": 1e-4}),
    ],
)
def test_the_rate_that_is_off_comes_first(
    given: dict[str, float], verdict: Verdict, changes: dict[str, float]
) -> None:
    """Recipe r1: non-saturating, R1, beta1 0, both rates 1e-3."""
    said = advised(verdict, config_of("r1", **given))
    assert said.changes == changes
    (field, value), old = next(iter(changes.items())), {"g_lr": 1e-3, "d_lr": 1e-3, **given}
    assert said.advice.startswith("Raise" if value > old[field] else "Lower")
    assert f"from {old[field]:g} to {value:g}" in said.advice


@pytest.mark.parametrize("recipe", recipe_names())
def test_what_is_in_force_is_never_advised(recipe: str) -> None:
    config = config_of(recipe)
    for name, kind in KINDS:
        said = advised(fault(name, kind), config)
        assert said.advice, (name, kind)
        assert all(config.flat().get(field) != value for field, value in said.changes.items())
        assert bool(said.command) == bool(said.changes)
        if "r1" in config.penalties:
            assert "Add R1" not in said.advice
        if config.objective == "non-saturating":
            assert "non-saturating loss" not in said.advice


@pytest.mark.parametrize("recipe", ["minimax", "r1", "wgan"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_command_is_one_that_runs(
    recipe: str, kind: tuple[str, str | None], capsys: pytest.CaptureFixture[str]
) -> None:
    said = advised(fault(*kind), config_of(recipe, g_lr=1e-5))
    if not said.command:
        assert kind[0] == "wiring"
        return
    program, *words = shlex.split(said.command)
    assert program == "ganscope"
    assert main([*words, "--dry-run"]) == 0, capsys.readouterr().err
    for field in said.changes:  # written out even where it is the recipe's own value
        assert f"--{field.replace('_', '-')}" in words


def test_where_all_is_in_force_it_is_said_and_something_else_is_tried() -> None:
    said = advised(fault("oscillation", "sustained"), config_of("r1"))
    assert said.advice.startswith(IN_FORCE)
    assert said.changes == {"g_lr": 3e-4, "d_lr": 3e-4}
    assert said.helped is None
    slow = advised(fault("oscillation", "sustained"), config_of("r1", g_lr=1e-5))
    assert slow.changes == {"g_width": 256, "d_width": 256}


@pytest.mark.parametrize("recipe", recipe_names())
def test_healing_does_what_is_advised(recipe: str) -> None:
    for off in ({}, {"g_lr": 1e-5}, {"d_lr": 1e-6}, {"d_lr": 0.5}):
        config = config_of(recipe, **off)
        for name, kind in KINDS:
            said = advised(fault(name, kind), config)
            done = healing.decide(fault(name, kind), 9, config, healings.Record(), [0, 5], lambda c: None)
            if isinstance(done, healings.Healing):
                after = {field: new for field, (_, new) in done.changes.items() if field != "steps"}
                assert {f: v for f, v in after.items() if f not in done.idle} == said.changes
            else:
                assert not said.changes


def test_measured_recoveries_stand_beside_measured_advice_alone() -> None:
    usual = advised(fault("discriminator-too-weak"), config_of("r1", d_lr=1e-6))
    assert usual.helped is not None
    assert usual.likelihood.startswith(f"This helped in {usual.helped[0]} of {usual.helped[1]} ")
    assert advised(fault("discriminator-too-strong"), config_of("r1", g_lr=1e-5)).likelihood == ""


def test_objects_of_ones_own_are_left_alone() -> None:
    config = config_of("minimax", g_lr=1e-3).model_copy(update={"network": "own", "options": {}})
    for name, kind in KINDS:
        said = advised(fault(name, kind), config)
        assert said.advice
        assert said.command == ""  # only Python can hand the networks over
        assert not any(field.startswith(("g_width", "g_depth", "d_width")) for field in said.changes)
    own = config_of("minimax").model_copy(update={"objective": "own"})
    said = advised(fault("discriminator-too-strong"), own)
    assert "objective" not in said.changes
    assert said.advice.startswith(OUT_OF_REACH)


def test_rates_are_not_lowered_below_what_is_usual() -> None:
    config = config_of("r1", g_lr=1e-4, d_lr=1e-4)
    assert advised(fault("discriminator-too-strong"), config).changes == {"d_lr": 3e-5}


def test_every_remedy_is_listed_once() -> None:
    for name, kind in KINDS:
        listed = remedies_of(fault(name, kind), config_of("minimax", g_lr=1e-5))
        assert len(set(map(str, listed))) == len(listed)


def test_a_run_that_is_not_there_yet_gets_a_command() -> None:
    """One that comes nearer goes on from its weights; one that has stopped begins anew."""
    config = resolve("r1", {"data": "ring", "steps": 400})
    nearer = Answer("not there yet", "", Progress("fault", stopped=False, more=1234), advice="Train on.")
    command = advised_answer(nearer, config, Path("runs/a b")).command
    assert command == (
        "ganscope train ring r1 --seed 0 --steps 1300 --from 'runs/a b' --out 'runs/a b-longer'"
    )
    young = nearer._replace(progress=Progress("fault"))
    assert "--steps 400 --from" in advised_answer(young, config, Path("runs/a")).command
    held = Answer("not there yet", "", Progress("fault", stopped=True), nearest="capacity", advice="Wider.")
    wider = advised_answer(held, config, Path("runs/a"))
    assert wider.changes == {"g_width": 2 * config.flat()["g_width"], "d_width": 2 * config.flat()["d_width"]}
    assert "--from" not in wider.command
    slow = resolve("r1", {"data": "ring", "g_lr": 1e-6})
    assert advised_answer(held, slow, Path("runs/a")).changes == {"g_lr": slow.d_lr}
    assert advised_answer(Answer("healthy", "Healthy."), config, Path("a")) == Answer("healthy", "Healthy.")


@pytest.mark.parametrize("kind", REMEDIES)
def test_every_suspect_has_a_remedy_that_a_run_can_take(kind: str) -> None:
    config = resolve("r1", {"data": "ring", "ema": 0.999, "batch_size": 8})
    assert isinstance(change_of(REMEDIES[kind], config), Change)
