"""Mistakes of a loop with networks that are right: each is named, and the same loop without it is fine."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

import ganscope as gs
from ganscope.diagnose.measure.own_numbers import carried, squashed_loss
from ganscope.diagnose.watch import Scope
from ganscope.objectives import OBJECTIVES
from tests.diagnose.rules.planted import REAL, names

Loss = Callable[[Tensor], Tensor]


class Loop(NamedTuple):
    """A loop in a foreign style, and what it does wrong."""

    objective: str = "non-saturating"
    d_steps: bool = True
    sign: float = 1.0
    """Of the generator's loss."""
    zeroes: bool = True
    squash: Loss = lambda scores: scores
    scale: float = 1.0
    """What the losses are multiplied by: the mean of two halves, or weights."""
    rows: int = 64
    still: bool = False
    """All batches are the same: full-batch training."""

    def train(self, steps: int = 80) -> Scope:
        torch.manual_seed(0)
        generator = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2))
        critic = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
        g_opt, d_opt = (torch.optim.Adam(m.parameters(), 2e-3, (0.5, 0.99)) for m in (generator, critic))
        latent, losses = torch.randn(1000, 4), OBJECTIVES[self.objective]
        scope = gs.watch(
            generator, critic, self.objective, real=REAL[500:] + 2, latent=lambda n: latent[:n], every=5,
            constraint="gradient-penalty" if losses.needs_lipschitz else None,
            optimizers=(g_opt, d_opt),
        )  # fmt: skip
        for _ in range(steps):
            batch = slice(0, self.rows) if self.still else torch.randint(500, (self.rows,))
            real, fake = REAL[batch] + 2, generator(latent[batch])
            scores = [self.squash(critic(x)).squeeze(1) for x in (real, fake.detach())]
            d_loss = self.scale * losses.d_loss(*scores).mean()
            if losses.needs_lipschitz:
                d_loss = d_loss + 10 * gs.lipschitz.penalty("gradient-penalty", critic, real, fake).mean()
            if self.zeroes:
                d_opt.zero_grad()
            d_loss.backward()  # type: ignore[no-untyped-call]
            if self.d_steps:
                d_opt.step()
            score = self.squash(critic(fake)).squeeze(1)
            g_loss = self.sign * self.scale * losses.g_loss(torch.zeros_like(score), score).mean()
            if self.zeroes:
                g_opt.zero_grad()
            g_loss.backward()  # type: ignore[no-untyped-call]
            g_opt.step()
            scope.step(real=real, d_loss=d_loss.detach(), g_loss=g_loss.detach())
        return scope


WRONG = {
    "frozen discriminator": (Loop(d_steps=False), "wiring (frozen-network)"),
    "generator's sign": (Loop(sign=-1.0), "wiring (climbing-generator)"),
    "generator's sign, Wasserstein": (Loop("wasserstein", sign=-1.0), "wiring (climbing-generator)"),
    "generator's sign, hinge": (Loop("hinge", sign=-1.0), "wiring (climbing-generator)"),
    "no zero_grad": (Loop(zeroes=False), "wiring (gradients-kept)"),
    "no zero_grad, hinge": (Loop("hinge", zeroes=False), "wiring (gradients-kept)"),
    "sigmoid outside": (Loop(squash=torch.sigmoid), "wiring (squashed-scores)"),
    "sigmoid outside, mean of halves": (
        Loop(squash=torch.sigmoid, scale=0.5),
        "wiring (squashed-scores)",
    ),
}
RIGHT = {
    "plain": Loop(),
    "least squares": Loop("least-squares"),
    "Wasserstein": Loop("wasserstein"),
    "hinge": Loop("hinge"),
    "minimax": Loop("minimax"),
    "losses times ten": Loop(scale=10.0),
    "mean of halves": Loop(scale=0.5),
    "full batch": Loop(still=True, rows=500),
    "full batch, Wasserstein, times ten": Loop("wasserstein", still=True, rows=500, scale=10.0),
    "four rows": Loop(rows=4),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_mistake_of_the_loop_is_named_first(kind: str) -> None:
    loop, verdict = WRONG[kind]
    found = names(loop.train())
    assert found[0] == verdict
    assert sum(name.startswith("wiring") for name in found) == 1


@pytest.mark.parametrize("kind", RIGHT)
def test_the_same_loop_without_it_is_fine(kind: str) -> None:
    assert RIGHT[kind].train().status()["wiring"] == "fine"


def test_the_advice_names_the_line() -> None:
    (verdict,) = [v for v in Loop(d_steps=False).train().verdicts() if v.name == "wiring"]
    assert "weights never change" in verdict.cause
    assert "step()" in verdict.advice


def test_gradients_that_are_gone_say_nothing() -> None:
    now = {"w": torch.ones(2)}
    assert carried({}, now, now) == {}
    assert carried(now, {}, now) == {}
    assert carried(now, now, now) == {}
    assert carried({"w": torch.zeros(2)}, now, now) == pytest.approx({"g_carried": 0.0, "g_added": 1.0})


@pytest.mark.parametrize("name", OBJECTIVES)
def test_only_binary_cross_entropy_is_squashed(name: str) -> None:
    # Second source: the loss written out.
    real, fake = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 3.0])
    found = squashed_loss(OBJECTIVES[name], real, fake)
    if name in ("minimax", "non-saturating"):
        expected = (softplus(-real.sigmoid()) + softplus(fake.sigmoid())).mean()
        assert found == pytest.approx(float(expected))
    elif found is not None:
        assert name not in ("hinge", "least-squares", "wasserstein")
