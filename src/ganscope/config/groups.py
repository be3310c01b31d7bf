"""The settings of a run in seven groups: tables of a recipe, groups of flags, parts of `config.json`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ganscope.config.names import penalty_names, trackers

SETTINGS = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


class DataSettings(BaseModel):
    """What is learnt."""

    model_config = SETTINGS

    data: str = Field("digits", description="Built-in data set, or path of a file or folder.")
    size: int = Field(
        0, ge=0, le=64, description="Side of your own images, 8 to 64 pixels; 0 is 32 (arrays: as they are)."
    )
    columns: dict[str, str] = Field(
        {},
        description="What a column of your own table is: age=integer, size=S<M<L, day=%d.%m.%Y; repeatable.",
    )


class ObjectiveSettings(BaseModel):
    """What the two players minimise, and what of the rows the discriminator is shown."""

    model_config = SETTINGS

    objective: str = Field("non-saturating", description="Adversarial objective.")
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="The discriminator's target for real rows is 1 minus this; 0 is off."
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


class ConstraintSettings(BaseModel):
    """What bounds the slope of the discriminator."""

    model_config = SETTINGS

    penalty: str = Field(
        "none",
        description=f"Penalty on the critic's input slope: {', '.join(penalty_names())}, or some with +.",
    )
    penalty_weight: float = Field(0.0, ge=0, description="Weight of each penalty (lambda, or gamma for R1).")
    penalty_target: float = Field(1.0, ge=0, description="Slope that a gradient penalty asks for.")
    penalty_every: int = Field(
        1, ge=1, le=1000, description="Apply the penalty every N critic steps, weighted by N."
    )
    clip: float = Field(
        0.0, ge=0, description="Clip the critic's weights to ±CLIP after each step; 0 is off."
    )
    d_lipschitz: str = Field(
        "none",
        description="How to bound the discriminator's slope: spectral normalisation (of the kernel or of "
        "the operator) or orthogonal layers.",
    )


class NetworkSettings(BaseModel):
    """The architecture of both networks; the options of its family stand beside these."""

    model_config = SETTINGS

    network: str = Field("mlp", description="Architecture of both networks.")
    latent_dim: int = Field(32, ge=1, le=2**16, description="Dimension of the latent z ~ N(0, I).")


class OptimisationSettings(BaseModel):
    """How long and by what steps the players learn."""

    model_config = SETTINGS

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
    g_weight_decay: float = Field(
        0.0, ge=0, description="Generator's weight decay: its weights times this join their gradient."
    )
    beta1: float = Field(0.5, ge=0, lt=1, description="Adam's beta1 (SGD's momentum).")
    beta2: float = Field(0.9, ge=0, lt=1, description="Adam's beta2 (RMSprop's alpha).")
    decay: float = Field(0.5, ge=0, le=1, description="Last share of the run in which rates fall to zero.")
    ema: float = Field(
        0.0, ge=0, lt=1, description="Decay per step of the generator's moving average; 0 is off."
    )

    @property
    def moves_at_once(self) -> bool:
        """Whether both players move at once, by gradients at one point, and not in turn."""
        return self.dynamics in ("simultaneous", "extra-gradient", "consensus")

    @property
    def batches_per_step(self) -> int:
        """Batches of real rows in a step."""
        return 2 if self.dynamics == "extra-gradient" else self.n_critic


class RunningSettings(BaseModel):
    """How a run is carried out."""

    model_config = SETTINGS

    seed: int = Field(0, ge=0, lt=2**63, description="Seed of every random stream.")
    device: str = Field("cpu", description="cpu, cuda or cuda:N.")
    precision: Literal["float32", "float64", "bfloat16"] = Field(
        "float32", description="Floating-point type; bfloat16 is for products, weights stay in float32."
    )
    compile: bool = Field(False, description="Compile the step with torch.compile: for long runs.")
    threads: int = Field(0, ge=0, le=1024, description="CPU threads; 0 lets the engine choose.")
    heal: bool = Field(
        False,
        description="On a verdict, go back to before it, apply its first remedy and go on; 3 times at most.",
    )


class ObservingSettings(BaseModel):
    """What is recorded of a run, and how often it is looked at."""

    model_config = SETTINGS

    log_every: int = Field(0, ge=0, description="Steps between history rows; 0 is a hundredth of the run.")
    evaluate_every: int = Field(0, ge=0, description="Steps between evaluations; 0 is a tenth of the run.")
    diagnose: bool = Field(True, description="Probe the networks while they train, and say what is wrong.")
    diagnose_every: int = Field(
        0, ge=0, description="Steps between probes; 0 is a 25th of the run, 10 to 150 (cheap steps: 200)."
    )
    checkpoint_every: int = Field(0, ge=0, description="Steps between checkpoints; 0 is a tenth of the run.")
    track: str = Field(
        "",
        description=f"Trackers that take the values elsewhere: {', '.join(trackers())}, or "
        "package.module:factory; several are joined with +.",
    )
    keep_checkpoints: int = Field(2, ge=1, description="How many of the newest checkpoints are kept.")
    keep_every: int = Field(0, ge=0, description="Keep checkpoints at multiples of this step too; 0 is off.")
    keep_best: bool = Field(False, description="Keep the checkpoint that is best by --best-by, too.")
    best_by: str = Field("emd", description="Metric that decides which checkpoint or setting is best.")


GROUPS: dict[str, type[BaseModel]] = {
    "data": DataSettings,
    "objective": ObjectiveSettings,
    "constraint": ConstraintSettings,
    "network": NetworkSettings,
    "optimisation": OptimisationSettings,
    "running": RunningSettings,
    "observing": ObservingSettings,
}
"""By the name of the table. In the table a setting of the same name as the group is called `name`."""
