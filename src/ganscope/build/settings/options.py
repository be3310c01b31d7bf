"""Every setting there is, by name: those of the groups, and the options of each family of networks."""

from __future__ import annotations

import functools
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ganscope.config import CUSTOM, GROUPS, RunConfig
from ganscope.config.names import construction_names, metric_names, network_names, objective_names
from ganscope.contracts import NetworkFamily
from ganscope.nets import NETS


def family_of(config: RunConfig) -> NetworkFamily | None:
    """Return the family of a configuration's networks; None where both are the user's own."""
    return NETS.get(config.family)


def options_of(config: RunConfig) -> Any:
    """Return the complete options of a configuration's networks, as its family takes them.

    Options of other families are left out: folders of earlier versions hold those too.

    Example:
        >>> options_of(RunConfig(g_width=64))
        Options(g_width=64, g_depth=3, g_norm='none', d_width=128, d_depth=3, d_norm='none', d_fourier=0.0)
    """
    family = NETS[config.family].options
    return family(**{name: value for name, value in config.options.items() if name in family.model_fields})


def completed(config: RunConfig) -> RunConfig:
    """Return the configuration with all options of its networks written out."""
    options = {} if config.family == CUSTOM else options_of(config).model_dump()
    idle = idle_options(config)
    kept = {name: value for name, value in options.items() if name not in idle}
    return config.model_copy(update={"options": kept})


def idle_options(config: RunConfig) -> tuple[str, ...]:
    """Name the options of players that are the user's own.

    Example:
        >>> idle_options(RunConfig(network="own+mlp"))
        ('g_width', 'g_depth', 'g_norm')
    """
    letters = {"generator": "g", "discriminator": "d"}
    return tuple(name for player in config.own for name in player_options(letters[player]))


@functools.cache
def settings_by_group() -> dict[str, dict[str, FieldInfo]]:
    """All settings by group, in the order of flags; options that families share stand once.

    Example:
        >>> list(settings_by_group()["network"])[:4]
        ['network', 'latent_dim', 'g_width', 'g_depth']
    """
    groups = {name: dict(group.model_fields) for name, group in GROUPS.items()}
    for family in NETS.values():
        for name, field in family.options.model_fields.items():
            groups["network"].setdefault(name, field)
    return groups


def settings() -> dict[str, FieldInfo]:
    """All settings by name."""
    return {name: field for group in settings_by_group().values() for name, field in group.items()}


def families_with(option: str) -> list[str]:
    """Name the families of networks that take an option.

    Example:
        >>> families_with("g_depth"), families_with("steps")
        (['mlp', 'ctgan'], [])
    """
    return [name for name, family in NETS.items() if option in family.options.model_fields]


def described(setting: str) -> str:
    """Say what a setting is; for an option that families understand differently, what each makes of it.

    Example:
        >>> described("g_width")
        'Generator: units per layer (mlp), channels before its last layer (dcgan), units per layer (ctgan).'
        >>> described("steps")
        'Generator updates.'
    """
    by_family = {name: NETS[name].options.model_fields[setting] for name in families_with(setting)}
    texts = {name: str(field.description) for name, field in by_family.items()}
    if len(set(texts.values())) <= 1:
        only = f" ({', '.join(texts)} only)." if texts and len(texts) < len(NETS) else ""
        text = str(settings()[setting].description)
        return text.removesuffix(".") + only if only else text
    player = next(iter(texts.values())).partition(": ")[0]
    each = ", ".join(f"{text.partition(': ')[2].removesuffix('.')} ({n})" for n, text in texts.items())
    return f"{player}: {each}."


def player_options(player: str, options: type[BaseModel] | None = None) -> tuple[str, ...]:
    """Name the options of one player, of all families or of one."""
    every = [options] if options is not None else [family.options for family in NETS.values()]
    names = dict.fromkeys(name for one in every for name in one.model_fields)
    return tuple(name for name in names if name.startswith(f"{player}_"))


def choices(setting: str) -> list[str]:
    """List the names a setting takes, `own` left out; empty for numbers and free text.

    Example:
        >>> choices("network"), choices("steps")
        (['mlp', 'dcgan', 'ctgan'], [])
    """
    if setting == "objective":
        return list(objective_names())
    if setting == "network":
        return list(network_names())
    if setting == "best_by":
        return list(metric_names())
    if setting == "d_lipschitz":
        return ["none", *construction_names()]
    field = settings().get(setting)
    annotation = None if field is None else field.annotation
    parts = [annotation, *get_args(annotation)]
    return [str(c) for part in parts if get_origin(part) is Literal for c in get_args(part)]


INHERITED = ("network", "latent_dim", "pack", "d_lipschitz", *player_options("g"), *player_options("d"))
"""Settings that decide the shapes of the networks, and so come with the weights of an earlier run."""
