"""How players move: closed forms on the bilinear game, eigenvalues of the Dirac-GAN, Adam by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from ganscope.contracts import Batch
from ganscope.explain.experiments import update_rules
from ganscope.objectives import OBJECTIVES
from ganscope.training import Game, train_discriminator, train_generator
from ganscope.training.loop import advance
from ganscope.training.moves.consensus import consensus
from ganscope.training.moves.extra_gradient import extra_gradient
from ganscope.training.moves.optimism import PREVIOUS, make_optimistic
from ganscope.training.moves.simultaneous import simultaneous
from ganscope.training.stacks.stacking import plain, stack
from ganscope.training.step import StepInput
from tests.games import runs, weights

H, STEPS = 0.1, 40
STARTS = [complex(1.0, 0.5), complex(-0.3, 2.0)]
ROWS = torch.zeros(3, 1, dtype=torch.float64)
Step = Callable[[Game, StepInput], object]


class Point(nn.Module):
    """The generator of the Dirac-GAN: every latent becomes theta."""

    def __init__(self, theta: float) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.tensor([theta], dtype=torch.float64))

    def forward(self, latent: Tensor) -> Tensor:
        return self.theta.expand(len(latent), 1)


class Slope(nn.Module):
    """Its discriminator: D(x) = psi x."""

    def __init__(self, psi: float) -> None:
        super().__init__()
        self.psi = nn.Parameter(torch.tensor([psi], dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return self.psi * x


def dirac(
    *starts: complex, objective: str = "wasserstein", make: Callable[[list[Tensor]], Any] | None = None
) -> Game:
    """Two players theta + i psi, real data all at 0; several starts make a stack."""
    wrap = stack if len(starts) > 1 else lambda modules: plain(modules[0])
    generator, critic = wrap([Point(z.real) for z in starts]), wrap([Slope(z.imag) for z in starts])
    make = make or (lambda parameters: torch.optim.SGD(parameters, lr=H))
    g_optimizer, d_optimizer = (make(list(network.parameters.values())) for network in (generator, critic))
    rules = OBJECTIVES[objective]
    return Game(generator, critic, rules, g_optimizer, d_optimizer, stacked=len(starts) > 1)


def standing(game: Game) -> list[complex]:
    theta, psi = (next(iter(n.parameters.values())).flatten() for n in (game.generator, game.discriminator))
    return [complex(a, b) for a, b in zip(theta.tolist(), psi.tolist(), strict=True)]


def draw(game: Game) -> StepInput:
    rows = ROWS.expand(len(standing(game)), *ROWS.shape) if game.stacked else ROWS
    return StepInput(Batch(rows), rows)


def in_turn(game: Game, given: StepInput) -> None:
    train_discriminator(game, given.batch, given.latent, given.noise)
    train_generator(game, given.batch, given.latent)


def optimistic_orbit(z: complex, steps: int) -> complex:
    """z' = z - 2ih z + ih z_before, by the roots of r^2 = (1 - 2ih) r + ih."""
    one, other = np.roots([1, -(1 - 2j * H), -1j * H])
    # z_0 = z and z_1 = (1 - 2ih) z
    b = ((1 - 2j * H) - one) / (other - one) * z
    return complex((z - b) * one**steps + b * other**steps)


def alternating_orbit(z: complex, steps: int) -> complex:
    # the discriminator first: psi' = psi - h theta, theta' = theta + h psi'
    one_step = np.array([[1 - H * H, H], [-H, 1.0]])
    theta, psi = np.linalg.matrix_power(one_step, steps) @ [z.real, z.imag]
    return complex(theta, psi)


