"""The held-out rows: how many, which, and never seen in training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ganscope.data import lazy_rows, load
from ganscope.data.lazy_rows import Remaining
from ganscope.data.split import split
from tests.data.tables import digit_images, people, write_csv, write_npy


def test_split_sizes_and_stability() -> None:
    for n, held in ((20, 10), (99, 49), (100, 50), (501, 50), (1_000, 100), (5_000, 500), (10**12, 500)):
        drawn = split("digest", n)
        assert len(drawn) == len(set(drawn.tolist())) == held
        assert drawn.min() >= 0
        assert drawn.max() < n
    assert split("digest", 20).tolist() == split("digest", 20).tolist()
    # Pinned, and recomputed with hashlib alone: no new version may move the split of a user's data.
    assert split("digest", 10**6)[:3].tolist() == [947_814, 405_786, 832_408]


def test_split_is_uniform() -> None:
    counts = np.bincount(np.concatenate([split(str(seed), 100) for seed in range(2_000)]), minlength=100)
    # Each of 100 rows is held out with probability a half: binomial, std 22.4.
    assert abs(counts - 1_000).max() < 4.5 * 22.4


def test_remaining_rows_are_all_the_others() -> None:
    rng = np.random.default_rng(0)
    for n in (1, 2, 7, 50):
        for apart in (0, n // 2, n - 1):
            out = np.sort(rng.choice(n, apart, replace=False))
            remaining = Remaining(n, out)
            expected = np.setdiff1d(np.arange(n), out)
            assert remaining.positions(torch.arange(len(remaining))).tolist() == expected.tolist()
            with pytest.raises(IndexError):
                remaining.positions(torch.tensor([len(remaining)]))
            with pytest.raises(IndexError):
                remaining.positions(torch.tensor([-1]))


def test_the_split_is_fixed_by_content_and_by_nothing_else(tmp_path: Path) -> None:
    values = people()
    first = load(write_csv(tmp_path / "people.csv", values))
    (tmp_path / "elsewhere").mkdir()
    torch.manual_seed(7)
    renamed = load(write_csv(tmp_path / "elsewhere" / "folk.csv", values, header=["a", "b", "c", "d"]))
    assert renamed.digest == first.digest
    assert torch.equal(renamed.held_out, first.held_out)
    for row, column in ((0, 0), (199, 3), (77, 2)):
        changed = values.copy()
        changed[row, column] = np.nextafter(changed[row, column], np.inf)
        assert load(write_csv(tmp_path / "changed.csv", changed)).digest != first.digest
    swapped = values.copy()
    swapped[[0, 1]] = swapped[[1, 0]]
    assert load(write_csv(tmp_path / "swapped.csv", swapped)).digest != first.digest


@pytest.mark.parametrize("in_memory", [0, 2**28])
def test_training_never_sees_a_held_out_row(
    in_memory: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazy_rows, "IN_MEMORY", in_memory)
    dataset = load(write_npy(tmp_path / "x.npy", np.random.default_rng(1).normal(size=(3_000, 2))))
    train = {row.tobytes() for row in dataset.train[torch.arange(len(dataset.train))].numpy()}
    held = {row.tobytes() for row in dataset.held_out.numpy()}
    assert (len(train), len(held)) == (2_700, 300)
    assert not train & held


def test_a_copy_of_a_held_out_image_is_kept_from_training(tmp_path: Path) -> None:
    images = np.concatenate([digit_images(), digit_images()[::-1], digit_images()[:5]])
    dataset = load(write_npy(tmp_path / "x.npy", images))
    train = {row.tobytes() for row in dataset.train[torch.arange(len(dataset.train))].numpy()}
    held = {row.tobytes() for row in dataset.held_out.numpy()}
    assert len(dataset.held_out) == 50
    assert not train & held
    assert len(train) + len(held) == 120
    assert any("exact copies of held-out images" in note for note in dataset.notes)
