"""Loops of others, watched: what `gs.watch` says of games that go wrong in known ways, and of their twins.

    python -m validation.watched_loops [--steps 1500] [--seeds 5] [--only NAME]

Plain PyTorch with Adam (beta1 0.5), width 64, batch 64, a probe every 50 steps. For each game one line: how
often each verdict stood at the end, and the step at which it was first told.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

import ganscope as gs


class Game(NamedTuple):
    """What a loop does."""

    objective: str
    n_critic: int = 1
    d_lr: float = 1e-3
    g_lr: float = 1e-3
    penalty: str = ""
    weight: float = 0.0
    swap: bool = False
    """Labels of real and fake exchanged in the discriminator's loss."""


GAMES = {
    "wasserstein, nothing holds the slope": Game("wasserstein", n_critic=5),
    "wasserstein, gradient penalty": Game("wasserstein", n_critic=5, penalty="gradient-penalty", weight=10.0),
    "discriminator far ahead": Game("non-saturating", n_critic=10, d_lr=2e-2),
    "discriminator a thousand times too slow": Game("non-saturating", d_lr=1e-6),
    "critic a thousand times too slow": Game(
        "wasserstein", n_critic=5, d_lr=1e-6, penalty="gradient-penalty", weight=10.0
    ),
    "swapped labels": Game("non-saturating", swap=True),
    "swapped labels, gradient penalty": Game(
        "wasserstein", n_critic=5, penalty="gradient-penalty", weight=10.0, swap=True
    ),
    "R1": Game("non-saturating", penalty="r1", weight=1.0),
}
WIDTH, BATCH, LATENT, EVERY = 64, 64, 16, 50


def perceptron(inputs: int, outputs: int, activation: Callable[[], nn.Module]) -> nn.Module:
    """Three hidden layers."""
    layers: list[nn.Module] = []
    for _ in range(3):
        layers += [nn.Linear(inputs, WIDTH), activation()]
        inputs = WIDTH
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


def play(game: Game, data: str, seed: int, steps: int) -> tuple[Any, dict[str, int]]:
    """Train one game as people write it, watched.

    Returns:
        The scope, and for every verdict the step at which it stood first.
    """
    torch.manual_seed(seed)
    loaded = gs.data.DATASETS[data]()
    assert isinstance(loaded.train, Tensor)  # noqa: S101 - for the type checker
    rows, held_out = loaded.train.flatten(1), loaded.held_out.flatten(1)
    generator = perceptron(LATENT, rows.shape[1], nn.ReLU)
    discriminator = perceptron(rows.shape[1], 1, lambda: nn.LeakyReLU(0.2))
    g_opt, d_opt = (
        torch.optim.Adam(m.parameters(), lr=lr, betas=(0.5, 0.9))
        for m, lr in ((generator, game.g_lr), (discriminator, game.d_lr))
    )
    losses = gs.objectives.OBJECTIVES[game.objective]
    scope = gs.watch(
        generator, discriminator, game.objective, real=held_out, latent=lambda n: torch.randn(n, LATENT),
        constraint=game.penalty or None, constraint_weight=game.weight or None, every=EVERY,
    )  # fmt: skip
    first: dict[str, int] = {}
    for step in range(1, steps + 1):
        for _ in range(game.n_critic):
            real = rows[torch.randint(len(rows), (BATCH,))]
            fake = generator(torch.randn(BATCH, LATENT)).detach()
            scores: list[Tensor] = [discriminator(real)[:, 0], discriminator(fake)[:, 0]]
            loss = losses.d_loss(*(scores[::-1] if game.swap else scores)).mean()
            if game.penalty:
                loss = (
                    loss + game.weight * gs.lipschitz.penalty(game.penalty, discriminator, real, fake).mean()
                )
            d_opt.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            d_opt.step()
        fake_scores = discriminator(generator(torch.randn(BATCH, LATENT)))[:, 0]
        g_loss = losses.g_loss(scores[0].detach(), fake_scores).mean()
        g_opt.zero_grad()
        g_loss.backward()  # type: ignore[no-untyped-call]
        g_opt.step()
        scope.step(real=real, d_loss=loss, g_loss=g_loss)
        if step % (5 * EVERY) == 0:
            for verdict in scope.verdicts():
                first.setdefault(verdict.label, step)
    return scope, first


def main() -> None:
    """Print one line a game."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default="", help="games whose name holds this")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name, game in GAMES.items():
        if arguments.only not in name:
            continue
        for data in ("ring", "digits"):
            stood: Counter[str] = Counter()
            told: dict[str, list[int]] = {}
            for seed in range(arguments.seeds):
                scope, first = play(game, data, seed, arguments.steps)
                stood.update(v.label for v in scope.verdicts())
                for label, step in first.items():
                    told.setdefault(label, []).append(step)
            found = ", ".join(f"{label} {count} (from step {min(told.get(label, [arguments.steps]))})"
                              for label, count in stood.most_common()) or "nothing"  # fmt: skip
            passing = ", ".join(f"{k} {len(v)}" for k, v in told.items() if not stood[k])
            print(
                f"{name} | {data} | {found}" + (f" | for a while: {passing}" if passing else ""), flush=True
            )


if __name__ == "__main__":
    main()
