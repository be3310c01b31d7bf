"""Rows of runs as `diagnosis.jsonl` holds them, made up number by number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

NULLS = {
    "recall": [0.98, 0.01], "precision": [0.98, 0.01], "coverage": [0.97, 0.01], "energy": [0.0, 0.002],
    "duplicates": [0.01, 0.01], "distinct": [0.99, 0.01], "imbalance": [0.1, 0.02], "pairwise": [1.0, 0.01],
}  # fmt: skip
GOOD = {"recall": 0.95, "precision": 0.95, "coverage": 0.94, "energy": 0.001, "starved": 0.0, "w1": 0.26}
BAD = {"recall": 0.1, "precision": 0.2, "coverage": 0.1, "energy": 0.4, "starved": 0.1, "w1": 1.0}


def run(samples: Callable[[int], dict[str, Any]], probes: int = 60, **given: Any) -> list[dict[str, Any]]:
    """A run whose networks are well, and whose samples are as given at each comparison."""
    about = {"nulls": NULLS, "fresh_error": 0.03, "every": 10, **given.pop("about", {})}
    rows: list[dict[str, Any]] = []
    for number in range(probes):
        cheap = {
            "auc": 0.7, "auc_error": 0.05, "logit_slope": 0.5, "critic_slope": 1.0, "fake_scale": 1.0,
            "score_sd": 1.0, "g_update": 0.003, "d_update": 0.003, "d_alignment": 0.2,
            "critic_layers": [["2", 1.0], ["0", 1.0]], "generator_layers": [["2", 1.0], ["0", 1.0]],
        }  # fmt: skip
        row: dict[str, Any] = {"step": 10 * number, **cheap, **given}
        if number % 5 == 0:
            compared = {"fresh_auc": 0.52, "imbalance": 0.1, "duplicates": 0.01, "pairwise": 1.0}
            row |= {"wide": True, "w1_floor": 0.25, "w1_floor_sd": 0.01, "auc_train": 0.5}
            row |= {"auc_train_error": 0.05, **compared, **samples(number)}
        rows += [row, *({"step": 10 * number + k, "point": [0.0, 0.0]} for k in (0, 5))]
    rows[0]["about"] = about
    return rows
