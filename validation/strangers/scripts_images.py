"""Scripts on pictures: convolutions, with or without labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody writes it
from torch import Tensor, nn

import ganscope as gs

from .data import Rows
from .played import Played, Settings, fitted, optimizer_of, shown


class DCGenerator(nn.Module):
    """Transposed convolutions from a quarter of the size."""

    def __init__(self, nz: int, ngf: int, nc: int, size: int, norm: bool) -> None:
        super().__init__()
        self.start, self.ngf = size // 4, ngf
        self.project = nn.Linear(nz, ngf * self.start**2)
        self.main = nn.Sequential(
            nn.BatchNorm2d(ngf) if norm else nn.Identity(),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf, ngf // 2, 4, 2, 1),
            nn.BatchNorm2d(ngf // 2) if norm else nn.Identity(),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf // 2, nc, 4, 2, 1),
            nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Tensor:
        """Latents `[B, nz]`, or `[B, nz, 1, 1]`, to pictures."""
        x: Tensor = self.main(self.project(z.flatten(1)).view(-1, self.ngf, self.start, self.start))
        return x


class DCDiscriminator(nn.Module):
    """Two strided convolutions and a linear layer."""

    def __init__(self, ndf: int, nc: int, size: int, norm: bool, spectral: bool, dropout: float) -> None:
        super().__init__()
        wrap: Callable[[nn.Module], nn.Module] = nn.utils.spectral_norm if spectral else nn.Sequential
        self.main = nn.Sequential(
            wrap(nn.Conv2d(nc, ndf, 4, 2, 1)),
            nn.LeakyReLU(0.2),
            nn.Dropout2d(dropout),
            wrap(nn.Conv2d(ndf, 2 * ndf, 4, 2, 1)),
            nn.BatchNorm2d(2 * ndf) if norm else nn.Identity(),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
        )
        self.head = wrap(nn.Linear(2 * ndf * (size // 4) ** 2, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Pictures to scores `[B]`."""
        score: Tensor = self.head(self.main(x))
        return score.view(-1)


