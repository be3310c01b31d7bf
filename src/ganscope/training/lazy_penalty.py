"""Lazy regularisation: a penalty that is part of every k-th update of the discriminator, weighted by k.

It joins the loss there, so there are no more optimiser steps than without, and rates and betas stay as they
are. StyleGAN2 takes a separate step for the penalty and lowers Adam's rate and betas to make up for it. With
SGD, k steps add up to what they did before; Adam's second moment sees `k g^2` in place of `g^2`.

Karras et al., Analyzing and Improving the Image Quality of StyleGAN, CVPR 2020, section 3.1.
"""

from __future__ import annotations

from ganscope.training.state import Runs
from ganscope.training.step import DiscriminatorStep, Game


def in_force(runs: Runs, update: int) -> Game:
    """The game of one update of the discriminator: without its penalties where they are not due."""
    return runs.game if update % runs.config.penalty_every == 0 else runs.game._replace(terms=())


def with_last(runs: Runs, update: int, seen: DiscriminatorStep) -> DiscriminatorStep:
    """Report the penalty of the last update it was part of, as it would be in every update."""
    every = runs.config.penalty_every
    if every == 1:
        return seen
    if update % every == 0:
        runs.last_penalty = seen.penalty / every
    assert runs.last_penalty is not None  # noqa: S101 - update 0 has one
    return seen._replace(penalty=runs.last_penalty)
