"""Configurations and recipes: priorities, complaints, and names that agree with the parts they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ganscope.build.intervals import probe_interval
from ganscope.build.settings import choices, load_recipe, recipe_names, resolve
from ganscope.config import RunConfig
from ganscope.config.names import data_names, penalty_names
from ganscope.contracts import BadInput
from ganscope.data import DATASETS
from ganscope.lipschitz import PENALTIES
from ganscope.objectives import OBJECTIVES


def test_names_agree_with_the_dicts() -> None:
    # config knows names without loading torch; here they meet what they name
    assert set(choices("objective")) == set(OBJECTIVES)
    assert set(penalty_names()) == set(PENALTIES)
    assert set(data_names()) == set(DATASETS)


@pytest.mark.parametrize("name", [n for n in recipe_names() if n != "auto"])
def test_every_recipe_is_complete(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe["about"].endswith(".")
    assert any(year in recipe["paper"] for year in map(str, range(2014, 2027)))
    resolved = resolve(name, {})
    assert resolved.recipe == name
    if resolved.objective == "wasserstein":
        assert resolved.penalties or resolved.clip


def test_given_values_override_the_recipe_and_the_recipe_the_defaults() -> None:
    assert RunConfig().n_critic == 1
    assert resolve("wgan-gp", {}).n_critic == 5
    assert resolve("wgan-gp", {"n_critic": 2}).n_critic == 2


def test_a_recipe_has_values_for_single_data_sets(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('objective = "hinge"\nsteps = 7\n[on.ring]\nsteps = 9\nlatent_dim = 2\n')
    found = [resolve(str(path), given) for given in ({}, {"data": "digits"}, {"data": "ring"})]
    assert [(c.objective, c.steps, c.latent_dim) for c in found] == [
        ("hinge", 7, 32), ("hinge", 7, 32), ("hinge", 9, 2),
    ]  # fmt: skip
    assert resolve(str(path), {"data": "ring", "steps": 11}).steps == 11


def test_a_recipe_file_of_the_user(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('objective = "hinge"\npenalty = "r1"\npenalty_weight = 0.5\n')
    resolved = resolve(str(path), {})
    assert (resolved.recipe, resolved.objective, resolved.penalty_weight) == ("mine", "hinge", 0.5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('objective = "hinge"\nstpes = 3\n', ["line 2", "stpes", "'steps'"]),
        ('objective = "hinge"\n\nsteps = -3\n', ["line 3", "-3"]),
        ("objective = hinge\n", ["valid TOML", "line 1"]),
        ('penalty = "r3"\n', ["r3", "r1"]),
        ("steps = 3\n[on.rign]\nsteps = 4\n", ["line 2", "rign", "'ring'"]),
        ("steps = 3\n[on.ring]\nstpes = 4\n", ["line 3", "stpes", "'steps'"]),
        ("on = 3\n", ["line 1", "[on.ring]"]),
    ],
)
def test_a_broken_recipe_names_the_line(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(BadInput) as complaint:
        resolve(str(path), {})
    for word in [*words, "mine.toml"]:
        assert word in str(complaint.value)


def test_intervals_follow_the_length_of_the_run() -> None:
    long = RunConfig(steps=5000)
    assert (long.logging_interval, long.evaluation_interval, long.checkpoint_interval) == (50, 500, 500)
    short = RunConfig(steps=3)
    assert (short.logging_interval, short.evaluation_interval, short.checkpoint_interval) == (1, 1, 1)
    assert RunConfig(steps=5000, log_every=7).logging_interval == 7


@pytest.mark.parametrize(
    ("given", "interval"),
    [
        ({"steps": 100}, 10),
        ({"steps": 1_000}, 40),
        ({"steps": 100_000}, 200),
        ({"steps": 100_000, "d_width": 512}, 150),
        ({"steps": 100_000, "n_critic": 5}, 150),
        ({"steps": 100_000, "network": "dcgan"}, 150),
        ({"steps": 100_000, "diagnose_every": 7}, 7),
    ],
)
def test_probes_are_rare_where_steps_are_cheap(given: dict[str, Any], interval: int) -> None:
    assert probe_interval(RunConfig(**given)) == interval


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        RunConfig().steps = 3