def weights_init(m: nn.Module) -> None:
    """Normal weights of 0.02, as in the DCGAN paper."""
    if isinstance(m, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(m.weight, 0.0, 0.02)


def dcgan(s: Settings, rows: Rows) -> Iterator[Played]:
    """The tutorial's loop: real batch, fake batch, generator; labels filled anew."""
    rows = shown(s, rows)
    nc, size = rows.train.shape[1], rows.train.shape[2]
    netG, latent = fitted(DCGenerator(s.latent, s.width, nc, size, s.norm == "batch"), s)  # noqa: N806
    netD = DCDiscriminator(s.d_width, nc, size, s.d_norm == "batch", False, s.dropout)  # noqa: N806
    netG.apply(weights_init)
    netD.apply(weights_init)
    criterion = nn.BCEWithLogitsLoss()
    optD, optG = optimizer_of(netD, s.d_lr, s), optimizer_of(netG, s.g_lr, s)  # noqa: N806
    held, scale = rows.held, 3.0 if s.mistake == "range" else 1.0
    scope = gs.watch(netG, netD, "minimax" if s.saturating else "non-saturating", real=held * scale,
                     latent=latent)  # fmt: skip
    sign = -1 if s.saturating else 1

    def g_cost(scores: Tensor) -> Tensor:
        return sign * F.softplus(-sign * scores).mean()

    played = Played(scope, netG, netD, latent, rows, g_cost)
    for _ in range(s.steps):
        for _ in range(s.n_critic):
            netD.zero_grad()
            data = scale * rows.train[torch.randint(len(rows.train), (s.batch,))]
            label = torch.full((s.batch,), 1.0)
            errD_real = criterion(netD(data), label)  # noqa: N806
            errD_real.backward()
            fake = netG(latent(s.batch))
            label.fill_(0.0)
            errD_fake = criterion(netD(fake.detach()), label)  # noqa: N806
            errD_fake.backward()
            optD.step()
        netG.zero_grad()
        output = netD(netG(latent(s.batch)))
        errG = -criterion(output, label) if s.saturating else criterion(output, label.fill_(1.0))  # noqa: N806
        errG.backward()
        optG.step()
        scope.step(real=data, d_loss=errD_real.item() + errD_fake.item(), g_loss=errG.item())
        played.losses = errD_real.item() + errD_fake.item(), errG.item()
        yield played


def hinge_pictures(s: Settings, rows: Rows) -> Iterator[Played]:
    """Hinge losses with spectral normalisation of convolutions, averaged weights, `step()` bare."""
    rows = shown(s, rows)
    nc, size = rows.train.shape[1], rows.train.shape[2]
    g, latent = fitted(DCGenerator(s.latent, s.width, nc, size, s.norm == "batch"), s)
    d = DCDiscriminator(s.d_width, nc, size, False, True, s.dropout)
    g_opt, d_opt = optimizer_of(g, s.g_lr, s), optimizer_of(d, s.d_lr, s)
    scope = gs.watch(g, d, "hinge", real=rows.held, latent=latent, constraint="spectral-norm")
    played = Played(scope, g, d, latent, rows, lambda scores: -scores.mean())
    for _ in range(s.steps):
        for _ in range(s.n_critic):
            x = rows.train[torch.randint(len(rows.train), (s.batch,))]
            d_loss = F.relu(1 - d(x)).mean() + F.relu(1 + d(g(latent(s.batch)).detach())).mean()
            d_opt.zero_grad()
            d_loss.backward()  # type: ignore[no-untyped-call]
            d_opt.step()
        g_loss = -d(g(latent(s.batch))).mean()
        g_opt.zero_grad()
        g_loss.backward()
        g_opt.step()
        scope.step()
        played.losses = d_loss.item(), g_loss.item()
        yield played


class ConditionalGenerator(nn.Module):
    """An embedding of the label joined to the latent."""

    def __init__(self, nz: int, classes: int, width: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.embed = nn.Embedding(classes, 8)
        self.fc = nn.Sequential(
            nn.Linear(nz + 8, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, math.prod(shape)),
        )
        self.shape = shape

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Latents and labels to rows."""
        x = self.fc(torch.cat([z, self.embed(y)], 1)).view(-1, *self.shape)
        return torch.tanh(x) if len(self.shape) == 3 else x


class ConditionalDiscriminator(nn.Module):
    """Scores a row with its label."""

    def __init__(self, classes: int, width: int, shape: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        self.embed = nn.Embedding(classes, 8)
        self.fc = nn.Sequential(
            nn.Linear(math.prod(shape) + 8, width),
            nn.LeakyReLU(0.2),
            nn.Dropout(dropout),
            nn.Linear(width, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, 1),
        )

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Rows and labels to scores `[B, 1]`."""
        score: Tensor = self.fc(torch.cat([x.flatten(1), self.embed(y)], 1))
        return score


def conditional(s: Settings, rows: Rows) -> Iterator[Played]:
    """Labels for both networks; labels of fakes are drawn at random."""
    rows = shown(s, rows)
    shape, classes = tuple(rows.train.shape[1:]), int(rows.held_kinds.max()) + 1
    g = ConditionalGenerator(s.latent, classes, s.width, shape)
    d = ConditionalDiscriminator(classes, s.d_width, shape, s.dropout)
    adam_g, adam_d = optimizer_of(g, s.g_lr, s), optimizer_of(d, s.d_lr, s)

    def latent(n: int) -> tuple[Tensor, Tensor]:
        return torch.randn(n, s.latent), rows.train_kinds[torch.randint(len(rows.train_kinds), (n,))]

    scope = gs.watch(g, d, "non-saturating", real=(rows.held, rows.held_kinds), latent=latent,
                     optimizers=[adam_g, adam_d])  # fmt: skip
    played = Played(
        scope, g, d, latent, rows, lambda scores: F.softplus(-scores).mean(), conditional=True
    )  # fmt: skip
    for _ in range(s.steps):
        for _ in range(s.n_critic):
            pick = torch.randint(len(rows.train), (s.batch,))
            x, y = rows.train[pick], rows.train_kinds[pick]
            z, y_fake = latent(s.batch)
            true, false = d(x, y), d(g(z, y_fake).detach(), y_fake)
            if s.mistake == "swapped":
                true, false = false, true
            d_loss = F.binary_cross_entropy_with_logits(true, torch.ones_like(true))
            d_loss = d_loss + F.binary_cross_entropy_with_logits(false, torch.zeros_like(false))
            adam_d.zero_grad()
            d_loss.backward()  # type: ignore[no-untyped-call]
            adam_d.step()
        z, y_fake = latent(s.batch)
        score = d(g(z, y_fake), y_fake)
        g_loss = F.binary_cross_entropy_with_logits(score, torch.ones_like(score))
        adam_g.zero_grad()
        g_loss.backward()  # type: ignore[no-untyped-call]
        adam_g.step()
        scope.step(real=(x, y), d_loss=d_loss, g_loss=g_loss)
        played.losses = d_loss.item(), g_loss.item()
        yield played
