"""Question 11: what a Wasserstein critic's loss means: its sign, the penalty apart, its scale, its bounds."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any, NamedTuple

import torch

from ganscope.explain.answer import Answer, Progress, Row, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments.games import critics, drawn, judge, played
from ganscope.figures.drawing import AMBER, BLUE, GREEN, ORANGE, PINK, Figure, axes, band, finished, level
from ganscope.lipschitz import penalty, wasserstein_bounds
from ganscope.training import Runs
from ganscope.words.numerals import plus_minus
from ganscope.words.spread import spread

STEPS, LOOKS, ROWS = 200, 10, 300
SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "penalty, λ = 0.1": ("wgan-gp", {"penalty_weight": 0.1}),
    "penalty, λ = 1": ("wgan-gp", {"penalty_weight": 1.0}),
    "penalty, λ = 10": ("wgan-gp", {"penalty_weight": 10.0}),
    "clip 0.03": ("wgan", {}),
}
SHOWN = "penalty, λ = 10"


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


def answer(seeds: Sequence[int], full: bool, progress: Progress) -> Answer:
    """Train critics of four scales and read them beside the exact distance."""
    steps = 1000 if full else STEPS
    found: dict[str, list[list[Look]]] = {}
    for done, (name, (recipe, fields)) in enumerate(SETTINGS.items()):
        per_seed: list[list[Look]] = [[] for _ in seeds]
        for number, runs in enumerate(played(recipe, seeds, "digits", steps, LOOKS, **fields)):
            for looks, look in zip(per_seed, look_at(runs, seeds), strict=True):
                looks.append(look)
            progress(done * (LOOKS + 1) + number, (LOOKS + 1) * len(SETTINGS))
        found[name] = per_seed
    return Answer(
        number=11,
        question=QUESTIONS[11].asked,
        answer=_in_two_sentences(found),
        formulas=(
            "critic's loss = mean f(fake) − mean f(real) = −gap,   plus λ · penalty, logged apart",
            "gap ≤ K · W1   for a K-Lipschitz critic;   f + b has the same gap,   a · f has a times the gap",
            "certified lower bound:   gap / max |f(a) − f(b)| / |a − b|  ≤  W1,   over all pairs of both "
            "samples",
        ),
        protocol=(
            "1,797 digits, 8 x 8 pixels, recipes wgan-gp (five critic steps, λ varied) and wgan (weights "
            f"clipped at 0.03), perceptrons 128 wide, {steps} generator steps. Every number on the same "
            f"{min(ROWS, len(judge('digits').data.held_out))} held-out rows and as many samples; W1 solved "
            "exactly."
        ),
        figures=(_bounds_figure(found[SHOWN]), _scale_figure(found)),
        tables=(_table(found),),
        mistakes=(
            "Worrying about a negative loss. It is minus the gap, and a critic that separates has a "
            "positive gap; a positive loss would say that it ranks fakes above real rows.",
            "Reading the logged curve with the penalty in it: the penalty is always positive, and near the "
            "end it can be of the size of the gap.",
            "Comparing losses between λ, clip values, widths or seeds. Each critic has a scale K of its own.",
            "Expecting 0 at the end. Two finite samples of the same distribution are a floor apart, and a "
            "critic that is far from its optimum can read 0 while the samples are bad.",
            "Taking the gap for the Wasserstein distance. It is a lower bound of K · W1; the certified "
            "bound and the exact distance on the same points say how good a bound.",
        ),
        published=(),
        rows=_rows(found, seeds),
        seeds=tuple(seeds),
        full=full,
    )  # fmt: skip


def _in_two_sentences(found: dict[str, list[list[Look]]]) -> str:
    ratio = {name: fmean(looks[-1].gap / looks[-1].exact for looks in runs) for name, runs in found.items()}
    share = fmean(looks[-1].certified / looks[-1].exact for looks in found[SHOWN])
    low, high = min(ratio, key=lambda n: ratio[n]), max(ratio, key=lambda n: ratio[n])
    return (
        "The loss is minus the gap between the mean score of real and of fake samples, so it is negative "
        "whenever the critic does its work, and it nears 0 from below as the fakes get better. Its scale is "
        f"the critic's own: on the same data the final gap is {ratio[low]:.2g} times the exact distance with "
        f"{low} and {ratio[high]:.2g} times with {high}, and only its trend within one run, or the bound it "
        f"certifies ({share:.0%} of the exact distance with {SHOWN}), can be read."
    )


def _bounds_figure(runs: Sequence[Sequence[Look]]) -> Figure:
    figure = axes("step", "units of the data")
    steps = [look.step for look in runs[0]]
    for what, name, colour in (
        ("exact", "exact W1", BLUE),
        ("certified", "certified lower bound", GREEN),
        ("gap", "raw gap", ORANGE),
        ("floor", "real against real", PINK),
    ):
        band(figure, steps, [[getattr(look, what) for look in looks] for looks in runs], name, colour)
    return finished(
        figure,
        f"{SHOWN}. The certified bound never exceeds the exact distance; the raw gap may. The floor "
        "compares halves of the real rows, so it is for samples half as large.",
    )


def _scale_figure(found: dict[str, list[list[Look]]]) -> Figure:
    figure = axes("step", "gap / exact W1")
    colours = (PINK, AMBER, BLUE, GREEN)
    for (name, runs), colour in zip(found.items(), colours, strict=True):
        ratios = [[look.gap / look.exact for look in looks] for looks in runs]
        band(figure, [look.step for look in runs[0]], ratios, name, colour)
    level(figure, 1.0, "a perfect 1-Lipschitz critic", side="left")
    return finished(
        figure, "The same game, critics of four scales: raw gaps cannot be compared between them."
    )


def _table(found: dict[str, list[list[Look]]]) -> Table:
    def cell(runs: Sequence[Sequence[Look]], what: str) -> str:
        return plus_minus(spread(float(getattr(looks[-1], what)) for looks in runs))

    columns = ("loss", "with_penalty", "gap", "certified", "exact", "floor")
    return Table(
        "At the end",
        ("critic", "loss", "loss with penalty", "gap", "certified bound", "exact W1", "real against real"),
        tuple((name, *(cell(runs, what) for what in columns)) for name, runs in found.items()),
    )


def _rows(found: dict[str, list[list[Look]]], seeds: Sequence[int]) -> tuple[Row, ...]:
    return tuple(
        {"critic": name, "seed": seed, **look._asdict()}
        for name, runs in found.items()
        for seed, looks in zip(seeds, runs, strict=True)
        for look in looks
    )
