"""Training loops in the styles people write: none of ganscope's training, `watch` attached in three lines.

Each takes a `Setup` and calls `tick(step, real, d_loss, g_loss)` once per generator step, which is where the
study measures, plants and has `scope.step` look.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from .setup import Setup, first

Tick = Callable[[int, Any, Tensor, Tensor], None]


def plain(s: Setup, tick: Tick) -> None:
    """One function, losses of raw scores, the players in turn."""
    d_loss_of, g_loss_of = s.losses
    g_opt, d_opt = s.optimizers()
    rates = _rates(s, g_opt, d_opt)
    for step in range(1, s.steps + 1):
        for _ in range(s.n_critic):
            real, _ = s.batch_of()
            fake, _ = s.fakes(len(real))
            loss = _critic_loss(s, d_loss_of, lambda x: first(s.discriminator(x)), real, fake.detach())
            _descend(d_opt, loss)
            _clip(s)
        fake, _ = s.fakes(len(real))
        score = first(s.discriminator(_shown(s, fake.detach() if s.detach else fake)))
        g_loss = g_loss_of(_above(s, real), score)
        _descend(g_opt, g_loss)
        rates(step)
        tick(step, real, loss.detach(), g_loss.detach())


def labels(s: Setup, tick: Tick) -> None:
    """Targets `valid` and `fake`, the generator first, as in collections of GAN scripts."""
    d_loss_of, g_loss_of = s.losses
    g_opt, d_opt = s.optimizers()
    rates = _rates(s, g_opt, d_opt)
    for step in range(1, s.steps + 1):
        real, _ = s.batch_of()
        valid, invalid = torch.ones(len(real), 1), torch.zeros(len(real), 1)
        made, _ = s.fakes(len(real))
        g_opt.zero_grad()
        score = first(s.discriminator(_shown(s, made.detach() if s.detach else made)))
        if s.ends_in_sigmoid:
            g_loss = nn.functional.binary_cross_entropy(score, valid)
        elif s.objective == "least-squares":
            g_loss = 0.5 * nn.functional.mse_loss(score, valid)
        else:
            g_loss = g_loss_of(_above(s, real), score)
        _descend(g_opt, g_loss)
        d_opt.zero_grad()
        below = made.detach()
        if s.ends_in_sigmoid:
            high, low = (invalid, valid) if s.swap else (valid, invalid)
            bce = nn.functional.binary_cross_entropy
            d_loss = bce(first(s.discriminator(real)), high) + bce(first(s.discriminator(below)), low)
        else:
            d_loss = _critic_loss(s, d_loss_of, lambda x: first(s.discriminator(x)), real, below)
        _descend(d_opt, d_loss)
        _clip(s)
        rates(step)
        tick(step, real, d_loss.detach(), g_loss.detach())


class Trainer:
    """A class with a method a player, which switches `requires_grad` to and fro."""

    def __init__(self, s: Setup) -> None:
        self.s = s
        self.d_loss_of, self.g_loss_of = s.losses
        self.g_opt, self.d_opt = s.optimizers()
        self.trained = [
            (m, [p.requires_grad for p in m.parameters()]) for m in (s.generator, s.discriminator)
        ]

    def train_discriminator(self, real: Tensor) -> Tensor:
        """One step of it."""
        self._only(1)
        with torch.no_grad():
            fake, _ = self.s.fakes(len(real))
        loss = _critic_loss(self.s, self.d_loss_of, lambda x: first(self.s.discriminator(x)), real, fake)
        _descend(self.d_opt, loss)
        _clip(self.s)
        return loss.detach()

    def train_generator(self, real: Tensor) -> Tensor:
        """One step of it."""
        self._only(0)
        fake, _ = self.s.fakes(len(real))
        if self.s.detach:
            fake = fake.detach()
        score = first(self.s.discriminator(_shown(self.s, fake)))
        loss = self.g_loss_of(_above(self.s, real), score)
        _descend(self.g_opt, loss)
        return loss.detach()

    def fit(self, tick: Tick) -> None:
        """Train to the end."""
        rates = _rates(self.s, self.g_opt, self.d_opt)
        for step in range(1, self.s.steps + 1):
            for _ in range(self.s.n_critic):
                real, _ = self.s.batch_of()
                d_loss = self.train_discriminator(real)
            g_loss = self.train_generator(real)
            rates(step)
            tick(step, real, d_loss, g_loss)

    def _only(self, which: int) -> None:
        if self.s.shared:
            return
        for i, (module, wanted) in enumerate(self.trained):
            for p, trained in zip(module.parameters(), wanted, strict=True):
                p.requires_grad_(trained and i == which)


def trainer(s: Setup, tick: Tick) -> None:
    """The class-based one."""
    Trainer(s).fit(tick)


def authors(s: Setup, tick: Tick) -> None:
    """As the authors of WGAN-GP write it: halves of the critic's loss go backward one after another."""
    g_loss_of = s.losses[1]
    g_opt, d_opt = s.optimizers()
    rates = _rates(s, g_opt, d_opt)
    if s.objective != "wasserstein":
        raise ValueError(f"the authors' loop trains Wasserstein critics, not {s.objective}.")
    sign = -1.0 if s.swap else 1.0
    for step in range(1, s.steps + 1):
        for _ in range(s.n_critic):
            s.discriminator.zero_grad()
            real, _ = s.batch_of()
            d_real = sign * first(s.discriminator(_shown(s, real))).mean()
            _backward(-d_real)
            with torch.no_grad():
                fake, _ = s.fakes(len(real))
            d_fake = sign * first(s.discriminator(_shown(s, fake))).mean()
            _backward(d_fake)
            if s.penalty is not None:
                cost = s.penalty(lambda x: first(s.discriminator(x)), real, fake)
                _backward(s.weight * cost)
            if any(p.grad is not None for p in s.discriminator.parameters()):
                d_opt.step()
            _clip(s)
            d_loss = (d_fake - d_real).detach()
        s.generator.zero_grad()
        fake, _ = s.fakes(len(real))
        g_loss = g_loss_of(
            d_real.detach(), first(s.discriminator(_shown(s, fake.detach() if s.detach else fake)))
        )
        _descend(g_opt, g_loss)
        rates(step)
        tick(step, real, d_loss, g_loss.detach())


