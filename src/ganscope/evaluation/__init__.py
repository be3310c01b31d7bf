"""A data set together with its metrics, and what real rows score in the place of samples."""

from ganscope.evaluation.evaluation import Evaluation, check_samples, numbers, samples_wanted, write_real
from ganscope.evaluation.units import into

__all__ = ["Evaluation", "check_samples", "into", "numbers", "samples_wanted", "write_real"]
