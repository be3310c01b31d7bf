"""A prepared run: one object that holds everything a run needs to start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from ganscope.build.check import check
from ganscope.build.intervals import thread_count
from ganscope.build.networks import networks, outlines
from ganscope.build.settings import AUTO, INHERITED, completed, default_folder, player_options, resolve
from ganscope.config import CUSTOM, RunConfig
from ganscope.config.auto import Setting, auto_settings
from ganscope.config.names import data_names, network_names
from ganscope.contracts import BadInput, Dataset, Objective
from ganscope.data.find import check_unchanged, load_data
from ganscope.evaluation import Evaluation
from ganscope.folder import checkpoint
from ganscope.folder.read import Description
from ganscope.running import finetune
from ganscope.running.memory import check_memory
from ganscope.running.run import Run
from ganscope.words.complaints import flag

if TYPE_CHECKING:
    from torch import nn

    from ganscope.data.find import DataLike


class Custom(NamedTuple):
    """Objects that a user hands over in Python, in the place of names in a configuration."""

    generator: nn.Module | None = None
    """`[B, latent_dim] -> [B, *shape]`; trained in place."""
    discriminator: nn.Module | None = None
    """`[B, *shape] -> [B]` or `[B, 1]`, raw logits; trained in place."""
    objective: Objective | None = None


BUILT_IN = Custom()
"""No object of the user's own: everything is named in the configuration."""


@dataclass(frozen=True)
class Prepared:
    """A run, or a stack of runs of one program, that can start or go on, with everything it needs.

    The costly parts, the networks and the floors of the evaluation, are made once, where the runs begin.
    """

    configs: tuple[RunConfig, ...]
    """One for each run; those of a stack are of one `program`."""
    folders: tuple[Path, ...]
    """One for each run."""
    evaluation: Evaluation
    """The data, with its metrics and floors."""
    custom: Custom = BUILT_IN
    auto: tuple[Setting, ...] = ()
    """What the recipe `auto` chose, as far as nothing given overrides it."""
    start: finetune.Start | None = None
    """The checkpoint of another run that a fine-tuned run begins at."""
    earlier: Description | None = None
    """What the folder of the first run says of a run that goes on; None for a new one."""

    @property
    def config(self) -> RunConfig:
        """What all runs have in common (that of the first)."""
        return self.configs[0]

    @property
    def data(self) -> Dataset:
        """What the runs learn."""
        return self.evaluation.data

    @property
    def fine_tuned(self) -> bool:
        """Whether its first weights come from another run."""
        return self.start is not None or (self.earlier is not None and self.earlier.origin is not None)

    @property
    def threads(self) -> int:
        """As many threads as before, for the sums depend on it; else as configured; else what pays."""
        if self.earlier is not None:
            return self.earlier.threads
        return thread_count(self.config, torch.get_num_threads())

    def build_networks(self) -> list[tuple[nn.Module, nn.Module]]:
        """Build generator and discriminator of each run, as they are before the first step."""
        generator, discriminator, _ = self.custom
        return [networks(config, self.data, generator, discriminator) for config in self.configs]

    def check(self, config: RunConfig) -> tuple[nn.Module, nn.Module]:
        """Refuse a configuration that cannot work with these data and objects.

        Returns:
            Its networks, without numbers where they are built-in ones.

        Raises:
            BadInput: what does not fit, in one sentence.
        """
        check(config, self.data, *self.custom)
        return outlines(config, self.data, self.custom.generator, self.custom.discriminator)


