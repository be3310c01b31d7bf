"""The observer does not disturb: any loop ends with the same bits with and without it, whatever it meets."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import softplus

import ganscope as gs
from ganscope.diagnose.measure.balance import auc_error
from ganscope.folder import files

REAL = torch.randn(160, 2, generator=torch.Generator().manual_seed(1)) + 2


def networks(kind: str) -> tuple[nn.Sequential, nn.Sequential]:
    torch.manual_seed(0)
    norm = [nn.BatchNorm1d(16)] if kind == "batchnorm" else []
    drop = [nn.Dropout(0.3)] if kind == "dropout" else []
    generator = nn.Sequential(nn.Linear(4, 16), *norm, nn.ReLU(), nn.Linear(16, 2))
    first: nn.Module = nn.Linear(2, 16)
    if kind == "spectral":
        first = torch.nn.utils.parametrizations.spectral_norm(first)
    discriminator = nn.Sequential(first, nn.LeakyReLU(0.2), *drop, nn.Linear(16, 1))
    return generator, discriminator


def drawn() -> float:
    """From every global stream there is, as a user's code may."""
    return random.random() + float(np.random.random()) + float(torch.rand(()))  # noqa: S311, NPY002


def latent(n: int) -> Tensor:
    return torch.randn(n, 4) + 0 * drawn()


def loop(kind: str, watched: bool, out: Path | None = None) -> tuple[list[Tensor], Any]:
    """A loop as people write it, without ganscope."""
    generator, discriminator = networks(kind)
    make = torch.optim.SGD if kind == "sgd" else torch.optim.Adam
    g_opt, d_opt = make(generator.parameters(), lr=0.01), make(discriminator.parameters(), lr=0.01)
    scope = (
        gs.watch(generator, discriminator, real=REAL, latent=latent, out=out, every=4) if watched else None
    )
    seen: list[Any] = []
    generator[0].register_forward_hook(lambda *_: seen.append(1))
    with torch.autocast("cpu", torch.bfloat16, enabled=kind == "autocast"):
        for _ in range(13):
            real = REAL[torch.randint(len(REAL), (16,))] + 0.01 * drawn()
            fake = generator(torch.randn(16, 4))
            d_loss = softplus(-discriminator(real)).mean() + softplus(discriminator(fake.detach())).mean()
            d_opt.zero_grad()
            d_loss.backward()  # type: ignore[no-untyped-call]
            d_opt.step()
            for p in discriminator.parameters():
                p.requires_grad_(False)  # as a Lightning module's toggle_optimizer does
            g_loss = softplus(-discriminator(generator(torch.randn(16, 4)))).mean()
            g_opt.zero_grad()
            g_loss.backward()  # type: ignore[no-untyped-call]
            g_opt.step()
            if scope is not None:
                scope.step(real=real, fake=fake, d_loss=d_loss, g_loss=g_loss)
            for p in discriminator.parameters():
                p.requires_grad_(True)
    state = [*generator.state_dict().values(), *discriminator.state_dict().values()]
    grads = [p.grad for m in (generator, discriminator) for p in m.parameters() if p.grad is not None]
    after = [torch.tensor(drawn())]
    modes = [torch.tensor(m.training) for top in (generator, discriminator) for m in top.modules()]
    hooks = [torch.tensor(len(m._forward_hooks)) for m in generator.modules()]
    return [*state, *grads, *after, *modes, *hooks, torch.tensor(len(seen))], scope


@pytest.mark.parametrize("kind", ["sgd", "adam", "dropout", "batchnorm", "autocast", "spectral"])
def test_the_run_ends_with_the_same_bits(kind: str) -> None:
    results = []
    for watched in (False, True):
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002
        torch.manual_seed(5)
        found, scope = loop(kind, watched)
        results.append(found)
    assert scope.notes == []
    assert [row["step"] for row in scope.rows if "auc" in row] == [0, 4, 8, 12]
    assert all(row["g_update"] > 0 for row in scope.rows if row["step"] and "auc" in row)
    for ours, theirs in zip(*results, strict=True):
        assert torch.equal(ours, theirs)


def test_rows_and_verdicts_are_written(tmp_path: Path) -> None:
    _, scope = loop("adam", True, tmp_path)
    rows = files.read_rows(tmp_path / "diagnosis.jsonl")
    assert [row["step"] for row in rows if "auc" in row] == [0, 4, 8, 12]
    assert rows[0]["about"]["objective"] == "non-saturating"
    written = files.read_json(tmp_path / "verdicts.json")
    assert set(written["status"]) == set(scope.status())
    assert np.load(tmp_path / "exemplars.npy").shape[1:] == (2,)


