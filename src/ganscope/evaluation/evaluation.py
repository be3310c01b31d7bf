"""A data set together with its metrics: what samples score, beside what real rows score in their place."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganscope.contracts import BadInput, Dataset, Metric, ModeReport, Rows
from ganscope.data import as_written
from ganscope.data.find import digest
from ganscope.evaluation.mode_judges import ModeJudge, has_modes, judged_samples, mode_judge, mode_names
from ganscope.evaluation.scores import Given, floors, scores
from ganscope.evaluation.values_and_floors import grouped
from ganscope.folder import files
from ganscope.metrics import METRICS, emd
from ganscope.metrics.features import RAW, Features, as_features, features_of
from ganscope.training import streams
from ganscope.words.complaints import refuse_fraction

COMPARED_ROWS = 500
"""Held-out rows, and samples, in an exact EMD: its cost grows with the cube."""
FLOOR_SETS = 5
"""Sets of training rows whose mean score is the floor."""
FEWEST_SAMPLES = 20
"""Below this neither a distance nor a share says anything."""


class Evaluation:
    """A data set together with its metrics and their floors.

    What is costly, the floors and the judge of modes, is computed when first asked for, and once.

    Args:
        data: training and held-out rows.
        metrics: name -> metric; by default all of `METRICS`.
        features: the extractor behind metrics that need features, rows `[N, *shape]` to `[N, F]`.
        about: what `about` of an evaluation of the same data and metrics said, in another process; floors are
            then not measured again.
        samples: how many samples a run draws for `measure`; by default as many as the data's modes want.

    Example:
        >>> from ganscope.data import ring
        >>> evaluation = Evaluation(ring())
        >>> results = evaluation.evaluate(ring().train[:400])
        >>> results["compared_rows"], results["captured"], results["emd"] < 1.5 * results["emd_floor"]
        (400, 8, True)
    """

    def __init__(
        self,
        data: Dataset,
        *,
        metrics: Mapping[str, Metric] | None = None,
        features: Features | Callable[[Tensor], Tensor] = RAW,
        about: Mapping[str, Any] | None = None,
        samples: int | None = None,
    ) -> None:
        self.data = data
        self.metrics = METRICS if metrics is None else metrics
        self.features = as_features(features)
        self.samples = samples_wanted(data) if samples is None else samples
        self._about = about

    @property
    def compared(self) -> Tensor:
        """The held-out rows that samples are compared with `[at most 500, *shape]`."""
        return self.data.held_out[:COMPARED_ROWS]

    @cached_property
    def judge(self) -> ModeJudge | None:
        """Tells the data's modes apart; None where they are unknown."""
        return mode_judge(self.data)

    @cached_property
    def about(self) -> Mapping[str, Any]:
        """The entry `data` of a run's `config.json`: what the data are, and the floors."""
        if self._about is not None:
            return self._about
        data, judge = self.data, self.judge
        wanted = judged_samples(data)
        return {
            "name": data.name,
            "shape": list(data.shape),
            "train_rows": len(data.train),
            "held_out_rows": len(data.held_out),
            "compared_rows": len(self.compared),
            **_named_floors(self._floors(self._while_training(), len(self.compared), wanted)),
            "mode_names": mode_names(data),
            "judge_accuracy": judge.accuracy if judge else None,
            "judged_samples": wanted if judge else None,
            "value_range": data.value_range,
            "blocks": [list(block) for block in data.blocks],
            "centres": None if data.centres is None else data.centres.tolist(),
            "columns": list(data.columns),
            "units": None if data.units is None else dict(data.units),
            "notes": list(data.notes),
            "scales": data.scales and {kind: list(scale) for kind, scale in data.scales.items()},
            "digest": digest(data),
        }

    def measure(self, fake: Tensor) -> dict[str, Any]:
        """Measure samples of a run that is training.

        Args:
            fake: `[samples, *shape]`; only modes are counted in samples that are not finite.

        Returns:
            Name -> value of every metric that is measured while training, None where it has none; `missing`:
            the indices of the modes that are not captured.
        """
        finite, fake = bool(fake.isfinite().all()), self.written(fake)
        measured, report = self._measured(self._while_training(), fake, len(self.compared), finite)
        return measured | ({} if report is None else {"missing": list(report.missing)})

    def distance(self, fake: Tensor) -> float:
        """Return the exact Earth Mover's Distance of any number of samples to the held-out rows.

        Args:
            fake: `[N, *shape]`, finite.
        """
        return emd(self.compared, self.written(fake))

    def evaluate(self, fake: Tensor, written: bool = False) -> dict[str, Any]:
        """Measure samples by every metric, each number beside what real rows score.

        Args:
            fake: samples `[N, *shape]`, N at least 20.
            written: whether they are as a file of them says already, that of another table.

        Returns:
            For each metric its value, and under `<name>_floor` what as many training rows score: the mean
            over five sets of them or, over modes, what a perfect sampler is expected to score. Metrics of one
            group stand together, as in `prdc` and, for real rows, `prdc_real`. Distances compare up to 500
            samples with as many held-out rows; modes are counted over all samples.

        Raises:
            BadInput: samples of another shape, too few, or not finite.
        """
        data = self.data
        if tuple(fake.shape[1:]) != data.shape:
            raise BadInput(
                f"samples of shape {list(fake.shape[1:])} cannot be judged against {data.name}, whose rows "
                f"have shape {list(data.shape)}: give --data of the samples' shape."
            )
        check_samples(len(fake))
        rows = min(COMPARED_ROWS, len(fake), len(data.held_out))
        if not fake[:rows].isfinite().all():
            raise BadInput(
                "the samples hold NaN or infinity: leave those rows out, or look at why the run diverged."
            )
        measured, report = self._measured(
            self.metrics, fake if written else self.written(fake), rows, finite=True
        )
        results: dict[str, Any] = {"data": data.name, "samples": len(fake), "compared_rows": rows}
        results |= grouped(self.metrics, measured, self._floors(self.metrics, rows, len(fake)))
        if any(metric.needs == "features" for metric in self.metrics.values()):
            results["features"] = self.features.name
        if report is not None and self.judge is not None:
            names = mode_names(data)
            results |= {"modes": len(names), "missing": [names[mode] for mode in report.missing]}
            results["judge_accuracy"] = self.judge.accuracy
        return results

    def written(self, fake: Tensor) -> Tensor:
        """Return samples as a file of them says: of a table rounded, in their bounds, one choice a category.

        Args:
            fake: `[N, *shape]`.
        """
        return fake if self.data.units is None else as_written(fake, self.data.units).to(fake)

    def for_training_rows(self, train: Rows) -> Evaluation:
        """Return the same evaluation for runs that train on other rows."""
        _ = self.judge
        other = copy.copy(self)
        other.data = self.data._replace(train=train)
        other.__dict__["about"] = {**self.about, "digest": digest(other.data)}
        return other

    def _while_training(self) -> dict[str, Metric]:
        return {name: metric for name, metric in self.metrics.items() if metric.while_training}

    def _measured(
        self, metrics: Mapping[str, Metric], fake: Tensor, rows: int, finite: bool
    ) -> tuple[dict[str, Any], ModeReport | None]:
        """Score samples; where they are not finite, modes are counted and everything else is None."""
        given = dict(self._given(fake[:rows], rows))
        counted = any(metric.needs == "modes" for metric in metrics.values())
        report = self.judge.report(fake) if counted and self.judge is not None else None
        if report is not None:
            given["modes"] = lambda: (report,)
        if finite:
            return scores(metrics, given), report
        of_modes = scores(metrics, {need: given[need] for need in given if need == "modes"})
        return {name: of_modes.get(name) for name, m in metrics.items() if m.needs in given}, report

    def _floors(self, metrics: Mapping[str, Metric], rows: int, samples: int) -> dict[str, float | None]:
        real_sets = [self._given(real, rows) for real in self._real_sets(rows)]
        wanted = any(metric.needs == "modes" and metric.floor for metric in metrics.values())
        shares = self.judge.shares if wanted and self.judge is not None else ()
        return floors(metrics, real_sets, shares, samples)

    def _given(self, fake: Tensor, rows: int) -> Given:
        """What metrics of two sets are given: these rows beside held-out ones."""
        real, labels = self.data.held_out[:rows], self.data.held_out_labels
        given: dict[str, Callable[[], tuple[Any, ...]]] = {
            "rows": lambda: (real, fake),
            "features": lambda: (self._real_features[:rows], features_of(self.features, fake)),
        }
        if labels is not None:
            given["labels"] = lambda: (real, labels[:rows], fake)
        return given

    @cached_property
    def _real_features(self) -> Tensor:
        return features_of(self.features, self.compared)

    def _real_sets(self, rows: int) -> list[Tensor]:
        """Fixed sets of training rows, each as many as there are samples."""
        train = self.data.train
        count = min(rows, len(train))
        orders = [
            torch.randperm(len(train), generator=streams.generator(0, "floor", number))
            for number in range(FLOOR_SETS)
        ]
        return [train[order[:count]] for order in orders]


def write_real(path: Path, data: Dataset) -> None:
    """Keep the held-out rows beside a run, so that its report can show what real rows look like."""
    with files.whole_file(path) as file:
        np.save(file, data.held_out[:COMPARED_ROWS].numpy(), allow_pickle=False)


def check_samples(count: int) -> None:
    """Refuse to judge too few samples, or a part of one."""
    refuse_fraction("the number of samples", count)
    if count < FEWEST_SAMPLES:
        raise BadInput(f"{count} samples are too few to judge: ask for at least {FEWEST_SAMPLES} with -n.")


def samples_wanted(data: Dataset) -> int:
    """Return how many samples an evaluation takes: what the modes want, 500 at most where none are known."""
    return max(judged_samples(data) if has_modes(data) else 0, min(COMPARED_ROWS, len(data.held_out)))


def _named_floors(values: Mapping[str, float | None]) -> dict[str, float | None]:
    return {f"{name}_floor": value for name, value in values.items()}
