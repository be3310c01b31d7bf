"""The gradient that reaches frozen generators of digits, in their weights, as fresh discriminators train."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ganscope.explain.answer import Progress
from ganscope.explain.experiments.fixed_generator import UNCONSTRAINED, Constraint, moments, norms
from ganscope.explain.experiments.seeds import Streams
from ganscope.explain.experiments.stages import (
    LATENT,
    STAGES,
    Frozen,
    fresh,
    generator_gradients,
    trained,
)

PENALISED = Constraint("WGAN-GP", weight=10.0)
RATE, CRITIC_RATE, PROBE = 1e-2, 1e-3, 512
LOSSES_OF = {
    "cross-entropy": ("minimax", "non-saturating"),
    "least-squares": ("least-squares",),
    "WGAN-GP": ("wasserstein",),
}
"""Kind of discriminator -> the generator losses that are measured with it."""


class Digits(NamedTuple):
    """Norm of the generator's gradient in its own weights, as a fresh discriminator trains."""

    steps: list[int]
    norms: dict[str, list[list[float]]]
    """By stage, `[seed][look]`."""

    def ratios(self, stage: str) -> list[float]:
        """Last norm over the first, per seed."""
        return [seed[-1] / seed[0] for seed in self.norms[stage]]


def on_digits(kind: str, at: Frozen, steps: int, progress: Progress) -> dict[str, Digits]:
    """Train fresh discriminators against frozen generators; measure the gradient in the latter's weights.

    Args:
        kind: a key of `LOSSES_OF`.
        at: the generators.
        steps: of the discriminators.
        progress: of this training.

    Returns:
        What was measured, by generator loss.
    """
    losses, penalised = LOSSES_OF[kind], kind == "WGAN-GP"
    constraint, rate = (PENALISED, CRITIC_RATE) if penalised else (UNCONSTRAINED, RATE)
    players = fresh(at, losses[0], rate, constraint)
    latents = Streams(at.seeds, "probe").normal(PROBE, LATENT)
    looks = moments(steps, 20)
    seen: dict[str, list[Tensor]] = {loss: [] for loss in losses}
    for done in trained(players, at, steps):
        if done in looks:
            progress(done, steps)
            for loss in losses:
                seen[loss].append(norms(generator_gradients(players, loss, latents)))
    stacked = {loss: torch.stack(values, 1) for loss, values in seen.items()}
    return {
        loss: Digits(looks, {stage: values[at.of(stage)].tolist() for stage in STAGES})
        for loss, values in stacked.items()
    }
