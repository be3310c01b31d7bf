"""Planted failures and their healthy twins: what is built wrong on purpose is named, what is right is not.

Most are constructed, not trained, so that the truth is exact and no threshold depends on a seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

import ganscope as gs
from ganscope.diagnose.measure import wiring
from ganscope.diagnose.rules import sample_rules
from ganscope.diagnose.rules.verdict import RULES, judge
from ganscope.diagnose.watch import Scope
from ganscope.objectives import OBJECTIVES

EVERY = 2
STEPS = EVERY * 5 * 4
"""Four probes that compare sample sets: what persists over three of them is told."""


def normal(n: int, d: int = 2, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


REAL = normal(1000)


class Sampler(nn.Module):
    """A generator that plays back rows: what it leaves out is known exactly."""

    def __init__(self, rows: Tensor) -> None:
        super().__init__()
        self.rows, self.shift = rows, nn.Parameter(torch.zeros(rows.shape[1:]))

    def forward(self, place: Tensor) -> Tensor:
        return self.rows[place] + self.shift


class Score(nn.Module):
    """A discriminator given by its weights."""

    def __init__(self, *weights: float, bias: float = 0.0) -> None:
        super().__init__()
        self.inner = nn.Linear(len(weights), 1)
        with torch.no_grad():
            self.inner.weight.copy_(torch.tensor([weights]))
            self.inner.bias.fill_(bias)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.inner(x)
        return result


class Memory(nn.Module):
    """A discriminator that knows some rows by heart."""

    def __init__(self, rows: Tensor) -> None:
        super().__init__()
        self.rows, self.scale = rows, nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return -self.scale * (x[:, None] - self.rows).square().sum(2).min(1).values


def deep(
    inputs: int, outputs: int, activation: Callable[[], nn.Module], depth: int = 8, shift: float = 0.0
) -> nn.Module:
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Linear(inputs, 32), activation()]
        inputs = 32
        if isinstance(layers[-1], nn.LeakyReLU):
            nn.init.kaiming_normal_(layers[-2].weight, a=0.2)  # type: ignore[arg-type]
    last = nn.Linear(inputs, outputs)
    with torch.no_grad():
        last.bias.add_(shift)
    return nn.Sequential(*layers, last)


def observed(
    rows: Tensor | nn.Module, discriminator: nn.Module, real: Tensor = REAL, steps: int = STEPS, **given: Any
) -> Scope:
    """Watch two networks that stand still."""
    sampler = Sampler(rows) if isinstance(rows, Tensor) else rows
    latent = (
        (lambda n: torch.arange(n) % len(rows)) if isinstance(rows, Tensor) else (lambda n: normal(n, 4, 9))
    )
    scope = gs.watch(sampler, discriminator, real=real, latent=latent, every=EVERY, **given)
    for _ in range(steps):
        scope.step()
    assert scope.notes == []
    return scope


def names(scope: Scope) -> list[str]:
    return [v.label for v in scope.verdicts()]


FAR = normal(500, 2, 1) + torch.tensor([10.0, 0.0])
LEAKY = lambda: nn.LeakyReLU(0.2)  # noqa: E731

PLANTED: dict[str, tuple[Callable[[], Scope], list[str], Callable[[], Scope], list[str]]] = {
    "a saturated sigmoid": (
        lambda: observed(FAR, Score(-4, 0, bias=20), objective="minimax"),
        ["discriminator-too-strong", "vanishing-gradient (loss)"],
        lambda: observed(FAR, Score(-4, 0, bias=20), objective="non-saturating"),
        [],
    ),
    "a critic of eight sigmoids": (
        lambda: observed(FAR, deep(2, 1, nn.Sigmoid)),
        ["vanishing-gradient (critic)"],
        lambda: observed(FAR, nn.Sequential(Score(-1, 0), deep(1, 1, LEAKY))),
        [],
    ),
    "a generator of five sigmoids": (
        lambda: observed(deep(4, 2, nn.Sigmoid, 5, 10.0), Score(-0.3, 0.0), objective="hinge"),
        ["vanishing-gradient (generator)"],
        lambda: observed(deep(4, 2, LEAKY, 5, 10.0), Score(-0.3, 0.0), objective="hinge"),
        [],
    ),
    "a discriminator that looks the wrong way": (
        lambda: observed(FAR, Score(0, 1)),
        ["discriminator-too-weak"],
        lambda: observed(FAR, Score(-0.3, 0)),
        [],
    ),
    "a slope of 100": (
        lambda: observed(FAR, Score(-100, 0), objective="wasserstein", constraint="gradient-penalty",
                         constraint_weight=10.0),
        ["lipschitz-violation"],
        lambda: observed(FAR, Score(-1.2, 0), objective="wasserstein", constraint="gradient-penalty",
                         constraint_weight=10.0),
        [],
    ),
    "a slope that lambda 0.1 allows": (
        lambda: observed(FAR, Score(-50, 0), objective="wasserstein", constraint="gradient-penalty",
                         constraint_weight=10.0),
        ["lipschitz-violation"],
        lambda: observed(FAR, Score(-50, 0), objective="wasserstein", constraint="gradient-penalty",
                         constraint_weight=0.1),
        [],
    ),
    "a critic across the distance": (
        lambda: observed(FAR, Score(0, 0.001), objective="wasserstein", constraint="clipping"),
        ["critic-underfit"],
        lambda: observed(FAR, Score(-0.001, 0), objective="wasserstein", constraint="clipping"),
        [],
    ),
    "training rows known by heart": (
        lambda: observed(normal(500, 2, 1), Memory(normal(300, 2, 2)), train=normal(300, 2, 2)),
        ["discriminator-overfit"],
        lambda: observed(normal(500, 2, 1), Score(0.1, 0.1), train=normal(300, 2, 2)),
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_failure_is_named_and_its_twin_is_not(name: str) -> None:
    failure, expected, twin, healthy = PLANTED[name]
    assert [label for label in names(failure()) if not label.startswith("mode-collapse")] == expected
    assert [label for label in names(twin()) if not label.startswith("mode-collapse")] == healthy


def grid(n: int, seed: int, weights: Tensor | None = None, std: float = 0.05) -> Tensor:
    """Rows of a 5 x 5 mixture, each mode with its exact share."""
    centres = torch.cartesian_prod(*[torch.arange(-2.0, 3.0)] * 2)
    weights = torch.ones(25) if weights is None else weights
    counts = (n * weights / weights.sum()).round().long()
    return centres.repeat_interleave(counts, 0) + std * normal(int(counts.sum()), 2, seed)


GRID = grid(1000, 0)
DROPPED = torch.ones(25).index_fill(0, torch.tensor([0, 6, 12, 18, 24]), 0.0)
ONE_HALF = torch.ones(25).index_fill(0, torch.tensor([7]), 24.0)


def mixture(n: int, seed: int, std: float = 0.3) -> Tensor:
    centres = normal(10, 64, 77)
    return centres.repeat(n // 10, 1) + std * normal(n // 10 * 10, 64, seed)


@pytest.mark.parametrize(
    ("fake", "real", "pattern"),
    [
        (grid(500, 1), GRID, "fine"),
        (mixture(500, 1), mixture(1000, 0), "fine"),
        (grid(500, 1, DROPPED), GRID, "dropped-modes"),
        (mixture(500, 1)[torch.arange(500) % 10 != 3], mixture(1000, 0), "dropped-modes"),
        (grid(500, 1, ONE_HALF), GRID, "imbalance"),
        (mixture(500, 1, 0.15), mixture(1000, 0), "within-mode"),
        (grid(50, 1).repeat(10, 1) + 1e-5 * normal(500, 2, 3), GRID, "within-mode"),
        (GRID[:1] + 0.05 * normal(500, 2, 1), GRID, "total"),
        (mixture(500, 1, 0.45), mixture(1000, 0), "unknown"),  # blurred: diverse, and off every mode
        (grid(500, 1, std=0.15), GRID, "unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_collapse_is_told_from_blur(fake: Tensor, real: Tensor, pattern: str) -> None:
    fake = fake[torch.randperm(len(fake), generator=torch.Generator().manual_seed(0))]
    scope = observed(fake, Score(*[0.01] * fake.shape[1]), real=real, objective="hinge")
    found = [v.pattern for v in scope.verdicts() if v.name == "mode-collapse"]
    assert (found or [scope.status()["mode-collapse"]]) == [pattern]


def test_a_finished_run_with_small_gradients_is_fine() -> None:
    """At equilibrium every factor of the critic may be 0: nothing is left to learn."""
    scope = observed(normal(500, 2, 1), Score(1e-9, 1e-9), objective="minimax")
    assert scope.verdicts() == []
    for name in ("vanishing-gradient", "discriminator-too-weak", "mode-collapse"):
        assert scope.status()[name] == "fine"


def swinging(shift: Callable[[int], float]) -> Scope:
    generator = Sampler(normal(500, 2, 1))
    scope = gs.watch(generator, Score(0.1, 0.1), real=REAL, latent=torch.arange, every=100)
    for step in range(1600):
        with torch.no_grad():
            generator.shift.fill_(shift(step))
        scope.step()
    return scope


def test_a_swing_is_told_from_a_drift() -> None:
    (found,) = [v for v in swinging(lambda t: 0.6 * math.sin(t / 10)).verdicts() if v.name == "oscillation"]
    assert found.pattern == "sustained"
    assert found.evidence["period"] == pytest.approx(20 * math.pi, rel=0.1)
    assert found.evidence["amplitude"] == pytest.approx(0.6, rel=0.1)
    still = swinging(lambda t: 2 * math.exp(-t / 400))
    assert still.status()["oscillation"] == "fine"


def noise(kind: str, rng: np.random.Generator, looks: int) -> Any:
    drawn = rng.normal(size=(looks, 2))
    if kind == "walk":
        return np.cumsum(drawn, 0)
    smooth = float(kind)
    for i in range(1, looks):
        drawn[i] += smooth * drawn[i - 1]
    return drawn


@pytest.mark.parametrize("kind", ["walk", "0", "0.5", "0.8", "0.9", "0.95", "0.98"])
def test_noise_does_not_swing(kind: str) -> None:
    """A random walk and AR(1) noise of every colour: 2 alarms in 10,500 such draws at 150 to 600 looks."""
    rng = np.random.default_rng(0)
    found = [sample_rules._sustained(noise(kind, rng, 300), 10) for _ in range(60)]
    assert sum(f is not None for f in found) <= 1


def test_a_swing_whose_period_drifts_is_found() -> None:
    """Within an octave, in bursts, no lag repeats: as Adam plays a game of two small networks."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        pace, size = (np.exp(s * np.sin(np.cumsum(rng.normal(size=400) * 0.05))) for s in (0.3, 0.6))
        angle = np.cumsum(2 * np.pi / 9 * pace)
        points = 0.5 * size[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
        found = sample_rules._sustained(points + 0.05 * rng.normal(size=(400, 2)), 10)
        assert found is not None
        weight = size**2  # a spectrum counts the loud parts
        assert found.period == pytest.approx(90 * weight.sum() / (weight * pace).sum(), rel=0.1)


def test_nan_is_told_at_once_with_the_array_it_is_in() -> None:
    generator = Sampler(normal(500, 2, 1))
    scope = gs.watch(generator, Score(0.1, 0.1), real=REAL, latent=torch.arange, every=2)
    with torch.no_grad():
        generator.shift.fill_(math.nan)
    for _ in range(2):
        scope.step()
    (found,) = scope.verdicts()
    assert (found.name, found.factor, found.severity, found.since_step) == (
        "diverged",
        "generator",
        "severe",
        2,
    )
    assert "shift" in found.cause


def test_who_runs_away_unseen_has_not_diverged() -> None:
    """A discriminator that looks the other way is at fault, which takes longer to tell than the distance."""
    away = normal(500, 2, 1) + torch.tensor([100.0, 0.0])
    assert observed(away, Score(-1, 0), steps=5 * EVERY).status()["diverged"] == "fault"
    assert observed(away, Score(0, 1), steps=5 * EVERY).status()["diverged"] == "unknown"
    assert "discriminator-too-weak" in names(observed(away, Score(0, 1)))
    blind = observed(away, Score(-0.001, 0.1), objective="wasserstein", constraint="clipping")
    assert names(blind) == ["critic-underfit"]


def game(swap: bool = False, detach: bool = False) -> Scope:
    """A short training in a foreign style."""
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    discriminator = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    g_opt, d_opt = (torch.optim.SGD(m.parameters(), lr=0.1) for m in (generator, discriminator))
    scope = gs.watch(generator, discriminator, real=REAL + 2, latent=lambda n: torch.randn(n, 4), every=5)
    for _ in range(60):
        real, fake = REAL[torch.randint(1000, (32,))] + 2, generator(torch.randn(32, 4))
        scores = discriminator(real), discriminator(fake.detach())
        above, below = scores[::-1] if swap else scores
        d_opt.zero_grad()
        (softplus(-above) + softplus(below)).mean().backward()  # type: ignore[no-untyped-call]
        d_opt.step()
        g_loss = softplus(-discriminator(fake.detach() if detach else fake)).mean()
        g_opt.zero_grad()
        g_loss.backward()  # type: ignore[no-untyped-call]
        if not swap:
            g_opt.step()
        scope.step(real=real, d_loss=1.0, g_loss=g_loss)
    return scope


def test_swapped_labels_and_detached_fakes_show_in_motion() -> None:
    assert "wiring (swapped-labels)" in names(game(swap=True))
    assert "wiring (detached-generator)" in names(game(detach=True))
    assert game().status()["wiring"] == "fine"


@pytest.mark.parametrize(
    ("objective", "found"),
    [("minimax", "vanishing-gradient (loss)"), ("non-saturating", "wiring (detached-generator)")],
)
def test_a_generator_that_is_given_nothing_is_not_detached(objective: str, found: str) -> None:
    """It stands still while the discriminator moves: for want of a gradient, or though it has one."""
    discriminator = Score(-40, 0, bias=200)
    scope = gs.watch(
        Sampler(FAR), discriminator, objective=objective, real=REAL,
        latent=lambda n: torch.arange(n) % len(FAR), every=EVERY,
    )  # fmt: skip
    for _ in range(STEPS):
        with torch.no_grad():
            next(discriminator.parameters()).mul_(1.0001)
        scope.step()
    assert found in names(scope)
    assert ("wiring (detached-generator)" in names(scope)) is (objective == "non-saturating")


def test_a_gradient_that_is_no_number_in_the_file_stops_no_rule() -> None:
    """JSON has no infinity: such a number is read back as None."""
    rows = [
        {"step": 10 * k, "g_update": 0.0, "d_update": 0.1, "generator_gradient": None} for k in range(1, 8)
    ]
    assert [v.label for v in judge(rows)[0]] == ["wiring (detached-generator)"]


class Cut(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).detach()


def bce_on(probability: bool) -> Any:
    loss = nn.BCELoss() if probability else nn.BCEWithLogitsLoss()
    return (
        lambda real, fake: loss(real, torch.ones_like(real)) + loss(fake, torch.zeros_like(fake)),
        lambda fake: loss(fake, torch.ones_like(fake)),
    )


def good() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))


