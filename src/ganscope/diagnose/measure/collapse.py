"""What the generator leaves out: diversity measured beside what real rows score against real rows."""

from __future__ import annotations

import math
import statistics
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ganscope.diagnose.measure.balance import fresh_auc
from ganscope.metrics.modes import FAIR_SHARE_DIVISOR
from ganscope.metrics.prdc import K, from_distances

SPLITS = 12
"""Random splits of the real rows into "real" and "as if fake" that give the null band."""
WIDEST = 1024
"""Rows of more values are sketched in `SKETCHED`: distances keep within some per cent."""
SKETCHED = 512
MOST_ROWS = 500
FEWEST_ROWS = 40
ROWS_PER_BIN = 20
MOST_BINS = 32
ROUNDING = 1e-3
"""Of the mean distance of real rows: nearer rows are copies whatever real rows do."""
STARVED = 1 / FAIR_SHARE_DIVISOR
"""A bin with less than this share of its fair number of samples is missing, as a mode is."""
CHANCE = 1e-5
"""Chernoff bound on a starved bin being one by luck."""


class Diversity(NamedTuple):
    """Real rows, prepared for being compared with fakes again and again."""

    rows: Tensor
    """float64 `[N, D]`, what fakes are compared with."""
    centroids: Tensor
    shares: Tensor
    """Share of all real rows in each bin."""
    exemplars: list[int]
    """For each bin the row of the real data nearest to its centroid."""
    nulls: dict[str, list[float]]
    """Statistic -> [mean, standard deviation] of real rows in place of fakes."""
    sketch: tuple[Tensor, Tensor] | None
    radii: Tensor
    real_real: Tensor
    duplicate: float


