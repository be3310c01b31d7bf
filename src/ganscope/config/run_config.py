"""The complete configuration of a run: all groups together, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from ganscope.config.groups import (
    GROUPS,
    SETTINGS,
    ConstraintSettings,
    DataSettings,
    NetworkSettings,
    ObjectiveSettings,
    ObservingSettings,
    OptimisationSettings,
    RunningSettings,
)
from ganscope.config.names import (
    construction_names,
    metric_names,
    network_names,
    objective_names,
    penalty_names,
    trackers,
)
from ganscope.contracts import BadInput
from ganscope.words.complaints import unknown

CUSTOM = "own"
"""Stands in a configuration for an object that was handed over in Python."""
PLAYERS = ("generator", "discriminator")
OF_A_PLAYER = ("g_", "d_")
"""How a setting begins that is an option of the generator or discriminator."""


class RunConfig(
    ObservingSettings,
    RunningSettings,
    OptimisationSettings,
    NetworkSettings,
    ConstraintSettings,
    ObjectiveSettings,
    DataSettings,
):
    """Everything that decides a run. Each setting is a command-line flag of the same name.

    Settings are given by name, `RunConfig(steps=9, g_width=64)`, or in the tables of their groups,
    `RunConfig(**{"optimisation": {"steps": 9}, "network": {"g_width": 64}})`.

    Example:
        >>> RunConfig(objective="wasserstein", penalty="gradient-penalty", n_critic=5).n_critic
        5
        >>> RunConfig(g_width=64).options
        {'g_width': 64}
    """

    model_config = SETTINGS

    recipe: str = Field("custom", description="Name of the settings this run started from.")
    options: dict[str, Any] = Field({}, description="Options of the network's family.")

    @model_validator(mode="before")
    @classmethod
    def _sorted_into_place(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        plain = flattened(values)
        inside = values["network"] if isinstance(values.get("network"), Mapping) else {}
        options = {
            key: value
            for key, value in plain.items()
            if key not in cls.model_fields and (key in inside or key.startswith(OF_A_PLAYER))
        }
        fields = {key: value for key, value in plain.items() if key not in options}
        return {**fields, "options": {**fields.get("options", {}), **options}}

    @field_validator("objective")
    @classmethod
    def _known_objective(cls, value: str) -> str:
        return _known("objective", value, objective_names(), CUSTOM)

    @field_validator("network")
    @classmethod
    def _known_network(cls, value: str) -> str:
        parts = value.split("+")
        if len(parts) == len(PLAYERS) and parts.count(CUSTOM) == 1:  # one player of the user's own
            (name,) = (part for part in parts if part != CUSTOM)
            _known("network", name, network_names())
            return value
        return _known("network", value, network_names(), CUSTOM)

    @field_validator("d_lipschitz")
    @classmethod
    def _known_construction(cls, value: str) -> str:
        return _known("d_lipschitz", value, ("none", *construction_names()))

    @field_validator("best_by")
    @classmethod
    def _known_metric(cls, value: str) -> str:
        return _known("metric", value, metric_names())

    @field_validator("track")
    @classmethod
    def _known_trackers(cls, value: str) -> str:
        for name in filter(None, value.split("+")):
            if ":" not in name:
                _known("tracker", name, tuple(trackers()))
        return value

    @field_validator("penalty")
    @classmethod
    def _known_penalties(cls, value: str) -> str:
        names = value.split("+")
        for name in names:
            if value != "none" and name not in penalty_names():
                raise BadInput(unknown("penalty", name, (*penalty_names(), "none")))
            if names.count(name) > 1:
                raise BadInput(
                    f"--penalty {value} names {name} twice: name it once, at a higher --penalty-weight."
                )
        return value

    def flat(self) -> dict[str, Any]:
        """All settings by name, the options of the network's family among them."""
        values = self.model_dump()
        options = values.pop("options")
        ordered = {"recipe": values["recipe"]}
        for name, group in GROUPS.items():
            ordered |= {field: values[field] for field in group.model_fields}
            ordered |= options if name == "network" else {}
        return ordered

    def grouped(self) -> dict[str, Any]:
        """All settings in the tables of their groups.

        Example:
            >>> RunConfig(data="ring", g_width=64).grouped()["network"]
            {'name': 'mlp', 'latent_dim': 32, 'g_width': 64}
        """
        values = self.model_dump()
        tables: dict[str, Any] = {"recipe": values["recipe"]}
        for name, group in GROUPS.items():
            tables[name] = {"name" if field == name else field: values[field] for field in group.model_fields}
        tables["network"] |= values["options"]
        return tables

    def changed(self, **values: Any) -> Self:
        """Return the configuration with other values of some settings, by name; nothing is checked."""
        fields = {name: value for name, value in values.items() if name in type(self).model_fields}
        options = {name: value for name, value in values.items() if name not in fields}
        if options:
            fields["options"] = {**fields.get("options", self.options), **options}
        return self.model_copy(update=fields)

    @property
    def own(self) -> tuple[str, ...]:
        """Which networks are the user's own: none, one or both of `PLAYERS`.

        Example:
            >>> RunConfig(network="own+mlp").own, RunConfig(network="own").own
            (('generator',), ('generator', 'discriminator'))
        """
        parts = self.network.split("+")
        each = parts if len(parts) > 1 else parts * 2
        return tuple(player for player, part in zip(PLAYERS, each, strict=True) if part == CUSTOM)

    @property
    def family(self) -> str:
        """Name of the family of the networks that are not the user's own; `own` where both are.

        Example:
            >>> RunConfig(network="own+dcgan").family
            'dcgan'
        """
        return next((part for part in self.network.split("+") if part != CUSTOM), CUSTOM)

    @property
    def penalties(self) -> tuple[str, ...]:
        """Names of the penalties in force, in order."""
        return () if self.penalty == "none" else tuple(self.penalty.split("+"))

    @property
    def trackers(self) -> tuple[str, ...]:
        """The trackers that follow the run, each as `package.module:factory`."""
        return tuple(trackers().get(name, name) for name in self.track.split("+") if name)

    @property
    def logging_interval(self) -> int:
        """Steps between two rows of history."""
        return self.log_every or max(1, self.steps // 100)

    @property
    def evaluation_interval(self) -> int:
        """Steps between two evaluations."""
        return self.evaluate_every or max(1, self.steps // 10)

    @property
    def checkpoint_interval(self) -> int:
        """Steps between two checkpoints."""
        return self.checkpoint_every or max(1, self.steps // 10)

    @property
    def rollback_interval(self) -> int:
        """Steps between the checkpoints kept for a healing to go back to: about a tenth of the run."""
        return self.checkpoint_interval * max(1, self.steps // 10 // self.checkpoint_interval)


def flattened(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Bring settings in tables and settings by name into one form, by name.

    Args:
        tables: settings; the value of a group's name may be a table, in which `name` stands for the setting
            of the group's own name.

    Example:
        >>> flattened({"network": {"name": "dcgan", "g_width": 32}, "steps": 9})
        {'network': 'dcgan', 'g_width': 32, 'steps': 9}
    """
    plain: dict[str, Any] = {}
    for key, value in tables.items():
        if key in GROUPS and isinstance(value, Mapping):
            plain |= {key if name == "name" and key in GROUPS[key].model_fields else name: entry
                      for name, entry in value.items()}  # fmt: skip
        else:
            plain[key] = value
    return plain


def _known(kind: str, value: str, names: tuple[str, ...], *also: str) -> str:
    if value not in (*names, *also):
        raise BadInput(unknown(kind, value, names))
    return value
