"""The runs of the study: every recipe as shipped, and settings far from what recipes ship with."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ganscope.build.settings import resolve
from ganscope.config import RunConfig
from validation.recipes import of_any_rows

TABLE = "table"
"""The data set that the study writes itself, as a csv file; the others are built in."""
DATA = ("ring", "digits", TABLE, "grid")
SEEDS = (0, 1)
SHORT, MIDDLE, LONG = 100, 400, 1_600
"""Generator steps of a run: far too few, few, and enough for the quicker recipes."""
LONG_FOR_CRITICS = 800
"""In the place of the last where a step trains the critic five times."""
THOROUGH = ("ring", "digits")
"""Data sets on which recipes run over all budgets; on the others the costliest is left out of them."""
RATES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
SWEPT = ("non-saturating", "r1", "wgan-gp", "minimax")
NARROW = 64
"""Width of the networks whose rates are swept, half of what is usual: a stack costs as much as its runs."""
LATENT = 2
"""For points in the plane, where the latent of 32 that is usual takes ten thousand steps."""
AS_SHIPPED = "as shipped"
VARIANTS: dict[str, dict[str, float]] = {
    "rates 0.001": {"g_lr": 1e-3, "d_lr": 1e-3},
    "batch 32": {"batch_size": 32},
    "beta1 0.5": {"beta1": 0.5},
    "no average": {"ema": 0.0},
}


class Setting(NamedTuple):
    """What a run is, but for its seed; runs of one setting lie in the same half."""

    recipe: str
    data: str
    steps: int
    name: str
    """What differs from the recipe, in words."""
    changes: Mapping[str, Any]

    @property
    def half(self) -> str:
        """Whether thresholds may be chosen on these runs, or are only reported on them."""
        key = f"{self.recipe}|{self.data}|{self.steps}|{self.name}"
        return "tuning" if hashlib.sha256(key.encode()).digest()[0] % 2 == 0 else "held-out"

    def config(self, seed: int, table: Path) -> RunConfig:
        """Return the configuration of a run, with no more evaluations and checkpoints than it needs.

        Args:
            seed: of the run.
            table: where the csv file lies.
        """
        data = str(table) if self.data == TABLE else self.data
        rare = dict.fromkeys(("evaluate_every", "checkpoint_every"), self.steps)
        fields = {"data": data, "steps": self.steps, "seed": seed, "threads": 1, **rare}
        return resolve(self.recipe, {**fields, **self.changes})


def settings(quick: bool = False) -> list[Setting]:
    """List all settings.

    Args:
        quick: a few short ones, which try the study out.
    """
    if quick:
        return [_setting("r1", data, 100) for data in DATA]
    return [*_shipped(), *_in_the_plane(), *_rates(), *_widths(), *_averages(), *_variants()]


def write_table(path: Path, rows: int = 1_500) -> None:
    """Write the csv table: five columns, two kinds of rows in unequal shares, one skewed column.

    Args:
        path: of the file.
        rows: how many.
    """
    rng = np.random.default_rng(20)
    kind = rng.random(rows) < 0.3
    age = np.where(kind, rng.normal(62, 6, rows), rng.normal(35, 9, rows))
    height = rng.normal(171, 8, rows)
    weight = 70 + 0.9 * (height - 171) + np.where(kind, 6, 0) + rng.normal(0, 7, rows)
    income = np.exp(rng.normal(7.6, 0.5, rows) + 0.01 * (age - 40))
    pressure = 100 + 0.5 * age + 0.2 * (weight - 70) + rng.normal(0, 6, rows)
    columns = np.stack([age, height, weight, income, pressure], 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    header = "age,height,weight,income,pressure"
    np.savetxt(path, columns, fmt="%.3f", delimiter=",", header=header, comments="")


def _setting(recipe: str, data: str, steps: int, name: str = AS_SHIPPED, **changes: Any) -> Setting:
    return Setting(recipe, data, steps, name, changes)


def _shipped() -> Iterator[Setting]:
    """Every recipe on every data set, over the budgets."""
    for data, recipe in itertools.product(DATA, of_any_rows()):
        several = resolve(recipe, {}).n_critic > 1
        budgets = [SHORT, MIDDLE, LONG_FOR_CRITICS if several else LONG]
        if data not in THOROUGH:
            budgets.remove(LONG_FOR_CRITICS if several else MIDDLE)
        for steps in budgets:
            yield _setting(recipe, data, steps)


def _in_the_plane() -> Iterator[Setting]:
    """Runs on points that have a chance to end well: a latent as small as the data, and high rates."""
    pairs = itertools.product(("r1", "rpgan-r1r2", "non-saturating", "lsgan"), ("ring", "grid"))
    for (recipe, data), steps in itertools.product(pairs, (MIDDLE, LONG)):
        if steps == MIDDLE and data not in THOROUGH:
            continue
        yield _setting(recipe, data, steps, f"latent {LATENT}", latent_dim=LATENT)
        rates = {"g_lr": 3e-3, "d_lr": 3e-3}
        yield _setting(recipe, data, steps, f"latent {LATENT}, rates 0.003", latent_dim=LATENT, **rates)


def _rates() -> Iterator[Setting]:
    """Both learning rates over four decades: equal, and a hundred or ten thousand times apart."""
    network = {"g_width": NARROW, "d_width": NARROW}
    for recipe, data in itertools.product(SWEPT, THOROUGH):
        latent = {"latent_dim": LATENT} if data == "ring" else {}
        for (i, g_lr), (j, d_lr) in itertools.product(enumerate(RATES), enumerate(RATES)):
            if (i - j) % 2 == 0:
                name = f"width {NARROW}, g_lr {g_lr:g}, d_lr {d_lr:g}"
                yield _setting(recipe, data, MIDDLE, name, g_lr=g_lr, d_lr=d_lr, **network, **latent)


def _widths() -> Iterator[Setting]:
    """Narrow and wide networks."""
    for recipe, data in itertools.product(("non-saturating", "r1", "wgan-gp"), ("ring", "digits", TABLE)):
        for width in (8, 256):
            changes = {"g_width": width, "d_width": width}
            yield _setting(recipe, data, MIDDLE, f"width {width}", **changes)


def _averages() -> Iterator[Setting]:
    """A moving average whose memory is longer than the run: what is sampled is not what was trained."""
    for recipe, data in itertools.product(("non-saturating", "r1", "fast"), ("ring", "digits", TABLE)):
        for ema in (0.999, 0.9999):
            yield _setting(recipe, data, MIDDLE, f"ema {ema:g}", ema=ema)


def _variants() -> Iterator[Setting]:
    """The quickest recipe with one setting changed: most of what ends well is here."""
    for data in ("ring", "digits", TABLE):
        for name, changes in VARIANTS.items():
            yield _setting("fast", data, LONG, name, **changes)
