"""Which critics judge each row by itself, and that nothing asks a slope per row of the others."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import ganscope as gs
from ganscope.lipschitz import PENALTIES, mixes_rows


def test_batch_normalisation_alone_mixes_rows() -> None:
    mixing: list[nn.Module] = [nn.BatchNorm1d(4), nn.SyncBatchNorm(4), nn.LazyBatchNorm1d()]
    for norm in mixing:
        assert mixes_rows(nn.Sequential(nn.Linear(4, 4), nn.Sequential(norm)))
    separate: list[nn.Module] = [nn.LayerNorm(4), nn.GroupNorm(2, 4), nn.InstanceNorm1d(4)]
    for norm in separate:
        assert not mixes_rows(nn.Sequential(nn.Linear(4, 4), norm))


@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_refuses_what_training_refuses(name: str) -> None:
    critic = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    rows = torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    with pytest.raises(gs.BadInput, match=f"BatchNorm, which mixes the rows.*{name} asks"):
        gs.lipschitz.penalty(name, critic, rows, rows + 1)
    with pytest.raises(gs.BadInput, match="BatchNorm"):
        gs.lipschitz.estimate(critic, rows)
    # in evaluation mode each row has a slope of its own
    critic.eval()
    assert gs.lipschitz.penalty(name, critic, rows, rows + 1).shape == (4,)
    assert gs.lipschitz.estimate(critic, rows).max_slope > 0


class Talkative(nn.Linear):
    """A critic that returns more than scores."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x), x  # type: ignore[return-value]


def test_a_critic_that_returns_a_tuple_or_one_number_gets_one_sentence() -> None:
    rows = torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    for critic, words in ((Talkative(2, 1), "returns a tuple"), (lambda x: x.sum(), r"shape \(\)")):
        for measure in (
            lambda c: gs.lipschitz.penalty("r1", c, rows, rows + 1),
            lambda c: gs.lipschitz.estimate(c, rows),
            lambda c: gs.lipschitz.input_gradient(c, rows),
        ):
            with pytest.raises(gs.BadInput, match=words):
                measure(critic)