def judge_of(*last: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1), *last)


def frozen(module: nn.Module) -> nn.Module:
    return module.requires_grad_(False)


def over_rows(critic: Any, real: Tensor, fake: Tensor) -> Tensor:  # noqa: ARG001
    x = fake.clone().requires_grad_()
    (g,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    cost: Tensor = 10 * (g.norm(2, dim=0) - 1).square().mean()
    return cost  # over the batch in place of over a row's values


def own_penalty(critic: Any, real: Tensor, fake: Tensor) -> Tensor:
    return 10 * gs.lipschitz.penalty("gradient-penalty", critic, real, fake).mean()


def zero(module: nn.Module) -> nn.Module:
    for p in module.parameters():
        nn.init.zeros_(p)
    return module


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (None, {}),
        (None, {"objective": bce_on(False)}),
        (None, {"objective": "wasserstein", "constraint": own_penalty}),
        (None, {"generator": nn.Sequential(nn.Linear(4, 2), nn.Tanh()), "real": REAL.clamp(-1, 1)}),
        ("double-sigmoid", {"discriminator": judge_of(nn.Sigmoid()), "objective": bce_on(False)}),
        ("sigmoid-bce", {"discriminator": judge_of(nn.Sigmoid()), "objective": bce_on(True)}),
        ("sigmoid-bce", {"discriminator": judge_of(nn.Sigmoid())}),
        ("detached-generator", {"generator": Cut(4, 2)}),
        ("detached-discriminator", {"discriminator": Cut(2, 1)}),
        ("data-range", {"generator": nn.Sequential(nn.Linear(4, 2), nn.Tanh())}),
        (
            "data-range",
            {"generator": nn.Sequential(nn.Linear(4, 2), nn.Sigmoid()), "real": REAL.clamp(-1, 1)},
        ),
        ("batchnorm-penalty", {"discriminator": judge_of(nn.BatchNorm1d(1)), "constraint": "r1"}),
        ("unconstrained-critic", {"objective": "wasserstein"}),
        ("penalty-axis", {"objective": "wasserstein", "constraint": over_rows}),
        ("frozen-network", {"generator": frozen(good())}),
        (
            "dead-network",
            {"generator": nn.Sequential(zero(nn.Linear(4, 8)), nn.ReLU(), zero(nn.Linear(8, 2)))},
        ),
    ],
)
def test_wiring_is_looked_over_before_the_first_step(kind: str | None, given: dict[str, Any]) -> None:
    usual = {"generator": good(), "discriminator": judge_of(), "real": REAL, "latent": lambda n: normal(n, 4)}
    scope = gs.watch(**{**usual, **given})
    assert scope.notes == []
    assert [v.pattern for v in scope.verdicts() if v.name == "wiring"] == ([] if kind is None else [kind])


