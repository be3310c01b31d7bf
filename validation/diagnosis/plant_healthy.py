"""Runs in which nothing is wrong, some of them unusual."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .networks import mlp
from .plant_parts import Case, dressed, setup_of
from .setup import Setup


def healthy(c: Case) -> Setup:
    """Nothing is wrong: a generator that has to learn a shift and a stretch, a constrained discriminator."""
    s = setup_of(c, shift=0.7, stretch=-0.15)
    s.steps, s.every = 160, 6
    return s


def tiny_batch(c: Case) -> Setup:
    """Batches of 8."""
    s = healthy(c)
    s.batch, s.g_lr, s.d_lr = 8, 2e-3, 1e-3
    return s


def huge_batch(c: Case) -> Setup:
    """Batches of 1024 (of all rows, where there are fewer)."""
    s = healthy(c)
    s.batch = 1024
    return s


def heavy_augmentation(c: Case) -> Setup:
    """What the discriminator sees is noisy and scaled at random, real and fake rows alike."""
    s = healthy(c)
    sd = 0.3 * c.rows.spread / math.sqrt(c.rows.width)
    s.augment = lambda x: (x + sd * torch.randn_like(x)) * (1 + 0.1 * torch.randn(len(x), 1))
    return s


def few_data(c: Case) -> Setup:
    """300 training rows, early, with R1."""
    s = healthy(c)
    s.train = c.rows.train[:300]
    return s


def fast_rates(c: Case) -> Setup:
    """Ten times the usual rates, and fine."""
    s = healthy(c)
    s.g_lr, s.d_lr, s.decay = 2e-2, 1e-2, True
    return s


def tiny_nets(c: Case) -> Setup:
    """A discriminator of 8 units."""
    s = healthy(c)
    s.discriminator = dressed(c, mlp(c.rows.width, 1, 8, 1))
    return s


def converged(c: Case) -> Setup:
    """Kept training long after convergence, while the rates fall to 0."""
    s = setup_of(c)
    s.g_lr, s.d_lr, s.decay, s.steps, s.every = 1e-3, 1e-3, True, 400, 16
    return s


def long(c: Case) -> Setup:
    """Four times as long as usual."""
    s = healthy(c)
    s.steps, s.every = 800, 32
    return s


def perceptrons(c: Case) -> Setup:
    """A deep generator of leaky ReLUs that was taught to pass its input on, and whose inputs are rows."""
    s = setup_of(c)
    network = mlp(c.rows.width, c.rows.width, 32, 4)
    s.latent = lambda n: c.rows.replayed[torch.randint(len(c.rows.replayed), (n,), generator=s.rng)]
    optimizer = torch.optim.Adam(network.parameters(), 5e-3, fused=True)
    for turn in range(250):
        for group in optimizer.param_groups:
            group["lr"] = 5e-3 * (1 - turn / 250)
        x = s.latent(64)
        assert isinstance(x, Tensor)  # noqa: S101 - for the type checker
        optimizer.zero_grad()
        (network(x) - x).square().mean().backward()
        optimizer.step()
    s.generator, s.labelled = network, False
    s.g_lr, s.d_lr = 2e-4, 1e-3
    return s