# theta' = psi and psi' = -theta, that is z' = -i z
ORBITS: dict[str, tuple[Step, Callable[[complex, int], complex]]] = {
    "alternating": (in_turn, alternating_orbit),
    "simultaneous": (simultaneous, lambda z, n: (1 - 1j * H) ** n * z),
    "optimistic": (simultaneous, optimistic_orbit),
    "extra-gradient": (
        lambda game, given: extra_gradient(game, given, given),
        lambda z, n: (1 - 1j * H - H * H) ** n * z,
    ),
    "consensus": (
        lambda game, given: consensus(game, given, 0.7),
        lambda z, n: (1 - 1j * H - 0.7 * H) ** n * z,
    ),
}


@pytest.mark.parametrize("stacked", [False, True], ids=["plain", "stacked"])
@pytest.mark.parametrize("name", ORBITS)
def test_orbits_of_the_bilinear_game(name: str, stacked: bool) -> None:
    step, orbit = ORBITS[name]
    starts = STARTS if stacked else STARTS[:1]
    game = dirac(*starts)
    if name == "optimistic":
        make_optimistic(game.g_optimizer)
        make_optimistic(game.d_optimizer)
    for _ in range(STEPS):
        step(game, draw(game))
    for z, start in zip(standing(game), starts, strict=True):
        assert z == pytest.approx(orbit(start, STEPS), rel=1e-12)
        # which of them lead home
        radius = abs(z) / abs(start)
        assert (radius < 0.95) == (name in ("optimistic", "extra-gradient", "consensus"))
        assert (radius > 1.05) == (name == "simultaneous")


@pytest.mark.parametrize("gamma", [0.5, 1.0, 4.0])
def test_eigenvalues_of_consensus_on_the_dirac_gan(gamma: float) -> None:
    """Mescheder et al. 2018: -gamma f'(0)^2 +- i f'(0), with f'(0) = 1/2 for cross-entropy."""

    def moved(start: complex) -> complex:
        game = dirac(start * 1e-4, objective="minimax")
        consensus(game, draw(game), gamma)
        return (standing(game)[0] - start * 1e-4) / (1e-4 * H)

    along, across = moved(1), moved(1j)
    jacobian = np.array([[along.real, across.real], [along.imag, across.imag]])
    found = np.sort_complex(np.linalg.eigvals(jacobian))
    assert found == pytest.approx([complex(-gamma / 4, -0.5), complex(-gamma / 4, 0.5)], rel=1e-6)


def minimax_field(x: Tensor) -> Tensor:
    """-dL_G/dtheta and -dL_D/dpsi of the minimax Dirac-GAN at x = (theta, psi)."""
    theta, psi = x
    slope = torch.sigmoid(theta * psi)
    return torch.stack([slope * psi, -slope * theta])


@pytest.mark.parametrize("name", ORBITS)
def test_the_trainer_follows_the_rules_of_a_field(name: str) -> None:
    """On the Dirac-GAN, which is not linear: networks, losses and autograd against one line a rule."""
    game = dirac(STARTS[0], objective="minimax")
    if name == "optimistic":
        make_optimistic(game.g_optimizer)
        make_optimistic(game.d_optimizer)
    x = torch.tensor([STARTS[0].real, STARTS[0].imag], dtype=torch.float64)
    before = torch.zeros_like(x)
    for _ in range(STEPS):
        ORBITS[name][0](game, draw(game))
        if name == "optimistic":
            x, before = update_rules.optimistic(minimax_field, x, H, before)
        elif name == "alternating":
            x = update_rules.alternating(minimax_field, x, H, torch.tensor([0.0, 1.0], dtype=torch.float64))
        elif name == "extra-gradient":
            x = update_rules.extra_gradient(minimax_field, x, H)
        else:
            field = update_rules.consensus(minimax_field, 0.7) if name == "consensus" else minimax_field
            x = update_rules.simultaneous(field, x, H)
        assert standing(game)[0] == pytest.approx(complex(*x.tolist()), rel=1e-12)


