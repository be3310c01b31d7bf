"""A data set together with its metrics, and what real rows score in the place of samples."""

from ganscope.evaluation.evaluation import Evaluation, check_samples, samples_wanted, write_real
from ganscope.evaluation.units import into
from ganscope.evaluation.values_and_floors import numbers

__all__ = ["Evaluation", "check_samples", "into", "numbers", "samples_wanted", "write_real"]
