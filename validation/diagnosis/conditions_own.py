"""Failures that a configuration of ganscope's own can express, each with its healthy twin: data alone.

Every entry is (verdict, factor or pattern, data, fields that break it by severity, fields of the healthy
twin). Fields are those of `RunConfig`; what both share is in `SHARED`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

SHARED: dict[str, Any] = {
    "network": "mlp", "g_width": 48, "d_width": 48, "g_depth": 2, "d_depth": 2, "latent_dim": 8,
    "steps": 600, "batch_size": 64, "diagnose_every": 20, "decay": 0.0, "threads": 1,
    "keep_checkpoints": 100,
}  # fmt: skip
R1: dict[str, Any] = {"objective": "non-saturating", "penalty": "r1", "penalty_weight": 1.0, "beta1": 0.0}
NONE: dict[str, Any] = {"penalty": "none", "penalty_weight": None}
GP: dict[str, Any] = {
    "objective": "wasserstein", "penalty": "gradient-penalty", "penalty_weight": 10.0, "n_critic": 3,
    "beta1": 0.0,
}  # fmt: skip


class Own(NamedTuple):
    """One planted failure of ganscope's own runs."""

    verdict: str
    kind: str | None
    data: tuple[str, ...]
    broken: dict[str, dict[str, Any]]
    """By severity: fields that are set beside those of the twin."""
    twin: dict[str, Any]


CUSTOM: tuple[Own, ...] = (
    Own("vanishing-gradient", "loss", ("digits", "ring"), {
        "mild": {"objective": "minimax", **NONE, "d_lr": 2e-3, "n_critic": 2},
        "clear": {"objective": "minimax", **NONE, "d_lr": 5e-3, "n_critic": 3},
        "gross": {"objective": "minimax", **NONE, "d_lr": 1e-2, "n_critic": 5},
    }, R1),
    Own("vanishing-gradient", "critic", ("digits", "ring"), {
        "mild": {**NONE, "clip": 0.05, "d_depth": 8},
        "clear": {**NONE, "clip": 0.03, "d_depth": 8},
        "gross": {**NONE, "clip": 0.01, "d_depth": 8},
    }, GP),
    Own("lipschitz-violation", None, ("digits", "ring"), {
        "mild": {**NONE, "d_lr": 1e-3}, "clear": {**NONE, "d_lr": 3e-3}, "gross": {**NONE, "d_lr": 1e-2},
    }, GP),
    Own("critic-underfit", None, ("digits", "ring"), {
        "mild": {"d_lr": 1e-4, "n_critic": 1}, "clear": {"d_lr": 1e-5, "n_critic": 1},
        "gross": {"d_lr": 1e-7, "n_critic": 1},
    }, GP),
    Own("discriminator-too-weak", None, ("digits", "ring"), {
        "mild": {"d_lr": 3e-5}, "clear": {"d_lr": 3e-6}, "gross": {"d_lr": 1e-8},
    }, R1),
    Own("discriminator-too-strong", None, ("digits",), {
        "mild": {**NONE, "g_lr": 1e-4, "d_lr": 3e-3},
        "clear": {**NONE, "g_lr": 1e-5, "d_lr": 3e-3},
        "gross": {**NONE, "g_lr": 1e-6, "d_lr": 1e-2},
    }, R1),
    Own("oscillation", None, ("ring", "swiss-roll"), {
        "mild": {**GP, "n_critic": 3}, "clear": {**GP, "n_critic": 2}, "gross": {**GP, "n_critic": 1},
    }, R1),
    Own("mode-collapse", "total", ("digits", "ring"), {
        "mild": {**NONE, "beta1": 0.95, "g_lr": 1e-2, "d_lr": 1e-2},
        "clear": {**NONE, "beta1": 0.95, "g_lr": 2e-2, "d_lr": 2e-2},
        "gross": {**NONE, "beta1": 0.95, "g_lr": 5e-2, "d_lr": 5e-2},
    }, R1),
    Own("mode-collapse", "dropped-modes", ("ring",), {
        "mild": {**NONE, "n_critic": 3, "g_lr": 5e-3, "d_lr": 5e-3},
        "clear": {**NONE, "n_critic": 5, "g_lr": 5e-3, "d_lr": 5e-3},
        "gross": {**NONE, "n_critic": 5, "beta1": 0.5, "g_lr": 5e-3, "d_lr": 5e-3},
    }, R1),
    Own("diverged", None, ("digits", "ring"), {
        "mild": {"optimizer": "sgd", "g_lr": 10.0, "d_lr": 10.0, "beta1": 0.5},
        "clear": {"optimizer": "sgd", "g_lr": 100.0, "d_lr": 100.0, "beta1": 0.5},
        "gross": {"optimizer": "sgd", "g_lr": 1e4, "d_lr": 1e4, "beta1": 0.5},
    }, R1),
)  # fmt: skip
"""Built on digits and ring; `discriminator-overfit` needs few rows, which is data and not configuration."""


def fields_of(own: Own, severity: str | None, data: str, seed: int) -> dict[str, Any]:
    """All fields of one run; no severity is the healthy twin."""
    fields = {**SHARED, **own.twin, **(own.broken[severity] if severity else {}), "data": data, "seed": seed}
    return {name: value for name, value in fields.items() if value is not None}
