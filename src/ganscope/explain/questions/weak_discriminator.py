"""Question 12: what a generator learns from a discriminator that is too weak, and the probe that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from ganscope.diagnose.measure.balance import auc
from ganscope.explain.answer import Answer, Progress, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments import probes
from ganscope.explain.experiments.games import critics, drawn, first_rows, judge, measured
from ganscope.explain.experiments.seeds import scores
from ganscope.explain.experiments.settings import Looks, Setting, at_end, compared, csv_rows, curve, end_rows
from ganscope.explain.phrases import mean, pick
from ganscope.figures.drawing import BLUE, GREEN, ORANGE, Figure, anchor, axes, finished
from ganscope.training import Runs

STEPS, LONGER_STEPS, LOOKS, PROBED = 600, 3000, 6, 300
HEALTHY = Setting("healthy", "r1", {}, BLUE)
SLOW = Setting("rate / 1000", "r1", {"d_lr": 1e-6}, ORANGE)
NARROW = Setting("one unit wide", "r1", {"d_width": 1, "d_depth": 1}, GREEN)
SETTINGS = (HEALTHY, SLOW, NARROW)
LAG = 0.1
"""A fresh discriminator's AUC this far above the run's own one gives a weak discriminator away."""


class Look(NamedTuple):
    """One run at one step."""

    step: int
    emd: float
    captured: int
    trained: float
    """AUC of the run's discriminator, held-out rows against samples."""
    fresh: float
    """AUC of a new discriminator that was trained against the frozen generator."""

    @property
    def lag(self) -> float:
        """How much more the fresh discriminator sees."""
        return self.fresh - self.trained


class Measured(NamedTuple):
    """What the answer is made of."""

    seeds: tuple[int, ...]
    full: bool
    seen: Looks
    floor: float
    """EMD between real rows and other real rows."""


def look_at(runs: Runs, seeds: Sequence[int]) -> list[Look]:
    """Judge every run, its discriminator and a fresh one."""
    data = judge("digits").data
    held_out, train = data.held_out[:PROBED], first_rows(len(data.train))
    samples = drawn(runs, 2 * PROBED)[: len(seeds)]
    judged, learnt = samples[:, :PROBED], samples[:, PROBED:]
    fresh = probes.fresh_discriminators(learnt, train, seeds)
    with torch.no_grad():
        real, fake = (scores(fresh, rows) for rows in (held_out.expand_as(judged), judged))
        trained = [
            auc(critic(held_out).squeeze(1), critic(rows).squeeze(1))
            for critic, rows in zip(critics(runs), judged, strict=False)
        ]
    return [
        Look(runs.step, values["emd"], values["captured"], trained[k], auc(real[k], fake[k]))
        for k, values in enumerate(measured(runs, len(seeds)))
    ]


def measure(seeds: Sequence[int], full: bool, progress: Progress) -> Measured:
    """Weaken the discriminator two ways, and ask a fresh one what the run's own does not see."""
    seen = compared(SETTINGS, seeds, LONGER_STEPS if full else STEPS, LOOKS, look_at, progress)
    return Measured(tuple(seeds), full, seen, float(judge("digits").about["emd_floor"]))


