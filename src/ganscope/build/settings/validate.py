"""Settings checked one by one: names that exist, values in their range, each complaint one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from ganscope.build.settings.options import choices, completed, families_with, settings
from ganscope.config import CUSTOM, RunConfig, flattened
from ganscope.config.run_config import OF_A_PLAYER
from ganscope.nets import NETS
from ganscope.words.complaints import BadField, flag, unknown
from ganscope.words.sentences import shortened, uncapitalised


def validated(values: Mapping[str, Any], given: Mapping[str, Any] | None = None) -> RunConfig:
    """Make a complete configuration of values.

    Args:
        values: settings by name, or in the tables of their groups.
        given: what of them the user set explicitly: an option that the networks do not have is refused
            there, and left out where a recipe sets it. All of them where None.

    Raises:
        BadInput: an unknown setting, or a value that cannot be used, in one sentence.
    """
    values = flattened(values)
    given = values if given is None else given
    known = settings()
    for key in values:
        if key not in known and key != "recipe":
            listed = "ganscope train --help lists all"
            raise BadField(str(key), unknown("option", key, known, listed))
    network = values.get("network", RunConfig.model_fields["network"].default)
    parts = str(network).split("+")
    each = parts * 2 if len(parts) == 1 else parts
    prefixes = tuple(prefix for prefix, part in zip(OF_A_PLAYER, each, strict=False) if part == CUSTOM)
    family = next((part for part in parts if part != CUSTOM), CUSTOM)
    foreign = [
        key
        for key in values
        if (having := families_with(key)) and (family not in having or key.startswith(prefixes))
    ]
    for key in foreign if family in (*NETS, CUSTOM) else ():
        if key in given:
            where, use = f"network {network}", f", or use --network {' or '.join(families_with(key))}"
            if prefixes:
                where, use = "networks of your own", ""
            raise BadField(key, f"{flag(key)} {given[key]} has no effect on {where}: leave it out{use}.")
    kept = {key: value for key, value in values.items() if key not in foreign}
    try:
        fields = {key: value for key, value in kept.items() if key in RunConfig.model_fields}
        options = {key: value for key, value in kept.items() if key not in fields}
        return completed(RunConfig(**fields, options=options))
    except ValidationError as error:
        raise BadField(str((error.errors()[0]["loc"] or ("",))[0]), explain(error)) from None


def explain(error: ValidationError) -> str:
    """Turn the first complaint of the validator into one sentence with the flag, the value and the remedy.

    Example:
        >>> try:
        ...     _ = RunConfig(steps=0)
        ... except ValidationError as error:
        ...     print(explain(error))
        --steps 0 cannot be used: it should be greater than or equal to 1. (Generator updates.)
    """
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else "configuration"
    if first["type"] == "literal_error":
        return unknown(name, first["input"], choices(name))
    if first["type"] == "value_error":
        return first["msg"].removeprefix("Value error, ")
    field = settings().get(name)
    about = f" ({field.description})" if field is not None and len(field.description or "") < 90 else ""
    plain = uncapitalised(first["msg"].replace("Input should be", "it should be"))
    plain = plain.replace(", unable to parse string as a number", "").replace(
        ", unable to parse string as an integer", ""
    )
    return f"{flag(name)} {shortened(repr(first['input']))} cannot be used: {plain}.{about}"
