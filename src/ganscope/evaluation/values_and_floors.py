"""Values and floors side by side, as `Run.evaluate` returns them and as tables read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganscope.contracts import Metric


def numbers(
    metrics: Mapping[str, Metric], results: Mapping[str, Any]
) -> dict[str, tuple[float, float | None]]:
    """Read each metric's value and floor from what `Evaluation.evaluate` returned.

    Example:
        >>> from ganscope.metrics import METRICS
        >>> numbers(METRICS, {"emd": 0.5, "emd_floor": 0.1, "prdc": {"recall": 1.0}, "prdc_real": {}})
        {'emd': (0.5, 0.1), 'recall': (1.0, None)}
    """
    read = {}
    for name, metric in metrics.items():
        values = results.get(metric.group, {}) if metric.group else results
        real = (
            results.get(f"{metric.group}_real", {}).get(name)
            if metric.group
            else results.get(f"{name}_floor")
        )
        if name in values:
            read[name] = (values[name], real)
    return read


def grouped(
    metrics: Mapping[str, Metric], measured: Mapping[str, Any], real: Mapping[str, float | None]
) -> dict[str, Any]:
    """Put values and floors side by side, those of a group under its key."""
    results: dict[str, Any] = {}
    for name, value in measured.items():
        group = metrics[name].group
        if group:
            results.setdefault(group, {})[name] = value
            results.setdefault(f"{group}_real", {})[name] = real.get(name)
        else:
            results[name] = value
            if name in real:
                results[f"{name}_floor"] = real[name]
    return results
