"""A small loop, watched and not, and a pair of networks to watch."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

import ganscope as gs

REAL = torch.randn(160, 2, generator=torch.Generator().manual_seed(1)) + 2


def networks(kind: str) -> tuple[nn.Sequential, nn.Sequential]:
    torch.manual_seed(0)
    norm = [nn.BatchNorm1d(16)] if kind == "batchnorm" else []
    drop = [nn.Dropout(0.3)] if kind == "dropout" else []
    generator = nn.Sequential(nn.Linear(4, 16), *norm, nn.ReLU(), nn.Linear(16, 2))
    first: nn.Module = nn.Linear(2, 16)
    if kind == "spectral":
        first = torch.nn.utils.parametrizations.spectral_norm(first)
    discriminator = nn.Sequential(first, nn.LeakyReLU(0.2), *drop, nn.Linear(16, 1))
    return generator, discriminator


def drawn() -> float:
    """From every global stream there is, as a user's code may."""
    return random.random() + float(np.random.random()) + float(torch.rand(()))  # noqa: S311, NPY002


def latent(n: int) -> Tensor:
    return torch.randn(n, 4) + 0 * drawn()


def loop(kind: str, watched: bool, out: Path | None = None) -> tuple[list[Tensor], Any]:
    """A loop as people write it, without ganscope."""
    generator, discriminator = networks(kind)
    make = torch.optim.SGD if kind == "sgd" else torch.optim.Adam
    g_opt, d_opt = make(generator.parameters(), lr=0.01), make(discriminator.parameters(), lr=0.01)
    scope = (
        gs.watch(generator, discriminator, real=REAL, latent=latent, out=out, every=4) if watched else None
    )
    seen: list[Any] = []
    generator[0].register_forward_hook(lambda *_: seen.append(1))
    with torch.autocast("cpu", torch.bfloat16, enabled=kind == "autocast"):
        for _ in range(13):
            real = REAL[torch.randint(len(REAL), (16,))] + 0.01 * drawn()
            fake = generator(torch.randn(16, 4))
            d_loss = softplus(-discriminator(real)).mean() + softplus(discriminator(fake.detach())).mean()
            d_opt.zero_grad()
            d_loss.backward()  # type: ignore[no-untyped-call]
            d_opt.step()
            for p in discriminator.parameters():
                p.requires_grad_(False)  # as a Lightning module's toggle_optimizer does
            g_loss = softplus(-discriminator(generator(torch.randn(16, 4)))).mean()
            g_opt.zero_grad()
            g_loss.backward()  # type: ignore[no-untyped-call]
            g_opt.step()
            if scope is not None:
                scope.step(real=real, fake=fake, d_loss=d_loss, g_loss=g_loss)
            for p in discriminator.parameters():
                p.requires_grad_(True)
    state = [*generator.state_dict().values(), *discriminator.state_dict().values()]
    grads = [p.grad for m in (generator, discriminator) for p in m.parameters() if p.grad is not None]
    after = [torch.tensor(drawn())]
    modes = [torch.tensor(m.training) for top in (generator, discriminator) for m in top.modules()]
    hooks = [torch.tensor(len(m._forward_hooks)) for m in generator.modules()]
    return [*state, *grads, *after, *modes, *hooks, torch.tensor(len(seen))], scope


def pair() -> tuple[nn.Module, nn.Module]:
    return nn.Linear(4, 2), nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))


def troubles(scope: Any) -> list[str]:
    """Notes of a scope without the last one, which says what evidence is still awaited."""
    return [note for note in scope.notes if not note.startswith("At step")]
