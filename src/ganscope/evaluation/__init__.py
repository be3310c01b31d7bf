"""A data set together with its metrics, and what real rows score in the place of samples."""

from ganscope.evaluation.best_step import BestStep, best_of_run
from ganscope.evaluation.evaluation import Evaluation, check_samples, samples_wanted, write_real
from ganscope.evaluation.units import into
from ganscope.evaluation.values_and_floors import numbers

__all__ = [
    "BestStep",
    "Evaluation",
    "best_of_run",
    "check_samples",
    "into",
    "numbers",
    "samples_wanted",
    "write_real",
]
