"""Discriminators that lead too well, too badly, or by heart, and critics whose slope is wrong."""

from __future__ import annotations

import functools
import math

import torch
from torch import nn

from . import losses
from .networks import mlp
from .plant_parts import Case, dressed, scale_until, setup_of, slope_of, win
from .setup import Setup


def winning(c: Case) -> Setup:
    """The discriminator learns `strength` times as fast as the generator, and has had a start."""
    s = setup_of(c, shift=2.0, constrained=False)
    s.g_optimizer, s.d_lr, s.every = "sgd", 3e-3, 4
    s.steps = 188
    s.g_lr = 0.3 / c.strength
    win(s, 40)
    return s


def slow(c: Case) -> Setup:
    """The discriminator, or critic, learns `strength` times as slowly as it should."""
    s = setup_of(c, shift=1.5)
    s.g_lr, s.d_lr = 1e-2, 2e-3 / c.strength
    return s


def sideways(c: Case) -> Setup:
    """A linear discriminator that looks at an angle of cosine `strength` to where the fakes are."""
    s = askew(c)
    s.clip, s.penalty, s.declared = 0.0, None, {}
    s.discriminator = (
        dressed(c, nn.Sequential(s.discriminator)) if c.loop == "conditional" else s.discriminator
    )
    return s


def steep(c: Case) -> Setup:
    """A penalty that asks for slope `strength` where 1 is declared."""
    s = setup_of(c, shift=1.0)
    kind = ("gradient-penalty", "one-sided", "gradient-penalty")[c.seed % 3]
    ask = losses.one_sided if kind == "one-sided" else losses.gradient_penalty
    s.penalty = functools.partial(ask, slope=c.strength)
    s.declared = {"constraint": kind, "constraint_weight": 10.0}
    s.d_lr = 5e-3
    scale_until(s, lambda: slope_of(s), c.strength)
    return s


def loose(c: Case) -> Setup:
    """No constraint at all; the critic learns at rate `strength`."""
    s = setup_of(c, shift=1.0, constrained=False)
    s.declared = {} if c.seed % 2 else {"constraint": "none"}
    s.d_lr = c.strength
    return s


def askew(c: Case) -> Setup:
    """A linear critic that looks at an angle of cosine `strength` to where the fakes are."""
    s = setup_of(c, shift=3.0)
    linear = nn.Linear(c.rows.width, 1)
    across = torch.randn(c.rows.width, generator=s.rng)
    across -= (across @ c.rows.axis) * c.rows.axis
    across /= across.norm()
    with torch.no_grad():
        linear.weight.copy_(-(c.strength * c.rows.axis + math.sqrt(1 - c.strength**2) * across)[None])
    s.discriminator, s.d_lr, s.g_lr = linear, 1e-6, 1e-4
    if c.seed % 2:
        s.penalty, s.clip, s.declared = None, 10.0, {"constraint": "clipping"}
    return s


def memorising(c: Case) -> Setup:
    """The discriminator has `strength` rows to learn from, and time."""
    s = setup_of(c, shift=0.3, constrained=False)
    s.train = c.rows.train[: int(c.strength)]
    s.discriminator = dressed(c, mlp(c.rows.width, 1, 64, 2))
    s.batch, s.d_lr, s.g_lr, s.steps = min(64, len(s.train)), 3e-3, 3e-4, 160
    return s
