"""Data handed over in Python: tensors, torch datasets and records of the hub."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset
from torch.utils.data import IterableDataset, Subset, TensorDataset

from ganscope.contracts import BadInput
from ganscope.data import decoded, from_hub, from_rows, from_torch_dataset
from ganscope.data.hub import from_records


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(600, 2), (600, 5, 7), (600, 3, 8, 8), (600, 1)])
def test_rows_are_kept_as_they_are(shape: tuple[int, ...]) -> None:
    given = normal(*shape)
    data = from_rows(given)
    assert isinstance(data.train, Tensor)
    assert (len(data.train), len(data.held_out)) == (540, 60)
    assert data.value_range is None
    assert data.units is None
    together = torch.cat([data.train, data.held_out]).flatten(1)
    assert sorted(together.tolist()) == sorted(given.flatten(1).tolist())
    # Training rows keep their order.
    first = [row.tobytes() for row in given.numpy()]
    kept = [first.index(row.tobytes()) for row in data.train.numpy()]
    assert kept == sorted(kept)


def test_the_split_of_rows_is_fixed_by_content() -> None:
    given = normal(200, 3)
    first = from_rows(given)
    torch.manual_seed(3)
    assert torch.equal(from_rows(given.clone()).held_out, first.held_out)
    assert torch.equal(from_rows(given.numpy()).held_out, first.held_out)
    assert torch.equal(from_rows(given.clone().requires_grad_()).held_out, first.held_out)
    other = given.clone()
    other[17, 1] += 1e-6
    assert from_rows(other).digest != first.digest


def test_rows_belong_to_the_caller() -> None:
    given = normal(40, 3)
    data = from_rows(given)
    before = data.held_out.clone()
    given.zero_()
    assert torch.equal(data.held_out, before)


def test_bounded_images_get_a_bounded_generator_and_others_a_note() -> None:
    pixels = normal(40, 1, 8, 8).sigmoid()
    assert from_rows(pixels).value_range == (-1.0, 1.0)
    assert from_rows(pixels).notes == ()
    wide = from_rows(pixels * 255)
    assert wide.value_range is None
    assert "used as they are" in wide.notes[0]
    assert from_rows((pixels * 255).to(torch.uint8)).held_out.dtype == torch.float32
    assert from_rows(pixels.flatten(1)).value_range is None


class Items(TorchDataset[Any]):
    """A dataset that counts what is read."""

    def __init__(self, rows: Tensor, noise: float = 0.0) -> None:
        self.rows, self.noise, self.reads = rows, noise, 0

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, at: int) -> tuple[Tensor, int]:
        self.reads += 1
        return self.rows[at] + self.noise * torch.rand(()), at % 10


def test_torch_datasets_are_read_item_by_item() -> None:
    given = normal(5_000, 3).tanh()
    items = Items(given)
    data = from_torch_dataset(items)
    assert items.reads < 2_000
    assert data.shape == (3,)
    assert (len(data.train), len(data.held_out)) == (4_500, 500)
    held = {row.tobytes() for row in data.held_out.numpy()}
    batch = data.train[torch.tensor([4, 4, 4_499])]
    assert batch.dtype == torch.float32
    assert torch.equal(batch[0], batch[1])
    train = {row.tobytes() for row in data.train[torch.arange(4_500)].numpy()}
    assert not train & held
    assert train | held == {row.tobytes() for row in given.numpy()}
    again = from_torch_dataset(Items(given))
    assert torch.equal(again.held_out, data.held_out)
    given[0, 0] += 1.0
    assert from_torch_dataset(Items(given)).digest != data.digest


def test_torch_datasets_of_many_kinds() -> None:
    rows = normal(60, 1, 8, 8).tanh()
    whole = from_torch_dataset(TensorDataset(rows))
    assert whole.value_range == (-1.0, 1.0)
    for other in (
        TensorDataset(rows, torch.arange(60)),
        Subset(TensorDataset(rows), range(60)),
        list(rows),
        rows.numpy(),
        [(row.numpy(), "label") for row in rows],
        rows.double(),
    ):
        data = from_torch_dataset(other)
        assert torch.equal(data.held_out, whole.held_out)
        assert data.held_out.dtype == torch.float32


def test_random_augmentation_cannot_move_the_split() -> None:
    rows = normal(300, 2)
    first, second = (from_torch_dataset(Items(rows, noise=1e-3)) for _ in range(2))
    assert first.digest == second.digest
    assert "items differ when read twice" in first.notes[0]
    torch.testing.assert_close(first.held_out, second.held_out, atol=2e-3, rtol=0)


class Stream(IterableDataset[Tensor]):
    """A dataset without a length."""

    def __iter__(self) -> Iterator[Tensor]:
        yield torch.zeros(2)


def image_items() -> list[Any]:
    return [(Image.new("L", (8, 8)), 0)] * 30


def spoilt(rows: Tensor, at: tuple[int, ...], value: float) -> Tensor:
    rows[at] = value
    return rows


BAD: dict[str, tuple[Any, Any, tuple[str, ...]]] = {
    "one axis": (from_rows, normal(50), ("shape [50]", "x[:, None]")),
    "complex": (from_rows, torch.zeros(50, 2, dtype=torch.complex64), ("complex64", "give real rows")),
    "few rows": (from_rows, normal(19, 2), ("19 rows", "20", "add more")),
    "nan": (from_rows, spoilt(normal(50, 2), (7, 1), float("nan")), ("row 7", "NaN", "remove or repair")),
    "inf": (
        from_rows,
        spoilt(normal(50, 2), (7, 1), float("inf")),
        ("row 7", "infinity", "remove or repair"),
    ),
    "objects": (from_rows, np.array([["a"]] * 50), ("<U1", "convert")),
    "stream": (from_torch_dataset, Stream(), ("Stream", "no length", "__getitem__")),
    "few items": (from_torch_dataset, Items(normal(19, 2)), ("19 rows", "20", "add more")),
    "pictures": (from_torch_dataset, image_items(), ("item 0", "Image", "add a transform")),
    "dicts": (from_torch_dataset, [{"x": 1}] * 30, ("item 0", "dict", "add a transform")),
    "scalars": (from_torch_dataset, normal(30), ("item 0", "scalar", "add a transform")),
    "two shapes": (
        from_torch_dataset,
        [torch.zeros(2)] * 30 + [torch.zeros(3)],
        ("item 30", "[3]", "item 0", "[2]", "one shape"),
    ),
    "nan item": (
        from_torch_dataset,
        Items(spoilt(normal(50, 2), (7, 1), float("nan"))),
        ("item 7", "NaN", "remove or repair"),
    ),
    "no records": (lambda given: from_records("x", given), [], ("x holds no rows", "choose another split")),
    "text records": (
        lambda given: from_records("x", given),
        [{"a": 1, "b": 2}] * 25 + [{"a": 1, "b": "two"}],
        ("'two'", "'b'", "row 26", "remove the column"),
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_one_sentence_with_the_thing_the_value_and_the_remedy(kind: str) -> None:
    take, given, fragments = BAD[kind]
    with pytest.raises(BadInput) as caught:
        take(given)
    sentence = str(caught.value)
    for fragment in fragments:
        assert fragment in sentence
    assert sentence.endswith(".")
    assert not re.search(r"[.!?] [A-Z]", sentence)


def test_a_bad_item_that_training_meets_is_named_too() -> None:
    items = Items(normal(2_500, 2))
    data = from_torch_dataset(items)
    items.rows[:] = float("nan")
    with pytest.raises(BadInput, match=r"item \d+ of the dataset holds NaN"):
        data.train[torch.tensor([5])]


def test_records_of_images_and_of_numbers() -> None:
    pictures = [{"label": at, "image": Image.new("RGB", (10, 20), (at, 0, 0))} for at in range(30)]
    data = from_records("squares", pictures, size=8)
    assert data.shape == (3, 8, 8)
    assert "images are those of column 'image'." in data.notes
    numbers = from_records("pairs", [{"a": at, "b": at / 2} for at in range(30)])
    assert numbers.columns == ("a", "b")


def test_the_hub_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(BadInput, match=r"'ylecun/mnist' .* pip install 'ganscope\[images\]'\.$"):
        from_hub("ylecun/mnist")


def test_what_the_hub_says_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hub:
        @staticmethod
        def load_dataset(name: str, split: str) -> Any:
            if name == "nobody/nothing":
                raise ConnectionError("no network. Try again.\nDetails")
            return [{"a": at, "b": len(split)} for at in range(30)]

    monkeypatch.setitem(sys.modules, "datasets", Hub)
    with pytest.raises(BadInput, match=r"'nobody/nothing' .*\(no network\): check the name"):
        from_hub("nobody/nothing")
    data = from_hub("somebody/pairs", split="test")
    assert data.columns == ("a",)
    assert decoded(data.held_out, data.units or {})["b"].tolist() == [4.0] * len(data.held_out)


def test_a_dataset_of_the_hub_from_disk(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    pictures = {"image": [Image.new("L", (8, 8), at) for at in range(30)]}
    datasets.Dataset.from_dict(pictures).to_parquet(tmp_path / "train.parquet")
    assert from_hub(str(tmp_path), size=8).shape == (1, 8, 8)
