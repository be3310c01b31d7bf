"""One training step of four GANs in plain PyTorch, as one would write it for a single run and nothing else.

The yardstick of the benchmarks: same networks, data, noise, optimiser and learning rates as ganscope's step,
and the same numbers (tests/study/test_by_hand.py), without history, checkpoints or per-sample losses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import softplus

from ganscope.config import RunConfig

Step = Callable[[int], None]
"""Takes the training step of a number, counted from 0."""


class Draws(NamedTuple):
    """Where a run's random numbers come from."""

    noise: Generator
    penalty: Generator
    order: Callable[[int], Tensor]
    """Epoch -> permutation of the training rows."""


def non_saturating(
    generator: nn.Module, discriminator: nn.Module, rows: Tensor, config: RunConfig, draws: Draws
) -> Step:
    """Write the original GAN with flipped labels: binary cross-entropy for both players."""
    g_optimizer = _adam(generator, config, config.g_lr)
    d_optimizer = _adam(discriminator, config, config.d_lr)
    batch = _loader(rows, config, draws)
    size, latent_dim, dtype = config.batch_size, config.latent_dim, rows.dtype

    def step(number: int) -> None:
        _set_rates(config, number, g_optimizer, d_optimizer)
        for critic_step in range(config.n_critic):
            real = batch(number * config.n_critic + critic_step)
            with torch.no_grad():
                fake = generator(torch.randn(size, latent_dim, generator=draws.noise, dtype=dtype))
            logits = discriminator(torch.cat([real, fake]))
            loss = softplus(-logits[:size]).mean() + softplus(logits[size:]).mean()
            d_optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            d_optimizer.step()
        # no gradients for weights that are not updated: a third of the generator's backward pass
        discriminator.requires_grad_(False)
        fake = generator(torch.randn(size, latent_dim, generator=draws.noise, dtype=dtype))
        loss = softplus(-discriminator(fake)).mean()
        g_optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        g_optimizer.step()
        discriminator.requires_grad_(True)

    return step