def prepare(real: Tensor, held_out: Tensor | None = None) -> Diversity | None:
    """Prepare real rows.

    Args:
        real: `[N, *shape]`; splits of them give the null bands and the bins.
        held_out: those among them that samples are compared with, as an evaluation compares them: its first
            500; without any, a random half of `real`.

    Returns:
        None below 80 rows: too few to tell.
    """
    if len(real) < 2 * FEWEST_ROWS:
        return None
    rng = torch.Generator().manual_seed(0)
    values = real[0].numel()
    sketch = None
    if values > WIDEST:
        signs = torch.randint(0, 2, (values,), generator=rng).double() * 2 - 1
        sketch = torch.randint(SKETCHED, (values,), generator=rng), signs
    flat = _flat(real, sketch)
    order = torch.randperm(len(flat), generator=rng)[: 2 * MOST_ROWS]
    n = len(order) // 2
    pool = flat[order]
    reference = None if held_out is None or len(held_out) < FEWEST_ROWS else _flat(held_out[:n], sketch)
    n = n if reference is None else len(reference)
    centroids = _k_means(pool, max(2, min(MOST_BINS, len(pool) // (2 * ROWS_PER_BIN))), rng)
    bins = torch.cdist(flat, centroids)
    assigned = bins.argmin(1)
    shares = torch.bincount(assigned, minlength=len(centroids)).double() / len(flat)
    in_bins = torch.cdist(pool, centroids).argmin(1)
    draws: dict[str, list[float]] = {}
    for _ in range(SPLITS):
        split = torch.randperm(len(pool), generator=rng)
        a, b = split[:n], split[n : 2 * n]
        rr, rf, ff = (distances(pool[x], pool[y]) for x, y in ((a, a), (a, b), (b, b)))
        nearest, radii = _neighbours(rr)
        measured: dict[str, Any] = _statistics(
            rr, rf, ff, radii, _duplicate_radius(nearest, float(rr.mean()))
        )
        # a half agrees too well with all rows, which it is part of: the other half is the measure
        counts = torch.bincount(in_bins[a], minlength=len(centroids)).double()
        measured |= _bins(in_bins[b], counts / n)
        for name, value in measured.items():
            if isinstance(value, float) and math.isfinite(value):
                draws.setdefault(name, []).append(value)
    nulls = {
        name: [statistics.fmean(values), statistics.stdev(values)]
        for name, values in draws.items()
        if len(values) == SPLITS
    }
    reference = pool[:n] if reference is None else reference
    real_real = distances(reference, reference)
    nearest, radii = _neighbours(real_real)
    exemplars = bins.argmin(0).tolist()
    return Diversity(
        reference,
        centroids,
        shares,
        exemplars,
        nulls,
        sketch,
        radii,
        real_real,
        _duplicate_radius(nearest, float(real_real.mean())),
    )


def measure(diversity: Diversity, fake: Tensor) -> dict[str, Any]:
    """Compare fakes with the prepared real rows.

    Args:
        diversity: from `prepare`.
        fake: `[M, *shape]`, finite, M at least 40.

    Returns:
        `coverage recall precision density` (k = 5); `duplicates`, the share of fakes with another fake nearer
        than the 1 % quantile of real nearest distances; `distinct`, the share left where such copies are
        counted once; `pairwise`, mean distance between fakes over that of real rows; `energy`, the energy
        distance over the mean real distance; `fresh_auc`; `starved`, the real share of bins with less than a
        fifth of their due; `imbalance`, half the summed difference of the bins' shares; `missing`, the
        starved bins.

    Reference:
        Naeem et al., Reliable Fidelity and Diversity Metrics, 2020; Richardson and Weiss, On GANs and GMMs,
        2018 (bins); Arora et al., Do GANs learn the distribution?, 2018 (duplicates); Székely and Rizzo,
        Energy statistics, 2013.
    """
    flat = _flat(fake[: len(diversity.rows)], diversity.sketch)
    real_fake, fake_fake = distances(diversity.rows, flat), distances(flat, flat)
    values: dict[str, Any] = _statistics(
        diversity.real_real, real_fake, fake_fake, diversity.radii, diversity.duplicate
    )
    values["fresh_auc"] = fresh_auc(diversity.real_real, real_fake, fake_fake)
    assigned = torch.cdist(flat, diversity.centroids).argmin(1)
    return values | _bins(assigned, diversity.shares, name_them=True)


def distances(x: Tensor, y: Tensor) -> Tensor:
    """Euclidean distances `[N, M]` by products of matrices, in float64."""
    return torch.cdist(x, y, compute_mode="use_mm_for_euclid_dist")


def _flat(rows: Tensor, sketch: tuple[Tensor, Tensor] | None) -> Tensor:
    """Rows as a float64 matrix; long ones as count sketches (Charikar, Chen and Farach-Colton, 2002)."""
    flat = rows.detach().flatten(1).double().cpu()
    if sketch is None:
        return flat
    bucket, sign = sketch
    return torch.zeros(len(flat), SKETCHED, dtype=flat.dtype).index_add_(1, bucket, flat * sign)


def _statistics(
    real_real: Tensor, real_fake: Tensor, fake_fake: Tensor, radii: Tensor, duplicate: float
) -> dict[str, float]:
    n, m = real_fake.shape
    nearest, fake_radii = _neighbours(fake_fake)
    shares = from_distances(real_fake.numpy(), radii.numpy(), fake_radii.numpy(), K)
    mean_real = float(real_real.sum()) / (n * (n - 1))
    mean_fake = float(fake_fake.sum()) / (m * (m - 1))
    return {
        "coverage": shares.coverage,
        "recall": shares.recall,
        "precision": shares.precision,
        "density": shares.density,
        "duplicates": float((nearest <= duplicate).double().mean()),
        "distinct": _distinct(fake_fake, duplicate),
        "pairwise": mean_fake / mean_real if mean_real > 0 else math.nan,
        "energy": (2 * float(real_fake.mean()) - mean_real - mean_fake) / mean_real
        if mean_real > 0
        else math.nan,
    }


def _bins(assigned: Tensor, shares: Tensor, name_them: bool = False) -> dict[str, Any]:
    """Count fakes by bin: which are starved, which deviate beyond chance, in real mass."""
    m = len(assigned)
    counts = torch.bincount(assigned, minlength=len(shares)).double()
    due = shares * m
    starved = (counts < STARVED * due) & (
        torch.exp(-due) * (math.e * due / counts.clamp(min=0.5)) ** counts < CHANCE
    )
    values: dict[str, Any] = {
        "starved": float(shares[starved].sum()),
        "imbalance": 0.5 * float((counts / m - shares).abs().sum()),
    }
    if name_them:
        values["missing"] = starved.nonzero().flatten().tolist()
    return values


def _neighbours(distance: Tensor) -> tuple[Tensor, Tensor]:
    """Distances to the nearest and to the k-th nearest other row."""
    apart = distance.clone()
    apart.fill_diagonal_(math.inf)
    nearest = apart.topk(min(K, len(apart) - 1), dim=1, largest=False).values
    return nearest[:, 0], nearest[:, -1]


def _distinct(distance: Tensor, radius: float) -> float:
    """Share of rows that have no earlier row within a radius."""
    near = (distance <= radius).tril(-1)
    return float((~near.any(1)).double().mean())


def _duplicate_radius(nearest: Tensor, scale: float) -> float:
    """1 % of real rows have another one within it; where those are exact copies, rounding is left for.

    Args:
        nearest: distances of real rows to the nearest other one.
        scale: mean distance of real rows.
    """
    return max(float(nearest.quantile(0.01)), ROUNDING * scale)


def _k_means(rows: Tensor, count: int, rng: torch.Generator, turns: int = 10) -> Tensor:
    """Lloyd's algorithm from k-means++ starts (Arthur and Vassilvitskii, 2007).

    Written out, since scikit-learn takes seconds to load, which every process that trains would pay.
    """
    centroids = rows[torch.randint(len(rows), (1,), generator=rng)]
    for _ in range(count - 1):
        far = torch.cdist(rows, centroids).min(1).values.square()
        if float(far.sum()) == 0:
            break
        centroids = torch.cat([centroids, rows[torch.multinomial(far, 1, generator=rng)]])
    for _ in range(turns):
        nearest = torch.cdist(rows, centroids).argmin(1)
        sums = torch.zeros_like(centroids).index_add_(0, nearest, rows)
        counts = torch.bincount(nearest, minlength=len(centroids))
        filled = counts > 0
        centroids = torch.where(filled[:, None], sums / counts.clamp(min=1)[:, None], centroids)
    return centroids
