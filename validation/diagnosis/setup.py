"""Everything that decides one run: networks, losses, rates, and the fault that is planted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from .losses import D_LOSSES, G_LOSSES, Loss
from .rows import Rows

Penalty = Callable[[Callable[[Tensor], Tensor], Tensor, Tensor], Tensor]


@dataclass
class Setup:
    """One run, ready to be trained by any of the loops."""

    rows: Rows
    objective: str
    generator: nn.Module
    discriminator: nn.Module
    rng: torch.Generator
    latent: Callable[[int], Any]
    """n -> the generator's argument, or a tuple of them with the labels last."""
    steps: int = 125
    every: int = 5
    batch: int = 64
    n_critic: int = 1
    g_lr: float = 1e-3
    d_lr: float = 1e-3
    g_optimizer: str = "adam"
    d_optimizer: str = "adam"
    beta1: float = 0.5
    decay: bool = False
    """Rates fall to 0 over the second half."""
    penalty: Penalty | None = None
    weight: float = 0.0
    clip: float = 0.0
    augment: Callable[[Tensor], Tensor] | None = None
    """What the discriminator sees of real and fake rows alike, while it is trained."""
    declared: dict[str, Any] = field(default_factory=dict)
    """Arguments of `watch` beyond networks, objective, rows and latents."""
    train: Tensor | None = None
    """Rows the discriminator trains on, where they are not all of them."""
    labelled: bool = False
    """Both networks also take a label."""
    ends_in_sigmoid: bool = False
    """The discriminator returns probabilities."""
    swap: bool = False
    detach: bool = False
    shared: bool = False
    """One optimiser for both players, which each steps."""
    own_loss: tuple[Loss, Loss] | None = None
    """Handed to `watch` in place of the objective's name."""
    inject: tuple[int, Callable[[Setup], None]] | None = None
    """The step after which something breaks, and what does."""

    made: tuple[torch.optim.Optimizer, torch.optim.Optimizer] | None = None
    """The optimisers, once they are made."""

    @property
    def losses(self) -> tuple[Loss, Loss]:
        """Of the discriminator and the generator."""
        return self.own_loss or (D_LOSSES[self.objective], G_LOSSES[self.objective])

    @property
    def reals(self) -> Tensor:
        """Rows to train on."""
        return self.rows.train if self.train is None else self.train

    def batch_of(self) -> tuple[Tensor, Tensor]:
        """A batch of real rows and their labels."""
        place = torch.randint(len(self.reals), (min(self.batch, len(self.reals)),), generator=self.rng)
        return self.reals[place], self.rows.train_labels[place]

    def fakes(self, n: int) -> tuple[Tensor, tuple[Any, ...]]:
        """Fakes, and the labels they were made with (none for most)."""
        drawn = self.latent(n)
        arguments = drawn if isinstance(drawn, tuple) else (drawn,)
        return first(self.generator(*arguments)), arguments[1:]

    def optimizers(self) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
        """The generator's and the discriminator's, made once."""
        if self.made is None:
            self.made = self._optimizers()
        return self.made

    def _optimizers(self) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
        if self.shared:
            both = [*self.generator.parameters(), *self.discriminator.parameters()]
            one = _optimizer(self.g_optimizer, both, self.g_lr, self.beta1)
            return one, one
        return (
            _optimizer(self.g_optimizer, list(self.generator.parameters()), self.g_lr, self.beta1),
            _optimizer(self.d_optimizer, list(self.discriminator.parameters()), self.d_lr, self.beta1),
        )


def first(result: Any) -> Tensor:
    """The score or the rows among what a network returned."""
    found: Tensor = result[0] if isinstance(result, tuple) else result
    return found


def _optimizer(kind: str, parameters: list[nn.Parameter], lr: float, beta1: float) -> torch.optim.Optimizer:
    if kind == "sgd":
        return torch.optim.SGD(parameters, lr)
    if kind == "rmsprop":
        return torch.optim.RMSprop(parameters, lr)
    return torch.optim.Adam(parameters, lr, (beta1, 0.9), fused=True)
