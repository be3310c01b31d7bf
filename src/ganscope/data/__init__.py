"""Real data with a held-out part. `DATASETS` maps each name to a function that returns its `Dataset`."""

from collections.abc import Callable

from ganscope.contracts import Dataset
from ganscope.data.digits import digits
from ganscope.data.stacked_digits import stacked_digits
from ganscope.data.toy2d import gaussians, grid, ring, segments, swiss_roll

DATASETS: dict[str, Callable[[], Dataset]] = {
    "digits": digits,
    "ring": ring,
    "grid": grid,
    "swiss-roll": swiss_roll,
    "segments": segments,
    "gaussians": gaussians,
    "stacked-digits": stacked_digits,
}

__all__ = ["DATASETS", "digits", "gaussians", "grid", "ring", "segments", "stacked_digits", "swiss_roll"]
