"""The contract of every network pair, on vectors and images, plain and stacked."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from ganscope.config import RunConfig
from ganscope.contracts import BadInput
from ganscope.nets import NETS
from ganscope.training.stacks.stacking import evaluating, plain, stack

SHAPES: dict[str, list[tuple[int, ...]]] = {
    "mlp": [(1,), (2,), (7,), (1, 8, 8), (3, 12, 12)],
    "ctgan": [(2,), (7,)],
    "dcgan": [(1, 8, 8), (3, 16, 16), (2, 28, 28), (3, 32, 32), (1, 48, 48), (4, 64, 64)],
}


def options(name: str, width: int, depth: int = 2, norm: str = "none") -> Any:
    given: dict[str, Any] = {"g_width": width, "d_width": width}
    if "g_norm" in NETS[name].options.model_fields:
        given |= {"g_norm": norm, "d_norm": norm}
    depths = {"g_depth": depth, "d_depth": depth}
    return NETS[name].options(**given, **(depths if name != "dcgan" else {}))


CASES = [(name, shape) for name in NETS for shape in SHAPES[name]]
NORMS = ["none", "batch", "layer"]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(("name", "shape"), CASES)
def test_every_pair(name: str, shape: tuple[int, ...], norm: str) -> None:
    pair = NETS[name]
    generator = pair.generator(shape, 5, 0, options(name, 4, norm=norm), nn.Tanh())
    discriminator = pair.discriminator(shape, 0, options(name, 4, norm=norm))
    x = generator(torch.randn(6, 5))
    assert x.shape == (6, *shape)
    assert x.abs().max() <= 1
    logits = discriminator(x)
    assert logits.shape == (6, 1)
    for network in (generator, discriminator):
        assert all(p.requires_grad for p in network.parameters())
    gradients = torch.autograd.grad(logits.sum(), list(generator.parameters()))
    assert all(g.isfinite().all() for g in gradients)
    # raw logits: no activation at the end
    assert isinstance(list(discriminator.modules())[-1], nn.Linear)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(("name", "shape"), CASES[:3] + CASES[5:8])
def test_stacks_compute_what_their_modules_do(name: str, shape: tuple[int, ...], norm: str) -> None:
    modules = [
        NETS[name].generator(shape, 5, 0, options(name, 4, norm=norm), nn.Tanh()).double() for _ in range(3)
    ]
    stacked = stack(modules)
    latent = torch.randn(3, 6, 5, dtype=torch.float64)
    together = stacked.call(latent)
    for k, module in enumerate(modules):
        torch.testing.assert_close(together[k], module(latent[k]), rtol=1e-10, atol=1e-10)
        for buffer, own in module.named_buffers():
            torch.testing.assert_close(stacked.buffers[buffer][k], own)
    with evaluating(stacked), evaluating(plain(modules[0])):
        together = stacked.call(latent)
        torch.testing.assert_close(together[0], modules[0](latent[0]), rtol=1e-10, atol=1e-10)


def test_unbounded_generators_leave_the_box() -> None:
    torch.manual_seed(0)
    generator = NETS["mlp"].generator((2,), 8, 0, options("mlp", 64), None)
    assert generator(10 * torch.randn(500, 8)).abs().max() > 1


def test_he_initialisation_keeps_the_signal() -> None:
    # closed form: with variance 2/fan_in, the mean square of a ReLU layer's input is kept from layer to layer
    torch.manual_seed(0)
    generator = NETS["mlp"].generator((2,), 256, 0, options("mlp", 512, 6), None)
    x = torch.randn(2000, 256)
    for layer in list(generator.children())[:-1]:
        x = layer(x)
    # after the last ReLU half of the square is gone
    assert math.isclose(float(x.detach().square().mean()), 1.0, rel_tol=0.15)


@pytest.mark.parametrize("shape", [(2,), (1, 8, 16), (1, 4, 4), (1, 9, 9), (3, 128, 128), (1, 18, 18)])
def test_dcgan_says_what_it_cannot_draw(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInput, match="dcgan"):
        NETS["dcgan"].generator(shape, 5, 0, options("dcgan", 4), nn.Tanh())
    with pytest.raises(BadInput, match="dcgan"):
        NETS["dcgan"].discriminator(shape, 0, options("dcgan", 4))


def test_the_configuration_knows_every_network() -> None:
    from ganscope.build.settings import choices

    assert set(choices("network")) == set(NETS)
    assert RunConfig.model_fields["network"].default in NETS


def test_widths_and_depths_are_independent() -> None:
    wide = NETS["mlp"].generator((2,), 5, 0, options("mlp", 32, 4), None)
    narrow = NETS["mlp"].discriminator((2,), 0, options("mlp", 3, 1))
    assert sum(isinstance(m, nn.Linear) for m in wide.modules()) == 5
    assert sum(isinstance(m, nn.Linear) for m in narrow.modules()) == 2
    assert {m.out_features for m in narrow.modules() if isinstance(m, nn.Linear)} == {3, 1}
