"""Question 11: what a Wasserstein critic's loss means: its sign, the penalty apart, its scale, its bounds."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

import torch

from ganscope.explain.answer import Answer, Progress, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments.games import critics, drawn, judge
from ganscope.explain.experiments.settings import Looks, Setting, at_end, compared, csv_rows, curve, end_rows
from ganscope.explain.phrases import how_often, mean, pick
from ganscope.figures.drawing import AMBER, BLUE, GREEN, ORANGE, PINK, Figure, anchor, axes, finished
from ganscope.lipschitz import penalty, wasserstein_bounds
from ganscope.training import Runs

STEPS, LONGER_STEPS, LOOKS, ROWS = 200, 1000, 10, 300
SHOWN = Setting("penalty λ = 10", "wgan-gp", {"penalty_weight": 10.0}, BLUE)
SETTINGS = (
    Setting("penalty λ = 0.1", "wgan-gp", {"penalty_weight": 0.1}, PINK),
    Setting("penalty λ = 1", "wgan-gp", {"penalty_weight": 1.0}, AMBER),
    SHOWN,
    Setting("clip 0.03", "wgan", {}, GREEN),
)


class Look(NamedTuple):
    """One critic at one step, on held-out rows and as many samples."""

    step: int
    loss: float
    """mean f(fake) - mean f(real): what the critic descends, without its penalty."""
    with_penalty: float
    """What many programs log: the loss plus λ times the penalty."""
    gap: float
    certified: float
    exact: float
    floor: float
    """Exact distance between two halves of the real rows: what equal looks like at that size."""

    @property
    def ratio(self) -> float:
        """The critic's gap over the exact distance."""
        return self.gap / self.exact

    @property
    def share(self) -> float:
        """How much of the exact distance is certified."""
        return self.certified / self.exact


class Measured(NamedTuple):
    """What the answer is made of."""

    seeds: tuple[int, ...]
    full: bool
    seen: Looks
    rows: int
    """How many held-out rows the critics are read on."""


def look_at(runs: Runs, seeds: Sequence[int]) -> list[Look]:
    """Read every critic of a stack, and set the exact distance beside it."""
    real, looks = runs.held_out[:ROWS], []
    for critic, fake, seed, config in zip(
        critics(runs), drawn(runs, len(real)), seeds, runs.configs, strict=False
    ):
        bounds = wasserstein_bounds(critic, real, fake)
        added = 0.0
        for name in config.penalties:
            rng = torch.Generator().manual_seed(seed)
            added += config.penalty_weight * float(penalty(name, critic, real, fake, rng).mean().detach())
        looks.append(
            Look(
                runs.step, -bounds.gap, added - bounds.gap, bounds.gap, bounds.certified_lower, bounds.exact,
                bounds.floor,
            )
        )  # fmt: skip
    return looks


def measure(seeds: Sequence[int], full: bool, progress: Progress) -> Measured:
    """Train critics of four scales and read them beside the exact distance."""
    steps = LONGER_STEPS if full else STEPS
    seen = compared(SETTINGS, seeds, steps, LOOKS, look_at, progress)
    return Measured(tuple(seeds), full, seen, min(ROWS, len(judge("digits").data.held_out)))


def answer(m: Measured) -> Answer:
    """Say what the number is, and what can be read from it."""
    return Answer(
        number=11,
        question=QUESTIONS[11].asked,
        answer=_sentences(m),
        formulas=(
            "critic's loss = mean f(fake) − mean f(real) = −gap,   plus λ · penalty, logged apart",
            "gap ≤ K · W1   for a K-Lipschitz critic;   f + b has the same gap,   a · f has a times the gap",
            "certified lower bound:   gap / max |f(a) − f(b)| / |a − b|  ≤  W1,   over all pairs of both "
            "samples",
        ),
        protocol=(
            "1,797 digits, 8 x 8 pixels, recipes wgan-gp (five critic steps, λ varied) and wgan (weights "
            f"clipped at 0.03), perceptrons 128 wide, {m.seen[SHOWN.name][0][-1].step} generator steps. "
            f"Every number on the same {m.rows} held-out rows and as many samples; W1 solved exactly."
        ),
        figures=(_bounds_figure(m), _scale_figure(m)),
        tables=(_table(m),),
        mistakes=_mistakes(m),
        published=(),
        rows=tuple(csv_rows(m.seen, m.seeds, "critic")),
        seeds=m.seeds,
        full=m.full,
    )


