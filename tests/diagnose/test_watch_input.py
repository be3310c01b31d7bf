"""What `watch` is handed: named when it is wrong, while the training goes on."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganscope as gs
from ganscope.diagnose.measure.balance import auc_error
from tests.diagnose.watched import REAL, latent, pair, troubles


class TwoResults(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 3)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return self.inner(z), z


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"real": torch.randn(100, 3)}, "the generator returns a tensor of shape [8, 2]"),
        ({"latent": lambda n: torch.randn(n, 5)}, "the generator cannot take inputs of shape [8, 5]"),
        ({"real": torch.full((100, 2), math.nan)}, "real= holds NaN or infinity in 100 of 100 rows"),
        ({"generator": TwoResults()}, "the generator returns a tuple of shape [[8, 3], [8, 4]]"),
        ({"discriminator": nn.Flatten(0)}, "no score per row"),
        ({"real": torch.zeros(100, 2, dtype=torch.uint8)}, "real= has dtype torch.uint8"),
        ({"latent": lambda n: "noise"}, "latent(500) returns a str"),
        ({"latent": None}, "watch needs real="),
        ({"objective": (lambda real: 0, lambda fake: 0)}, "objective= cannot take real and fake scores"),
        ({"latent": lambda n: 1 / 0}, "a probe failed (ZeroDivisionError"),
        ({"latent": torch.randn(5, 4)}, "latent= is a Tensor"),
        ({"discriminator": nn.Linear(3, 1)}, "the discriminator cannot take inputs of shape [8, 2]"),
    ],
)
def test_bad_input_is_named_and_the_training_goes_on(change: dict[str, Any], words: str) -> None:
    generator, discriminator = pair()
    given = {"generator": generator, "discriminator": discriminator, "real": REAL, "latent": latent, **change}
    scope = gs.watch(**given)
    for _ in range(3):
        scope.step(real=REAL[:8], d_loss=1.0)
    (note,) = troubles(scope)
    assert words in note
    assert note.endswith(".")
    assert scope.verdicts() == []
    assert set(scope.status().values()) == {"unknown"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"objective": "wgn"}, "unknown objective 'wgn'"),
        ({"constraint": "gp"}, "unknown constraint 'gp'"),
        ({"generator": 3}, "generator= is a int"),
        ({"every": 0}, "every=0 cannot be used"),
        ({"every": "10"}, "every='10' cannot be used"),
        ({"constraint_weight": "10"}, "constraint_weight='10' is no number"),
        ({"optimizers": [1]}, "optimizers= is not a pair"),
    ],
)
def test_misspelt_arguments_are_refused_at_once(change: dict[str, Any], words: str) -> None:
    generator, discriminator = pair()
    given = {"generator": generator, "discriminator": discriminator, "real": REAL, "latent": latent, **change}
    with pytest.raises(gs.BadInput) as caught:
        gs.watch(**given)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"real": torch.full((16, 2), math.nan)}, "step(real=) holds NaN or infinity in 16 of 16 rows"),
        ({"d_loss": {"total": 1.0}}, "d_loss= is a dict"),
        ({"g_loss": "0.3"}, "g_loss= is a str"),
        ({"d_loss": torch.ones(16), "g_loss": torch.ones(16, 1)}, None),
    ],
)
def test_what_a_step_brings_stops_no_probe(given: dict[str, Any], words: str | None) -> None:
    scope = gs.watch(*pair(), real=REAL, latent=latent, every=2)
    for _ in range(10):
        scope.step(**given)
    assert len(troubles(scope)) == (words is not None)
    assert all(note.startswith(words or "") for note in troubles(scope))
    assert sum("auc" in row for row in scope.rows) == 6
    assert scope.status()["diverged"] == "fine"


@pytest.mark.parametrize(
    ("train", "words"),
    [
        (torch.randn(90, 3), "train= has shape [90, 3]: give rows [N, 2]"),
        ("rows.npy", "train= holds str, which is no tensor"),
        ({"rows": 1}, "train= holds dict, which is no tensor"),
        ((REAL, torch.arange(5)), "and [5]: give rows [N, 2]"),
    ],
)
def test_without_training_rows_it_can_read_it_collects_its_own(train: Any, words: str) -> None:
    scope = gs.watch(*pair(), real=REAL, latent=latent, train=train, every=10)
    for step in range(60):
        scope.step(real=REAL[8 * step : 8 * step + 8])
    (note,) = troubles(scope)
    assert words in note
    assert any("auc_train" in row for row in scope.rows)


def test_training_rows_may_be_a_list() -> None:
    scope = gs.watch(*pair(), real=REAL, latent=latent, train=REAL[:40].tolist(), every=10)
    assert troubles(scope) == []
    assert scope.rows[0]["auc_train_error"] == auc_error(40, len(REAL))


def test_rows_seen_again_count_once() -> None:
    train = torch.randn(20, 2, generator=torch.Generator().manual_seed(1))
    scope = gs.watch(*pair(), real=REAL, latent=latent, every=10)
    for step in range(300):
        scope.step(real=train[torch.arange(8 * step, 8 * step + 8) % 20])
    errors = {row["auc_train_error"] for row in scope.rows if "auc_train_error" in row}
    assert errors == {auc_error(20, len(REAL))}


NAMES = [None, "none", "clipping", "weight-clipping", "r1", "r1+r2", "wgan-gp", "wgan-lp"]
HELD = {"weight-clipping": "clipping", "r1+r2": "r1", "wgan-gp": "gradient-penalty", "wgan-lp": "one-sided"}


@pytest.mark.parametrize("name", NAMES)
def test_a_constraint_may_have_any_name_that_a_recipe_has(name: str | None) -> None:
    scope = gs.watch(*pair(), "wasserstein", real=REAL, latent=latent, constraint=name)
    assert scope.rows[0]["about"]["constraint"] == HELD.get(str(name), name or "none")


def test_an_unknown_constraint_is_refused_with_the_known_ones() -> None:
    with pytest.raises(gs.BadInput, match="weight-clipping"):
        gs.watch(*pair(), "wasserstein", real=REAL, latent=latent, constraint="weight-cliping")


def test_checks_have_their_evidence_when_the_notes_say_so() -> None:
    """Notes name the step; at that step the check decides, and the note leaves it out."""
    scope = gs.watch(*pair(), real=REAL, latent=latent)
    for step in range(1, 800):
        scope.step(real=REAL[:16])
        if step == 20:
            awaited = dict(scope.answer().lacking)
            assert "discriminator-overfit, discriminator-too-weak" in scope.notes[-1]
            assert awaited["diverged"] == 30
        for name, due in awaited.items() if step > 20 else ():
            assert due is not None
            if step > 20 and step % 50 == 0 and scope.answer().lacking.get(name) is not None:
                assert step < due, name
    assert all(step is None for step in scope.answer().lacking.values())