def wgan_gp(generator: nn.Module, critic: nn.Module, rows: Tensor, config: RunConfig, draws: Draws) -> Step:
    """Write the Wasserstein GAN with gradient penalty."""
    g_optimizer = _adam(generator, config, config.g_lr)
    d_optimizer = _adam(critic, config, config.d_lr)
    batch = _loader(rows, config, draws)
    size, latent_dim, dtype = config.batch_size, config.latent_dim, rows.dtype
    one_per_row = (size, *[1] * (rows.ndim - 1))

    def step(number: int) -> None:
        _set_rates(config, number, g_optimizer, d_optimizer)
        for critic_step in range(config.n_critic):
            real = batch(number * config.n_critic + critic_step)
            with torch.no_grad():
                fake = generator(torch.randn(size, latent_dim, generator=draws.noise, dtype=dtype))
                epsilon = torch.rand(one_per_row, generator=draws.penalty, dtype=dtype)
                between = torch.lerp(fake, real, epsilon)
            between.requires_grad_()
            scores = critic(torch.cat([real, fake]))
            (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
            penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
            loss = scores[size:].mean() - scores[:size].mean() + config.penalty_weight * penalty
            d_optimizer.zero_grad(set_to_none=True)
            loss.backward()
            d_optimizer.step()
        critic.requires_grad_(False)
        fake = generator(torch.randn(size, latent_dim, generator=draws.noise, dtype=dtype))
        loss = -critic(fake).mean()
        g_optimizer.zero_grad(set_to_none=True)
        loss.backward()
        g_optimizer.step()
        critic.requires_grad_(True)

    return step


def wgan(generator: nn.Module, critic: nn.Module, rows: Tensor, config: RunConfig, draws: Draws) -> Step:
    """Write the first Wasserstein GAN, whose critic's weights are clipped."""
    g_optimizer = _adam(generator, config, config.g_lr)
    d_optimizer = _adam(critic, config, config.d_lr)
    batch = _loader(rows, config, draws)
    size, latent_dim, dtype = config.batch_size, config.latent_dim, rows.dtype
    weights: list[Tensor] = list(critic.parameters())

    def step(number: int) -> None:
        _set_rates(config, number, g_optimizer, d_optimizer)
        for critic_step in range(config.n_critic):
            real = batch(number * config.n_critic + critic_step)
            with torch.no_grad():
                fake = generator(torch.randn(size, latent_dim, generator=draws.noise, dtype=dtype))
            scores = critic(torch.cat([real, fake]))
            loss = scores[size:].mean() - scores[:size].mean()
            d_optimizer.zero_grad(set_to_none=True)
            loss.backward()
            d_optimizer.step()
            with torch.no_grad():
                torch._foreach_clamp_min_(weights, -config.clip)
                torch._foreach_clamp_max_(weights, config.clip)
        critic.requires_grad_(False)
        fake = generator(torch.randn(size, latent_dim, generator=draws.noise, dtype=dtype))
        loss = -critic(fake).mean()
        g_optimizer.zero_grad(set_to_none=True)
        loss.backward()
        g_optimizer.step()
        critic.requires_grad_(True)

    return step


def r1(generator: nn.Module, discriminator: nn.Module, rows: Tensor, config: RunConfig, draws: Draws) -> Step:
    """Write the non-saturating GAN with a penalty on the discriminator's slope at real rows."""
    g_optimizer = _adam(generator, config, config.g_lr)
    d_optimizer = _adam(discriminator, config, config.d_lr)
    batch = _loader(rows, config, draws)
    size, latent_dim, dtype = config.batch_size, config.latent_dim, rows.dtype

    def step(number: int) -> None:
        _set_rates(config, number, g_optimizer, d_optimizer)
        for critic_step in range(config.n_critic):
            real = batch(number * config.n_critic + critic_step).requires_grad_()
            with torch.no_grad():
                fake = generator(torch.randn(size, latent_dim, generator=draws.noise, dtype=dtype))
            real_logits = discriminator(real)
            (slope,) = torch.autograd.grad(real_logits.sum(), real, create_graph=True)
            penalty = slope.flatten(1).square().sum(1).mean() / 2
            loss = softplus(-real_logits).mean() + softplus(discriminator(fake)).mean()
            d_optimizer.zero_grad(set_to_none=True)
            loss += config.penalty_weight * penalty
            loss.backward()  # type: ignore[no-untyped-call]
            d_optimizer.step()
        discriminator.requires_grad_(False)
        fake = generator(torch.randn(size, latent_dim, generator=draws.noise, dtype=dtype))
        loss = softplus(-discriminator(fake)).mean()
        g_optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        g_optimizer.step()
        discriminator.requires_grad_(True)

    return step


STEPS: dict[str, Callable[[nn.Module, nn.Module, Tensor, RunConfig, Draws], Step]] = {
    "non-saturating": non_saturating,
    "r1": r1,
    "wgan": wgan,
    "wgan-gp": wgan_gp,
}
"""The hand-written step of each recipe."""


def _adam(network: nn.Module, config: RunConfig, rate: float) -> torch.optim.Adam:
    return torch.optim.Adam(network.parameters(), lr=rate, betas=(config.beta1, config.beta2), fused=True)


def _set_rates(
    config: RunConfig, step: int, g_optimizer: torch.optim.Optimizer, d_optimizer: torch.optim.Optimizer
) -> None:
    factor = 1.0 if config.decay == 0 else min(1.0, (config.steps - step) / (config.decay * config.steps))
    g_optimizer.param_groups[0]["lr"] = config.g_lr * factor
    d_optimizer.param_groups[0]["lr"] = config.d_lr * factor


def _loader(rows: Tensor, config: RunConfig, draws: Draws) -> Callable[[int], Tensor]:
    """Batches of a tensor in memory, every epoch in a fresh order."""
    size = config.batch_size
    per_epoch = len(rows) // size
    order = torch.empty(0)

    def batch(position: int) -> Tensor:
        nonlocal order
        epoch, number = divmod(position, per_epoch)
        if number == 0:
            order = draws.order(epoch)
        return rows[order[number * size : (number + 1) * size]]

    return batch
