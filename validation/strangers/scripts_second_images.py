"""Scripts of the second kept half on pictures: enlarging before convolving, residual blocks, and labels."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody writes it
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

import ganscope as gs

from .data import Rows
from .played import Played, Settings, fitted, optimizer_of, shown


def norm2d(channels: int, norm: str) -> nn.Module:
    """Batch normalisation, one group of channels, or nothing."""
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(1, channels) if norm else nn.Identity()


def enlarging(s: Settings, channels: int, size: int) -> nn.Sequential:
    """Linear, then twice `Upsample` and a convolution."""
    w = s.width
    return nn.Sequential(
        nn.Linear(s.latent, w * (size // 4) ** 2),
        nn.Unflatten(1, (w, size // 4, size // 4)),
        norm2d(w, s.norm),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(w, w, 3, 1, 1),
        norm2d(w, s.norm),
        nn.LeakyReLU(0.2),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(w, w // 2, 3, 1, 1),
        norm2d(w // 2, s.norm),
        nn.LeakyReLU(0.2),
        nn.Conv2d(w // 2, channels, 3, 1, 1),
        nn.Tanh(),
    )


def striding(s: Settings, channels: int, size: int) -> nn.Sequential:
    """Strided convolutions with Dropout, and a linear layer."""
    w = s.d_width
    return nn.Sequential(
        nn.Conv2d(channels, w, 3, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Dropout2d(s.dropout),
        nn.Conv2d(w, 2 * w, 3, 2, 1),
        norm2d(2 * w, s.d_norm),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(2 * w * (size // 4) ** 2, 1),
    )


def upsampling(s: Settings, rows: Rows) -> Iterator[Played]:
    """`Upsample` and convolutions, Kaiming weights, targets of a smoothed 0.9 or least squares."""
    rows = shown(s, rows)
    if s.mistake == "unscaled":
        rows = rows.in_bytes()
    channels, size = rows.train.shape[1:3]
    generator, latent = fitted(enlarging(s, channels, size), s)
    discriminator = striding(s, channels, size)
    if s.mistake == "twice":
        discriminator.append(nn.Sigmoid())
    for layer in [*generator.modules(), *discriminator.modules()]:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, 0.2, nonlinearity="leaky_relu")
    squares = s.objective == "least-squares"

    def cost(scores: Tensor, target: float) -> Tensor:
        wanted = torch.full_like(scores, target)
        if squares:
            return F.mse_loss(scores, wanted) / 2
        return F.binary_cross_entropy_with_logits(scores, wanted)

    def g_cost(scores: Tensor) -> Tensor:
        return -cost(scores, 0.0) if s.saturating else cost(scores, 1.0)

    d_opt, g_opt = optimizer_of(discriminator, s.d_lr, s), optimizer_of(generator, s.g_lr, s)
    name = "minimax" if s.saturating else s.objective or "non-saturating"
    scope = gs.watch(generator, discriminator, name, real=rows.held, latent=latent)
    played = Played(scope, generator, discriminator, latent, rows, g_cost, sigmoid=s.mistake == "twice")
    for step in range(s.steps):
        if s.mistake == "eval" and step == 20:
            generator.eval()  # to save a picture, and never back
        for _ in range(s.n_critic):
            imgs = rows.train[torch.randint(len(rows.train), (s.batch,))]
            d_loss = cost(discriminator(imgs), 1.0 if squares else 0.9)
            d_loss = d_loss + cost(discriminator(generator(latent(s.batch)).detach()), 0.0)
            d_opt.zero_grad()
            d_loss.backward()  # type: ignore[no-untyped-call]
            d_opt.step()
        g_loss = g_cost(discriminator(generator(latent(s.batch))))
        g_opt.zero_grad()
        g_loss.backward()  # type: ignore[no-untyped-call]
        g_opt.step()
        scope.step(imgs, d_loss=d_loss, g_loss=g_loss)
        played.losses = d_loss.item(), g_loss.item()
        yield played


class Down(nn.Module):
    """A residual block that halves a picture, with spectral normalisation where asked."""

    def __init__(self, inputs: int, outputs: int, spectral: bool) -> None:
        super().__init__()
        layers = (nn.Conv2d(inputs, outputs, 3, 1, 1), nn.Conv2d(outputs, outputs, 3, 1, 1),
                  nn.Conv2d(inputs, outputs, 1))  # fmt: skip
        self.first, self.second, self.beside = (spectral_norm(c) if spectral else c for c in layers)

    def forward(self, x: Tensor) -> Tensor:
        """Two convolutions, and one beside them."""
        h = self.second(F.relu(self.first(F.relu(x))))
        out: Tensor = F.avg_pool2d(h + self.beside(x), 2)
        return out


class Blocks(nn.Module):
    """Residual blocks, a sum over places, a linear score."""

    def __init__(self, s: Settings, channels: int) -> None:
        super().__init__()
        spectral = s.mistake != "bare"
        w = s.d_width
        self.body = nn.Sequential(Down(channels, w, spectral), Down(w, 2 * w, spectral))
        head = nn.Linear(2 * s.d_width, 1)
        self.head = spectral_norm(head) if spectral else head

    def forward(self, x: Tensor) -> Tensor:
        """Pictures to scores `[B]`."""
        out: Tensor = self.head(F.relu(self.body(x)).sum((2, 3))).squeeze(1)
        return out


def residual(s: Settings, rows: Rows) -> Iterator[Played]:
    """A discriminator of residual blocks, hinge losses, spectral normalisation, rates that fall in a line."""
    rows = shown(s, rows)
    channels, size = rows.train.shape[1:3]
    gen, latent = fitted(enlarging(s, channels, size), s)
    dis = Blocks(s, channels)
    opt_gen, opt_dis = optimizer_of(gen, s.g_lr, s), optimizer_of(dis, s.d_lr, s)
    falls = [
        torch.optim.lr_scheduler.LambdaLR(o, lambda k: max(0.05, 1 - k / s.steps)) for o in (opt_gen, opt_dis)
    ]
    held_by = None if s.mistake == "bare" else "spectral-norm"
    scope = gs.watch(gen, dis, "hinge", real=rows.held, latent=latent, constraint=held_by)
    played = Played(scope, gen, dis, latent, rows, lambda scores: -scores.mean())
    for _ in range(s.steps):
        for _ in range(s.n_critic):
            x = rows.train[torch.randint(len(rows.train), (s.batch,))]
            with torch.no_grad():
                x_fake = gen(latent(s.batch))
            loss_dis = torch.relu(1.0 - dis(x)).mean() + torch.relu(1.0 + dis(x_fake)).mean()
            opt_dis.zero_grad()
            loss_dis.backward()  # type: ignore[no-untyped-call]
            opt_dis.step()
        loss_gen = -dis(gen(latent(s.batch))).mean()
        opt_gen.zero_grad()
        loss_gen.backward()
        opt_gen.step()
        for fall in falls:
            fall.step()
        scope.step(real=x, d_loss=loss_dis, g_loss=loss_gen)
        played.losses = loss_dis.item(), loss_gen.item()
        yield played


class Labelled(nn.Module):
    """Takes rows, or latents, with a label in one column a class."""

    def __init__(self, inputs: int, classes: int, width: int, shape: tuple[int, ...], norm: str) -> None:
        super().__init__()
        self.classes, self.shape = classes, shape
        self.fc = nn.Sequential(
            nn.Linear(inputs + classes, width),
            nn.BatchNorm1d(width) if norm else nn.Identity(),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, math.prod(shape)),
        )

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """What the layers make of both."""
        out: Tensor = self.fc(torch.cat([x.flatten(1), F.one_hot(y, self.classes)], 1))
        return out.view(-1, *self.shape).tanh() if len(self.shape) == 3 else out


def with_labels(s: Settings, rows: Rows) -> Iterator[Played]:
    """Labels in one column a class for both networks; fakes take the labels of the real batch."""
    rows = shown(s, rows)
    shape, classes = tuple(rows.train.shape[1:]), int(rows.held_kinds.max()) + 1
    G = Labelled(s.latent, classes, s.width, shape, s.norm)  # noqa: N806
    D = Labelled(math.prod(shape), classes, s.d_width, (1,), "")  # noqa: N806
    opt_G, opt_D = optimizer_of(G, s.g_lr, s), optimizer_of(D, s.d_lr, s)  # noqa: N806

    def latent(n: int) -> tuple[Tensor, Tensor]:
        return torch.randn(n, s.latent), rows.train_kinds[torch.randint(len(rows.train_kinds), (n,))]

    scope = gs.watch(G, D, "least-squares", real=(rows.held, rows.held_kinds), latent=latent)
    played = Played(scope, G, D, latent, rows, lambda v: (v - 1).square().mean() / 2, conditional=True)
    for _ in range(s.steps):
        for _ in range(s.n_critic):
            pick = torch.randint(len(rows.train), (s.batch,))
            x, y = rows.train[pick], rows.train_kinds[pick]
            fake = G(torch.randn(s.batch, s.latent), y)
            loss_D = 0.5 * (D(x, y) - 1).square().mean() + 0.5 * D(fake.detach(), y).square().mean()  # noqa: N806
            opt_D.zero_grad()
            loss_D.backward()
            opt_D.step()
        seen = fake.detach() if s.mistake == "detached" else G(torch.randn(s.batch, s.latent), y)
        loss_G = 0.5 * (D(seen, y) - 1).square().mean()  # noqa: N806
        opt_G.zero_grad()
        loss_G.backward()
        opt_G.step()
        scope.step(real=(x, y), d_loss=loss_D, g_loss=loss_G)
        played.losses = loss_D.item(), loss_G.item()
        yield played
