"""What a Wasserstein critic reads, what of it is proven, and the exact distance beside them."""

from __future__ import annotations

from collections.abc import Sequence

from ganscope.figures.curves import Curve, curve
from ganscope.figures.drawing import Plot, anchor
from ganscope.figures.histories import add_curve, over_samples
from ganscope.figures.palette import INK
from ganscope.folder.records import RunRecord, floor_of, number
from ganscope.words.numerals import digits
from ganscope.words.spread import spread


def gap_figure(runs: Sequence[RunRecord], colour: str) -> Plot | None:
    """Draw the critic's gap, what of it is certified, the exact EMD of the same points, and the floor.

    A critic that is K-Lipschitz measures up to K times a distance. Where its scale is far from the EMD's,
    the gap is drawn scaled and dotted, so that the shapes can be compared; its name then tells the factor.
    """
    exact, gap = curve(runs, "emd"), curve(runs, "critic_gap_held_out")
    certified = curve(runs, "certified_lower")
    if not exact.x or not gap.x:
        return None
    scale, name, dash = _scale(exact, gap), "critic's gap", "solid"
    if scale is not None and not 0.2 <= scale <= 5:
        gap, name, dash = _times(scale, gap), f"critic's gap × {digits(scale, 2)}", "dot"
    figure = over_samples("", [exact, gap, certified], small=True)
    add_curve(figure, exact, INK, "exact EMD")
    add_curve(figure, gap, colour, name, dash=dash)
    if certified.x:
        add_curve(figure, certified, colour, "certified", dash="dash")
    floor = spread(floor_of(run, "emd") for run in runs)
    if floor is not None:
        anchor(figure, floor.mean, "floor", side="left")
    return figure


def _scale(exact: Curve, gap: Curve) -> float | None:
    """Least-squares factor that brings the mean gap onto the mean EMD; None when it is not positive."""
    other = dict(zip(gap.x, gap.mean, strict=True))
    pairs = [(y, other[x]) for x, y in zip(exact.x, exact.mean, strict=True) if x in other]
    square, product = sum(g * g for _, g in pairs), sum(e * g for e, g in pairs)
    factor = number(product / square) if square else None
    return factor if factor is not None and factor > 0 else None


def _times(scale: float, values: Curve) -> Curve:
    seeds = {seed: [(x, scale * y) for x, y in points] for seed, points in values.seeds.items()}
    mean, low, high = ([scale * y for y in column] for column in values[2:])
    return Curve(seeds, values.x, mean, low, high)
