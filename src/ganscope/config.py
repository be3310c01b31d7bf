"""The validated configuration of a run, and the recipes that name literature settings. No torch in here."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ganscope.contracts import BadInput

ObjectiveName = Literal[
    "minimax",
    "non-saturating",
    "wasserstein",
    "hinge",
    "least-squares",
    "relativistic",
    "relativistic-average",
    "f-kl",
    "f-reverse-kl",
    "f-pearson",
    "f-hellinger",
    "f-js",
    "f-gan",
]
PENALTY_NAMES = ("gradient-penalty", "one-sided", "dragan", "r1", "r2", "wgan-div")
BUILT_IN_DATA = ("digits", "ring", "grid", "swiss-roll", "segments", "gaussians", "stacked-digits")
DEFAULT_RECIPES = ("minimax", "non-saturating", "wgan", "wgan-gp", "r1")
OWN = "own"
"""Stands in a configuration for an object that was handed over in Python."""


class RunConfig(BaseModel):
    """Everything that decides a run. Each field is a command-line flag of the same name.

    Example:
        >>> RunConfig(objective="wasserstein", penalty="gradient-penalty", n_critic=5).n_critic
        5
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    data: str = Field("digits", description="Built-in data set, or path of a file or folder.")
    recipe: str = Field("custom", description="Name of the settings this run started from.")

    objective: ObjectiveName | Literal["own"] = Field("non-saturating", description="Adversarial objective.")
    penalty: str = Field(
        "none", description="Penalty on the critic's input slope, several joined by +, or none."
    )
    penalty_weight: float = Field(0.0, ge=0, description="Weight of each penalty (lambda, or gamma for R1).")
    clip: float = Field(
        0.0, ge=0, description="Clip the critic's weights to ±CLIP after each step; 0 is off."
    )

    network: Literal["mlp", "dcgan", "own"] = Field("mlp", description="Architecture of both networks.")
    g_width: int = Field(128, ge=1, description="Generator: units per layer (mlp) or base channels (dcgan).")
    g_depth: int = Field(3, ge=1, description="Generator: hidden layers (mlp only).")
    g_norm: Literal["none", "batch", "layer"] = Field("none", description="Generator: normalisation.")
    d_width: int = Field(128, ge=1, description="Discriminator: units per layer or base channels.")
    d_depth: int = Field(3, ge=1, description="Discriminator: hidden layers (mlp only).")
    d_norm: Literal["none", "batch", "layer"] = Field("none", description="Discriminator: normalisation.")
    latent_dim: int = Field(32, ge=1, description="Dimension of the latent z ~ N(0, I).")

    steps: int = Field(4000, ge=1, description="Generator updates.")
    n_critic: int = Field(1, ge=1, description="Discriminator updates per generator update.")
    batch_size: int = Field(64, ge=1, description="Real rows per update.")
    optimizer: Literal["adam", "rmsprop"] = Field("adam", description="Optimiser of both networks.")
    g_lr: float = Field(5e-4, gt=0, description="Generator's learning rate.")
    d_lr: float = Field(5e-4, gt=0, description="Discriminator's learning rate.")
    beta1: float = Field(0.5, ge=0, lt=1, description="Adam's beta1.")
    beta2: float = Field(0.9, ge=0, lt=1, description="Adam's beta2 (RMSprop's alpha).")
    decay: float = Field(0.5, ge=0, le=1, description="Last share of the run in which rates fall to zero.")
    ema: float = Field(
        0.0, ge=0, lt=1, description="Decay per step of the generator's moving average; 0 is off."
    )

    seed: int = Field(0, ge=0, lt=2**63, description="Seed of every random stream.")
    device: str = Field("cpu", description="cpu, cuda or cuda:N.")
    precision: Literal["float32", "float64"] = Field("float32", description="Floating-point type.")
    threads: int = Field(0, ge=0, description="CPU threads; 0 lets the engine choose.")

    log_every: int = Field(0, ge=0, description="Steps between history rows; 0 is a hundredth of the run.")
    evaluate_every: int = Field(0, ge=0, description="Steps between evaluations; 0 is a tenth of the run.")
    checkpoint_every: int = Field(0, ge=0, description="Steps between checkpoints; 0 is a tenth of the run.")
    keep_checkpoints: int = Field(2, ge=1, description="How many of the newest checkpoints are kept.")

    @field_validator("penalty")
    @classmethod
    def _known_penalties(cls, value: str) -> str:
        for name in value.split("+"):
            if value != "none" and name not in PENALTY_NAMES:
                raise BadInput(unknown("penalty", name, (*PENALTY_NAMES, "none")))
        return value

    @property
    def penalties(self) -> tuple[str, ...]:
        """Names of the penalties in force, in order."""
        return () if self.penalty == "none" else tuple(self.penalty.split("+"))

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


def unknown(kind: str, name: object, known: Iterable[str]) -> str:
    """Say in one sentence that `name` is no `kind`, and which known name is nearest.

    Example:
        >>> unknown("recipe", "wgn", ["minimax", "wgan"])
        "unknown recipe 'wgn': did you mean 'wgan'? Known: minimax, wgan."
    """
    names = list(known)
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"unknown {kind} '{name}': {hint}Known: {', '.join(names)}."


