"""Mistakes in how loop and networks are put together, seen before the first step or in motion."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

import ganscope as gs
from ganscope.diagnose.measure import wiring_checks
from ganscope.diagnose.rules.verdict import judge
from ganscope.diagnose.watch import Scope
from tests.diagnose.rules.planted import EVERY, FAR, REAL, STEPS, Sampler, Score, names, normal
from tests.diagnose.rules.recorded import BAD, run
from tests.diagnose.watched import troubles


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
    assert troubles(scope) == []
    assert [v.pattern for v in scope.verdicts() if v.name == "wiring"] == ([] if kind is None else [kind])


def test_each_optimiser_moves_its_own_network() -> None:
    generator, discriminator = good(), judge_of()
    both = torch.optim.SGD([*generator.parameters(), *discriminator.parameters()], lr=0.1)
    own = [torch.optim.SGD(m.parameters(), lr=0.1) for m in (generator, discriminator)]

    def kinds(optimizers: list[torch.optim.Optimizer]) -> set[str]:
        return {f.kind for f in wiring_checks.check_optimizers(generator, discriminator, optimizers)}

    assert kinds([*own]) == set()
    assert kinds([both, own[1]]) == {"shared-optimiser"}
    assert kinds([own[1], own[0]]) == {"shared-optimiser", "frozen-network"}


@pytest.mark.parametrize("name", ["gradient-penalty", "r1", "r2"])
def test_a_users_penalty_is_recognised_with_its_weight(name: str) -> None:
    def theirs(critic: Any, real: Tensor, fake: Tensor) -> Tensor:
        return 7 * gs.lipschitz.penalty(name, critic, real, fake).mean()

    findings, found, weight = wiring_checks.check_penalty(theirs, torch.randn(4, 3, 8, 8))
    assert findings == []
    assert found == ("r1" if name == "r2" else name)
    assert weight == pytest.approx(7, rel=1e-3)


@pytest.mark.parametrize(
    ("alignment", "penalty", "found"),
    [(-0.06, None, True), (-0.01, None, False), (-0.06, 10.0, False), (-0.12, 10.0, True)],
)
def test_swapped_labels_by_the_sign_of_early_steps(
    alignment: float, penalty: float | None, found: bool
) -> None:
    """Without a penalty, a correct discriminator that ranks fakes above real rows does not climb its loss."""
    about = {"constraint_weight": penalty}
    said = judge(run(lambda number: BAD | {"auc": 0.1}, auc=0.1, d_alignment=alignment, about=about))
    assert ("wiring (swapped-labels)" in [verdict.label for verdict in said.verdicts]) == found


def test_under_a_penalty_one_sign_of_all_young_steps_is_asked_for() -> None:
    """Six steps against the loss and six along it: the penalty leads, whatever the first six say."""
    rows = run(lambda number: BAD | {"auc": 0.1}, auc=0.1, about={"constraint_weight": 10.0})
    for number, row in enumerate(row for row in rows if "point" not in row):
        row["d_alignment"] = -0.12 if number < 6 else 0.12
    assert judge(rows).status["wiring"] == "fine"


@pytest.mark.parametrize(("apart", "dead"), [(0.9, False), (0.0, True)])
def test_a_generator_that_comes_to_life_is_not_dead(apart: float, dead: bool) -> None:
    finding = {"kind": "dead-network", "severity": "severe", "cause": "The generator is dead."}
    said = judge(run(lambda number: BAD | {"pairwise": apart}, about={"wiring": [finding]}))
    assert (said.status["wiring"] == "fault") == dead


def test_a_critic_that_mixes_rows_has_no_slope_per_row() -> None:
    finding = {"kind": "batchnorm-penalty", "severity": "severe", "cause": "The critic has BatchNorm."}
    steep: dict[str, Any] = {
        name: [50.0, 90.0, 99.0] for name in ("slope_real", "slope_fake", "slope_between")
    }
    about = {"needs_lipschitz": True, "constraint": "gradient-penalty", "constraint_weight": 10.0}
    told = judge(run(lambda number: BAD, about={**about, "wiring": [finding]}, **steep)).status
    assert told["lipschitz-violation"] == "unknown"
    assert judge(run(lambda number: BAD, about=about, **steep)).status["lipschitz-violation"] == "fault"
