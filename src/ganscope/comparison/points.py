"""The points of a sweep: fields that take several values or a range, every combination or a random sample."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ganscope.build.settings import settings
from ganscope.contracts import BadInput
from ganscope.words.complaints import refuse_fraction, unknown
from ganscope.words.sentences import shortened

MOST_POINTS = 10_000
MOST_LETTERS = 120
"""In the name of a point's folder; longer ones become numbers."""
_EXECUTION = "it decides how a run is carried out or recorded, not what it learns"
FIXED: dict[str, str] = {
    "data": "sweep one data set after the other",
    "size": "it belongs to the data: sweep one size after the other",
    "seed": "--seeds N trains every point with N seeds",
    "recipe": "ganscope compare sets recipes side by side",
    **dict.fromkeys(
        (
            "device", "threads", "log_every", "evaluate_every", "checkpoint_every", "keep_checkpoints",
            "keep_every", "keep_best", "track", "best_by",
        ),
        _EXECUTION,
    ),
}  # fmt: skip
"""Fields that cannot vary within a sweep, and what to do instead."""
FORMS = "write {field}=1,2,5 or {field}=1..5:3 or {field}=0.1..10:log:5"

Point = dict[str, Any]
"""One value for each field that varies."""


class Values(NamedTuple):
    """A field that takes each of some values."""

    values: tuple[Any, ...]


class Range(NamedTuple):
    """A field that takes any number from low to high."""

    low: float
    high: float
    log: bool
    whole: bool
    """Whole numbers only."""


def parse(field: str, given: object) -> Values | Range:
    """Read the values that a field takes.

    Args:
        field: name of a configuration field.
        given: a sequence of values, or text: `V,V,...`; `A..B:N` for N numbers at even distances;
            `A..B:log:N` at even ratios; `A..B` or `A..B:log` for any number in between, which is every whole
            number for a field that takes those. Numbers of a range are rounded to four digits.

    Returns:
        The values, or the range.

    Raises:
        BadInput: an unknown or fixed field, no value, or a range that is empty, reversed or makes no sense.

    Example:
        >>> parse("penalty_weight", "0.1..10:log:5")
        Values(values=(0.1, 0.3162, 1.0, 3.162, 10.0))
        >>> parse("n_critic", "1..4"), parse("objective", "hinge,minimax").values
        (Range(low=1.0, high=4.0, log=False, whole=True), ('hinge', 'minimax'))
    """
    _check_field(field)
    text = str(given) if isinstance(given, str | int | float) else None
    if text is not None and ".." in text:
        return _range(field, text)
    if text is None and not isinstance(given, Iterable):
        raise BadInput(f"{field} takes a sequence of values or text, not a {type(given).__name__}.")
    parts: Iterable[Any] = text.split(",") if text is not None else given  # type: ignore[assignment]
    values = tuple(dict.fromkeys(part.strip() if isinstance(part, str) else part for part in parts))
    if not values or "" in values:
        raise BadInput(f"--vary {field}={shortened(text or '')} lacks a value: {FORMS.format(field=field)}.")
    return Values(values)


def grid(axes: Mapping[str, Values | Range]) -> list[Point]:
    """Combine every value of each field with every value of the others.

    Raises:
        BadInput: a range without a number of values, or too many points.

    Example:
        >>> grid({"g_lr": Values((0.1, 0.2)), "n_critic": Range(1, 2, False, True)})[:2]
        [{'g_lr': 0.1, 'n_critic': 1}, {'g_lr': 0.1, 'n_critic': 2}]
    """
    columns: dict[str, Sequence[Any]] = {}
    for field, axis in axes.items():
        if isinstance(axis, Values):
            columns[field] = axis.values
        elif axis.whole and not axis.log:
            columns[field] = range(math.ceil(axis.low), math.floor(axis.high) + 1)
        else:
            ends = f"{field}={axis.low:g}..{axis.high:g}" + (":log" if axis.log else "")
            raise BadInput(
                f"--vary {ends} does not say how many values: add :5 for five, or use --mode random."
            )
    count = math.prod(len(values) for values in columns.values())
    if count > MOST_POINTS:
        raise BadInput(
            f"this grid has {count} points, more than {MOST_POINTS}: leave values out, or use --mode random "
            "--samples N."
        )
    return [dict(zip(columns, values, strict=True)) for values in itertools.product(*columns.values())]


