"""How much of a gradient is left after the layers of a network, and where it was lost."""

from __future__ import annotations

import itertools

from ganscope.diagnose.rows import Layers


def left(layers: Layers | None) -> float | None:
    """Share of a gradient that is left at the far end of a network; None where none entered.

    Example:
        >>> left((("4", 2.0), ("2", 0.1), ("0", 0.02)))
        0.01
    """
    if not layers or len(layers) < 2 or not layers[0][1] or layers[-1][1] is None:
        return None
    return layers[-1][1] / layers[0][1]


def steepest(layers: Layers) -> str:
    """Name the layer at which most of the gradient is lost.

    Example:
        >>> steepest((("4", 2.0), ("2", 0.1), ("0", 0.02)))
        '2'
    """
    losses = [
        ((after[1] or 0.0) / before[1] if before[1] else 1.0, after[0])
        for before, after in itertools.pairwise(layers)
    ]
    return min(losses)[1]
