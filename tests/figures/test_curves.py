"""Curves of several seeds: their mean, their bins, their scale."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganscope.figures import histories
from ganscope.figures.curves import POINTS, SMALLEST, Curve, calm_range, correlation, curve
from ganscope.figures.histories import metric_figure
from ganscope.figures.losses import loss_anchor
from ganscope.objectives import OBJECTIVES
from ganscope.report import (
    load_record,
)
from tests.report.run_folders import three_seeds, write_run


def test_curves_bring_seeds_together(tmp_path: Path) -> None:
    runs = three_seeds(tmp_path)
    found = curve(runs, "emd")
    lines = np.array([[y for _, y in found.seeds[seed]] for seed in range(3)])
    assert lines.shape == (3, 11)
    assert found.x == [64.0 * step for step in range(0, 301, 30)]
    np.testing.assert_allclose(found.mean, lines.mean(0), rtol=1e-12)
    np.testing.assert_allclose(found.low, lines.min(0), rtol=0)
    np.testing.assert_allclose(found.high, lines.max(0), rtol=0)


def test_log_curves_have_geometric_means_and_show_zeros(tmp_path: Path) -> None:
    runs = [
        run._replace(history=[{"samples_seen": 0, "a": value}, {"samples_seen": 1, "a": -1.0}])
        for run, value in zip(three_seeds(tmp_path), (0.0, 1.0, 1.0), strict=True)
    ]
    found = curve(runs, "a", log=True)
    assert found.low[0] == SMALLEST
    np.testing.assert_allclose(found.mean, [SMALLEST ** (1 / 3), 1.0], rtol=1e-12)


def test_long_histories_become_medians_of_common_bins(tmp_path: Path) -> None:
    runs = three_seeds(tmp_path, log_every=1)
    found = curve(runs, "d_loss")
    assert len(found.x) == len(found.seeds[0]) == POINTS + 1
    rows = [row for row in runs[0].history if "d_loss" in row]
    low, high = rows[0]["samples_seen"], rows[-1]["samples_seen"]
    edges = np.linspace(low, high, POINTS + 1)
    inside = [row["d_loss"] for row in rows if edges[6] < row["samples_seen"] <= edges[7]]
    np.testing.assert_allclose(found.seeds[0][7], (edges[7], np.median(inside)), rtol=1e-12)


def test_a_diverged_seed_has_a_line_but_no_part_in_the_mean(tmp_path: Path) -> None:
    runs = three_seeds(tmp_path)
    runs[2] = load_record(write_run(tmp_path / "broken", seed=2, emd=99.0, diverged_at=90))
    found = curve(runs, "emd")
    assert len(found.x) == 11
    assert max(found.high) < 20 < max(y for _, y in found.seeds[2])
    figure: Any = metric_figure("emd", {"wgan-gp": runs}, {"wgan-gp": "#0072B2"})
    (cross,) = [trace for trace in figure.data if trace.mode == "markers"]
    assert (list(cross.x), cross.marker.symbol) == ([64 * 90], "x")


def test_spikes_do_not_flatten_a_curve() -> None:
    calm = [(float(x), math.sin(x)) for x in range(300)]
    spiky = [*calm, (300.0, 1e6)]
    assert calm_range([Curve({0: calm}, [], [], [], [])]) is None
    bounds = calm_range([Curve({0: spiky}, [], [], [], [])])
    assert bounds is not None
    assert -1.5 < bounds[0] < bounds[1] < 1.5


def test_correlation_is_pearsons(tmp_path: Path) -> None:
    runs = three_seeds(tmp_path, gap_scale=-0.3)
    assert correlation(runs, "emd", "critic_gap_held_out") == pytest.approx(-1.0)
    assert correlation(runs, "emd", "nothing") is None
    rows = [row for row in runs[0].history if "emd" in row]
    expected = np.corrcoef([row["emd"] for row in rows], [row["high_quality"] for row in rows])[0, 1]
    assert correlation(runs[:1], "emd", "high_quality") == pytest.approx(expected)


# Second source: the losses themselves, evaluated where D cannot tell.
@pytest.mark.parametrize("name", OBJECTIVES)
def test_loss_anchors_are_losses_of_a_discriminator_that_cannot_tell(name: str) -> None:
    anchor, objective = loss_anchor({"objective": name}), OBJECTIVES[name]
    if objective.equilibrium is None:
        assert anchor is None
        return
    assert anchor is not None
    candidates = torch.linspace(-3, 3, 601, dtype=torch.float64)  # one logit for every row, real or fake
    losses = [objective.d_loss(logit.repeat(4), logit.repeat(4)).mean().item() for logit in candidates]
    assert anchor[0] == pytest.approx(min(losses), abs=1e-4)


def test_log_axes_have_ticks_however_flat_the_data(tmp_path: Path) -> None:
    runs = three_seeds(tmp_path, slope=(1.0, 1.0))
    figure: Any = histories.slope_figure({"a": runs}, {"a": "#000000"})
    axis = figure.layout.yaxis
    assert axis.range[1] - axis.range[0] > 1
    assert 1.0 in axis.tickvals
    runs = [run._replace(history=[{**row, "logit_slope": 0.0} for row in run.history]) for run in runs]
    figure = histories.slope_figure({"a": runs}, {"a": "#000000"})
    axis = figure.layout.yaxis
    assert axis.range[0] < -12 < axis.range[1]
