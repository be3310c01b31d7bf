"""A run folder as an object: its configuration, its record, and its generator."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganscope.config import CUSTOM, RunConfig
from ganscope.contracts import BadInput
from ganscope.folder import files, layout, soundness
from ganscope.folder.read import read, read_metrics
from ganscope.words.complaints import refuse_fraction

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from ganscope.contracts import Dataset, Told
    from ganscope.data.find import DataLike
    from ganscope.diagnose.rules.verdict import Verdict

CHUNK = 4096
"""Latents that go through a generator at a time."""


class Run:
    """A trained (or training) run.

    Args:
        folder: the run folder.
        generator: the module that was trained, where it was the user's own.

    Example:
        >>> Run(Path("runs/nothing"))
        Traceback (most recent call last):
        ...
        ganscope.contracts.BadInput: runs/nothing is no run folder: it holds no config.json.
    """

    def __init__(self, folder: Path, generator: nn.Module | None = None) -> None:
        self.folder = folder
        self._described = read(folder)
        self._generator = generator

    @property
    def config(self) -> RunConfig:
        """The configuration in force: of a healed run, with its remedies."""
        return self._described.config

    @property
    def description(self) -> Mapping[str, Any]:
        """All that `config.json` says, as it was written."""
        return self._described.written

    @property
    def history(self) -> list[dict[str, Any]]:
        """Rows of losses and measurements, in order of steps, up to the first that is damaged."""
        return files.whole_rows(self.folder / layout.HISTORY).rows

    @property
    def damages(self) -> list[str]:
        """What of the folder is not as it was written, a sentence a file."""
        return soundness.damages(self.folder)

    @property
    def metrics(self) -> dict[str, Any]:
        """The last evaluation; empty while the run is unfinished."""
        return read_metrics(self.folder)

    @property
    def verdicts(self) -> list[Verdict]:
        """What is wrong with the run, upstream cause first, as `ganscope diagnose` says it.

        Each has `advice` that fits the run, and a `command` that follows it. Empty for a run without probes.
        """
        from ganscope.running.examine import judged

        said = judged(self.folder)
        return [] if said is None else said.verdicts

    def generator(self, best: bool = False) -> nn.Module:
        """Load the trained generator, in evaluation mode.

        Args:
            best: take that of the step whose samples were judged the best by `best_by`, which is kept while a
                run trains and after it has diverged.

        Raises:
            BadInput: the run is unfinished, or it trained the user's own module, which was not handed over.
        """
        from ganscope.build.networks import generator_of
        from ganscope.folder import checkpoint

        weights = self.folder / (layout.BEST if best else layout.GENERATOR)
        if best and not weights.is_file():
            raise BadInput(
                f"{self.folder} keeps no best generator: it was not evaluated after a step yet, or it was "
                "trained before ganscope kept one. Leave --best out."
            )
        if not weights.is_file():
            step = self.metrics.get("diverged_at")
            raise BadInput(
                f"{self.folder} holds no trained generator yet, because it is unfinished: go on with "
                f"ganscope resume {self.folder}."
                if step is None
                else f"{self.folder} holds no trained generator, because it diverged at step {step}: train "
                "again with lower --d-lr and --g-lr, or with a penalty."
            )
        module = (
            self._generator
            if self._generator is not None
            else generator_of(self.config, self._described.data)
        )
        try:
            tensors, _ = checkpoint.load(weights)
        except checkpoint.Damaged as damage:
            raise BadInput(
                f"{damage}: delete it, and ganscope resume {self.folder} writes it anew."
                if not best
                else f"{damage}: leave --best out."
            ) from None
        ours = {name: list(tensor.shape) for name, tensor in module.state_dict().items()}
        theirs = {name: list(tensor.shape) for name, tensor in tensors.items()}
        for name in [*theirs, *ours]:
            if ours.get(name) != theirs.get(name):
                raise BadInput(
                    f"the generator does not fit {weights}: {name} is {theirs.get(name, 'missing')} there "
                    f"and {ours.get(name, 'missing')} here. Hand over a module like the one that was trained."
                )
        module.to(next(iter(tensors.values())).dtype)
        module.load_state_dict(tensors)
        return module.eval()

    def sample(self, n: int, seed: int = 0, condition: Tensor | None = None, best: bool = False) -> Tensor:
        """Draw samples from the trained generator.

        Args:
            n: how many, at least 1.
            seed: seed of the latents; the same seed gives the same samples.
            condition: one entry a sample, where the generator takes one as its second argument.
            best: draw from the generator of the best step: see `generator`.

        Returns:
            `[n, *shape]`, float32, on the CPU, as the run's data was trained on (images in [-1, 1]).

        Raises:
            BadInput: `n` below 1, a condition of another length, or a run without a trained generator.
        """
        import torch

        from ganscope.training import streams

        refuse_fraction("seed", seed)
        if not isinstance(n, int) or n < 1:
            raise BadInput(f"cannot draw {n} samples: ask for at least 1.")
        if condition is not None and len(condition) != n:
            raise BadInput(f"{len(condition)} conditions do not fit {n} samples: give one a sample.")
        generator = self.generator(best)
        dtype = next(generator.parameters()).dtype
        stream = streams.generator(seed, "sample")
        latents = torch.randn((n, self.config.latent_dim), generator=stream, dtype=dtype)
        if condition is None and (told := self._told()) is not None:
            condition = told.draw(generator, n, stream)
        return _drawn(generator, latents, condition)

    def table(self, n: int, seed: int = 0, best: bool = False) -> tuple[list[str], NDArray[Any]]:
        """Draw rows of the table the run was trained on, in its original units, with all its columns.

        Args:
            n: how many, at least 1.
            seed: as in `sample`.
            best: as in `sample`.

        Returns:
            Column names, and values `[n, columns]`: float64 where all columns are numbers (NaN is a missing
            one), else objects (int, float, bool, str, datetime or None).

        Raises:
            BadInput: see `sample`; or the run was not trained on a table.
        """
        from ganscope.data import in_units

        units = self._described.data.get("units")
        if units is None:
            raise BadInput(
                f"{self.folder} was not trained on a table: draw with sample() in place of table()."
            )
        return in_units(self.sample(n, seed, best=best), units)

    def evaluate(
        self,
        data: str | Path | DataLike | None = None,
        n: int | None = None,
        features: Callable[[Tensor], Tensor] | None = None,
        best: bool = False,
    ) -> dict[str, Any]:
        """Judge the trained generator, on the latents the run was always judged on.

        Args:
            data: what to judge it by; by default the data it was trained on. A table may be another one with
                the same column names.
            n: how many samples, at least 20; by default as many as the data's modes want, 500 without modes.
            features: a feature extractor, rows `[N, *shape]` to `[N, F]`, for metrics that compare features;
                by default the rows themselves, flattened.
            best: judge the generator of the best step: see `generator`.

        Returns:
            Each metric of `ganscope list` by name and, under `<name>_floor`, what as many training rows
            score: `emd` against up to 500 held-out rows, `sliced_w1`, `frechet_distance`, `kid`; where modes
            are known `captured`, `high_quality` and `reverse_kl`, with `modes` and `missing`; `prdc`
            (precision, recall, density, coverage; k = 5, between raw rows) beside `prdc_real`, the same with
            training rows in place of samples. A table is measured in standard deviations of its columns.

        Raises:
            BadInput: a run without a trained generator, or data that does not fit or has changed.

        Example:
            >>> import tempfile
            >>> from ganscope import train
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     measured = train({"data": "ring", "recipe": "r1", "steps": 3}, out=folder).evaluate(n=50)
            >>> measured["compared_rows"], measured["modes"], measured["emd"] > measured["emd_floor"]
            (50, 8, True)
        """
        from ganscope.data.find import check_unchanged, is_path, load_data
        from ganscope.evaluation import Evaluation, check_samples, into, samples_wanted
        from ganscope.metrics.features import RAW
        from ganscope.training.judging import evaluation_latents, in_turn

        generator, about = self.generator(best), self._described.data
        if data is None and self.config.data == CUSTOM:
            raise BadInput(
                f"{self.folder} was trained on data of your own: hand it over, as in run.evaluate(data), or "
                "name other data with --data."
            )
        of_file = data is None or (isinstance(data, str | Path) and is_path(data))
        columns = self.config.columns if of_file else {}
        judged_by = load_data(self.config.data if data is None else data, self._side(data), about, columns)
        if data is None:
            check_unchanged(judged_by, about, str(self.folder))
        rows = n if n is not None else samples_wanted(judged_by)
        check_samples(rows)
        dtype = next(generator.parameters()).dtype
        latents, condition = evaluation_latents(self.config.seed, rows, self.config.latent_dim, dtype), None
        if judged_by.held_out_condition is not None:
            condition = in_turn(judged_by.held_out_condition, rows)
        elif (told := self._told()) is not None:
            condition = self._as_judged(judged_by, told, generator, rows)
        fake = _drawn(generator, latents, condition)
        evaluation = Evaluation(judged_by, features=RAW if features is None else features)
        judged = into(judged_by, fake, about.get("units"))
        return evaluation.evaluate(judged, written=judged is not fake)

    def _told(self) -> Told | None:
        """How the generator is told one category of each row; None for one that is told nothing."""
        from ganscope.build.networks import told_by
        from ganscope.nets.ends import blocks_in

        told = told_by(self.config)
        return told if told is not None and told.width(blocks_in(self._described.data)) else None

    def _as_judged(self, data: Dataset, told: Told, generator: nn.Module, count: int) -> Tensor:
        """The conditions of the samples that were judged while it trained; drawn by shares for other data."""
        from ganscope.build.game import told_fixed
        from ganscope.evaluation.evaluation import COMPARED_ROWS
        from ganscope.nets.ends import blocks_in
        from ganscope.training import streams
        from ganscope.training.judging import in_turn

        if data.blocks == blocks_in(self._described.data):
            return in_turn(told_fixed(data.held_out[:COMPARED_ROWS], data.blocks), count)
        return told.draw(generator, count, streams.generator(self.config.seed, "evaluation", 1))

    def _side(self, data: object) -> int:
        """The side to which other image files are brought: that of the images the run draws."""
        shape = self._described.data["shape"]
        path = Path(data) if isinstance(data, str | Path) else None
        pictures = path is not None and (path.is_dir() or path.suffix.lower() == ".zip")
        return shape[-1] if pictures and len(shape) == 3 else self.config.size

    def __repr__(self) -> str:
        """Say which run this is and how it ended."""
        emd = self.metrics.get("emd", math.nan)
        return f"Run({str(self.folder)!r}, recipe={self.config.recipe!r}, emd={emd})"


def _drawn(generator: nn.Module, latents: Tensor, condition: Tensor | None = None) -> Tensor:
    import torch

    from ganscope.training.batches import as_condition

    inputs = (latents,) if condition is None else (latents, as_condition(condition, latents))
    with torch.no_grad():
        parts = [[x[i : i + CHUNK] for x in inputs] for i in range(0, len(latents), CHUNK)]
        return torch.cat([generator(*part).float() for part in parts])


def warn(sentence: str) -> None:
    """Say it as Python warns."""
    warnings.warn(sentence, stacklevel=3)


def load(folder: str | Path, generator: nn.Module | None = None, tell: Callable[[str], None] = warn) -> Run:
    """Open a run folder.

    Args:
        folder: where a run was written.
        generator: the module that was trained, where it was the user's own.
        tell: told, in a sentence a file, what of the folder is not as it was written; by default a warning.

    Returns:
        The run; `ganscope.load(folder).sample(64)` draws from it.

    Raises:
        BadInput: the folder is no run folder.
    """
    run = Run(Path(folder), generator)
    for sentence in run.damages:
        tell(sentence)
    return run
