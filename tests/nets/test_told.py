"""What networks are told of a row, and how CTGAN's networks take it: closed forms and counts."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from ganscope.contracts import BadInput, Block
from ganscope.nets import NETS
from ganscope.nets.conditional import Widening, WideningGenerator
from ganscope.nets.ends import Ends
from ganscope.nets.told import categories, chosen, drawn, told, told_of, width
from tests.mixed import BLOCKS, rows

NUMBERED = (
    Block("linear", 1, "a"),
    Block("choice", 2, "a"),
    Block("choice", 3, "b"),
    Block("choice", 2, "c"),
)


def test_a_choice_beside_a_number_is_no_category() -> None:
    assert categories(NUMBERED) == [range(3, 6), range(6, 8)]
    assert width(NUMBERED) == 5
    assert width(BLOCKS) == 8  # without names every choice is one
    assert width((Block("linear"),)) == 0


def test_what_is_told_is_in_the_row() -> None:
    made = rows(300)
    condition = told_of(made, BLOCKS, torch.Generator().manual_seed(0))
    parts = torch.cat([made[:, 1:4], made[:, 5:]], dim=1)
    assert condition.sum(1).eq(1).all()
    assert (condition * parts).sum(1).eq(1).all()
    assert 100 < float(condition[:, :3].sum()) < 200  # each category by half
    assert chosen(made, BLOCKS)[:, 0].bincount().tolist() == made[:, 1:4].sum(0).tolist()


def test_conditions_are_drawn_by_their_shares() -> None:
    shares = torch.tensor([0.9, 0.08, 0.02, 0.1, 0.0, 0.3, 0.5, 0.1])
    condition = drawn(shares, BLOCKS, 200_000, torch.Generator().manual_seed(0))
    torch.testing.assert_close(2 * condition.mean(0), shares, atol=0.01, rtol=0)
    assert condition[:, 4].sum() == 0


def test_missing_a_condition_costs_its_cross_entropy() -> None:
    family = NETS["ctgan"]
    assert family.told is not None
    generator = family.generator((10,), 4, 8, family.options(g_width=8), Ends(BLOCKS)).double()
    latent, value = torch.randn(6, 4, dtype=torch.float64), torch.tensor([0, 2, 1, 4, 0, 3])
    category = torch.tensor([0, 0, 0, 1, 1, 1])
    condition = told(value, category, BLOCKS).double()
    x, cost = family.told.cost(generator, latent, condition)
    assert torch.equal(x, generator(latent, condition))
    assert isinstance(generator, WideningGenerator)
    scores = generator.layers(torch.cat([latent, condition], dim=1))
    by_hand = [
        cross_entropy(scores[:3, 1:4], value[:3], reduction="none"),
        cross_entropy(scores[3:, 5:], value[3:], reduction="none"),
    ]
    torch.testing.assert_close(cost, torch.cat(by_hand))
    assert generator(latent).shape == (6, 10)  # told nothing
    _, nothing = family.told.cost(generator, latent, torch.zeros(6, 8, dtype=torch.float64))
    assert nothing.eq(0).all()


def test_layers_hand_on_what_they_were_given() -> None:
    generator = WideningGenerator(4, 0, [8, 8], 3, None).eval()
    layer, _, last = generator.layers
    assert isinstance(layer, Widening)
    assert isinstance(last, nn.Linear)
    assert last.in_features == 4 + 8 + 8
    latent = torch.randn(5, 4)
    first = layer(latent)
    assert torch.equal(first[:, 8:], latent)
    torch.testing.assert_close(first[:, :8], layer.norm(layer.linear(latent)).relu())


def test_ctgan_is_for_tables() -> None:
    family = NETS["ctgan"]
    with pytest.raises(BadInput, match="made for rows of tables"):
        family.generator((1, 8, 8), 4, 0, family.options(), None)
    with pytest.raises(BadInput, match="made for rows of tables"):
        family.discriminator((1, 8, 8), 0, family.options())
