"""The Dirac-GAN: real data all at 0, a generator that is one point θ, a discriminator D(x) = ψx.

The smallest game in which everything about convergence can be written down: the field of both players'
negative gradients, its Jacobian at the equilibrium (0, 0), and how far a step may reach.

Mescheder, Geiger, Nowozin, Which training methods for GANs do actually converge?, ICML 2018.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganscope.contracts import BadInput
from ganscope.explain.experiments import update_rules
from ganscope.lipschitz import PENALTIES, penalty
from ganscope.objectives import OBJECTIVES

Order = Literal["simultaneous", "alternating"]
Eigenvalues = tuple[complex, complex]

CONSTRAINTS = ("none", "clip", "instance-noise", "consensus", *PENALTIES)
START = (1.0, -1.0)
"""The authors' (1, 1): their discriminator is positive on fakes."""
NODES = 24
"""Places of Gauss and Hermite's rule, by which instance noise is averaged without drawing any."""


class Slopes(NamedTuple):
    """Derivatives of an objective's losses at scores 0, 0: all that the linear theory knows of it."""

    d_fake: float
    """Of the discriminator's loss by the fake score."""
    g_fake: float
    """Of the generator's loss by the fake score."""
    d_curvature: float
    """Of the discriminator's loss: second derivative by the real score plus that by the fake score."""


E = math.e
SLOPES: dict[str, Slopes] = {
    "minimax": Slopes(1 / 2, -1 / 2, 1 / 2),
    "non-saturating": Slopes(1 / 2, -1 / 2, 1 / 2),
    "wasserstein": Slopes(1, -1, 0),
    "hinge": Slopes(1, -1, 0),
    "least-squares": Slopes(0, -1, 2),
    "relativistic": Slopes(1 / 2, -1 / 2, 1 / 2),
    "relativistic-average": Slopes(1, -1, 1),
    "f-kl": Slopes(1 / E, -1 / E, 1 / E),
    "f-reverse-kl": Slopes(1, -1, 1),
    "f-pearson": Slopes(1, -1, 1 / 2),
    "f-hellinger": Slopes(1, -1, 2),
    "f-js": Slopes(1 / 2, -1 / 2, 1 / 2),
    "f-gan": Slopes(1 / 2, -1 / 2, 1 / 2),
}
"""By hand. Relativistic-average: of one real and one fake sample."""


class Game(NamedTuple):
    """A Dirac-GAN under an objective and a constraint on the discriminator."""

    objective: str
    constraint: str = "none"
    weight: float = 0.0
    """Of the penalty, γ; of clipping the bound; of instance noise its standard deviation."""


def eigenvalues(game: Game) -> Eigenvalues | None:
    """Eigenvalues of the field's Jacobian at (0, 0), in closed form.

    With `d = dL_D/ds_fake`, `g = dL_G/ds_fake` at 0 and the damping `c` of the constraint:
    `λ = -c/2 ± sqrt(c²/4 + g d)`. c is γ for R1 and R2, `(d²L_D/ds_real² + d²L_D/ds_fake²) σ²` for instance
    noise, 0 for none, clipping (the bound is far), a one-sided penalty (the slope is below 1) and WGAN-div.

    Args:
        game: any objective and constraint.

    Returns:
        The one with the larger imaginary (else real) part first; None where the penalty has a kink at ψ = 0:
        the two-sided penalties, whose target slope is 1.

    Raises:
        BadInput: no such objective or constraint.

    Example:
        >>> eigenvalues(Game("minimax"))
        (0.5j, -0.5j)
        >>> eigenvalues(Game("minimax", "r1", 1.0))
        ((-0.5+0j), (-0.5+0j))

    Mescheder, Geiger, Nowozin, ICML 2018, lemmas 2.3, 3.1, 3.2 and 4.1.
    """
    _require(game)
    d, g, curvature = SLOPES[game.objective]
    if game.constraint in ("gradient-penalty", "dragan") and game.weight:
        return None
    if game.constraint == "consensus":
        trace, determinant = -game.weight * (d * d + g * g), game.weight**2 * d * d * g * g - g * d
    else:
        damping = {"r1": game.weight, "r2": game.weight, "instance-noise": curvature * game.weight**2}
        trace, determinant = 0.0 - damping.get(game.constraint, 0.0), -g * d
    root = cmath.sqrt(trace * trace / 4 - determinant)
    return trace / 2 + root, trace / 2 + (0.0 - root)


def field(game: Game, point: Tensor) -> Tensor:
    """Both players' negative gradients, from the library's own losses and penalties by autograd.

    Args:
        game: any; clipping acts after a step and not here.
        point: (θ, ψ), `[2]`.

    Returns:
        (-dL_G/dθ, -dL_D/dψ), `[2]`, differentiable where the point requires a gradient.

    Example:
        >>> field(Game("wasserstein"), torch.tensor([1.0, 0.5])).detach()
        tensor([ 0.5000, -1.0000])
    """
    _require(game)
    graph = point.requires_grad or game.constraint == "consensus"
    point = point if point.requires_grad else point.detach().requires_grad_()
    theta, psi = point
    noise, shares = _noise(game, point.dtype)
    real, fake = noise, theta + noise
    # every pair of places: relativistic losses compare a real with a fake one
    real_scores, fake_scores = (
        (psi * real)[:, None].expand(-1, len(noise)),
        (psi * fake).expand(len(noise), -1),
    )
    weights = shares[:, None] * shares
    d_loss, g_loss = (
        (weights.flatten() * per_pair(loss, real_scores.flatten(), fake_scores.flatten())).sum()
        for loss in (OBJECTIVES[game.objective].d_loss, OBJECTIVES[game.objective].g_loss)
    )
    if game.constraint in PENALTIES and game.weight:
        at = torch.zeros(1, 1, dtype=point.dtype), fake.detach()[:1, None]
        d_loss = d_loss + game.weight * penalty(game.constraint, lambda x: psi * x[:, 0], *at).sum()
    (by_theta,) = torch.autograd.grad(g_loss, theta, create_graph=graph, retain_graph=True)
    (by_psi,) = torch.autograd.grad(d_loss, psi, create_graph=graph)
    v = torch.stack([-by_theta, -by_psi])
    if game.constraint == "consensus" and game.weight:
        (uphill,) = torch.autograd.grad(0.5 * v.square().sum(), point, create_graph=True)
        v = v - game.weight * uphill
    return v


