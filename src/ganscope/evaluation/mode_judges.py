"""How the modes of a data set are told apart: by known centres, or by a classifier of its labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from ganscope.contracts import Dataset, ModeReport
from ganscope.metrics import class_judge, mode_report, stacked_judge

JUDGED_SAMPLES = {"digits": 1_000, "stacked-digits": 10_000}
"""Samples over which modes are counted, by data set."""
DEFAULT_JUDGED_SAMPLES = 2_500
"""For any other data set, as VEEGAN and PacGAN count mixtures."""


class ModeJudge(NamedTuple):
    """Tells the modes of a data set apart."""

    report: Callable[[Tensor], ModeReport]
    """Samples `[N, *shape]` to their mode report."""
    shares: tuple[float, ...]
    """Fair share of each mode; their sum is 1."""
    accuracy: float | None = None
    """Share of held-out rows whose class is named correctly; None for known centres."""


def has_modes(data: Dataset) -> bool:
    """Tell whether the modes of a data set can be told apart."""
    labelled = data.labels is not None and data.held_out_labels is not None
    return (data.centres is not None and data.std is not None) or (
        labelled and isinstance(data.train, Tensor)
    )


def judged_samples(data: Dataset) -> int:
    """Return how many samples a mode report of this data takes."""
    return JUDGED_SAMPLES.get(data.name, DEFAULT_JUDGED_SAMPLES)


def mode_judge(data: Dataset) -> ModeJudge | None:
    """Build the judge of a data set's modes; None where they cannot be told apart.

    For labelled rows this trains a support vector classifier, which takes seconds for thousands of images.
    The same data give the same judge, bit for bit.
    """
    if data.centres is not None and data.std is not None:
        centres, std = data.centres, data.std
        return ModeJudge(lambda fake: mode_report(fake, centres, std), (1 / len(centres),) * len(centres))
    if data.labels is not None and data.held_out_labels is not None and isinstance(data.train, Tensor):
        make = stacked_judge if data.name == "stacked-digits" else class_judge
        judge = make(data.train, data.labels, data.held_out, data.held_out_labels)
        return ModeJudge(judge.report, judge.shares, judge.accuracy)
    return None


def mode_names(data: Dataset) -> list[str]:
    """Return the names of the modes; those of a mixture without names are numbered."""
    if data.mode_names or data.centres is None:
        return list(data.mode_names)
    return [str(mode) for mode in range(len(data.centres))]
