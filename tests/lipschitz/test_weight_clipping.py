"""Weight clipping: which parameters, and a projection on both sides."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from ganscope.contracts import BadInput
from ganscope.lipschitz import (
    clip_weights_,
    clippable,
)


class EveryLayer(nn.Module):
    """One of each kind of layer, with all parameters at 5."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 2)
        self.nested = nn.Sequential(nn.Conv1d(2, 2, 1), nn.BatchNorm1d(2), nn.Conv3d(2, 2, 1, bias=False))
        self.conv = nn.Conv2d(2, 2, 1)
        self.up = nn.ModuleList(
            [nn.ConvTranspose1d(2, 2, 1), nn.ConvTranspose2d(2, 2, 1), nn.ConvTranspose3d(2, 2, 1)]
        )
        self.layer_norm = nn.LayerNorm(2)
        self.group_norm = nn.GroupNorm(1, 2)
        self.instance_norm = nn.InstanceNorm2d(2, affine=True)
        self.embedding = nn.Embedding(2, 2)
        self.prelu = nn.PReLU()
        self.free = nn.Parameter(torch.zeros(2))
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.fill_(5.0)


CLIPPED = [
    *("linear.weight", "linear.bias", "nested.0.weight", "nested.0.bias", "nested.2.weight"),
    *("conv.weight", "conv.bias", "up.0.weight", "up.0.bias", "up.1.weight", "up.1.bias"),
    *("up.2.weight", "up.2.bias"),
]


def test_clipping_takes_linear_layers_and_leaves_norms_alone() -> None:
    module = EveryLayer()
    assert sorted(clippable(module)) == sorted(CLIPPED)
    kept = dict(module.named_parameters())
    assert clip_weights_(module, 0.01) == (
        *("", "nested.1", "layer_norm", "group_norm", "instance_norm", "embedding", "prelu"),
    )
    for name, parameter in module.named_parameters():
        assert parameter is kept[name]  # in place
        assert bool((parameter == (0.01 if name in CLIPPED else 5.0)).all()), name


def test_clipping_is_a_two_sided_projection() -> None:
    layer = nn.Linear(3, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[-2.0, 0.003, 0.5]]))
        layer.bias.fill_(-7)
    clip_weights_(layer, 0.01)
    assert torch.equal(layer.weight, torch.tensor([[-0.01, 0.003, 0.01]]))
    assert layer.bias.item() == pytest.approx(-0.01)
    once = layer.weight.clone()
    clip_weights_(layer, 0.01)
    assert torch.equal(layer.weight, once)
    assert layer.weight.requires_grad
    assert layer.weight.grad is None


@pytest.mark.parametrize(
    "layer",
    [nn.GRU(2, 3, 2, bidirectional=True), nn.LSTM(2, 4, proj_size=3), nn.RNN(2, 3), nn.LSTMCell(2, 3)],
)
def test_recurrent_layers_are_clipped_like_others(layer: nn.Module) -> None:
    assert clip_weights_(nn.Sequential(layer, nn.LayerNorm(3)), 0.01) == ("1",)
    assert all(float(p.detach().abs().max()) <= 0.01 for p in layer.parameters())
    assert clippable(layer) == [name for name, _ in layer.named_parameters()]


class Raw(nn.Module):
    """A layer of one's own, with a parameter called as those of torch's are."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.inner = nn.Parameter(torch.ones(2, 2)), nn.GRUCell(2, 2)


def test_layers_of_ones_own_are_named_as_left_alone_and_those_within_clipped() -> None:
    raw, attention = Raw(), nn.MultiheadAttention(2, 1)
    critic = nn.Sequential(raw, nn.Bilinear(2, 2, 2), attention, nn.Linear(2, 1))
    assert clip_weights_(critic, 0.01) == ("0", "1", "2")
    assert float(raw.weight.detach().min()) == 1
    clipped = [*raw.inner.parameters(), attention.out_proj.weight]
    assert all(float(p.detach().abs().max()) <= 0.01 for p in clipped)


def test_a_recurrent_layer_with_a_computed_weight_is_refused() -> None:
    layer = nn.utils.parametrizations.weight_norm(nn.GRU(2, 3), "weight_hh_l0")
    with pytest.raises(BadInput, match="computed from another parameter"):
        clip_weights_(layer, 0.01)


def test_clippable_names_tied_weights_once() -> None:
    first = nn.Linear(2, 2)
    second = nn.Linear(2, 2)
    second.weight = first.weight
    assert clippable(nn.Sequential(first, second)) == ["0.weight", "0.bias", "1.bias"]


@pytest.mark.parametrize("c", [0.0, -0.01, math.nan, math.inf])
def test_clipping_refuses_a_box_that_is_none(c: float) -> None:
    with pytest.raises(BadInput, match="positive number"):
        clip_weights_(nn.Linear(2, 1), c)


def test_clipping_refuses_what_it_cannot_bound() -> None:
    with pytest.raises(BadInput, match="no linear or convolution layer"):
        clip_weights_(nn.LayerNorm(2), 0.01)
    spectral = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(2, 1)))
    with pytest.raises(BadInput, match=r"'0'.*spectral norm"):
        clip_weights_(spectral, 0.01)
