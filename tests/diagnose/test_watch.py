"""The observer does not disturb: any loop ends with the same bits with and without it."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import ganscope as gs
from ganscope.folder import files
from tests.diagnose.watched import REAL, latent, loop, networks, pair, troubles


@pytest.mark.parametrize("kind", ["sgd", "adam", "dropout", "batchnorm", "autocast", "spectral"])
def test_the_run_ends_with_the_same_bits(kind: str) -> None:
    results = []
    for watched in (False, True):
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002
        torch.manual_seed(5)
        found, scope = loop(kind, watched)
        results.append(found)
    assert troubles(scope) == []
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
    assert len(scope.rows) == 13 + 400 + 600
    assert scope.rows[0]["step"] == 0
    assert "about" in scope.rows[0]


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    scope = gs.watch(*pair(), real=REAL, latent=latent, every=2, out=tmp_path / "file" / "run")
    scope.step()
    scope.step()
    assert "cannot be written (Not a directory)" in scope.notes[0]
    assert len(troubles(scope)) == 1
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
    assert len(troubles(scope)) == 1
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
    assert troubles(scope) == []
