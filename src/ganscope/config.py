"""The validated configuration of a run, and the recipes that name literature settings. No torch in here."""

from __future__ import annotations

import difflib
import math
import shlex
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin

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
DataName = Literal["digits", "ring", "grid", "swiss-roll", "segments", "gaussians", "stacked-digits"]
SMOOTHABLE = ("minimax", "non-saturating", "least-squares")
"""Objectives whose discriminator has a target for real rows."""
PENALTY_NAMES = ("gradient-penalty", "one-sided", "dragan", "r1", "r2", "wgan-div")
TARGETED_PENALTIES = ("gradient-penalty", "one-sided", "dragan")
"""Penalties that ask for a certain slope; the others ask for 0."""
BUILT_IN_DATA: tuple[str, ...] = get_args(DataName)
DEFAULT_RECIPES = ("minimax", "non-saturating", "wgan", "wgan-gp", "r1")
OWN = "own"
"""Stands in a configuration for an object that was handed over in Python."""
DATA_DEFAULTS: dict[str, dict[str, Any]] = {"ring": {"steps": 12_000}, "grid": {"steps": 12_000}}
"""R1 holds at most one mode of the ring after 4,000 steps, all 8 after 12,000."""
AUTO = "auto"
"""The recipe that is chosen by the data's shape: see `ganscope.auto`."""
CHEAP = 5
"""Passes through a perceptron of width 128 from which on a step costs as much as a probe."""
GENERATOR_FIELDS = ("g_width", "g_depth", "g_norm")
DISCRIMINATOR_FIELDS = ("d_width", "d_depth", "d_norm", "d_lipschitz", "d_fourier")


