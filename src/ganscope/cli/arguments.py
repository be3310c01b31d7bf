"""Arguments that commands share: the settings of a run as flags, in their groups, and a few switches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter, Token
from pydantic import BaseModel, Field, create_model

from ganscope.build.settings import choices, described, settings_by_group
from ganscope.config.names import data_names
from ganscope.contracts import BadInput

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
            about = f"{described(name)} Default {field.default}."
            if name == "columns":
                named = Parameter(name="--column", negative="", group=shown.group)
                fields[name] = (Annotated[list[str] | None, named], Field(None, description=about))
                continue
            names = choices(name)
            kind: Any = Literal[tuple(names)] if names else field.annotation
            fields[name] = (Annotated[kind | None, shown], Field(None, description=about))
    return create_model("Flags", **fields)


def given(fields: BaseModel | None) -> dict[str, Any]:
    """Return the settings that were given, by name."""
    values = {} if fields is None else fields.model_dump(exclude_unset=True)
    if values.get("columns"):
        values["columns"] = _kinds(values["columns"])
    return values


def _kinds(pairs: Sequence[str]) -> dict[str, str]:
    """Read what is said of columns, each as COLUMN=KIND; a column's name may hold = itself."""
    kinds: dict[str, str] = {}
    for pair in pairs:
        column, _, kind = pair.rpartition("=")
        if not column or not kind:
            raise BadInput(f"--column {pair} says nothing: give COLUMN=KIND, as in --column age=integer.")
        if column in kinds:
            raise BadInput(f"--column names '{column}' twice: say once what it is.")
        kinds[column] = kind
    return kinds


if TYPE_CHECKING:
    DataArgument = str
    Overrides = BaseModel
else:  # so that help and completion show the names and the flags
    DataArgument = Literal[data_names()] | str
    Overrides = Annotated[_flags(), Parameter(name="*", show_default=False)]


def whole_number(kind: type, tokens: Sequence[Token]) -> int:  # noqa: ARG001
    """Read a whole number; 30.0 is one, and 1.5 is refused, as it is for settings."""
    text = tokens[0].value
    if "." in text and not float(text).is_integer():
        raise ValueError(f"{text} is no whole number")
    return int(float(text)) if "." in text else int(text)


Whole = Annotated[int, Parameter(converter=whole_number)]
"""A number that is counted; by itself the parser would round it."""
Json = Annotated[bool, Parameter(name="--json", negative="", show_default=False)]
EngineName = Literal["local", "ray"]
Switch = Annotated[bool, Parameter(negative="", show_default=False)]
