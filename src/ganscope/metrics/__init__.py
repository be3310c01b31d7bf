"""What two sample sets say about each other, and about modes. Every metric works from samples alone.

`METRICS` maps the name of each metric, as it stands in a run's history, to its `Metric`.
"""

from ganscope.contracts import Metric
from ganscope.metrics.class_judge import ClassJudge, class_judge, stacked_judge
from ganscope.metrics.emd import EMD, emd
from ganscope.metrics.frechet import FRECHET_DISTANCE, frechet_distance
from ganscope.metrics.kid import KID, kid
from ganscope.metrics.modes import CAPTURED, HIGH_QUALITY, REVERSE_KL, mode_report, reverse_kl_floor
from ganscope.metrics.prdc import COVERAGE, DENSITY, PRDC, PRECISION, RECALL, prdc
from ganscope.metrics.sliced_w1 import SLICED_W1, sliced_w1

METRICS: dict[str, Metric] = {
    "emd": EMD,
    "captured": CAPTURED,
    "high_quality": HIGH_QUALITY,
    "reverse_kl": REVERSE_KL,
    "sliced_w1": SLICED_W1,
    "frechet_distance": FRECHET_DISTANCE,
    "kid": KID,
    "precision": PRECISION,
    "recall": RECALL,
    "density": DENSITY,
    "coverage": COVERAGE,
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
