"""Generators of some depth with different initial weights: how they begin and how they end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganscope.explain.experiments.games import drawn_alone, played_alone
from ganscope.explain.experiments.seeds import discriminator, networks
from ganscope.nets import mlp
from ganscope.objectives import OBJECTIVES

SHAPE, LATENT, WIDTH, PROBE = (1, 8, 8), 32, 128, 256
D_DEPTH = 3


class Residual(nn.Module):
    """`h + W relu(h)`, the branch scaled by 1/sqrt(depth) so that its sum over the depth keeps its size."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width)
        nn.init.kaiming_normal_(self.linear.weight, nonlinearity="relu")
        nn.init.zeros_(self.linear.bias)
        self.scale = 1 / math.sqrt(depth)

    def forward(self, h: Tensor) -> Tensor:
        """Map `[B, width]` to `[B, width]`."""
        branch: Tensor = self.linear(h.relu())
        return h + self.scale * branch


class Depth(NamedTuple):
    """A generator of some depth."""

    name: str
    depth: int
    """Hidden layers."""
    kind: str
    """"default": PyTorch's initial weights, "he": He's, as the library has them, "residual": skip
    connections."""
    colour: str


class Deep(NamedTuple):
    """How a generator of some depth began and ended."""

    before: list[float]
    """Gradient at each hidden layer before the first step, relative to the one nearest the sample."""
    emd: float
    captured: int


def generator(depth: Depth) -> nn.Module:
    """Build a generator of 8 x 8 images from 32 latents with hidden layers of 128 units.

    Example:
        >>> generator(Depth("", 16, "residual", ""))(torch.zeros(5, LATENT)).shape
        torch.Size([5, 1, 8, 8])
    """
    if depth.kind == "residual":
        layers = [nn.Linear(LATENT, WIDTH), *(Residual(WIDTH, depth.depth) for _ in range(depth.depth - 1))]
        return nn.Sequential(*layers, nn.ReLU(), nn.Linear(WIDTH, 64), nn.Tanh(), nn.Unflatten(1, SHAPE))
    options = mlp.Options(g_width=WIDTH, g_depth=depth.depth)
    network = mlp.generator(SHAPE, LATENT, 0, options, nn.Tanh())
    for layer in network.children() if depth.kind == "default" else ():
        if isinstance(layer, nn.Linear):
            layer.reset_parameters()
    return network


def gradient_by_layer(network: nn.Module, critic: nn.Module, latents: Tensor) -> list[float]:
    """Norms of d loss / d hidden layer of the non-saturating loss, from the latent's side to the sample's.

    Args:
        network: from `generator`.
        critic: `[B, 1, 8, 8] -> [B, 1]`.
        latents: `[B, 32]`.

    Returns:
        One norm per hidden layer, relative to the one nearest the sample.
    """
    h, hidden = latents, []
    for layer in network.children():
        h = layer(h)
        if isinstance(layer, nn.Linear | Residual) and h.shape[1] == WIDTH:
            hidden.append(h)
    scores = critic(h).squeeze(1)
    loss = OBJECTIVES["non-saturating"].g_loss(scores, scores).mean()
    norms = [float(g.norm()) for g in torch.autograd.grad(loss, hidden)]
    return [norm / norms[-1] if norms[-1] else 0.0 for norm in norms]


def trained_depths(depth: Depth, seeds: Sequence[int], steps: int) -> list[Deep]:
    """Train generators of some depth against the usual discriminator by recipe r1.

    Args:
        depth: which generator.
        seeds: one run each.
        steps: generator steps.
    """
    ended = []
    for seed in seeds:
        (network,) = networks(lambda: generator(depth), [seed], "generator")
        (critic,) = networks(lambda: discriminator(SHAPE, WIDTH, D_DEPTH), [seed])
        latents = torch.randn(PROBE, LATENT, generator=torch.Generator().manual_seed(seed))
        before = gradient_by_layer(network, critic, latents)
        *_, runs = played_alone("r1", seed, "digits", steps, 1, (network, critic), latent_dim=LATENT)
        values = runs.measure(drawn_alone(runs))
        ended.append(Deep(before, math.nan if values["emd"] is None else values["emd"], values["captured"]))
    return ended
