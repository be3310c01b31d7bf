"""Measuring a trained critic: how steep it is, and what its gap says about the Wasserstein-1 distance."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ganscope.contracts import BadInput
from ganscope.lipschitz.gradient_penalty import input_gradient, slope, squared_slope
from ganscope.lipschitz.operator_norm import slope_bound
from ganscope.transport import exact_w1

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

CHUNK = 512
STARTS = 16
# No seed that data are drawn with: a shuffle by the same stream would be correlated with the values.
SHUFFLE_SEED = 0x67616E73636F7065


class SlopeEstimate(NamedTuple):
    """How steep a critic is: a measurement, a search and a proof, in increasing order."""

    max_slope: float
    """Largest `|grad_x f|` at the points given."""
    searched_slope: float
    """Largest slope found by ascent inside the box around the points; at least `max_slope`."""
    upper_bound: float
    """No slope anywhere exceeds it; inf where no proof is known."""


class WassersteinBounds(NamedTuple):
    """A critic's estimate of the Wasserstein-1 distance beside the truth, in units of the data."""

    gap: float
    """`mean f(real) - mean f(fake)`, what the critic itself reports."""
    certified_lower: float
    """gap / largest pairwise quotient: a lower bound of `exact`, whatever the critic."""
    exact: float
    """Exact Wasserstein-1 distance between the two samples."""
    floor: float
    """The distance between two random halves of the real sample: what "equal" looks like at half its size."""


def estimate(critic: Callable[[Tensor], Tensor], points: Tensor, search_steps: int = 60) -> SlopeEstimate:
    """Measure the slope of a critic at points, search for steeper places around them, and bound it.

    `max_i |grad f(x_i)| <= max over the box of |grad f| <= prod of operator norms`

    The search ascends the slope from the 16 steepest points and from 16 random places in the box (each
    coordinate between its smallest and largest value), with random directions in turn, because the slope of a
    ReLU network is piecewise constant. The critic keeps its mode, buffers and `.grad`; no random number is
    drawn from torch's global streams.

    Args:
        critic: Module or function `[B, *shape] -> [B]`, `[B, 1]` or patches, whose samples do not influence
            one another. For patches the slope is that of their sum.
        points: `[N, *shape]`, floating and finite, N at least 2.
        search_steps: Steps of the search, each a double backward pass on 32 points; 0 for no search.

    Returns:
        `max_slope`, `searched_slope` and `upper_bound`; the bound is inf unless the critic is a sequence of
        linear layers, convolutions and activations.

    Raises:
        BadInput: Fewer than two points, non-finite points or scores, a critic that mixes samples or is
            random.

    Example:
        >>> critic = nn.Linear(2, 1)
        >>> with torch.no_grad():
        ...     _ = critic.weight.copy_(torch.tensor([[3.0, 4.0]]))
        >>> [round(value, 4) for value in estimate(critic, torch.randn(8, 2))]
        [5.0, 5.0, 5.0]

    Scaman and Virmaux, Lipschitz regularity of deep neural networks, NeurIPS 2018 (search and bound).
    """
    _require_points(points, "points")
    points = points.detach()
    with torch.random.fork_rng(devices=_devices(points)):
        function = _still(critic)
        _require_separate(function, points)
        slopes = torch.cat([_slopes(function, chunk)[0] for chunk in _chunks(points)])
        if not bool(slopes.isfinite().all()):
            raise BadInput("the critic's slope is NaN or infinite at some points: its weights have diverged")
        searched = _search(function, points, slopes, search_steps)
    return SlopeEstimate(
        max_slope=float(slopes.max()),
        searched_slope=searched,
        upper_bound=slope_bound(critic, tuple(points.shape[1:])),
    )


