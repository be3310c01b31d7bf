"""Whether a run ended well, by its own evaluation of the generator that would be sampled."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch

import ganscope as gs
from ganscope.evaluation import Evaluation, samples_wanted
from ganscope.folder import files, layout
from ganscope.metrics import METRICS
from ganscope.training.judging import evaluation_latents

EMD_FLOORS = 1.5
"""Distances of this many floors and less are good."""
RECALL_SHARE = 0.5
"""Of what real rows score; half and more is good."""


class End(NamedTuple):
    """What a run's samples score at its end, beside what real rows score; None where it diverged."""

    emd: float | None
    emd_floor: float
    recall: float | None
    recall_real: float
    captured: int | None
    """Modes that hold samples; None where the data have no known modes, too."""
    modes: int | None

    @property
    def faults(self) -> tuple[str, ...]:
        """Why the samples are bad, in words; nothing where they are good."""
        if self.emd is None or self.recall is None:
            return ("diverged",)
        said = {
            "far": self.floors > EMD_FLOORS,
            "narrow": self.recall < RECALL_SHARE * self.recall_real,
            "modes missing": self.modes is not None and (self.captured or 0) < self.modes,
        }
        return tuple(word for word, holds in said.items() if holds)

    @property
    def floors(self) -> float:
        """The distance to the data, in floors; infinite where the run diverged."""
        return math.inf if self.emd is None else self.emd / self.emd_floor

    @property
    def bad(self) -> bool:
        """Whether the samples are plainly bad."""
        return bool(self.faults)


class Judge:
    """A data set with what real rows score, measured once.

    Args:
        evaluation: as runs on the data are trained with.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self._recall = Evaluation(evaluation.data, metrics={"recall": METRICS["recall"]})
        self._recall_real = float(self._recall.evaluate(evaluation.compared)["prdc_real"]["recall"])

    def end_of(self, folder: Path) -> End:
        """Measure a finished run.

        Args:
            folder: of the run, with its `metrics.json`; the recall, which runs are not measured by while they
                train, is that of the stored generator on the same latents.
        """
        metrics = files.read_json(folder / layout.METRICS)
        modes = metrics.get("modes")
        if metrics["diverged_at"] is not None or metrics.get("emd") is None:
            floor = self.evaluation.about["emd_floor"]
            return End(None, floor, None, self._recall_real, None, modes)
        recall = self._recall_of(folder)
        captured = metrics.get("captured")
        return End(metrics["emd"], metrics["emd_floor"], recall, self._recall_real, captured, modes)

    def _recall_of(self, folder: Path) -> float:
        run = gs.load(folder)
        generator, config = run.generator(), run.config
        dtype = next(generator.parameters()).dtype
        rows = samples_wanted(self.evaluation.data)
        latents = evaluation_latents(config.seed, rows, config.latent_dim, dtype)
        with torch.no_grad():
            fake = generator(latents[: len(self.evaluation.compared)])
        return float(self._recall.evaluate(fake)["prdc"]["recall"])


def end_from_json(entry: Mapping[str, Any]) -> End:
    """Read what `End._asdict` wrote."""
    return End(**{name: entry[name] for name in End._fields})