def sample(axes: Mapping[str, Values | Range], count: int, seed: int) -> list[Point]:
    """Draw different points at random: uniform over values and ranges, over logarithms where asked for.

    Args:
        axes: by field.
        count: how many points, at least 1.
        seed: the same seed draws the same points.

    Raises:
        BadInput: no count, or more points than there are.

    Example:
        >>> len(sample({"g_lr": Range(1e-4, 1e-2, True, False)}, 5, seed=0))
        5
    """
    refuse_fraction("--samples", count)
    if not 1 <= count <= MOST_POINTS:
        raise BadInput(f"--samples {count} is not possible: draw 1 to {MOST_POINTS} points.")
    if all(isinstance(axis, Values) for axis in axes.values()) and count > len(grid(axes)):
        raise BadInput(
            f"--samples {count} is more than the {len(grid(axes))} points there are: use --mode grid."
        )
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    points: dict[str, Point] = {}
    for _ in range(100 * count):  # whole numbers and roundings may meet
        point = {field: _drawn(axis, rng) for field, axis in axes.items()}
        points.setdefault(str(point), point)
        if len(points) == count:
            break
    return list(points.values())


def label(point: Mapping[str, Any]) -> str:
    """Name a point, and its folder.

    Example:
        >>> label({"g_lr": 1e-4, "objective": "hinge"})
        'g_lr=0.0001,objective=hinge'
    """
    return ",".join(f"{field}={shown(value)}" for field, value in point.items())


def labels(points: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name all points; those of a sweep too wide for names in words are numbered."""
    names = [label(point) for point in points]
    if all(len(name) <= MOST_LETTERS and "/" not in name for name in names):
        return names
    digits = len(str(len(points)))
    return [f"point-{number:0{digits}d}" for number in range(1, len(points) + 1)]


def shown(value: object) -> str:
    """Write a value as it stands in a table, and on the command line."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _check_field(field: str) -> None:
    if field in FIXED:
        raise BadInput(f"{field} cannot vary within a sweep: {FIXED[field]}.")
    if field not in settings():
        raise BadInput(unknown("field", field, settings(), "ganscope train --help lists all"))


def _range(field: str, text: str) -> Values | Range:
    kind = settings()[field].annotation
    if kind not in (int, float):
        raise BadInput(f"--vary {field}={text} is a range, and {field} takes no numbers: list its values.")
    ends, *options = text.split(":")
    log = options[:1] == ["log"]
    counts = options[1:] if log else options
    try:
        low, high = (float(end) for end in ends.split(".."))
        count = int(counts[0]) if counts else 0
    except ValueError:
        low, high, count = math.nan, math.nan, 0
    if len(counts) > 1 or not (math.isfinite(low) and math.isfinite(high)):
        raise BadInput(f"--vary {field}={shortened(text)} is no range: {FORMS.format(field=field)}.")
    if low >= high:
        what = "is empty" if low == high else "runs backwards"
        raise BadInput(f"--vary {field}={text} {what}: give the lower end first, then a higher one.")
    if log and low <= 0:
        raise BadInput(f"--vary {field}={text} has no logarithm: both ends must be above 0.")
    if counts and not 2 <= count <= MOST_POINTS:
        raise BadInput(f"--vary {field}={text} asks for {count} value(s): a range has 2 to {MOST_POINTS}.")
    axis = Range(low, high, log, kind is int)
    if not counts:
        return axis
    return Values(tuple(dict.fromkeys(_within(axis, k / (count - 1)) for k in range(count))))


def _drawn(axis: Values | Range, rng: random.Random) -> Any:
    """One value of a field."""
    return rng.choice(axis.values) if isinstance(axis, Values) else _within(axis, rng.random())


def _within(axis: Range, share: float) -> float:
    """The number at a share of the way from low to high, rounded; the ends as they were given."""
    if share in (0.0, 1.0):
        value = axis.low if share == 0 else axis.high
    else:
        exact = axis.low + share * (axis.high - axis.low)
        if axis.log:
            exact = axis.low * math.pow(axis.high / axis.low, share)
        value = min(max(float(f"{exact:.4g}"), axis.low), axis.high)
    return round(value) if axis.whole else value