def adam_by_hand(z: complex, steps: int, kind: str) -> complex:
    """ExtraAdam (Gidel et al. 2019, algorithm 4) and optimistic Adam (Daskalakis et al. 2018), in floats."""
    rate, beta1, beta2, eps = 0.05, 0.5, 0.9, 1e-8
    moments = {"theta": [0.0, 0.0], "psi": [0.0, 0.0]}
    count = 0

    def moves(theta: float, psi: float) -> dict[str, float]:
        nonlocal count
        count += 1
        found = {}
        for name, slope in (("theta", -psi), ("psi", theta)):
            m, v = moments[name]
            m, v = beta1 * m + (1 - beta1) * slope, beta2 * v + (1 - beta2) * slope**2
            moments[name] = [m, v]
            found[name] = -rate * (m / (1 - beta1**count)) / (math.sqrt(v / (1 - beta2**count)) + eps)
        return found

    theta, psi = z.real, z.imag
    before = {"theta": 0.0, "psi": 0.0}
    for _ in range(steps):
        move = moves(theta, psi)
        if kind == "extra-gradient":
            move = moves(theta + move["theta"], psi + move["psi"])
            theta, psi = theta + move["theta"], psi + move["psi"]
        else:
            theta, psi = theta + 2 * move["theta"] - before["theta"], psi + 2 * move["psi"] - before["psi"]
            before = move
    return complex(theta, psi)


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("kind", ["optimistic", "extra-gradient"])
def test_with_adam_against_the_algorithms_by_hand(kind: str, fused: bool) -> None:
    game = dirac(
        *STARTS,
        make=lambda parameters: torch.optim.Adam(parameters, lr=0.05, betas=(0.5, 0.9), fused=fused),
    )
    if kind == "optimistic":
        make_optimistic(game.g_optimizer)
        make_optimistic(game.d_optimizer)
    for _ in range(25):
        ORBITS[kind][0](game, draw(game))
    for z, start in zip(standing(game), STARTS, strict=True):
        assert z == pytest.approx(adam_by_hand(start, 25, kind), rel=1e-10)


def test_optimism_keeps_its_memory_where_checkpoints_look(tmp_path: Path) -> None:
    built = runs(tmp_path, "minimax", dynamics="optimistic")
    advance(built)
    for network, optimizer in (
        (built.game.generator, built.game.g_optimizer),
        (built.game.discriminator, built.game.d_optimizer),
    ):
        for parameter in network.parameters.values():
            assert optimizer.state[parameter][PREVIOUS].shape == parameter.shape


GAMES: list[dict[str, Any]] = [
    {"objective": "minimax"},
    {"objective": "relativistic", "instance_noise": 0.2},
    {"objective": "relativistic-average", "penalty": "r1+r2+gradient-penalty", "penalty_weight": 0.3},
    {"objective": "wasserstein", "penalty": "dragan", "penalty_weight": 0.3, "pack": 2},
]


