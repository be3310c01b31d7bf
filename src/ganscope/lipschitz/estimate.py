"""Measuring a trained critic: how steep it is, and what its gap says about the Wasserstein-1 distance."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ganscope.contracts import BadInput
from ganscope.lipschitz.checked_scores import checked_scores
from ganscope.lipschitz.gradient_penalty import input_gradient, slope, squared_slope
from ganscope.lipschitz.operator_norm import slope_bound
from ganscope.lipschitz.slope_check import refuse_no_slope
from ganscope.transport import exact_w1
from ganscope.words.complaints import refuse_fraction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

CHUNK = 512
STARTS = 16
TIE = 1e-13
"""Quotients closer than this, relatively, count as equal; certificates are good to 1e-12."""
# No seed that data are drawn with: a shuffle by the same stream would be correlated with the values.
SHUFFLE_SEED = 0x67616E73636F7065


class SlopeEstimate(NamedTuple):
    """How steep a critic is: a measurement, a search and a proof, in increasing order; and over pairs."""

    max_slope: float
    """Largest `|grad_x f|` at the points given, and between them and the fakes where there are some."""
    searched_slope: float
    """Largest slope found by ascent inside the box around the points; at least `max_slope`."""
    upper_bound: float
    """No slope anywhere exceeds it; inf where no proof is known."""
    pair_slope: float
    """Largest `|f(a) - f(b)| / |a - b|` over all pairs of these points, which the slope somewhere between the
    two attains; for points closer than the rounding of scores, that rounding."""
    at: Mapping[str, float]
    """Largest slope at "real", at "fake" and at points "between" them; empty where no fakes were given."""


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


def estimate(
    critic: Callable[[Tensor], Tensor], points: Tensor, search_steps: int = 60, fake: Tensor | None = None
) -> SlopeEstimate:
    """Measure the slope of a critic at points, search for steeper places around them, and bound it.

    `max_i |grad f(x_i)| <= max over the box of |grad f| <= prod of operator norms`

    The search ascends the slope from the 16 steepest points and from 16 random places in the box (each
    coordinate between its smallest and largest value), with random directions in turn, because the slope of a
    ReLU network is piecewise constant. The critic keeps its mode, buffers and `.grad`; no random number is
    drawn from torch's global streams.

    Args:
        critic: Module or function `[B, *shape] -> [B]`, `[B, 1]` or patches, whose samples do not influence
            one another. For patches the slope is that of their sum.
        points: `[N, *shape]`, floating and finite, N at least 2. Time grows with N^2.
        search_steps: Steps of the search, each a double backward pass on 32 points; 0 for no search.
        fake: Generated samples `[M, *shape]`, M at least 2, where `points` are real ones: slopes are then
            measured at both and between them, one random point on the line between each two, as a gradient
            penalty sees them.

    Returns:
        `max_slope`, `searched_slope`, `upper_bound`, `pair_slope` and `at`; the bound is inf unless the
        critic is a sequence of linear layers, convolutions and activations.

    Raises:
        BadInput: Fewer than two points, non-finite points or scores, a critic that mixes samples or is
            random.

    Example:
        >>> critic = nn.Linear(2, 1)
        >>> with torch.no_grad():
        ...     _ = critic.weight.copy_(torch.tensor([[3.0, 4.0]]))
        >>> report = estimate(critic, torch.randn(8, 2), fake=torch.randn(8, 2))
        >>> round(report.max_slope, 4), round(report.upper_bound, 4), round(report.at["between"], 4)
        (5.0, 5.0, 5.0)

    Scaman and Virmaux, Lipschitz regularity of deep neural networks, NeurIPS 2018 (search and bound).
    """
    _require_points(points, "points")
    refuse_fraction("search_steps", search_steps)
    points = points.detach()
    kinds = {"points": points}
    if fake is not None:
        _require_points(fake, "fake")
        _require_one_space(points, fake)
        fake = fake.detach().to(points)
        kinds = {"real": points, "fake": fake, "between": _between(points, fake)}
        points = torch.cat([points, fake])
    everywhere = torch.cat(list(kinds.values()))
    refuse_no_slope(critic, points, "an estimate", "remove it, or call critic.eval() first")
    with torch.random.fork_rng(devices=_devices(points)):
        function = _still(critic)
        _require_separate(function, points)
        slopes = torch.cat([_slopes(function, chunk)[0] for chunk in _chunks(everywhere)])
        if not bool(slopes.isfinite().all()):
            raise BadInput("the critic's slope is NaN or infinite at some points: its weights have diverged.")
        searched = _search(function, everywhere, slopes, search_steps)
        with torch.no_grad():
            steepest = _pair_slope(function, points)
    parts = torch.split(slopes, [len(part) for part in kinds.values()])
    largest = [float(part.max()) for part in parts]
    return SlopeEstimate(
        max_slope=max(largest),
        searched_slope=searched,
        upper_bound=slope_bound(critic, tuple(points.shape[1:])),
        pair_slope=steepest,
        at=dict(zip(kinds, largest, strict=True)) if fake is not None else {},
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
    _require_one_space(real, fake)
    union = torch.cat([real.detach(), fake.detach().to(real)])
    # Equal rows must have equal scores, or rounding inside the critic would look like an infinite slope.
    rows, place = _distinct(_table(union))
    with torch.random.fork_rng(devices=_devices(union)), torch.no_grad():
        function = _still(critic)
        _require_separate(function, union)
        chunks = _chunks(union[torch.from_numpy(rows).to(union.device)])
        scores = torch.cat([_scores(function, chunk) for chunk in chunks]).numpy()[place]
    table = _table(union)
    gap, certified = _certificate(table, scores, len(real))
    shuffled = table[np.random.default_rng(SHUFFLE_SEED).permutation(len(real))]
    half = len(real) // 2
    return WassersteinBounds(
        gap=gap,
        certified_lower=certified,
        exact=exact_w1(table[: len(real)], table[len(real) :]),
        floor=exact_w1(shuffled[:half], shuffled[half : 2 * half]),
    )


def certified_lower(
    real: Tensor, fake: Tensor, real_scores: Tensor, fake_scores: Tensor, resolution: float = 0.0
) -> float:
    """Bound the Wasserstein-1 distance of two samples from below by the scores that a critic gave them.

    `gap / max_ij |f(a_i) - f(a_j)| / |a_i - a_j|`, as in `wasserstein_bounds`, for scores that are known
    already: no critic is called and no transport solved. Equal rows count with the score of their first.

    Args:
        real: `[N, *shape]`, N at least 1.
        fake: `[M, *shape]`, M at least 1.
        real_scores: `[N]`.
        fake_scores: `[M]`.
        resolution: pairs nearer than this share of the data's extent (its largest range in one coordinate)
            are left out, for scores whose rounding would look like a steep slope there; 0 leaves out none,
            and only then the bound is a proof.

    Returns:
        A number no larger than the exact distance; NaN where points or scores are not finite.

    Example:
        >>> real = torch.tensor([[0.0], [1.0]])
        >>> certified_lower(real, real + 3, torch.tensor([0.0, -10.0]), torch.tensor([-30.0, -40.0]))
        3.0

    Villani, Optimal Transport, 2009, theorem 5.10.
    """
    table = _table(torch.cat([real.detach(), fake.detach().to(real)]))
    scores = torch.cat([real_scores.detach(), fake_scores.detach().to(real_scores)]).cpu().double().numpy()
    if not (np.isfinite(table).all() and np.isfinite(scores).all()):
        return math.nan
    rows, place = _distinct(table)
    return _certificate(table, scores[rows][place], len(real), resolution)[1]


def _require_points(points: Tensor, name: str) -> None:
    if points.ndim < 2 or len(points) < 2 or points.numel() == 0:
        raise BadInput(f"{name} has shape {tuple(points.shape)}: give at least two samples, as [N, *shape].")
    if not points.is_floating_point():
        raise BadInput(f"{name} has dtype {points.dtype}, which has no gradient: convert it to float.")
    if not bool(points.isfinite().all()):
        raise BadInput(f"{name} holds NaN or infinity: remove those rows.")


def _require_one_space(real: Tensor, fake: Tensor) -> None:
    if real.shape[1:] != fake.shape[1:]:
        raise BadInput(
            f"real samples have shape {tuple(real.shape[1:])} and fake samples {tuple(fake.shape[1:])}: "
            "give both in the same space."
        )


def _between(real: Tensor, fake: Tensor) -> Tensor:
    """A random point on the line between each real sample and a fake one, the same at every call."""
    count = min(len(real), len(fake))
    drawn = torch.rand(count, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(real)
    return torch.lerp(fake[:count], real[:count], drawn.reshape(count, *[1] * (real.ndim - 1)))


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


def _scores(function: Callable[[Tensor], Tensor], x: Tensor, total: bool = False) -> Tensor:
    """Scores `[B]` in float64, patches averaged, or added up where `total`."""
    raw = checked_scores(function(x), len(x))
    patches = raw.detach().to("cpu", torch.float64).reshape(len(x), -1)
    scores = patches.sum(1) if total else patches.mean(1)
    if not bool(scores.isfinite().all()):
        raise BadInput("the critic returned NaN or infinity: its weights have diverged.")
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
            "statistics) or at random (dropout): remove that layer or call critic.eval() first."
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
        tried, tried_ascent = _slopes(function, candidate)
        better = (tried > best) & tried.isfinite()
        accept = better.reshape(per_sample)
        x, ascent = torch.where(accept, candidate, x), torch.where(accept, tried_ascent, ascent)
        best = torch.where(better, tried, best)
        # Longer after a success; after many failures start over with long steps.
        length = torch.where(accept, 1.5 * length, 0.7 * length)
        length = torch.where(length < 1e-4, 0.5, length.clamp(max=1.0))
    return max(float(best[best.isfinite()].max()), float(slopes.max()))


def _pair_slope(function: Callable[[Tensor], Tensor], points: Tensor) -> float:
    """Return the steepest quotient over all pairs of points; patches added up, as for the slope."""
    rows, _ = _distinct(_table(points))
    distinct = points[torch.from_numpy(rows).to(points.device)]
    scores = torch.cat([_scores(function, chunk, total=True) for chunk in _chunks(distinct)])
    return _steepest_pair(_table(distinct), scores.numpy())


def _certificate(
    table: NDArray[np.float64], scores: NDArray[np.float64], real: int, resolution: float = 0.0
) -> tuple[float, float]:
    """Gap between the first `real` rows and the others, and what of it is certified."""
    gap = _mean(scores[:real]) - _mean(scores[real:])
    steepest = _steepest_pair(table, scores, resolution)
    return float(gap), float(gap) / steepest if steepest > 0 else 0.0


def _mean(scores: NDArray[np.float64]) -> Fraction:
    """Mean in rational arithmetic: equal samples have equal means in any order."""
    return sum(map(Fraction, scores.tolist()), Fraction(0)) / len(scores)


def _table(points: Tensor) -> NDArray[np.float64]:
    table: NDArray[np.float64] = points.to("cpu", torch.float64).flatten(1).numpy()
    return table


def _distinct(table: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first row of each kind, and for every row which kind it is."""
    _, first, kinds = np.unique(table, axis=0, return_index=True, return_inverse=True)
    return first, kinds.reshape(-1)


