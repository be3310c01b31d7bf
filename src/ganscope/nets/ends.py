"""The last activation of a generator, as its data have it: any numbers, bounded ones, one of some choices."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from ganscope.contracts import Block, Dataset

NEVER = -torch.inf
"""Score of a choice that is not there: choices of similar widths are computed at once, as of one width."""


class Ends(nn.Module):
    r"""Bring each block of a row to its own range: linear as it is, bounded by tanh, a choice to a one-hot.

    A choice with scores s is the one-hot vector of the highest score, with the slope of its softmax
    (straight-through):

    .. math:: y = e_{\arg\max_i s_i}, \quad \frac{\partial y}{\partial s} := \operatorname{diag}(p) - p p^T,
        \quad p = \operatorname{softmax}(s)

    So a discriminator meets zeros and ones in fakes as it does in real rows, and nothing gives a fake away
    but its values. Which choice is taken follows from the latent alone. CTGAN adds Gumbel noise to the
    scores; it is left out here, for the latent is noise enough, and the same latents then always mean the
    same samples: those by which a run is judged from step to step.

    Args:
        blocks: of a row, in order, such as `Dataset.blocks`; none leaves rows as they are.

    Example:
        >>> ends = Ends([Block("linear"), Block("bounded"), Block("choice", 3)])
        >>> ends(torch.tensor([[5.0, 0.0, 0.1, 0.3, 0.2]])).tolist()
        [[5.0, 0.0, 0.0, 1.0, 0.0]]

    Reference:
        Bengio, Léonard, Courville, "Estimating or Propagating Gradients Through Stochastic Neurons", 2013.
    """

    def __init__(self, blocks: Sequence[Block]) -> None:
        super().__init__()
        self.blocks = tuple(blocks)
        values = list(itertools.accumulate((block.width for block in self.blocks), initial=0))
        self.width = values[-1]
        groups: dict[int, list[range]] = {}
        for block, start in zip(self.blocks, values, strict=False):
            if block.kind == "choice":
                most = 1 << (block.width - 1).bit_length()
                groups.setdefault(most, []).append(range(start, start + block.width))
        taken, home, end = [], list(range(self.width)), self.width
        for most, choices in groups.items():
            taken.append([[*places, *[self.width] * (most - len(places))] for places in choices])
            for number, places in enumerate(choices):
                for position, place in enumerate(places):
                    home[place] = end + number * most + position
            end += len(choices) * most
        bounded = [block.kind == "bounded" for block in self.blocks for _ in range(block.width)]
        # plain attributes and no buffers: they follow from the blocks, so no file needs to hold them
        self._taken = [torch.tensor(places, device="cpu") for places in taken]
        self._home = torch.tensor(home, dtype=torch.int64, device="cpu")
        self._bounded = torch.tensor(bounded, device="cpu") if any(bounded) else None

    def forward(self, x: Tensor) -> Tensor:
        """Map scores `[..., D]` to rows `[..., D]`, whatever the leading dimensions."""
        rows = x if self._bounded is None else torch.where(self._bounded.to(x.device), x.tanh(), x)
        if not self._taken:
            return rows
        scores, parts = pad(x, (0, 1), value=NEVER), [rows]
        for places in self._taken:
            of_choices = scores.index_select(-1, places.flatten().to(x.device))
            hard = straight_through(of_choices.reshape(*x.shape[:-1], *places.shape))
            parts.append(hard.flatten(-2))
        return torch.cat(parts, dim=-1).index_select(-1, self._home.to(x.device))

    def extra_repr(self) -> str:
        """Name the kinds and widths of the blocks."""
        return ", ".join(f"{block.kind} {block.width}" for block in self.blocks)


def straight_through(scores: Tensor) -> Tensor:
    """Take the highest of the scores along the last dimension as a one-hot, with the slope of their softmax.

    Args:
        scores: `[..., W]`; of equal ones the first is the highest.

    Example:
        >>> straight_through(torch.tensor([1.0, 3.0, 2.0]))
        tensor([0., 1., 0.])
    """
    soft = scores.softmax(-1)
    places = torch.arange(scores.shape[-1], device=scores.device)
    hard = (places == scores.argmax(-1, keepdim=True)).to(scores.dtype)
    return hard + (soft - soft.detach())  # the bracket is 0 to the bit


def blocks_in(data: Mapping[str, Any]) -> tuple[Block, ...]:
    """Read the blocks of a row from what `config.json` of a run says of its data."""
    return tuple(Block(*block) for block in data.get("blocks") or ())


def end_of(data: Dataset | Mapping[str, Any]) -> nn.Module | None:
    """Build the last activation of a generator of some data.

    Args:
        data: the data, or what `config.json` of a run says of them.

    Returns:
        `Ends` where the rows fall into blocks, tanh where all values lie in [-1, 1], else None.

    Example:
        >>> from ganscope.data import digits, ring
        >>> end_of(digits()), end_of(ring())
        (Tanh(), None)
    """
    if isinstance(data, Dataset):
        blocks, bounded = data.blocks, data.value_range is not None
    else:
        blocks = blocks_in(data)
        bounded = data["value_range"] is not None
    kinds = {block.kind for block in blocks}
    if kinds - {"linear"} and kinds != {"bounded"}:
        return Ends(blocks)
    return nn.Tanh() if bounded or kinds == {"bounded"} else None
