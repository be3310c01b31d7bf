"""Scripts of the second kept half that keep networks in dictionaries, or map latents before they draw."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody writes it
from torch import Tensor, nn

import ganscope as gs

from .data import Rows
from .played import ACTIVATIONS, Played, Settings, fitted, optimizer_of, perceptron, shown


class Residual(nn.Module):
    """A layer beside which the input passes."""

    def __init__(self, width: int, activation: str, norm: str) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width) if norm else nn.Identity()
        self.act, self.fc = ACTIVATIONS[activation](), nn.Linear(width, width)

    def forward(self, h: Tensor) -> Tensor:
        """Add what the layer makes of it."""
        out: Tensor = h + self.fc(self.act(self.norm(h)))
        return out


def tower(inputs: int, s: Settings, outputs: int, critic: bool = False) -> nn.Sequential:
    """A linear layer, residual ones, a linear layer; orthogonal weights."""
    width, activation = (s.d_width, s.d_activation) if critic else (s.width, s.activation)
    blocks = [Residual(width, activation, s.d_norm if critic else s.norm) for _ in range(s.depth)]
    end = ACTIVATIONS[activation](), nn.Linear(width, outputs)
    net = nn.Sequential(nn.Linear(inputs, width), *blocks, *end)
    for layer in net.modules():
        if isinstance(layer, nn.Linear):
            nn.init.orthogonal_(layer.weight)
            nn.init.zeros_(layer.bias)
    return net


def adversarial(kind: str, real: Tensor, fake: Tensor) -> Tensor:
    """The discriminator's loss."""
    if kind == "hinge":
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    if kind == "relativistic-average":
        return F.softplus(fake.mean() - real).mean() + F.softplus(fake - real.mean()).mean()
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def dictionary(s: Settings, rows: Rows) -> Iterator[Played]:
    """Networks, optimisers and schedules in dictionaries; residual towers; rates that fall as a cosine."""
    rows = shown(s, rows)
    size = rows.train.shape[1]
    drawn, latent = fitted(tower(s.latent, s, size), s)
    nets = {"G": drawn, "D": tower(size, s, 1, critic=True)}
    opts = {"G": optimizer_of(nets["G"], s.g_lr, s), "D": optimizer_of(nets["D"], s.d_lr, s)}
    plans = {k: torch.optim.lr_scheduler.CosineAnnealingLR(o, s.steps, o.param_groups[0]["lr"] / 10)
             for k, o in opts.items()}  # fmt: skip
    kind = s.objective or "non-saturating"
    scope = gs.watch(nets["G"], nets["D"], kind, real=rows.held, latent=latent)
    seen: dict[str, Tensor] = {"real": torch.zeros(1)}
    kept = latent(s.batch)

    def g_loss(fake: Tensor) -> Tensor:
        if kind == "hinge":
            return -fake.mean()
        if kind == "relativistic-average":
            return adversarial(kind, fake, seen["real"])
        return F.softplus(-fake).mean()

    played = Played(scope, nets["G"], nets["D"], latent, rows, g_loss)
    for _ in range(s.steps):
        for _ in range(s.n_critic):
            pick = torch.randint(len(rows.train), (s.batch,))
            batch = {"real": rows.train[: s.batch] if s.mistake == "same batch" else rows.train[pick]}
            batch["z"] = kept if s.mistake == "fixed noise" else latent(s.batch)
            with torch.no_grad():
                batch["fake"] = nets["G"](batch["z"])
            loss = {"D": adversarial(kind, nets["D"](batch["real"]), nets["D"](batch["fake"]))}
            if s.mistake != "no zero":
                opts["D"].zero_grad()
            loss["D"].backward()  # type: ignore[no-untyped-call]
            opts["D"].step()
        seen["real"] = nets["D"](batch["real"]).detach()
        loss["G"] = g_loss(nets["D"](nets["G"](kept if s.mistake == "fixed noise" else latent(s.batch))))
        opts["G"].zero_grad()
        cleared = [None if p.grad is None else p.grad.clone() for p in nets["D"].parameters()]
        loss["G"].backward()  # type: ignore[no-untyped-call]
        if s.mistake != "no zero":
            for p, grad in zip(nets["D"].parameters(), cleared, strict=True):
                p.grad = grad
        opts["G"].step()
        for plan in plans.values():
            plan.step()
        scope.step(real=batch["real"], d_loss=loss["D"], g_loss=loss["G"])
        played.losses = loss["D"].item(), loss["G"].item()
        yield played


class Mapped(nn.Module):
    """A mapping network on normalised latents, and layers scaled by its result."""

    def __init__(self, s: Settings, size: int) -> None:
        super().__init__()
        self.mapping = perceptron(s.latent, s.width, s.width, 1, "leaky")
        self.start = nn.Parameter(torch.randn(s.width))
        self.styles = nn.ModuleList(nn.Linear(s.width, s.width) for _ in range(s.depth))
        self.layers = nn.ModuleList(nn.Linear(s.width, s.width) for _ in range(s.depth))
        self.out = nn.Linear(s.width, size)

    def forward(self, z: Tensor) -> Tensor:
        """Latents to rows."""
        w = self.mapping(z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt())
        h = self.start.expand(len(z), -1)
        for style, layer in zip(self.styles, self.layers, strict=True):
            h = F.leaky_relu(layer(h * (1 + style(w))), 0.2)
        x: Tensor = self.out(h)
        return x


def lazily_regularised(s: Settings, rows: Rows) -> Iterator[Played]:
    """A mapping network, logistic losses, R1 every eighth step, averaged weights beside it."""
    rows = shown(s, rows)
    size = rows.train.shape[1]
    g, latent = fitted(Mapped(s, size), s)
    d = perceptron(size, s.d_width, 1, s.depth, s.d_activation, s.d_norm, s.dropout)
    g_ema = copy.deepcopy(g).eval().requires_grad_(False)
    g_opt, d_opt = optimizer_of(g, s.g_lr, s), optimizer_of(d, s.d_lr, s)
    scope = gs.watch(g, d, "non-saturating", real=rows.held, latent=latent, constraint="r1",
                     constraint_weight=s.weight, optimizers=[g_opt, d_opt], train=rows.train)  # fmt: skip
    played = Played(scope, g, d, latent, rows, lambda scores: F.softplus(-scores).mean())
    for step in range(s.steps):
        for k in range(s.n_critic):
            real = rows.train[torch.randint(len(rows.train), (s.batch,))]
            d_opt.zero_grad(set_to_none=True)
            loss_d = F.softplus(d(g(latent(s.batch)).detach())).mean() + F.softplus(-d(real)).mean()
            loss_d.backward()  # type: ignore[no-untyped-call]
            if s.weight and (step * s.n_critic + k) % 8 == 0:
                x = real.clone().requires_grad_()
                (slope,) = torch.autograd.grad(d(x).sum(), x, create_graph=True)
                (slope.square().sum(1).mean() * s.weight / 2 * 8).backward()  # type: ignore[no-untyped-call]
            d_opt.step()
        g_opt.zero_grad(set_to_none=True)
        loss_g = F.softplus(-d(g(latent(s.batch)))).mean()
        loss_g.backward()  # type: ignore[no-untyped-call]
        g_opt.step()
        with torch.no_grad():
            for p, q in zip(g_ema.parameters(), g.parameters(), strict=True):
                p.lerp_(q, 0.005)
        scope.step(real=real, d_loss=loss_d.detach(), g_loss=loss_g.detach())
        played.losses = loss_d.item(), loss_g.item()
        yield played
