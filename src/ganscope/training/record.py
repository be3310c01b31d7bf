"""What a run folder says of a run while it trains and when it ends: rows of history, final metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ganscope.folder import files, layout

if TYPE_CHECKING:
    from ganscope.training.state import Runs
    from ganscope.training.step import DiscriminatorStep, GeneratorStep

HEAD = ("step", "samples_seen")
"""What every row of history begins with."""
LOSSES = ("d_loss", "g_loss", "penalty", "critic_gap", "logit_slope", "generator_gradient")
"""What a row says of the step that came before it; what else it holds was measured in an evaluation."""


def losses(runs: Runs, d_step: DiscriminatorStep, g_step: GeneratorStep) -> list[dict[str, float]]:
    """Average what a step saw over its batch: one dict of `LOSSES` for each run."""
    squares = [g.square().flatten(1 if runs.game.stacked else 0).sum(-1) for g in g_step.gradient]
    scores = (d_step.real_logits, d_step.fake_logits)
    real, fake = (s.flatten(runs.game.batch_dims - 1).mean(-1) for s in scores)
    values = (
        d_step.loss.mean(-1),
        g_step.loss.mean(-1),
        d_step.penalty.mean(-1),
        real - fake,
        g_step.logit_slope.abs().median(-1).values,
        torch.stack(squares).sum(0).sqrt(),
    )
    by_run = zip(*(value.reshape(-1).tolist() for value in values), strict=True)
    return [dict(zip(LOSSES, of_run, strict=True)) for of_run in by_run]


def write(runs: Runs, rows: Mapping[int, Mapping[str, Any]], seconds: Mapping[str, float]) -> None:
    """Append the rows of a step to the folders of the runs they are of."""
    first = {"format": files.FORMAT} if runs.step == 0 else {}
    timing = {**first, "step": runs.step, **seconds}
    for k, row in rows.items():
        files.append_rows(runs.folders[k] / layout.HISTORY, [{**first, **row}])
        files.append_rows(runs.folders[k] / layout.TIMING, [timing])


def evaluations(folder: Path, last_step: int) -> dict[int, dict[str, Any]]:
    """Read back, by step, what a run that goes on has measured up to a step: see `Runs.evaluations`."""
    measured = {}
    for row in files.whole_rows(folder / layout.HISTORY).rows:
        kept = {key: value for key, value in row.items() if key not in ("format", *LOSSES)}
        if row["step"] <= last_step and len(kept) > len(HEAD):
            measured[row["step"]] = kept
    return measured


def write_metrics(runs: Runs, k: int) -> None:
    """Write the last evaluation once more, by itself: the run is finished when this file stands."""
    last: dict[str, Any] = next(reversed(runs.evaluations[k].values()), {})
    values = dict(last)
    values |= {key: value for key, value in runs.about.items() if key.endswith("_floor")}
    if "missing" in last:
        names: Sequence[str] = runs.about["mode_names"]
        values |= {"modes": len(names), "missing": [names[mode] for mode in last["missing"]]}
    step, network = runs.diverged.get(k, (None, None))
    ends = {layout.HISTORY: files.last_check(runs.folders[k] / layout.HISTORY)}
    values |= {"diverged_at": step, "diverged_network": network, "rows": ends}
    files.write_json(runs.folders[k] / layout.METRICS, values)
