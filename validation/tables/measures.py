"""How near samples of a table are to its rows: columns, pairs, what a classifier learns, and copies.

Every measure takes tables as they are written: text, column by column.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Text = Mapping[str, Sequence[str]]
"""Column name -> cells."""
BINS = 5
"""Into which numbers are sorted, by quantiles of the real ones, where pairs are compared."""


class Kind(NamedTuple):
    """How a column is read."""

    numeric: bool
    middle: float = 0.0
    spread: float = 1.0
    words: tuple[str, ...] = ()


def numbers(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """Read numbers, or dates as days; NaN where a cell is empty; None for words.

    Example:
        >>> numbers(["1.5", ""]), numbers(["1970-01-03"]), numbers(["a"])
        (array([1.5, nan]), array([2.]), None)
    """
    try:
        return np.array([float(cell) if cell else np.nan for cell in cells])
    except ValueError:
        pass
    try:
        days = np.array([cell or "NaT" for cell in cells], dtype="datetime64[D]")
    except ValueError:
        return None
    return np.where(np.isnat(days), np.nan, days.astype(np.int64))


def kinds(real: Text) -> dict[str, Kind]:
    """Say how each column is read, by the real rows."""
    found = {}
    for name, cells in real.items():
        values = numbers(cells)
        if values is None or len(set(cells)) <= BINS:
            found[name] = Kind(False, words=tuple(sorted(set(cells))))
        else:
            found[name] = Kind(True, float(np.nanmean(values)), float(np.nanstd(values)) or 1.0)
    return found


def column_distances(real: Text, fake: Text) -> dict[str, float]:
    r"""Distance of each column: Kolmogorov-Smirnov of numbers, total variation of words.

    .. math:: \sup_x |F(x) - G(x)|, \quad \tfrac12 \sum_w |p_w - q_w|

    Example:
        >>> column_distances({"c": ["a"] * 3 + ["b"]}, {"c": ["a", "b"]})
        {'c': 0.25}
    """
    from scipy.stats import ks_2samp

    distances = {}
    for name, kind in kinds(real).items():
        if not kind.numeric:
            distances[name] = variation(real[name], fake[name])
            continue
        ours, theirs = numbers(real[name]), numbers(fake[name])
        assert ours is not None  # noqa: S101 - for the type checker
        if theirs is None or np.isnan(theirs).all():
            distances[name] = 1.0
            continue
        of_missing = abs(float(np.isnan(ours).mean() - np.isnan(theirs).mean()))
        statistic = ks_2samp(ours[~np.isnan(ours)], theirs[~np.isnan(theirs)]).statistic
        distances[name] = max(float(statistic), of_missing)
    return distances


def pair_distances(real: Text, fake: Text) -> dict[tuple[str, str], float]:
    """Total variation of each two columns together; numbers in bins, by quantiles of the real ones."""
    of_columns = kinds(real)
    bins = {name: binned(real[name], real[name], kind) for name, kind in of_columns.items()}
    theirs = {name: binned(fake[name], real[name], kind) for name, kind in of_columns.items()}
    return {
        (a, b): variation(
            list(zip(bins[a], bins[b], strict=True)), list(zip(theirs[a], theirs[b], strict=True))
        )
        for a, b in itertools.combinations(of_columns, 2)
    }


def variation(real: Sequence[Any], fake: Sequence[Any]) -> float:
    """Total variation between the shares of values."""
    ours, theirs = Counter(real), Counter(fake)
    return 0.5 * sum(
        abs(ours[value] / len(real) - theirs[value] / len(fake)) for value in ours.keys() | theirs.keys()
    )


def binned(cells: Sequence[str], real: Sequence[str], kind: Kind) -> list[Any]:
    """Sort numbers into bins; words stay as they are."""
    if not kind.numeric:
        return list(cells)
    ours, values = numbers(real), numbers(cells)
    assert ours is not None  # noqa: S101 - for the type checker
    if values is None:
        return [""] * len(cells)
    edges = np.nanquantile(ours, np.linspace(0, 1, BINS + 1)[1:-1])
    return list(np.where(np.isnan(values), -1, np.searchsorted(edges, values)).tolist())


def encoded(table: Text, of_columns: Mapping[str, Kind], leave_out: str = "") -> NDArray[np.float64]:
    """Write rows as vectors: numbers in standard deviations of the real ones, words as zeros and a one."""
    parts = []
    for name, kind in of_columns.items():
        if name == leave_out:
            continue
        if not kind.numeric:
            parts.append(np.array([[float(cell == word) for word in kind.words] for cell in table[name]]))
            continue
        values = numbers(table[name])
        values = np.zeros(len(table[name])) if values is None else (values - kind.middle) / kind.spread
        parts.append(np.stack([np.nan_to_num(values), np.isnan(values)], axis=1))
    return np.hstack(parts)


def classified(train: Text, test: Text, target: str) -> float:
    """Area under the ROC curve on test rows of a forest that learnt a column of other rows; 0.5 is chance."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import roc_auc_score

    of_columns = kinds(test)
    words = of_columns[target].words
    learnt = sorted(set(train[target]))
    if len(learnt) < 2:
        return 0.5
    forest = RandomForestClassifier(50, min_samples_leaf=5, random_state=0, class_weight="balanced", n_jobs=1)
    forest.fit(encoded(train, of_columns, target), list(train[target]))
    told = forest.predict_proba(encoded(test, of_columns, target))
    scores = np.zeros((len(told), len(words)))
    for at, word in enumerate(forest.classes_):
        if word in words:
            scores[:, words.index(word)] = told[:, at]
    truth = np.array(test[target])
    return float(np.mean([roc_auc_score(truth == word, scores[:, at]) for at, word in enumerate(words)]))


def closest(rows: Text, train: Text) -> tuple[float, float]:
    """Median distance of rows to the closest training row, and the share of rows that equal one."""
    from scipy.spatial import cKDTree

    of_columns = kinds(train)
    distance, _ = cKDTree(encoded(train, of_columns)).query(encoded(rows, of_columns))
    return float(np.median(distance)), float(np.mean(distance < 1e-9))


def all_of(train: Text, test: Text, fake: Text, target: str) -> dict[str, float]:
    """Measure rows by everything: samples, or real ones in their place."""
    median, copies = closest(fake, train)
    of_test, copies_of_test = closest(test, train)
    return {
        "columns": float(np.mean(list(column_distances(test, fake).values()))),
        "pairs": float(np.mean(list(pair_distances(test, fake).values()))),
        "classifier": classified(fake, test, target),
        "closest": median / of_test if of_test else 1.0,
        "copies": copies,
        "copies_of_test": copies_of_test,
    }
