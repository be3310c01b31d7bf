"""The report reads run folders as they lie on disk, so the tests write small ones, as training would."""

from __future__ import annotations

import base64
import io
import json
import math
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ganscope.contracts import BadInput
from ganscope.figures import histories
from ganscope.figures.curves import POINTS, SMALLEST, Curve, calm_range, correlation, curve
from ganscope.figures.palette import PALETTE
from ganscope.figures.pictures import load_samples, picture
from ganscope.report import (
    RecipeSummary,
    RunRecord,
    Spread,
    in_words,
    load_record,
    summarise,
    table,
    write_report,
)
from ganscope.report.fragments import Report, plot
from ganscope.report.sections import CRITIC_CURVES, SECTIONS
from ganscope.report.sentences import sentences, separated
from ganscope.words.numerals import digits, plus_minus
from ganscope.words.spread import spread

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


# --- numbers -------------------------------------------------------------------------------------------


def three_seeds(folder: Path, **options: Any) -> list[RunRecord]:
    for seed, emd in enumerate((3.0, 4.0, 5.0)):
        write_run(folder / f"seed-{seed}", seed=seed, emd=emd, **options)
    return [load_record(folder / f"seed-{seed}") for seed in range(3)]


def test_summary_in_closed_form(tmp_path: Path) -> None:
    (summary,) = summarise(three_seeds(tmp_path, slope=(0.5, 0.005), gap_scale=0.7, missing=[1, 8]))
    assert summary.recipe == "wgan-gp"
    assert summary.objective == "wasserstein"
    assert summary.seeds == (0, 1, 2)
    assert summary.emd == Spread(4.0, 1.0, 3.0, 5.0, 3)  # the variance of 3, 4, 5 with n - 1 is 1
    assert summary.emd_floor == pytest.approx(2.81)
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


def test_spread_agrees_with_numpy() -> None:
    values = np.random.default_rng(0).normal(3, 2, 7)
    found = spread(values.tolist())
    assert found is not None
    assert found.mean == pytest.approx(values.mean(), rel=1e-12)
    assert found.sd == pytest.approx(values.std(ddof=1), rel=1e-12)
    assert (found.low, found.high, found.seeds) == (values.min(), values.max(), 7)
    assert spread([None, None]) is None


def test_one_seed_has_no_spread_rather_than_zero(tmp_path: Path) -> None:
    (summary,) = summarise([load_record(write_run(tmp_path / "run"))])
    assert summary.emd == Spread(3.0, None, 3.0, 3.0, 1)
    cells = {header: cells[0] for header, cells in table([summary], full=True)}
    assert cells["EMD (floor 2.81)"] == "3.00"
    assert not any("±" in cell for cell in cells.values())
    assert "with one seed" in in_words([summary])
    assert "One seed: no spread known" in render_folder(tmp_path / "run")


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
        assert (summary.emd, summary.captured, summary.reverse_kl, summary.modes) == (None, None, None, None)
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


# --- curves --------------------------------------------------------------------------------------------


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
    figure: Any = histories.emd_figure({"wgan-gp": runs}, {"wgan-gp": "#0072B2"})
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


# --- words ---------------------------------------------------------------------------------------------


def summary_of(recipe: str, emds: Sequence[float], **fields: Any) -> RecipeSummary:
    """A summary with a given EMD per seed; everything else unknown unless given."""
    empty = dict.fromkeys(RecipeSummary._fields)
    values = {
        "recipe": recipe,
        "objective": "minimax",
        "seeds": tuple(range(len(emds))),
        "together": 1,
        "diverged": 0,
        "healed": 0,
        "emd": spread(emds),
        "emd_floor": 2.0,
        "missing": {},
        **fields,
    }
    return RecipeSummary(**{**empty, **values})


