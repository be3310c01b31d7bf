"""A data set with everything it takes to judge samples of it: held-out rows, EMD floor, judge of modes."""

from __future__ import annotations

import hashlib
import os
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from ganscope.config import BUILT_IN_DATA, unknown
from ganscope.contracts import BadInput, Dataset, ModeReport
from ganscope.data import DATASETS, from_rows, from_torch_dataset, in_units, load
from ganscope.folder import files
from ganscope.metrics import class_judge, emd, mode_report, prdc, reverse_kl_floor, stacked_judge
from ganscope.training import streams

COMPARED_ROWS = 500
"""Held-out rows, and fakes, in an exact EMD: its cost grows with the cube."""
JUDGED_SAMPLES = {"digits": 1_000, "stacked-digits": 10_000}
"""Samples over which modes are counted; 2,500 (VEEGAN, PacGAN) for the mixtures."""
FLOOR_DRAWS = 5
FEWEST_SAMPLES = 20
"""Below this neither a distance nor a share says anything."""

OwnData = Dataset | TorchDataset[Any] | Tensor | np.ndarray[Any, Any]
"""What may be handed over in Python in place of a name or a path."""


class Bench(NamedTuple):
    """A data set with everything it takes to judge samples of it."""

    data: Dataset
    measure: Callable[[Tensor], dict[str, Any]]
    samples: int
    """How many samples `measure` wants."""
    about: dict[str, Any]
    """The `data` entry of `config.json`."""


def bench(data: Dataset, batch_size: int = 1) -> Bench:
    """Prepare a data set: its held-out rows, EMD floor and judge of modes.

    Args:
        data: training and held-out rows.
        batch_size: rows per update.

    Returns:
        The bench, the same for all runs on this data.

    Raises:
        BadInput: fewer training rows than a batch.
    """
    check_rows(data, batch_size)
    held_out = data.held_out[:COMPARED_ROWS]
    judge, accuracy, samples, shares = _judge(data)

    def measure(fake: Tensor) -> dict[str, Any]:
        distance = emd(held_out, fake[: len(held_out)]) if fake.isfinite().all() else None
        return {"emd": distance} | ({} if judge is None else _modes(judge(fake)))

    about = {
        "name": data.name,
        "shape": list(data.shape),
        "train_rows": len(data.train),
        "held_out_rows": len(data.held_out),
        "compared_rows": len(held_out),
        "emd_floor": _floor(data, len(held_out)),
        "mode_names": _mode_names(data),
        "judge_accuracy": accuracy,
        "judged_samples": samples if judge is not None else None,
        "reverse_kl_floor": reverse_kl_floor(shares, samples) if shares else None,
        "value_range": data.value_range,
        "centres": None if data.centres is None else data.centres.tolist(),
        "columns": list(data.columns),
        "units": None if data.units is None else dict(data.units),
        "notes": list(data.notes),
        "digest": digest(data),
    }
    return Bench(data, measure, max(samples, len(held_out)), about)


def load_data(data: str | Path | OwnData, size: int = 0) -> Dataset:
    """Find the data a configuration names, or take the user's own.

    Args:
        data: a built-in name, the path of a file or folder, rows `[N, *shape]`, a torch dataset, a `Dataset`.
        size: side in pixels to which image files are brought, 0 for the default.

    Returns:
        The data set.

    Raises:
        BadInput: an unknown name, or data that cannot be trained on.

    Example:
        >>> load_data("ring").shape
        (2,)
    """
    if isinstance(data, Dataset):
        return data
    if isinstance(data, Tensor | np.ndarray):
        return from_rows(data)
    if isinstance(data, TorchDataset):
        return from_torch_dataset(data)
    if not isinstance(data, str | Path):
        raise BadInput(
            f"data of type {type(data).__name__} cannot be trained on: give a name, a path, a tensor or "
            "array of rows, a torch dataset with a length, or a ganscope Dataset."
        )
    if str(data) in DATASETS:
        return DATASETS[str(data)]()
    if is_path(data):
        return load(data, size or None)
    raise BadInput(unknown("data", data, BUILT_IN_DATA, f"Known: {', '.join(BUILT_IN_DATA)}, or a path"))


