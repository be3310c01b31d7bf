"""Learning rates that are far from usual: the first thing to change, whatever else a verdict advises."""

from __future__ import annotations

import math
from typing import NamedTuple

from ganscope.diagnose.rules.history import History, median
from ganscope.diagnose.rules.rule import Remedy
from ganscope.diagnose.rules.thresholds import IDLE, K

PLAYERS = {"g_lr": "generator", "d_lr": "discriminator"}
TOO_LOW, TOO_HIGH, USUAL = "too low", "too high", "usual"


class Usual(NamedTuple):
    """Between which rates GANs are trained by one optimiser."""

    low: float
    high: float
    target: float
    """Where to go if the other network's rate is no guide."""

    def holds(self, rate: float) -> bool:
        """Whether a rate is within."""
        return self.low <= rate <= self.high


ADAM = Usual(3e-5, 1e-2, 1e-3)
"""Published GANs use 5e-5 to 2.5e-3; small networks of a few layers bear more."""
SGD = Usual(1e-4, 0.1, 1e-2)
APART = 20.0
"""A rate this many times below the other network's is too low where it is below `HALFWAY` as well."""
HALFWAY = 1e-4
SOURCE = "rates of 1e-4 to 1e-3 are usual with Adam: Radford et al. 2016; Heusel et al. 2017"
SLOW_GENERATOR = ("vanishing-gradient", "discriminator-too-strong", "mode-collapse", "unconverged")
SLOW_DISCRIMINATOR = ("discriminator-too-weak", "critic-underfit", "mode-collapse", "unconverged")
FAST_GENERATOR = ("diverged", "oscillation", "mode-collapse", "discriminator-too-weak", "unconverged")
FAST_DISCRIMINATOR = (
    "diverged", "oscillation", "mode-collapse", "discriminator-too-strong", "vanishing-gradient",
    "lipschitz-violation", "unconverged",
)  # fmt: skip
"""Which verdicts a rate that is too low or too high can bring about."""


class Rates(NamedTuple):
    """What is known of how fast both networks learn; None where it is not known."""

    g_lr: float | None = None
    d_lr: float | None = None
    optimizer: str = "adam"
    g_update: float | None = None
    """|step| / |weights| of late, where the rate itself is not known."""
    d_update: float | None = None

    @property
    def usual(self) -> Usual:
        """What is usual with the optimiser."""
        return SGD if self.optimizer == "sgd" else ADAM


def judged(name: str, rates: Rates) -> str:
    """Say whether one network's rate is too low, too high or usual; usual where it is not known.

    Args:
        name: `g_lr` or `d_lr`.
        rates: of both networks.

    Example:
        >>> [judged(name, Rates(g_lr=1e-5, d_lr=1e-3)) for name in ("g_lr", "d_lr")]
        ['too low', 'usual']
    """
    rate, other = (rates.g_lr, rates.d_lr) if name == "g_lr" else (rates.d_lr, rates.g_lr)
    usual = rates.usual
    if rate is None:
        return USUAL
    far_below = other is not None and usual.holds(other) and rate < other / APART and rate < HALFWAY
    if rate < usual.low or far_below:
        return TOO_LOW
    return TOO_HIGH if rate > usual.high else USUAL


def rate_remedies(verdict: str, factor: str | None, rates: Rates) -> tuple[Remedy, ...]:
    """Change the rates that are far from usual, in the direction of the usual ones.

    Args:
        verdict: its name.
        factor: its factor.
        rates: of both networks.

    Returns:
        One remedy, or none where the rates are usual, not known, or no cause of such a verdict.

    Example:
        >>> remedy, = rate_remedies("discriminator-too-strong", None, Rates(1e-5, 1e-3))
        >>> remedy.change, dict(remedy.settings)
        ("Raise the generator's learning rate from 1e-05 to 0.001.", {'g_lr': 0.001})
    """
    if verdict == "vanishing-gradient" and factor != "loss":
        return ()  # lost in layers, whatever the rate
    guilty = {
        ("g_lr", TOO_LOW): SLOW_GENERATOR, ("g_lr", TOO_HIGH): FAST_GENERATOR,
        ("d_lr", TOO_LOW): SLOW_DISCRIMINATOR, ("d_lr", TOO_HIGH): FAST_DISCRIMINATOR,
    }  # fmt: skip
    changes = {
        name: _target(name, rates)
        for name in PLAYERS
        if verdict in guilty.get((name, judged(name, rates)), ())
    }
    if changes:
        said = [rate_words(name, getattr(rates, name), new) for name, new in changes.items()]
        return (Remedy(f"{' and '.join(said)}.".replace(" and Raise", " and raise"), SOURCE, changes),)
    return _by_updates(verdict, rates)


def rate_words(name: str, old: float, new: float) -> str:
    """Say how a rate changes, without a full stop.

    Example:
        >>> rate_words("d_lr", 0.02, 1e-3)
        "Lower the discriminator's learning rate from 0.02 to 0.001"
    """
    way = "Raise" if new > old else "Lower"
    return f"{way} the {PLAYERS[name]}'s learning rate from {old:g} to {new:g}"


def _target(name: str, rates: Rates) -> float:
    other = rates.d_lr if name == "g_lr" else rates.g_lr
    guide = "d_lr" if name == "g_lr" else "g_lr"
    return other if other is not None and judged(guide, rates) == USUAL else rates.usual.target


def _by_updates(verdict: str, rates: Rates) -> tuple[Remedy, ...]:
    """Where a loop's rates are not known: steps so small that the network hardly moves."""
    for name, update, slow in (
        ("g_lr", rates.g_update, SLOW_GENERATOR),
        ("d_lr", rates.d_update, SLOW_DISCRIMINATOR),
    ):
        if getattr(rates, name) is not None or update is None or verdict == "vanishing-gradient":
            continue
        if verdict in slow and 0 < update < IDLE:
            return (
                Remedy(
                    f"Raise the {PLAYERS[name]}'s learning rate: a step changes its weights by {update:.1g} "
                    "of their size, where 1e-3 to 1e-2 is usual.",
                    SOURCE,
                ),
            )
    return ()


def rates_of(history: History) -> Rates:
    """How fast the networks of a watched loop learn: their optimisers' rates, or how far a step goes."""
    about = history.about
    updates = {
        "g_update": median(history.recent(lambda row: row.g_update, K)),
        "d_update": median(history.recent(lambda row: row.d_update, K)),
    }
    known = {name: value for name, value in updates.items() if not math.isnan(value)}
    return Rates(about.g_lr, about.d_lr, about.optimizer or "adam", **known)
