"""The same training by torch-mimicry's `Trainer`; a worker of `same_work`, in the environment `peers`.

Its metrics (TensorFlow) and data sets (a module that torch has lost) do not load any more and are left out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from . import own_nets, turns

KEPT = own_nets.let_torchvision_load()
own_nets.leave_out("torch_mimicry.metrics", "torch_mimicry.datasets")

from torch_mimicry.nets.gan import gan  # noqa: E402
from torch_mimicry.nets.wgan_gp import wgan_gp_base  # noqa: E402
from torch_mimicry.training import Trainer  # noqa: E402

NEVER = 10**9


class Generator(gan.BaseGenerator):
    """A generator of ganscope as mimicry wants one."""

    def __init__(self, network: nn.Module, latent_dim: int, loss: str) -> None:
        super().__init__(nz=latent_dim, ngf=0, bottom_width=0, loss_type=loss)
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Draw samples."""
        return self.network(x)


class Discriminator(gan.BaseDiscriminator):
    """A discriminator of ganscope as mimicry wants one."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__(ndf=0, loss_type="ns")
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Score rows."""
        return self.network(x)


class Critic(wgan_gp_base.WGANGPBaseDiscriminator):
    """The same under a gradient penalty, which mimicry has for pictures of three channels."""

    def __init__(self, network: nn.Module, penalty_weight: float) -> None:
        super().__init__(ndf=0, gp_scale=penalty_weight)
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Score rows."""
        return self.network(x)


def train(case: turns.Case, taken: Iterator[int]) -> None:
    """Hand a case to the library's own loop; its printing, drawing and saving are switched off."""
    g_network, d_network = own_nets.networks(case)
    penalised = case["recipe"] == "wgan-gp"
    discriminator = Critic(d_network, case["penalty_weight"]) if penalised else Discriminator(d_network)
    generator = Generator(g_network, case["latent_dim"], "wasserstein" if penalised else "ns")
    with tempfile.TemporaryDirectory() as folder:
        Trainer(
            netD=discriminator,
            netG=generator,
            optD=torch.optim.Adam(discriminator.parameters(), **own_nets.rates(case, "d")),
            optG=torch.optim.Adam(generator.parameters(), **own_nets.rates(case, "g")),
            dataloader=own_nets.Batches(case, taken, labels=True),
            num_steps=NEVER,
            n_dis=case["n_critic"],
            device=torch.device("cpu"),
            log_dir=folder,
            print_steps=NEVER,
            vis_steps=NEVER,
            log_steps=NEVER,
            save_steps=NEVER,
        ).train()


if __name__ == "__main__":
    turns.serve(train)
