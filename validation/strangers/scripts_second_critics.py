"""Scripts of the second kept half with a Wasserstein critic: `one` and `mone`, clipping, a trainer class."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

import ganscope as gs

from .data import Rows
from .played import Played, Settings, fitted, optimizer_of, perceptron, shown


def calc_gradient_penalty(net_d: nn.Module, real: Tensor, fake: Tensor, weight: float) -> Tensor:
    """As in the much copied script, on rows."""
    alpha = torch.rand(len(real), *[1] * (real.ndim - 1)).expand_as(real)
    between = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    out = net_d(between)
    (slope,) = torch.autograd.grad(out, between, torch.ones_like(out), create_graph=True, retain_graph=True)
    cost: Tensor = ((slope.flatten(1).norm(2, dim=1) - 1) ** 2).mean() * weight
    return cost


def one_mone(s: Settings, rows: Rows) -> Iterator[Played]:
    """`backward(one)` and `backward(mone)`, parameters switched off and on, an endless `inf_train_gen`."""
    rows = shown(s, rows)
    shape = tuple(rows.train.shape[1:])
    size = rows.train[0].numel()
    body = perceptron(s.latent, s.width, size, s.depth, s.activation, s.norm)
    end = [nn.Tanh(), nn.Unflatten(1, shape)] if len(shape) == 3 else []
    netG, latent = fitted(nn.Sequential(*body, *end), s)  # noqa: N806
    netD = nn.Sequential(nn.Flatten(), *perceptron(size, s.d_width, 1, s.depth, s.d_activation, s.d_norm))  # noqa: N806
    optimizerD, optimizerG = optimizer_of(netD, s.d_lr, s), optimizer_of(netG, s.g_lr, s)  # noqa: N806
    one = torch.tensor(1.0)
    mone = one * -1
    held_by = None if s.mistake in ("no penalty", "half") else "gradient-penalty"
    scope = gs.watch(netG, netD, "wasserstein", real=rows.held, latent=latent, constraint=held_by,
                     constraint_weight=s.weight if held_by else None)  # fmt: skip
    wrong = s.mistake == "generator's sign"

    def inf_train_gen() -> Iterator[Tensor]:
        while True:
            for chunk in torch.split(torch.randperm(len(rows.train)), min(s.batch, len(rows.train))):
                if len(chunk) > 1:
                    yield rows.train[chunk]

    def scored(x: Tensor) -> Tensor:
        out: Tensor = netD(x)
        return out.half().float().mean() if s.mistake == "half" else out.mean()

    played = Played(scope, netG, netD, latent, rows, lambda v: v.mean() if wrong else -v.mean(), True)
    data = inf_train_gen()
    for _ in range(s.steps):
        for p in netD.parameters():
            p.requires_grad = True
        for _ in range(s.n_critic):
            real = next(data)
            netD.zero_grad()
            D_real = scored(real)  # noqa: N806
            D_real.backward(mone)  # type: ignore[no-untyped-call]
            with torch.no_grad():
                fake = netG(latent(len(real)))
            D_fake = scored(fake)  # noqa: N806
            D_fake.backward(one)  # type: ignore[no-untyped-call]
            if held_by:
                calc_gradient_penalty(netD, real, fake, s.weight).backward()  # type: ignore[no-untyped-call]
            optimizerD.step()
        for p in netD.parameters():
            p.requires_grad = False
        netG.zero_grad()
        G = scored(netG(latent(s.batch)))  # noqa: N806
        G.backward(one if wrong else mone)  # type: ignore[no-untyped-call]
        optimizerG.step()
        for p in netD.parameters():
            p.requires_grad = True
        scope.step(real=real, d_loss=(D_fake - D_real).item(), g_loss=-G.item())
        played.losses = (D_fake - D_real).item(), -G.item()
        yield played


def first_wgan(s: Settings, rows: Rows) -> Iterator[Played]:
    """The first Wasserstein script: weights clipped before each critic step, a long start for the critic."""
    rows = shown(s, rows)
    size = rows.train.shape[1]
    netG, latent = fitted(perceptron(s.latent, s.width, size, s.depth, s.activation, s.norm), s)  # noqa: N806
    netD = perceptron(size, s.d_width, 1, s.depth, s.d_activation, s.d_norm)  # noqa: N806
    optD, optG = optimizer_of(netD, s.d_lr, s), optimizer_of(netG, s.g_lr, s)  # noqa: N806
    declared = None if s.mistake == "no clipping" else "clipping"
    scope = gs.watch(netG, netD, "wasserstein", real=rows.held, latent=latent, constraint=declared,
                     optimizers=(optG, optD))  # fmt: skip
    played = Played(scope, netG, netD, latent, rows, lambda v: -v.mean(), wasserstein=True)
    for gen_iterations in range(s.steps):
        Diters = 4 * s.n_critic if gen_iterations < 10 else s.n_critic  # noqa: N806
        for _ in range(Diters):
            for p in netD.parameters():
                if s.mistake != "no clipping":
                    p.data.clamp_(-s.clip, s.clip)
            real = rows.train[torch.randint(len(rows.train), (s.batch,))]
            errD = netD(netG(latent(s.batch)).data).mean() - netD(real).mean()  # noqa: N806
            optD.zero_grad()
            errD.backward()
            optD.step()
        errG = -netD(netG(latent(s.batch))).mean()  # noqa: N806
        optG.zero_grad()
        errG.backward()
        optG.step()
        scope.step(real=real, d_loss=errD, g_loss=errG)
        played.losses = errD.item(), errG.item()
        yield played


class Trainer:
    """A class with `train_critic` and `train_generator`; a one-sided penalty; gradients clipped."""

    def __init__(self, s: Settings, rows: Rows) -> None:
        size = rows.train.shape[1]
        self.s, self.rows = s, rows
        body = perceptron(s.latent, s.width, size, s.depth, s.activation, s.norm)
        self.G, self.latent = fitted(body, s)
        self.D = perceptron(size, s.d_width, 1, s.depth, s.d_activation, s.d_norm, s.dropout)
        for layer in [*self.G.modules(), *self.D.modules()]:
            if isinstance(layer, nn.Linear):
                nn.init.kaiming_normal_(layer.weight, 0.2)
        self.G_opt, self.D_opt = optimizer_of(self.G, s.g_lr, s), optimizer_of(self.D, s.d_lr, s)
        self.losses: dict[str, list[float]] = {"G": [], "D": [], "GP": []}

    def _penalty(self, real: Tensor, fake: Tensor) -> Tensor:
        x = torch.lerp(fake, real, torch.rand(len(real), 1)).requires_grad_()
        (slope,) = torch.autograd.grad(self.D(x).sum(), x, create_graph=True)
        cost: Tensor = self.s.weight * (slope.norm(dim=1) - 1).clamp(min=0).square().mean()
        return cost

    def train_critic(self, real: Tensor) -> None:
        """One step of the critic."""
        fake = self.G(self.latent(len(real))).detach()
        gap, gp = self.D(fake).mean() - self.D(real).mean(), self._penalty(real, fake)
        self.D_opt.zero_grad()
        (gap + gp).backward()
        self.D_opt.step()
        self.losses["D"].append(gap.item())
        self.losses["GP"].append(gp.item())

    def train_generator(self) -> None:
        """One step of the generator."""
        loss = -self.D(self.G(self.latent(self.s.batch))).mean()
        self.G_opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.G.parameters(), 5.0)
        self.G_opt.step()
        self.losses["G"].append(loss.item())


def trainer(s: Settings, rows: Rows) -> Iterator[Played]:
    """Drives a `Trainer`."""
    rows = shown(s, rows)
    t = Trainer(s, rows)
    scope = gs.watch(t.G, t.D, "wasserstein", real=rows.held, latent=t.latent, constraint="one-sided",
                     constraint_weight=s.weight, train=rows.train)  # fmt: skip
    played = Played(scope, t.G, t.D, t.latent, rows, lambda v: -v.mean(), wasserstein=True)
    for _ in range(s.steps):
        for _ in range(s.n_critic):
            real = rows.train[torch.randint(len(rows.train), (s.batch,))]
            t.train_critic(real)
        t.train_generator()
        scope.step(real, d_loss=t.losses["D"][-1], g_loss=t.losses["G"][-1])
        played.losses = t.losses["D"][-1], t.losses["G"][-1]
        yield played
