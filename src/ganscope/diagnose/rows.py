"""Rows of `diagnosis.jsonl`, typed: what one probe measured, where the samples' mean was, what the run is.

JSON has neither NaN nor infinity: such a number becomes None as soon as a row is made, so that a process
that remembers a row and one that reads it back see the same. A key that no row has is an error where a row
is made; where one is read it is left out, since a later version may measure more.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

Layers = tuple[tuple[str, float | None], ...]
"""Layers of a network from its output back to its input, each with a size of the gradient there."""
Quantiles = tuple[float | None, float | None, float | None]
"""Median, 95 % quantile and maximum over rows."""
Statistic = Literal[
    "coverage",
    "recall",
    "precision",
    "density",
    "duplicates",
    "distinct",
    "pairwise",
    "energy",
    "starved",
    "imbalance",
]
"""What is measured between two sets of samples, and between two sets of real rows too."""
STATISTICS: tuple[Statistic, ...] = (
    "coverage", "recall", "precision", "density", "duplicates", "distinct", "pairwise", "energy", "starved",
    "imbalance",
)  # fmt: skip


class Finding(NamedTuple):
    """One mistake in how a GAN is wired: what it is called, how bad it is, and the cause in a sentence."""

    kind: str
    severity: Literal["mild", "severe"]
    cause: str


class Sampled(NamedTuple):
    """What the samples of a run score that are drawn with a moving average of the generator's weights."""

    w1: float | None = None
    energy: float | None = None
    recall: float | None = None
    precision: float | None = None
    coverage: float | None = None
    starved: float | None = None
    fresh_auc: float | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What holds for a whole run; it stands in the run's first row."""

    objective: str = ""
    bounded: bool = False
    needs_lipschitz: bool = False
    equilibrium: float | None = None
    constraint: str = "none"
    """Name of what bounds the critic's slope."""
    constraint_weight: float | None = None
    target_slope: float = 1.0
    """Slope the penalty asks for."""
    probability: bool = False
    """The discriminator ends in a sigmoid, which is undone before anything is measured."""
    spread: float | None = None
    """Root mean squared distance of real rows to their mean."""
    rows: int = 0
    real_rows: int = 0
    compared_rows: int = 0
    nulls: Mapping[str, tuple[float | None, float | None]] = dataclasses.field(default_factory=dict)
    """Statistic -> mean and standard deviation between real rows and real rows."""
    fresh_error: float | None = None
    """Standard error of `fresh_auc` where real and fake do not differ."""
    every: int | None = None
    """Steps between the first probes."""
    batch: int | None = None
    """Rows of a batch, where they are known."""
    average: float | None = None
    """Decay of the moving average of the generator's weights, where there is one."""
    g_lr: float | None = None
    """The generator's learning rate, where its optimiser was handed over."""
    d_lr: float | None = None
    optimizer: str = ""
    """Which kind of optimiser: adam, rmsprop or sgd."""
    wiring: tuple[Finding, ...] = ()
    """Mistakes seen before the first step."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRow:
    """What one probe measured; None where it did not, or where the number was not finite."""

    step: int
    about: About | None = None
    """In the first row of a run alone."""
    wide: bool = False
    """This probe compared sample sets too."""
    nonfinite: str | None = None
    """The network that turned NaN or infinite; nothing else was measured then."""
    module: str = ""
    """Where in that network."""

    logit_slope: float | None = None
    """|dL/ds|, of the generator's loss in the scores of fakes; median over samples."""
    dl_dp: float | None = None
    dp_ds: float | None = None
    critic_slope: float | None = None
    """|ds/dx| in spreads of the data."""
    critic_layers: Layers | None = None
    """|ds/dh| by layer, from the output back to x."""
    generator_layers: Layers | None = None
    """|dL/dW| / |W| by layer, from the output back to z."""
    generator_gradient: float | None = None
    signal: float | None = None
    """|dL/dx| in spreads of the data."""
    cancellation: float | None = None
    zeros: float | None = None
    dead: float | None = None
    g_loss: float | None = None
    d_loss: float | None = None

    auc: float | None = None
    """How often a real row scores above a fake one."""
    auc_error: float | None = None
    real_score: float | None = None
    fake_score: float | None = None
    score_sd: float | None = None
    fake_scale: float | None = None
    """Distance of fakes to the data's centre, in spreads of the data."""
    slope_real: Quantiles | None = None
    slope_fake: Quantiles | None = None
    slope_between: Quantiles | None = None
    g_update: float | None = None
    """|step| / |weights| of the last step."""
    g_alignment: float | None = None
    """Cosine between the last step and descent on the loss."""
    d_update: float | None = None
    d_alignment: float | None = None
    g_added: float | None = None
    """Cosine of what one step added to the generator's gradient in the loop, and the declared one."""
    g_carried: float | None = None
    """|gradient| that was there before that step, in units of what it added or of the declared one."""
    d_loss_given: float | None = None
    """The discriminator's loss that the loop handed over."""
    d_loss_squashed: float | None = None
    """What `d_loss` would be if the scores went through a sigmoid first."""

    auc_train: float | None = None
    """How often a training row scores above a held-out one."""
    auc_train_error: float | None = None
    coverage: float | None = None
    recall: float | None = None
    precision: float | None = None
    density: float | None = None
    duplicates: float | None = None
    distinct: float | None = None
    """Share of fakes that are left where near-copies are counted once."""
    pairwise: float | None = None
    energy: float | None = None
    fresh_auc: float | None = None
    """AUC of a discriminator trained from scratch."""
    starved: float | None = None
    imbalance: float | None = None
    missing: tuple[int, ...] | None = None
    w1: float | None = None
    w1_floor: float | None = None
    w1_floor_sd: float | None = None
    sampled: Sampled | None = None
    """Where a moving average draws the samples: all other numbers are of the weights that train."""
    gap: float | None = None
    certified: float | None = None
    certified_share: float | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PointRow:
    """Mean of a few fixed samples along the main directions of the data, in its standard deviations."""

    step: int
    point: tuple[float | None, ...]