class RunConfig(BaseModel):
    """Everything that decides a run. Each field is a command-line flag of the same name.

    Example:
        >>> RunConfig(objective="wasserstein", penalty="gradient-penalty", n_critic=5).n_critic
        5
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    data: str = Field("digits", description="Built-in data set, or path of a file or folder.")
    size: int = Field(
        0, ge=0, le=64, description="Side of your own images, 8 to 64 pixels; 0 is 32 (arrays: as they are)."
    )
    recipe: str = Field("custom", description="Name of the settings this run started from.")

    objective: ObjectiveName | Literal["own"] = Field("non-saturating", description="Adversarial objective.")
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="The discriminator's target for real rows is 1 minus this; 0 is off."
    )
    penalty: str = Field(
        "none",
        description=f"Penalty on the critic's input slope: {', '.join(PENALTY_NAMES)}, or some with +.",
    )
    penalty_weight: float = Field(0.0, ge=0, description="Weight of each penalty (lambda, or gamma for R1).")
    penalty_target: float = Field(
        1.0, ge=0, description=f"Slope that a penalty asks for: {', '.join(TARGETED_PENALTIES)}."
    )
    penalty_every: int = Field(
        1,
        ge=1,
        le=1000,
        description="Critic steps from one penalty to the next, which counts so many times.",
    )
    clip: float = Field(
        0.0, ge=0, description="Clip the critic's weights to ±CLIP after each step; 0 is off."
    )

    instance_noise: float = Field(
        0.0,
        ge=0,
        description="Standard deviation of noise on all the discriminator sees, in units of the data.",
    )
    instance_noise_decay: float = Field(
        1.0, ge=0, le=1, description="First share of the run in which the noise falls to zero; 0 keeps it."
    )
    pack: int = Field(
        1, ge=1, le=16, description="Rows the discriminator judges together (PacGAN); 1 is each alone."
    )

    network: Literal["mlp", "dcgan", "own"] = Field("mlp", description="Architecture of both networks.")
    g_width: int = Field(
        128, ge=1, le=2**16, description="Generator: units per layer (mlp) or base channels (dcgan)."
    )
    g_depth: int = Field(3, ge=1, le=100, description="Generator: hidden layers (mlp only).")
    g_norm: Literal["none", "batch", "layer"] = Field("none", description="Generator: normalisation.")
    d_width: int = Field(128, ge=1, le=2**16, description="Discriminator: units per layer or base channels.")
    d_depth: int = Field(3, ge=1, le=100, description="Discriminator: hidden layers (mlp only).")
    d_norm: Literal["none", "batch", "layer"] = Field("none", description="Discriminator: normalisation.")
    d_lipschitz: Literal["none", "spectral", "spectral-operator", "orthogonal"] = Field(
        "none",
        description="Discriminator: weights divided by the norm of their kernel or operator, or orthogonal.",
    )
    d_fourier: float = Field(
        0.0, ge=0, description="Discriminator: spread of random Fourier frequencies it sees too; 0 is off."
    )
    latent_dim: int = Field(32, ge=1, le=2**16, description="Dimension of the latent z ~ N(0, I).")

    steps: int = Field(4000, ge=1, description="Generator updates.")
    n_critic: int = Field(1, ge=1, description="Discriminator updates per generator update.")
    batch_size: int = Field(64, ge=1, description="Real rows per update.")
    optimizer: Literal["adam", "rmsprop", "sgd"] = Field("adam", description="Optimiser of both networks.")
    dynamics: Literal["alternating", "simultaneous", "optimistic", "extra-gradient", "consensus"] = Field(
        "alternating", description="How the players move: in turn, at once, or by a rule against circling."
    )
    consensus_weight: float = Field(
        1.0, gt=0, description="Weight of the squared gradient (gamma) with --dynamics consensus."
    )
    g_lr: float = Field(1e-3, gt=0, description="Generator's learning rate.")
    d_lr: float = Field(1e-3, gt=0, description="Discriminator's learning rate.")
    beta1: float = Field(0.5, ge=0, lt=1, description="Adam's beta1 (SGD's momentum).")
    beta2: float = Field(0.9, ge=0, lt=1, description="Adam's beta2 (RMSprop's alpha).")
    decay: float = Field(0.5, ge=0, le=1, description="Last share of the run in which rates fall to zero.")
    ema: float = Field(
        0.0, ge=0, lt=1, description="Decay per step of the generator's moving average; 0 is off."
    )

    seed: int = Field(0, ge=0, lt=2**63, description="Seed of every random stream.")
    device: str = Field("cpu", description="cpu, cuda or cuda:N.")
    precision: Literal["float32", "float64", "bfloat16"] = Field(
        "float32", description="Floating-point type; bfloat16 is for products, weights stay in float32."
    )
    compile: bool = Field(False, description="Compile the step with torch.compile: for long runs.")
    threads: int = Field(0, ge=0, le=1024, description="CPU threads; 0 lets the engine choose.")

    log_every: int = Field(0, ge=0, description="Steps between history rows; 0 is a hundredth of the run.")
    evaluate_every: int = Field(0, ge=0, description="Steps between evaluations; 0 is a tenth of the run.")
    diagnose: bool = Field(True, description="Probe the networks while they train, and say what is wrong.")
    diagnose_every: int = Field(
        0, ge=0, description="Steps between probes; 0 is a 25th of the run, 10 to 150 (cheap steps: 200)."
    )
    heal: bool = Field(
        False,
        description="Where a verdict stands, go back, apply its first remedy and go on; 3 times at most.",
    )
    checkpoint_every: int = Field(0, ge=0, description="Steps between checkpoints; 0 is a tenth of the run.")
    keep_checkpoints: int = Field(2, ge=1, description="How many of the newest checkpoints are kept.")
    keep_every: int = Field(0, ge=0, description="Keep checkpoints at multiples of this step too; 0 is off.")
    keep_best: bool = Field(False, description="Keep the checkpoint of the lowest EMD too.")

    @field_validator("penalty")
    @classmethod
    def _known_penalties(cls, value: str) -> str:
        names = value.split("+")
        for name in names:
            if value != "none" and name not in PENALTY_NAMES:
                raise BadInput(unknown("penalty", name, (*PENALTY_NAMES, "none")))
            if names.count(name) > 1:
                raise BadInput(
                    f"--penalty {value} names {name} twice: name it once, at a higher --penalty-weight."
                )
        return value

    @property
    def penalties(self) -> tuple[str, ...]:
        """Names of the penalties in force, in order."""
        return () if self.penalty == "none" else tuple(self.penalty.split("+"))

    @property
    def moves_at_once(self) -> bool:
        """Whether both players move at once, by gradients at one point, and not in turn."""
        return self.dynamics in ("simultaneous", "extra-gradient", "consensus")

    @property
    def batches_per_step(self) -> int:
        """Batches of real rows in a step."""
        return 2 if self.dynamics == "extra-gradient" else self.n_critic

    @property
    def logging_interval(self) -> int:
        """Steps between two rows of history."""
        return self.log_every or max(1, self.steps // 100)

    @property
    def evaluation_interval(self) -> int:
        """Steps between two evaluations."""
        return self.evaluate_every or max(1, self.steps // 10)

    @property
    def diagnosis_interval(self) -> int:
        """Steps between two probes of the diagnosis: wider apart where a step is cheap beside a probe.

        From the configuration alone, never from a clock: a run that is resumed is probed at the same steps.
        """
        passes = 1 + self.batches_per_step * (2 if self.penalties else 1)
        size = max(self.g_width, self.d_width) / 128 if self.network == "mlp" else math.inf
        most = 200 if passes * size**2 < CHEAP else 150
        return self.diagnose_every or max(10, min(most, self.steps // 25))

    @property
    def look_interval(self) -> int:
        """Steps between two looks at fixed samples: small games swing with periods of 40 steps and more."""
        return max(1, min(10, self.diagnosis_interval // 10))

    @property
    def checkpoint_interval(self) -> int:
        """Steps between two checkpoints."""
        return self.checkpoint_every or max(1, self.steps // 10)

    @property
    def rollback_interval(self) -> int:
        """Steps between the checkpoints kept for a healing to go back to: about a tenth of the run."""
        return self.checkpoint_interval * max(1, self.steps // 10 // self.checkpoint_interval)


def unknown(kind: str, name: object, known: Iterable[str], listed: str = "") -> str:
    """Say in one sentence that `name` is no `kind`, and which known name is nearest.

    Args:
        kind: what it should have been.
        name: what was given.
        known: all names there are.
        listed: where they are listed, in place of the list itself.

    Example:
        >>> unknown("recipe", "wgn", ["minimax", "wgan"])
        "unknown recipe 'wgn': did you mean 'wgan'? Known: minimax, wgan."
    """
    names = list(known)
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f": did you mean '{near[0]}'?" if near else "."
    known_names = f"Known: {', '.join(names)}"
    if near and len(known_names) > 120:
        known_names = "ganscope list shows all"
    return f"unknown {kind} '{shortened(name)}'{hint} {listed or known_names}."


def shortened(value: object, length: int = 40) -> str:
    """Write a value in at most `length` characters, its middle left out where it has more.

    Example:
        >>> shortened("x" * 100, 9)
        'xxx...xxx'
    """
    text = " ".join(str(value).split())
    kept = (length - 3) // 2
    return text if len(text) <= length else f"{text[:kept]}...{text[-kept:]}"


def choices(field: str) -> list[str]:
    """List the names a configuration field takes, `own` left out; empty for numbers and free text.

    Example:
        >>> choices("network"), choices("steps")
        (['mlp', 'dcgan'], [])
    """
    annotation = RunConfig.model_fields[field].annotation
    parts = [annotation, *get_args(annotation)]
    found = [c for part in parts if get_origin(part) is Literal for c in get_args(part)]
    return [c for c in dict.fromkeys(found) if c != OWN]


def recipe_names() -> tuple[str, ...]:
    """List the recipes that ship with the package."""
    return tuple(sorted(entry.name[:-5] for entry in _shipped().iterdir() if entry.name.endswith(".toml")))


def load_recipe(name: str) -> dict[str, Any]:
    """Read a recipe, a named set of configuration values.

    Args:
        name: one of `recipe_names()`, or the path of a TOML file of the user's own.

    Returns:
        The values the recipe sets; `paper` and `about` (what it is and where it comes from) among them. A
        table `[on.ring]` holds values for that built-in data set alone; `resolve` lets them win.

    Raises:
        BadInput: no such recipe, or a file that is not valid TOML, names no field or sets a wrong value.

    Example:
        >>> load_recipe("wgan-gp")["penalty"]
        'gradient-penalty'
    """
    if not isinstance(name, str):
        raise BadInput(
            f"a recipe of type {type(name).__name__} cannot be used: give a name or the path of a file."
        )
    path = Path(name)
    if name == AUTO:
        raise BadInput(
            "recipe auto depends on the data: use ganscope train DATA auto, or gs.train in Python."
        )
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
        raise BadInput(unknown("recipe", name, (*recipe_names(), AUTO), _recipes_listed()))
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"recipe {where} is not valid TOML: {_uncapitalised(str(error))}.") from None
    try:
        for data in (None, *_tables(values)):
            settings = _settings(values, data)
            _refuse_idle_options(_validated(settings), settings)
    except _BadField as error:
        raise BadInput(f"recipe {where}{_line_of(text, error.field)}: {error}") from None
    return values


def _recipes_listed() -> str:
    return f"Known: {', '.join((*recipe_names(), AUTO))}, or a .toml file"


def resolve(
    recipe: str | None, given: Mapping[str, Any], chosen: Mapping[str, Any] | None = None
) -> RunConfig:
    """Join defaults, a recipe and what the user gave, in rising order of priority.

    Args:
        recipe: a recipe's name or file, or None for the defaults alone.
        given: field values set explicitly.
        chosen: the recipe's values, where no file holds them.

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
        data = str(given.get("data", RunConfig.model_fields["data"].default))
        settings = _settings(load_recipe(recipe), data) if chosen is None else dict(chosen)
        settings["recipe"] = Path(recipe).stem if recipe.endswith(".toml") else recipe
    config = _validated({**DATA_DEFAULTS.get(str(given.get("data")), {}), **settings, **given})
    _refuse_idle_options(config, given)
    return config


