"""Question 1: factors, float32 and the whole chain, against closed forms and the chain multiplied out."""

from __future__ import annotations

import pytest
import torch

from ganscope.explain.experiments.seeds import discriminator, generator, networks
from ganscope.explain.experiments.stations import LATENT, STATIONS, Pair, arriving
from ganscope.explain.questions import chain_rule
from ganscope.lipschitz import input_gradient


@pytest.mark.parametrize("loss", chain_rule.LOSSES)
def test_product_of_the_factors_is_what_autograd_finds(loss: str) -> None:
    z = torch.linspace(-30, 30, 121, dtype=torch.float64)
    outer, inner, product = chain_rule.factors(loss, z)
    assert torch.allclose(outer * inner, product, rtol=1e-12, atol=0)
    expected = -z.sigmoid() if loss == "minimax" else -(-z).sigmoid()
    assert torch.allclose(product, expected, rtol=1e-12, atol=0)
    assert torch.allclose(inner, z.sigmoid() * (1 - z.sigmoid()), rtol=1e-3, atol=1e-15)


def test_the_asker_s_numbers() -> None:
    z = torch.tensor([0.01], dtype=torch.float64).logit()
    assert [round(float(v), 6) for v in chain_rule.factors("non-saturating", z)] == [-100, 0.0099, -0.99]
    assert [round(float(v), 6) for v in chain_rule.factors("minimax", z)] == [-1.010101, 0.0099, -0.01]


def test_what_float32_makes_of_the_flipped_loss() -> None:
    computed = chain_rule.computed_gradients([-20.0, -30.0, -40.0, -90.0])
    assert computed["logsigmoid(z)"] == [-1, -1, -1, -1]
    # the published trap: log(sigmoid + eps) at -20, BCELoss at -30 and below
    assert computed["log(sigmoid(z) + 1e-8)"][0] == pytest.approx(-0.171, abs=1e-3)
    assert computed["BCELoss(sigmoid(z), 1)"][1:] == pytest.approx([-0.0936, -4.25e-6, 0], rel=1e-2)
    on_fakes = chain_rule.fake_side_gradients([12.0, 17.0, 90.0])
    assert on_fakes["logits"] == pytest.approx([1, 1, 1], abs=1e-5)
    assert on_fakes["BCELoss"][1:] == [0, 0]


def test_gradient_at_the_stations_against_the_chain_multiplied_out() -> None:
    (fakes,) = networks(lambda: generator(2, LATENT, 5, 2), [0], "generator")
    (critic,) = networks(lambda: discriminator((2,), 6, 3), [1])
    latents = torch.randn(9, LATENT, generator=torch.Generator().manual_seed(2))
    found = dict(zip(STATIONS, arriving("minimax", Pair(fakes, critic, latents)), strict=True))
    x = fakes(latents).detach()
    z = critic(x).squeeze(1).detach()
    by_x = z.sigmoid() * input_gradient(critic, x).norm(dim=1).detach()
    assert found["x = G(latent)"] == pytest.approx(float(by_x.median()), rel=1e-5)
    assert found["z"] == pytest.approx(float(z.sigmoid().median()), rel=1e-5)
    assert found["a"] == pytest.approx(float((1 / (1 - z.sigmoid())).median()), rel=1e-5)
    assert len(found) == 8