def choices(field: str) -> list[str]:
    """List the names a field accepts.

    Example:
        >>> choices("optimizer")
        ['adam', 'rmsprop']
    """
    annotation = RunConfig.model_fields[field].annotation
    parts = [annotation, *get_args(annotation)]
    names = [name for part in parts for name in get_args(part) if isinstance(name, str)]
    return list(dict.fromkeys(name for name in names if name != OWN))


def recipe_names() -> tuple[str, ...]:
    """List the recipes that ship with the package."""
    return tuple(sorted(entry.name[:-5] for entry in _shipped().iterdir() if entry.name.endswith(".toml")))


def load_recipe(name: str) -> dict[str, Any]:
    """Read a recipe, a named set of configuration values.

    Args:
        name: one of `recipe_names()`, or the path of a TOML file of the user's own.

    Returns:
        The values the recipe sets; `paper` and `about` (what it is and where it comes from) among them.

    Raises:
        BadInput: no such recipe, or a file that is not valid TOML, names no field or sets a wrong value.

    Example:
        >>> load_recipe("wgan-gp")["penalty"]
        'gradient-penalty'
    """
    path = Path(name)
    if path.suffix == ".toml":
        if not path.is_file():
            raise BadInput(
                f"there is no recipe file {name}: give the path of a TOML file or one of "
                f"{', '.join(recipe_names())}."
            )
        text, where = path.read_text(encoding="utf-8", errors="replace"), name
    elif name in recipe_names():
        text, where = (_shipped() / f"{name}.toml").read_text(encoding="utf-8"), name
    else:
        raise BadInput(unknown("recipe", name, recipe_names()))
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"recipe {where} is not valid TOML: {error}.") from None
    settings = {key: value for key, value in values.items() if key not in ("about", "paper")}
    try:
        _validated(settings)
    except BadInput as error:
        raise BadInput(f"recipe {where}{_line_of(text, error)}: {error}") from None
    return values


def resolve(recipe: str | None, given: Mapping[str, Any]) -> RunConfig:
    """Join defaults, a recipe and what the user gave, in rising order of priority.

    Args:
        recipe: a recipe's name or file, or None for the defaults alone.
        given: field values set explicitly.

    Returns:
        The complete configuration.

    Raises:
        BadInput: an unknown field, a wrong value, or a value that would have no effect.

    Example:
        >>> resolve("wgan-gp", {"n_critic": 2}).n_critic
        2
    """
    settings: dict[str, Any] = {}
    if recipe is not None:
        read = load_recipe(recipe)
        settings = {key: value for key, value in read.items() if key not in ("about", "paper")}
        settings["recipe"] = Path(recipe).stem if recipe.endswith(".toml") else recipe
    config = _validated({**settings, **given})
    _refuse_idle_options(config, given)
    return config


def _refuse_idle_options(config: RunConfig, given: Mapping[str, Any]) -> None:
    """An option without effect is a misunderstanding: say so before the run, not after it."""
    weight = given.get("penalty_weight")
    if weight is not None and not config.penalties:
        raise BadInput(
            f"--penalty-weight {weight} has no effect without a penalty: "
            f"add --penalty with one of {', '.join(PENALTY_NAMES)}."
        )
    if config.penalties and config.penalty_weight == 0:
        raise BadInput(
            f"--penalty {config.penalty} has no effect at weight 0: set --penalty-weight, e.g. 10."
        )
    if config.network == "dcgan":
        for option in ("g_depth", "d_depth"):
            if option in given:
                raise BadInput(
                    f"--{option.replace('_', '-')} {given[option]} has no effect on dcgan, whose depth "
                    "follows from the image size: leave it out or use --network mlp."
                )
    if config.optimizer == "rmsprop" and given.get("beta1"):
        raise BadInput(
            f"--beta1 {given['beta1']} has no effect with rmsprop: leave it out or use --optimizer adam."
        )


def _validated(values: Mapping[str, Any]) -> RunConfig:
    for key in values:
        if key not in RunConfig.model_fields:
            raise BadInput(unknown("option", key, RunConfig.model_fields))
    try:
        return RunConfig(**values)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(explain(first["loc"], first["type"], first["msg"], first["input"])) from None


def explain(location: tuple[int | str, ...], kind: str, message: str, value: object) -> str:
    """Turn the first complaint of the validator into one sentence with the flag, the value and the remedy."""
    name = str(location[0]) if location else "configuration"
    flag = "--" + name.replace("_", "-")
    if kind == "literal_error":
        return unknown(name, value, choices(name))
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    field = RunConfig.model_fields.get(name)
    what = f" ({field.description})" if field is not None and field.description else ""
    plain = message.replace("Input should be", "it should be")
    return f"{flag} {value!r} cannot be used: {plain[0].lower()}{plain[1:]}.{what}"


def _shipped() -> Any:
    return resources.files("ganscope") / "recipes"


def _line_of(text: str, error: BadInput) -> str:
    """Name the line of a recipe file whose key the error speaks of."""
    words = str(error).replace("-", "_")
    for number, line in enumerate(text.splitlines(), 1):
        key = line.split("=")[0].strip()
        if key and not key.startswith("#") and (f"__{key} " in words or f"'{key}'" in words):
            return f", line {number}"
    return ""
