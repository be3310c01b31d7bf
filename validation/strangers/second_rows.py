"""Rows of the second kept half: curves, mixtures, tables and series that the first two halves do not use."""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Table = NDArray[Any]
Drawn = tuple[Table, Table]
"""Rows and the kind of each."""


def lemniscate(rng: np.random.Generator, n: int) -> Drawn:
    """A figure of eight; kinds are its two loops."""
    t = rng.uniform(0, 2 * math.pi, n)
    x = np.stack([np.cos(t), np.sin(t) * np.cos(t)], 1)
    return x + 0.04 * rng.normal(size=x.shape), (x[:, 0] > 0).astype(int)


def rose(rng: np.random.Generator, n: int) -> Drawn:
    """A rose of five petals; each is a kind."""
    kind = rng.integers(5, size=n)
    t = rng.uniform(-math.pi / 10, math.pi / 10, n)
    radius = np.cos(5 * t) * np.sqrt(rng.uniform(0.2, 1, n))
    angle = t + kind * 2 * math.pi / 5
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1), kind


def humps(rng: np.random.Generator, n: int) -> Drawn:
    """One number: five humps of unequal weight and width."""
    kind = rng.choice(5, n, p=[0.3, 0.25, 0.2, 0.15, 0.1])
    centre, width = np.array([-4.0, -1.5, 0.5, 2.5, 5.0]), np.array([0.3, 0.4, 0.2, 0.35, 0.25])
    return (centre[kind] + width[kind] * rng.normal(size=n))[:, None], kind


def torus(rng: np.random.Generator, n: int) -> Drawn:
    """The surface of a ring in space; kinds are six parts of it."""
    around, tube = rng.uniform(0, 2 * math.pi, (2, n))
    radius = 2 + 0.7 * np.cos(tube)
    x = np.stack([radius * np.cos(around), radius * np.sin(around), 0.7 * np.sin(tube)], 1)
    return x + 0.05 * rng.normal(size=x.shape), (around / (2 * math.pi / 6)).astype(int)


def shells(rng: np.random.Generator, n: int) -> Drawn:
    """Two spheres, one inside the other, in four dimensions."""
    kind = (rng.random(n) < 0.6).astype(int)
    x = rng.normal(size=(n, 4))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return x * (1 + 1.5 * kind + 0.1 * rng.normal(size=n))[:, None], kind


def corners(rng: np.random.Generator, n: int) -> Drawn:
    """Clusters at nine corners of a cube of ten dimensions."""
    fixed = np.random.default_rng(21)
    centres = 2.0 * fixed.choice([-1.0, 1.0], (9, 10))
    kind = rng.integers(9, size=n)
    return centres[kind] + 0.5 * rng.normal(size=(n, 10)), kind


def friedman(rng: np.random.Generator, n: int) -> Drawn:
    """Six causes and an effect that bends with them; kinds are thirds of the effect."""
    from sklearn.datasets import make_friedman1

    x, y = make_friedman1(n, n_features=6, noise=0.5, random_state=int(rng.integers(2**31)))
    return np.column_stack([x, y]), np.digitize(y, [12.0, 17.0])


def orders(rng: np.random.Generator, n: int) -> Drawn:
    """A shop's orders: which of three goods (one column each), pieces, price and total, in logarithms."""
    kind = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    price = np.array([1.0, 2.2, 3.1])[kind] + 0.15 * rng.normal(size=n)
    pieces = np.log(1 + rng.poisson(np.array([6.0, 3.0, 1.5])[kind]))
    total = price + pieces + 0.05 * rng.normal(size=n)
    return np.column_stack([np.eye(3)[kind], pieces, price, total]), kind


def mixtures(rng: np.random.Generator, n: int) -> Drawn:
    """Shares of five parts that add up to 1, of three families."""
    families = np.array([[8.0, 2, 1, 1, 1], [1, 1, 6, 6, 1], [2, 2, 2, 2, 9]])
    kind = rng.choice(3, n, p=[0.4, 0.35, 0.25])
    parts = rng.gamma(families[kind])
    return parts / parts.sum(1, keepdims=True), kind


def walks(rng: np.random.Generator, n: int) -> Drawn:
    """Series of 20 values: rising, falling, or swinging back to the middle."""
    kind = rng.choice(3, n, p=[0.4, 0.4, 0.2])
    steps = 0.25 * rng.normal(size=(n, 20)) + np.array([0.15, -0.15, 0.0])[kind][:, None]
    x = np.cumsum(steps, 1)
    x[kind == 2] -= 0.9 * x[kind == 2].mean(1, keepdims=True)
    return x, kind


def pulses(rng: np.random.Generator, n: int) -> Drawn:
    """Series of 32 values with an early or a late beat, and a smaller one after it."""
    kind = (rng.random(n) < 0.5).astype(int)
    at = np.where(kind, 18.0, 7.0)[:, None] + rng.uniform(-2, 2, (n, 1))
    t, size = np.arange(32.0)[None], rng.uniform(0.8, 1.2, (n, 1))
    x = size * np.exp(-(((t - at) / 1.6) ** 2)) + 0.4 * size * np.exp(-(((t - at - 7) / 2.5) ** 2))
    return x + 0.04 * rng.normal(size=x.shape), kind


SECOND_DRAWS: dict[str, Callable[[np.random.Generator, int], Drawn]] = {
    "lemniscate": lemniscate, "rose": rose, "humps": humps, "torus": torus, "shells": shells,
    "corners": corners, "friedman": friedman, "orders": orders, "mixtures": mixtures, "walks": walks,
    "pulses": pulses,
}  # fmt: skip


def _shipped(name: str) -> list[dict[str, str]]:
    import plotly

    path = Path(plotly.__file__).parent / "package_data" / "datasets" / f"{name}.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def countries() -> Drawn:
    """Length of life, people and income of countries since 1952 (Gapminder); kinds are four continents."""
    where = {"Africa": 0, "Americas": 1, "Asia": 2, "Europe": 3}
    rows = [row for row in _shipped("gapminder") if row["continent"] in where]
    x = [
        [float(row["lifeExp"]), math.log(float(row["pop"])), math.log(float(row["gdpPercap"]))]
        for row in rows
    ]
    return np.array(x), np.array([where[row["continent"]] for row in rows])


def tips() -> Drawn:
    """Bills and tips of a restaurant, with who paid and when; kinds are lunch and dinner."""
    rows = _shipped("tips")
    x = [
        [math.log(float(row["total_bill"])), math.log(float(row["tip"])), float(row["size"]),
         float(row["sex"] == "Male"), float(row["smoker"] == "Yes"), float(row["time"] == "Dinner")]
        for row in rows
    ]  # fmt: skip
    return np.array(x), np.array([int(row["time"] == "Dinner") for row in rows])


SECOND_TABLES: dict[str, Callable[[], Drawn]] = {"countries": countries, "tips": tips}
