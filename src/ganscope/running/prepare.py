"""Everything that is settled before a run starts: configuration, data, and that they can work together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ganscope.build.check import check
from ganscope.build.settings import AUTO, completed, player_options, resolve
from ganscope.config import OWN, RunConfig
from ganscope.config.auto import Setting, auto_settings
from ganscope.config.names import data_names
from ganscope.contracts import BadInput, Dataset, Objective
from ganscope.data.find import load_data
from ganscope.folder import layout
from ganscope.running import finetune
from ganscope.running.memory import check_memory
from ganscope.running.run import Run
from ganscope.words.complaints import flag

if TYPE_CHECKING:
    from torch import nn

    from ganscope.data.find import DataLike


class Prepared(NamedTuple):
    """A run that can start."""

    config: RunConfig
    data: Dataset
    auto: tuple[Setting, ...] = ()
    """What the recipe `auto` chose, as far as nothing given overrides it."""
    start: finetune.Start | None = None
    """The checkpoint it begins at, where it is fine-tuned."""


def prepare(
    config: RunConfig | Mapping[str, Any] | str,
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    data: str | Path | DataLike | None = None,
    objective: Objective | None = None,
    start: str | Path | Run | None = None,
    heal: bool = False,
    tell: Callable[[str], None] = lambda text: None,
    loaded: Dataset | None = None,
) -> Prepared:
    """Complete a configuration, load its data, and refuse what cannot work. Nothing is written.

    Args:
        config: see `train`; likewise the other arguments.
        generator: see `train`.
        discriminator: see `train`.
        data: see `train`.
        objective: see `train`.
        start: see `train`.
        heal: see `train`.
        tell: told of damaged checkpoints of `start` that were passed over.
        loaded: what the configuration's data is, where it has been loaded already.

    Returns:
        The run, ready to start.

    Raises:
        BadInput: whatever is wrong, in one sentence.
    """
    given = _given(config) | ({"heal": True} if heal else {})
    recipe = given.pop("recipe", None)
    if isinstance(data, str | Path):
        given["data"], data = str(data), None
    elif data is not None:
        given["data"] = OWN
    chosen: list[Setting] = []
    if isinstance(config, RunConfig):
        complete = completed(config.changed(**given))
    elif recipe == AUTO:
        complete = resolve(None, {key: given[key] for key in ("data", "size") if key in given})
    else:
        complete = resolve(recipe, given)
    if loaded is None:
        loaded = load_data(data if data is not None else complete.data, complete.size)
    if recipe == AUTO:
        wishes = auto_settings(loaded.shape, len(loaded.train), given.get("network"))
        chosen = [setting for setting in wishes if setting.field not in given]
        complete = resolve(AUTO, given, {setting.field: setting.value for setting in chosen})
    complete = _with_own(complete, given, generator, discriminator, objective)
    begin = None
    if start is not None:
        begin = finetune.find(start.folder if isinstance(start, Run) else Path(start), tell=tell)
        complete = finetune.inherit(complete, given, begin)
        chosen = [setting for setting in chosen if setting.field not in finetune.INHERITED]
    if complete.data not in (*data_names(), OWN):
        complete = complete.model_copy(update={"data": str(Path(complete.data).absolute())})
    if complete.network != OWN:
        check_memory(complete, loaded)
    pair = check(complete, loaded, generator, discriminator, objective)
    if begin is not None:
        finetune.check_fit(begin, *pair)
    return Prepared(complete, loaded, tuple(chosen), begin)


def default_folder(config: RunConfig) -> Path:
    """Where a run goes when nobody says: `runs/<data>-<recipe>-seed-<n>`."""
    return Path("runs") / f"{Path(config.data).stem}-{config.recipe}-{layout.seed_folder(config.seed)}"


def _given(config: RunConfig | Mapping[str, Any] | str) -> dict[str, Any]:
    """What the user gave, in a dict of its own; nothing for a configuration that is complete already."""
    if isinstance(config, RunConfig):
        return {}
    if isinstance(config, str):
        return {"recipe": config}
    if not isinstance(config, Mapping):
        raise BadInput(
            f"a configuration of type {type(config).__name__} cannot be used: give a recipe's name, a "
            "mapping of fields or a RunConfig."
        )
    return {key: str(value) if isinstance(value, Path) else value for key, value in config.items()}


def _with_own(
    config: RunConfig,
    given: Mapping[str, Any],
    generator: nn.Module | None,
    discriminator: nn.Module | None,
    objective: Objective | None,
) -> RunConfig:
    """Note in the configuration which objects are the user's own, and refuse fields they make idle."""
    own: dict[str, tuple[object, tuple[str, ...]]] = {
        "generator": (generator, player_options("g")),
        "discriminator": (discriminator, (*player_options("d"), "d_lipschitz")),
        "objective": (objective, ("objective",)),
    }
    for name, (value, fields) in own.items():
        for field in fields if value is not None else ():
            if field in given and given[field] != OWN:
                raise BadInput(
                    f"{flag(field)} {given[field]} has no effect on a {name} of your own: leave it out."
                )
    changes: dict[str, Any] = {}
    if generator is not None or discriminator is not None:
        changes |= {"network": OWN, "options": {}}
    if objective is not None:
        changes["objective"] = OWN
    return config.model_copy(update=changes)
