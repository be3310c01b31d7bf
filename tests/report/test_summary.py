"""Summaries of run folders: means, spread, missing numbers, diverged seeds, the table."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ganscope.contracts import BadInput
from ganscope.report import (
    Spread,
    in_words,
    load_record,
    load_records,
    summarise,
    table,
    write_report,
)
from tests.report.run_folders import render_folder, three_seeds, write_run


def test_summary_in_closed_form(tmp_path: Path) -> None:
    (summary,) = summarise(three_seeds(tmp_path, slope=(0.5, 0.005), gap_scale=0.7, missing=[1, 8]))
    assert summary.recipe == "wgan-gp"
    assert summary.objective == "wasserstein"
    assert summary.seeds == (0, 1, 2)
    assert summary.emd == Spread(4.0, 1.0, 3.0, 5.0, 3)  # the variance of 3, 4, 5 with n - 1 is 1
    assert summary.floors["emd"] == pytest.approx(2.81)
    assert summary.captured == Spread(10.0, 0.0, 10.0, 10.0, 3)
    assert summary.modes == 10
    assert summary.missing == {"1": 3, "8": 3}
    assert summary.high_quality is not None
    assert summary.high_quality.mean == pytest.approx(0.8)
    assert summary.critic_gap is not None
    assert summary.critic_gap.sd == pytest.approx(0.7)
    assert summary.gap_over_emd is not None
    assert summary.gap_over_emd.mean == pytest.approx(0.7)
    assert summary.seconds == Spread(3.0, 0.0, 3.0, 3.0, 3)
    assert (summary.steps, summary.samples_seen) == ((300, 300), (19_200, 19_200))
    assert (summary.diverged, summary.diverged_at) == (0, None)
    # 100 logged values 0.5 * 0.01^(step / 300): second source, numpy on the formula
    slopes = 0.5 * 0.01 ** (np.arange(3, 301, 3) / 300)
    assert summary.logit_slope_start == pytest.approx(np.median(slopes[:10]), rel=1e-12)
    assert summary.logit_slope_end == pytest.approx(np.median(slopes[-10:]), rel=1e-12)


def test_one_seed_has_no_spread_rather_than_zero(tmp_path: Path) -> None:
    (summary,) = summarise([load_record(write_run(tmp_path / "run"))])
    assert summary.emd == Spread(3.0, None, 3.0, 3.0, 1)
    cells = {header: cells[0] for header, cells in table([summary], full=True)}
    assert cells["EMD (floor 2.81)"] == "3.00"
    assert not any("±" in cell for cell in cells.values())
    assert "with one seed" in in_words([summary])
    assert "One seed, so no spread." in render_folder(tmp_path / "run")


def test_diverged_seeds_are_counted_and_not_averaged(tmp_path: Path) -> None:
    write_run(tmp_path / "a", seed=0, emd=3.0)
    write_run(tmp_path / "b", seed=1, emd=99.0, diverged_at=90, missing=[4])
    (summary,) = summarise([load_record(tmp_path / name) for name in "ab"])
    assert (summary.diverged, summary.diverged_at) == (1, 90)
    assert summary.emd == Spread(3.0, None, 3.0, 3.0, 1)
    assert summary.missing == {}
    assert summary.steps == (90, 300)
    assert dict(table([summary], full=True))["seeds"] == ["2 (1 diverged)"]
    assert "1 of 2 seeds diverged (first at step 90)" in in_words([summary])


def test_nulls_and_missing_keys_are_no_numbers(tmp_path: Path) -> None:
    write_run(tmp_path / "nulls", emd=None, captured=None, samples=False)
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "config.json").write_text("{}")
    for folder in (tmp_path / "nulls", bare):
        (summary,) = summarise([load_record(folder)])
        assert (summary.emd, summary.captured, summary.metrics["reverse_kl"], summary.modes) == (
            None,
            None,
            None,
            None,
        )
        assert "distance to the real data is unknown" in in_words([summary])
        assert [cells for header, cells in table([summary])[1:3]] == [["–"], ["–"]]
        write_report(folder)


def test_a_run_killed_midway_is_read_from_its_history(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", finished=False, missing=[7])
    history = (folder / "history.jsonl").read_text().splitlines(keepends=True)
    (folder / "history.jsonl").write_text("".join(history[:52]) + '{"step": 156, "samp')
    run = load_record(folder)
    assert run.final["step"] == 150  # the last row with an evaluation
    (summary,) = summarise([run])
    assert summary.emd is not None
    assert summary.emd.mean == pytest.approx(3.0 + 6 * 0.25)
    assert list(summary.missing) == ["7"]  # by name, though history has indices
    assert "Evaluated before the end: wgan-gp seed 0 (step 150 of 300)." in render_folder(folder)


def test_missing_modes_may_be_given_by_name(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    metrics = json.loads((folder / "metrics.json").read_text())
    (folder / "metrics.json").write_text(json.dumps({**metrics, "missing": ["1", "8"]}))
    (summary,) = summarise([load_record(folder)])
    assert summary.missing == {"1": 1, "8": 1}


def test_folders_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"holds no run"):
        write_report(tmp_path)
    with pytest.raises(BadInput, match=r"no run folder: it holds no config\.json"):
        load_record(tmp_path)
    folder = write_run(tmp_path / "run")
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(config.replace('"format": 1', '"format": 2'))
    with pytest.raises(BadInput, match="has format 2"):
        load_record(folder)
    (folder / "config.json").write_text(config[:100])
    with pytest.raises(BadInput, match="is damaged"):
        load_record(folder)


def test_terminal_table_fits_80_columns(tmp_path: Path) -> None:
    runs = [
        run._replace(recipe=name)
        for name in ("relativistic-average", "r1")
        for run in three_seeds(tmp_path / name)
    ]
    columns = table(summarise(runs))
    assert [header for header, _ in columns] == [
        "recipe",
        "EMD (floor 2.81)",
        "modes",
        "high quality",
        "seconds",
    ]
    assert all(len(cells) == 2 for _, cells in columns)
    assert sum(max(map(len, [header, *cells])) + 2 for header, cells in columns) <= 80
    assert columns[1][1] == ["4.00 ± 1.00"] * 2
    assert columns[2][1] == ["10 / 10"] * 2
    assert columns[3][1] == ["80 ± 0 %"] * 2


def test_unfinished_seeds_enter_no_average_once_a_run_has_finished(tmp_path: Path) -> None:
    write_run(tmp_path / "c" / "r1" / "seed-0", recipe="r1", emd=3.0)
    write_run(tmp_path / "c" / "wgan" / "seed-0", recipe="wgan", emd=1.0, finished=False)
    write_run(tmp_path / "c" / "wgan" / "seed-1", recipe="wgan", emd=2.0, seed=1)
    write_run(tmp_path / "c" / "hinge" / "seed-0", recipe="hinge", emd=1.0, finished=False)
    by_name = {s.recipe: s for s in summarise(load_records(tmp_path / "c"))}
    assert by_name["wgan"].emd is not None
    assert (by_name["wgan"].emd.seeds, by_name["wgan"].unfinished, by_name["wgan"].averaged) == (1, 1, 1)
    assert by_name["hinge"].emd is None
    said = in_words(list(by_name.values()))
    assert "hinge did" not in said
    assert "left out: 1 of 1 seeds of hinge (at step 300) and 1 of 2 seeds of wgan (at step 300)." in said
    for folder in ("r1/seed-0", "wgan/seed-1"):
        (tmp_path / "c" / folder / "metrics.json").unlink()
    summaries = summarise(load_records(tmp_path / "c"))
    assert in_words(summaries).startswith("No recipe has finished, so none is ranked.")
    assert summaries[0].emd is not None
    assert in_words(summaries[:1]).startswith("hinge reached")