def _steepest_pair(
    points: NDArray[np.float64], scores: NDArray[np.float64], resolution: float = 0.0
) -> float:
    """Return the largest |f(a) - f(b)| / |a - b| over all pairs of rows; equal rows have equal scores.

    Pairs nearer than `resolution` times the extent are left out.

    Distances by a matrix product are fast and inexact: rounded down, they say which pairs may be the
    steepest, and only those are measured.
    """
    extent = float(np.ptp(points, axis=0).max())
    if extent == 0:
        return 0.0
    # Near 1, no square over- or underflows; a power of two keeps every digit.
    scale = 2.0 ** math.frexp(max(extent, np.finfo(float).tiny))[1]
    points = points / scale
    centred = points - points.mean(0)
    squares = np.square(centred).sum(1)
    # Far above the rounding of a product of that many terms.
    slack = 8 * (points.shape[1] + 8) * np.finfo(float).eps * float(squares.max())
    steepest = 0.0
    for start in range(0, len(points), CHUNK):
        block = slice(start, start + CHUNK)
        rises = np.abs(scores[block, None] - scores[start:])
        product = centred[block] @ centred[start:].T
        runs = np.sqrt(np.maximum(squares[block, None] + squares[start:] - 2 * product - slack, 0))
        if resolution > 0:
            rises[runs < resolution * extent / scale] = 0.0
        # One good pair first: it rules out most of the others.
        with np.errstate(over="ignore"):
            best = np.unravel_index(np.argmax(rises / np.maximum(runs, np.finfo(float).tiny)), rises.shape)
        steepest = max(steepest, _quotient(points, scores, np.array([best]) + start))
        if steepest == math.inf:
            return math.inf
        # On a line, or for a linear critic, all pairs may be equally steep: rounding is no reason to look.
        steeper = np.argwhere(rises > steepest * (1 + TIE) * runs)
        steepest = max(steepest, _quotient(points, scores, steeper + start))
    return steepest / scale


def _quotient(points: NDArray[np.float64], scores: NDArray[np.float64], pairs: NDArray[np.intp]) -> float:
    """Return the largest quotient of the pairs `[P, 2]`, inf for different scores of one point."""
    steepest, at_once = 0.0, max(1, 2**22 // points.shape[1])
    for start in range(0, len(pairs), at_once):
        a, b = pairs[start : start + at_once].T
        rises, runs = np.abs(scores[a] - scores[b]), np.sqrt(np.square(points[a] - points[b]).sum(1))
        uphill = rises > 0
        if (runs[uphill] == 0).any():
            return math.inf
        steepest = max(steepest, float(np.max(rises[uphill] / runs[uphill], initial=0.0)))
    return steepest
