"""What two sample sets say about each other, and about modes. Every metric works from samples alone.

`METRICS` maps each metric of two sample sets to a function of `(real, fake)`.
"""

from collections.abc import Callable

from torch import Tensor

from ganscope.metrics.emd import emd
from ganscope.metrics.frechet import frechet_distance
from ganscope.metrics.kid import kid
from ganscope.metrics.modes import ClassJudge, class_judge, mode_report, reverse_kl_floor, stacked_judge
from ganscope.metrics.prdc import PRDC, prdc
from ganscope.metrics.sliced_w1 import sliced_w1

METRICS: dict[str, Callable[[Tensor, Tensor], float | PRDC]] = {
    "emd": emd,
    "frechet-distance": frechet_distance,
    "kid": kid,
    "prdc": prdc,
    "sliced-w1": sliced_w1,
}

__all__ = [
    "METRICS",
    "PRDC",
    "ClassJudge",
    "class_judge",
    "emd",
    "frechet_distance",
    "kid",
    "mode_report",
    "prdc",
    "reverse_kl_floor",
    "sliced_w1",
    "stacked_judge",
]