@pytest.mark.parametrize("given", GAMES, ids=lambda given: " ".join(map(str, given.values())))
def test_the_consensus_term_is_the_gradient_of_the_squared_field(
    tmp_path: Path, given: dict[str, Any]
) -> None:
    """Second source: central differences of |v|^2 / 2 in weights of both players, v without its graph."""
    wanted: dict[str, Any] = {
        "precision": "float64",
        "optimizer": "sgd",
        "beta1": 0.0,
        "g_lr": 1.0,
        "d_lr": 1.0,
        "decay": 0.0,
    }
    built = runs(tmp_path, "minimax", dynamics="consensus", **wanted, **given)
    torch.manual_seed(0)
    # smooth, so that its slope at a fake depends on where the generator puts that fake
    critic = nn.Sequential(nn.Linear(2 * built.game.pack, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    game = built.game._replace(
        discriminator=plain(critic), d_optimizer=torch.optim.SGD(critic.parameters(), lr=1.0)
    )
    rng = torch.Generator().manual_seed(0)
    b = 8 // game.pack
    real = torch.randn(b, 2 * game.pack, generator=rng, dtype=torch.float64)
    batch = Batch(real.reshape(8, 2))  # rows; the step makes packs of them
    latent = torch.randn(8, 4, generator=rng, dtype=torch.float64)
    noise = [
        torch.rand(real.shape if t.penalty.noise_per_element else (b, 1), generator=rng, dtype=torch.float64)
        for t in game.terms
    ]
    blur = (
        0.1 * torch.randn(8, 2, generator=rng, dtype=torch.float64) if built.config.instance_noise else None
    )
    where = StepInput(batch, latent, noise, blur)
    parameters = [*game.discriminator.parameters.values(), *game.generator.parameters.values()]
    start = [parameter.detach().clone() for parameter in parameters]

    def put(values: list[Tensor]) -> None:
        with torch.no_grad():
            for parameter, value in zip(parameters, values, strict=True):
                parameter.copy_(value)

    def field() -> list[Tensor]:
        here = [parameter.detach().clone() for parameter in parameters]
        simultaneous(game, where)
        moved = [parameter.detach() - value for parameter, value in zip(parameters, here, strict=True)]
        put(here)
        return moved

    plain_move = field()
    consensus(game, where, 1.0)
    pull = [
        old + move - new for old, move, new in zip(start, plain_move, parameters, strict=True)
    ]  # gamma grad |v|^2 / 2
    put(start)
    step = 1e-6
    for at, parameter in enumerate(parameters):
        flat = parameter.data.view(-1)
        for j in range(0, flat.numel(), max(1, flat.numel() // 3)):
            halves = []
            for sign in (1, -1):
                flat[j] += sign * step
                halves.append(sum(float(v.square().sum()) for v in field()) / 2)
                flat[j] -= sign * step
            slope = (halves[0] - halves[1]) / (2 * step)
            assert float(pull[at].detach().view(-1)[j]) == pytest.approx(slope, rel=1e-4, abs=1e-7)


def test_both_players_look_before_either_moves(tmp_path: Path) -> None:
    """Each player's new weights are those it would have had moving alone from the start."""
    built = runs(tmp_path, "minimax", dynamics="simultaneous", precision="float64")
    real, latent = (
        Batch(built.held_out[:8]),
        torch.randn(8, 4, generator=torch.Generator().manual_seed(1)).double(),
    )
    alone = {name: runs(tmp_path / name, "minimax", precision="float64") for name in ("d", "g")}
    train_discriminator(alone["d"].game, real, latent, ())
    train_generator(alone["g"].game, real, latent)
    simultaneous(built.game, StepInput(real, latent))
    for player, other in (("discriminator", "d"), ("generator", "g")):
        for ours, theirs in zip(weights(built, player), weights(alone[other], player), strict=True):
            assert_close(ours, theirs, rtol=1e-12, atol=1e-14)


def test_extra_gradient_counts_two_batches_a_step(tmp_path: Path) -> None:
    built = runs(tmp_path, "minimax", dynamics="extra-gradient")
    for _ in range(3):
        advance(built)
        built.step += 1
    assert built.samples_seen == 3 * 2 * 8
    assert {int(state["step"]) for state in built.game.g_optimizer.state.values()} == {6}


def test_clipping_holds_where_the_generator_looks_ahead(tmp_path: Path) -> None:
    built = runs(tmp_path, "wgan", clip=0.02, n_critic=1, dynamics="extra-gradient", d_lr=0.5)
    seen: list[float] = []
    inner = built.game.discriminator.call

    def call(x: Tensor, condition: Tensor | None = None) -> Tensor:
        seen.append(max(float(p.detach().abs().max()) for p in built.game.discriminator.parameters.values()))
        return inner(x, condition)

    built.game = built.game._replace(discriminator=built.game.discriminator._replace(call=call))
    advance(built)
    built.step += 1
    advance(built)
    first, *later = seen
    assert first > 0.02
    assert later[2:] == pytest.approx([0.02] * len(later[2:]))
