"""Question 12: what a generator learns from a discriminator that is too weak, and the probe that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ganscope.explain.answer import Answer, Progress, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments.games import auc, critics, drawn, first_rows, judge, measured, played
from ganscope.explain.experiments.perceptron import descend, perceptron
from ganscope.figures.drawing import BLUE, GREEN, ORANGE, Figure, axes, band, finished, level
from ganscope.objectives import OBJECTIVES
from ganscope.training import Runs
from ganscope.words.numerals import plus_minus
from ganscope.words.spread import spread

STEPS, LOOKS, PROBE_STEPS, PROBED = 600, 6, 150, 300


class Setting(NamedTuple):
    """A discriminator against the same generator."""

    name: str
    fields: dict[str, Any]
    colour: str


SETTINGS = (
    Setting("healthy", {}, BLUE),
    Setting("rate / 1000", {"d_lr": 1e-6}, ORANGE),
    Setting("one unit wide", {"d_width": 1, "d_depth": 1}, GREEN),
)


class Look(NamedTuple):
    """One run at one step."""

    step: int
    emd: float
    captured: int
    own: float
    """AUC of its own discriminator, held-out rows against samples."""
    fresh: float
    """AUC of a new discriminator that was trained against the frozen generator."""


def fresh_discriminator(
    samples: Tensor, train: Tensor, seed: int, steps: int = PROBE_STEPS
) -> torch.nn.Module:
    """Train a new discriminator between real rows and a frozen generator's samples.

    Args:
        samples: `[N, *shape]`; the probe never sees those it is judged on.
        train: real rows `[M, *shape]`.
        seed: of its weights and batches.
        steps: updates, batches of 64, Adam 1e-3.

    Returns:
        `[B, values] -> [B, 1]`, raw logits of flattened rows.
    """
    rng = torch.Generator().manual_seed(seed)
    real, fake = train.flatten(1), samples.flatten(1)
    probe = perceptron((real.shape[1], 128, 128, 1), seed)
    optimizer = torch.optim.Adam(probe.parameters(), 1e-3)
    for _ in range(steps):
        x, y = (rows[torch.randint(len(rows), (64,), generator=rng)] for rows in (real, fake))
        descend(
            optimizer, OBJECTIVES["non-saturating"].d_loss(probe(x).squeeze(1), probe(y).squeeze(1)).mean()
        )
    return probe


def look_at(runs: Runs, seeds: Sequence[int]) -> list[Look]:
    """Judge every run, its own discriminator and a fresh one."""
    data = judge("digits").data
    held_out, train = data.held_out[:PROBED], first_rows(len(data.train))
    looks = []
    samples = drawn(runs, 2 * PROBED)
    for k, (found, critic) in enumerate(zip(measured(runs, len(seeds)), critics(runs), strict=False)):
        judged, learnt = samples[k, :PROBED], samples[k, PROBED:]
        probe = fresh_discriminator(learnt, train, seeds[k])
        with torch.no_grad():
            own = auc(critic(held_out), critic(judged))
            fresh = auc(probe(held_out.flatten(1)).squeeze(1), probe(judged.flatten(1)).squeeze(1))
        looks.append(Look(runs.step, found["emd"], found["captured"], own, fresh))
    return looks


def answer(seeds: Sequence[int], full: bool, progress: Progress) -> Answer:
    """Weaken the discriminator two ways, and ask a fresh one what its own no longer sees."""
    steps = 3000 if full else STEPS
    found: dict[str, list[list[Look]]] = {}
    for done, setting in enumerate(SETTINGS):
        per_seed: list[list[Look]] = [[] for _ in seeds]
        for number, runs in enumerate(played("r1", seeds, "digits", steps, LOOKS, **setting.fields)):
            for looks, look in zip(per_seed, look_at(runs, seeds), strict=True):
                looks.append(look)
            progress(done * (LOOKS + 1) + number, (LOOKS + 1) * len(SETTINGS))
        found[setting.name] = per_seed
    floor = float(judge("digits").about["emd_floor"])
    return Answer(
        number=12,
        question=QUESTIONS[12].asked,
        answer=_in_two_sentences(found, floor),
        formulas=(
            "AUC = P(D(real) > D(fake)):   ½ where D cannot tell them apart, for every objective alike",
            "fresh-discriminator probe:   AUC of a new D trained against the frozen G, less the AUC of G's "
            "own D",
            "G can learn no more than  ∂D/∂x  tells it:   a D of one unit knows one direction",
        ),
        protocol=(
            "1,797 digits, 8 x 8 pixels, recipe r1 (non-saturating loss with R1), perceptrons 128 wide, "
            f"{steps} steps. The discriminator is healthy, or learns a thousandfold slower (rate 1e-6), or "
            f"has a single hidden unit. The probe, 64-128-128-1, trains for {PROBE_STEPS} steps of Adam 1e-3 "
            f"on training rows against {PROBED} samples of the frozen generator, and is judged on {PROBED} "
            "held-out rows and as many other samples."
        ),
        figures=(_emd_figure(found, floor), _auc_figure(found)),
        tables=(_table(found),),
        mistakes=(
            "Reading an AUC of ½ (or D loss = 2 ln 2) as success. It is what a perfect generator gives, "
            "and what a discriminator gives that has learnt nothing; only a fresh one tells them apart.",
            "Taking the small gradient of a weak discriminator for a vanished one: the loss factor is "
            "large (about ½), the critic's slope is small, and what is needed is more discriminator, not "
            "another loss.",
            "Weakening D whenever its loss is low. For a penalised or Wasserstein critic a strong D is the "
            "point; weaken it only where a harm is measured.",
        ),
        published=(),
        rows=tuple(
            {"setting": name, "seed": seed, **look._asdict()}
            for name, runs in found.items()
            for seed, looks in zip(seeds, runs, strict=True)
            for look in looks
        ),
        seeds=tuple(seeds),
        full=full,
    )  # fmt: skip


def _in_two_sentences(found: dict[str, list[list[Look]]], floor: float) -> str:
    end = {
        name: [fmean(getattr(looks[-1], what) for looks in runs) for what in ("emd", "own", "fresh")]
        for name, runs in found.items()
    }
    healthy, slow, narrow = (end[setting.name] for setting in SETTINGS)
    return (
        "Then the generator learns only what that discriminator knows: after the same steps its distance to "
        f"the digits is {slow[0]:.1f} with a discriminator slowed a thousandfold and {narrow[0]:.1f} with "
        f"one of a single unit, against {healthy[0]:.1f} with a healthy one and {floor:.1f} for real rows. "
        "What gives it away is a fresh discriminator trained against the frozen generator: its AUC is "
        f"{slow[2]:.2f} and {narrow[2]:.2f} where the run's own reads {slow[1]:.2f} and {narrow[1]:.2f}; in "
        f"the healthy run the two are {healthy[2]:.2f} and {healthy[1]:.2f}."
    )


def _emd_figure(found: dict[str, list[list[Look]]], floor: float) -> Figure:
    figure = axes("step", "Earth Mover's Distance to held-out digits")
    for setting in SETTINGS:
        runs = found[setting.name]
        values = [[look.emd for look in looks] for looks in runs]
        band(figure, [look.step for look in runs[0]], values, setting.name, setting.colour)
    level(figure, floor, "real rows", above=False)
    return finished(figure, "What the generator learns. Mean over seeds; band: lowest to highest seed.")


def _auc_figure(found: dict[str, list[list[Look]]]) -> Figure:
    figure = axes("step", "AUC, held-out rows against samples", yaxis_range=[0, 1.05])
    for setting in SETTINGS:
        runs = found[setting.name]
        steps = [look.step for look in runs[0]]
        band(figure, steps, [[look.own for look in looks] for looks in runs], setting.name, setting.colour)
        fresh = [[look.fresh for look in looks] for looks in runs]
        band(figure, steps, fresh, f"{setting.name}, fresh D", setting.colour, dash="dot")
    level(figure, 0.5, "cannot tell", side="left")
    return finished(
        figure,
        "Solid: the run's own discriminator. Dotted: the fresh one. Where dotted lies far above solid, the "
        "discriminator lags; where both fall to ½, the generator is done.",
    )


def _table(found: dict[str, list[list[Look]]]) -> Table:
    def cell(runs: Sequence[Sequence[Look]], what: str) -> str:
        return plus_minus(spread(float(getattr(looks[-1], what)) for looks in runs))

    return Table(
        "At the end",
        ("discriminator", "EMD", "classes captured", "AUC of its own D", "AUC of a fresh D"),
        tuple(
            (name, *(cell(runs, what) for what in ("emd", "captured", "own", "fresh")))
            for name, runs in found.items()
        ),
    )