def changed(
    config: RunConfig,
    settings: Mapping[str, Any],
    factors: Mapping[str, float],
    raised: Mapping[str, str] = MappingProxyType({}),
) -> tuple[RunConfig, dict[str, Any]]:
    """Change some fields of a configuration, and set back to their defaults those that this makes idle.

    Args:
        config: a valid configuration.
        settings: new values.
        factors: what other fields are multiplied by.
        raised: fields that take another field's value where they are below it.

    Returns:
        The new configuration, and the values of the fields that were set back.

    Raises:
        BadInput: the new values cannot be, or a factor applies to nothing.

    Example:
        >>> smooth = RunConfig(label_smoothing=0.1, d_lr=0.004)
        >>> new, idle = changed(smooth, {"objective": "hinge"}, {"d_lr": 0.5})
        >>> new.objective, new.d_lr, idle
        ('hinge', 0.002, {'label_smoothing': 0.1})
    """
    values = config.model_dump()
    for field, factor in factors.items():
        if not values[field]:
            raise _BadField(field, f"{flag(field)} is {values[field]}, so there is nothing to multiply.")
        values[field] *= factor
    for field, other in raised.items():
        values[field] = max(values[field], values[other])
    values |= settings
    wanted = {*settings, *factors, *raised}
    if values["penalty"] != "none" and values["d_norm"] == "batch":
        values["d_norm"] = "none"  # no slope per sample exists under it
    if values["g_norm"] == "batch":
        values["compile"] = False
    usual = RunConfig().model_dump()
    while True:
        new = _validated(values)
        try:
            _refuse_idle_options(new, {field: v for field, v in values.items() if v != usual[field]})
        except _BadField as error:
            if error.field in wanted or values[error.field] == usual[error.field]:
                raise
            values[error.field] = usual[error.field]
        else:
            break
    idle = {
        field: value
        for field, value in config.model_dump().items()
        if value != values[field] and field not in wanted
    }
    return new, idle


