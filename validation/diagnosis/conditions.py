"""What is run: every planted failure at three severities, and the healthy runs, as data.

All of this was written down before the study ran: the severities, what may follow from what, and which half a
condition belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from . import plants as p
from .plants import Builder
from .rows import REPORTING, TUNING

Label = tuple[str, str | None]
SEVERITIES = ("mild", "clear", "gross")
LOGISTIC = ("non-saturating", "minimax", "relativistic")
USUAL = ("non-saturating", "hinge", "least-squares")
ALSO_W = ("non-saturating", "hinge", "wasserstein")
SATURATING = ("minimax", "f-js", "f-hellinger")
"""Objectives whose generator's loss is flat where the discriminator wins; the others pass on 1 or more."""
W = ("wasserstein",)
"""The only objective here with a Lipschitz constraint to violate and a distance to miss."""
TUNING_LOOPS = ("plain", "trainer")
REPORTING_LOOPS = ("labels", "trainer", "tuple", "conditional")
"""`authors` takes the place of `labels` for Wasserstein critics."""
EVERYWHERE = ("ring", "digits", "grid", "mixture", "images")

STRONG: tuple[Label, ...] = (("discriminator-too-strong", None), ("vanishing-gradient", "loss"))
WEAK: tuple[Label, ...] = (("discriminator-too-weak", None), ("critic-underfit", None))
COLLAPSE: tuple[Label, ...] = tuple(
    ("mode-collapse", kind) for kind in ("total", "dropped-modes", "within-mode", "imbalance")
)
OVERFIT: Label = ("discriminator-overfit", None)
STEEP: Label = ("lipschitz-violation", None)
SWING: Label = ("oscillation", None)
DIVERGED: Label = ("diverged", None)
DEAD_G: Label = ("vanishing-gradient", "generator")
DEAD_D: Label = ("vanishing-gradient", "critic")


class Plant(NamedTuple):
    """One way to break a run."""

    name: str
    verdict: str
    kind: str | None
    build: Builder
    strengths: tuple[float, ...]
    """Mild, clear, gross; one where the mistake is there or not."""
    data: tuple[str, ...]
    objectives: tuple[str, ...]
    follows: tuple[Label, ...]
    """What may be true as a consequence; no false alarm where the run's own measurement confirms it."""
    seeds: int = 21
    """Per severity and data set, dealt over objectives and loops."""
    injected: bool = False
    """Comes in mid-run, so that the delay can be measured."""
    loops: tuple[str, ...] = ()
    """Loops it can be planted in, where not in all."""


_FAULTS = (
    Plant("saturated loss", "vanishing-gradient", "loss", p.saturated, (8e-3, 1e-4, 1e-8),
          ("ring", "digits", "grid", "mixture"), SATURATING, (*STRONG, OVERFIT, *COLLAPSE), 12),
    Plant("sigmoid critic", "vanishing-gradient", "critic", p.dead_critic, (4, 6, 9),
          ("digits", "mixture"), USUAL, WEAK),
    Plant("clipped critic", "vanishing-gradient", "critic", p.dead_clipped_critic, (0.025, 0.018, 0.01),
          ("ring", "grid"), W, WEAK, 20),
    Plant("sigmoid generator", "vanishing-gradient", "generator", p.dead_generator, (5, 7, 10),
          ("ring", "digits", "mixture"), USUAL, (*STRONG, *WEAK, *COLLAPSE, SWING), 15),
    Plant("all alike", "mode-collapse", "total", p.alike, (0.15, 0.05, 0.0),
          ("digits", "mixture"), ALSO_W, (*STRONG, *WEAK, *COLLAPSE), 21, True),
    Plant("dropped classes", "mode-collapse", "dropped-modes", p.dropped, (0.1, 0.3, 0.7),
          ("ring", "digits", "grid", "mixture"), ALSO_W, (*STRONG, *WEAK, *COLLAPSE), 12, True),
    Plant("narrow classes", "mode-collapse", "within-mode", p.narrow, (0.4, 0.2, 0.02),
          ("digits", "mixture", "images"), ALSO_W, (*STRONG, *WEAK), 12, True),
    Plant("few rows again and again", "mode-collapse", "within-mode", p.copied, (200, 64, 26),
          ("ring", "grid"), ALSO_W, (*STRONG, *WEAK), 21, True),
    Plant("one class too often", "mode-collapse", "imbalance", p.lopsided, (0.35, 0.5, 0.65),
          ("ring", "mixture", "grid"), ALSO_W, (*STRONG, *WEAK, *COLLAPSE), 15, True),
    Plant("Dirac-GAN on rows", "oscillation", None, p.swinging, (0.4, 1.0, 2.5),
          ("ring", "mixture"), ("hinge", "wasserstein", "non-saturating"), (*WEAK, *STRONG), 21),
    Plant("Dirac-GAN under Adam", "oscillation", None, p.circling, (0.03, 0.06, 0.12),
          ("ring", "grid"), ("hinge", "wasserstein", "non-saturating"), (*WEAK, *STRONG), 15),
    Plant("a discriminator with a head start", "discriminator-too-strong", None, p.winning, (1e3, 1e4, 1e6),
          ("digits", "mixture"), ("non-saturating", "minimax", "hinge"), (*STRONG, OVERFIT)),
    Plant("a discriminator that hardly learns", "discriminator-too-weak", None, p.slow, (30, 300, 1e5),
          ("ring", "digits", "mixture"), USUAL, (*COLLAPSE, DIVERGED, SWING), 12),
    Plant("a discriminator that looks aside", "discriminator-too-weak", None, p.sideways, (0.03, 0.0, -0.3),
          ("digits", "images"), USUAL, (DEAD_D,), 12),
    Plant("a penalty that asks for the wrong slope", "lipschitz-violation", None, p.steep, (5, 15, 100),
          ("digits", "mixture"), W, (*WEAK, SWING, DIVERGED)),
    Plant("no constraint", "lipschitz-violation", None, p.loose, (3e-3, 1e-2, 3e-2),
          ("ring", "images"), W, (*WEAK, SWING, DIVERGED, ("wiring", "unconstrained-critic")), 15),
    Plant("a critic that looks aside", "critic-underfit", None, p.askew, (0.12, 0.05, 0.0),
          ("digits", "mixture"), W, ()),
    Plant("a critic that hardly learns", "critic-underfit", None, p.slow, (100, 1000, 1e5),
          ("ring", "grid"), W, (*COLLAPSE, DIVERGED, SWING, DEAD_D), 15),
    Plant("few rows to learn from", "discriminator-overfit", None, p.memorising, (160, 60, 20),
          ("digits", "mixture", "images"), USUAL, (*STRONG, *WEAK), 15),
    Plant("numbers run away", "diverged", None, p.exploding, (1, 2, 3),
          ("ring", "digits", "grid", "mixture"), ALSO_W, (*STRONG, STEEP, *WEAK), 12, True),
)  # fmt: skip

