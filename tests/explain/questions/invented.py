"""Invented measurements of every question: what an answer says must follow them, whatever they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ganscope.divergences import Landscape
from ganscope.explain.experiments.adam_updates import EXPONENTS, Updates
from ganscope.explain.experiments.constrained_critics import CELLS, SCALES, Deep, Surface
from ganscope.explain.experiments.depths import Deep as DeepGenerator
from ganscope.explain.experiments.digit_gradients import Digits
from ganscope.explain.experiments.gradient_noise import Noise
from ganscope.explain.experiments.known_distances import DISTANCES, Critics
from ganscope.explain.experiments.lines import GRID, OnTheLine
from ganscope.explain.experiments.slope_maps import SIDE, Trained
from ganscope.explain.experiments.stages import STAGES
from ganscope.explain.experiments.stations import STATIONS
from ganscope.explain.experiments.swing import Swing
from ganscope.explain.questions import (
    capacity,
    chain_rule,
    clipping_or_penalty,
    critic_loss,
    earth_mover,
    flat_costs,
    fresh_discriminator,
    label_flip,
    mode_collapse,
    one_lipschitz,
    oscillation,
    weak_discriminator,
)
from ganscope.lipschitz import WassersteinBounds

SEEDS = (0, 1)
Bend = Callable[[float], float]
"""Changes one measured number."""


def chain(bend: Bend) -> chain_rule.Measured:
    logits = torch.tensor(chain_rule.LOGITS)
    chains = {
        loss: [[bend(size * (k + 1) * (seed + 1)) for k in range(len(STATIONS))] for seed in SEEDS]
        for loss, size in (("minimax", 1e-4), ("non-saturating", 0.7))
    }
    computed = {
        name: [bend(-0.5 / (k + 1)) for k in range(len(chain_rule.FAR))]
        for name in chain_rule.IMPLEMENTATIONS
    }
    on_fakes = {name: [bend(0.5)] * len(chain_rule.SURE) for name in ("logits", "BCELoss")}
    curves = {loss: chain_rule.factors(loss, logits) for loss in chain_rule.LOSSES}
    return chain_rule.Measured(SEEDS, False, 300, curves, computed, on_fakes, chains)


def flat(bend: Bend) -> flat_costs.Measured:
    distances = [0.0, 0.4, 1.0, 2.0, 4.0, 7.0, 10.0]
    slopes = [{name: bend(0.3 / (1 + d)) for name in flat_costs.COSTS} for d in distances]
    values = {field: [bend(0.1 * d) for d in distances] for field, _ in flat_costs.COSTS.values()}
    landscape = Landscape(**{f: values.get(f, distances) for f in Landscape._fields})
    return flat_costs.Measured(distances, landscape, slopes, landscape)


def line(bend: Bend, minimax: float, slope: float) -> OnTheLine:
    def looks(last: float) -> list[list[float]]:
        return [[bend(0.5), bend(0.3), bend(last * (seed + 1))] for seed in SEEDS]

    curve = [[bend(0.01 * x) for x in GRID] for _ in SEEDS]
    between = [[bend(1.2 + 1e-5 * k) for k in range(401)] for _ in SEEDS]
    return OnTheLine([0, 100, 1500], looks(slope), looks(minimax), looks(slope), curve, between)


def fresh(bend: Bend, minimax: float = 1e-7, slope: float = 40.0) -> fresh_discriminator.Measured:
    lines = {kind: line(bend, minimax, slope) for kind in ("cross-entropy", "WGAN-GP")}
    last = {"minimax": minimax, "non-saturating": 90.0, "least-squares": 0.2, "wasserstein": 4.0}
    images = {
        loss: Digits(
            [0, 10, 1000], {stage: [[1.0, 0.5, bend(end * (s + 1))] for s in SEEDS] for stage in STAGES}
        )
        for loss, end in last.items()
    }
    return fresh_discriminator.Measured(SEEDS, False, lines, images)


def flip(bend: Bend, flipped: float = 50.0, minimax: float = 1e-3) -> label_flip.Measured:
    def noise(end: float) -> Noise:
        return Noise(
            [0, 10, 600],
            {stage: [[1.0, 1.0, bend(end * (s + 1))] for s in SEEDS] for stage in STAGES},
            {stage: [[1.0, 1.0, bend(end**2 * (s + 1))] for s in SEEDS] for stage in STAGES},
        )

    sizes = [0.04 if e < 6 else 0.04 * 10.0 ** (6 - e) for e in EXPONENTS]
    adam = {
        signal: [Updates([bend(size) for size in sizes], [bend(0.9 * signal)] * len(sizes)) for _ in SEEDS]
        for signal in label_flip.SIGNALS
    }
    names = ("minimax", "non-saturating", "KL(fake || real)", "-2 JS")
    slopes = {name: [bend(0.1 * d) for d in label_flip.DISTANCES] for name in names}
    one = {"non-saturating": bend(2e-8), "minimax": bend(3e-8), "wasserstein": bend(1.0)}
    return label_flip.Measured(
        SEEDS, False, {"non-saturating": noise(flipped), "minimax": noise(minimax)}, adam, slopes, one
    )


def mover(bend: Bend, gap: float = 1.2, certified: float = 0.8) -> earth_mover.Measured:
    bounds = [
        [WassersteinBounds(bend(gap * (d + 0.1)), bend(certified * (d + 0.1)), d + 0.1, 0.3) for _ in SEEDS]
        for d in DISTANCES
    ]
    entropy = [[bend(0.1 * d) for _ in SEEDS] for d in DISTANCES]
    slopes = {loss: [bend(0.2 / d) for d in earth_mover.SHOWN] for loss in earth_mover.LOSSES}
    moved = {share: [share * d for d in DISTANCES] for share in earth_mover.SHARES}
    return earth_mover.Measured(SEEDS, False, 600, moved, slopes, Critics(bounds, entropy))


def lipschitz(bend: Bend, samples: float = 1.1) -> one_lipschitz.Measured:
    ends = {"none": 9000.0, "at the samples": 1.5, "clipped at 0.1": 1.2, "between, WGAN-GP": 1.5}
    steep = {"none": 8000.0, "at the samples": samples, "clipped at 0.1": 1.3, "between, WGAN-GP": 1.1}
    critics = {
        kind: Trained(
            [0, 10, 500, 1500],
            [[0.0, 0.1, bend(end / 9), bend(end * (s + 1))] for s in SEEDS],
            [bend(0.9 * steep[kind])] * 2,
            [bend(steep[kind]), bend(1.1 * steep[kind])],
            [[bend(steep[kind] / (k + 1)) for k in range(SIDE)]] * SIDE,
        )
        for kind, end in ends.items()
    }
    return one_lipschitz.Measured(SEEDS, False, critics, [bend(1.4), bend(1.5)])


def clipping(bend: Bend, penalised: float = 1.1, certified: float = 0.7) -> clipping_or_penalty.Measured:
    factors = {"clip 0.1": 1.7, "clip 0.01": 0.1, "clip 0.001": 0.01, "gradient penalty": penalised}
    deep = {
        name: [Deep([bend(0.5)] * 11, bend(factor), bend(0.6), [0.05] * 20) for _ in SEEDS]
        for name, factor in factors.items()
    }
    surfaces = {
        (data, name): [Surface([[0.0] * CELLS] * CELLS, bend(share)) for _ in SEEDS]
        for data in SCALES
        for name, share in (("clip 0.01", 0.5), ("gradient penalty", certified))
    }
    slopes = {weight: [bend(1 + 2 / weight)] * 2 for weight in clipping_or_penalty.SLOPE_WEIGHTS}
    return clipping_or_penalty.Measured(SEEDS, False, deep, surfaces, slopes)


def collapse(bend: Bend, missing: int = 4) -> mode_collapse.Measured:
    def looks(lost: int) -> list[mode_collapse.Look]:
        qualities = (0.1, 0.5, 0.6, 0.7)
        gone = (tuple(range(10)), (), (), tuple(range(lost)))
        return [
            mode_collapse.Look(50 * k, bend(3.0), bend(q), g, bend(0.6))
            for k, (q, g) in enumerate(zip(qualities, gone, strict=True))
        ]

    seen = {
        s.name: [looks(missing if s is mode_collapse.FAST_D else 0) for _ in SEEDS]
        for s in mode_collapse.SETTINGS
    }
    return mode_collapse.Measured(SEEDS, False, seen, tuple("0123456789"), bend(0.9))


def widths(bend: Bend, best: float = 3.0, first: float = 1e-6) -> capacity.Measured:
    grid = {
        (g, d): [capacity.Outcome(bend(best + 1 / g + 100 / d + 0.7 * s), 8) for s in SEEDS]
        for g in capacity.WIDTHS
        for d in capacity.WIDTHS
    }
    deep = {
        depth.name: [
            DeepGenerator([bend(first * 10**k)] + [1.0] * (depth.depth - 1), bend(3.0 + k), 7) for _ in SEEDS
        ]
        for k, depth in enumerate(capacity.DEPTHS)
    }
    return capacity.Measured(SEEDS, False, grid, deep)


def swings(bend: Bend, r1: float = 0.01, radius: float = 0.001) -> oscillation.Measured:
    def path(end: float) -> oscillation.Path:
        return [(1.0 + (end - 1.0) * k / 6, -1.0 + k / 6) for k in range(7)]

    expected = {name: "R1" in name or name[:4] in ("cons", "inst") for name in oscillation.NOTEBOOK}
    orbits = {
        name: (path(bend(radius if inside else 0.7)), path(bend(radius if inside else 0.8)))
        for name, inside in expected.items()
    }
    moves = {
        (objective, gamma): Swing([[bend(0.9)] * 4] * 2, [bend(r1 if gamma else 0.8)] * 2)
        for objective, gamma in oscillation.SWINGS
    }
    return oscillation.Measured(SEEDS, False, orbits, moves, 2000)


def loss(bend: Bend, sign: float = 1.0) -> critic_loss.Measured:
    seen = {
        s.name: [
            [
                critic_loss.Look(
                    step,
                    bend(-sign * scale),
                    bend(0.5 - sign * scale),
                    bend(sign * scale),
                    bend(1.1),
                    4.0,
                    3.0,
                )
                for step in (0, 20)
            ]
            for _ in SEEDS
        ]
        for s, scale in zip(critic_loss.SETTINGS, (3.0, 2.0, 1.0, 0.2), strict=True)
    }
    return critic_loss.Measured(SEEDS, False, seen, 297)


def weak(bend: Bend, slow: float = 10.0, fresh: float = 0.99) -> weak_discriminator.Measured:
    ends = {
        "healthy": (3.0, 0.8, 0.85),
        "rate / 1000": (slow, 0.5, fresh),
        "one unit wide": (7.0, 0.6, fresh),
    }
    seen = {
        name: [
            [weak_discriminator.Look(step, bend(emd), 3, bend(trained), bend(new)) for step in (0, 100)]
            for _ in SEEDS
        ]
        for name, (emd, trained, new) in ends.items()
    }
    return weak_discriminator.Measured(SEEDS, False, seen, bend(2.8))


QUESTIONS: dict[int, tuple[Any, Callable[..., Any]]] = {
    1: (chain_rule, chain),
    2: (flat_costs, flat),
    3: (fresh_discriminator, fresh),
    4: (label_flip, flip),
    5: (earth_mover, mover),
    6: (one_lipschitz, lipschitz),
    7: (clipping_or_penalty, clipping),
    8: (mode_collapse, collapse),
    9: (capacity, widths),
    10: (oscillation, swings),
    11: (critic_loss, loss),
    12: (weak_discriminator, weak),
}
"""The module of every question, and what invents a measurement for it."""
