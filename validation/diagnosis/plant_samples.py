"""Samples that cover too little, swing, or run away."""

from __future__ import annotations

import math

import torch

from .networks import Along, Line
from .plant_parts import INJECTED, Case, edited, of_classes, places, setup_of
from .setup import Setup


def dropped(c: Case) -> Setup:
    """Of the classes, the share `strength` (of digits half of it) is never played back, from a step on."""
    classes = len(c.rows.centres)
    count = max(1, round(c.strength * classes * (0.5 if c.rows.name == "digits" else 1)))
    gone = (torch.arange(count) + c.seed) % classes
    there = torch.isin(torch.arange(classes), gone, invert=True).nonzero().flatten()
    lost = torch.isin(c.rows.replayed_labels, gone)
    wanted = torch.where(lost, there[torch.arange(len(lost)) % len(there)], c.rows.replayed_labels)
    return edited(c, lambda rows: of_classes(c, rows, wanted))


def lopsided(c: Case) -> Setup:
    """One class takes `strength` of the samples more than its due, from a step on."""
    rng = torch.Generator().manual_seed(c.seed)
    moved = torch.rand(len(c.rows.replayed), generator=rng) < c.strength
    wanted = torch.where(moved, c.seed % len(c.rows.centres), c.rows.replayed_labels)
    return edited(c, lambda rows: of_classes(c, rows, wanted))


def narrow(c: Case) -> Setup:
    """Rows are drawn together about their class's mean, to `strength` of their spread, from a step on."""
    middle = c.rows.centres[c.rows.replayed_labels]
    return edited(c, lambda rows: middle + c.strength * (rows - middle))


def copied(c: Case) -> Setup:
    """A finite table of latents: only `strength` different rows in all, from a step on."""
    place = torch.arange(len(c.rows.replayed))
    each = max(1, int(c.strength) // len(c.rows.centres))
    for k in range(len(c.rows.centres)):
        mine = torch.nonzero(c.rows.replayed_labels == k).flatten()
        place[mine] = mine[torch.arange(len(mine)) % each]
    return edited(c, lambda rows: rows[place])


def alike(c: Case) -> Setup:
    """All rows are drawn towards one, to `strength` of their distance, from a step on."""
    one = c.rows.replayed[c.seed % len(c.rows.replayed)]
    return edited(c, lambda rows: one + c.strength * (rows - one))


def swinging(c: Case) -> Setup:
    """A Dirac-GAN on rows: one number against one slope, started `strength` standard deviations off."""
    s = setup_of(c, constrained=False)
    direction = c.rows.axis
    unit = c.rows.axis_sd
    s.generator = Line(c.rows.replayed, direction * unit, c.strength)
    s.latent = places(s)
    s.discriminator = Along(direction / unit)
    s.g_optimizer = s.d_optimizer = "sgd"
    s.steps, s.every, s.batch = 400, 10, 128
    fast = {"wasserstein": 0.12, "hinge": 0.12}
    if c.objective in fast:
        s.g_lr = s.d_lr = fast[c.objective]
        if c.objective == "wasserstein":
            s.clip, s.declared = 10.0, {"constraint": "clipping"}
    else:  # the spread of the rows damps a logistic slope, the less the slower it moves
        s.g_lr, s.d_lr = 6.0, 0.012
    return s


def circling(c: Case) -> Setup:
    """The same game under Adam, whose rate `strength` decides how far it swings."""
    s = swinging(c._replace(strength=0.5))
    s.g_optimizer = s.d_optimizer = "adam"
    s.g_lr, s.d_lr, s.steps = c.strength, c.strength, 500
    if c.objective == "non-saturating":
        s.d_lr = c.strength / 10
    return s


def exploding(c: Case) -> Setup:
    """From a step on: 1, fakes run 60 times as far as the data; 2, a rate of 1e20; 3, NaN in a weight."""
    s = setup_of(c, shift=0.7)

    def strike(s: Setup) -> None:
        network = (s.generator, s.discriminator)[c.seed % 2]
        with torch.no_grad():
            if c.strength == 1:
                next(p for n, p in s.generator.named_parameters() if n.endswith("b")).add_(
                    60 * c.rows.spread * c.rows.axis
                )
            else:
                value = 1e30 if c.strength == 2 else math.nan
                next(iter(network.parameters())).flatten()[:1].fill_(value)
                if c.strength == 2:
                    for p in network.parameters():
                        p.mul_(1e30)

    s.inject = (INJECTED, strike)
    return s
