"""Run k of a stack equals the same run alone, whatever the game and whatever the runs have of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from ganscope.build import game
from ganscope.build.settings import choices, resolve
from ganscope.config import RunConfig
from ganscope.config.names import penalty_names
from ganscope.contracts import BadInput
from ganscope.nets import NETS
from ganscope.running.grouping import group
from ganscope.running.machine import Machine, machine
from ganscope.running.memory import bytes_of, cannot_stack
from ganscope.training import Runs
from ganscope.training.loop import advance
from ganscope.training.stacks.differences import program
from tests.games import SMALL, evaluation_of, weights

OBJECTIVES = choices("objective")
CONSTRAINTS = ("none", "clip", *penalty_names())
CUSTOM: list[dict[str, Any]] = [
    {"seed": 0, "g_lr": 1e-3, "d_lr": 2e-3},
    {"seed": 1, "g_lr": 3e-4, "d_lr": 1e-3},
]
"""What each run of a stack has of its own, besides what constrains it."""
NETWORKS: dict[str, dict[str, Any]] = {
    "mlp": {**SMALL, "data": "ring"},
    "dcgan": {
        "data": "digits", "network": "dcgan", "g_width": 2, "d_width": 2, "g_norm": "batch", "latent_dim": 4,
        "batch_size": 4,
    },
}  # fmt: skip


def constrained(constraint: str, strengths: tuple[float, float]) -> list[dict[str, Any]]:
    """A constraint of another strength for each run."""
    if constraint == "none":
        return [{}, {}]
    if constraint == "clip":
        return [{"clip": c / 100} for c in strengths]
    return [{"penalty": constraint, "penalty_weight": weight} for weight in strengths]


def stacked_and_alone(
    folder: Path, configs: list[RunConfig], steps: int, of: tuple[int, ...] = (0, 1)
) -> tuple[Runs, dict[int, Runs]]:
    """A stack, and some of its runs by themselves."""
    on = evaluation_of(configs[0].data)
    stacked = game.build(configs, [folder] * len(configs), on)
    alone = {k: game.build([configs[k]], [folder], on) for k in of}
    for built in (stacked, *alone.values()):
        while built.step < steps:
            advance(built)
            built.step += 1
    return stacked, alone


def assert_equal(stacked: Runs, alone: dict[int, Runs], tolerance: float) -> None:
    for k, single in alone.items():
        for player in ("generator", "discriminator"):
            for a, b in zip(weights(stacked, player, k), weights(single, player), strict=True):
                torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("network", NETWORKS)
def test_every_game_stacks(tmp_path: Path, network: str, constraint: str, objective: str) -> None:
    own = [a | b for a, b in zip(CUSTOM, constrained(constraint, (10.0, 0.5)), strict=True)]
    shared = {**NETWORKS[network], "objective": objective, "precision": "float64", "steps": 8}
    stacked, alone = stacked_and_alone(tmp_path, [resolve(None, {**shared, **mine}) for mine in own], 2, (1,))
    assert stacked.game.stacked
    assert_equal(stacked, alone, 1e-9)


# over many steps, for rounding grows; seeds alone are held to 300 steps in test_step
LONG: list[tuple[str, dict[str, Any]]] = [
    ("clip", {"objective": "wasserstein", "optimizer": "rmsprop", "ema": 0.9}),
    ("gradient-penalty", {"objective": "wasserstein", "penalty_every": 3}),
    ("r1", {"dynamics": "optimistic", "instance_noise": 0.1, "pack": 2}),
    ("r1", {"dynamics": "extra-gradient", "optimizer": "sgd", "beta1": 0.0}),
    ("r1", {"dynamics": "consensus", "consensus_weight": 0.1}),
    ("none", {"d_lipschitz": "spectral"}),
]


@pytest.mark.parametrize(
    ("constraint", "given"),
    LONG,
    ids=[f"{name} {' '.join(map(str, given.values()))}" for name, given in LONG],
)
def test_runs_of_their_own_rates_in_float64(tmp_path: Path, constraint: str, given: dict[str, Any]) -> None:
    own = [a | b for a, b in zip(CUSTOM, constrained(constraint, (5.0, 1.0)), strict=True)]
    shared = {**NETWORKS["mlp"], **given, "precision": "float64", "steps": 60}
    stacked, alone = stacked_and_alone(tmp_path, [resolve(None, {**shared, **mine}) for mine in own], 60)
    assert_equal(stacked, alone, 1e-9)
    if stacked.average is not None:
        for k, single in alone.items():
            assert single.average is not None
            for name, average in single.average.items():
                torch.testing.assert_close(stacked.average[name][k], average, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("network", NETWORKS)
def test_runs_of_their_own_rates_in_float32(tmp_path: Path, network: str) -> None:
    own = [a | b for a, b in zip(CUSTOM, constrained("r1", (5.0, 1.0)), strict=True)]
    configs = [resolve(None, {**NETWORKS[network], "steps": 20, **mine}) for mine in own]
    assert_equal(*stacked_and_alone(tmp_path, configs, 20), 1e-5)


def test_one_run_may_go_without_clipping(tmp_path: Path) -> None:
    shared = {**NETWORKS["mlp"], "precision": "float64", "steps": 20}
    configs = [resolve(None, {**shared, "seed": seed, "clip": clip}) for seed, clip in ((0, 0.0), (1, 0.01))]
    stacked, alone = stacked_and_alone(tmp_path, configs, 20)
    assert_equal(stacked, alone, 1e-9)
    free, clipped = (max(float(w.abs().max()) for w in weights(stacked, "discriminator", k)) for k in (0, 1))
    assert clipped <= 0.01 < free


def test_equal_rates_keep_the_plain_optimiser(tmp_path: Path) -> None:
    # a stack of seeds alone costs what it cost before there were rates of their own
    configs = [resolve("r1", {**NETWORKS["mlp"], "seed": seed}) for seed in (0, 1)]
    built = game.build(configs, [tmp_path] * 2, evaluation_of("ring"))
    for optimizer in (built.game.g_optimizer, built.game.d_optimizer):
        assert not optimizer._optimizer_step_pre_hooks
        assert optimizer.param_groups[0]["initial_lr"] == 1e-3
    assert built.game.terms[0].weight == configs[0].penalty_weight


@pytest.mark.parametrize(
    ("field", "value", "together"),
    [
        ("seed", 3, True),
        ("g_lr", 0.5, True),
        ("d_lr", 0.5, True),
        ("penalty_weight", 7.0, True),
        ("clip", 0.1, True),
        ("recipe", "mine", True),
        ("batch_size", 9, False),
        ("steps", 9, False),
        ("n_critic", 2, False),
        ("beta1", 0.1, False),
        ("objective", "hinge", False),
        ("g_width", 17, False),
        ("data", "grid", False),
    ],
)
def test_what_runs_of_a_stack_may_differ_in(field: str, value: object, together: bool) -> None:
    one = resolve("r1", NETWORKS["mlp"])
    assert (program(one) == program(one.changed(**{field: value}))) is together


GIB = 2**30


def dealt(configs: list[RunConfig], cores: int = 2, memory: int = 16 * GIB, **given: Any) -> list[list[int]]:
    footprint = given.pop("footprint", lambda config: 2**20)
    return [list(stack.members) for stack in group(configs, Machine(cores, memory), footprint, **given)]


def seeds(count: int, **given: Any) -> list[RunConfig]:
    return [resolve("r1", {**SMALL, "data": "ring", "seed": seed, **given}) for seed in range(count)]


def test_every_core_has_a_stack_and_no_more() -> None:
    assert dealt(seeds(8), cores=1) == [list(range(8))]
    assert dealt(seeds(8), cores=2) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert dealt(seeds(5), cores=3) == [[0, 1], [2, 3], [4]]
    assert dealt(seeds(2), cores=16) == [[0], [1]]
    # as many programs as cores: nothing is split
    assert dealt([*seeds(3), *seeds(3, n_critic=2)], cores=2) == [[0, 1, 2], [3, 4, 5]]
    # rates and weights do not keep runs apart, and order does not matter
    mixed = [c for pair in zip(seeds(3), seeds(3, n_critic=2), strict=True) for c in pair]
    assert dealt([*mixed, *seeds(2, g_lr=0.5, penalty_weight=3.0)], cores=1) == [[0, 2, 4, 6, 7], [1, 3, 5]]


def test_no_stack_is_larger_than_pays_or_fits() -> None:
    assert [len(stack) for stack in dealt(seeds(200), cores=1)] == [50] * 4
    assert [len(stack) for stack in dealt(seeds(10), cores=1, most=4)] == [4, 3, 3]
    # 2 GiB for each of two cores, less what a process takes: eight runs of 200 MiB
    sizes = [len(s) for s in dealt(seeds(40), memory=4 * GIB, footprint=lambda config: 200 * 2**20)]
    assert sizes == [8] * 5


def test_a_run_of_half_the_memory_has_it_for_itself() -> None:
    assert dealt(seeds(3), memory=4 * GIB, footprint=lambda config: 3 * GIB) == [[0], [1], [2]]


def test_what_does_not_fit_is_refused_and_what_fits_is_said() -> None:
    with pytest.raises(BadInput, match=r"no run of this size fits.*5\.3 GB.*4\.0 GB may be used"):
        dealt(seeds(1), memory=4 * GIB, footprint=lambda config: 5 * GIB)
    with pytest.raises(BadInput, match=r"40 runs at once do not fit in memory: 8 do, of about 200 MB"):
        dealt(seeds(40), memory=4 * GIB, footprint=lambda config: 200 * 2**20, most=100)


def test_what_cannot_be_stacked_says_why_and_runs_alone() -> None:
    configs = [*seeds(2), *seeds(2, n_critic=2), *seeds(1, n_critic=3)]
    why = "it cannot."
    stacks = group(configs, Machine(1, GIB), lambda c: 1, lambda c: why if c.n_critic > 1 else "")
    assert stacks == [((0, 1), ""), ((2,), why), ((3,), why), ((4,), "")]


def test_a_program_is_tried_before_it_is_stacked(monkeypatch: pytest.MonkeyPatch) -> None:
    data = evaluation_of("ring").data
    told = resolve("ctgan", {"data": "ring"})
    assert cannot_stack(told, data) == "ctgan draws rows and dropout for single runs, so each trains alone."
    config = resolve("r1", {**SMALL, "data": "ring"})
    state = torch.get_rng_state()
    assert cannot_stack(config, data) == ""
    assert torch.equal(state, torch.get_rng_state())

    class Branching(torch.nn.Module):  # a Python branch on a value: what vmap cannot run
        def __init__(self) -> None:
            super().__init__()
            self.linear = torch.nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.linear(x)
            return y if y.sum() > 0 else -y

    pair = NETS["mlp"]._replace(generator=lambda *_: Branching())
    monkeypatch.setitem(NETS, "mlp", pair)
    assert "cannot be stacked: vmap" in cannot_stack(config, data)


def test_the_footprint_counts_weights_layers_and_evaluation() -> None:
    # a perceptron of one layer each, counted by hand
    given = {"g_width": 8, "d_width": 16, "g_depth": 1, "d_depth": 1, "latent_dim": 4, "batch_size": 10}
    config = resolve("r1", {"data": "ring", **given})
    g_weights, d_weights = 4 * 8 + 8 + 8 * 2 + 2, 2 * 16 + 16 + 16 * 1 + 1
    step, evaluation = 10 * ((8 + 8 + 2) + 8 * (16 + 16 + 1)), 2500 * 4 * 16
    assert evaluation > step
    by_hand = 4 * (7 * (g_weights + d_weights) + evaluation)
    data = evaluation_of("ring").data
    assert bytes_of(config, data) == by_hand
    assert bytes_of(config.model_copy(update={"precision": "float64"}), data) == 2 * by_hand
    wide = config.changed(g_width=2**16, g_depth=50)
    assert bytes_of(wide, data) > 2**40  # counted, not built


def test_free_memory_is_what_the_system_says() -> None:
    here = machine()
    assert here.cores >= 1
    assert 0 < here.memory < 2**50
