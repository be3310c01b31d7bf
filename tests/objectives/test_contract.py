"""What every objective promises: shape, gradients, order of rows, stacks, torch.func."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from ganscope.contracts import BadInput
from ganscope.objectives import OBJECTIVES
from tests.objectives.exact import (
    EXTREMES,
    every_pair,
)
from tests.objectives.halves import NAMES


def test_the_members_are_the_promised_ones() -> None:
    promised = [
        *("minimax", "non-saturating", "wasserstein", "hinge", "least-squares", "relativistic"),
        *("relativistic-average", "f-kl", "f-reverse-kl", "f-pearson", "f-hellinger", "f-js", "f-gan"),
    ]
    assert promised == NAMES
    assert [name for name in NAMES if OBJECTIVES[name].needs_lipschitz] == ["wasserstein"]
    assert [name for name in NAMES if OBJECTIVES[name].bounded] == [
        "minimax",
        "non-saturating",
        "f-js",
        "f-gan",
    ]


@pytest.mark.parametrize("dtype", EXTREMES)
@pytest.mark.parametrize("name", NAMES)
def test_contract_shape_dtype_and_finite_everywhere(name: str, dtype: torch.dtype) -> None:
    objective = OBJECTIVES[name]
    real, fake = every_pair(dtype)
    for loss in (objective.d_loss(real, fake), objective.g_loss(real, fake)):
        assert loss.shape == real.shape
        assert loss.dtype == dtype
        assert bool(loss.isfinite().all())
        gradients = torch.autograd.grad(loss.mean(), (real, fake), allow_unused=True)
        assert all(gradient is None or bool(gradient.isfinite().all()) for gradient in gradients)
    for shape in ((7,), (2, 7), (2, 3, 7), (1,)):
        logits = torch.linspace(-2, 2, math.prod(shape), dtype=dtype).reshape(shape)
        assert objective.d_loss(logits, -logits).shape == shape
        assert objective.g_loss(logits, -logits).shape == shape


@pytest.mark.parametrize("name", NAMES)
def test_contract_gradients_by_central_differences(name: str) -> None:
    objective = OBJECTIVES[name]
    rng = torch.Generator().manual_seed(1)
    real = torch.randn(6, generator=rng, dtype=torch.float64, requires_grad=True)
    fake = torch.randn(6, generator=rng, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(objective.d_loss, (real, fake))
    assert torch.autograd.gradcheck(lambda f: objective.g_loss(real.detach(), f), (fake,))


@pytest.mark.parametrize("name", NAMES)
def test_contract_a_better_discriminator_has_a_lower_loss(name: str) -> None:
    """The sign: `real` is the one pushed up, and the generator wants `fake` up."""
    objective = OBJECTIVES[name]
    zero = torch.zeros(4, dtype=torch.float64)
    # inside every objective's useful range: least squares wants real nearer 1 and fake nearer 0
    low, high = zero + 0.2, zero + 0.7
    assert bool((objective.d_loss(high, low) < objective.d_loss(low, high)).all())
    assert bool((objective.g_loss(low, high) < objective.g_loss(low, low)).all())


@pytest.mark.parametrize("name", NAMES)
def test_contract_only_relativistic_generators_look_at_real(name: str) -> None:
    objective = OBJECTIVES[name]
    rng = torch.Generator().manual_seed(2)
    real, other, fake = torch.randn(3, 8, generator=rng)
    depends = not torch.equal(objective.g_loss(real, fake), objective.g_loss(other, fake))
    assert depends == name.startswith("relativistic")


@pytest.mark.parametrize("name", NAMES)
def test_contract_coupled_tells_the_truth(name: str) -> None:
    """Perturb one sample: the losses of the others move if and only if the objective is marked coupled."""
    objective = OBJECTIVES[name]
    rng = torch.Generator().manual_seed(4)
    real, fake = torch.randn(2, 8, generator=rng, dtype=torch.float64)
    others = torch.arange(8) != 3
    for loss in (objective.d_loss, objective.g_loss):
        before = loss(real, fake)
        for kind in range(2):
            moved = [real.clone(), fake.clone()]
            moved[kind][3] += 0.5
            changed = loss(*moved)[others] != before[others]
            assert bool(changed.all() if objective.coupled else not changed.any())


@pytest.mark.parametrize("name", NAMES)
def test_contract_permutation_and_batch_size(name: str) -> None:
    objective = OBJECTIVES[name]
    rng = torch.Generator().manual_seed(5)
    real, fake = torch.randn(2, 16, generator=rng, dtype=torch.float64)
    order = torch.randperm(16, generator=rng)
    for loss in (objective.d_loss, objective.g_loss):
        whole = loss(real, fake)
        assert_close(loss(real[order], fake[order]), whole[order])
        if not objective.coupled:
            assert torch.equal(torch.cat([loss(real[:5], fake[:5]), loss(real[5:], fake[5:])]), whole)


@pytest.mark.parametrize("name", NAMES)
def test_contract_stacked_runs_stay_apart(name: str) -> None:
    objective = OBJECTIVES[name]
    rng = torch.Generator().manual_seed(6)
    real, fake = torch.randn(2, 3, 8, generator=rng, dtype=torch.float64)
    for loss in (objective.d_loss, objective.g_loss):
        stacked = loss(real, fake)
        alone = torch.stack([loss(real[k], fake[k]) for k in range(3)])
        assert torch.equal(stacked, alone)
        assert_close(torch.func.vmap(loss)(real, fake), alone)

        for bad in (math.nan, math.inf):
            sick_real, sick_fake = real.clone(), fake.clone()
            sick_real[0], sick_fake[0] = bad, bad
            sick_real.requires_grad_()
            sick_fake.requires_grad_()
            sick = loss(sick_real, sick_fake)
            assert torch.equal(sick[1:], stacked[1:])
            gradients = torch.autograd.grad(sick.sum(), (sick_real, sick_fake), allow_unused=True)
            assert all(g is None or bool(g[1:].isfinite().all()) for g in gradients)


@pytest.mark.parametrize("name", NAMES)
def test_contract_works_under_torch_func(name: str) -> None:
    """The stacked step differentiates under vmap: same numbers as ordinary autograd."""
    objective = OBJECTIVES[name]
    rng = torch.Generator().manual_seed(7)
    real, fake = torch.randn(2, 3, 8, generator=rng, dtype=torch.float64)
    for loss in (objective.d_loss, objective.g_loss):

        def mean_loss(r: Tensor, f: Tensor, loss: Callable[[Tensor, Tensor], Tensor] = loss) -> Tensor:
            return loss(r, f).mean()

        batched = torch.func.vmap(torch.func.grad(mean_loss, argnums=1))(real, fake)
        leaf = fake.clone().requires_grad_()
        (ordinary,) = torch.autograd.grad(loss(real, leaf).mean(-1).sum(), leaf)
        assert_close(batched, ordinary)


@pytest.mark.parametrize("name", NAMES)
def test_contract_refuses_logits_that_would_broadcast(name: str) -> None:
    with pytest.raises(BadInput, match=r"\(8, 1\).*\(8,\)"):
        OBJECTIVES[name].d_loss(torch.zeros(8, 1), torch.zeros(8))
