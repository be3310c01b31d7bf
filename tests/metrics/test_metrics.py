"""What every metric of two sample sets promises, and what other packages say of the same rows."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from torch import Tensor

from ganscope import metrics
from ganscope.contracts import BadInput
from ganscope.metrics import METRICS, PRDC, emd, frechet_distance, kid, prdc, sliced_w1
from tests.metrics import metric_references
from tests.metrics.sample_sets import Metric, normal


def values(answer: float | PRDC) -> list[float]:
    return list(answer) if isinstance(answer, tuple) else [answer]


OF_TWO_SETS: dict[str, Metric] = {
    "emd": emd, "frechet-distance": frechet_distance, "kid": kid, "prdc": prdc, "sliced-w1": sliced_w1,
}  # fmt: skip


@pytest.mark.parametrize("name", OF_TWO_SETS)
def test_every_metric_returns_plain_finite_floats_for_images_of_any_dtype(name: str) -> None:
    real, fake = normal(30, 1, 4, 4, seed=1), normal(25, 1, 4, 4, seed=2) + 0.3
    expected = values(OF_TWO_SETS[name](real, fake))
    assert all(type(value) is float and math.isfinite(value) for value in expected)
    rounded = [images.float() for images in (real, fake)]
    as_double = values(OF_TWO_SETS[name](rounded[0].double(), rounded[1].double()))
    assert values(OF_TWO_SETS[name](rounded[0], rounded[1])) == as_double
    assert values(OF_TWO_SETS[name](real.flatten(1), fake.flatten(1))) == expected
    # Half precision has no NumPy twin.
    assert all(math.isfinite(value) for value in values(OF_TWO_SETS[name](real.bfloat16(), fake.bfloat16())))


@pytest.mark.parametrize("name", OF_TWO_SETS)
def test_every_metric_ignores_the_order_of_rows(name: str) -> None:
    real, fake = normal(40, 3, seed=3), normal(30, 3, seed=4)
    shuffled = OF_TWO_SETS[name](real.flip(0), fake.roll(7, 0))
    assert values(shuffled) == pytest.approx(values(OF_TWO_SETS[name](real, fake)), rel=1e-12)


@pytest.mark.parametrize("name", OF_TWO_SETS)
def test_every_metric_takes_generator_output_and_leaves_it_alone(name: str) -> None:
    real, fake = normal(20, 3, seed=5), normal(20, 3, seed=6).requires_grad_()
    copies = real.clone(), fake.detach().clone()
    OF_TWO_SETS[name](real, fake)
    assert torch.equal(real, copies[0])
    assert torch.equal(fake.detach(), copies[1])
    assert fake.grad is None


@pytest.mark.parametrize("name", OF_TWO_SETS)
def test_every_metric_leaves_every_global_generator_alone(name: str) -> None:
    before = torch.get_rng_state(), np.random.get_state(legacy=False), random.getstate()  # noqa: NPY002
    OF_TWO_SETS[name](normal(30, 3, seed=7), normal(30, 3, seed=8))
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_equal(np.random.get_state(legacy=False), before[1])  # noqa: NPY002
    assert random.getstate() == before[2]


@pytest.mark.parametrize("name", OF_TWO_SETS)
@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (torch.zeros(9, 2), torch.zeros(9, 3), "same space"),
        (torch.zeros(0, 2), torch.zeros(9, 2), "real has shape"),
        (torch.zeros(9, 2), torch.zeros(0, 2), "fake has shape"),
        (torch.zeros(9, 0), torch.zeros(9, 0), "at least"),
        (torch.full((9, 2), math.nan), torch.zeros(9, 2), "real holds NaN"),
        (torch.zeros(9, 2), torch.full((9, 2), math.inf), "fake holds NaN or infinity"),
        (torch.tensor(1.0), torch.zeros(9, 2), "real has shape"),
    ],
)
def test_every_metric_names_wrong_input(name: str, real: Tensor, fake: Tensor, message: str) -> None:
    if name == "emd":  # symmetric, so its sets are x and y
        message = message.replace("real", "x").replace("fake", "y")
    with pytest.raises(BadInput, match=message):
        OF_TWO_SETS[name](real, fake)


@pytest.mark.parametrize("metric", [frechet_distance, kid, prdc])
def test_one_row_has_no_spread(metric: Metric) -> None:
    with pytest.raises(BadInput, match="at least 2"):
        metric(torch.zeros(9, 2), torch.zeros(1, 2))


def test_every_listed_name_exists() -> None:
    assert all(hasattr(metrics, name) for name in metrics.__all__)
    measures = {metric.measure for metric in METRICS.values() if metric.shared is None}
    assert set(OF_TWO_SETS.values()) <= measures | {metric.shared for metric in METRICS.values()}
    assert all(getattr(PRDC, name) for name, metric in METRICS.items() if metric.group == "prdc")


@pytest.mark.parametrize("metric", [emd, frechet_distance, kid, sliced_w1])
def test_distances_grow_with_the_shift(metric: Any) -> None:
    x, y = normal(200, 2, seed=40), normal(200, 2, seed=41)
    answers = [metric(x, y + shift) for shift in (0.0, 0.5, 1.0, 2.0)]
    assert answers == sorted(answers)
    assert answers[0] < 0.5
    assert answers[-1] > 1.0


def test_half_the_spread_and_double_the_spread_move_opposite_numbers() -> None:
    # A pattern, not one number, tells a collapsed generator from a blurred one.
    real, narrow, wide = (
        normal(300, 16, seed=42),
        0.4 * normal(300, 16, seed=43),
        2.0 * normal(300, 16, seed=44),
    )
    assert prdc(real, narrow).precision > 0.95
    assert prdc(real, narrow).recall < 0.05
    assert prdc(real, wide).precision < 0.05
    assert prdc(real, wide).recall > 0.95
    assert cdist(real, narrow).mean() < cdist(real, wide).mean()


@pytest.mark.parametrize("name", metric_references.CASES)
def test_metrics_agree_with_prdc_and_torch_fidelity(name: str) -> None:
    """prdc 0.2 and torch-fidelity 0.4.0, whose answers are stored: see `metric_references.py`."""
    stored = json.loads(metric_references.STORED.read_text())["cases"][name]
    real, fake = metric_references.features(name)
    assert kid(real, fake) == pytest.approx(stored["kid"], rel=1e-9)
    # their root is that of the product's eigenvalues, which are rounded where the covariances are singular
    assert frechet_distance(real, fake) == pytest.approx(stored["frechet"], rel=1e-6)
    for k in metric_references.NEIGHBOURS:
        assert prdc(real, fake, k=k)._asdict() == pytest.approx(stored["prdc"][str(k)], rel=1e-12)
