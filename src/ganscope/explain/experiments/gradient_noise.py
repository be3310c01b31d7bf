"""Signal and noise of a generator's gradient, as a fresh discriminator trains against it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ganscope.explain.answer import Progress
from ganscope.explain.experiments.fixed_generator import UNCONSTRAINED, moments, norms
from ganscope.explain.experiments.seeds import Streams
from ganscope.explain.experiments.stages import LATENT, STAGES, Frozen, fresh, generator_gradients, trained

MINIBATCHES, SMALL = 32, 32
"""How many minibatches are compared, and their size."""
RATE = 1e-3


class Noise(NamedTuple):
    """The generator's gradient over minibatches, `[seed][look]` by stage of the generator."""

    steps: list[int]
    signal: dict[str, list[list[float]]]
    """Norm of the mean gradient."""
    variance: dict[str, list[list[float]]]
    """Mean squared distance of a minibatch's gradient from the mean one."""


def noise(at: Frozen, losses: tuple[str, ...], steps: int, progress: Progress) -> dict[str, Noise]:
    """Train fresh discriminators by cross-entropy; measure signal and noise of the generators' gradients.

    Args:
        at: the generators.
        losses: keys of `OBJECTIVES` whose discriminator loss is the cross-entropy.
        steps: of Adam, rate 1e-3.
        progress: of this training.

    Returns:
        What was measured, by loss.
    """
    players = fresh(at, losses[0], RATE, UNCONSTRAINED)
    batches = Streams(at.seeds, "minibatches")
    probes = [batches.normal(SMALL, LATENT) for _ in range(MINIBATCHES)]
    looks = moments(steps, 10)
    signal: dict[str, list[Tensor]] = {loss: [] for loss in losses}
    variance: dict[str, list[Tensor]] = {loss: [] for loss in losses}
    for done in trained(players, at, steps):
        progress(done, steps)
        for loss in losses if done in looks else ():
            each = [generator_gradients(players, loss, latents) for latents in probes]
            mean = [torch.stack(g).double().mean(0) for g in zip(*each, strict=True)]
            apart = [norms([a - m for a, m in zip(g, mean, strict=True)]) for g in each]
            signal[loss].append(norms(mean))
            variance[loss].append(torch.stack(apart).square().sum(0) / (MINIBATCHES - 1))

    def by_stage(values: list[Tensor]) -> dict[str, list[list[float]]]:
        table = torch.stack(values, 1)
        return {stage: table[at.of(stage)].tolist() for stage in STAGES}

    return {loss: Noise(looks, by_stage(signal[loss]), by_stage(variance[loss])) for loss in losses}
