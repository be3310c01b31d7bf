"""Generator ends: against one block after another, the closed form of the slope, stacked and traced."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.func import grad, vmap
from torch.nn.functional import one_hot

from ganscope.contracts import Block, Dataset
from ganscope.nets.ends import Ends, end_of, straight_through
from tests.mixed import BLOCKS, mixed

MANY = (
    Block("choice", 2), Block("linear", 3), Block("choice", 7), Block("bounded", 2), Block("choice", 8),
    Block("choice", 1), Block("choice", 3), Block("linear"), Block("choice", 2), Block("choice", 33),
)  # fmt: skip
WIDTH = sum(block.width for block in MANY)


def one_by_one(blocks: tuple[Block, ...], x: Tensor) -> Tensor:
    """The slow version: each block on its own, from torch's parts."""
    parts = []
    for block, part in zip(blocks, torch.split(x, [block.width for block in blocks], dim=-1), strict=True):
        if block.kind == "choice":
            soft = torch.softmax(part, -1)
            hard = one_hot(part.argmax(-1), block.width).to(part)
            parts.append(hard + soft - soft.detach())
        else:
            parts.append(torch.tanh(part) if block.kind == "bounded" else part)
    return torch.cat(parts, dim=-1)


@pytest.mark.parametrize("blocks", [MANY, BLOCKS, (Block("bounded", 3), Block("linear"))])
def test_values_and_slopes_are_those_of_one_block_after_another(blocks: tuple[Block, ...]) -> None:
    width = sum(block.width for block in blocks)
    x = torch.randn(6, width, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(6, width, dtype=torch.float64)
    ours, theirs = Ends(blocks)(x), one_by_one(blocks, x)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    slopes = [torch.autograd.grad((y.square() * weight).sum(), x)[0] for y in (ours, theirs)]
    torch.testing.assert_close(*slopes, rtol=1e-10, atol=1e-12)


def test_a_choice_is_zeros_and_a_one_to_the_bit() -> None:
    for dtype in (torch.float32, torch.float64):
        y = straight_through(100 * torch.randn(1000, 4, dtype=dtype))
        assert set(y.flatten().tolist()) == {0.0, 1.0}
        assert y.sum(-1).eq(1).all()
    assert straight_through(torch.zeros(2, 3)).tolist() == [[1, 0, 0]] * 2  # equal scores: the first


def test_the_slope_of_a_choice_is_that_of_its_softmax() -> None:
    s = torch.randn(5, dtype=torch.float64)
    p = s.softmax(-1)
    jacobian = torch.func.jacrev(straight_through)(s)
    torch.testing.assert_close(jacobian, torch.diag(p) - torch.outer(p, p), rtol=1e-12, atol=1e-14)


def test_ends_can_be_mapped_and_differentiated_twice() -> None:
    ends, x = Ends(MANY), torch.randn(3, 4, WIDTH, dtype=torch.float64)
    torch.testing.assert_close(vmap(ends)(x), torch.stack([ends(part) for part in x]))
    torch.testing.assert_close(ends(x), torch.stack([ends(part) for part in x]))

    def cost(x: Tensor) -> Tensor:
        y: Tensor = ends(x).square().sum()
        return y

    def slow(x: Tensor) -> Tensor:
        return one_by_one(MANY, x).square().sum()

    leaf = x.clone().requires_grad_()
    first, second = (torch.autograd.grad(f(leaf), leaf, create_graph=True)[0] for f in (cost, slow))
    torch.testing.assert_close(grad(cost)(x), first.detach())
    seconds = [torch.autograd.grad(slope.square().sum(), leaf)[0] for slope in (first, second)]
    torch.testing.assert_close(*seconds)


def test_ends_hold_nothing_that_a_file_would_have_to_keep() -> None:
    ends = Ends(BLOCKS)
    assert ends.state_dict() == {}
    assert dict(ends.named_buffers()) == {}
    x = torch.randn(3, 10)
    assert torch.equal(copy.deepcopy(ends).double()(x.double()).float(), ends(x))
    with torch.device("meta"):
        outline = Ends(BLOCKS)
    assert outline(torch.zeros(2, 10, device="meta")).shape == (2, 10)


def test_an_end_is_what_the_data_ask_for() -> None:
    rows = torch.zeros(40, 2)
    plain = Dataset("plain", rows, rows)
    assert end_of(plain) is None
    assert isinstance(end_of(plain._replace(value_range=(-1.0, 1.0))), nn.Tanh)
    assert isinstance(end_of(plain._replace(blocks=(Block("bounded", 2),))), nn.Tanh)
    assert end_of(plain._replace(blocks=(Block("linear"), Block("linear")))) is None
    assert isinstance(end_of(mixed()), Ends)
    # what a run folder of any version says of its data
    assert end_of({"value_range": None}) is None
    assert isinstance(end_of({"value_range": [-1, 1]}), nn.Tanh)
    written = end_of({"value_range": None, "blocks": [list(block) for block in BLOCKS]})
    assert isinstance(written, Ends)
    assert written.blocks == BLOCKS