_ONCE = (1.0,)
_MISTAKES = (
    Plant("double sigmoid", "wiring", "double-sigmoid", p.double_sigmoid, _ONCE,
          ("digits", "mixture"), ("non-saturating", "minimax"), (*STRONG, *WEAK), 8, False,
          ("plain", "trainer", "labels")),
    Plant("sigmoid and BCELoss", "wiring", "sigmoid-bce", p.sigmoid_bce, _ONCE,
          ("ring", "grid"), ("non-saturating",), (*STRONG, *WEAK), 8, False, ("plain", "labels")),
    Plant("detached generator", "wiring", "detached-generator", p.cut_generator, _ONCE,
          ("digits", "mixture"), ALSO_W, STRONG, 9, False,
          ("plain", "trainer", "labels", "authors")),
    Plant("detached discriminator", "wiring", "detached-discriminator", p.cut_discriminator, _ONCE,
          ("ring", "grid"), ALSO_W, (*WEAK, DEAD_D), 9, False, ("plain", "labels", "authors")),
    Plant("swapped labels", "wiring", "swapped-labels", p.swapped, _ONCE,
          ("digits", "mixture"), ALSO_W, (*WEAK, *COLLAPSE, DIVERGED, SWING), 12, False,
          ("plain", "trainer", "labels", "authors", "conditional")),
    Plant("data out of range", "wiring", "data-range", p.out_of_range, _ONCE,
          ("digits", "mixture"), ALSO_W, (*STRONG, *COLLAPSE, SWING, *WEAK), 9, False,
          ("plain", "trainer", "labels", "authors")),
    Plant("BatchNorm under a penalty", "wiring", "batchnorm-penalty", p.batchnorm, _ONCE,
          ("ring", "grid"), ALSO_W, (*WEAK, STEEP), 9, False,
          ("plain", "trainer", "labels", "authors")),
    Plant("one optimiser for both", "wiring", "shared-optimiser", p.shared, _ONCE,
          ("ring", "grid"), ("non-saturating", "hinge"), (*WEAK, *STRONG, *COLLAPSE, DIVERGED, SWING),
          8, False,
          ("plain", "trainer", "labels")),
    Plant("norm over the batch", "wiring", "penalty-axis", p.wrong_axis, _ONCE,
          ("digits", "images"), W, (STEEP, *WEAK), 8, False, ("plain", "trainer", "authors")),
    Plant("dead network", "wiring", "dead-network", p.dead, _ONCE,
          ("ring", "grid"), ALSO_W, (*STRONG, *WEAK, *COLLAPSE, DEAD_D, DEAD_G), 9, False,
          ("plain", "trainer", "labels", "authors")),
    Plant("frozen network", "wiring", "frozen-network", p.frozen, _ONCE,
          ("digits", "images"), ALSO_W, (*STRONG, *WEAK, DIVERGED), 9, False, ("plain", "labels", "authors")),
    Plant("no constraint, early", "wiring", "unconstrained-critic", p.unconstrained, _ONCE,
          ("ring", "mixture"), W, (STEEP, *WEAK), 8, False, ("plain", "trainer", "authors")),
)  # fmt: skip
PLANTS = (*_FAULTS, *_MISTAKES)

