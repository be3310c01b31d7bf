"""Rows that no rule was chosen on: curves and clusters, tables, time series; pictures stand in `pictures`."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from . import drawn
from .second_pictures import SECOND_PICTURES
from .second_rows import SECOND_DRAWS, SECOND_TABLES

Table = NDArray[Any]
Drawn = tuple[Table, Table]
"""Rows and the kind of each."""
TRAIN, HELD, JUDGE = 2000, 600, 400
LEAST_HELD = 80
"""Of a small table: what `gs.watch` asks for."""


class Rows(NamedTuple):
    """Three sets of one distribution: to train on, to hand to `gs.watch`, and for our own measurements."""

    train: Tensor
    train_kinds: Tensor
    held: Tensor
    held_kinds: Tensor
    judge: Tensor
    judge_kinds: Tensor

    def in_bytes(self) -> Rows:
        """The same, from 0 to 255 where it was from -1 to 1."""
        train, held, judge = ((x + 1) * 127.5 for x in (self.train, self.held, self.judge))
        return self._replace(train=train, held=held, judge=judge)

    def fewer(self, count: int) -> Rows:
        """The same with the first rows to train on alone."""
        return self._replace(train=self.train[:count], train_kinds=self.train_kinds[:count])


def moons(rng: np.random.Generator, n: int) -> Drawn:
    """Two half circles."""
    from sklearn.datasets import make_moons

    x, y = make_moons(n, noise=0.08, random_state=int(rng.integers(2**31)))
    return x, y


def swiss_roll(rng: np.random.Generator, n: int) -> Drawn:
    """A rolled sheet in space; kinds are six stretches of it."""
    from sklearn.datasets import make_swiss_roll

    x, t = make_swiss_roll(n, noise=0.2, random_state=int(rng.integers(2**31)))
    return x, np.digitize(t, np.linspace(1.5 * math.pi, 4.5 * math.pi, 7)[1:-1])


def s_curve(rng: np.random.Generator, n: int) -> Drawn:
    """A bent sheet in space; kinds are four stretches of it."""
    from sklearn.datasets import make_s_curve

    x, t = make_s_curve(n, noise=0.05, random_state=int(rng.integers(2**31)))
    return x, np.digitize(t, np.linspace(-1.5 * math.pi, 1.5 * math.pi, 5)[1:-1])


def spirals(rng: np.random.Generator, n: int) -> Drawn:
    """Three arms that hold 60, 25 and 15 per cent of the rows."""
    arm = rng.choice(3, n, p=[0.6, 0.25, 0.15])
    t = rng.uniform(0.3, 1.0, n)
    angle = 2.5 * t + arm * 2 * math.pi / 3
    x = np.stack([t * np.cos(angle), t * np.sin(angle)], 1)
    return x + 0.02 * rng.normal(size=x.shape), arm


def checkerboard(rng: np.random.Generator, n: int) -> Drawn:
    """Eight dark cells of a board of four by four."""
    row = rng.integers(4, size=n)
    column = 2 * rng.integers(2, size=n) + row % 2
    x = np.stack([row, column], 1) + rng.uniform(0.05, 0.95, (n, 2))
    return x, 2 * row + column // 2


def clusters(rng: np.random.Generator, n: int) -> Drawn:
    """Seven clusters of unequal weight and width in five dimensions."""
    fixed = np.random.default_rng(11)
    centres, widths = 3 * fixed.normal(size=(7, 5)), fixed.uniform(0.2, 0.6, 7)
    kind = rng.choice(7, n, p=np.array([5, 4, 4, 3, 3, 3, 2]) / 24)
    return centres[kind] + widths[kind, None] * rng.normal(size=(n, 5)), kind


def heavy(rng: np.random.Generator, n: int) -> Drawn:
    """Two humps with heavy tails (Student's t with four degrees of freedom), in six dimensions."""
    kind = (rng.random(n) < 0.35).astype(int)
    fixed = np.random.default_rng(12)
    shift, mix = 4 * fixed.normal(size=6) / math.sqrt(6), np.eye(6) + 0.3 * fixed.normal(size=(6, 6))
    return rng.standard_t(4, size=(n, 6)) @ mix * 0.5 + np.where(kind, 1.0, -1.0)[:, None] * shift, kind


def mixed(rng: np.random.Generator, n: int) -> Drawn:
    """Two columns of zeros and ones beside four numbers that depend on them."""
    a, b = (rng.random(n) < 0.4).astype(int), (rng.random(n) < 0.6).astype(int)
    size = np.exp(0.5 * rng.normal(size=n) + 0.7 * a)
    rest = rng.normal(size=(n, 3)) * 0.6 + np.stack([b - a, 2 * a * b, size * 0.5], 1)
    return np.column_stack([a * 1.0, b * 1.0, size, rest]), 2 * a + b


def sines(rng: np.random.Generator, n: int) -> Drawn:
    """Windows of 24 values of a sine of one, two or three cycles, with noise."""
    kind = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    t, phase = np.linspace(0, 1, 24), rng.uniform(0, math.pi, (n, 1))
    size = rng.uniform(0.7, 1.3, (n, 1))
    x = size * np.sin(2 * math.pi * (kind[:, None] + 1) * t + phase)
    return x + 0.05 * rng.normal(size=x.shape), kind


def _table(name: str) -> Drawn:
    if name in SECOND_TABLES:
        return SECOND_TABLES[name]()
    from sklearn import datasets

    loaded = getattr(datasets, f"load_{name}")()
    kinds = loaded.target if len(set(loaded.target)) < 5 else np.digitize(
        loaded.target, np.quantile(loaded.target, [0.33, 0.67])
    )  # fmt: skip
    return loaded.data, kinds


DRAWS: dict[str, Callable[[np.random.Generator, int], Drawn]] = {
    "moons": moons, "swiss-roll": swiss_roll, "s-curve": s_curve, "spirals": spirals,
    "checkerboard": checkerboard, "clusters": clusters, "heavy": heavy, "mixed": mixed, "sines": sines,
    **SECOND_DRAWS,
}  # fmt: skip
TABLES = ("wine", "iris", "breast_cancer", "diabetes", *SECOND_TABLES)
PICTURES = drawn.PICTURES | SECOND_PICTURES


def rows_of(name: str, seed: int) -> Rows:
    """Draw a data set, standardised where it is no picture.

    Args:
        name: of `DRAWS`, `TABLES` or `PICTURES`.
        seed: of the draw.
    """
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    if name in TABLES:
        x, kinds = _table(name)
        order = rng.permutation(len(x))
        x, kinds = x[order], kinds[order]
        held = max(LEAST_HELD, len(x) // 3)
        cuts = (len(x) - held, held, held)
    else:
        cuts = (TRAIN, HELD, JUDGE)
        x, kinds = (DRAWS.get(name) or PICTURES[name])(rng, sum(cuts))
    if name not in PICTURES:
        mean, sd = x[: cuts[0]].mean(0), x[: cuts[0]].std(0)
        x = (x - mean) / np.where(sd > 0, sd, 1.0)
    rows = torch.as_tensor(np.asarray(x), dtype=torch.float32)
    labels = torch.as_tensor(np.asarray(kinds), dtype=torch.int64)
    a, b = cuts[0], cuts[0] + cuts[1]
    last = slice(a, b) if name in TABLES else slice(b, b + cuts[2])  # a small table has no third set
    return Rows(rows[:a], labels[:a], rows[a:b], labels[a:b], rows[last], labels[last])