def test_probes_and_looks_keep_their_own_time() -> None:
    scope = gs.watch(*pair(), real=REAL, latent=latent, every=25)
    for _ in range(51):
        scope.step()
    assert [row["step"] for row in scope.rows if "auc" in row] == [0, 25, 50]
    assert [row["step"] for row in scope.rows if "point" in row] == list(range(2, 51, 2))
    assert all("g_update" in row for row in scope.rows if row["step"] in (25, 50) and "auc" in row)


def test_memory_is_flat() -> None:
    generator, discriminator = networks("adam")
    scope = gs.watch(generator, discriminator, real=REAL, latent=latent, every=1)
    probe = scope._probe
    assert probe is not None
    row = probe.row(*scope._players())
    for step in range(3_000):
        scope._log.add({**row, "step": step})
        scope._log.add({"point": [0.0, 0.0], "step": step})
    assert len(scope.rows) == 1 + 400 + 600
    assert scope.rows[0]["step"] == 0
    assert "about" in scope.rows[0]


def pair() -> tuple[nn.Module, nn.Module]:
    return nn.Linear(4, 2), nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))


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
    (note,) = scope.notes
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
        ({"optimizers": [1]}, "optimizers= is no pair"),
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
    assert len(scope.notes) == (words is not None)
    assert all(note.startswith(words or "") for note in scope.notes)
    assert sum("auc" in row for row in scope.rows) == 6
    assert scope.status()["diverged"] == "fine"


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    scope = gs.watch(*pair(), real=REAL, latent=latent, every=2, out=tmp_path / "file" / "run")
    scope.step()
    scope.step()
    assert "cannot be written (Not a directory)" in scope.notes[0]
    assert len(scope.notes) == 1
    assert sum("auc" in row for row in scope.rows) == 2


def test_a_failing_probe_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A network that breaks is given up after three probes, with a note."""
    calls: list[int] = []

    class Fragile(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            calls.append(1)
            if len(calls) > 12:
                raise KeyError("no such batch")
            return super().forward(x)

    generator = Fragile(4, 2)
    scope = gs.watch(generator, nn.Linear(2, 1), real=REAL, latent=latent, every=1)
    for _ in range(30):
        scope.step()
    assert len(scope.notes) == 1
    assert "a probe failed (KeyError" in scope.notes[0]
    assert "The training goes on" in caplog.text
    before = len(calls)
    scope.step()
    assert len(calls) == before  # given up


def test_only_the_first_process_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    generator, discriminator = pair()
    scope = gs.watch(generator, discriminator, real=REAL, latent=latent)
    scope.step()
    assert scope.rows == []
    assert scope.notes == []


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
    assert scope.notes == []
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


@pytest.mark.parametrize(
    ("train", "words"),
    [
        (torch.randn(90, 3), "train= has shape [90, 3]: hand over rows [N, 2]"),
        ("rows.npy", "train= holds str, which is no tensor"),
        ({"rows": 1}, "train= holds dict, which is no tensor"),
        ((REAL, torch.arange(5)), "and [5]: hand over rows [N, 2]"),
    ],
)
def test_without_training_rows_it_can_read_it_collects_its_own(train: Any, words: str) -> None:
    scope = gs.watch(*pair(), real=REAL, latent=latent, train=train, every=10)
    for step in range(60):
        scope.step(real=REAL[8 * step : 8 * step + 8])
    (note,) = scope.notes
    assert words in note
    assert any("auc_train" in row for row in scope.rows)


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
    assert scope.notes == []
    seen = [row["auc_train"] for row in scope.rows if "auc_train" in row]
    assert (scope.status()["discriminator-overfit"] == "fault") is labels_known
    assert (min(seen, default=0) > 0.99) is labels_known


def test_training_rows_may_be_a_list() -> None:
    scope = gs.watch(*pair(), real=REAL, latent=latent, train=REAL[:40].tolist(), every=10)
    assert scope.notes == []
    assert scope.rows[0]["auc_train_error"] == auc_error(40, len(REAL))


def test_rows_seen_again_count_once() -> None:
    train = torch.randn(20, 2, generator=torch.Generator().manual_seed(1))
    scope = gs.watch(*pair(), real=REAL, latent=latent, every=10)
    for step in range(300):
        scope.step(real=train[torch.arange(8 * step, 8 * step + 8) % 20])
    errors = {row["auc_train_error"] for row in scope.rows if "auc_train_error" in row}
    assert errors == {auc_error(20, len(REAL))}
