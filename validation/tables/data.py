"""Four mixed tables, made here: every dependence is written down, and every seed makes the same file."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Table = dict[str, NDArray[Any]]
"""Column name -> values `[N]`."""
ROWS = 2_000


def adult(count: int, seed: int) -> Table:
    """Make people as in a census: words, whole numbers, hours with a peak at 40, gains that are mostly 0."""
    rng = np.random.default_rng(seed)
    age = np.clip(17 + rng.gamma(2.6, 8.5, count), 17, 90).astype(int)
    years = np.clip(np.rint(rng.normal(10.2, 2.6, count)), 1, 16).astype(int)
    sex = np.where(rng.random(count) < 0.67, "Male", "Female")
    single = rng.random(count) < 1 / (1 + np.exp((age - 29) / 5))
    marital = np.where(single, "Never-married", np.where(rng.random(count) < 0.22, "Divorced", "Married"))
    skilled = rng.random(count) < 1 / (1 + np.exp(10.5 - years))
    upper = pick(rng, ["Professional", "Manager", "Clerical"], [0.45, 0.35, 0.2], count)
    lower = pick(rng, ["Craft", "Service", "Sales", "Farming"], [0.4, 0.3, 0.25, 0.05], count)
    job = np.where(skilled, upper, lower)
    worked = np.clip(np.rint(rng.normal(41, 12, count)), 1, 99)
    hours = np.where(rng.random(count) < 0.47, 40, worked)
    score = 0.05 * (age - 40) + 0.45 * (years - 11) + 1.1 * (marital == "Married") + 0.03 * (hours - 40)
    rich = rng.random(count) < 1 / (1 + np.exp(1 - score))
    gains = rng.random(count) < np.where(rich, 0.2, 0.04)
    gain = np.where(gains, np.rint(np.exp(rng.normal(np.where(rich, 8.9, 7.9), 0.6, count))), 0)
    return {
        "age": age, "education_years": years, "sex": sex, "marital": marital, "job": job,
        "hours": hours.astype(int), "capital_gain": gain.astype(int),
        "income": np.where(rich, ">50K", "<=50K"),
    }  # fmt: skip


def imbalanced(count: int, seed: int) -> Table:
    """Make payments of which one in a hundred is a fraud: by night, abroad, and large."""
    rng = np.random.default_rng(seed)
    fraud = rng.random(count) < 0.01
    amount = np.round(np.exp(rng.normal(np.where(fraud, 6.0, 3.4), np.where(fraud, 0.5, 0.9))), 2)
    day = np.clip(np.rint(rng.normal(14, 4, count)), 0, 23)
    night = rng.random(count) < np.where(fraud, 0.8, 0.05)
    hour = np.where(night, rng.integers(0, 5, count), day).astype(int)
    abroad = rng.random(count) < np.where(fraud, 0.7, 0.06)
    country = np.where(abroad, pick(rng, ["FR", "US", "CN"], [0.5, 0.3, 0.2], count), "DE")
    balance = np.round(rng.normal(2_000, 900, count) - amount, 2)
    card = pick(rng, ["debit", "credit", "prepaid"], [0.6, 0.3, 0.1], count)
    return {
        "amount": amount, "hour": hour, "country": country, "card": card, "balance": balance,
        "fraud": np.where(fraud, "yes", "no"),
    }  # fmt: skip


def inflated(count: int, seed: int) -> Table:
    """Make claims: nine tenths of the amounts are 0, the others skewed and capped."""
    rng = np.random.default_rng(seed)
    region = pick(rng, ["north", "south", "east", "west"], [0.4, 0.3, 0.2, 0.1], count)
    smoker = rng.random(count) < 0.2
    bmi = np.round(rng.normal(26, 4.5, count).clip(15, 50), 1)
    claims = rng.random(count) < np.where(smoker, 0.25, 0.06)
    amount = np.round(np.exp(rng.normal(np.where(smoker, 8.3, 7.2), 0.8)), 2)
    claim = np.where(claims, np.minimum(amount, 10_000), 0)
    visits = np.where(claims, 1 + rng.poisson(2.5, count), rng.poisson(0.3, count))
    return {
        "region": region,
        "smoker": np.where(smoker, "True", "False"),
        "bmi": bmi,
        "claim": claim,
        "visits": visits,
    }


def dates(count: int, seed: int) -> Table:
    """Make orders: dates with more of them before Christmas and none on Sundays, delays, missing ratings."""
    rng = np.random.default_rng(seed)
    day = np.where(rng.random(count) < 0.25, rng.integers(320, 358, count), rng.integers(0, 365, count))
    day += 365 * rng.integers(0, 2, count)
    day += day % 7 == 1  # 2022 began on a Saturday
    shop = pick(rng, ["web", "store", "phone"], [0.6, 0.3, 0.1], count)
    delay = np.where(shop == "store", 0, 1 + rng.poisson(np.where(day % 365 > 320, 5, 2)))
    ordered = np.datetime64("2022-01-01") + day
    price = np.round(np.exp(rng.normal(np.where(shop == "phone", 4.0, 3.2), 0.5)), 2)
    stars = np.clip(np.rint(rng.normal(4.6 - 0.3 * delay, 0.8)), 1, 5).astype(int).astype(str)
    return {
        "ordered": ordered.astype(str), "sent": (ordered + delay).astype(str), "shop": shop, "price": price,
        "rating": np.where(rng.random(count) < 0.3, "", stars),
    }  # fmt: skip


TABLES: dict[str, Callable[[int, int], Table]] = {
    "adult": adult, "imbalanced": imbalanced, "inflated": inflated, "dates": dates,
}  # fmt: skip
TARGETS = {"adult": "income", "imbalanced": "fraud", "inflated": "smoker", "dates": "shop"}
"""The column that a classifier names from the others."""


def pick(rng: np.random.Generator, names: list[str], shares: list[float], count: int) -> NDArray[Any]:
    """Draw names by their shares."""
    return np.array(names)[rng.choice(len(names), count, p=shares)]


def write(path: Path, table: Table) -> None:
    """Write a table as CSV."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*(column.tolist() for column in table.values()), strict=True))


def read(path: Path) -> dict[str, list[str]]:
    """Read a CSV as text, column by column."""
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    return {name: [row[at] for row in rows[1:]] for at, name in enumerate(rows[0])}
