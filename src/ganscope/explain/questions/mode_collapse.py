"""Question 8: mode collapse on the digits, class by class over time, and which settings do not collapse."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any, NamedTuple

from ganscope.explain.answer import Answer, Progress, Row, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments.games import drawn, first_rows, judge, measured
from ganscope.explain.experiments.settings import Looks, Setting, at_end, compared, curve, end_rows
from ganscope.explain.phrases import mean, moved, pick
from ganscope.figures.drawing import BLUE, GREEN, ORANGE, PINK, Figure, anchor, axes, finished
from ganscope.metrics import prdc
from ganscope.training import Runs
from ganscope.words.lists import listed

STEPS, LOOKS, LONGER_STEPS, LONGER_LOOKS = 800, 16, 3200, 32
COMPARED = 300
SAME: dict[str, Any] = {"g_norm": "batch", "decay": 0.0}
"""What all four runs share beside networks, data and batches."""
FAST_D = Setting("non-saturating, D 4 x faster", "non-saturating", SAME | {"d_lr": 4e-3}, ORANGE)
SETTINGS = (
    FAST_D,
    Setting("the same with R1", "r1", SAME | {"d_lr": 4e-3, "beta1": 0.5}, BLUE),
    Setting("relativistic with R1 + R2", "r1",
            SAME | {"objective": "relativistic", "penalty": "r1+r2", "d_lr": 4e-3, "beta1": 0.5}, GREEN),
    Setting("non-saturating, both rates equal", "non-saturating", SAME, PINK),
)  # fmt: skip


class Look(NamedTuple):
    """One run at one step."""

    step: int
    emd: float
    high_quality: float
    missing: tuple[int, ...]
    recall: float
    """Share of held-out rows inside a nearest-neighbour ball of a sample."""
    classes: int = 10

    @property
    def captured(self) -> int:
        """Classes that hold a fifth of their fair share of all samples."""
        return self.classes - len(self.missing)


class Measured(NamedTuple):
    """What the answer is made of."""

    seeds: tuple[int, ...]
    full: bool
    seen: Looks
    names: tuple[str, ...]
    """Of the classes."""
    recall_real: float
    """Recall of real rows against other real rows."""


def look_at(runs: Runs, seeds: Sequence[int]) -> list[Look]:
    """Judge every run of a stack."""
    about = judge("digits")
    held_out, classes = about.data.held_out[:COMPARED], len(about.about["mode_names"])
    samples = drawn(runs, COMPARED)
    return [
        Look(
            runs.step,
            float("nan") if values["emd"] is None else values["emd"],
            values["high_quality"],
            tuple(values["missing"]),
            prdc(held_out, samples[k]).recall,
            classes,
        )
        for k, values in enumerate(measured(runs, len(seeds)))
    ]


def lost(looks: Sequence[Look]) -> int:
    """Count the classes that were captured at some time, and are not at the end.

    Example:
        >>> looks = [Look(0, 9.0, 0.0, (0, 1), 0.0), Look(5, 3.0, 0.5, (), 0.2), Look(9, 3.0, 0.9, (1,), 0.2)]
        >>> lost(looks)
        1
    """
    return len(set(looks[-1].missing) - set(looks[0].missing).intersection(*(look.missing for look in looks)))


def measure(seeds: Sequence[int], full: bool, progress: Progress) -> Measured:
    """Train one game four ways and see which classes of digits stay."""
    steps, looks = (LONGER_STEPS, LONGER_LOOKS) if full else (STEPS, LOOKS)
    seen = compared(SETTINGS, seeds, steps, looks, look_at, progress)
    about = judge("digits")
    real = prdc(about.data.held_out[:COMPARED], first_rows(COMPARED)).recall
    return Measured(tuple(seeds), full, seen, tuple(map(str, about.about["mode_names"])), real)


def answer(m: Measured) -> Answer:
    """Say what was lost, and which settings lost nothing."""
    looks = m.seen[FAST_D.name][0]
    return Answer(
        number=8,
        question=QUESTIONS[8].asked,
        answer=_sentences(m),
        formulas=(
            "a class is captured:   good samples of it ≥ 0.2 · N / 10,   N samples in all",
            "recall:   share of real rows that lie within the 5-nearest-neighbour ball of a sample",
            "separable losses (minimax, non-saturating):   G is rewarded for every sample alone, wherever "
            "it lies",
        ),
        protocol=(
            "1,797 handwritten digits, 8 x 8 pixels; perceptrons of three layers, 128 wide, BatchNorm in "
            "the generator; batch 64, Adam(0.5, 0.9), the generator's rate 1e-3 held constant, "
            f"{looks[-1].step} steps, looked at every {looks[1].step}. Classes are named by a classifier "
            "trained on real rows; a sample counts when it is nearer to a real row than 95 % of real rows "
            f"are to one another. Recall over {COMPARED} rows."
        ),
        figures=(
            _class_figure(m),
            _curve_figure(m, "captured", "classes captured, of 10", len(m.names)),
            _curve_figure(m, "high_quality", "share of samples of high quality", None),
        ),
        tables=(_table(m),),
        mistakes=_mistakes(m),
        published=(),
        rows=_rows(m),
        seeds=m.seeds,
        full=m.full,
    )


def _lost(m: Measured, name: str) -> list[float]:
    return [float(lost(looks)) for looks in m.seen[name]]


def _quality(m: Measured) -> tuple[list[float], list[float]]:
    """Share of good samples of the fast discriminator's runs, half way and at the end, in per cent."""
    runs = m.seen[FAST_D.name]
    half, end = ([100 * looks[k].high_quality for looks in runs] for k in (len(runs[0]) // 2, -1))
    return half, end


def _sentences(m: Measured) -> str:
    runs = m.seen[FAST_D.name]
    peak = [float(max(look.captured for look in looks)) for looks in runs]
    end = at_end(m.seen, FAST_D.name, "captured")
    others = [s for s in SETTINGS if s is not FAST_D]
    left = {s.name: at_end(m.seen, s.name, "captured") for s in others}
    caught = fmean(peak) - fmean(end) >= 1
    opening = (
        "and here it is caught in the act: with a discriminator four times as fast the generator"
        if caught
        else "but here it did not happen: even with a discriminator four times as fast the generator"
    )
    spared = [name for name, values in left.items() if fmean(values) > fmean(end) + 1]
    cause = (
        "What brings it about here is the fast discriminator without a penalty"
        if caught and len(spared) == len(left)
        else f"Of the other settings only {listed(spared)} kept more classes"
        if caught and spared
        else "No other setting kept more classes"
        if caught
        else "The settings differ little"
    )
    others_left = "; ".join(f"{name}: {mean(values)}" for name, values in left.items())
    return (
        f"Mode collapse means that a generator serves ever fewer kinds of real samples, {opening} captures "
        f"{mean(peak)} of the {len(m.names)} digits at its best and {mean(end)} at the end, while the share "
        f"of good samples {moved(*_quality(m))} % between half way and the end. The loss permits it, since "
        f"the loss of a sample does not depend on the other samples. {cause} (classes captured at the end "
        f"otherwise: {others_left})."
    )


def _mistakes(m: Measured) -> tuple[str, ...]:
    half, end = _quality(m)
    best = max(m.seen, key=lambda name: fmean(at_end(m.seen, name, "high_quality")))
    fewest = min(m.seen, key=lambda name: fmean(at_end(m.seen, name, "captured")))
    moved_by = pick(end, half, "rises", "moves", "falls")
    worst = (
        f"the setting with the best samples at the end, “{best}”, is also the one with the fewest classes"
        if best == fewest
        else f"“{best}” has the best samples at the end, while “{fewest}” has the fewest classes and its "
        f"share of good samples still {moved_by} in the second half"
    )
    return (
        f"Judging by eye. A grid of good samples looks like success whatever is missing: here {worst}. Count "
        "the classes, or measure recall beside precision.",
        "Judging by the losses. Neither player's loss says which classes are served. A class that is never "
        "drawn costs the generator nothing, because its loss is a mean over its own samples.",
        "Counting a mode as captured with its first good sample. Counted that way, drawing more samples "
        "always finds more modes. Requiring a share of all samples avoids this.",
        "Calling blur a collapse. Samples that are off target but spread out have low precision and full "
        "recall.",
    )


def _class_figure(m: Measured) -> Figure:
    looks = m.seen[FAST_D.name][0]
    served = [[0 if k in look.missing else 1 for look in looks] for k in range(len(m.names))]
    figure = axes("step", "class of digit", height=300, showlegend=False)
    figure.add_heatmap(
        z=served, x=[look.step for look in looks], y=list(m.names), xgap=2, ygap=2,
        colorscale=[[0, "#eceef2"], [1, ORANGE]], showscale=False, hoverinfo="skip", zmin=0, zmax=1,
    )  # fmt: skip
    figure.update_yaxes(type="category")
    return finished(
        figure,
        f"“{FAST_D.name}”, seed {m.seeds[0]}: a filled cell is a class that is captured at that step. Of "
        f"those captured at some time {lost(looks)} are missing at the end.",
    )


def _curve_figure(m: Measured, what: str, title: str, top: int | None) -> Figure:
    figure = axes("step", title)
    for setting in SETTINGS:
        runs = m.seen[setting.name]
        curve(figure, runs, lambda look: float(getattr(look, what)), setting.name, setting.colour)
    if top is not None:
        anchor(figure, top, "all classes", above=False)
    return finished(figure, "Mean over seeds; band: lowest to highest seed.")


def _table(m: Measured) -> Table:
    columns = ("captured", "high_quality", "recall", "emd")
    rows = end_rows(m.seen, columns)
    return Table(
        f"At the end (recall of real rows against real rows: {m.recall_real:.2f})",
        ("setting", "classes captured", "lost on the way", "high quality", "recall", "EMD"),
        tuple((name, captured, mean(_lost(m, name)), *others) for name, captured, *others in rows),
    )


def _rows(m: Measured) -> tuple[Row, ...]:
    return tuple(
        {
            "setting": name, "seed": seed, "step": look.step, "captured": look.captured,
            "missing": " ".join(map(str, look.missing)), "high quality": look.high_quality,
            "recall": look.recall, "EMD": look.emd,
        }
        for name, runs in m.seen.items()
        for seed, looks in zip(m.seeds, runs, strict=True)
        for look in looks
    )  # fmt: skip
