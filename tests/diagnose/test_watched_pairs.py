"""Pairs of every kind are probed: conditional, on several scales, with losses of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce

import ganscope as gs
from tests.diagnose.watched import REAL, latent, pair, troubles


class Conditional(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.table, self.inner = nn.Embedding(3, 4), nn.Linear(inputs + 4, outputs)

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        result: Tensor = self.inner(torch.cat([x, self.table(label)], 1))
        return result


class Scales(nn.Module):
    """Two discriminators on two scales of a picture, each with patches."""

    def __init__(self) -> None:
        super().__init__()
        self.fine, self.coarse = nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3)

    def forward(self, x: Tensor) -> list[Tensor]:
        return [self.fine(x), self.coarse(nn.functional.avg_pool2d(x, 2))]


def conditional() -> dict[str, Any]:
    return {
        "generator": Conditional(4, 2),
        "discriminator": Conditional(2, 1),
        "real": (REAL, torch.arange(len(REAL)) % 3),
        "latent": lambda n: (torch.randn(n, 4), torch.arange(n) % 3),
    }


def multi_scale() -> dict[str, Any]:
    shape = nn.Sequential(nn.Linear(4, 64), nn.Unflatten(1, (1, 8, 8)))
    return {
        "generator": shape,
        "discriminator": Scales(),
        "real": torch.randn(100, 1, 8, 8),
        "latent": latent,
    }


def from_data() -> dict[str, Any]:
    """A decoder or a vocoder: its input is data, and there is a fixed amount of it."""
    features = torch.randn(90, 4)
    return {"generator": nn.Linear(4, 2), "discriminator": nn.Linear(2, 1), "real": REAL,
            "latent": lambda n: features[:n]}  # fmt: skip


def own_losses() -> dict[str, Any]:
    def d_loss(real: Tensor, fake: Tensor) -> Tensor:
        return bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))

    generator, discriminator = pair()
    return {"generator": generator, "discriminator": discriminator, "real": REAL, "latent": latent,
            "objective": (d_loss, lambda fake: bce(fake, torch.ones_like(fake)))}  # fmt: skip


def half_precision() -> dict[str, Any]:
    generator, discriminator = (m.to(torch.bfloat16) for m in pair())
    return {"generator": generator, "discriminator": discriminator, "real": REAL, "latent": latent}


@pytest.mark.parametrize("make", [conditional, multi_scale, from_data, own_losses, half_precision])
def test_all_kinds_of_pairs_are_probed(make: Callable[[], dict[str, Any]]) -> None:
    given = make()
    scope = gs.watch(**given, every=2)
    for _ in range(4):
        with torch.no_grad():
            for p in given["generator"].parameters():
                p.add_(0.01)
        scope.step()
    assert troubles(scope) == []
    rows = [row for row in scope.rows if "auc" in row]
    assert [row["step"] for row in rows] == [0, 2, 4]
    for row in rows:
        assert 0 <= row["auc"] <= 1
        assert row["logit_slope"] > 0
        assert row["critic_slope"] > 0
        assert row["generator_gradient"] > 0
    assert rows[1]["g_update"] > 0
    assert rows[1]["d_update"] == 0


def test_losses_that_average_give_the_same_factors_as_named_ones() -> None:
    given = own_losses()
    named = gs.watch(**{**given, "objective": "non-saturating"}).rows[0]
    own = gs.watch(**given).rows[0]
    for key in ("logit_slope", "critic_slope", "signal", "generator_gradient", "auc"):
        assert own[key] == pytest.approx(named[key], rel=1e-5), key


def test_wrapped_modules_are_seen_through() -> None:
    generator, discriminator = pair()

    def first_row(wrap: Callable[[nn.Module], nn.Module]) -> Any:
        g, d = wrap(generator), wrap(discriminator)
        return gs.watch(g, d, real=REAL, latent=lambda n: torch.ones(n, 4)).rows[0]

    assert first_row(nn.DataParallel)["critic_slope"] == first_row(lambda m: m)["critic_slope"]


class Remembers(nn.Module):
    """A conditional discriminator that knows some rows by heart, each under its own label only."""

    def __init__(self, rows: Tensor, labels: Tensor) -> None:
        super().__init__()
        self.rows, self.labels, self.scale = rows, labels, nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        apart = (x[:, None] - self.rows).square().sum(2)
        return -self.scale * apart.masked_fill(labels[:, None] != self.labels, 9.0).min(1).values


class Conditioned(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 2)

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        rows: Tensor = self.layer(z) + 0 * labels[:, None]
        return rows


@pytest.mark.parametrize("labels_known", [True, False])
def test_a_conditional_discriminator_that_remembers_is_seen_where_its_labels_are_given(
    labels_known: bool,
) -> None:
    rng = torch.Generator().manual_seed(1)
    train, labels = torch.randn(40, 2, generator=rng), torch.arange(40) * 7 % 3
    held_out = torch.randn(300, 2, generator=rng), torch.arange(300) % 3
    scope = gs.watch(
        Conditioned(), Remembers(train, labels), objective="hinge", real=held_out,
        latent=lambda n: (torch.randn(n, 4, generator=rng), torch.arange(n) % 3), every=4,
    )  # fmt: skip
    for step in range(100):
        batch = torch.arange(8 * step, 8 * step + 8) % 40
        scope.step(real=(train[batch], labels[batch]) if labels_known else train[batch])
    assert troubles(scope) == []
    seen = [row["auc_train"] for row in scope.rows if "auc_train" in row]
    assert (scope.status()["discriminator-overfit"] == "fault") is labels_known
    assert (min(seen, default=0) > 0.99) is labels_known
