"""Real data with a held-out part. `DATASETS` maps each name to a function that returns its `Dataset`.

The user's own data come through `load` (a path), `from_rows`, `from_torch_dataset` or `from_hub`.
"""

from collections.abc import Callable

from ganscope.contracts import Dataset
from ganscope.data.columns import as_written, decoded, encoded, in_units, trained_columns
from ganscope.data.digits import digits
from ganscope.data.hub import from_hub
from ganscope.data.in_memory import from_rows, from_torch_dataset
from ganscope.data.load import load
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

__all__ = [
    "DATASETS",
    "as_written",
    "decoded",
    "digits",
    "encoded",
    "from_hub",
    "from_rows",
    "from_torch_dataset",
    "gaussians",
    "grid",
    "in_units",
    "load",
    "ring",
    "segments",
    "stacked_digits",
    "swiss_roll",
    "trained_columns",
]