def wasserstein_bounds(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> WassersteinBounds:
    """Set a critic's gap beside the exact Wasserstein-1 distance of the same samples, and certify part of it.

    `certified_lower = gap / max_ij |f(a_i) - f(a_j)| / |a_i - a_j|` over the union of both samples: divided
    by its steepest pair the critic is 1-Lipschitz on them, extends to all of space (McShane), and so its gap
    bounds W1 from below (Kantorovich and Rubinstein). Distances are Euclidean over flattened samples.

    Args:
        critic: Module or function `[B, *shape] -> [B]`, `[B, 1]` or patches (averaged per sample), whose
            samples do not influence one another.
        real: `[N, *shape]`, finite, N at least 2. Memory grows with (N + M)^2.
        fake: `[M, *shape]`, finite, M at least 2.

    Returns:
        `gap`, `certified_lower` (negative where the critic ranks the wrong way), `exact` and `floor`.

    Raises:
        BadInput: Fewer than two rows, differing sample shapes, non-finite points or scores, a critic that
            mixes samples or is random.

    Example:
        >>> real = torch.tensor([[0.0], [1.0]])
        >>> wasserstein_bounds(lambda x: -10 * x, real, real + 3)
        WassersteinBounds(gap=30.0, certified_lower=3.0, exact=3.0, floor=1.0)

    Villani, Optimal Transport, 2009, theorem 5.10; Arjovsky, Chintala, Bottou, Wasserstein GAN, ICML 2017.
    """
    _require_points(real, "real")
    _require_points(fake, "fake")
    if real.shape[1:] != fake.shape[1:]:
        raise BadInput(
            f"real samples have shape {tuple(real.shape[1:])} and fake samples {tuple(fake.shape[1:])}: "
            "give both in the same space"
        )
    union = torch.cat([real.detach(), fake.detach().to(real)])
    # Equal rows must have equal scores, or rounding inside the critic would look like an infinite slope.
    table = _table(union)
    _, first, inverse = np.unique(table, axis=0, return_index=True, return_inverse=True)
    rows, place = union[torch.from_numpy(first).to(union.device)], torch.from_numpy(inverse).flatten()
    with torch.random.fork_rng(devices=_devices(union)), torch.no_grad():
        function = _still(critic)
        _require_separate(function, union)
        scores = torch.cat([_scores(function, chunk) for chunk in _chunks(rows)])
    gap = _gap(scores[place[: len(real)]], scores[place[len(real) :]])
    steepest = _steepest_pair(_table(rows), scores.numpy())
    shuffled = table[np.random.default_rng(SHUFFLE_SEED).permutation(len(real))]
    half = len(real) // 2
    return WassersteinBounds(
        gap=gap,
        certified_lower=gap / steepest if steepest > 0 else 0.0,
        exact=exact_w1(table[: len(real)], table[len(real) :]),
        floor=exact_w1(shuffled[:half], shuffled[half : 2 * half]),
    )


def _require_points(points: Tensor, name: str) -> None:
    if points.ndim < 2 or len(points) < 2 or points.numel() == 0:
        raise BadInput(f"{name} has shape {tuple(points.shape)}: give at least two samples, as [N, *shape]")
    if not points.is_floating_point():
        raise BadInput(f"{name} has dtype {points.dtype}, which has no gradient: convert it to float")
    if not bool(points.isfinite().all()):
        raise BadInput(f"{name} holds NaN or infinity: remove those rows")


def _devices(points: Tensor) -> list[int]:
    return [points.get_device()] if points.is_cuda else []


def _still(critic: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Return the critic as a function that forgets: every call starts from the same buffers."""
    if not isinstance(critic, nn.Module):
        return critic

    def call(x: Tensor) -> Tensor:
        buffers = {name: buffer.clone() for name, buffer in critic.named_buffers()}
        result: Tensor = torch.func.functional_call(critic, buffers, (x,))
        return result

    return call


def _chunks(points: Tensor) -> list[Tensor]:
    return [points[start : start + CHUNK] for start in range(0, len(points), CHUNK)]


def _scores(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Scores `[B]` in float64, patches averaged."""
    raw = function(x)
    if raw.ndim == 0 or len(raw) != len(x):
        raise BadInput(
            f"the critic returned shape {tuple(raw.shape)} for {len(x)} samples: it must return one score "
            "(or one map of scores) per sample, [B, ...]"
        )
    scores = raw.detach().to("cpu", torch.float64).reshape(len(x), -1).mean(1)
    if not bool(scores.isfinite().all()):
        raise BadInput("the critic returned NaN or infinity: its weights have diverged")
    return scores


def _require_separate(function: Callable[[Tensor], Tensor], points: Tensor) -> None:
    """Refuse a critic whose score of a sample depends on its batch, its place in it, or chance."""
    points = points[:CHUNK]
    with torch.no_grad():
        scores = _scores(function, points)
        # Other batch sizes round differently, on GPUs to the 10 bits of TF32.
        rounding = 2**-13 if points.is_cuda else torch.finfo(points.dtype).eps
        tolerance = 64 * rounding * float(scores.abs().max()) + 1e-4 * float(scores.max() - scores.min())
        differences = [(_scores(function, points.flip(0)).flip(0) - scores).abs().max()]
        for i in (0, len(points) // 2, len(points) - 1):
            twice = points[i].expand(2, *points.shape[1:])
            differences.append((_scores(function, twice) - scores[i]).abs().max())
    if float(max(differences)) > tolerance:
        raise BadInput(
            "the critic's score of a sample changes with the rest of its batch (BatchNorm, minibatch "
            "statistics) or at random (dropout): remove that layer or call critic.eval() first"
        )


def _slopes(function: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """Slopes `[B]` in float64 and their own gradient in x, zero where there is none."""
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        slopes = slope(squared_slope(input_gradient(function, x)))
        ascent = None
        if slopes.requires_grad:
            (ascent,) = torch.autograd.grad(slopes.sum(), x, allow_unused=True)
    return slopes.detach().double(), torch.zeros_like(x) if ascent is None else ascent.nan_to_num(0, 0, 0)


def _search(function: Callable[[Tensor], Tensor], points: Tensor, slopes: Tensor, steps: int) -> float:
    """Climb the slope inside the points' box, by its gradient and by random steps in turn."""
    rng = torch.Generator().manual_seed(0)

    def draw(kind: Callable[..., Tensor], *shape: int) -> Tensor:
        return kind(*shape, generator=rng, dtype=torch.float64).to(points)

    low, high = points.amin(0), points.amax(0)
    width = high - low
    top = points[slopes.topk(min(STARTS, len(points))).indices]
    x = torch.cat([top, low + width * draw(torch.rand, STARTS, *width.shape)])
    best, ascent = _slopes(function, x)
    per_sample = (len(x), *[1] * width.ndim)
    length = torch.full(per_sample, 0.1, dtype=x.dtype, device=x.device)
    for turn in range(steps):
        # Steps are in units of the box, whatever the units of the coordinates.
        uphill = ascent * width
        uphill_size = slope(squared_slope(uphill)).reshape(per_sample)
        random = draw(torch.randn, *x.shape)
        random = random / slope(squared_slope(random)).reshape(per_sample)
        by_gradient = (uphill_size > 0) & (turn % 2 == 0)
        direction = torch.where(by_gradient, uphill / torch.where(uphill_size > 0, uphill_size, 1), random)
        candidate = (x + length * width * direction).clamp(low, high)
        found, found_ascent = _slopes(function, candidate)
        better = (found > best) & found.isfinite()
        accept = better.reshape(per_sample)
        x, ascent = torch.where(accept, candidate, x), torch.where(accept, found_ascent, ascent)
        best = torch.where(better, found, best)
        # Longer after a success; after many failures start over with long steps.
        length = torch.where(accept, 1.5 * length, 0.7 * length)
        length = torch.where(length < 1e-4, 0.5, length.clamp(max=1.0))
    return max(float(best[best.isfinite()].max()), float(slopes.max()))


def _gap(real_scores: Tensor, fake_scores: Tensor) -> float:
    """Return mean f(real) - mean f(fake) in rational arithmetic: 0 for equal samples in any order."""
    means = [sum(map(Fraction, scores.tolist())) / len(scores) for scores in (real_scores, fake_scores)]
    return float(means[0] - means[1])


def _table(points: Tensor) -> NDArray[np.float64]:
    table: NDArray[np.float64] = points.to("cpu", torch.float64).flatten(1).numpy()
    return table


def _steepest_pair(points: NDArray[np.float64], scores: NDArray[np.float64]) -> float:
    """Return the largest |f(a) - f(b)| / |a - b| over all pairs of distinct rows."""
    from scipy.spatial.distance import cdist

    # Near 1, no square over- or underflows; a power of two keeps every digit.
    scale = 2.0 ** math.frexp(max(float(np.ptp(points, axis=0).max()), np.finfo(float).tiny))[1]
    points = points / scale
    steepest = 0.0
    for start in range(0, len(points), CHUNK):
        rises = np.abs(scores[start : start + CHUNK, None] - scores)
        runs = cdist(points[start : start + CHUNK], points)
        uphill = rises > 0
        if (runs[uphill] == 0).any():
            return math.inf
        steepest = max(steepest, float(np.max(rises[uphill] / runs[uphill], initial=0.0)))
    return steepest / scale
