"""Sweeps: one recipe at many points, each a value for every field that varies, each over several seeds."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from ganscope.build.settings import AUTO, resolve
from ganscope.comparison import points
from ganscope.comparison.budget import Budget, Plan, check, command_line, same_for_all
from ganscope.comparison.execute import Comparison, carry_out
from ganscope.contracts import BadInput, Dataset
from ganscope.data.find import load_data
from ganscope.running import Prepared, open_engine, prepare
from ganscope.running.launching import launcher
from ganscope.words.complaints import flag, unknown

Mode = Literal["grid", "random"]
Vary = Mapping[str, object] | Sequence[str]
"""`{"g_lr": [1e-4, 1e-3], "penalty_weight": "0.1..10:log:5"}`, or `["g_lr=1e-4,1e-3", ...]`."""
MOST_RUNS = 100_000


def plan_sweep(
    data: str = "digits",
    recipe: str = "r1",
    vary: Vary = (),
    *,
    mode: Mode = "grid",
    samples: int | None = None,
    seeds: int = 4,
    seed: int = 0,
    steps: int | None = None,
    budget: Budget = "samples",
    stack: int = 0,
    out: str | Path | None = None,
    **fields: Any,
) -> Plan:
    """Work out what a sweep will train, and refuse what cannot work.

    Args:
        data: a built-in data set, or the path of a file or folder.
        recipe: a recipe's name or file, or `auto`; its values stand where nothing varies.
        vary: which fields take which values: see `points.parse`.
        mode: "grid", every combination; "random", `samples` points drawn from the values and ranges.
        samples: how many points with mode "random".
        seeds: runs per point, at least 1.
        seed: the first seed; points are drawn from it too.
        steps: see `plan`; it holds for every point unless it varies.
        budget: "samples", every point sees as many real rows; or "steps", takes as many generator steps.
        stack: most runs that train as one program; with 0 the machine decides, 1 trains each alone.
        out: the sweep's folder; by default `runs/sweep-<data>-<recipe>`.
        **fields: configuration fields for all points.

    Returns:
        The plan, its points in the place of recipes.

    Raises:
        BadInput: an unknown or fixed field, an empty or reversed range, a point the configuration refuses.

    Example:
        >>> planned = plan_sweep("ring", "r1", {"g_lr": [1e-4, 1e-3], "penalty_weight": "0.1..10:log:3"})
        >>> len(planned.recipes), planned.recipes[1]
        (6, 'g_lr=0.0001,penalty_weight=1')
    """
    pairs = _pairs(vary)
    axes = _axes(pairs, {**fields, **({} if steps is None else {"steps": steps})})
    options = {
        "mode": mode, "samples": samples, "seeds": seeds, "seed": seed, "steps": steps, "budget": budget,
        "stack": stack or None, "out": out, **fields,
    }  # fmt: skip
    seed = check(data, seeds, seed, steps, budget, None)
    _check(mode, samples, budget, stack)
    given = {**fields, "data": str(data), **({} if steps is None else {"steps": steps})}
    if recipe != AUTO:
        resolve(recipe, {key: value for key, value in given.items() if key in ("data", "size")})
    chosen = points.grid(axes) if mode == "grid" else points.sample(axes, samples or 0, seed)
    if len(chosen) * seeds > MOST_RUNS:
        raise BadInput(
            f"{len(chosen)} points of {seeds} seeds are more than {MOST_RUNS} runs: leave values out, or use "
            "--mode random --samples N."
        )
    loading = resolve(None, {key: given[key] for key in ("data", "size", "columns") if key in given})
    dataset = load_data(data, loading.size, None, loading.columns)
    ready = [_prepared({**given, "recipe": recipe}, point, dataset) for point in chosen]
    configs = [prepared.config for prepared in ready]
    if "steps" not in axes:
        configs = same_for_all(configs, budget, steps, fields.get("batch_size"))
    # as the configuration understood them: "1e-4" and 1e-4 are one value
    names = points.labels([{field: config.flat()[field] for field in axes} for config in configs])
    for one, other in itertools.pairwise(sorted(names)):
        if one == other:
            raise BadInput(f"two points of the sweep are {one}: give each value once.")
    rows = [tuple(c.model_copy(update={"seed": seed + k}) for k in range(seeds)) for c in configs]
    folder = Path("runs") / f"sweep-{Path(data).stem}-{configs[0].recipe}" if out is None else Path(out)
    varied = [word for pair in pairs for word in ("--vary", _word(*pair))]
    return Plan(
        out=folder,
        data=configs[0].data,
        recipes=tuple(names),
        seeds=tuple(range(seed, seed + seeds)),
        budget=budget,
        seconds=0.0,
        configs=tuple(rows),
        dataset=dataset,
        command=command_line(["sweep", str(data), recipe, *varied], options),
        auto={name: prepared.auto for name, prepared in zip(names, ready, strict=True)},
        swept=tuple(axes),
        stack=stack,
    )


def sweep(
    data: str = "digits",
    recipe: str = "r1",
    vary: Vary = (),
    *,
    progress: Callable[[str, dict[str, Any]], None] = lambda stack, event: None,
    stop: Callable[[], bool] = lambda: False,
    overwrite: bool = False,
    engine: str = "local",
    ray_address: str = "",
    **options: Any,
) -> Comparison:
    """Train a recipe at many points over several seeds, and write the report.

    Runs that differ in seed, learning rates, penalty weight or clip value alone train as one program.

    Args:
        data: see `plan_sweep`.
        recipe: see `plan_sweep`.
        vary: see `plan_sweep`.
        progress: called with the name of a stack and an event (step, steps, seconds, evaluation).
        stop: when it answers True, everything is saved and `Interrupted` raised.
        overwrite: replace a sweep that is there already.
        engine: see `compare`.
        ray_address: see `compare`.
        **options: see `plan_sweep` (mode, samples, seeds, seed, steps, budget, stack, out, any field).

    Returns:
        The sweep, its runs by the names of its points, its page at `.report`.

    Raises:
        BadInput: something that cannot work; nothing is written then.
        RunFailed: no run ended well.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     result = sweep("ring", "r1", {"g_lr": "1e-4,1e-3"}, seeds=1, steps=3, out=folder)
        >>> list(result.runs)
        ['g_lr=0.0001', 'g_lr=0.001']
    """
    with launcher(engine == "local") as launch:
        planned = plan_sweep(data, recipe, vary, **options)
        with open_engine(engine, ray_address, launch) as opened:
            return carry_out(planned, progress=progress, stop=stop, overwrite=overwrite, engine=opened)


def _pairs(vary: Vary) -> list[tuple[str, object]]:
    """What is given for each field that varies, in one form."""
    if isinstance(vary, Mapping):
        return [(name.replace("-", "_"), given) for name, given in vary.items()]
    pairs: list[tuple[str, object]] = []
    for text in [vary] if isinstance(vary, str) else vary:
        name, equals, values = str(text).partition("=")
        field = name.strip().lstrip("-").replace("-", "_")
        if not equals:
            raise BadInput(f"--vary {text} gives no values: {points.FORMS.format(field=field or 'g_lr')}.")
        pairs.append((field, values.strip()))
    return pairs


def _axes(
    pairs: Sequence[tuple[str, object]], fields: Mapping[str, Any]
) -> dict[str, points.Values | points.Range]:
    """Read what varies, by field."""
    if not pairs:
        raise BadInput("nothing varies: add --vary g_lr=1e-4,1e-3 or another field.")
    axes: dict[str, points.Values | points.Range] = {}
    for field, given in pairs:
        if field in axes:
            raise BadInput(f"--vary {field} is given twice: list all its values once.")
        if field in fields:
            raise BadInput(f"{flag(field)} and --vary {field} contradict each other: leave one of them out.")
        axes[field] = points.parse(field, given)
    return axes


def _word(field: str, given: object) -> str:
    """What was given for a field, in words of the command line."""
    if isinstance(given, Iterable) and not isinstance(given, str):
        given = ",".join(points.shown(value) for value in given)
    return f"{field}={given}"


def _prepared(given: Mapping[str, Any], point: points.Point, dataset: Dataset) -> Prepared:
    try:
        return prepare({**given, **point}, loaded=dataset)
    except BadInput as error:
        raise BadInput(f"at {points.label(point)}: {error}") from None


def _check(mode: str, samples: int | None, budget: str, stack: int) -> None:
    if mode not in get_args(Mode):
        raise BadInput(unknown("mode", mode, get_args(Mode)))
    if mode == "random" and samples is None:
        raise BadInput("--mode random needs to know how many points: add --samples 20 or another number.")
    if mode == "grid" and samples is not None:
        raise BadInput(f"--samples {samples} has no effect on a grid: leave it out, or add --mode random.")
    if budget == "seconds":
        raise BadInput("--budget seconds is for comparisons: a sweep's points share samples or steps.")
    if not isinstance(stack, int) or stack < 0:
        raise BadInput(f"--stack {stack} is not possible: give 1 or more runs, 0 for as many as pay.")