def command_of(config: RunConfig) -> str:
    """Write the command that repeats a run; empty where it took objects that only Python can hand over.

    Example:
        >>> command_of(resolve("r1", {"data": "ring", "seed": 3, "d_lr": 0.01, "steps": 50}))
        'ganscope train ring r1 --seed 3 --steps 50 --d-lr 0.01'
    """
    if OWN in (config.network, config.objective, config.data):
        return ""
    recipe = config.recipe if config.recipe in recipe_names() else DEFAULT_RECIPES[0]
    usual = resolve(recipe, {"data": config.data})
    words = [
        "ganscope",
        "train",
        config.data,
        recipe,
        "--seed",
        str(config.seed),
        "--steps",
        str(config.steps),
    ]
    idle = {"data", "recipe", "seed", "steps"}
    idle |= {"penalty_weight"} if not config.penalties else set()
    idle |= {"g_depth", "d_depth"} if config.network == "dcgan" else set()
    idle |= {"rmsprop": {"beta1"}, "sgd": {"beta2"}}.get(config.optimizer, set())
    idle |= {"consensus_weight"} if config.dynamics != "consensus" else set()
    idle |= {"instance_noise_decay"} if not config.instance_noise else set()
    for field, value in config.model_dump().items():
        if field not in idle and value != getattr(usual, field):
            switch = {True: [flag(field)], False: [flag(f"no_{field}")]}
            words += switch[value] if isinstance(value, bool) else [flag(field), str(value)]
    return shlex.join(words)


