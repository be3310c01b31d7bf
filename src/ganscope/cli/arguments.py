"""Arguments that commands share: the settings of a run as flags, in their groups, and a few switches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter
from pydantic import BaseModel, Field, create_model

from ganscope.build.settings import choices, described, settings_by_group
from ganscope.config.names import data_names

OF_COMMANDS = ("data", "recipe", "seed")
"""Settings that commands take as arguments of their own."""


def _flags() -> type[BaseModel]:
    """All settings as optional flags, so that only what was given overrides a recipe."""
    fields: dict[str, Any] = {}
    for order, (group, settings) in enumerate(settings_by_group().items()):
        shown = Parameter(group=Group(f"{group.capitalize()} (overrides the recipe)", sort_key=9 + order))
        for name, field in settings.items():
            if name in OF_COMMANDS:
                continue
            names = choices(name)
            kind: Any = Literal[tuple(names)] if names else field.annotation
            about = f"{described(name)} Default {field.default}."
            fields[name] = (Annotated[kind | None, shown], Field(None, description=about))
    return create_model("Flags", **fields)


def given(fields: BaseModel | None) -> dict[str, Any]:
    """Return the settings that were given, by name."""
    return {} if fields is None else fields.model_dump(exclude_unset=True)


if TYPE_CHECKING:
    DataArgument = str
    Overrides = BaseModel
else:  # so that help and completion show the names and the flags
    DataArgument = Literal[data_names()] | str
    Overrides = Annotated[_flags(), Parameter(name="*", show_default=False)]

Json = Annotated[bool, Parameter(name="--json", negative="", show_default=False)]
EngineName = Literal["local", "ray"]
Switch = Annotated[bool, Parameter(negative="", show_default=False)]
