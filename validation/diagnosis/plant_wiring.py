"""Mistakes in how a loop is put together: `strength` is not used, the mistake is there or not."""

from __future__ import annotations

import torch
from torch import nn

from . import losses
from .networks import Cut, mlp
from .plant_parts import Case, noise, scaled, setup_of
from .setup import Setup


def double_sigmoid(c: Case) -> Setup:
    """A sigmoid at the end of a discriminator whose loss applies another."""
    s = setup_of(c, shift=0.7, constrained=False)
    s.discriminator = nn.Sequential(mlp(c.rows.width, 1), nn.Sigmoid())
    s.own_loss = losses.D_LOSSES[c.objective], losses.G_LOSSES[c.objective]
    return s


def sigmoid_bce(c: Case) -> Setup:
    """A sigmoid and `BCELoss`, as most scripts have it."""
    s = setup_of(c, shift=0.7, constrained=False)
    s.discriminator = nn.Sequential(mlp(c.rows.width, 1), nn.Sigmoid())
    s.ends_in_sigmoid = True
    ones, zeros = torch.ones_like, torch.zeros_like
    s.own_loss = (
        lambda real, fake: losses.BCE(real, ones(real)) + losses.BCE(fake, zeros(fake)),
        lambda real, fake: losses.BCE(fake, ones(fake)),
    )
    return s


def cut_generator(c: Case) -> Setup:
    """Even seeds: `detach()` inside the generator. Odd ones: the loop trains it on detached fakes."""
    s = setup_of(c, shift=0.7)
    if c.seed % 2:
        s.detach = True
    else:
        s.generator = Cut(s.generator)
    return s


def cut_discriminator(c: Case) -> Setup:
    """`detach()` inside the discriminator."""
    s = setup_of(c, shift=0.7, constrained=False)
    s.discriminator = Cut(mlp(c.rows.width, 1))
    if c.objective == "wasserstein":
        s.declared = {"constraint": "clipping"}
    return s


def swapped(c: Case) -> Setup:
    """Real rows get the labels of fakes."""
    s = setup_of(c, shift=0.7)
    s.swap = True
    return s


def out_of_range(c: Case) -> Setup:
    """A generator that ends in tanh, and data of twice its range."""
    s = setup_of(c)
    body = nn.Sequential(*mlp(8, c.rows.width, 32, 2, 0.0), nn.Tanh())
    s.generator, s.latent = body, noise(s)
    factor = 2.0 / float(c.rows.train.abs().quantile(0.9) if c.rows.width < 100 else c.rows.train.abs().max())
    s.rows = scaled(c.rows, factor)
    return s


def batchnorm(c: Case) -> Setup:
    """BatchNorm in a critic whose slope is penalised row by row."""
    s = setup_of(c, shift=0.7)
    w = c.rows.width
    s.discriminator = nn.Sequential(
        nn.Linear(w, 32),
        nn.BatchNorm1d(32),
        nn.LeakyReLU(0.2),
        nn.Linear(32, 32),
        nn.LeakyReLU(0.2),
        nn.Linear(32, 1),
    )
    return s


def shared(c: Case) -> Setup:
    """One optimiser for both networks."""
    s = setup_of(c, shift=0.7)
    s.shared = True
    s.declared = {**s.declared, "optimizers": s.optimizers()}
    return s


def wrong_axis(c: Case) -> Setup:
    """A penalty whose norm runs over the batch."""
    s = setup_of(c, shift=0.7)
    s.penalty, s.weight = losses.over_the_batch, 10.0
    s.declared = {"constraint": lambda critic, real, fake: 10 * losses.over_the_batch(critic, real, fake)}
    return s


def dead(c: Case) -> Setup:
    """All weights of one network are 0 before a ReLU."""
    s = setup_of(c, constrained=False)
    body = mlp(8, c.rows.width, 32, 2, 0.0) if c.seed % 2 else mlp(c.rows.width, 1, 32, 2, 0.0)
    for p in body.parameters():
        nn.init.zeros_(p)
    if c.seed % 2:
        s.generator, s.latent = body, noise(s)
    else:
        s.discriminator = body
    if c.objective == "wasserstein":
        s.clip, s.declared = 0.1, {"constraint": "clipping"}
    return s


def frozen(c: Case) -> Setup:
    """One network's parameters need no gradient."""
    s = setup_of(c, shift=0.7, constrained=bool(c.seed % 2))
    (s.generator if c.seed % 2 else s.discriminator).requires_grad_(False)
    if c.objective == "wasserstein":
        s.declared = {"constraint": "clipping"}
    return s


def unconstrained(c: Case) -> Setup:
    """A Wasserstein critic without a constraint, seen early: `loose` is the same, seen late."""
    s = setup_of(c, shift=0.7, constrained=False)
    s.steps, s.declared = 40, {}
    return s
