"""The Dirac-GAN: closed forms against autograd through the library's own losses, and against orbits."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest
import torch
from scipy.special import expit

import ganscope as gs
from ganscope.explain.experiments.dirac_gan import (
    CONSTRAINTS,
    SLOPES,
    Game,
    contraction,
    eigenvalues,
    field,
    jacobian,
    largest_step,
    orbit,
    radius,
)
from ganscope.objectives import OBJECTIVES

WEIGHT = 0.7
KINKED = ("gradient-penalty", "dragan")


def test_every_objective_and_penalty_is_known() -> None:
    assert set(SLOPES) == set(OBJECTIVES)
    assert set(CONSTRAINTS) >= set(gs.lipschitz.PENALTIES)


@pytest.mark.parametrize("objective", SLOPES)
@pytest.mark.parametrize("constraint", [c for c in CONSTRAINTS if c not in KINKED])
def test_closed_form_is_the_jacobian_of_our_losses(objective: str, constraint: str) -> None:
    game = Game(objective, constraint, WEIGHT)
    closed = eigenvalues(game)
    assert closed is not None
    j = jacobian(game)
    # trace and determinant: a double eigenvalue itself is only had to the root of the rounding
    assert float(j.trace()) == pytest.approx(sum(closed).real, abs=1e-9)
    assert float(torch.linalg.det(j)) == pytest.approx((closed[0] * closed[1]).real, abs=1e-9)
    found = sorted(np.linalg.eigvals(j.numpy()), key=lambda v: (v.real, v.imag))
    assert np.allclose(found, sorted(closed, key=lambda v: (v.real, v.imag)), atol=1e-4)


@pytest.mark.parametrize(
    ("game", "expected"),
    [
        (Game("minimax"), (0.5j, -0.5j)),
        (Game("non-saturating"), (0.5j, -0.5j)),
        (Game("relativistic"), (0.5j, -0.5j)),
        (Game("wasserstein"), (1j, -1j)),
        (Game("wasserstein", "clip", 1.0), (1j, -1j)),
        (Game("hinge"), (1j, -1j)),
        (Game("least-squares"), (0, 0)),
        (Game("minimax", "r1", 1.0), (-0.5, -0.5)),  # critical: gamma = 2 f'(0)
        (Game("minimax", "r1", 0.6), (-0.3 + 0.4j, -0.3 - 0.4j)),
        (Game("minimax", "r2", 2.0), (-1 + math.sqrt(0.75), -1 - math.sqrt(0.75))),
        (Game("minimax", "consensus", 1.0), (-0.25 + 0.5j, -0.25 - 0.5j)),
        (Game("minimax", "instance-noise", 1.0), (-0.25 + cmath.sqrt(-0.1875), -0.25 - cmath.sqrt(-0.1875))),
    ],
)  # fmt: skip
def test_the_table_of_the_literature(game: Game, expected: tuple[complex, complex]) -> None:
    """Mescheder et al. 2018, lemmas 2.3, 3.1, 3.2, 4.1: f'(0) = 1/2, f''(0) = -1/4."""
    found = eigenvalues(game)
    assert found is not None
    assert np.allclose(found, expected, atol=1e-15)


def test_two_sided_penalties_have_no_jacobian() -> None:
    for constraint in KINKED:
        assert eigenvalues(Game("wasserstein", constraint, 1.0)) is None
        assert contraction(Game("wasserstein", constraint, 1.0), 0.1) is None
        assert eigenvalues(Game("wasserstein", constraint, 0.0)) == (1j, -1j)


@pytest.mark.parametrize("gamma", [0.1, 0.3, 0.9])
def test_r1_has_its_largest_step(gamma: float) -> None:
    """h < 2 |Re| / |l|^2 = gamma / f'(0)^2 = 4 gamma for the underdamped; each side is played."""
    game = Game("minimax", "r1", gamma)
    values = eigenvalues(game)
    assert values is not None
    limit = largest_step(values)
    assert limit == pytest.approx(4 * gamma)
    small = (1e-3, 1e-3)
    for h, sign in ((0.9 * limit, -1), (1.1 * limit, 1)):
        growth = contraction(game, h)
        assert growth is not None
        assert (growth - 1) * sign > 0
        path = orbit(game, 60, h, start=small)
        assert (radius(path[-1]) - radius(path[0])) * sign > 0


