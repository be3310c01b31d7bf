"""Run folders written by hand, as training would leave them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.report import (
    RunRecord,
    load_record,
    write_report,
)

STEPS = 300


@cache
def real_digits() -> NDArray[np.float32]:
    from sklearn.datasets import load_digits

    rows: NDArray[np.float32] = load_digits().images.astype(np.float32)[:, None] / 8 - 1
    return rows


def digit_rows(count: int, seed: int, blur: float = 0.0) -> NDArray[np.float32]:
    """Real digits [count, 1, 8, 8] in [-1, 1], drowned in noise by `blur` in [0, 1]."""
    rows = real_digits()
    rng = np.random.default_rng(seed)
    noise = rng.uniform(-1, 1, (count, 1, 8, 8)).astype(np.float32)
    return ((1 - blur) * rows[rng.integers(0, len(rows), count)] + blur * noise).astype(np.float32)


def ring_rows(count: int, seed: int, modes: int = 8, std: float = 0.05) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * rng.integers(0, modes, count) / 8
    points = np.stack([np.cos(angle), np.sin(angle)], 1) + std * rng.standard_normal((count, 2))
    return points.astype(np.float32)


def line_rows(count: int, seed: int, centre: float = 0.0) -> NDArray[np.float32]:
    return (centre + np.random.default_rng(seed).standard_normal((count, 1))).astype(np.float32)


ROWS: dict[str, Callable[[int, int], NDArray[np.float32]]] = {
    "digits": digit_rows,
    "ring": ring_rows,
    "line": line_rows,
}


SHAPES = {"digits": [1, 8, 8], "ring": [2], "line": [1]}


def write_run(
    folder: Path,
    *,
    recipe: str = "wgan-gp",
    objective: str = "wasserstein",
    seed: int = 0,
    data: str = "digits",
    emd: float | None = 3.0,
    captured: int | None = 10,
    missing: Sequence[int] = (),
    slope: tuple[float, float] = (1.0, 1.0),
    gap_scale: float = 0.7,
    diverged_at: int | None = None,
    samples: bool = True,
    config: Mapping[str, Any] | None = None,
    finished: bool = True,
    log_every: int = 3,
    floor: float | None = 2.81,
) -> Path:
    """Write a run folder: EMD falls to `emd`, the slope goes from one value to the other by powers."""
    rng = np.random.default_rng([seed, len(recipe)])
    folder.mkdir(parents=True)
    last = diverged_at or STEPS
    names = [str(k) for k in range(10)] if data == "digits" else [f"{45 * k}°" for k in range(8)]
    described = {
        "format": 1,
        "ganscope": "0.1.0",
        "torch": "2.13.0+cpu",
        "config": {
            "data": data, "recipe": recipe, "objective": objective,
            "penalty": "gradient-penalty" if objective == "wasserstein" else "none",
            "penalty_weight": 10.0, "clip": 0.0, "n_critic": 5 if objective == "wasserstein" else 1,
            "g_lr": 5e-4, "d_lr": 5e-4, "batch_size": 64, "steps": STEPS, "seed": seed, "network": "mlp",
            "latent_dim": 32, "ema": 0.0, **(config or {}),
        },
        "data": {
            "name": data, "shape": SHAPES[data], "train_rows": 1437, "held_out_rows": 360,
            "emd_floor": floor, "mode_names": [] if captured is None else names,
            "judge_accuracy": 0.985 if data == "digits" else None,
            "value_range": [-1, 1] if data == "digits" else None,
            "centres": [[math.cos(k * math.pi / 4), math.sin(k * math.pi / 4)] for k in range(8)]
            if data == "ring" else None,
        },
        "execution": {"form": "plain", "stack": [seed], "threads": 1, "device": "cpu"},
        "command": f"ganscope train --recipe {recipe} --seed {seed}",
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(described))
    rows, timing = [], []
    for step in range(0, last + 1, log_every):
        progress = step / last
        row: dict[str, Any] = {"step": step, "samples_seen": 64 * step}
        if step:
            row |= {
                "d_loss": 1.4 - 0.5 * progress + 0.05 * rng.standard_normal(),
                "g_loss": 0.7 + 0.5 * progress + 0.05 * rng.standard_normal(),
                "penalty": 0.1,
                "critic_gap": 2.0,
                "logit_slope": slope[0] ** (1 - progress) * slope[1] ** progress,
                "generator_gradient": 0.1 * math.exp(0.3 * rng.standard_normal()),
            }
        if step % 30 == 0:
            row["emd"] = None if emd is None else emd + 6 * (1 - progress) ** 2 + 0.05 * (progress < 1) * seed
            if emd is not None:
                row["critic_gap_held_out"] = gap_scale * row["emd"]
                row["certified_lower"] = 0.5 * row["emd"]
            if captured is not None:
                row |= {
                    "captured": round(captured * progress),
                    "high_quality": 0.8 * progress,
                    "reverse_kl": 0.1 if progress else None,
                    "missing": list(missing),
                }
        rows.append(row)
        timing.append({"step": step, "seconds": 0.01 * step, "evaluation_seconds": 0.001 * step})
    (folder / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "timing.jsonl").write_text("".join(json.dumps(row) + "\n" for row in timing))
    if finished:
        final = {key: rows[-1][key] for key in rows[-1] if key in EVALUATED}
        (folder / "metrics.json").write_text(json.dumps({"format": 1, **final, "diverged_at": diverged_at}))
    if samples:
        (folder / "samples").mkdir()
        count = 64 if data == "digits" else 512
        for step, blur in ((0, 1.0), (150, 0.5), (last, 0.15)):
            drawn = digit_rows(count, seed, blur)
            if data == "ring":
                drawn = ring_rows(count, seed, captured or 8, 0.05 + blur)
            elif data == "line":
                drawn = line_rows(count, seed, 3 * blur)
            np.save(folder / "samples" / f"step-{step:08d}.npy", drawn)
    return folder


EVALUATED = (
    "step",
    "samples_seen",
    "emd",
    "captured",
    "missing",
    "high_quality",
    "reverse_kl",
    "critic_gap_held_out",
    "certified_lower",
)


def three_seeds(folder: Path, **options: Any) -> list[RunRecord]:
    for seed, emd in enumerate((3.0, 4.0, 5.0)):
        write_run(folder / f"seed-{seed}", seed=seed, emd=emd, **options)
    return [load_record(folder / f"seed-{seed}") for seed in range(3)]


def render_folder(folder: Path) -> str:
    return write_report(folder).read_text(encoding="utf-8")