def per_pair(loss: Callable[[Tensor, Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """Call a loss on batches of one sample each: a coupled one must not average over the pairs."""
    return loss(real[:, None], fake[:, None])[:, 0]


def jacobian(game: Game, at: Sequence[float] = (0.0, 0.0)) -> Tensor:
    """Jacobian `[2, 2]` of the field, by autograd in float64.

    Example:
        >>> jacobian(Game("wasserstein", "r1", 0.5))
        tensor([[ 0.0000,  1.0000],
                [-1.0000, -0.5000]], dtype=torch.float64)
    """
    point = torch.tensor(at, dtype=torch.float64)
    derivative: Tensor = torch.autograd.functional.jacobian(lambda x: field(game, x), point)  # type: ignore[no-untyped-call]
    return derivative


def largest_step(values: Eigenvalues) -> float:
    """Return the learning rate below which simultaneous gradient steps converge near the equilibrium.

    `|1 + h λ| < 1` for every λ, that is `h < 2 |Re λ| / |λ|²`.

    Returns:
        0 where an eigenvalue has no negative real part: no step is small enough.

    Example:
        >>> largest_step(eigenvalues(Game("minimax", "r1", 0.3)))
        1.2
    """
    if max(value.real for value in values) >= 0:
        return 0.0
    return min(2 * abs(value.real) / abs(value) ** 2 for value in values)


def contraction(game: Game, h: float, order: Order = "simultaneous") -> float | None:
    """Return the factor by which one step multiplies a small distance in the long run; below 1 it converges.

    The spectral radius of `1 + h J`, or of the discriminator's step followed by the generator's. For
    alternating steps of an undamped game the determinant is 1: up to `h sqrt(-g d) = 2` it neither converges
    nor diverges.

    Example:
        >>> round(contraction(Game("minimax"), 0.2), 6), contraction(Game("minimax"), 0.2, "alternating")
        (1.004988, 1.0)
    """
    if eigenvalues(game) is None:
        return None
    j = jacobian(game).numpy()
    generator, discriminator = np.eye(2), np.eye(2)
    generator[0] += h * j[0]
    discriminator[1] += h * j[1]
    step = np.eye(2) + h * j if order == "simultaneous" else generator @ discriminator
    return round(float(np.abs(np.linalg.eigvals(step)).max()), 12)


def orbit(
    game: Game,
    steps: int,
    h: float = 0.2,
    order: Order = "simultaneous",
    start: Sequence[float] = START,
) -> list[tuple[float, float]]:
    """Play the game with plain gradient steps.

    Args:
        game: any.
        steps: of both players.
        h: learning rate of both.
        order: both from the same point, or the discriminator first.
        start: (θ, ψ).

    Returns:
        `steps + 1` points (θ, ψ).

    Example:
        >>> theta, psi = orbit(Game("wasserstein"), 1)[-1]
        >>> round(theta, 9), round(psi, 9)
        (0.8, -1.2)
    """
    point = torch.tensor(start, dtype=torch.float64)
    path = [(float(point[0]), float(point[1]))]
    discriminator = torch.tensor([0.0, 1.0], dtype=torch.float64)

    def here(x: Tensor) -> Tensor:
        return field(game, x).detach()

    def clipped(x: Tensor) -> Tensor:
        if game.constraint != "clip":
            return x
        return torch.stack([x[0], x[1].clamp(-game.weight, game.weight)])

    for _ in range(steps):
        if order == "simultaneous":
            point = clipped(update_rules.simultaneous(here, point, h))
        else:
            point = update_rules.alternating(here, point, h, discriminator, clipped)
        path.append((float(point[0]), float(point[1])))
    return path


def radius(point: Sequence[float]) -> float:
    """Distance of (θ, ψ) from the equilibrium."""
    return math.hypot(*point)


def _noise(game: Game, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Places and weights of instance noise; without it one place, 0."""
    if game.constraint != "instance-noise" or not game.weight:
        return torch.zeros(1, dtype=dtype), torch.ones(1, dtype=dtype)
    places, weights = np.polynomial.hermite_e.hermegauss(NODES)
    total = weights / weights.sum()
    return torch.tensor(game.weight * places, dtype=dtype), torch.tensor(total, dtype=dtype)


def _require(game: Game) -> None:
    if game.objective not in SLOPES:
        raise BadInput(f"there is no objective {game.objective!r}: give one of {', '.join(SLOPES)}")
    if game.constraint not in CONSTRAINTS:
        raise BadInput(f"there is no constraint {game.constraint!r}: give one of {', '.join(CONSTRAINTS)}")