def answer(m: Measured) -> Answer:
    """Say what the generator learns, and what gives the weak discriminator away."""
    return Answer(
        number=12,
        question=QUESTIONS[12].asked,
        answer=_sentences(m),
        formulas=(
            "AUC = P(D(real) > D(fake)):   ½ where D cannot tell them apart, for every objective alike",
            "fresh-discriminator probe:   AUC of a new D trained against the frozen G, less the AUC of G's "
            "own D",
            "G can learn no more than  ∂D/∂x  tells it:   a D of one unit knows one direction",
        ),
        protocol=(
            "1,797 digits, 8 x 8 pixels, recipe r1 (non-saturating loss with R1), perceptrons 128 wide, "
            f"{m.seen[HEALTHY.name][0][-1].step} steps. The discriminator is healthy, or learns a thousand "
            f"times more slowly (rate 1e-6), or has a single hidden unit. The probe, {probes.DEPTH} hidden "
            f"layers of {probes.WIDTH} units, trains for {probes.STEPS} steps of Adam {probes.RATE:g} on "
            f"training rows against {PROBED} samples of the frozen generator, and is judged on {PROBED} "
            "held-out rows and as many other samples."
        ),
        figures=(_emd_figure(m), _auc_figure(m)),
        tables=(_table(m),),
        mistakes=(
            "Reading an AUC of ½ (or a D loss of 2 ln 2) as success. A perfect generator gives it, and so "
            "does a discriminator that has learnt nothing; only a fresh one tells the two cases apart.",
            "Taking the small gradient of a weak discriminator for a vanished one. The loss factor is large "
            "(about ½) and the discriminator's slope is small: it needs more discriminator, not another "
            "loss.",
            "Weakening D whenever its loss is low. For a penalised or Wasserstein critic a strong D is the "
            "aim; weaken it only where it does measurable harm.",
        ),
        published=(),
        rows=tuple(csv_rows(m.seen, m.seeds, "setting")),
        seeds=m.seeds,
        full=m.full,
    )


def _sentences(m: Measured) -> str:
    emd, fresh, trained = (
        {s.name: at_end(m.seen, s.name, what) for s in SETTINGS} for what in ("emd", "fresh", "trained")
    )
    worse = [pick(emd[s.name], emd[HEALTHY.name], "worse", "mixed", "better") for s in (SLOW, NARROW)]
    opening = (
        "Then the generator learns only what that discriminator knows"
        if worse == ["worse", "worse"]
        else "Here a weak discriminator did not always leave the generator farther from the data"
    )
    lags = {s.name: sum(at_end(m.seen, s.name, "lag")) / len(m.seeds) for s in SETTINGS}
    caught = [s.name for s in (SLOW, NARROW) if lags[s.name] > max(LAG, lags[HEALTHY.name])]
    probe = (
        "What gives it away is a fresh discriminator, trained against the frozen generator"
        if len(caught) == 2
        else f"A fresh discriminator, trained against the frozen generator, gives away only “{caught[0]}”"
        if caught
        else "A fresh discriminator, trained against the frozen generator, does not give it away here"
    )
    return (
        f"{opening}: after the same steps its distance to the digits is {mean(emd[SLOW.name])} with a "
        f"discriminator a thousand times slower and {mean(emd[NARROW.name])} with one of a single unit, "
        f"against {mean(emd[HEALTHY.name])} with a healthy one and {m.floor:.1f} for real rows. {probe}: "
        f"its AUC is {mean(fresh[SLOW.name])} and {mean(fresh[NARROW.name])} where the run's own reads "
        f"{mean(trained[SLOW.name])} and {mean(trained[NARROW.name])}; in the healthy run the two are "
        f"{mean(fresh[HEALTHY.name])} and {mean(trained[HEALTHY.name])}."
    )


def _emd_figure(m: Measured) -> Figure:
    figure = axes("step", "Earth Mover's Distance to held-out digits")
    for setting in SETTINGS:
        curve(figure, m.seen[setting.name], lambda look: look.emd, setting.name, setting.colour)
    anchor(figure, m.floor, "real rows", above=False)
    return finished(figure, "What the generator learns. Mean over seeds; band: lowest to highest seed.")


def _auc_figure(m: Measured) -> Figure:
    figure = axes("step", "AUC, held-out rows against samples", yaxis_range=[0, 1.05])
    for setting in SETTINGS:
        runs, name = m.seen[setting.name], setting.name
        curve(figure, runs, lambda look: look.trained, name, setting.colour)
        curve(figure, runs, lambda look: look.fresh, f"{name}, fresh D", setting.colour, dash="dot")
    anchor(figure, 0.5, "cannot tell", side="left")
    return finished(
        figure,
        "Solid: the run's own discriminator. Dotted: the fresh one. Where dotted lies far above solid, the "
        "discriminator lags behind; where both fall to ½, the generator is done.",
    )


def _table(m: Measured) -> Table:
    return Table(
        "At the end",
        ("discriminator", "EMD", "classes captured", "AUC of its own D", "AUC of a fresh D"),
        end_rows(m.seen, ("emd", "captured", "trained", "fresh")),
    )