def prepare(
    config: RunConfig | Mapping[str, Any] | str,
    custom: Custom = BUILT_IN,
    data: str | Path | DataLike | None = None,
    start: str | Path | Run | None = None,
    loaded: Dataset | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> Prepared:
    """Complete a configuration, open its data, and refuse what cannot work. Nothing is written.

    Args:
        config: see `train`.
        custom: the user's own networks and objective.
        data: see `train`.
        start: see `train`.
        loaded: what the configuration's data is, where it has been opened already.
        tell: called with a sentence about each damaged checkpoint of `start` that is skipped.

    Returns:
        The run, ready to start, in its default folder.

    Raises:
        BadInput: what is wrong, in one sentence.
    """
    given = _given(config)
    recipe = given.pop("recipe", None)
    if isinstance(data, str | Path):
        given["data"], data = str(data), None
    elif data is not None:
        given["data"] = CUSTOM
    chosen: list[Setting] = []
    if isinstance(config, RunConfig):
        complete = completed(config.changed(**given))
    elif recipe == AUTO:
        complete = resolve(None, {key: given[key] for key in ("data", "size", "columns") if key in given})
    else:
        complete = resolve(recipe, given)
    if loaded is None:
        loaded = load_data(data if data is not None else complete.data, complete.size, None, complete.columns)
    if recipe == AUTO:
        choices = sum(block.kind == "choice" for block in loaded.blocks)
        wishes = auto_settings(loaded.shape, len(loaded.train), given.get("network"), choices)
        chosen = [setting for setting in wishes if setting.field not in given]
        complete = resolve(AUTO, given, {setting.field: setting.value for setting in chosen})
    complete = _with_custom(complete, given, custom)
    begin = None
    if start is not None:
        begin = finetune.find(start.folder if isinstance(start, Run) else Path(start), tell=tell)
        complete = finetune.inherit(complete, given, begin)
        chosen = [setting for setting in chosen if setting.field not in INHERITED]
    if complete.data not in (*data_names(), CUSTOM):
        complete = complete.model_copy(update={"data": str(Path(complete.data).absolute())})
    if not complete.own:
        check_memory(complete, loaded)
    prepared = Prepared(
        (complete,), (default_folder(complete),), Evaluation(loaded), custom, tuple(chosen), begin
    )
    pair = prepared.check(complete)
    if begin is not None:
        finetune.check_fit(begin, *pair)
    return prepared


def reopen(
    descriptions: Sequence[Description],
    custom: Custom = BUILT_IN,
    data: DataLike | None = None,
    evaluation: Evaluation | None = None,
) -> Prepared:
    """Prepare runs that have begun to go on from their newest checkpoints.

    Args:
        descriptions: what the folders of all runs of a stack say, or that of one run.
        custom: the user's own networks and objective, as they were handed to `train`, untrained.
        data: the user's own data.
        evaluation: of their data, where it has been opened already.

    Returns:
        The runs, ready to go on.

    Raises:
        BadInput: an object of the user's own is missing, or the data have changed.
    """
    first = descriptions[0]
    config = first.config
    players = dict.fromkeys(config.own, CUSTOM)
    needed = {**players, "data": config.data, "objective": config.objective}
    given = {**custom._asdict(), "data": data if evaluation is None else evaluation}
    for name, value in needed.items():
        if value == CUSTOM and given[name] is None:
            raise BadInput(
                f"this run was trained with a {name} of your own: resume it in Python by "
                f"ganscope.resume(folder, {name}=...)."
            )
    if evaluation is None:
        evaluation = Evaluation(
            load_data(data if data is not None else config.data, config.size, first.data, config.columns)
        )
    check_unchanged(evaluation.data, first.data, str(first.folder))
    prepared = Prepared(
        tuple(described.config for described in descriptions),
        tuple(described.folder for described in descriptions),
        evaluation,
        custom,
        start=start_of(first),
        earlier=first,
    )
    prepared.check(config)
    return prepared


def start_of(described: Description) -> finetune.Start | None:
    """Find where else a run begins that has no checkpoint yet: at that of the run it was fine-tuned from."""
    if described.origin is None or checkpoint.steps(described.folder):
        return None
    return finetune.find(*described.origin)


def _given(config: RunConfig | Mapping[str, Any] | str) -> dict[str, Any]:
    """What the user gave, as a new dict; nothing for a configuration that is complete already."""
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


def _with_custom(config: RunConfig, given: Mapping[str, Any], custom: Custom) -> RunConfig:
    """Note in the configuration which objects are the user's own, and refuse fields they make idle."""
    idle = {
        "generator": player_options("g"),
        "discriminator": (*player_options("d"), "d_lipschitz"),
        "objective": ("objective",),
    }
    for name, value in custom._asdict().items():
        for field in idle[name] if value is not None else ():
            if field in given and given[field] != CUSTOM:
                raise BadInput(
                    f"{flag(field)} {given[field]} has no effect on a {name} of your own: leave it out."
                )
    changes: dict[str, Any] = {}
    players = (custom.generator, custom.discriminator)
    if all(player is not None for player in players):
        changes |= {"network": CUSTOM, "options": {}}
    elif any(player is not None for player in players) and config.network in network_names():
        changes["network"] = "+".join(config.network if player is None else CUSTOM for player in players)
    if custom.objective is not None:
        changes["objective"] = CUSTOM
    return completed(config.model_copy(update=changes))
