"""A stack is its networks side by side, and a seed's numbers do not depend on the other seeds."""

from __future__ import annotations

import torch

from ganscope.explain.experiments.seeds import Streams, alone, discriminator, networks, scores, stacked
from ganscope.lipschitz import input_gradient


def test_a_stack_is_its_networks_side_by_side() -> None:
    x = torch.randn(2, 7, 2)
    stack = stacked(lambda: discriminator((2,), 5, 2), [3, 8])
    built = networks(lambda: discriminator((2,), 5, 2), [3, 8])
    for k in range(2):
        assert torch.allclose(scores(stack, x)[k], built[k](x[k]).squeeze(1), atol=1e-6)
        assert torch.allclose(alone(stack, k)(x[k]), built[k](x[k]), atol=1e-6)
        slopes = input_gradient(stack.call, x)[k]
        assert torch.allclose(slopes, input_gradient(built[k], x[k]), atol=1e-6)


def test_what_a_seed_sees_does_not_depend_on_the_others() -> None:
    assert torch.equal(Streams([1, 2], "a").normal(4)[1], Streams([2], "a").normal(4)[0])
    assert not torch.equal(Streams([1], "a").normal(4), Streams([1], "b").normal(4))
    one, other = (
        networks(lambda: discriminator((2,), 5, 2), [1]),
        networks(lambda: discriminator((2,), 5, 2), [0, 1]),
    )
    assert torch.equal(one[0](torch.ones(1, 2)), other[1](torch.ones(1, 2)))


def test_rows_of_each_seed_come_from_its_table() -> None:
    tables = torch.arange(2)[:, None, None].expand(2, 9, 3).float()
    rows = Streams([0, 1], "a").rows_of_each(tables, 4)
    assert rows.shape == (2, 4, 3)
    assert rows[0].eq(0).all()
    assert rows[1].eq(1).all()
