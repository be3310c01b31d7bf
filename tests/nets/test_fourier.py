"""Fourier features: the formula, the kernel they stand for, and runs that use them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from ganscope.build.networks import networks
from ganscope.build.settings import resolve
from ganscope.contracts import BadInput
from ganscope.nets import NETS
from ganscope.nets.fourier import FourierFeatures
from ganscope.training.loop import advance
from ganscope.training.stacks.batched import batched
from tests import games


@pytest.mark.parametrize("shape", [(1,), (3,), (2, 2, 2)])
def test_the_features_are_the_point_and_its_waves(shape: tuple[int, ...]) -> None:
    features = FourierFeatures(shape, 1.5, waves=4).double()
    x = torch.randn(5, *shape, dtype=torch.float64)
    found = features(x)
    assert found.shape == (5, features.outputs)
    for row, point in zip(found.tolist(), x.flatten(1).tolist(), strict=True):
        waves = [
            sum(p * float(f) for p, f in zip(point, column, strict=True))
            for column in features.frequencies.T.tolist()
        ]
        expected = [*point, *map(math.sin, waves), *map(math.cos, waves)]
        assert row == pytest.approx(expected, abs=1e-12)
    # a product of matrices may sum in another order where there are more rows
    torch.testing.assert_close(features(x.expand(2, *x.shape))[1], found, rtol=0, atol=1e-12)
    assert not list(features.parameters())


def test_their_inner_product_is_a_gaussian_kernel() -> None:
    # Rahimi and Recht 2007, theorem 1 (Bochner): mean cos(w.(x - y)) -> exp(-spread^2 |x - y|^2 / 2)
    waves, spread = 40_000, 0.7
    features = FourierFeatures((2,), spread, waves).double()
    x, y = torch.randn(2, 6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = (features(x)[:, 2:] * features(y)[:, 2:]).sum(1) / waves
    expected = torch.exp(-(spread**2) * (x - y).square().sum(1) / 2)
    # a mean of 40,000 values in [-1, 1]: a standard error of at most 0.005
    torch.testing.assert_close(found, expected, atol=0.025, rtol=0)


def test_a_discriminator_with_features_has_the_right_slope() -> None:
    given = {"d_fourier": 2.0, "g_width": 8, "d_width": 8, "data": "ring"}
    found = networks(resolve("r1", given), games.evaluation_of("ring").data, None, None)[1].double()
    assert isinstance(next(found.children()), FourierFeatures)
    x = torch.randn(7, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(found, (x,))


def test_seeds_share_the_frequencies_and_stacks_are_batched() -> None:
    options = NETS["mlp"].options(d_width=8, d_depth=2, d_fourier=1.0)
    module = NETS["mlp"].discriminator((2,), 0, options)
    assert torch.equal(FourierFeatures((2,), 3.0).frequencies, 3 * FourierFeatures((2,), 1.0).frequencies)
    function = batched(module)
    assert function is not None
    x = torch.randn(2, 6, 2)
    stacked = {name: torch.stack([p, 2 * p]) for name, p in module.named_parameters()}
    for k in (0, 1):
        alone = torch.func.functional_call(module, {n: p[k] for n, p in stacked.items()}, (x[k],))
        torch.testing.assert_close(function(stacked, x)[k], alone)


def test_a_run_of_a_stack_equals_the_run_alone(tmp_path: Path) -> None:
    given = {"d_fourier": 1.0, "precision": "float64"}
    pair = games.runs(tmp_path / "pair", "r1", (0, 1), **given)
    alone = games.runs(tmp_path / "alone", "r1", (1,), **given)
    for runs in (pair, alone):
        while runs.step < 10:
            advance(runs)
            runs.step += 1
    for player in ("generator", "discriminator"):
        for ours, theirs in zip(games.weights(pair, player, 1), games.weights(alone, player), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"network": "dcgan", "data": "digits"}, ["--d-fourier", "dcgan", "--network mlp"]),
        ({"d_lipschitz": "spectral"}, ["--d-fourier", "--d-lipschitz spectral", "one of the two"]),
    ],
)
def test_where_they_have_no_place_they_are_refused(given: dict[str, str], words: list[str]) -> None:
    with pytest.raises(BadInput) as complaint:
        resolve("non-saturating", {"d_fourier": 1.0, **given})
    assert all(word in str(complaint.value) for word in words)
