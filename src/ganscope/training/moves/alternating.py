"""Alternating updates: the discriminator `n_critic` times, then the generator once.

Each player has latents of its own, and the generator meets the discriminator already updated.

Goodfellow et al., Generative Adversarial Nets, NeurIPS 2014, algorithm 1.
"""

from __future__ import annotations

from ganscope.training import batches, lazy_penalty
from ganscope.training.state import Runs
from ganscope.training.step import DiscriminatorStep, GeneratorStep, train_discriminator, train_generator


def move(runs: Runs) -> tuple[DiscriminatorStep, GeneratorStep]:
    """Take an alternating step of every run; the last update of the discriminator is reported."""
    for critic_step in range(runs.config.n_critic):
        update = runs.step * runs.config.n_critic + critic_step
        game = lazy_penalty.in_force(runs, update)
        given = batches.draw(runs, game, update)
        d_step = lazy_penalty.with_last(runs, update, train_discriminator(game, *given))
    return d_step, train_generator(game, given.batch, batches.latent(runs), batches.blur(runs))
