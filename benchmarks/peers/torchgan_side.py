"""The same training by torchgan's `Trainer`; a worker of `same_work`, in the environment `peers`.

Its WGAN-GP does other work than the paper's and everybody else's here: the penalty is a loss of its own, with
a second forward pass of the generator, a backward pass through the generator too and a second Adam step; its
norm is taken over the whole batch.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from . import own_nets, turns

os.environ["CONSOLE_LOGGING"] = "0"
KEPT = own_nets.let_torchvision_load()

from torchgan import losses, models, trainer  # noqa: E402


class Generator(models.Generator):
    """A generator of ganscope as torchgan wants one."""

    def __init__(self, network: nn.Module, latent_dim: int) -> None:
        super().__init__(latent_dim)
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Draw samples."""
        return self.network(x)


class Discriminator(models.Discriminator):
    """A discriminator of ganscope as torchgan wants one."""

    def __init__(self, network: nn.Module, inputs: int) -> None:
        super().__init__(inputs)
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Score rows."""
        return self.network(x)


def train(case: turns.Case, taken: Iterator[int]) -> None:
    """Hand a case to the library's own loop."""
    generator, discriminator = own_nets.networks(case)
    if case["recipe"] == "wgan-gp":
        rules = [
            losses.WassersteinGeneratorLoss(),
            losses.WassersteinDiscriminatorLoss(),
            losses.WassersteinGradientPenalty(lambd=case["penalty_weight"]),
        ]
    else:
        rules = [losses.MinimaxGeneratorLoss(nonsaturating=True), losses.MinimaxDiscriminatorLoss()]
    players = {
        "generator": {
            "name": Generator,
            "args": {"network": generator, "latent_dim": case["latent_dim"]},
            "optimizer": {"name": torch.optim.Adam, "args": own_nets.rates(case, "g")},
        },
        "discriminator": {
            "name": Discriminator,
            "args": {"network": discriminator, "inputs": case["shape"][0]},
            "optimizer": {"name": torch.optim.Adam, "args": own_nets.rates(case, "d")},
        },
    }
    with tempfile.TemporaryDirectory() as folder:
        train_them = trainer.Trainer(
            players,
            rules,
            device=torch.device("cpu"),
            ncritic=case["n_critic"],
            checkpoints=f"{folder}/model/gan",
            recon=f"{folder}/images",
        )
        train_them(own_nets.Batches(case, taken, labels=False))


if __name__ == "__main__":
    turns.serve(train)
