"""One run: train it in its loop with `watch` attached, measure it on the side, and write down both."""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import ganscope as gs
from ganscope.diagnose.measure import collapse
from ganscope.folder import files

from . import truth
from .loops import LOOPS
from .setup import Setup, first

SCALARS = 500
"""Rows of the log of scalars, at most: losses and gradient norms, for other people's tools."""
_prepared: dict[str, Any] = {}
_prepare = collapse.prepare


def _kept(real: Tensor, held_out: Tensor | None = None) -> Any:
    """Real rows are prepared once per draw and process: the result depends on the rows alone."""
    key = hashlib.sha256(real.detach().contiguous().numpy().tobytes()).hexdigest()
    if key not in _prepared:
        _prepared[key] = _prepare(real, held_out)
    return _prepared[key]


def execute(s: Setup, loop: str, folder: Path) -> dict[str, Any]:
    """Train, watch and measure one run.

    Args:
        s: the run.
        loop: name in `LOOPS`.
        folder: gets `diagnosis.json.gz`, the rows of `watch`, and `scalars.json.gz`.

    Returns:
        What the loop measured: `panel`, `seconds`, `notes` of the scope.
    """
    collapse.prepare = _kept
    begun = time.process_time()
    torch.manual_seed(int(s.rng.initial_seed()) % 2**31)
    real: Any = s.rows.held_out
    if s.labelled:
        real = (real, s.rows.held_out_labels)
    losses = s.own_loss if s.own_loss is not None else s.objective
    train: Any = s.train
    if s.labelled and train is not None:
        train = (train, s.rows.train_labels[: len(train)])
    scope = gs.watch(
        s.generator, s.discriminator, losses, real, s.latent, every=s.every, train=train, **s.declared,
    )  # fmt: skip
    side = _Side(s)

    def tick(step: int, batch: Any, d_loss: Tensor, g_loss: Tensor) -> None:
        side.note(step, d_loss, g_loss)
        if s.inject is not None and step == s.inject[0]:
            s.inject[1](s)
        scope.step(real=batch, d_loss=d_loss, g_loss=g_loss)

    LOOPS[loop](s, tick)
    for name, contents in (("diagnosis", scope.rows), ("scalars", side.scalars)):
        with gzip.open(folder / f"{name}.json.gz", "wt") as file:
            json.dump(files.jsonable(contents), file)
    return {
        "panel": side.panel(),
        "last": side.looks[-1],
        "notes": [note for note in scope.notes if not note.startswith("At step")],
        "seconds": time.process_time() - begun,
    }


class _Side:
    """The loop's own bookkeeping: scalars, the samples' mean, and looks at the end."""

    def __init__(self, s: Setup) -> None:
        self.s = s
        self.scalars: dict[str, list[Any]] = {
            k: [] for k in ("step", "d_loss", "g_loss", "g_grad_norm", "d_grad_norm")
        }
        self.means: list[float] = []
        self.looks: list[dict[str, float]] = []
        self.early: dict[str, float] = {}
        self.floors = truth.floors(s)
        drawn = s.latent(32)
        self.fixed = drawn if isinstance(drawn, tuple) else (drawn,)
        since = s.steps * 3 // 5
        self.at = {since + (s.steps - since) * k // (truth.LOOKS - 1) for k in range(truth.LOOKS)}
        self.first = s.steps * 2 // 5
        self.every = max(1, s.steps // SCALARS)
        self.mean_every = max(1, s.steps // 100)

    def note(self, step: int, d_loss: Tensor, g_loss: Tensor) -> None:
        s = self.s
        if step % self.every == 0:
            row = (step, float(d_loss), float(g_loss), _norm(s.generator), _norm(s.discriminator))
            for name, value in zip(self.scalars, row, strict=True):
                self.scalars[name].append(value if math.isfinite(value) else None)
        if step % self.mean_every == 0:
            with torch.no_grad():
                fake = first(s.generator(*self.fixed))
            self.means.append(float((fake.mean(0) - s.rows.centres.mean(0)) @ s.rows.axis) / s.rows.axis_sd)
        if step == self.first:
            self.early = truth.measure(s)
        if step in self.at:
            self.looks.append(truth.measure(s))

    def panel(self) -> dict[str, float]:
        found = truth.panel_of(self.looks, self.early) | truth.swing_of(self.means)
        return found | {f"floor_{name}": self.floors[name] for name in ("energy", "imbalance", "w1")}


def _norm(module: torch.nn.Module) -> float:
    return float(torch.nn.utils.get_total_norm([p.grad for p in module.parameters() if p.grad is not None]))


def write(folder: Path, s: Setup, found: Mapping[str, Any]) -> None:
    """Say that a run is finished, and what it is."""
    about = {"weight": s.declared.get("constraint_weight") or 10.0, "steps": s.steps, "every": s.every}
    about |= {"injected_at": None if s.inject is None else s.inject[0]}
    files.write_json(folder / "run.json", {**found, "about": about})