def _sentences(m: Measured) -> str:
    ratios = {name: at_end(m.seen, name, "ratio") for name in m.seen}
    low, high = (choose(ratios, key=lambda name: fmean(ratios[name])) for choose in (min, max))
    negative = [all(runs[k][-1].loss < 0 for runs in m.seen.values()) for k in range(len(m.seeds))]
    share = [100 * value for value in at_end(m.seen, SHOWN.name, "share")]
    return (
        "The loss is minus the gap between the mean scores of real and fake samples. So it is negative "
        "whenever the critic scores real samples higher (at the end of training all critics here do, "
        f"{how_often(negative)}), and it nears 0 from below as the fakes get better. Its scale is the "
        f"critic's own: on the same data the final gap is {mean(ratios[low])} times the exact distance "
        f"with {low} and {mean(ratios[high])} times with {high}. What can be read is its trend within one "
        f"run, or the lower bound that it certifies ({mean(share)} % of the exact distance with "
        f"{SHOWN.name})."
    )


def _mistakes(m: Measured) -> tuple[str, ...]:
    gap, whole = (at_end(m.seen, SHOWN.name, what) for what in ("gap", "with_penalty"))
    added = [100 * (w + g) / abs(g) for g, w in zip(gap, whole, strict=True)]
    floor, share = (at_end(m.seen, SHOWN.name, what) for what in ("floor", "share"))
    over = [look.gap / look.exact for runs in m.seen.values() for looks in runs for look in looks]
    exceeds = "and here it does" if max(over) > 1 else "although here it does not"
    return (
        "Worrying about a negative loss. It is minus the gap, and a critic that separates has a positive "
        "gap; a positive loss says that the critic ranks fakes above real rows.",
        "Reading the logged curve with the penalty in it. The penalty is never negative; with "
        f"{SHOWN.name} it amounts to {mean(added)} % of the gap at the end.",
        "Comparing losses between λ, clip values, widths or seeds. Each critic has a scale K of its own.",
        "Expecting 0 at the end. Two finite samples of the same distribution are some distance apart "
        f"({mean(floor)} for halves of the real rows), and a critic far from its optimum can read 0 while "
        "the samples are bad.",
        f"Taking the gap for the Wasserstein distance. It is at most K · W1 and can exceed W1, {exceeds} at "
        "some step. The certified bound and the exact distance on the same points show how much it says: "
        f"{pick(share, [0.5] * len(share), 'more than half', 'about half', 'less than half')} of the "
        f"distance with {SHOWN.name}.",
    )


def _bounds_figure(m: Measured) -> Figure:
    figure = axes("step", "units of the data")
    for what, name, colour in (
        ("exact", "exact W1", BLUE),
        ("certified", "certified lower bound", GREEN),
        ("gap", "raw gap", ORANGE),
        ("floor", "real against real", PINK),
    ):
        curve(figure, m.seen[SHOWN.name], lambda look, what=what: getattr(look, what), name, colour)  # type: ignore[misc]
    return finished(
        figure,
        f"{SHOWN.name}. The certified bound never exceeds the exact distance; the raw gap may. The floor "
        "compares halves of the real rows, so it is for samples half as large.",
    )


def _scale_figure(m: Measured) -> Figure:
    figure = axes("step", "gap / exact W1")
    for setting in SETTINGS:
        curve(figure, m.seen[setting.name], lambda look: look.ratio, setting.name, setting.colour)
    anchor(figure, 1.0, "a perfect 1-Lipschitz critic", side="left")
    ends = "; ".join(f"{name}: {mean(at_end(m.seen, name, 'ratio'))}" for name in m.seen)
    return finished(
        figure,
        f"The same game, critics of four scales. The raw gap over the exact distance at the end: {ends}.",
    )


def _table(m: Measured) -> Table:
    columns = ("loss", "with_penalty", "gap", "certified", "exact", "floor")
    return Table(
        "At the end",
        ("critic", "loss", "loss with penalty", "gap", "certified bound", "exact W1", "real against real"),
        end_rows(m.seen, columns),
    )