class _BadField(BadInput):
    """Bad input in one field of the configuration."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def _settings(recipe: Mapping[str, Any], data: str | None) -> dict[str, Any]:
    """What of a recipe is configuration, with the values it has for one data set."""
    common = {key: value for key, value in recipe.items() if key not in ("about", "paper", "on")}
    return common | (_tables(recipe).get(data, {}) if data is not None else {})


def _tables(recipe: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The values a recipe has for single data sets, by their names."""
    tables = recipe.get("on", {})
    if not isinstance(tables, dict) or not all(isinstance(values, dict) for values in tables.values()):
        raise _BadField("on", "on holds tables, one a data set: write [on.ring] and values below it.")
    for data in tables:
        if data not in BUILT_IN_DATA:
            raise _BadField(f"on.{data}", unknown("data", data, BUILT_IN_DATA))
    return tables


def _refuse_idle_options(config: RunConfig, given: Mapping[str, Any]) -> None:
    """An option without effect is a misunderstanding: say so before the run, not after it."""
    weight = given.get("penalty_weight")
    if weight is not None and not config.penalties:
        raise _BadField(
            "penalty_weight",
            f"--penalty-weight {weight} has no effect without a penalty: "
            f"add --penalty with one of {', '.join(PENALTY_NAMES)}.",
        )
    if config.penalties and config.penalty_weight == 0:
        raise _BadField(
            "penalty", f"--penalty {config.penalty} has no effect at weight 0: set --penalty-weight, e.g. 10."
        )
    _refuse_idle_loss_options(config, given)
    for option in ("g_depth", "d_depth") if config.network == "dcgan" else ():
        if option in given:
            raise _BadField(
                option,
                f"{flag(option)} {given[option]} has no effect on dcgan, whose depth follows from the image "
                "size: leave it out or use --network mlp.",
            )
    if config.d_fourier and config.network != "mlp":
        raise _BadField(
            "d_fourier",
            f"--d-fourier {config.d_fourier} has no effect on {config.network}: leave it out or use "
            "--network mlp.",
        )
    if config.d_fourier and config.d_lipschitz != "none":
        raise _BadField(
            "d_fourier",
            f"--d-fourier {config.d_fourier} steepens what --d-lipschitz {config.d_lipschitz} has "
            "bounded: use one of the two.",
        )
    if config.d_lipschitz != "none" and config.clip:
        raise _BadField(
            "clip",
            f"--clip {config.clip} has no effect with --d-lipschitz {config.d_lipschitz}, which bounds what "
            "is made of the weights: use one of the two.",
        )
    if config.d_lipschitz != "none" and config.d_norm != "none":
        raise _BadField(
            "d_norm",
            f"--d-norm {config.d_norm} rescales what --d-lipschitz {config.d_lipschitz} has normalised, and "
            "no slope is bounded: use one of the two.",
        )
    for option in {"rmsprop": ("beta1",), "sgd": ("beta2",)}.get(config.optimizer, ()):
        if option in given:
            raise _BadField(
                option,
                f"{flag(option)} {given[option]} has no effect with {config.optimizer}: leave it out or use "
                "--optimizer adam.",
            )
    _refuse_idle_dynamics(config, given)
    if config.size and config.data in BUILT_IN_DATA:
        raise _BadField(
            "size",
            f"--size {config.size} has no effect on the built-in {config.data}: it scales images of your "
            "own; leave it out.",
        )