HEALTHY: tuple[tuple[str, Builder, tuple[str, ...], tuple[str, ...], int], ...] = (
    ("twin", p.healthy, EVERYWHERE, (*USUAL, "minimax", "wasserstein", "relativistic"), 24),
    ("batch 8", p.tiny_batch, ("ring", "digits", "grid", "mixture"), ALSO_W, 6),
    ("batch 1024", p.huge_batch, ("ring", "digits", "mixture"), USUAL, 6),
    ("heavy augmentation", p.heavy_augmentation, ("digits", "grid", "images"), USUAL, 6),
    ("300 rows, early", p.few_data, ("digits", "mixture", "images"), USUAL, 6),
    ("ten times the rates", p.fast_rates, ("ring", "digits", "grid", "mixture"), USUAL, 6),
    ("8 units", p.tiny_nets, ("ring", "digits", "mixture", "images"), USUAL, 6),
    ("long after convergence", p.converged, ("ring", "digits", "grid", "mixture"), ALSO_W, 9),
    ("four times as long", p.long, ("ring", "digits", "grid", "mixture"), USUAL, 3),
    ("deep perceptrons", p.perceptrons, ("ring", "grid"), USUAL, 9),
)
"""Name, builder, data, objectives, seeds per data set."""


class Run(NamedTuple):
    """One run to do."""

    id: str
    name: str
    planted: Label | None
    """None for a healthy run."""
    severity: str
    strength: float
    data: str
    objective: str
    loop: str
    seed: int
    half: str
    build: Builder
    follows: tuple[Label, ...]
    injected: bool


def half_of(data: str) -> str:
    """Which half a condition belongs to: its data set decides, and each half has loops of its own."""
    return "tuning" if data in TUNING else "reporting"


def loop_of(data: str, objective: str, number: int, allowed: tuple[str, ...]) -> str:
    """Deal loops to runs in turn."""
    loops: tuple[str, ...] = TUNING_LOOPS if data in TUNING else REPORTING_LOOPS
    if objective == "wasserstein":
        loops = tuple("authors" if loop == "labels" else loop for loop in loops if loop != "conditional")
    loops = tuple(loop for loop in loops if not allowed or loop in allowed)
    return loops[number % len(loops)]


NOT_LABELLED = (
    "sigmoid generator", "Dirac-GAN under Adam", "data out of range", "dead network", "deep perceptrons",
    "Dirac-GAN on rows", "clipped critic", "a critic that looks aside",
)  # fmt: skip
PLAIN_SCORES = ("plain", "trainer", "labels", "authors")


def every_run() -> Iterator[Run]:
    """All runs, those of one seed together, so that a study that is stopped early is balanced."""
    found: list[tuple[int, Run]] = []
    for plant in PLANTS:
        allowed = plant.loops or (PLAIN_SCORES if plant.name in NOT_LABELLED else ())
        for data in plant.data:
            names = SEVERITIES if len(plant.strengths) > 1 else ("",)
            for severity, strength in zip(names, plant.strengths, strict=True):
                for n in range(plant.seeds):
                    objective = plant.objectives[n % len(plant.objectives)]
                    loop = loop_of(data, objective, n // len(plant.objectives), allowed)
                    found.append((n, Run(
                        f"{plant.name.replace(' ', '-')}_{severity or 'once'}_{data}_{n:02d}", plant.name,
                        (plant.verdict, plant.kind), severity, strength, data, objective, loop, n,
                        half_of(data), plant.build, plant.follows, plant.injected,
                    )))  # fmt: skip
    for name, build, data_names, objectives, seeds in HEALTHY:
        allowed = PLAIN_SCORES if name in NOT_LABELLED else ()
        for data in data_names:
            for n in range(seeds):
                objective = objectives[n % len(objectives)]
                loop = loop_of(data, objective, n // len(objectives), allowed)
                found.append((n, Run(
                    f"healthy-{name.replace(' ', '-')}_{data}_{n:02d}", f"healthy: {name}", None, "", 0.0,
                    data, objective, loop, n, half_of(data), build, (), False,
                )))  # fmt: skip
    yield from (run for _, run in sorted(found, key=lambda entry: (entry[0], entry[1].planted is not None)))


assert set(TUNING) | set(REPORTING) == set(EVERYWHERE)  # noqa: S101