def test_healed_runs_are_not_credited_to_their_recipe() -> None:
    whole, part, none = (summary_of("a", [3.0, 3.1], healed=count) for count in (2, 1, 0))
    other = summary_of("b", [5.0, 5.2])
    end = "Healed on the way, so not with the recipe's own settings any more: 2 of 2 seeds of a."
    assert in_words([whole, other]).endswith(end)
    assert "any more: 1 of 2 seeds of a." in in_words([part])
    assert "Healed" not in in_words([none, other])


def test_words_name_best_and_worst_and_why() -> None:
    first, second = sentences(
        [
            summary_of("wgan-gp", [3.0, 3.1, 3.2], captured=Spread(10, 0, 10, 10, 3), modes=10),
            summary_of(
                "minimax",
                [6.0, 6.2, 6.4],
                captured=Spread(4, 1, 3, 5, 3),
                modes=10,
                missing={"1": 3, "8": 1},
                logit_slope_start=0.5,
                logit_slope_end=0.003,
            ),
            summary_of("r1", [4.0, 4.1, 4.2]),
        ]
    )
    assert first == (
        "wgan-gp came closest to the real data: its EMD is 3.10 ± 0.10 over 3 seeds, where real rows "
        "against real rows measure 2.00 (the floor), with 10 of 10 modes captured."
    )
    assert second == (
        "minimax did worst: EMD 6.20 ± 0.20, with 3 to 5 of 10 modes captured; its median |dL/dlogit| "
        "fell from 0.500 to 0.00300, so its loss passed on almost no gradient; missing in every seed: 1."
    )


def test_words_admit_that_seeds_do_not_separate() -> None:
    first, second = sentences([
        summary_of("a", [3.0, 3.2, 3.4]), summary_of("b", [3.1, 3.3, 3.5]), summary_of("c", [6.0, 6.1, 6.2]),
    ])  # fmt: skip
    assert "the seeds do not separate it from b (3.30 ± 0.20)" in first
    assert second.startswith("c did worst")
    assert second.endswith("no other number here says why.")
    _, second = sentences([summary_of("a", [3.0, 3.2, 3.4]), summary_of("b", [3.1, 3.3, 3.5])])
    assert "worst" not in second
    assert "b has the highest EMD (3.30 ± 0.20), but its seeds overlap with those of a" in second


def test_a_gradient_that_never_was_did_not_fall() -> None:
    flat = summary_of("minimax", [6.0, 6.1], logit_slope_start=0.001, logit_slope_end=0.002)
    second = sentences([summary_of("a", [3.0, 3.1]), flat])[1]
    assert "its median |dL/dlogit| was 0.00200 at the end" in second
    assert "fell" not in second


def test_words_let_uncaptured_modes_speak_for_themselves() -> None:
    few = summary_of("b", [6.0, 6.1], captured=Spread(3, 0, 3, 3, 2), modes=8)
    second = sentences([summary_of("a", [3.0, 3.1]), few])[1]
    assert second == "b did worst: EMD 6.05 ± 0.07, with 3 of 8 modes captured."


def test_words_on_a_single_recipe() -> None:
    good = summary_of(
        "r1",
        [3.0, 3.2],
        captured=Spread(10, 0, 10, 10, 2),
        modes=10,
        high_quality=spread([0.8, 0.9]),
        logit_slope_start=0.5,
        logit_slope_end=0.4,
    )
    assert sentences([good]) == (
        "r1 reached an EMD of 3.10 ± 0.14 over 2 seeds, where real rows against real rows measure 2.00 (the "
        "floor), with 10 of 10 modes captured; 85 ± 7 % of its samples are of high quality.",
        "No mode is missing; its median |dL/dlogit| went from 0.500 to 0.400.",
    )
    poor = in_words([good._replace(high_quality=spread([0.1, 0.1]), missing={"4": 2})])
    assert poor.count("high quality") == 1
    assert "Missing in every seed: 4; only 10 ± 0 % of its samples are of high quality" in poor


