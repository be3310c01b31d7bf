"""A script of the second kept half on series of numbers: a recurrent generator, convolutions in time."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody writes it
from torch import Tensor, nn

import ganscope as gs

from .data import Rows
from .played import Played, Settings, optimizer_of, shown


class Recurrent(nn.Module):
    """A GRU that writes two values at a time, started and fed by the latent."""

    def __init__(self, s: Settings, length: int) -> None:
        super().__init__()
        self.length = length
        self.start = nn.Linear(s.latent, s.width)
        self.gru = nn.GRU(s.latent, s.width, batch_first=True)
        self.out = nn.Linear(s.width, 2)

    def forward(self, z: Tensor) -> Tensor:
        """Latents to series `[B, length]`."""
        fed = z[:, None].expand(-1, self.length // 2, -1)
        h, _ = self.gru(fed, torch.tanh(self.start(z))[None])
        x: Tensor = self.out(h).flatten(1)
        return x


class InTime(nn.Module):
    """Convolutions in time, and a linear score."""

    def __init__(self, s: Settings, length: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(1, s.d_width, 5, 2, 2),
            nn.LeakyReLU(0.2),
            nn.Conv1d(s.d_width, s.d_width, 5, 2, 2),
            nn.LeakyReLU(0.2),
            nn.Dropout(s.dropout),
            nn.Flatten(),
            nn.Linear(s.d_width * (length // 4), 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Series to scores `[B, 1]`."""
        out: Tensor = self.body(x[:, None])
        return out


def series(s: Settings, rows: Rows) -> Iterator[Played]:
    """A recurrent generator against convolutions in time; the losses by hand, noise on what is judged."""
    rows = shown(s, rows)
    length = rows.train.shape[1]
    gen, dis = Recurrent(s, length), InTime(s, length)
    opts = {"gen": optimizer_of(gen, s.g_lr, s), "dis": optimizer_of(dis, s.d_lr, s)}

    def noise(n: int) -> Tensor:
        return torch.randn(n, s.latent)

    scope = gs.watch(gen, dis, "non-saturating", real=rows.held, latent=noise)
    played = Played(scope, gen, dis, noise, rows, lambda scores: F.softplus(-scores).mean())
    for _ in range(s.steps):
        for _ in range(s.n_critic):
            true = rows.train[torch.randint(len(rows.train), (s.batch,))]
            made = gen(noise(s.batch)).detach()
            d_loss = F.softplus(-dis(true + 0.05 * torch.randn_like(true))).mean()
            d_loss = d_loss + F.softplus(dis(made + 0.05 * torch.randn_like(made))).mean()
            opts["dis"].zero_grad()
            d_loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(dis.parameters(), 10.0)
            opts["dis"].step()
        g_loss = F.softplus(-dis(gen(noise(s.batch)))).mean()
        opts["gen"].zero_grad()
        g_loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(gen.parameters(), 10.0)
        opts["gen"].step()
        scope.step(real=true, d_loss=d_loss.item(), g_loss=g_loss.item())
        played.losses = d_loss.item(), g_loss.item()
        yield played
