"""No rule crashes, whatever a probe measured: 0, 1, nothing, NaN, huge and tiny numbers, in any mixture."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
import torch

import ganscope as gs
from ganscope.diagnose.rows import STATISTICS, ProbeRow
from ganscope.diagnose.rules.verdict import CHECKS, judge

ODD = (0.0, 1.0, 0.5, -1.0, 1e-30, 1e30, None, math.nan, math.inf)
NUMBERS = [
    name
    for name, field in ProbeRow.__dataclass_fields__.items()
    if "float" in str(field.type) and "tuple" not in str(field.type) and "Quantiles" not in str(field.type)
]
LAYERS: list[list[tuple[str, float | None]]] = [
    [],
    [("0", 0.0)],
    [("1", 1.0), ("0", 0.0)],
    [("1", 0.0), ("0", 0.0)],
    [("1", None), ("0", 1.0)],
]
QUANTILES = (None, [0.0, 0.0, 0.0], [1.0, None, 2.0], [math.inf, 1.0, 1.0])


def history(seed: int) -> list[dict[str, Any]]:
    """A run in which every number is odd; whole runs hold one number, or each probe its own."""
    rng = random.Random(seed)  # noqa: S311
    constant = {name: rng.choice(ODD) for name in NUMBERS} if rng.random() < 0.5 else None
    nulls = {name: [rng.choice(ODD), rng.choice(ODD)] for name in STATISTICS if rng.random() < 0.8}
    about = {
        "needs_lipschitz": rng.random() < 0.5,
        "constraint": rng.choice(["none", "gradient-penalty", "own", "clipping", "of another version"]),
        "constraint_weight": rng.choice(ODD),
        "nulls": nulls,
        "fresh_error": rng.choice(ODD),
        "every": rng.choice([None, 1, 10]),
        "average": rng.choice(ODD),
        "batch": rng.choice([None, 1, 64]),
    }
    rows: list[dict[str, Any]] = []
    for number in range(rng.choice([1, 2, 7, 40])):
        row: dict[str, Any] = {"step": 10 * number, "wide": number % 5 == 0}
        row |= {name: rng.choice(ODD) if constant is None else constant[name] for name in NUMBERS}
        row |= {name: rng.choice(LAYERS) for name in ("critic_layers", "generator_layers")}
        row |= {f"slope_{where}": rng.choice(QUANTILES) for where in ("real", "fake", "between")}
        rows += [row, *({"step": 10 * number + k, "point": [rng.choice(ODD), 0.0]} for k in range(0, 10, 2))]
    rows[0]["about"] = about
    return rows


@pytest.mark.parametrize("part", range(8))
def test_no_rule_crashes_on_degenerate_statistics(part: int) -> None:
    for seed in range(150 * part, 150 * (part + 1)):
        for once in (False, True):
            said = judge(history(seed), once)
            assert set(said.status) == set(CHECKS), seed
            assert said.answer.sentence, seed
            assert all(v.cause for v in said.verdicts), seed


@pytest.mark.parametrize(
    "real",
    [
        torch.zeros(200, 3),
        torch.ones(90, 1),
        (torch.rand(2000, 3) < 0.5).float(),
        (torch.arange(100) % 2)[:, None].float(),
        torch.cat([torch.zeros(199, 2), torch.full((1, 2), 1e8)]),
        torch.randn(100, 1),
    ],
    ids=["equal rows", "one column of ones", "0/1 columns", "two distinct rows", "an outlier", "one column"],
)
def test_a_watched_pair_on_degenerate_rows_is_judged(real: torch.Tensor) -> None:
    generator, discriminator = torch.nn.Linear(4, real.shape[1]), torch.nn.Linear(real.shape[1], 1)
    torch.nn.init.constant_(generator.bias, 7.0)  # away from all of the rows
    for objective in ("non-saturating", "wasserstein"):
        scope = gs.watch(
            generator, discriminator, objective, real=real, latent=lambda n: torch.randn(n, 4), every=1
        )
        for _ in range(25):
            scope.step(real=real[:16])
        assert set(scope.status()) == set(CHECKS)
        assert not [note for note in scope.notes if "a probe failed" in note]
        assert scope.answer().kind != "healthy"
