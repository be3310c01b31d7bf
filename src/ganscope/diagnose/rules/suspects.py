"""What may hold a run back whose samples stay away from the data although every check passes."""

from __future__ import annotations

import math
from typing import NamedTuple

from ganscope.diagnose.rules.history import History, median
from ganscope.diagnose.rules.rates import PLAYERS, SOURCE, Rates, rate_remedies
from ganscope.diagnose.rules.rule import Remedy
from ganscope.diagnose.rules.thresholds import IDLE, K
from ganscope.words.numerals import digits

HASTY = 0.05
"""Of |step| / |weights|: a network that changes by this share in every step forgets what it learned."""
FEW_ROWS = 32
"""Of a batch."""
MOST = 3
LESS = Remedy(
    "Lower both learning rates to a third.", "shorter steps follow the game more closely", {},
    {"g_lr": 0.3, "d_lr": 0.3},
)  # fmt: skip
MORE = Remedy(
    "Make both networks twice as wide.", "what a network cannot represent, no training reaches", {},
    {"g_width": 2, "d_width": 2},
)  # fmt: skip
REMEDIES: dict[str, Remedy] = {
    "g_lr too low": Remedy("Raise the generator's learning rate tenfold.", SOURCE, {}, {"g_lr": 10.0}),
    "d_lr too low": Remedy("Raise the discriminator's learning rate tenfold.", SOURCE, {}, {"d_lr": 10.0}),
    "g_lr too high": Remedy("Lower the generator's learning rate to a third.", SOURCE, {}, {"g_lr": 0.3}),
    "d_lr too high": Remedy("Lower the discriminator's learning rate to a third.", SOURCE, {}, {"d_lr": 0.3}),
    "average too long": Remedy(
        "Shorten the moving average of the weights to a decay of 0.99.",
        "an average that is longer than a third of the run holds its start", {"ema": 0.99},
    ),
    "discriminator ahead": Remedy(
        "Lower the discriminator's learning rate to a third.", "Arjovsky and Bottou 2017", {}, {"d_lr": 0.3}
    ),
    "discriminator behind": Remedy(
        "Raise the discriminator's learning rate to three times.", "Heusel et al. 2017", {}, {"d_lr": 3.0}
    ),
    "few rows": Remedy("Use batches of 64 rows.", "Brock et al. 2019, section 3.1", {"batch_size": 64}),
    "capacity": MORE,
    "rates": LESS,
}  # fmt: skip
"""What to do first about each suspect; how often it helps was not measured."""


class Suspect(NamedTuple):
    """One thing that may hold a run back."""

    kind: str
    """Key of `REMEDIES`."""
    said: str
    """In words, with its number."""


def suspects(h: History) -> tuple[Suspect, ...]:
    """List what may hold a run back, the likeliest first: by how far its number is from what is usual."""
    ranked: list[tuple[float, Suspect]] = []
    for player, name in (("g_lr", "g_update"), ("d_lr", "d_update")):
        moves = median(h.recent(lambda row, name=name: getattr(row, name), K))  # type: ignore[misc]
        size = f"(|step| / |weights| {digits(moves)})" if math.isfinite(moves) else ""
        if moves < IDLE:
            said = f"the {PLAYERS[player]}'s learning rate is too low {size}"
            ranked.append((math.log10(IDLE / max(moves, 1e-12)), Suspect(f"{player} too low", said)))
        elif moves > HASTY:
            said = f"the {PLAYERS[player]}'s learning rate is too high {size}"
            ranked.append((math.log10(moves / HASTY) + 0.5, Suspect(f"{player} too high", said)))
    average, step = h.about.average, h.rows[-1].step if h.rows else 0
    if average is not None and average < 1 and (1 / (1 - average)) > step / 3:
        span = round(1 / (1 - average))
        far = math.log10(max(1.0, 3 * span / max(step, 1)))
        ranked.append((far, Suspect("average too long", _averaging(average, span, step))))
    auc = median(h.recent(lambda row: row.auc, K))
    if auc > 0.9:
        said = f"the discriminator is far ahead of the generator (AUC {auc:.2f}): slow it down"
        ranked.append(((auc - 0.9) * 5, Suspect("discriminator ahead", said)))
    elif auc < 0.6:
        said = f"the discriminator sees little of what is wrong (AUC {auc:.2f}): raise its rate or capacity"
        ranked.append(((0.6 - auc) * 5, Suspect("discriminator behind", said)))
    if h.about.batch is not None and h.about.batch < FEW_ROWS:
        said = f"a batch of {h.about.batch} rows makes the gradients noisy"
        ranked.append((math.log10(FEW_ROWS / h.about.batch), Suspect("few rows", said)))
    ranked.append((0.0, Suspect("capacity", "the networks' capacity")))
    ranked.append((-0.1, Suspect("rates", "both learning rates, which may be too high to settle")))
    return tuple(suspect for _, suspect in sorted(ranked, key=lambda pair: -pair[0])[:MOST])


def remedy_of(kind: str, rates: Rates) -> Remedy:
    """What to do first about a suspect: rates that are known to be unusual are set right before all else.

    Args:
        kind: key of `REMEDIES`.
        rates: of both networks.

    Example:
        >>> remedy_of("capacity", Rates(g_lr=1e-6, d_lr=1e-3)).settings
        {'g_lr': 0.001}
    """
    return next(iter(rate_remedies("unconverged", None, rates)), REMEDIES[kind])


def _averaging(average: float, span: int, step: int) -> str:
    over = f"over {span:,} steps, is longer than a third of the run's {step:,}"
    return f"a moving average of decay {average:g}, {over}"