def test_each_optimiser_moves_its_own_network() -> None:
    generator, discriminator = good(), judge_of()
    both = torch.optim.SGD([*generator.parameters(), *discriminator.parameters()], lr=0.1)
    own = [torch.optim.SGD(m.parameters(), lr=0.1) for m in (generator, discriminator)]

    def kinds(optimizers: list[torch.optim.Optimizer]) -> set[str]:
        return {f.kind for f in wiring.check_optimizers(generator, discriminator, optimizers)}

    assert kinds([*own]) == set()
    assert kinds([both, own[1]]) == {"shared-optimiser"}
    assert kinds([own[1], own[0]]) == {"shared-optimiser", "frozen-network"}


@pytest.mark.parametrize("name", ["gradient-penalty", "r1", "r2"])
def test_a_users_penalty_is_recognised_with_its_weight(name: str) -> None:
    def theirs(critic: Any, real: Tensor, fake: Tensor) -> Tensor:
        return 7 * gs.lipschitz.penalty(name, critic, real, fake).mean()

    findings, found, weight = wiring.check_penalty(theirs, torch.randn(4, 3, 8, 8))
    assert findings == []
    assert found == ("r1" if name == "r2" else name)
    assert weight == pytest.approx(7, rel=1e-3)


def test_a_healthy_run_of_100_000_steps_stays_quiet() -> None:
    """1,000 probes whose statistics scatter as real rows' do: no look among them raises an alarm."""
    scope = observed(normal(500, 2, 1), Score(0.1, 0.1), train=normal(500, 2, 2), steps=0)
    start = scope.rows[0]
    nulls = start["about"]["nulls"]
    rng = np.random.default_rng(0)
    rows = [start]
    alarms = []
    for probe in range(1, 1001):
        row = {**start, "step": 100 * probe, "d_update": 1e-3, "g_update": 1e-3}
        row.pop("about")
        row["auc"] = 0.5 + start["auc_error"] * rng.normal()
        row |= {name: mean + sd * rng.normal() for name, (mean, sd) in nulls.items()}
        row["fresh_auc"] = 0.5 + start["about"]["fresh_error"] * rng.normal()
        row["auc_train"] = 0.5 + start["auc_train_error"] * rng.normal()
        row["wide"] = probe % 5 == 0
        rows.append(row)
        rows.append({"step": 100 * probe, "point": list(rng.normal(size=2) * 0.1)})
        if probe % 5 == 0:
            alarms += judge([start, *rows[-400:]])[0]
    assert alarms == []


def test_every_verdict_has_a_planted_failure_here() -> None:
    told = {label.split(" (")[0] for _, expected, _, _ in PLANTED.values() for label in expected}
    assert told | {"wiring", "diverged", "oscillation", "mode-collapse"} == set(RULES)
    assert set(OBJECTIVES) >= {"minimax", "wasserstein"}
