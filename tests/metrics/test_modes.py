"""Mode reports on planted samples with known answers."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
import torch
from torch import Tensor

from ganscope.contracts import BadInput, ModeReport
from ganscope.data import DATASETS
from ganscope.metrics import mode_report, reverse_kl_floor
from tests.metrics.planted import GRID, planted


def by_loops(samples: Tensor, centres: Tensor, std: float) -> ModeReport:
    """The definition, one sample at a time."""
    held: Counter[int] = Counter()
    for sample in samples.tolist():
        distances = [math.dist(sample, centre) for centre in centres.tolist()]
        if min(distances) <= 3.0 * std:
            held[distances.index(min(distances))] += 1
    missing = tuple(k for k in range(len(centres)) if held[k] < 0.2 * len(samples) / len(centres) - 1e-9)
    shares = [count / held.total() for count in held.values()]
    reverse_kl = sum(p * math.log(p * len(centres)) for p in shares) if shares else math.inf
    return ModeReport(len(centres) - len(missing), held.total() / len(samples), reverse_kl, missing)


@pytest.mark.parametrize("std", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_agrees_with_loops(std: float, seed: int) -> None:
    samples = 3.0 * torch.randn(300, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    fast, slow = mode_report(samples, GRID, std), by_loops(samples, GRID, std)
    assert fast._replace(reverse_kl=0.0) == slow._replace(reverse_kl=0.0)
    assert fast.reverse_kl == pytest.approx(slow.reverse_kl, rel=1e-12)


def test_all_modes_evenly() -> None:
    assert mode_report(planted([40] * 25), GRID, 0.05) == ModeReport(25, 1.0, 0.0, ())


def test_one_mode_dropped() -> None:
    report = mode_report(planted([40] * 7 + [0] + [40] * 17), GRID, 0.05)
    assert (report.captured, report.missing, report.high_quality) == (24, (7,), 1.0)
    # 24 equal shares against 25.
    assert report.reverse_kl == pytest.approx(math.log(25 / 24), rel=1e-12)


def test_total_collapse_has_the_largest_divergence() -> None:
    report = mode_report(planted([0] * 12 + [500] + [0] * 12), GRID, 0.05)
    assert (report.captured, len(report.missing)) == (1, 24)
    assert report.reverse_kl == pytest.approx(math.log(25), rel=1e-12)


def test_a_mode_at_exactly_a_fifth_of_its_fair_share_is_captured() -> None:
    # 1,000 samples: the fair share is 40, a fifth of it 8.
    report = mode_report(planted([8, 7] + [40] * 22 + [105]), GRID, 0.05)
    assert report.missing == (1,)


@pytest.mark.parametrize("modes", range(2, 60))
def test_a_fifth_is_exact_for_any_number_of_modes(modes: int) -> None:
    # 5 K samples, one at each of K - 1 modes: exactly a fifth; 0.2 * (1 / K) * 5 K may round above 1.
    centres = 10.0 * torch.arange(modes).unsqueeze(1)
    samples = torch.cat([centres[1:], centres[:1].expand(4 * modes + 1, 1)])
    assert mode_report(samples, centres, 1.0).captured == modes


def test_the_share_is_of_all_samples_not_of_the_good_ones() -> None:
    good, blur = planted([4] * 25), torch.full((900, 2), 1.0)
    assert mode_report(good, GRID, 0.05).captured == 25
    report = mode_report(torch.cat([good, blur]), GRID, 0.05)
    assert (report.captured, report.high_quality) == (0, 0.1)
    # The divergence, however, is over the good ones.
    assert report.reverse_kl == 0.0


def test_a_uniform_blob_over_the_grid_captures_nothing() -> None:
    blob = 10.0 * torch.rand(10_000, 2, generator=torch.Generator().manual_seed(3)) - 5.0
    distance, nearest = torch.cdist(blob, GRID).min(dim=1)
    assert (
        len(set(nearest[distance <= 0.15].tolist())) == 25
    )  # every mode, nearly free, if one good sample will do
    report = mode_report(blob, GRID, 0.05)
    assert report.captured == 0
    assert report.high_quality == pytest.approx(25 * math.pi * 0.15**2 / 100, rel=0.2)


@pytest.mark.parametrize("name", ["ring", "grid", "gaussians"])
def test_real_data_holds_every_mode(name: str) -> None:
    data = DATASETS[name]()
    assert data.centres is not None
    assert data.std is not None
    assert isinstance(data.train, Tensor)
    modes, dimension = data.centres.shape
    report = mode_report(data.train, data.centres, data.std)
    assert (report.captured, report.missing) == (modes, ())
    # Within 3 std: erf(3 / sqrt 2) on the line, 1 - exp(-9 / 2) in the plane.
    expected = math.erf(3 / math.sqrt(2)) if dimension == 1 else 1.0 - math.exp(-4.5)
    assert report.high_quality == pytest.approx(expected, abs=0.003)
    # Its mean for a perfect sampler is (K - 1) / 2N.
    assert 0.0 <= report.reverse_kl < 3.0 * (modes - 1) / (2 * len(data.train)) + 1e-4


def test_three_std_inclusive_and_nearest() -> None:
    centres = torch.tensor([[0.0], [4.0]])
    # The balls overlap: 2.5 lies in both and belongs to the nearer centre, 4; 7 is on the edge, 7.5 outside.
    report = mode_report(torch.tensor([[2.5], [7.0], [7.5], [-3.0]]), centres, 1.0)
    assert report.high_quality == 0.75
    assert report.reverse_kl == pytest.approx(
        math.log(2) + (math.log(1 / 3) + 2 * math.log(2 / 3)) / 3, rel=1e-12
    )


def test_no_good_sample_at_all() -> None:
    report = mode_report(torch.full((10, 2), 99.0), GRID, 0.05)
    assert report == ModeReport(0, 0.0, math.inf, tuple(range(25)))


def test_samples_that_are_not_finite_are_near_no_mode() -> None:
    samples = planted([40] * 25)
    samples[0, 0], samples[1, 1] = math.nan, math.inf
    report = mode_report(samples, GRID, 0.05)
    assert (report.captured, report.high_quality) == (25, 0.998)
    assert mode_report(torch.full((10, 2), math.nan), GRID, 0.05).captured == 0


def test_takes_samples_with_a_graph_and_in_any_shape() -> None:
    samples = planted([40] * 25).requires_grad_()
    assert mode_report(samples, GRID, 0.05).captured == 25
    assert mode_report(samples.detach().reshape(-1, 1, 1, 2), GRID, 0.05).captured == 25


@pytest.mark.parametrize(
    ("samples", "centres", "std", "message"),
    [
        (torch.zeros(0, 2), GRID, 0.05, "samples has shape"),
        (torch.zeros(5, 3), GRID, 0.05, "3 numbers per row and a mode centre 2"),
        (torch.zeros(5, 2), GRID[:0], 0.05, "centres has shape"),
        (torch.zeros(5, 2), GRID * math.nan, 0.05, "centres holds NaN"),
        (torch.zeros(5, 2), GRID, 0.0, "std is 0.0"),
        (torch.zeros(5, 2), GRID, -1.0, "std is -1.0"),
        (torch.zeros(5, 2), GRID, math.nan, "std is nan"),
        (torch.zeros(5, 2), GRID, math.inf, "std is inf"),
    ],
)
def test_wrong_input_is_named(samples: Tensor, centres: Tensor, std: float, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        mode_report(samples, centres, std)


@pytest.mark.parametrize(("shares", "samples"), [((0.5, 0.5), 3), ((0.2, 0.3, 0.5), 6), ((0.6, 0.1, 0.3), 4)])
def test_the_floor_of_the_reverse_kl_is_the_mean_over_all_samples(
    shares: tuple[float, ...], samples: int
) -> None:
    # second source: every possible sequence of modes with its probability
    expected = 0.0
    for drawn in itertools.product(range(len(shares)), repeat=samples):
        held = Counter(drawn)
        probability = math.prod(shares[mode] for mode in drawn)
        expected += probability * sum(
            n / samples * math.log(n / samples / shares[mode]) for mode, n in held.items()
        )
    assert reverse_kl_floor(shares, samples) == pytest.approx(expected, rel=1e-12)
    assert reverse_kl_floor([7 * share for share in shares], samples) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("modes", [1, 2, 10, 1000])
def test_the_floor_of_the_reverse_kl_nears_its_expansion(modes: int) -> None:
    samples = 40 * modes
    floor = reverse_kl_floor([1 / modes] * modes, samples)
    assert floor == pytest.approx((modes - 1) / (2 * samples), rel=0.01, abs=1e-12)
    assert floor >= (modes - 1) / (2 * samples) * (1 - 1e-9)


def test_the_floor_of_the_reverse_kl_is_what_a_perfect_sampler_measures() -> None:
    rng = np.random.default_rng(0)
    centres = 100 * np.arange(12.0)[:, None]
    measured = [mode_report(centres[rng.integers(12, size=90)], centres, 1.0).reverse_kl for _ in range(400)]
    error = np.std(measured) / math.sqrt(len(measured))
    assert abs(np.mean(measured) - reverse_kl_floor([1] * 12, 90)) < 4 * error


@pytest.mark.parametrize(("shares", "samples"), [((0.5, 0.5), 0), ((1.0, 0.0), 5), ((1.0, -1.0), 5), ((), 5)])
def test_a_floor_of_nothing_is_refused(shares: tuple[float, ...], samples: int) -> None:
    with pytest.raises(BadInput, match="at least"):
        reverse_kl_floor(shares, samples)
