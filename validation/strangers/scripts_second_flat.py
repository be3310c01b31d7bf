"""Scripts of the second kept half: a Lightning module, a notebook's functions, the generator first."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody writes it
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import ganscope as gs

from .data import Rows
from .played import ACTIVATIONS, Played, Settings, fitted, optimizer_of, perceptron, shown


class Adversarial(nn.Module):
    """Both networks, a step for each, and their optimisers, in the manner of a Lightning module."""

    def __init__(self, s: Settings, size: int) -> None:
        super().__init__()
        self.s = s
        body = perceptron(s.latent, s.width, size, s.depth, s.activation, s.norm)
        self.generator, self.latent = fitted(body, s)
        self.discriminator = perceptron(size, s.d_width, 1, s.depth, s.d_activation, s.d_norm, s.dropout)
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    def adversarial_loss(self, scores: Tensor, target: float) -> Tensor:
        """Cross entropy with one target for all."""
        return F.binary_cross_entropy_with_logits(scores, torch.full_like(scores, target))

    def generator_loss(self, scores: Tensor) -> Tensor:
        """Of scores of fakes."""
        if self.s.mistake == "not flipped":
            return self.adversarial_loss(scores, 0.0)
        return (
            -self.adversarial_loss(scores, 0.0) if self.s.saturating else self.adversarial_loss(scores, 1.0)
        )

    def training_step(self, real: Tensor, optimizer_idx: int) -> Tensor:
        """The loss of the generator (0) or of the discriminator (1)."""
        fake = self.generator(self.latent(len(real)))
        if optimizer_idx == 0:
            seen = fake.detach() if self.s.mistake == "detached" else fake
            return self.generator_loss(self.discriminator(seen))
        d_fake = self.adversarial_loss(self.discriminator(fake.detach()), 0.0)
        return self.adversarial_loss(self.discriminator(real), 1.0) + d_fake

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """Of the generator and of the discriminator."""
        second = self.generator if self.s.mistake == "frozen" else self.discriminator
        return [optimizer_of(self.generator, self.s.g_lr, self.s), optimizer_of(second, self.s.d_lr, self.s)]


def lightning(s: Settings, rows: Rows) -> Iterator[Played]:
    """A module with `training_step` and `configure_optimizers`, driven by a trainer of a few lines."""
    rows = shown(s, rows)
    module = Adversarial(s, rows.train.shape[1])
    name = "minimax" if s.saturating else "non-saturating"
    scope = gs.watch(module.generator, module.discriminator, name, real=rows.held, latent=module.latent)
    played = Played(scope, module.generator, module.discriminator, module.latent, rows, module.generator_loss)
    optimizers = module.configure_optimizers()
    loader = DataLoader(
        TensorDataset(rows.train), min(s.batch, len(rows.train)), shuffle=True, drop_last=True
    )
    batches = 0
    for _ in range(10**6):
        for (batch,) in loader:
            batches += 1
            turns = (1,) if batches % s.n_critic else (1, 0)
            losses = {}
            for k in turns:
                loss = module.training_step(batch, k)
                optimizers[k].zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizers[k].step()
                losses[k] = loss.item()
            if turns == (1,):
                continue
            scope.step(real=batch, d_loss=losses[1], g_loss=losses[0])
            played.losses = losses[1], losses[0]
            yield played
            if batches == s.steps * s.n_critic:
                return


def notebook(s: Settings, rows: Rows) -> Iterator[Played]:
    """Cells of a notebook: NumPy batches, `ones_target`, a function to train each network, Dropout."""
    rows = shown(s, rows)
    data, rng = rows.train.numpy(), np.random.default_rng(s.seed)
    generator, noise = fitted(perceptron(s.latent, s.width, data.shape[1], s.depth, s.activation, s.norm), s)
    discriminator = perceptron(data.shape[1], s.d_width, 1, s.depth, s.d_activation, s.d_norm, s.dropout)
    if s.mistake == "twice":
        discriminator.append(nn.Sigmoid())
    d_optimizer, g_optimizer = optimizer_of(discriminator, s.d_lr, s), optimizer_of(generator, s.g_lr, s)
    loss = nn.BCEWithLogitsLoss()

    def ones_target(size: int) -> Tensor:
        return torch.ones(size, 1)

    def zeros_target(size: int) -> Tensor:
        return torch.zeros(size, 1)

    def train_discriminator(real_data: Tensor, fake_data: Tensor) -> float:
        d_optimizer.zero_grad()
        error_real = loss(discriminator(real_data), ones_target(len(real_data)))
        error_real.backward()
        error_fake = loss(discriminator(fake_data), zeros_target(len(fake_data)))
        error_fake.backward()
        d_optimizer.step()
        return float(error_real.detach() + error_fake.detach())

    def generator_loss(prediction: Tensor) -> Tensor:
        if s.saturating:
            return -F.softplus(prediction).mean()
        cost: Tensor = loss(prediction, ones_target(len(prediction)))
        return cost

    def train_generator(fake_data: Tensor) -> float:
        g_optimizer.zero_grad()
        error = generator_loss(discriminator(fake_data))
        error.backward()  # type: ignore[no-untyped-call]
        g_optimizer.step()
        return float(error.detach())

    scope = gs.watch(generator, discriminator, "minimax" if s.saturating else "non-saturating",
                     real=rows.held, latent=noise)  # fmt: skip
    played = Played(
        scope, generator, discriminator, noise, rows, generator_loss, sigmoid=s.mistake == "twice"
    )
    for _ in range(s.steps):
        for _ in range(s.n_critic):
            real = torch.from_numpy(data[rng.integers(0, len(data), s.batch)])
            d_error = train_discriminator(real, generator(noise(s.batch)).detach())
        g_error = train_generator(generator(noise(s.batch)))
        scope.step(real=real, d_loss=d_error, g_loss=g_error)
        played.losses = d_error, g_error
        yield played


def block(inputs: int, outputs: int, s: Settings, normalize: bool = True) -> list[nn.Module]:
    """Linear, batch normalisation where asked, an activation."""
    layers: list[nn.Module] = [nn.Linear(inputs, outputs)]
    if normalize and s.norm:
        layers.append(nn.BatchNorm1d(outputs, 0.8))
    return [*layers, ACTIVATIONS[s.activation]()]


def generator_first(s: Settings, rows: Rows) -> Iterator[Played]:
    """`valid` and `fake`; the generator's step before the discriminator's on the same samples."""
    rows = shown(s, rows)
    if s.mistake == "unscaled":
        rows = rows.in_bytes()
    shape = tuple(rows.train.shape[1:])
    size = math.prod(shape)
    hidden = [layer for _ in range(s.depth - 1) for layer in block(s.width, s.width, s)]
    end: list[nn.Module] = [nn.Tanh(), nn.Unflatten(1, shape)] if len(shape) == 3 else []
    generator, latent = fitted(
        nn.Sequential(*block(s.latent, s.width, s, False), *hidden, nn.Linear(s.width, size), *end), s
    )
    discriminator = nn.Sequential(
        nn.Flatten(), *perceptron(size, s.d_width, 1, s.depth, s.d_activation, s.d_norm, s.dropout)
    )
    adversarial_loss = nn.MSELoss() if s.objective == "least-squares" else nn.BCEWithLogitsLoss()
    optimizer_G = optimizer_of(generator, s.g_lr, s)  # noqa: N806
    optimizer_D = optimizer_of(discriminator, s.d_lr, s)  # noqa: N806
    scope = gs.watch(generator, discriminator, s.objective or "non-saturating", real=rows.held,
                     latent=latent, optimizers=(optimizer_G, optimizer_D))  # fmt: skip

    def fooled(validity: Tensor) -> Tensor:
        cost: Tensor = adversarial_loss(validity, torch.ones_like(validity))
        return cost

    played = Played(scope, generator, discriminator, latent, rows, fooled)
    order = torch.randperm(len(rows.train))
    at = 0
    for step in range(s.steps):
        if at + s.batch > len(order):
            order, at = torch.randperm(len(order)), 0
        real = rows.train[order[at : at + s.batch]]
        at += 0 if s.mistake == "same batch" else s.batch
        valid, fake = torch.ones(len(real), 1), torch.zeros(len(real), 1)
        if s.mistake == "eval" and step == 20:
            generator.eval()  # to look at samples, and never back
        optimizer_G.zero_grad()
        gen = generator(latent(len(real)))
        g_loss = adversarial_loss(discriminator(gen), valid)
        g_loss.backward()
        optimizer_G.step()
        optimizer_D.zero_grad()
        real_loss = adversarial_loss(discriminator(real), valid)
        fake_loss = adversarial_loss(discriminator(gen.detach()), fake)
        d_loss = (real_loss + fake_loss) / 2
        d_loss.backward()
        optimizer_D.step()
        scope.step(real=real, d_loss=d_loss, g_loss=g_loss)
        played.losses = d_loss.item(), g_loss.item()
        yield played
