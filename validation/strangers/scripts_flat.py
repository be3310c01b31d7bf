"""Scripts on points and tables, each in the manner of somebody else."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody writes it
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import ganscope as gs

from .data import Rows
from .played import Played, Settings, fitted, optimizer_of, perceptron, shown


def label_tensors(s: Settings, rows: Rows) -> Iterator[Played]:
    """`BCEWithLogitsLoss` with tensors of ones and zeros; epochs over a loader; losses handed over."""
    rows = shown(s, rows)
    size = rows.train.shape[1]
    net, latent = fitted(perceptron(s.latent, s.width, size, s.depth, s.activation, s.norm), s)
    d = perceptron(size, s.d_width, 1, s.depth, s.d_activation, s.d_norm, s.dropout)
    opt_g, opt_d = optimizer_of(net, s.g_lr, s), optimizer_of(d, s.d_lr, s)
    criterion = nn.BCEWithLogitsLoss()
    ones = torch.ones(s.batch, 1)
    zeros = torch.zeros(s.batch, 1)
    if s.mistake == "swapped":
        ones, zeros = zeros, ones
    if s.mistake == "forgotten":
        opt_g = optimizer_of(perceptron(s.latent, 4, size, 1, "relu"), s.g_lr, s)
    name = "minimax" if s.saturating else "non-saturating"
    scope = gs.watch(net, d, name, real=rows.held, latent=latent)
    loader = DataLoader(TensorDataset(rows.train), min(s.batch, len(rows.train)), shuffle=True)

    def g_cost(scores: Tensor) -> Tensor:
        return -F.softplus(scores).mean() if s.saturating else F.softplus(-scores).mean()

    played = Played(scope, net, d, latent, rows, g_cost)
    step = 0
    while step < s.steps:
        for (real,) in loader:
            n = len(real)
            for _ in range(s.n_critic):
                fake = net(latent(n))
                loss_d = criterion(d(real), ones[:n]) + criterion(d(fake.detach()), zeros[:n])
                opt_d.zero_grad()
                loss_d.backward()
                opt_d.step()
            fake = net(latent(n))
            out = d(fake.detach() if s.mistake == "detached" else fake)
            loss_g = -criterion(out, zeros[:n]) if s.saturating else criterion(out, torch.ones(n, 1))
            opt_g.zero_grad()
            loss_g.backward()
            opt_g.step()
            scope.step(real=real, d_loss=loss_d.item(), g_loss=loss_g.item())
            played.losses = loss_d.item(), loss_g.item()
            step += 1
            yield played
            if step == s.steps:
                break


def probabilities(s: Settings, rows: Rows) -> Iterator[Played]:
    """A sigmoid and `BCELoss`, the loss functions handed over as a pair, `step()` without arguments."""
    rows = shown(s, rows)
    size = rows.train.shape[1]
    generator, latent = fitted(perceptron(s.latent, s.width, size, s.depth, s.activation, s.norm), s)
    discriminator = perceptron(size, s.d_width, 1, s.depth, s.d_activation, s.d_norm, s.dropout)
    discriminator.append(nn.Sigmoid())
    bce = nn.BCEWithLogitsLoss() if s.mistake == "twice" else nn.BCELoss()

    def d_loss(real: Tensor, fake: Tensor) -> Tensor:
        both: Tensor = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
        return both

    def g_loss(fake: Tensor) -> Tensor:
        loss: Tensor = bce(fake, torch.ones_like(fake))
        return loss

    scope = gs.watch(generator, discriminator, (d_loss, g_loss), real=rows.held, latent=latent)
    played = Played(scope, generator, discriminator, latent, rows, g_loss, sigmoid=True)
    g_opt, d_opt = optimizer_of(generator, s.g_lr, s), optimizer_of(discriminator, s.d_lr, s)
    for _ in range(s.steps):
        for _ in range(s.n_critic):
            x = rows.train[torch.randint(0, len(rows.train), (s.batch,))]
            d_opt.zero_grad()
            loss = d_loss(discriminator(x), discriminator(generator(latent(s.batch)).detach()))
            loss.backward()  # type: ignore[no-untyped-call]
            d_opt.step()
        g_opt.zero_grad()
        cost = g_loss(discriminator(generator(latent(s.batch))))
        cost.backward()  # type: ignore[no-untyped-call]
        g_opt.step()
        played.losses = loss.item(), cost.item()
        scope.step()
        yield played


def squares(s: Settings, rows: Rows) -> Iterator[Played]:
    """Least squares, one optimiser step for both networks where asked, rates that halve on the way."""
    rows = shown(s, rows)
    data = rows.train
    g, latent = fitted(perceptron(s.latent, s.width, data.shape[1], s.depth, s.activation, s.norm), s)
    d = perceptron(data.shape[1], s.d_width, 1, s.depth, s.d_activation, s.d_norm, s.dropout)
    optim_g, optim_d = optimizer_of(g, s.g_lr, s), optimizer_of(d, s.d_lr, s)
    handed = [optim_g, optim_d]
    if s.mistake == "shared":
        both = torch.optim.Adam([*g.parameters(), *d.parameters()], s.g_lr, betas=s.betas)
        handed = [both, both]
    schedules = [torch.optim.lr_scheduler.StepLR(o, max(1, s.steps // 2), 0.5) for o in (optim_g, optim_d)]
    scope = gs.watch(g, d, "least-squares", real=rows.held, latent=latent, optimizers=handed)
    played = Played(scope, g, d, latent, rows, lambda scores: (scores - 1).square().mean() / 2)
    for _ in range(s.steps):
        x = data[torch.randint(len(data), (s.batch,))]
        x_fake = g(latent(s.batch))
        d_error = ((d(x) - 1) ** 2).mean() / 2 + (d(x_fake.detach()) ** 2).mean() / 2
        handed[1].zero_grad()
        d_error.backward()
        handed[1].step()
        g_error = ((d(g(latent(s.batch))) - 1) ** 2).mean() / 2
        handed[0].zero_grad()
        g_error.backward()
        handed[0].step()
        if s.mistake != "shared":
            for schedule in schedules:
                schedule.step()
        scope.step(x, d_loss=d_error, g_loss=g_error)
        played.losses = d_error.item(), g_error.item()
        yield played


def zero_centred(s: Settings, rows: Rows) -> Iterator[Played]:
    """Softplus losses with R1 written by hand; the training rows are handed over."""
    rows = shown(s, rows)
    dims = rows.train.shape[1]
    net_g, noise = fitted(perceptron(s.latent, s.width, dims, s.depth, s.activation, s.norm), s)
    net_d = perceptron(dims, s.d_width, 1, s.depth, s.d_activation, s.d_norm, s.dropout)
    g_optim, d_optim = optimizer_of(net_g, s.g_lr, s), optimizer_of(net_d, s.d_lr, s)
    scope = gs.watch(net_g, net_d, real=rows.held, latent=noise, constraint="r1", constraint_weight=s.weight,
                     train=rows.train, optimizers=(g_optim, d_optim))  # fmt: skip
    played = Played(scope, net_g, net_d, noise, rows, lambda scores: F.softplus(-scores).mean())
    for _ in range(s.steps):
        for _ in range(s.n_critic):
            real = rows.train[torch.randperm(len(rows.train))[: s.batch]].requires_grad_()
            out = net_d(real)
            (slope,) = torch.autograd.grad(out.sum(), real, create_graph=True)
            r1 = slope.pow(2).sum(1).mean()
            d_loss = F.softplus(-out).mean() + F.softplus(net_d(net_g(noise(s.batch)).detach())).mean()
            d_optim.zero_grad(set_to_none=True)
            (d_loss + s.weight / 2 * r1).backward()  # type: ignore[no-untyped-call]
            d_optim.step()
        g_loss = F.softplus(-net_d(net_g(noise(s.batch)))).mean()
        g_optim.zero_grad(set_to_none=True)
        g_loss.backward()  # type: ignore[no-untyped-call]
        g_optim.step()
        scope.step(real=real.detach(), d_loss=d_loss.detach(), g_loss=g_loss.detach())
        played.losses = d_loss.item(), g_loss.item()
        yield played


def spectral_hinge(s: Settings, rows: Rows) -> Iterator[Played]:
    """Hinge losses under `spectral_norm`, and an average of the generator's weights kept beside it."""
    rows = shown(s, rows)
    size = rows.train.shape[1]
    generator, z = fitted(perceptron(s.latent, s.width, size, s.depth, s.activation, s.norm), s)
    disc = perceptron(size, s.d_width, 1, s.depth, s.d_activation, "", s.dropout)
    for layer in disc:
        if isinstance(layer, nn.Linear) and s.mistake != "bare":
            nn.utils.parametrizations.spectral_norm(layer)
    averaged = torch.optim.swa_utils.AveragedModel(
        generator, avg_fn=lambda old, new, _: 0.99 * old + 0.01 * new
    )
    opt = {"g": optimizer_of(generator, s.g_lr, s), "d": optimizer_of(disc, s.d_lr, s)}
    scope = gs.watch(generator, disc, "hinge", real=rows.held, latent=z)
    played = Played(scope, generator, disc, z, rows, lambda scores: -scores.mean())
    for _ in range(s.steps):
        for _ in range(s.n_critic):
            batch = rows.train[torch.randint(len(rows.train), (s.batch,))]
            loss_d = F.relu(1 - disc(batch)).mean() + F.relu(1 + disc(generator(z(s.batch)).detach())).mean()
            opt["d"].zero_grad()
            loss_d.backward()  # type: ignore[no-untyped-call]
            opt["d"].step()
        loss_g = -disc(generator(z(s.batch))).mean()
        opt["g"].zero_grad()
        loss_g.backward()
        opt["g"].step()
        averaged.update_parameters(generator)
        scope.step(real=batch, d_loss=loss_d, g_loss=loss_g)
        played.losses = loss_d.item(), loss_g.item()
        yield played
