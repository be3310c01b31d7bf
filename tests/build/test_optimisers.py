"""Optimisers that leave torch's compiler unloaded are torch's own, to the bit."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import pytest
import torch
from torch import nn

from ganscope.build.optimisers import without_compiler


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (torch.optim.Adam, {"lr": 1e-2, "betas": (0.5, 0.9), "fused": True}),
        (torch.optim.Adam, {"lr": 1e-2, "weight_decay": 0.1}),
        (torch.optim.RMSprop, {"lr": 1e-2, "alpha": 0.9}),
        (torch.optim.SGD, {"lr": 1e-1, "momentum": 0.9}),
    ],
)
def test_steps_and_state_are_those_of_torch(
    kind: type[torch.optim.Optimizer], options: dict[str, Any]
) -> None:
    def trained(made: Any) -> tuple[dict[str, Any], list[torch.Tensor]]:
        generator = torch.Generator().manual_seed(0)
        weights = [nn.Parameter(torch.randn(shape, generator=generator)) for shape in ((4, 3), (5,))]
        optimizer = made(weights, **options)
        for step in range(6):
            for weight in weights:
                weight.grad = torch.randn(weight.shape, generator=generator)
            optimizer.step()
            if step == 2:  # as a run that was stopped goes on
                saved = optimizer.state_dict()
                optimizer = made(weights, **options)
                optimizer.load_state_dict(saved)
        return optimizer.state_dict(), [weight.detach() for weight in weights]

    (expected_state, expected), (state, weights) = trained(kind), trained(without_compiler(kind))
    for ours, theirs in zip(weights, expected, strict=True):
        assert torch.equal(ours, theirs)
    assert str(state) == str(expected_state)
    assert without_compiler(kind).__name__ == kind.__name__


def test_hooks_of_a_step_are_called_once() -> None:
    weight = nn.Parameter(torch.ones(1))
    weight.grad = torch.ones(1)
    optimizer = without_compiler(torch.optim.SGD)([weight], lr=0.5)
    called: list[str] = []
    optimizer.register_step_post_hook(lambda *_: called.append("after"))
    optimizer.step()
    assert called == ["after"]
    assert weight.item() == 0.5


def test_a_run_leaves_the_compiler_unloaded() -> None:
    """What torch's own optimisers load when they are made takes as long as torch itself."""
    program = textwrap.dedent("""
        import sys, tempfile
        import ganscope as gs
        with tempfile.TemporaryDirectory() as folder:
            for optimizer in ("adam", "rmsprop", "sgd"):
                settings = {"data": "ring", "recipe": "wgan-gp", "steps": 2, "optimizer": optimizer}
                gs.train(settings, out=folder + optimizer)
        print("torch._dynamo" in sys.modules)
        import torch
        torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
        print("torch._dynamo" in sys.modules)
    """)
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False", "True"], "the second where torch mends it itself: then drop ours"
