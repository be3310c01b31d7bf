"""The metrics of one set of samples, each given what it needs, and the same of real rows in their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ganscope.contracts import Metric

Given = Mapping[str, Callable[[], tuple[Any, ...]]]
"""What a metric may need -> how to get what it is given; without an entry the data have no such thing."""


def scores(metrics: Mapping[str, Metric], given: Given) -> dict[str, float]:
    """Measure one set of samples.

    Args:
        metrics: name -> metric.
        given: what there is to measure. Each entry is asked for at most once, and only when a metric needs
            it; so is a computation that several metrics share.

    Returns:
        Name -> value, without the metrics that the data cannot serve.

    Example:
        >>> gap = Metric("gap", "rows", "lower", lambda real, fake: abs(real - fake), "a difference")
        >>> scores({"gap": gap, "captured": gap._replace(needs="modes")}, {"rows": lambda: (2.0, 5.0)})
        {'gap': 3.0}
    """
    arguments: dict[str, tuple[Any, ...]] = {}
    shared: dict[tuple[str, Callable[..., Any]], Any] = {}
    measured = {}
    for name, metric in metrics.items():
        if metric.needs not in given:
            continue
        if metric.needs not in arguments:
            arguments[metric.needs] = given[metric.needs]()
        wanted = arguments[metric.needs]
        if metric.shared is not None:
            key = (metric.needs, metric.shared)
            if key not in shared:
                shared[key] = metric.shared(*wanted)
            wanted = (shared[key],)
        measured[name] = metric.measure(*wanted)
    return measured


def floors(
    metrics: Mapping[str, Metric], real_sets: Sequence[Given], shares: Sequence[float], samples: int
) -> dict[str, float | None]:
    """Return what real rows score in the place of samples.

    Args:
        metrics: name -> metric.
        real_sets: several sets of real rows, each as `scores` is given samples.
        shares: fair share of each mode; empty where modes are unknown.
        samples: how many samples a mode report is made of.

    Returns:
        Name -> floor of every metric that has one; None where the data cannot serve the metric.
    """
    of_sets = {name: m for name, m in metrics.items() if m.floor is not None and m.needs != "modes"}
    scored = [scores(of_sets, one) for one in real_sets]
    result: dict[str, float | None] = {}
    for name, metric in metrics.items():
        if metric.floor is None:
            continue
        if metric.needs == "modes":
            result[name] = metric.floor(shares, samples) if shares else None
        else:
            values = [each[name] for each in scored if name in each]
            result[name] = metric.floor(values) if values else None
    return result
