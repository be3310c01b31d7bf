"""bfloat16: products in half the bits, everything else in float32; refused where it only costs time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import ganscope as gs
from ganscope.build import device
from ganscope.contracts import Batch
from ganscope.training import Runs
from ganscope.training.precision import has_bfloat16
from ganscope.training.step import discriminator_gradient, generator_gradient
from tests.games import runs, weights


def gradients(built: Runs, seeds: int) -> torch.Tensor:
    """Both players' gradients on a batch, second differentiation of a penalty included."""
    rng = torch.Generator().manual_seed(1)
    lead = (seeds,) if seeds > 1 else ()
    real = built.held_out[:8].expand(*lead, 8, 2)
    fake = built.game.generator.call(torch.randn(*lead, 8, 4, generator=rng))
    epsilon = torch.rand(*lead, 8, 1, generator=rng)
    seen, d_gradient = discriminator_gradient(built.game, Batch(real), fake.detach(), [epsilon])
    answer = generator_gradient(built.game, Batch(real), fake)
    assert {t.dtype for t in (*seen, *d_gradient, *answer[:3], *answer.gradient)} == {torch.float32}
    return torch.cat([g.flatten() for g in (*d_gradient, *answer.gradient)])


@pytest.mark.parametrize("seeds", [1, 2], ids=["plain", "stack"])
def test_gradients_are_those_of_float32_up_to_the_rounding_of_bfloat16(tmp_path: Path, seeds: int) -> None:
    given: dict[str, Any] = {"seeds": tuple(range(seeds))}
    exact = gradients(runs(tmp_path / "a", "wgan-gp", **given), seeds)
    built = runs(tmp_path / "b", "wgan-gp", **given, precision="bfloat16")
    rounded = gradients(built, seeds)
    # 8 bits a product, some twenty products deep
    assert 1e-4 < float((rounded - exact).norm() / exact.norm()) < 20 * 2**-8
    assert {w.dtype for player in ("generator", "discriminator") for w in weights(built, player)} == {
        torch.float32
    }


def test_where_it_only_costs_time_it_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(device, "has_bfloat16", lambda device: False)
    with pytest.raises(gs.BadInput, match="--precision bfloat16 would be many times slower here"):
        gs.train({"data": "ring", "recipe": "r1", "precision": "bfloat16"}, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("flags\t\t: fpu avx2\n", False),
        ("flags\t\t: fpu avx512f avx512_bf16\n", True),
        ("Features\t: fp asimd bf16\n", True),
        ("flags\t\t: fpu avx512_bf16x\n", False),
    ],
)
def test_the_processor_is_asked(text: str, has: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *args, **kwargs: text)
    assert has_bfloat16(torch.device("cpu")) == has