def is_path(data: str | Path) -> bool:
    """Tell whether a name that is no built-in data set means a file or folder.

    Example:
        >>> [is_path(name) for name in ("rings", "rings.csv", "my/rings")]
        [False, True, True]
    """
    name = str(data)
    return bool(Path(name).suffix) or os.sep in name or "/" in name or Path(name).exists()


def check_rows(data: Dataset, batch_size: int) -> None:
    """Refuse a batch that is larger than the data."""
    if len(data.train) < batch_size:
        raise BadInput(
            f"--batch-size {batch_size} is more than the {len(data.train)} training rows of {data.name}: "
            f"use at most {len(data.train)}."
        )


def check_samples(count: int) -> None:
    """Refuse to judge too few samples."""
    if count < FEWEST_SAMPLES:
        raise BadInput(f"{count} samples are too few to judge: ask for at least {FEWEST_SAMPLES} with -n.")


def check_unchanged(data: Dataset, before: Mapping[str, Any], what: str) -> None:
    """Refuse to go on with other data than a run began with."""
    if before.get("digest") not in (None, digest(data)):
        raise BadInput(
            f"{before['name']} has changed since {what} was trained on it: bring the old data back, train "
            "anew, or judge by it all the same with --data."
        )


def samples_wanted(data: Dataset) -> int:
    """How many samples an evaluation takes: what the modes want, 500 where none are known."""
    known = data.centres is not None or data.labels is not None
    return max(JUDGED_SAMPLES.get(data.name, 2_500) if known else 0, min(COMPARED_ROWS, len(data.held_out)))


def evaluate(data: Dataset, fake: Tensor) -> dict[str, Any]:
    """Judge samples against a data set, each number beside what real rows reach.

    Args:
        data: the judge.
        fake: samples `[N, *shape]`, N at least 20.

    Returns:
        `emd` of up to 500 samples against as many held-out rows; `emd_floor`, the mean EMD of five sets of
        training rows of that size; modes where they are known, over all samples, and `reverse_kl_floor`, what
        a perfect sampler of as many is expected to measure; `prdc` with k = 5 between raw rows; `prdc_real`,
        the same five sets of training rows in place of samples.

    Raises:
        BadInput: samples of another shape, too few, or not finite.

    Example:
        >>> ring = load_data("ring")
        >>> found = evaluate(ring, ring.train[:400])
        >>> found["compared_rows"], found["captured"], found["emd"] < 1.5 * found["emd_floor"]
        (400, 8, True)
    """
    if tuple(fake.shape[1:]) != data.shape:
        raise BadInput(
            f"samples of shape {list(fake.shape[1:])} cannot be judged against {data.name}, whose rows have "
            f"shape {list(data.shape)}: give --data of the samples' shape."
        )
    check_samples(len(fake))
    rows = min(COMPARED_ROWS, len(fake), len(data.held_out))
    held_out, compared = data.held_out[:rows], fake[:rows]
    judge, accuracy, _, shares = _judge(data)
    draws = [prdc(held_out, draw)._asdict() for draw in _floor_draws(data, rows)]
    found: dict[str, Any] = {
        "data": data.name,
        "samples": len(fake),
        "compared_rows": rows,
        "emd": emd(held_out, compared),
        "emd_floor": _floor(data, rows),
        "prdc": prdc(held_out, compared)._asdict(),
        "prdc_real": {name: statistics.mean(draw[name] for draw in draws) for name in draws[0]},
    }
    if judge is not None:
        names = _mode_names(data)
        modes = _modes(judge(fake))
        missing = [names[mode] for mode in modes["missing"]]
        found |= {"modes": len(names), **modes, "missing": missing, "judge_accuracy": accuracy}
        found["reverse_kl_floor"] = reverse_kl_floor(shares, len(fake))
    return found


