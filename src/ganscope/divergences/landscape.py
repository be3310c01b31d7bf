"""What each divergence looks like to a generator that moves: its value at every distance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ganscope.divergences.distributions import Distribution, shifted
from ganscope.divergences.information import LOG_2, js, kl, tv
from ganscope.divergences.wasserstein import w1, w2


class Landscape(NamedTuple):
    """Divergences of `q` shifted, one value per shift."""

    shift: list[float]
    kl: list[float]
    reverse_kl: list[float]
    """KL(q || p)."""
    js: list[float]
    cross_entropy: list[float]
    """Loss of the optimal discriminator, `2 ln 2 - 2 JS`."""
    tv: list[float]
    w1: list[float]
    w2: list[float]


def landscape(p: Distribution, q: Distribution, shifts: Sequence[float]) -> Landscape:
    """Measure every divergence between p and q moved along the line.

    Args:
        p: The real distribution, on the line.
        q: The generator's, where it stands at shift 0.
        shifts: How far it is moved, finite.

    Raises:
        BadInput: Something that is no distribution on the line known here.

    Example:
        >>> from ganscope.divergences import Dirac
        >>> curve = landscape(Dirac(0), Dirac(0), [0.0, 0.5, 2.0])
        >>> curve.w1, [round(value, 3) for value in curve.js]
        ([0.0, 0.5, 2.0], [0.0, 0.693, 0.693])

    Arjovsky, Chintala, Bottou, Wasserstein GAN, ICML 2017, example 1 and figure 1.
    """
    moved = [shifted(q, shift) for shift in shifts]
    shannon = [js(p, other) for other in moved]
    return Landscape(
        shift=list(shifts),
        kl=[kl(p, other) for other in moved],
        reverse_kl=[kl(other, p) for other in moved],
        js=shannon,
        cross_entropy=[2 * LOG_2 - 2 * value for value in shannon],
        tv=[tv(p, other) for other in moved],
        w1=[w1(p, other) for other in moved],
        w2=[w2(p, other) for other in moved],
    )
