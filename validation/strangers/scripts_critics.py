"""Scripts with a Wasserstein critic: clipped, penalised by hand, or held by nothing."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

import ganscope as gs

from .data import Rows
from .played import Played, Settings, fitted, optimizer_of, perceptron, shown


def clipped(s: Settings, rows: Rows) -> Iterator[Played]:
    """Clips weights after each critic step, with an endless loader inside; a critic that is not declared."""
    rows = shown(s, rows)
    size = rows.train.shape[1]
    netG, latent = fitted(perceptron(s.latent, s.width, size, s.depth, s.activation, s.norm), s)  # noqa: N806
    netD = perceptron(size, s.d_width, 1, s.depth, s.d_activation, s.d_norm)  # noqa: N806
    optimizerD, optimizerG = optimizer_of(netD, s.d_lr, s), optimizer_of(netG, s.g_lr, s)  # noqa: N806
    declared = None if s.mistake == "not declared" else "clipping"
    scope = gs.watch(netG, netD, "wasserstein", real=rows.held, latent=latent, constraint=declared)
    played = Played(scope, netG, netD, latent, rows, lambda scores: -scores.mean(), wasserstein=True)
    for _ in range(s.steps):
        for _ in range(s.n_critic):
            real = rows.train[torch.randint(len(rows.train), (s.batch,))]
            netD.zero_grad()
            errD = netD(netG(latent(s.batch)).detach()).mean() - netD(real).mean()  # noqa: N806
            errD.backward()
            optimizerD.step()
            for p in netD.parameters():
                p.data.clamp_(-s.clip, s.clip)
        netG.zero_grad()
        errG = -netD(netG(latent(s.batch))).mean()  # noqa: N806
        errG.backward()
        optimizerG.step()
        scope.step(real=real, d_loss=errD, g_loss=errG)
        played.losses = errD.item(), errG.item()
        yield played


def gradient_penalty(critic: nn.Module, real: Tensor, fake: Tensor, weight: float, mistake: str) -> Tensor:
    """The penalty as it is copied from script to script."""
    if mistake == "no penalty":
        return torch.zeros(())
    eps = torch.rand(len(real), *[1] * (real.ndim - 1))
    mixed = (eps * real + (1 - eps) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
    norm = slope.norm(2, dim=1) if mistake == "axis" else slope.flatten(1).norm(2, dim=1)
    cost: Tensor = weight * ((norm - 1) ** 2).mean()
    return cost


def penalised(s: Settings, rows: Rows) -> Iterator[Played]:
    """A gradient penalty written by hand; the generator is trained every few batches of the loader."""
    rows = shown(s, rows)
    flat = rows.train.ndim == 2
    size = rows.train[0].numel()
    shape = tuple(rows.train.shape[1:])
    body = perceptron(s.latent, s.width, size, s.depth, s.activation, s.norm)
    generator, latent = fitted(body if flat else nn.Sequential(body, nn.Tanh(), nn.Unflatten(1, shape)), s)
    critic = perceptron(size, s.d_width, 1, s.depth, s.d_activation, s.d_norm)
    if not flat:
        critic = nn.Sequential(nn.Flatten(), *critic)
    g_opt, c_opt = optimizer_of(generator, s.g_lr, s), optimizer_of(critic, s.d_lr, s)

    def penalty(f: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        return gradient_penalty(f, real, fake, s.weight, s.mistake)

    constraint = {"no penalty": None, "own": penalty, "axis": penalty}.get(s.mistake, "gradient-penalty")
    weight = s.weight if constraint == "gradient-penalty" else None
    scope = gs.watch(generator, critic, "wasserstein", real=rows.held, latent=latent, constraint=constraint,
                     constraint_weight=weight, optimizers=(g_opt, c_opt))  # fmt: skip
    played = Played(scope, generator, critic, latent, rows, lambda scores: -scores.mean(), wasserstein=True)
    batches = 0
    done = 0
    while done < s.steps:
        order = torch.randperm(len(rows.train))
        for chunk in torch.split(order, min(s.batch, len(order))):
            if len(chunk) < 2:
                continue
            batches += 1
            real = rows.train[chunk]
            fake = generator(latent(len(real))).detach()
            gap = critic(fake).mean() - critic(real).mean()
            loss = (-gap if s.mistake == "swapped" else gap) + penalty(critic, real, fake)
            c_opt.zero_grad()
            loss.backward()
            c_opt.step()
            if batches % s.n_critic:
                continue
            g_loss = -critic(generator(latent(s.batch))).mean()
            g_opt.zero_grad()
            g_loss.backward()
            g_opt.step()
            scope.step(real=real, d_loss=loss, g_loss=g_loss)
            played.losses = loss.item(), g_loss.item()
            done += 1
            yield played
            if done == s.steps:
                break