def conditional(s: Setup, tick: Tick) -> None:
    """Both networks take a label; the discriminator's batch is real and fake rows joined."""
    d_loss_of, g_loss_of = s.losses
    g_opt, d_opt = s.optimizers()
    rates = _rates(s, g_opt, d_opt)
    for step in range(1, s.steps + 1):
        for _ in range(s.n_critic):
            real, label = s.batch_of()
            fake, (wanted,) = s.fakes(len(real))
            scores = s.discriminator(_shown(s, torch.cat([real, fake.detach()])), torch.cat([label, wanted]))
            above, below = scores.chunk(2)
            d_loss = d_loss_of(below, above) if s.swap else d_loss_of(above, below)
            if s.penalty is not None:
                critic = functools.partial(_labelled_score, s, label)
                d_loss = d_loss + s.weight * s.penalty(critic, real, fake.detach())
            _descend(d_opt, d_loss)
            _clip(s)
        fake, (wanted,) = s.fakes(len(real))
        if s.detach:
            fake = fake.detach()
        g_loss = g_loss_of(_above(s, real, label), s.discriminator(_shown(s, fake), wanted))
        _descend(g_opt, g_loss)
        rates(step)
        tick(step, (real, label), d_loss.detach(), g_loss.detach())


LOOPS: dict[str, Callable[[Setup, Tick], None]] = {
    "plain": plain,
    "labels": labels,
    "trainer": trainer,
    "authors": authors,
    "tuple": plain,  # the discriminator returns (score, features)
    "conditional": conditional,
}


def _critic_loss(
    s: Setup, loss_of: Any, critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor
) -> Tensor:
    above, below = critic(_shown(s, real)), critic(_shown(s, fake))
    loss: Tensor = loss_of(below, above) if s.swap else loss_of(above, below)
    return loss if s.penalty is None else loss + s.weight * s.penalty(critic, real, fake)


def _labelled_score(s: Setup, label: Tensor, x: Tensor) -> Tensor:
    return first(s.discriminator(x, label))


def _above(s: Setup, *real: Tensor) -> Tensor:
    """Scores of real rows, which only relativistic generators read."""
    if s.objective != "relativistic":
        return torch.zeros(0)
    with torch.no_grad():
        return first(s.discriminator(_shown(s, real[0]), *real[1:]))


def _shown(s: Setup, x: Tensor) -> Tensor:
    return x if s.augment is None else s.augment(x)


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    if loss.requires_grad:
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def _backward(loss: Tensor) -> None:
    if loss.requires_grad:  # not of a discriminator that is cut off, which a script cannot train either
        loss.backward()  # type: ignore[no-untyped-call]


def _clip(s: Setup) -> None:
    if s.clip:
        with torch.no_grad():
            for p in s.discriminator.parameters():
                p.clamp_(-s.clip, s.clip)


def _rates(s: Setup, *optimizers: torch.optim.Optimizer) -> Callable[[int], None]:
    """Rates fall to 0 over the second half, where the setup asks for it."""
    start = [[group["lr"] for group in o.param_groups] for o in optimizers]

    def at(step: int) -> None:
        if s.decay:
            factor = min(1.0, 2 * (1 - step / s.steps))
            for optimizer, rates in zip(optimizers, start, strict=True):
                for group, rate in zip(optimizer.param_groups, rates, strict=True):
                    group["lr"] = rate * factor

    return at
