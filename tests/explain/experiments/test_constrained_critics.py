"""Gradients by layer of clipped and penalised critics, and the slope a penalty leads to."""

from __future__ import annotations

import math
from statistics import fmean

import pytest
import torch
from torch import nn

from ganscope.explain.experiments.constrained_critics import factor_per_layer, layer_gradients
from ganscope.explain.experiments.fixed_generator import Constraint
from ganscope.explain.experiments.lines import DISTANCE, on_the_line
from ganscope.explain.experiments.seeds import generator
from ganscope.lipschitz import expected_slope


def test_gradient_at_the_last_hidden_layer_is_the_output_weight() -> None:
    # d loss / d h = -+ w / B for each of the B real and B fake rows: norm |w| sqrt(2 / B)
    critic = generator(1, 3, 7, 2)
    last = list(critic)[-1]
    assert isinstance(last, nn.Linear)
    norms = layer_gradients(critic, torch.randn(6, 3), torch.randn(6, 3))
    assert norms[-1] == pytest.approx(float(last.weight.detach().norm()) * math.sqrt(2 / 6), rel=1e-6)


@pytest.mark.parametrize("gain", [0.1, 0.5, 3.0])
def test_factor_per_layer_is_the_gain_of_scaled_identities(gain: float) -> None:
    critic = generator(1, 4, 4, 4)
    with torch.no_grad():
        for layer in critic:
            if isinstance(layer, nn.Linear):
                layer.weight.copy_(gain * torch.eye(4)[: layer.out_features])
                layer.bias.zero_()
    norms = layer_gradients(critic, torch.rand(5, 4), torch.rand(5, 4))
    assert factor_per_layer(norms) == pytest.approx(gain, rel=1e-5)


@pytest.mark.parametrize("weight", [1.0, 10.0])
def test_penalised_slope_settles_at_one_plus_w1_over_two_lambda(weight: float) -> None:
    found = on_the_line("wasserstein", [3], 1500, 1e-3, Constraint(weight=weight))
    assert fmean(found.between[0][100:-100]) == pytest.approx(expected_slope(DISTANCE, weight), rel=0.05)
