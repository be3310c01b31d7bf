"""Everything that decides a run: the fields, what each may be, and what follows from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ganscope.contracts import BadInput
from ganscope.words.complaints import BadField, flag, shortened, uncapitalised, unknown

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
OWN = "own"
"""Stands in a configuration for an object that was handed over in Python."""
DATA_DEFAULTS: dict[str, dict[str, Any]] = {"ring": {"steps": 12_000}, "grid": {"steps": 12_000}}
"""R1 holds at most one mode of the ring after 4,000 steps, all 8 after 12,000."""
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


def validated(values: Mapping[str, Any]) -> RunConfig:
    """Make a configuration of values.

    Raises:
        BadInput: an unknown field or a value that cannot be, in one sentence.
    """
    for key in values:
        if key not in RunConfig.model_fields:
            listed = "ganscope train --help lists all"
            raise BadField(str(key), unknown("option", key, RunConfig.model_fields, listed))
    try:
        return RunConfig(**values)
    except ValidationError as error:
        raise BadField(str(error.errors()[0]["loc"][0]), explain(error)) from None


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
    plain = uncapitalised(first["msg"].replace("Input should be", "it should be"))
    plain = plain.replace(", unable to parse string as a number", "").replace(
        ", unable to parse string as an integer", ""
    )
    return f"{flag(name)} {shortened(repr(first['input']))} cannot be used: {plain}.{about}"
