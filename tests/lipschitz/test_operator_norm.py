"""Operator norms of layers against the maps written out as matrices."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganscope.lipschitz import (
    input_gradient,
    operator_norm,
)
from ganscope.lipschitz.operator_norm import slope_bound
from tests.lipschitz.small_critics import normal


@pytest.mark.parametrize(("n", "m"), [(1, 7), (7, 1), (5, 9), (40, 40)])
def test_linear_operator_norm(n: int, m: int) -> None:
    torch.manual_seed(n)
    layer = nn.Linear(n, m).double()
    singular = float(np.linalg.svd(layer.weight.detach().numpy(), compute_uv=False)[0])
    assert slope_bound(nn.Sequential(layer), (n,)) == pytest.approx(singular * math.sqrt(m), rel=1e-12)


CONVOLUTIONS: list[tuple[nn.Module, tuple[int, ...]]] = [
    (nn.Conv2d(2, 3, 3, stride=1, padding=1), (2, 6, 6)),
    (nn.Conv2d(2, 3, 4, stride=2, padding=1), (2, 8, 8)),
    (nn.Conv2d(3, 2, 3, stride=2), (3, 7, 8)),
    (nn.Conv2d(2, 2, 3, stride=1, padding=2, dilation=2), (2, 7, 7)),
    (nn.Conv2d(4, 6, 3, padding="same", groups=2), (4, 5, 5)),
    (nn.Conv2d(1, 2, (3, 5), stride=(1, 3), padding=(0, 2)), (1, 6, 9)),
    (nn.Conv2d(2, 1, 4), (2, 4, 4)),
    (nn.Conv1d(2, 3, 5, stride=3, padding=2), (2, 11)),
    (nn.Conv3d(1, 2, 3, stride=2, padding=1), (1, 5, 4, 6)),
    (nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular"), (2, 5, 5)),
    (nn.Conv2d(2, 2, 3, padding=2, padding_mode="reflect"), (2, 5, 5)),
]


def written_out(layer: nn.Module, shape: tuple[int, ...]) -> np.ndarray:
    """Matrix of the layer without bias, by the forward pass on each basis vector."""
    size = math.prod(shape)
    basis = torch.eye(size, dtype=torch.float64).reshape(size, *shape)
    with torch.no_grad():
        images: Tensor = layer(basis) - layer(torch.zeros_like(basis[:1]))
    matrix: np.ndarray = images.flatten(1).numpy().T
    return matrix


@pytest.mark.parametrize(("layer", "shape"), CONVOLUTIONS, ids=lambda value: str(value)[:60])
def test_convolution_norm_is_that_of_the_map(
    layer: nn.Module, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(1)
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    layer.double()
    matrix = written_out(layer, shape)
    true = float(np.linalg.svd(matrix, compute_uv=False)[0]) * math.sqrt(len(matrix))
    assert slope_bound(layer, shape) == pytest.approx(true, rel=1e-12)
    # the form for large maps: never below, and close
    monkeypatch.setattr(operator_norm, "DENSE_ENTRIES", 0)
    on_torus = slope_bound(layer, shape)
    if getattr(layer, "padding_mode", "") == "zeros":
        assert true * (1 - 1e-12) <= on_torus <= 1.8 * true
        monkeypatch.setattr(operator_norm, "TORUS_ENTRIES", 0)
        assert on_torus * (1 - 1e-12) <= slope_bound(layer, shape) < math.inf
    else:
        assert on_torus == math.inf


def test_the_torus_is_tight_on_large_maps_where_the_reshaped_kernel_is_not_even_a_bound() -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(1, 1, 3, padding=1).double()
    nn.init.constant_(layer.weight, 1.0)  # averaging: the norm on a large picture tends to 9
    reshaped = torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item()
    assert reshaped == pytest.approx(3)
    picture = normal(1, 1, 64, 64).mul(0) + 1
    with torch.no_grad():
        stretch = (layer(picture) - layer.bias.reshape(1, 1, 1, 1)).norm() / picture.norm()  # type: ignore[union-attr]
    bound = slope_bound(layer, (1, 64, 64)) / 64  # / sqrt(outputs)
    assert 8.7 < stretch.item() <= bound <= 9 * (1 + 1e-12)


def test_large_matrices_get_a_provable_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = normal(6, 8)
    layer = nn.Linear(8, 6).double()
    with torch.no_grad():
        layer.weight.copy_(matrix)
    exact = slope_bound(layer, (8,))
    monkeypatch.setattr(operator_norm, "EIGENVALUE_SIDE", 2)
    assert exact <= slope_bound(layer, (8,)) <= matrix.norm().item() * math.sqrt(6) * (1 + 1e-12)


def test_bound_is_the_product_over_the_layers() -> None:
    critic = nn.Sequential(
        nn.Sequential(nn.Conv2d(2, 3, 4, 2, 1), nn.LeakyReLU(0.2)),
        nn.Conv2d(3, 4, 4, 2, 1),
        nn.LeakyReLU(2.0),  # steeper than 1
        nn.Flatten(),
        nn.Linear(16, 5),
        nn.Sigmoid(),  # a quarter
        nn.Linear(5, 1),
    ).double()
    shapes = {0: (2, 8, 8), 1: (3, 4, 4), 4: (16,), 6: (5,)}
    factors = [written_out(critic[i] if i else next(critic[0].children()), shapes[i]) for i in shapes]
    product = math.prod(float(np.linalg.svd(matrix, compute_uv=False)[0]) for matrix in factors)
    assert slope_bound(critic, (2, 8, 8)) == pytest.approx(product * 2.0 / 4, rel=1e-12)


class Doubled(nn.Linear):
    """A subclass with another forward pass: nothing is known about it."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * super().forward(x)


@pytest.mark.parametrize(
    "critic",
    [
        nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3), nn.Linear(3, 1)),
        nn.Sequential(nn.Linear(3, 3), nn.Dropout(), nn.Linear(3, 1)),
        nn.Sequential(Doubled(3, 1)),
        nn.Sequential(nn.Flatten(0), nn.Linear(3, 1)),
        nn.Bilinear(3, 3, 1),
        lambda x: x.sum(1),
    ],
)
def test_no_bound_is_infinite(critic: Callable[[Tensor], Tensor]) -> None:
    assert slope_bound(critic, (3,)) == math.inf


@pytest.mark.parametrize("kind", operator_norm.ACTIVATIONS)
def test_activations_are_as_steep_as_listed_and_no_steeper(kind: type[nn.Module]) -> None:
    layer = kind().eval()
    x = torch.cat(
        [torch.linspace(-12, 12, 240_001, dtype=torch.float64), torch.tensor([-1e-9, 1e-9]).double()]
    )
    # two channels, for MaxMin sorts pairs
    steepest = (
        input_gradient(lambda x: layer(torch.stack([x, torch.zeros_like(x)], dim=1)), x).abs().max().item()
    )
    listed = operator_norm.ACTIVATIONS[kind](layer)
    assert listed / 1.0002 <= steepest <= listed
