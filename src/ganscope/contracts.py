"""What the parts hand to each other: bundles of pure functions, result tuples and the two errors.

Parts of one floor never import one another. They agree on the shapes below and are introduced in `build`.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from pydantic import BaseModel
    from torch import Generator, Tensor, nn


class BadInput(ValueError):  # noqa: N818 - reads as what it is: `raise BadInput("...")`
    """The user gave something that cannot work. One sentence: what was given, what is allowed, what to do.

    The command line prints it without a traceback and exits with code 2.
    """


class RunFailed(RuntimeError):  # noqa: N818
    """A run that started well could not go on. The command line prints it and exits with code 1."""


class Interrupted(Exception):  # noqa: N818
    """Work was asked to stop and has saved everything; the command line says how to go on."""

    def __init__(self, folder: Path, command: str = "") -> None:
        again = command or f"ganscope resume {folder}"
        super().__init__(f"stopped; everything is saved. Go on with: {again}")
        self.folder = folder


class Objective(NamedTuple):
    """An adversarial objective: the two players' losses, on raw logits, one value per sample.

    Both losses take `(real_logits [..., B], fake_logits [..., B])` and return `[..., B]`. The caller
    averages. The discriminator's loss is the sum of its real and its fake half.
    """

    d_loss: Callable[[Tensor, Tensor], Tensor]
    g_loss: Callable[[Tensor, Tensor], Tensor]
    equilibrium: float | None
    """`d_loss` when the discriminator cannot tell real from fake (2 ln 2 for BCE); None where undefined."""
    bounded: bool
    """True when the logit is that of a probability, False when it is a free score."""
    needs_lipschitz: bool
    """True when the objective means nothing without a Lipschitz constraint on the critic."""
    coupled: bool
    """True when one sample's loss depends on the other samples of its batch."""


class Penalty(NamedTuple):
    """A term on the critic's input slope: where to look, and what to ask of the slope there."""

    points: Callable[[Tensor, Tensor, Tensor], Tensor]
    """`(real, fake, noise) -> x`: real, fake and x `[B, *shape]`; noise uniform in [0, 1), see below."""
    cost: Callable[..., Tensor]
    """Squared slope `|grad_x D|^2 [..., B] -> [..., B]`, unweighted."""
    noise_per_element: bool = False
    """Noise has the shape of `real` when True, else one number per sample: `[B, 1, ..., 1]`."""
    asks_slope: bool = False
    """True when it asks for a slope K other than 0; `cost` then takes `target=K` too, 1 by default."""


class Batch(NamedTuple):
    """Everything a step is given of the data."""

    rows: Tensor
    """`[..., B, *shape]`."""
    condition: Tensor | None = None
    """One entry a row, `[..., B, ...]`: class indices int64 `[..., B]`, or whatever both networks take as
    their second argument. The fakes of a step have the conditions of its real rows."""


class Told(NamedTuple):
    """How the networks of a family are told one category of each row of a table, as those of CTGAN are."""

    width: Callable[[Sequence[Block]], int]
    """Values of the condition, for rows of these blocks; 0 where they have no category."""
    learn: Callable[[nn.Module, Tensor], None]
    """Keep the share of each value among the training rows in the generator."""
    draw: Callable[[nn.Module, int, Generator], Tensor]
    """`(generator, n, random stream)` -> conditions `[n, width]` by those shares."""
    cost: Callable[[nn.Module, Tensor, Tensor], tuple[Tensor, Tensor]]
    """`(generator, latent, condition)` -> rows, and what each adds to the generator's loss, `[B]`."""


class NetworkFamily(NamedTuple):
    """One architecture: how its two networks are built, and what others must know of it."""

    options: type[BaseModel]
    """Its own typed options: the table `[network]` of a recipe, flags on the command line."""
    generator: Callable[[tuple[int, ...], int, int, Any, nn.Module | None], nn.Module]
    """`(shape, latent_dim, classes, options, end)` -> module `(latent [B, Z], condition | None) ->
    [B, *shape]`; `end` is its last activation, where the data have one."""
    discriminator: Callable[[tuple[int, ...], int, Any], nn.Module]
    """`(shape, classes, options)` -> module `(rows, condition | None) -> [B], [B, 1]` or patches."""
    why_not: Callable[[tuple[int, ...]], str | None]
    """Why it cannot draw rows of a shape, in words; None where it can."""
    mixes_rows: Callable[[Any], bool]
    """Whether the discriminator of these options lets the rows of a batch influence one another."""
    keeps_state: Callable[[Any], bool]
    """Whether a pass changes buffers (batch normalisation), which neither compiles nor stacks."""
    cost: Callable[[Any], float]
    """Time of one pass, in passes of a perceptron of 128 units a layer; infinite where it is far above 16."""
    told: Told | None = None
    """Where both networks are told a category of each row."""