Row = ProbeRow | PointRow
WIDE_EVERY = 5
"""Every fifth probe also compares sample sets."""


def made(values: Mapping[str, Any]) -> Row:
    """Make a row of what was just measured.

    Args:
        values: by name: the fields of `PointRow`, or of `ProbeRow` without those that were not measured.

    Raises:
        TypeError: a name that no row has.

    Example:
        >>> made({"step": 3, "auc": float("nan")}).auc is None
        True
    """
    kind = PointRow if "point" in values else ProbeRow
    for name in values:
        if name not in kind.__dataclass_fields__:
            raise TypeError(f"a {kind.__name__} has no {name!r}")
    return read(values)


def read(entry: Mapping[str, Any]) -> Row:
    """Read a row of `diagnosis.jsonl`, of this version or another.

    Args:
        entry: a JSON object with a `step`; keys that are not known here are left out, and a value that is not
            of its kind counts as not measured.

    Raises:
        KeyError: a row without a step.

    Example:
        >>> read({"step": 3, "point": [0.5, None]})
        PointRow(step=3, point=(0.5, None))
    """
    step = int(entry["step"])
    if "point" in entry:
        return PointRow(step=step, point=tuple(_number(value) for value in _listed(entry["point"])))
    fields = ProbeRow.__dataclass_fields__
    known: dict[str, Any] = {
        name: _READERS[name](value) if name in _READERS else _number(value)
        for name, value in entry.items()
        if name in fields
    }
    return ProbeRow(**{**known, "step": step})


def read_all(entries: Sequence[Mapping[str, Any] | Row]) -> list[Row]:
    """Read many rows; those that are typed already stay as they are."""
    return [read(entry) if isinstance(entry, Mapping) else entry for entry in entries]


def as_json(row: Row) -> dict[str, Any]:
    """Write a row as a JSON object, without what was not measured.

    Example:
        >>> as_json(read({"step": 3, "auc": 0.5, "missing": [1], "wide": True}))
        {'step': 3, 'wide': True, 'auc': 0.5, 'missing': [1]}
    """
    measured = {name: getattr(row, name) for name in row.__dataclass_fields__}
    return {
        name: _plain(value)
        for name, value in measured.items()
        if value is not None and value is not False and value != ""
    }


def _plain(value: Any) -> Any:
    """A value as JSON has it: lists for tuples, objects for tuples with names."""
    if isinstance(value, About):
        return {name: _plain(getattr(value, name)) for name in About.__dataclass_fields__}
    if isinstance(value, Finding | Sampled):
        return {name: entry for name, entry in value._asdict().items() if entry is not None}
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, tuple) else value


def _number(value: Any) -> float | None:
    """A finite number as it is."""
    if type(value) is float:
        return value if math.isfinite(value) else None
    plain = isinstance(value, float | int) and not isinstance(value, bool)
    return value if plain and math.isfinite(value) else None


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _quantiles(value: Any) -> Quantiles | None:
    if len(_listed(value)) != 3:
        return None
    median, high, largest = (_number(entry) for entry in value)
    return median, high, largest


def _layers(value: Any) -> Layers | None:
    if not isinstance(value, list | tuple):
        return None
    return tuple((str(layer[0]), _number(layer[1])) for layer in value if len(_listed(layer)) == 2)


def _places(value: Any) -> tuple[int, ...]:
    return tuple(place for place in _listed(value) if isinstance(place, int))


def _about(value: Any) -> About | None:
    if isinstance(value, About) or not isinstance(value, Mapping):
        return value if isinstance(value, About) else None
    known = {name: entry for name, entry in value.items() if name in About.__dataclass_fields__}
    for name in ("equilibrium", "constraint_weight", "spread", "fresh_error", "average", "g_lr", "d_lr"):
        known[name] = _number(known.get(name))
    target = _number(known.get("target_slope"))
    nulls = known.get("nulls")
    return About(
        **{
            **known,
            "target_slope": 1.0 if target is None else target,
            "nulls": {
                str(name): (_number(pair[0]), _number(pair[1]))
                for name, pair in (nulls.items() if isinstance(nulls, Mapping) else ())
                if len(_listed(pair)) == 2
            },
            "wiring": tuple(map(_finding, _listed(known.get("wiring")))),
        }
    )


def _sampled(value: Any) -> Sampled | None:
    if isinstance(value, Sampled):
        value = value._asdict()
    if not isinstance(value, Mapping):
        return None
    return Sampled(**{name: _number(value.get(name)) for name in Sampled._fields})


def _finding(value: Any) -> Finding:
    kind, severity, cause = value if isinstance(value, Finding) else (value[name] for name in Finding._fields)
    return Finding(kind, severity, cause)


_READERS: dict[str, Callable[[Any], Any]] = {
    "about": _about,
    "wide": bool,
    "nonfinite": lambda value: value if isinstance(value, str) else None,
    "module": str,
    "critic_layers": _layers,
    "generator_layers": _layers,
    "slope_real": _quantiles,
    "slope_fake": _quantiles,
    "slope_between": _quantiles,
    "missing": _places,
    "sampled": _sampled,
}
