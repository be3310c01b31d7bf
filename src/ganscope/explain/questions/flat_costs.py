"""Question 2: which cost is flat where, as a function of the distance of two distributions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ganscope.divergences import Gaussian, Landscape, Uniform, generator_gradient, landscape, shifted
from ganscope.explain.answer import Answer, Progress, Row, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.figures.drawing import AMBER, BLUE, GREEN, ORANGE, PINK, Figure, anchor, axes, finished, line
from ganscope.words.numerals import digits

LOG_2 = math.log(2)
REAL, FAKE = Gaussian(0, 1), Gaussian(0, 1)
STRIP = Uniform(0, 1)
FARTHEST = 10.0

COSTS = {
    "JS": ("js", BLUE),
    "cross-entropy of the best D": ("cross_entropy", ORANGE),
    "TV": ("tv", GREEN),
    "KL(real || fake)": ("kl", AMBER),
    "W1": ("w1", PINK),
}
"""Name -> field of `Landscape`, colour."""


class Measured(NamedTuple):
    """Every cost and its slope, from formulas: nothing here is random."""

    distances: list[float]
    smooth: Landscape
    """Of two unit Gaussians."""
    slopes: list[dict[str, float]]
    """Of each cost at each distance of two unit Gaussians."""
    apart: Landscape
    """Of two intervals of length 1."""


def slopes(distance: float) -> dict[str, float]:
    """Slope of each cost at a distance of two unit Gaussians, in closed form or by quadrature.

    Each is the gradient of an objective whose discriminator is optimal: KL that of f-kl, twice JS that of
    minimax, twice TV that of hinge. At distance 0 that of TV and W1 is the one for moves away.

    Args:
        distance: at least 0.

    Example:
        >>> at = slopes(2.0)
        >>> round(at["KL(real || fake)"], 9), at["W1"]
        (2.0, 1.0)
    """
    fake = shifted(FAKE, distance)
    half_js = 0.5 * generator_gradient("minimax", REAL, fake)
    return {
        "JS": half_js,
        "cross-entropy of the best D": -2 * half_js,
        "TV": 0.5 * generator_gradient("hinge", REAL, fake) if distance else 1 / math.sqrt(2 * math.pi),
        "KL(real || fake)": generator_gradient("f-kl", REAL, fake),
        "W1": generator_gradient("wasserstein", REAL, fake),
    }


def measure(progress: Progress) -> Measured:
    """Evaluate every cost and its slope on a line."""
    distances = [round(0.2 * k, 1) for k in range(round(FARTHEST / 0.2) + 1)]
    smooth = landscape(REAL, FAKE, distances)
    at = []
    for done, distance in enumerate(distances):
        progress(done, len(distances))
        at.append(slopes(distance))
    return Measured(distances, smooth, at, landscape(STRIP, STRIP, [0.05 * k for k in range(61)]))


def answer(m: Measured) -> Answer:
    """Say which curve it is, and on which axis the other one lives."""
    return Answer(
        number=2,
        question=QUESTIONS[2].asked,
        answer=_sentences(m),
        formulas=(
            "min_{D} BCE = 2 ln 2 − 2 JS(real, fake),   0 ≤ JS ≤ ln 2",
            "disjoint supports:   JS = ln 2,   TV = 1,   KL = ∞,   W_{1} = the distance",
            "unit Gaussians at distance θ:   KL = θ²/2,   TV = 2Φ(θ/2) − 1,   W_{1} = |θ|",
        ),
        protocol=(
            "Exact values from ganscope.divergences: closed forms where there are any, adaptive quadrature "
            "to 1e-9 for JS. Slopes are those of the generator's loss with the discriminator held at its "
            "optimum. Real: N(0, 1), fake: N(θ, 1); then intervals of length 1, which are disjoint from θ "
            "= 1 on."
        ),
        figures=(_value_figure(m.smooth), _slope_figure(m), _apart_figure(m.apart)),
        tables=(_slope_table(m), _range_table()),
        mistakes=(
            "Confusing two axes. \"BCE goes to infinity\" is about one wrongly judged sample and its logit; "
            "\"the cost is flat\" is about two distributions and their distance, with the best discriminator "
            "at each distance.",
            "Reading J in the usual lecture figure, a curve between two flat ends, as the loss of some given "
            "discriminator. The sketch has no axis; the quantity of this shape is JS against distance (or, "
            "upside down, the cross-entropy of the best discriminator).",
            "Believing that every cost lies in [0, 1]. TV does, JS ends at ln 2 = 0.693 (at 1 only in bits), "
            "KL and W1 have no bound, and a cross-entropy of two halves starts at 2 ln 2 = 1.386.",
            "Believing that KL escapes because it is unbounded. On Gaussians it does; on disjoint supports "
            "it is infinite everywhere, and infinity has no slope either.",
            "Concluding that a flat divergence means a flat loss. The non-saturating loss descends KL(fake "
            "|| real) - 2 JS, which is not flat (question 4); the minimax loss is.",
        ),
        published=(),
        rows=tuple(_rows(m)),
        seeds=(),
    )  # fmt: skip


def _sentences(m: Measured) -> str:
    far, near = m.slopes[-1], m.slopes[0]
    return (
        "The curve that is flat at both ends is the Jensen-Shannon divergence between the real and the "
        "generated distribution, which is what the cross-entropy of a perfect discriminator measures. It is "
        f"flat near 0, where the two agree (slope {digits(abs(near['JS']), 2)} at distance 0), and flat "
        f"again at ln 2, where the discriminator is certain (slope {digits(far['JS'], 2)} for unit "
        f"Gaussians at distance {m.distances[-1]:g}, where that of W1 is {digits(far['W1'], 2)}). What goes "
        "to infinity is the cross-entropy of a single misjudged sample, as a function of its logit: that is "
        "another axis, and a perfect discriminator never gets there."
    )


def _rows(m: Measured) -> list[Row]:
    rows: list[Row] = [
        {
            "case": "unit Gaussians",
            "distance": d,
            "cost": name,
            "value": values[i],
            "slope": m.slopes[i][name],
        }
        for name, (field, _) in COSTS.items()
        for values in [getattr(m.smooth, field)]
        for i, d in enumerate(m.distances)
    ]
    rows += [
        {"case": "unit intervals", "distance": d, "cost": name, "value": value}
        for name, (field, _) in COSTS.items()
        for d, value in zip(m.apart.shift, getattr(m.apart, field), strict=True)
    ]
    return rows


def _value_figure(smooth: Landscape) -> Figure:
    figure = axes("distance θ of N(0, 1) and N(θ, 1)", "value", yaxis_range=[0, 2.2])
    for name, (field, colour) in COSTS.items():
        line(figure, smooth.shift, getattr(smooth, field), name, colour)
    anchor(figure, LOG_2, "ln 2")
    return finished(
        figure,
        "The JS curve is an S: flat near 0, flat again at ln 2. The best cross-entropy is the same curve "
        "upside down, from 2 ln 2 to 0. KL and W1 leave the picture. TV starts with a slope but also ends "
        "flat.",
    )


def _slope_figure(m: Measured) -> Figure:
    figure = axes("distance θ", "absolute slope", log_y=True, yaxis_range=[-7, 1.3])
    for name, (_, colour) in COSTS.items():
        line(figure, m.distances, [abs(entry[name]) or math.nan for entry in m.slopes], name, colour)
    steepest = max(entry["JS"] for entry in m.slopes)
    decades = math.log10(steepest / m.slopes[-1]["JS"])
    return finished(
        figure,
        "The slope is what a generator that can only move its samples receives. Those of JS and TV fall like "
        f"the overlap of the two Gaussians, exp(-θ²/8): JS by {decades:.1f} decades from its steepest point "
        f"to θ = {m.distances[-1]:g}. The slope of W1 is 1 everywhere; that of KL is θ.",
    )


def _apart_figure(apart: Landscape) -> Figure:
    figure = axes("distance θ of two intervals of length 1", "value", yaxis_range=[0, 3.1])
    for name, (field, colour) in COSTS.items():
        label = f"{name}: ∞ for every θ > 0" if field == "kl" else name
        line(figure, apart.shift, getattr(apart, field), label, colour)
    figure.add_vline(
        x=1, line={"color": "#7F7F7F", "width": 1.2, "dash": "dash"}, annotation={"text": "disjoint"}
    )
    return finished(
        figure,
        "Two intervals. From θ = 1 on they do not overlap, and JS, TV and the cross-entropy are exactly "
        "constant; KL is infinite as soon as θ > 0. Only W1 still tells near from far.",
    )


def _slope_table(m: Measured) -> Table:
    chosen = [0.0, 0.4, 1.0, 2.0, 4.0, 7.0, 10.0]
    places: Sequence[int] = [m.distances.index(d) for d in chosen]
    return Table(
        "Slope against the distance θ of two unit Gaussians",
        ("cost", *(f"θ = {d:g}" for d in chosen)),
        tuple((name, *(digits(m.slopes[i][name] + 0.0) for i in places)) for name in COSTS),
    )


def _range_table() -> Table:
    return Table(
        "Range and behaviour",
        ("cost", "range", "in [0, 1]", "flat at distance 0", "flat far away", "disjoint supports"),
        (
            ("JS (nats)", "0 to ln 2", "yes", "yes", "yes", "ln 2, slope 0"),
            ("cross-entropy of the best D", "0 to 2 ln 2", "no", "yes", "yes", "0, slope 0"),
            ("TV", "0 to 1", "yes", "no, a kink", "yes", "1, slope 0"),
            ("KL(real || fake)", "0 to ∞", "no", "yes", "no", "∞, no slope"),
            ("W1", "0 to ∞", "no", "no, a kink", "no", "distance, slope 1"),
            ("BCE of one sample", "0 to ∞", "no", "in its logit", "on one side", "0 if judged rightly"),
        ),
    )