def test_words_call_an_order_of_single_seeds_chance() -> None:
    first, _ = sentences([summary_of("a", [3.0]), summary_of("b", [9.0])])
    assert first.endswith("a single seed shows no spread, so the order may be chance.")


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([1.0, 1.2], [2.0, 2.2], True),
        ([1.0, 2.1], [2.0, 2.2], False),  # the ranges touch
        (
            [1.0, 1.0, 1.0, 1.9],
            [2.0, 2.0, 2.0, 2.9],
            False,
        ),  # 1.9 lies above 2.225 - 0.45
        ([1.0], [2.0, 2.1], None),
    ],
)
def test_separated(a: list[float], b: list[float], expected: bool | None) -> None:
    one, other = spread(a), spread(b)
    assert one is not None
    assert other is not None
    assert separated(one, other) is expected
    assert separated(other, one) is expected


def test_words_on_divergence_and_on_nothing_measured() -> None:
    sound = summary_of("wgan-gp", [3.0, 3.1])
    lost = summary_of("minimax", [1.0, 1.0], emd=None, diverged=2, diverged_at=120)
    assert sentences([sound, lost])[1] == "minimax did worst: all 2 seeds diverged, the first at step 120."
    partly = summary_of("minimax", [6.0, 6.1, 1.0], diverged=1, diverged_at=120)
    assert sentences([sound, partly])[1].endswith("not averaged, for they diverged: 1 of 3 seeds of minimax.")
    both = sentences([sound, lost, lost._replace(recipe="wgan")])[1]
    assert both.startswith("minimax did worst: all 2 seeds diverged")
    assert both.endswith("not averaged, for they diverged: 2 of 2 seeds of wgan.")
    assert sentences([lost])[0] == "All 2 runs diverged, the first at step 120."
    assert "nothing can be compared" in in_words([sound, summary_of("r1", [1.0], emd=None)])


def test_words_on_an_exploding_critic() -> None:
    wild = summary_of("wgan", [5.0, 5.1], objective="wasserstein", generator_gradient_start=20.0,
                      generator_gradient_end=1e3, gap_over_emd=Spread(21.4, 1.0, 20.0, 22.0, 2))  # fmt: skip
    second = sentences([summary_of("wgan-gp", [3.0, 3.1]), wild])[1]
    assert "the norm of its generator's gradient grew from 20.0 to 1,000" in second
    assert "its critic reads 21.4 times the exact EMD, far from 1-Lipschitz" in second


def test_words_are_always_two_sentences() -> None:
    cases = [
        [summary_of("a", [3.0])],
        [summary_of("a", [3.0, 3.1]), summary_of("b", [3.0, 3.2])],
        [summary_of("a", [1.0], emd=None)],
        [summary_of("a", [1.0], emd=None, diverged=1, diverged_at=3), summary_of("b", [2.0, 2.1])],
    ]
    for case in cases:
        assert in_words(case).replace(". ", ".\n").count("\n") == 1
        assert in_words(case).endswith(".")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"), (1.0, "1.00"), (9.999, "10.0"), (0.000999, "9.99e-4"), (-0.0123, "-0.0123"),
        (123_456.0, "123,000"), (1.5e9, "1.50e9"), (math.nan, "–"), (math.inf, "–"), (1e-300, "1.00e-300"),
    ],
)  # fmt: skip
def test_digits(value: float, expected: str) -> None:
    assert digits(value) == expected


@pytest.mark.parametrize(
    ("mean", "sd", "expected"),
    [
        (3.1416, 0.0512, "3.14 ± 0.05"), (3.1416, 0.002, "3.142 ± 0.002"), (3.0, 0.0, "3.00 ± 0.00"),
        (1234.5, 67.8, "1,234 ± 68"), (1e-5, 2e-6, "1.00e-5 ± 2e-6"), (0.0, 0.5, "0.00 ± 0.50"),
    ],
)  # fmt: skip
def test_plus_minus(mean: float, sd: float, expected: str) -> None:
    assert plus_minus(Spread(mean, sd, mean, mean, 3)) == expected


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


# --- pictures ------------------------------------------------------------------------------------------