def test_without_damping_no_step_is_small_enough() -> None:
    for name in SLOPES:
        values = eigenvalues(Game(name))
        assert values is not None
        assert largest_step(values) == 0
    for h in (0.01, 0.2, 1.0):
        assert contraction(Game("minimax"), h) == pytest.approx(math.sqrt(1 + h * h / 4), abs=1e-9)


def test_alternating_steps_turn_on_the_unit_circle_up_to_h_4() -> None:
    """Determinant 1: |trace| = |2 - h^2/4| <= 2 until h f'(0) = 2."""
    assert contraction(Game("minimax"), 0.2, "alternating") == 1
    assert contraction(Game("minimax"), 3.9, "alternating") == 1
    beyond = contraction(Game("minimax"), 4.1, "alternating")
    assert beyond is not None
    assert beyond > 1.1


RADII = {
    Game("minimax"): ("2.66", "1.46"),
    Game("non-saturating"): ("0.64", "0.36"),
    Game("wasserstein", "clip", 1.0): ("1.06", "0.95"),
    Game("wasserstein", "gradient-penalty", 0.35): ("1.76", "1.31"),
    Game("minimax", "r1", 0.3): ("5.5e-4", "1.2e-4"),
    Game("minimax", "r1", 1.0): ("8e-13", "3e-10"),
    Game("minimax", "consensus", 1.0): ("2.4e-6", "5.4e-7"),
    Game("minimax", "instance-noise", 0.7): ("3.3e-3", "7.6e-4"),
}
"""300 steps of h = 0.2 from radius 1.414: another implementation, by hand and without autograd, of the
authors' notebook. Its penalty is g/2 (|psi| - 1)^2 with g = 0.7."""


@pytest.mark.parametrize(("game", "expected"), RADII.items())
def test_radii_of_the_notebook(game: Game, expected: tuple[str, str]) -> None:
    for order, text in zip(("simultaneous", "alternating"), expected, strict=True):
        found = radius(orbit(game, 300, order=order)[-1])  # type: ignore[arg-type]
        digits = text.split("e")[0].replace(".", "").lstrip("0")
        last_digit = 10.0 ** (math.floor(math.log10(float(text))) - len(digits) + 1)
        assert found == pytest.approx(float(text), abs=0.51 * last_digit), order


def test_orbits_of_a_damped_game_shrink_at_the_predicted_rate() -> None:
    game = Game("minimax", "r1", 0.3)
    path = orbit(game, 200, start=(1e-3, 0.0))
    rate = contraction(game, 0.2)
    assert rate is not None
    measured = (radius(path[-1]) / radius(path[-101])) ** (1 / 100)
    assert measured == pytest.approx(rate, abs=2e-3)  # a spiral is no circle: the radius wobbles


def test_instance_noise_is_averaged_exactly() -> None:
    """Against a million draws; standard error of the gradient about 5e-4."""
    point = torch.tensor([0.8, -1.3], dtype=torch.float64)
    rng = np.random.default_rng(0)
    real = 0.7 * rng.standard_normal(1_000_000)
    fake = 0.8 + 0.7 * rng.standard_normal(1_000_000)
    by_psi = np.mean(-expit(1.3 * real) * real + expit(-1.3 * fake) * fake)
    by_theta = np.mean(-expit(-1.3 * fake) * -1.3)
    found = field(Game("minimax", "instance-noise", 0.7), point).detach()
    assert found.tolist() == pytest.approx([-by_theta, -by_psi], abs=3e-3)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(gs.BadInput, match="no objective 'minmax'"):
        eigenvalues(Game("minmax"))
    with pytest.raises(gs.BadInput, match="no constraint 'r3'"):
        field(Game("minimax", "r3", 1.0), torch.zeros(2))