def into(data: Dataset, fake: Tensor, units: Mapping[str, Any] | None) -> Tensor:
    """Express generated rows of one table in the standardised columns of another with the same column names.

    Args:
        data: the table they are to be judged by.
        fake: samples `[N, D]`.
        units: the units the samples were learnt in; None for data that is no table.

    Returns:
        Samples `[N, D']`, as they are where nothing has to be done.

    Raises:
        BadInput: a column of `data` that the samples do not have.
    """
    if units is None or data.units is None or _same(units, data.units):
        return fake
    names, values = in_units(fake, units)
    lacking = [column for column in data.columns if column not in names]
    if lacking:
        raise BadInput(
            f"{data.name} has a column '{lacking[0]}' that the samples do not have: give --data with the "
            f"columns {', '.join(names[:8])}{' ...' if len(names) > 8 else ''}."
        )
    wanted = torch.from_numpy(values[:, [names.index(column) for column in data.columns]])
    mean, std = (torch.tensor(data.units[key], dtype=torch.float64) for key in ("mean", "std"))
    return ((wanted - mean) / std).float()


def write_real(path: Path, data: Dataset) -> None:
    """Keep the held-out rows beside a run, so that its report shows what real looks like."""
    with files.whole_file(path) as file:
        np.save(file, data.held_out[:COMPARED_ROWS].numpy(), allow_pickle=False)


def digest(data: Dataset) -> str:
    """Fingerprint a data set by its own digest or its held-out rows and the count of the others."""
    if data.digest:
        return data.digest
    held_out = data.held_out.contiguous().numpy().tobytes()
    return hashlib.blake2b(held_out + str(len(data.train)).encode(), digest_size=16).hexdigest()


def _same(units: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    return bool(files.jsonable(dict(units)) == files.jsonable(dict(others)))


def _judge(
    data: Dataset,
) -> tuple[Callable[[Tensor], ModeReport] | None, float | None, int, tuple[float, ...]]:
    """How modes are told apart in this data, by known centres or a classifier, and their fair shares."""
    samples = JUDGED_SAMPLES.get(data.name, 2_500)
    if data.centres is not None and data.std is not None:
        centres, std = data.centres, data.std
        return (
            (lambda fake: mode_report(fake, centres, std)),
            None,
            samples,
            (1 / len(centres),) * len(centres),
        )
    if data.labels is not None and data.held_out_labels is not None and isinstance(data.train, Tensor):
        make = stacked_judge if data.name == "stacked-digits" else class_judge
        judge = make(data.train, data.labels, data.held_out, data.held_out_labels)
        return judge.report, judge.accuracy, samples, judge.shares
    return None, None, 0, ()


def _modes(report: ModeReport) -> dict[str, Any]:
    return {**report._asdict(), "missing": list(report.missing)}


def _mode_names(data: Dataset) -> list[str]:
    """Names of the modes; those of a mixture without names are numbered."""
    if data.mode_names or data.centres is None:
        return list(data.mode_names)
    return [str(mode) for mode in range(len(data.centres))]


def _floor(data: Dataset, rows: int) -> float:
    """EMD of real rows against as many held-out ones: what a perfect generator would measure."""
    held_out = data.held_out[:rows]
    return statistics.mean(emd(held_out, draw) for draw in _floor_draws(data, rows))


def _floor_draws(data: Dataset, rows: int) -> list[Tensor]:
    """Draw fixed sets of training rows, each as many as there are fakes: their EMD is within reach."""
    count = min(rows, len(data.train))
    return [
        data.train[torch.randperm(len(data.train), generator=streams.generator(0, "floor", draw))[:count]]
        for draw in range(FLOOR_DRAWS)
    ]
