"""How many runs the first remedy of each verdict brought back, as measured."""

from __future__ import annotations

from ganscope.diagnose.rules.rule import Remedy

RECOVERED: dict[str, tuple[int, int]] = {
    "critic-underfit": (45, 52),
    "discriminator-overfit": (12, 12),
    "discriminator-too-strong": (12, 15),
    "discriminator-too-weak": (29, 32),
    "diverged/discriminator": (7, 10),
    "diverged/generator": (18, 21),
    "mode-collapse/total": (16, 22),
    "oscillation/sustained (Wasserstein)": (9, 9),
    "vanishing-gradient/critic": (32, 32),
    "vanishing-gradient/generator": (14, 15),
}
"""Recovered runs, of all, where all are `FEWEST` or more. A test compares remedies.json."""
FEWEST = 6


def recovered(verdict: str, kind: str | None, first: Remedy | None) -> tuple[int, int] | None:
    """How many runs with a verdict recovered by its first remedy, of how many.

    Args:
        verdict: its name.
        kind: its factor or pattern.
        first: the remedy; it tells whether it is one for Wasserstein critics alone.

    Example:
        >>> recovered("discriminator-too-weak", None, None)
        (29, 32)
    """
    name = f"{verdict}/{kind}" if kind else verdict
    return RECOVERED.get(f"{name} (Wasserstein)" if first is not None and first.wasserstein else name)
