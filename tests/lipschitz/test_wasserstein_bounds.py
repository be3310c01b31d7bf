"""What a critic proves of W1: never more than the exact distance, and all of it where it is optimal."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from torch import Tensor, nn

from ganscope.lipschitz import (
    certified_lower,
    wasserstein_bounds,
)
from ganscope.transport import exact_w1
from tests.lipschitz.small_critics import mlp, normal


def test_linear_critic_in_one_dimension_is_certified_in_full() -> None:
    """All mass moves the same way: the steepest pair is every pair and the bound is tight, at any scale."""
    real = normal(40, 1)
    for scale in (1e-3, 1.0, 50.0):
        found = wasserstein_bounds(lambda x, k=scale: -k * x, real, real + 7)  # type: ignore[misc]
        assert found.gap == pytest.approx(7 * scale, rel=1e-12)
        assert found.certified_lower == pytest.approx(7, rel=1e-12)
        assert found.exact == pytest.approx(7, rel=1e-12)
        assert found.certified_lower <= found.exact * (1 + 1e-12)


def test_the_sign_tells_which_way_the_critic_ranks() -> None:
    real, fake = normal(20, 2) + 3, normal(20, 2, seed=1)
    right = wasserstein_bounds(lambda x: x.sum(1), real, fake)
    wrong = wasserstein_bounds(lambda x: -x.sum(1), real, fake)
    assert right.gap == pytest.approx((real.sum(1).mean() - fake.sum(1).mean()).item(), rel=1e-12)
    assert right.gap > 0
    assert wrong.gap == -right.gap
    assert wrong.certified_lower == -right.certified_lower


@pytest.mark.parametrize("seed", range(6))
def test_bounds_by_a_slow_second_source(seed: int) -> None:
    """All pairs in a Python loop, and the assignment problem by scipy."""
    critic = mlp(2, 16, 1, activation=nn.Tanh, seed=seed)
    real, fake = normal(12, 2, seed=seed), normal(12, 2, seed=seed + 100) + 1
    found = wasserstein_bounds(critic, real, fake)
    union = torch.cat([real, fake])
    with torch.no_grad():
        scores = critic(union)[:, 0].tolist()
    steepest = 0.0
    for a in range(24):
        for b in range(a):
            run = math.dist(union[a].tolist(), union[b].tolist())
            steepest = max(steepest, abs(scores[a] - scores[b]) / run)
    gap = sum(scores[:12]) / 12 - sum(scores[12:]) / 12
    cost = cdist(real.numpy(), fake.numpy())
    rows, columns = linear_sum_assignment(cost)
    assert found.gap == pytest.approx(gap, rel=1e-10)
    assert found.certified_lower == pytest.approx(gap / steepest, rel=1e-10)
    assert found.exact == pytest.approx(cost[rows, columns].mean(), rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_certified_lower_never_exceeds_exact(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m, d = rng.integers(2, 30), rng.integers(2, 30), rng.integers(1, 6)
    dtype = [torch.float32, torch.float64][seed % 2]
    scale = 10.0 ** [0, -200, 200][seed % 3] if dtype == torch.float64 else 1.0
    real, fake = (normal(int(k), int(d), seed=seed + i).to(dtype) * scale for i, k in enumerate((n, m)))
    fake[0] = real[0]  # a shared row
    w = normal(int(d), seed=seed).to(dtype)

    def steep(x: Tensor) -> Tensor:
        return (x / scale) @ w

    for critic in (mlp(int(d), 8, 1, seed=seed).to(dtype), steep, lambda x: 1e6 + (x / scale).norm(dim=1)):
        found = wasserstein_bounds(critic, real, fake)
        assert abs(found.certified_lower) <= found.exact * (1 + 1e-12)
        assert all(math.isfinite(value) for value in found)


@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    dims=st.integers(1, 8),
    spread=st.sampled_from([1.0, 1e-3, 1e-9, 0.0]),
    far=st.sampled_from([0.0, 1.0, 1e6]),
    kind=st.sampled_from(["perceptron", "wild", "rounded"]),
)
@settings(max_examples=150, deadline=None)
def test_certified_lower_is_that_of_all_pairs_and_never_exceeds_exact(
    seed: int, rows: tuple[int, int], dims: int, spread: float, far: float, kind: str
) -> None:
    """Random critics and samples, collapsed, repeated and far from 0 ones among them."""
    rng = torch.Generator().manual_seed(seed)

    def cloud(n: int) -> Tensor:
        return far + spread * torch.randn(n, dims, generator=rng, dtype=torch.float64)

    real, fake = cloud(rows[0]), cloud(rows[1])
    fake[0] = real[0]
    union = torch.cat([real, fake])
    w = torch.randn(dims, 4, generator=rng, dtype=torch.float64) * 10.0 ** float(seed % 7 - 3)
    if kind == "perceptron":
        scores = (union @ w).tanh().sum(1)
    elif kind == "rounded":
        scores = (union.float() @ w.float()).sum(1).double()
    else:  # scores that have nothing to do with the place: as steep as it gets
        scores = torch.randn(len(union), generator=rng, dtype=torch.float64)
    found = certified_lower(real, fake, scores[: len(real)], scores[len(real) :])
    exact = exact_w1(real.numpy(), fake.numpy())
    assert found <= exact * (1 + 1e-12)
    # the slow second source: every pair by its own distance, equal rows with one score
    _, first, kinds = np.unique(union.numpy(), axis=0, return_index=True, return_inverse=True)
    own = scores.numpy()[first][kinds.reshape(-1)]
    runs = cdist(union.numpy(), union.numpy())
    rises = np.abs(own[:, None] - own)
    steepest = max((rise / run for rise, run in zip(rises.flat, runs.flat, strict=True) if rise), default=0.0)
    gap = math.fsum(own[: len(real)]) / len(real) - math.fsum(own[len(real) :]) / len(fake)
    rounding = 1e-15 * float(np.abs(own).max())  # of the two means, which ours does not have
    expected = gap / steepest if steepest else 0.0
    assert found == pytest.approx(expected, rel=1e-9, abs=rounding / steepest if steepest else 0.0)


def test_certified_lower_of_known_scores_is_that_of_the_critic() -> None:
    critic = mlp(3, 16, 1, seed=1)
    real, fake = normal(700, 3), normal(600, 3, seed=1) + 0.5  # more than one block of pairs
    with torch.no_grad():
        known = certified_lower(real, fake, critic(real)[:, 0], critic(fake)[:, 0])
    assert known == pytest.approx(wasserstein_bounds(critic, real, fake).certified_lower, rel=1e-9)
    assert math.isnan(certified_lower(real * math.nan, fake, real[:, 0], fake[:, 0]))
    assert math.isnan(certified_lower(real, fake, real[:, 0], fake[:, 0] * math.inf))


def test_pairs_below_the_resolution_prove_nothing() -> None:
    real = normal(200, 2)
    fake = real + torch.tensor([3.0, 0.0], dtype=real.dtype)
    scores = -7 * torch.cat([real, fake])[:, 0]
    fake[1] = fake[0] + 1e-9  # as near as rows of a collapsed generator
    scores[201] = scores[200] + 1e-6  # rounded as scores in float32 are
    plain, coarse = (certified_lower(real, fake, scores[:200], scores[200:], r) for r in (0.0, 1e-6))
    assert plain < 0.1
    assert coarse == pytest.approx(3.0, rel=0.02)
    assert certified_lower(real, real + 3, *2 * (torch.zeros(200),), resolution=1e-6) == 0.0


def test_bounds_in_other_units() -> None:
    """Distances whose squares over- or underflow: the certificate scales with the data."""
    real, fake = normal(9, 2), normal(9, 2, seed=1) + 1
    plain = wasserstein_bounds(lambda x: x.sum(1), real, fake)
    for unit in (2.0**700, 2.0**-700):
        scaled = wasserstein_bounds(lambda x, u=unit: (x / u).sum(1), unit * real, unit * fake)  # type: ignore[misc]
        assert scaled.gap == plain.gap
        assert scaled.certified_lower / unit == plain.certified_lower
        assert scaled.exact / unit == pytest.approx(plain.exact, rel=1e-12)


def test_bound_is_tight_for_the_dual_optimal_critic() -> None:
    """The critic that solves the dual problem is certified up to the exact distance."""
    real, fake = normal(15, 2), normal(15, 2, seed=1) + torch.tensor([8.0, 0.0], dtype=torch.float64)
    cost = cdist(real.numpy(), fake.numpy())
    from scipy.optimize import linprog

    union = torch.cat([real, fake]).numpy()
    pairs = [(i, j) for i in range(30) for j in range(30) if i != j]
    rises = np.zeros((len(pairs), 30))
    for row, (i, j) in enumerate(pairs):
        rises[row, i], rises[row, j] = 1, -1
    runs = cdist(union, union)[tuple(np.array(pairs).T)]
    dual = linprog(-np.repeat([1 / 15, -1 / 15], 15), A_ub=rises, b_ub=runs, bounds=(None, None))
    values = torch.from_numpy(dual.x)

    def critic(x: Tensor) -> Tensor:
        return values[torch.cdist(x, torch.from_numpy(union)).argmin(1)]

    rows, columns = linear_sum_assignment(cost)
    found = wasserstein_bounds(critic, real, fake)
    assert found.exact == pytest.approx(cost[rows, columns].mean(), rel=1e-12)
    assert found.certified_lower == pytest.approx(found.exact, rel=1e-7)
    assert found.certified_lower <= found.exact * (1 + 1e-12)


def test_equal_samples_have_gap_zero_in_any_order() -> None:
    real = normal(33, 3)
    order = torch.randperm(33, generator=torch.Generator().manual_seed(0))
    for fake in (real[order], real.repeat(3, 1)):
        found = wasserstein_bounds(mlp(3, 8, 1), real, fake)
        assert found.gap == 0.0
        assert found.certified_lower == 0.0
        assert found.exact == pytest.approx(0, abs=1e-15)


def test_floor_is_the_distance_of_two_halves() -> None:
    # sorted rows: first half against second half would be 1, two random halves are not
    real = torch.arange(200, dtype=torch.float64)[:, None] / 100
    found = wasserstein_bounds(lambda x: x, real, real + 5)
    assert 0 < found.floor < 0.3
    # it shrinks with n and is about n^-1/2 on the line
    floors = [wasserstein_bounds(lambda x: x, normal(n, 1), normal(n, 1, seed=1)).floor for n in (50, 5000)]
    assert floors[1] < floors[0] / 3
    # odd numbers of rows and the smallest sample of all
    assert wasserstein_bounds(lambda x: x, real[:3], real[:2]).floor in (0.01, 0.02)
    assert wasserstein_bounds(lambda x: x, real[:2], real[:2]).floor == pytest.approx(0.01)


def test_a_constant_critic_certifies_nothing() -> None:
    found = wasserstein_bounds(lambda x: torch.ones(len(x)), normal(5, 2), normal(5, 2, seed=1))
    assert found.gap == 0.0
    assert found.certified_lower == 0.0
    assert found.exact > 0


def test_patches_are_averaged_per_sample() -> None:
    real, fake = normal(6, 1, 4, 4) + 1, normal(6, 1, 4, 4, seed=1)
    patches = wasserstein_bounds(lambda x: x, real, fake)
    assert patches.gap == pytest.approx((real.mean() - fake.mean()).item(), rel=1e-12)