def _refuse_idle_loss_options(config: RunConfig, given: Mapping[str, Any]) -> None:
    if config.label_smoothing and config.objective not in SMOOTHABLE:
        raise _BadField(
            "label_smoothing",
            f"--label-smoothing {config.label_smoothing:g} has no meaning for {config.objective}, which "
            f"has no target for real rows: leave it out, or use one of {', '.join(SMOOTHABLE)}.",
        )
    target = given.get("penalty_target", config.penalty_target)
    if target != 1 and not set(config.penalties) & set(TARGETED_PENALTIES):
        raise _BadField(
            "penalty_target",
            f"--penalty-target {target:g} has no effect with --penalty {config.penalty}, which asks for no "
            f"slope: leave it out, or use one of {', '.join(TARGETED_PENALTIES)}.",
        )
    if given.get("penalty_every", 1) > 1 and not config.penalties:
        raise _BadField(
            "penalty_every",
            f"--penalty-every {config.penalty_every} has no effect without a penalty: leave it out, or add "
            "--penalty and --penalty-weight.",
        )
    if "instance_noise_decay" in given and not config.instance_noise:
        raise _BadField(
            "instance_noise_decay",
            f"--instance-noise-decay {config.instance_noise_decay:g} has no effect without noise: add "
            "--instance-noise with a standard deviation, or leave it out.",
        )


def _refuse_idle_dynamics(config: RunConfig, given: Mapping[str, Any]) -> None:
    if config.moves_at_once and config.n_critic > 1:
        raise _BadField(
            "dynamics",
            f"--dynamics {config.dynamics} moves both players at once, so {config.n_critic} critic steps to "
            "one of the generator cannot be: add --n-critic 1.",
        )
    if "consensus_weight" in given and config.dynamics != "consensus":
        raise _BadField(
            "consensus_weight",
            f"--consensus-weight {config.consensus_weight:g} has no effect with --dynamics "
            f"{config.dynamics}: add --dynamics consensus, or leave it out.",
        )
    if config.dynamics == "consensus" and config.penalty_every > 1:
        raise _BadField(
            "penalty_every",
            f"--penalty-every {config.penalty_every} cannot be with --dynamics consensus, which squares the "
            "gradient and the penalty in it: leave one of them out.",
        )


def _validated(values: Mapping[str, Any]) -> RunConfig:
    for key in values:
        if key not in RunConfig.model_fields:
            listed = "ganscope train --help lists all"
            raise _BadField(str(key), unknown("option", key, RunConfig.model_fields, listed))
    try:
        return RunConfig(**values)
    except ValidationError as error:
        raise _BadField(str(error.errors()[0]["loc"][0]), explain(error)) from None


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
    field = RunConfig.model_fields.get(name)
    about = f" ({field.description})" if field is not None and len(field.description or "") < 90 else ""
    plain = _uncapitalised(first["msg"].replace("Input should be", "it should be"))
    plain = plain.replace(", unable to parse string as a number", "").replace(
        ", unable to parse string as an integer", ""
    )
    return f"{flag(name)} {shortened(repr(first['input']))} cannot be used: {plain}.{about}"


def flag(field: str) -> str:
    """Write a field as it stands on the command line.

    Example:
        >>> flag("g_lr")
        '--g-lr'
    """
    return "--" + field.replace("_", "-")


def _uncapitalised(text: str) -> str:
    return text[:1].lower() + text[1:]


def _shipped() -> Any:
    return resources.files("ganscope") / "recipes"


def _line_of(text: str, field: str) -> str:
    """Name the line of a recipe file that sets a field."""
    for number, line in enumerate(text.splitlines(), 1):
        key = line.split("=")[0].strip().strip("[]\"' ")
        if key == field or key.startswith(f"{field}."):
            return f", line {number}"
    return ""
