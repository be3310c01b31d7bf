"""Both losses of a recipe, and the value at which the discriminator cannot tell real from fake."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ganscope.figures.curves import curve
from ganscope.figures.drawing import Plot, anchor
from ganscope.figures.histories import add_curve, over_samples
from ganscope.folder.records import RunRecord

NAMED = {math.log(2): "ln 2", 2 * math.log(2): "2 ln 2"}
"""Values that have a name of their own."""


def loss_figure(runs: Sequence[RunRecord], colour: str) -> Plot | None:
    """Draw both losses of one recipe, with the value at which the discriminator cannot tell."""
    losses = {"D loss": curve(runs, "d_loss"), "G loss": curve(runs, "g_loss")}
    if not any(c.seeds for c in losses.values()):
        return None
    figure = over_samples("", list(losses.values()), small=True)
    for (name, values), dash in zip(losses.items(), ("solid", "dot"), strict=True):
        add_curve(figure, values, colour, name, dash=dash)
    balanced = loss_anchor(runs[0].config)
    if balanced is not None:
        anchor(figure, *balanced)
    return figure


def loss_anchor(config: Mapping[str, Any]) -> tuple[float, str] | None:
    """Return the discriminator's loss where it cannot tell, and what the page writes there.

    Args:
        config: of a run; only `objective` and `label_smoothing` are read.

    Returns:
        None where the objective has no such value.

    Example:
        >>> loss_anchor({"objective": "hinge"})
        (2.0, '2: D cannot tell')
        >>> loss_anchor({"objective": "minimax"})[1]
        '2 ln 2: D cannot tell'
        >>> loss_anchor({"objective": "least-squares", "label_smoothing": 0.2})[1]
        '0.16: D cannot tell'
    """
    from ganscope.objectives import OBJECTIVES, smoothed

    objective = OBJECTIVES.get(str(config.get("objective")))
    smoothing = config.get("label_smoothing") or 0.0
    value = None if objective is None else smoothed(objective, smoothing).equilibrium
    if value is None:
        return None
    name = next((name for exact, name in NAMED.items() if math.isclose(value, exact)), f"{value:.3g}")
    return value, f"{name}: D cannot tell"