class Metric(NamedTuple):
    """One metric of samples: what it needs, which way is better, and what real rows score in its place.

    What `measure` is given follows from `needs`:

    - `"rows"`: `(real [N, *shape], fake [N, *shape])`, held-out rows and samples;
    - `"features"`: the same two as `[N, F]`, seen by a feature extractor;
    - `"modes"`: the `ModeReport` of the samples, where the data's modes are known;
    - `"labels"`: `(real, the class of each real row, fake)`, where the rows are labelled.
    """

    label: str
    """Its name in a table and on an axis, such as "EMD"."""
    needs: Literal["rows", "features", "modes", "labels"]
    better: Literal["lower", "higher"]
    measure: Callable[..., float]
    about: str
    """What it means, for readers of a report. The first sentence alone is the caption of its curve."""
    floor: Callable[..., float] | None = statistics.mean
    """What real rows score in the place of samples. Of modes: `(fair share of each mode, number of samples)`.
    Of anything else: the scores of several sets of training rows. None where the best score is known."""
    shared: Callable[..., Any] | None = None
    """A computation that several metrics begin with; it is done once, and `measure` is given its result."""
    form: Literal["number", "count", "share"] = "number"
    """How it is written: a count is of all modes, a share in per cent."""
    while_training: bool = True
    """False: too costly for every evaluation of a run, measured by `ganscope evaluate` alone."""
    terminal: Literal["always", "at the end", "never"] = "always"
    """Where a terminal has room for it; a report shows every metric."""
    group: str = ""
    """Key under which `Run.evaluate` returns it together with others of its kind."""

    @property
    def sign(self) -> int:
        """Factor that makes the lowest value the best one."""
        return 1 if self.better == "lower" else -1


EventKind = Literal["start", "step", "log", "diverged", "end"]


class Event(NamedTuple):
    """What the training loop tells its observers.

    Kinds, in the order in which they come at one step:

    - "start": training begins or goes on; once, before the first step.
    - "diverged": a run's losses are no numbers any more, and nothing says yet that it has ended.
    - "step": a step was taken. After the last one `step == steps`.
    - "log": a row of history was written, also at step 0; `values` and `seconds` say what is in it, and
      `evaluation` what was measured where the step was evaluated.
    - "end": training is over, and all that was to be written is: the last step was taken, every run
      diverged, or a stop was asked for. It does not come where an exception ends the training.
    """

    kind: EventKind
    step: int
    """Generator steps taken so far."""
    samples_seen: int
    """Real rows each run has trained its discriminator on."""
    steps: int = 0
    """Generator steps of the whole run."""
    values: Mapping[int, Mapping[str, Any]] | None = None
    """For each living run, by its number in the stack, the row of history: losses and slopes by name."""
    evaluation: Mapping[int, Mapping[str, Any]] | None = None
    """For each living run what was measured, by name of the metric."""
    verdicts: Mapping[int, Sequence[str]] | None = None
    """For each run the names of what was wrong when it was last judged; None without diagnosis."""
    seconds: Mapping[str, float] | None = None
    """`seconds` of training, `processor_seconds` of it, and `evaluation_seconds`, over all sessions."""


Observer = Callable[[Event, Any], None]
"""`(event, runs)`: looks at the runs, a `ganscope.training.Runs`, and changes no bit of them."""


class Rows(Protocol):
    """Training rows that need not fit in memory: a tensor, or anything indexed like one."""

    def __len__(self) -> int:
        """Count the rows."""
        ...

    def __getitem__(self, index: Tensor, /) -> Tensor:
        """Return the rows at an int64 index tensor `[B]` as float32 `[B, *shape]`."""
        ...


class Block(NamedTuple):
    """Neighbouring values of a row that belong together, and so how a generator ends there."""

    kind: Literal["linear", "bounded", "choice"]
    """Any numbers; numbers in [-1, 1]; or one of `width` choices, a one-hot vector."""
    width: int = 1
    """How many values."""
    column: str = ""
    """The column of the table they stand for."""


class Dataset(NamedTuple):
    """Real data with a held-out part that training never sees, and its modes where they are known."""

    name: str
    train: Rows
    held_out: Tensor
    """float32 `[M, *shape]`."""
    centres: Tensor | None = None
    """Known mode centres `[K, D]` of a synthetic mixture, with the common `std`."""
    std: float | None = None
    labels: Tensor | None = None
    """Class of each training row, int64 `[N]`, where classes are the modes."""
    held_out_labels: Tensor | None = None
    mode_names: tuple[str, ...] = ()
    value_range: tuple[float, float] | None = None
    """The closed range of all values where there is one: (-1, 1) for images; decides the last activation."""
    columns: tuple[str, ...] = ()
    """Names of a table's trained columns, one per value of a row."""
    blocks: tuple[Block, ...] = ()
    """Into which blocks the values of a row fall, in their order; empty where `value_range` says it all."""
    units: Mapping[str, Any] | None = None
    """How rows of a table go back to their original units and columns, for `data.in_units`; JSON-able."""
    notes: tuple[str, ...] = ()
    """What was decided while reading the user's data, one sentence each, for the report."""
    condition: Rows | None = None
    """One entry for each training row, handed to both networks as their second argument, or nothing. In
    training a fake has the condition of the real row in its place of the batch."""
    held_out_condition: Tensor | None = None
    """One entry for each held-out row, `[M, ...]`; the samples that are judged have these, in turn."""
    scales: Mapping[str, Sequence[float]] | None = None
    """Black and white of pixels of more than 8 bits, by their kind, as they were read; JSON-able."""
    digest: str = ""
    """Fingerprint of the content of the user's own data, in hexadecimal; it fixes the held-out rows."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample: `(D,)` for points and tables, `(C, H, W)` for images."""
        return tuple(self.held_out.shape[1:])


class ModeReport(NamedTuple):
    """Which modes a sample set holds, and how good its samples are."""

    captured: int
    """Modes whose high-quality samples are at least 20 % of the mode's fair share of *all* samples."""
    high_quality: float
    """Share of all samples that lie close enough to a mode to count."""
    reverse_kl: float
    """KL(generated || real) over modes, high-quality samples only, in nats; inf without any."""
    missing: tuple[int, ...]
    """Indices of the modes that are not captured."""
