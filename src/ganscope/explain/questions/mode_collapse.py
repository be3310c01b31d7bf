"""Question 8: mode collapse, caught on the digits, class by class over time; and who does not collapse."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any, NamedTuple

from ganscope.explain.answer import Answer, Progress, Row, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments.games import drawn, first_rows, judge, measured, played
from ganscope.figures.drawing import BLUE, GREEN, ORANGE, PINK, Figure, axes, band, finished, level
from ganscope.metrics import prdc
from ganscope.words.numerals import plus_minus
from ganscope.words.spread import spread

STEPS, LOOKS, COMPARED = 800, 16, 300
SAME: dict[str, Any] = {"g_norm": "batch", "decay": 0.0}
"""What all four runs share beside networks, data and batches."""


class Setting(NamedTuple):
    """One way to train the same two networks."""

    name: str
    recipe: str
    fields: dict[str, Any]
    colour: str


FAST_D = Setting("non-saturating, D 4 x faster", "non-saturating", {"d_lr": 4e-3}, ORANGE)
SETTINGS = (
    FAST_D,
    Setting("the same with R1", "r1", {"d_lr": 4e-3, "beta1": 0.5}, BLUE),
    Setting("relativistic with R1 + R2", "r1",
            {"objective": "relativistic", "penalty": "r1+r2", "d_lr": 4e-3, "beta1": 0.5}, GREEN),
    Setting("non-saturating, both rates equal", "non-saturating", {}, PINK),
)  # fmt: skip


class Look(NamedTuple):
    """One run at one step."""

    step: int
    emd: float
    high_quality: float
    missing: tuple[int, ...]
    recall: float
    """Share of held-out rows inside a nearest-neighbour ball of a sample."""

    @property
    def captured(self) -> int:
        """Classes that hold a fifth of their fair share of all samples."""
        return len(judge("digits").about["mode_names"]) - len(self.missing)


def watched(
    setting: Setting, seeds: Sequence[int], steps: int, looks: int, progress: Progress
) -> list[list[Look]]:
    """Train a setting over seeds and judge every run at every look.

    Returns:
        One list of looks a seed.
    """
    runs_looks: list[list[Look]] = [[] for _ in seeds]
    held_out = judge("digits").data.held_out[:COMPARED]
    for number, runs in enumerate(
        played(setting.recipe, seeds, "digits", steps, looks, **SAME, **setting.fields)
    ):
        compared = drawn(runs, COMPARED)
        for k, found in enumerate(measured(runs, len(seeds))):
            recall = prdc(held_out, compared[k]).recall
            emd = found["emd"] if found["emd"] is not None else float("nan")
            runs_looks[k].append(Look(runs.step, emd, found["high_quality"], tuple(found["missing"]), recall))
        progress(number, looks + 1)
    return runs_looks


def lost(looks: Sequence[Look]) -> int:
    """Count the classes that were captured at some time, and are not at the end.

    Example:
        >>> looks = [Look(0, 9.0, 0.0, (0, 1), 0.0), Look(5, 3.0, 0.5, (), 0.2), Look(9, 3.0, 0.9, (1,), 0.2)]
        >>> lost(looks)
        1
    """
    return len(set(looks[-1].missing) - set(looks[0].missing).intersection(*(look.missing for look in looks)))


def answer(seeds: Sequence[int], full: bool, progress: Progress) -> Answer:
    """Train one game four ways and see which classes of digits stay."""
    steps, looks = (3200, 32) if full else (STEPS, LOOKS)
    found: dict[str, list[list[Look]]] = {}
    for done, setting in enumerate(SETTINGS):
        found[setting.name] = watched(
            setting, seeds, steps, looks,
            lambda k, of, done=done: progress(done * of + k, of * len(SETTINGS)),  # type: ignore[misc]
        )  # fmt: skip
    real = prdc(judge("digits").data.held_out[:COMPARED], first_rows(COMPARED)).recall
    return Answer(
        number=8,
        question=QUESTIONS[8].asked,
        answer=_in_two_sentences(found),
        formulas=(
            "a class is captured:   good samples of it ≥ 0.2 · N / 10,   N samples in all",
            "recall:   share of real rows that lie within the 5-nearest-neighbour ball of a sample",
            "separable losses (minimax, non-saturating):   G is rewarded for every sample alone, wherever "
            "it lies",
        ),
        protocol=(
            "1,797 handwritten digits, 8 x 8 pixels; perceptrons of three layers, 128 wide, BatchNorm in "
            f"the generator; batch 64, Adam(0.5, 0.9), generator's rate 1e-3 held constant, {steps} steps, "
            f"looked at every {steps // looks}. Classes are named by a classifier trained on real rows; a "
            "sample counts when it is nearer to a real row than 95 % of real rows are to one another. "
            f"Recall over {COMPARED} rows."
        ),
        figures=(
            _class_figure(found[FAST_D.name][0], seeds[0], steps // looks),
            _curve_figure(found, "captured", "classes captured, of 10", 10),
            _curve_figure(found, "high_quality", "share of samples of high quality", None),
        ),
        tables=(_table(found, real),),
        mistakes=(
            "Judging by eye: quality rises while classes disappear, and a grid of good samples looks like "
            "success. Count the classes, or measure recall beside precision.",
            "Judging by the losses: neither player's loss says which classes are served. A class nobody "
            "draws costs the generator nothing, for its loss is a mean over its own samples.",
            "Counting a mode as found with its first good sample. The more samples one draws the more "
            "modes are found so; a share of all samples does not have this flaw.",
            "Calling blur a collapse: off-target but spread samples have low precision and full recall.",
        ),
        published=(),
        rows=_rows(found, seeds),
        seeds=tuple(seeds),
        full=full,
    )  # fmt: skip


def _in_two_sentences(found: dict[str, list[list[Look]]]) -> str:
    caught = found[FAST_D.name]
    peak = fmean(max(look.captured for look in looks) for looks in caught)
    halfway, end = (fmean(looks[k].high_quality for looks in caught) for k in (len(caught[0]) // 2, -1))
    left = {name: fmean(looks[-1].captured for looks in runs) for name, runs in found.items()}
    others = "; ".join(f"{name}: {left[name]:.1f}" for name in list(found)[1:])
    return (
        "Mode collapse is a generator that serves ever fewer kinds of real samples, and here it is caught: "
        f"with a discriminator four times as fast the digits peak at {peak:.1f} captured classes and end at "
        f"{left[FAST_D.name]:.1f}, while the share of good samples goes from {halfway:.0%} halfway to "
        f"{end:.0%}. The loss permits it, since a sample's loss says nothing of the other samples, and what "
        f"brings it about here is the steep, fast discriminator (classes left otherwise: {others})."
    )


def _class_figure(looks: Sequence[Look], seed: int, every: int) -> Figure:
    names = judge("digits").about["mode_names"]
    served = [[0 if k in look.missing else 1 for look in looks] for k in range(len(names))]
    figure = axes("step", "class of digit", height=300, showlegend=False)
    figure.add_heatmap(
        z=served, x=[look.step for look in looks], y=[str(name) for name in names], xgap=2, ygap=2,
        colorscale=[[0, "#eceef2"], [1, ORANGE]], showscale=False, hoverinfo="skip", zmin=0, zmax=1,
    )  # fmt: skip
    figure.update_yaxes(type="category")
    return finished(
        figure,
        f"“{FAST_D.name}”, seed {seed}: a filled cell is a class that is captured at that step, looked at "
        f"every {every} steps.",
    )


def _curve_figure(found: dict[str, list[list[Look]]], what: str, title: str, top: int | None) -> Figure:
    figure = axes("step", title)
    for setting in SETTINGS:
        runs = found[setting.name]
        values = [[float(getattr(look, what)) for look in looks] for looks in runs]
        band(figure, [look.step for look in runs[0]], values, setting.name, setting.colour)
    if top is not None:
        level(figure, top, "all classes", above=False)
    return finished(figure, "Mean over seeds; band: lowest to highest seed.")


def _table(found: dict[str, list[list[Look]]], recall_real: float) -> Table:
    return Table(
        f"At the end (recall of real rows against real rows: {recall_real:.2f})",
        ("setting", "classes captured", "lost on the way", "high quality", "recall", "EMD"),
        tuple(
            (
                name,
                plus_minus(spread(float(looks[-1].captured) for looks in runs)),
                plus_minus(spread(float(lost(looks)) for looks in runs)),
                plus_minus(spread(looks[-1].high_quality for looks in runs)),
                plus_minus(spread(looks[-1].recall for looks in runs)),
                plus_minus(spread(looks[-1].emd for looks in runs)),
            )
            for name, runs in found.items()
        ),
    )


def _rows(found: dict[str, list[list[Look]]], seeds: Sequence[int]) -> tuple[Row, ...]:
    return tuple(
        {
            "setting": name, "seed": seed, "step": look.step, "captured": look.captured,
            "missing": " ".join(map(str, look.missing)), "high quality": look.high_quality,
            "recall": look.recall, "EMD": look.emd,
        }
        for name, runs in found.items()
        for seed, looks in zip(seeds, runs, strict=True)
        for look in looks
    )  # fmt: skip