def test_image_grid_shows_every_pixel() -> None:
    from PIL import Image

    images = np.random.default_rng(0).uniform(-1, 1, (64, 1, 8, 8)).astype(np.float32)
    images[0, 0, 0, 0], images[0, 0, 0, 1], images[0, 0, 0, 2] = -1, 1, np.nan
    drawn = picture(images, None, "#000000", "samples", {"value_range": [-1, 1]})
    assert drawn is not None
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(drawn.split("base64,")[1].rstrip('">')))))
    assert sheet.shape == (73 * 9, 73 * 9)  # 8 images of 8 pixels, gaps of 1, enlarged 9 times
    small = sheet[4::9, 4::9]
    assert np.array_equal(small.repeat(9, 0).repeat(9, 1), sheet)  # nearest neighbour, nothing blurred
    assert small[1, 1:4].tolist() == [0, 255, 128]
    for k in (0, 9, 63):
        top, left = 1 + 9 * (k // 8), 1 + 9 * (k % 8)
        expected = np.rint(255 * (np.nan_to_num(images[k, 0], nan=0.0) + 1) / 2)
        np.testing.assert_allclose(small[top : top + 8, left : left + 8], expected, atol=0.5)
    assert (small[0] == 255).all()


def test_colour_images_and_large_ones_fit() -> None:
    drawn = picture(np.zeros((64, 3, 128, 128), np.float32), None, "#000000", "x", {})
    assert drawn is not None
    assert re.findall(r'width="(\d+)"', drawn) == [str(4 * 136 + 8)]


def test_points_are_drawn_inside_and_counted_outside() -> None:
    real = ring_rows(500, 0)
    fake = np.concatenate(
        [ring_rows(90, 1), np.full((8, 2), 50, np.float32), np.full((2, 2), np.nan, np.float32)]
    )
    drawn = picture(fake, real, "#D55E00", "points", {"centres": [[1.0, 0.0], [0.0, 1.0]]})
    assert drawn is not None
    grey, own, crosses = re.findall(r'<path d="((?:M[^"]*){2,})"', drawn)
    assert (grey.count("h0"), own.count("h0"), crosses.count("v10")) == (500, 90, 2)
    assert "10 of 100 outside" in drawn
    assert "#D55E00" in drawn


def test_points_keep_their_place_with_y_upwards() -> None:
    # two real points, so that the picture spans [-0.225, 1.225] in both directions, and one sample at (0, 1)
    drawn = picture(
        np.array([[0, 1]], np.float32), np.array([[0, 0], [1, 1]], np.float32), "#D55E00", "points", {}
    )
    assert drawn is not None
    (own,) = re.findall(r'<path d="M([0-9. ]+)h0" stroke="#D55E00"', drawn)
    place = np.array(own.split(), float)
    np.testing.assert_allclose(place, [40 + 260 * 0.225 / 1.45, 260 * 0.225 / 1.45], atol=0.051)


def test_one_dimensional_samples_are_histograms() -> None:
    real, fake = line_rows(4000, 0), line_rows(500, 1, centre=1.0)
    drawn = picture(fake, real, "#D55E00", "line", {})
    assert drawn is not None
    (line,) = re.findall(r'<polyline points="([^"]*)"', drawn)
    points = np.array([pair.split(",") for pair in line.split()], float)
    assert len(points) == 80
    x, height = points[:, 0], 260 - points[:, 1]
    middle = (x * height).sum() / height.sum()
    span = 1.2 * (real.max() - real.min())
    value = (real.max() + real.min() - span) / 2 + (middle - 40) / 260 * span
    assert value == pytest.approx(fake.mean(), abs=0.05)


def test_tables_and_damaged_samples_have_no_picture(tmp_path: Path) -> None:
    assert picture(np.zeros((10, 5), np.float32), None, "#000000", "table", {}) is None
    assert picture(None, None, "#000000", "none", {}) is None
    assert picture(np.full((9, 2), np.nan, np.float32), None, "#000000", "nan", {}) is None
    (tmp_path / "torn.npy").write_bytes(b"\x93NUMPY\x01")
    for name in ("torn", "absent"):
        assert load_samples(tmp_path / f"{name}.npy") is None


class Trap:
    """Leaves a folder behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.mkdir, (self.path,)


def test_samples_are_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "trap.npy", np.array([[Trap(tmp_path / "sprung")]], dtype=object), allow_pickle=True)
    assert load_samples(tmp_path / "trap.npy") is None
    assert not (tmp_path / "sprung").exists()


# --- the page ------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a browser would find: elements with their attributes, and the text inside scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.figures: dict[str, Any] = {}
        self.words = ""
        self.headings: list[str] = []
        self._inside: str | None = None
        self.feed(text.replace(plotly_library(), ""))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - html.parser decides
        self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside == "h2":
            self.headings.append(data)
        if self._inside not in ("script", "style"):
            self.words += data
        elif name := self.elements[-1][1].get("data-figure"):
            self.figures[name] = json.loads(data)

    def tags(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]


def render_folder(folder: Path) -> str:
    return write_report(folder).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recipes, two seeds each, on digits."""
    out = tmp_path_factory.mktemp("runs") / "compared"
    for seed in range(2):
        write_run(out / "wgan-gp" / f"seed-{seed}", seed=seed, emd=3.0 + 0.1 * seed)
        write_run(
            out / "minimax" / f"seed-{seed}",
            recipe="minimax",
            objective="minimax",
            seed=seed,
            emd=6.0 + 0.1 * seed,
            captured=4,
            missing=[1, 8],
            slope=(0.5, 0.003),
        )
    described = {
        "format": 1,
        "command": "ganscope compare --seeds 2",
        "recipes": ["minimax", "wgan-gp"],
        "seeds": [0, 1],
        "budget": "samples",
        "data": "digits",
    }
    (out / "comparison.json").write_text(json.dumps(described))
    np.save(out / "real.npy", digit_rows(100, 9))
    return out


@pytest.fixture(scope="module")
def page(comparison: Path) -> Page:
    return Page(render_folder(comparison))


def test_the_page_is_one_file_that_fetches_nothing(comparison: Path, page: Page) -> None:
    text = render_folder(comparison)
    assert [path.name for path in comparison.iterdir() if path.is_file()].count("report.html") == 1
    assert not list(comparison.glob(".*"))  # nothing left behind by the atomic write
    for tag, attributes in page.elements:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            assert (attributes.get(name) or "data:").startswith("data:"), (tag, attributes)
    styles = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert not any(word in style for style in styles for word in ("url(", "@import", "http"))
    ours = text.replace(plotly_library(), "")
    assert len(ours) < len(text) / 2
    assert not re.search(r"https?://", ours)
    assert not re.search(r"\bimport\b\s*[({'\"]|\bfetch\(|XMLHttpRequest", ours)
    assert text.count("* plotly.js v") == 1
    (policy,) = [m["content"] for m in page.tags("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def plotly_library() -> str:
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def test_the_page_says_what_happened_first(page: Page) -> None:
    opening = page.words[: page.words.index("Results")]
    said = ["2 recipes on digits, 2 seeds", "wgan-gp came closest to the real data", "minimax did worst"]
    places = [opening.index(text) for text in said]
    assert places == sorted(places)
    assert page.headings == [
        "Results",
        "Samples",
        "Distance and diversity",
        "Gradients",
        "The critic's estimate beside the exact distance",
        "Losses",
        "Configuration",
        "Run it again",
        "What the words mean",
    ]
    assert "ganscope compare --seeds 2" in page.words


def test_every_recipe_has_its_pictures(page: Page) -> None:
    # start, middle, end, real, and the end of the other seed, for two recipes
    assert len(page.tags("img")) == 10
    labels = [image["alt"] for image in page.tags("img")]
    assert labels[:5] == [
        "minimax: step 0",
        "minimax: step 150",
        "minimax: step 300",
        "minimax: real",
        "minimax: seed 1, step 300",
    ]


def test_figures_carry_one_colour_per_recipe_and_the_floor(page: Page) -> None:
    assert list(page.figures) == ["emd", "modes", "slope", "gradient", "gap-1", "loss-0", "loss-1"]
    for name in ("emd", "modes", "slope", "gradient"):
        drawn = {t["name"]: t["line"]["color"] for t in page.figures[name]["data"] if "name" in t}
        assert drawn == {"minimax": PALETTE[0], "wgan-gp": PALETTE[1]}
        assert page.figures[name]["layout"]["yaxis"].get("type") == (
            "log" if name in ("slope", "gradient") else None
        )
    (floor,) = page.figures["emd"]["layout"]["shapes"]
    assert floor["y0"] == floor["y1"] == 2.81
    assert page.figures["emd"]["layout"]["annotations"][0]["text"] == "floor 2.81"
    (anchor,) = page.figures["loss-0"]["layout"]["shapes"]
    assert anchor["y0"] == pytest.approx(2 * math.log(2))
    assert PALETTE[0] in [str(chip["style"])[-7:] for chip in page.tags("i")]


def test_differing_fields_come_first_and_are_marked(comparison: Path) -> None:
    text = render_folder(comparison)
    rows = re.findall(r'<tr( class=differs)?><th scope="row">([a-z_0-9]+)</th>', text)
    marked = [name for mark, name in rows if mark]
    assert marked == ["objective", "penalty", "n_critic"]
    assert [name for _, name in rows][:3] == marked
    assert ("", "seed") in rows  # the seeds differ within each recipe, in the same way
    assert "<td>0, 1</td>" in text


def test_absent_runs_are_named(comparison: Path, tmp_path: Path) -> None:
    folder = tmp_path / "half"
    shutil.copytree(comparison, folder)
    shutil.rmtree(folder / "wgan-gp" / "seed-1")
    assert "Not run yet: wgan-gp seed 1." in render_folder(folder)


def test_hostile_strings_stay_text(tmp_path: Path) -> None:
    nasty = "</script><script>alert(1)</script><img src=x onerror=alert(1)>'\"&"
    name = nasty.replace("/", "⁄")  # a folder's name cannot hold a slash
    out = tmp_path / "out"
    for recipe in (name, "plain"):
        for seed in range(2):
            folder = write_run(
                out / recipe / f"seed-{seed}",
                recipe=recipe,
                objective=nasty,
                seed=seed,
                missing=[0],
                config={nasty: nasty, "penalty": [nasty]},
            )
            described = json.loads((folder / "config.json").read_text())
            described["data"] |= {"name": nasty, "mode_names": [nasty] * 10}
            described |= {"command": nasty, "torch": nasty, "execution": {nasty: nasty}}
            (folder / "config.json").write_text(json.dumps(described))
    written = {"command": nasty, "recipes": [nasty], "seeds": [nasty], "budget": nasty}
    (out / "comparison.json").write_text(json.dumps(written))
    page = Page(render_folder(out))
    assert len([s for s in page.tags("script") if "data-figure" not in s]) == 2  # the library and our own
    assert not page.tags("b")
    assert all("onerror" not in attributes for _, attributes in page.elements)
    assert all(str(image["src"]).startswith("data:image/png") for image in page.tags("img"))
    assert nasty in page.words
    # Plotly reads a small markup in names, so they are escaped there too; the legend's button must match.
    groups = {trace["legendgroup"] for trace in page.figures["emd"]["data"]}
    assert groups == {escape(name), "plain"}
    assert {button["data-recipe"] for button in page.tags("button") if "data-recipe" in button} == groups


def test_a_figure_cannot_end_its_script_element() -> None:
    import plotly.graph_objects as go

    fragment = plot(go.Figure(go.Scatter(name="</script><b>"), layout={"height": 100}), "x")
    assert fragment.count("<b>") == 0
    assert Page(fragment).figures["x"]["data"][0]["name"] == "</script><b>"


@pytest.mark.parametrize("data", list(ROWS))
def test_every_kind_of_data_has_a_page(data: str, tmp_path: Path) -> None:
    captured = None if data == "line" else 8
    folder = write_run(tmp_path / "run", data=data, captured=captured, emd=0.5)
    np.save(folder / "real.npy", ROWS[data](100, 9))
    page = Page(render_folder(folder))
    assert len(page.tags("img" if data == "digits" else "svg")) == 4
    assert page.words.count("wgan-gp on ") >= 1
    assert "modes" not in page.figures if data == "line" else "modes" in page.figures
    assert not page.tags("nav")  # a legend of one recipe says nothing


def test_a_run_without_samples_or_history_has_a_page(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.json").write_text(
        json.dumps({"config": {"objective": "hinge", "penalty": "r1", "seed": 3}})
    )
    page = Page(render_folder(folder))
    assert "hinge + r1 on data, seed 3" in page.words
    assert page.figures == {}
    assert "Losses" not in page.words  # no heading over nothing


def test_a_diverged_run_has_a_page(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", diverged_at=90, data="ring", captured=8)
    np.save(folder / "samples" / "step-00000090.npy", np.full((512, 2), np.nan, np.float32))
    page = Page(render_folder(folder))
    assert "The only run diverged, the first at step 90." in page.words
    assert "512 of 512 outside" in page.words or len(page.tags("svg")) == 2


def test_the_report_is_the_same_every_time(comparison: Path) -> None:
    assert render_folder(comparison) == render_folder(comparison)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_section_bears_an_empty_run(section: Callable[[Report], str], tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    run = load_record(tmp_path)
    empty = Report({"run": [run]}, summarise([run]), {"run": "#000000"}, {}, None)
    text = section(empty)
    assert "None" not in text
    assert "nan" not in text.replace("nant", "")


# Second source: the objectives themselves, evaluated where D cannot tell.
@pytest.mark.parametrize("name", list(histories.LOSS_ANCHORS))
def test_loss_anchors_are_the_objectives_equilibria(name: str) -> None:
    from ganscope.objectives import OBJECTIVES

    assert histories.LOSS_ANCHORS[name][0] == pytest.approx(OBJECTIVES[name].equilibrium, abs=1e-12)


def test_the_gap_is_scaled_only_where_scales_are_far_apart(tmp_path: Path) -> None:
    near: Any = histories.gap_figure(three_seeds(tmp_path / "near", gap_scale=0.7), "#009E73")
    far: Any = histories.gap_figure(three_seeds(tmp_path / "far", gap_scale=0.01), "#009E73")
    assert [t.name for t in near.data if t.name] == ["exact EMD", "critic's gap", "certified"]
    exact, gap, certified = (t for t in far.data if t.name)
    np.testing.assert_allclose(certified.y, 0.5 * np.array(exact.y), rtol=1e-3)  # never scaled
    assert gap.name == "critic's gap × 100"
    np.testing.assert_allclose(gap.y, exact.y, rtol=1e-3)


def test_the_four_curves_of_a_wasserstein_critic_are_explained(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / "new" / "wgan" / f"seed-{seed}", seed=seed) for seed in (0, 1)]
    page = write_report(tmp_path / "new").read_text()
    for word, said in CRITIC_CURVES.items():
        assert f"<dt>{escape(word)}</dt><dd>{escape(said)}</dd>" in page
    assert "Certified at the end" in page
    # run folders from before this measurement
    for folder in runs:
        for name in ("history.jsonl", "metrics.json"):
            text = (folder / name).read_text()
            (folder / name).write_text(re.sub(r', "certified_lower": [^,}]+', "", text))
    old = write_report(tmp_path / "new").read_text()
    assert "Certified at the end" not in old
    assert "Final gap / EMD" in old


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
