"""The generator's gradient dies: in the loss, in the critic, in the generator."""

from __future__ import annotations

from torch import nn

from .networks import mlp, stack
from .plant_parts import Case, dressed, scale_until, setup_of, slope_of_loss, trained_generator, win
from .setup import Setup


def saturated(c: Case) -> Setup:
    """The loss is saturated: fakes far off, and the median probability of a fake is `strength`."""
    s = setup_of(c, shift=4.0)
    s.g_optimizer, s.g_lr, s.d_lr = "sgd", 1e-3, 1e-6
    win(s, 80)
    scale_until(s, lambda: slope_of_loss(s), c.strength)
    return s


def dead_critic(c: Case) -> Setup:
    """The critic's activations are `strength` sigmoids in a row."""
    s = setup_of(c, shift=2.0, constrained=False)
    s.discriminator = dressed(c, stack(c.rows.width, 1, 32, int(c.strength), nn.Sigmoid))
    s.d_lr = 1e-4
    return s


def dead_clipped_critic(c: Case) -> Setup:
    """Eight layers of a Wasserstein critic, clipped at `strength`."""
    s = setup_of(c, shift=2.0, constrained=False)
    s.discriminator = mlp(c.rows.width, 1, 32, 8)
    s.clip, s.declared = c.strength, {"constraint": "clipping"}
    return s


def dead_generator(c: Case) -> Setup:
    """The generator's activations are `strength` sigmoids in a row."""
    s = setup_of(c)
    s.generator = trained_generator(s, stack(8, c.rows.width, 32, int(c.strength), nn.Sigmoid), shift=1.0)
    return s
