"""A run folder as an object: its configuration, its record, and its generator."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganscope import record
from ganscope.config import RunConfig
from ganscope.contracts import BadInput

if TYPE_CHECKING:
    from torch import Tensor, nn


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
        self.description = read_description(folder)
        self._generator = generator

    @property
    def config(self) -> RunConfig:
        """The configuration the run was started with."""
        return RunConfig(**self.description["config"])

    @property
    def history(self) -> list[dict[str, Any]]:
        """Rows of losses and measurements, in order of steps."""
        return record.read_rows(self.folder / "history.jsonl")

    @property
    def metrics(self) -> dict[str, Any]:
        """The last evaluation; empty while the run is unfinished."""
        path = self.folder / "metrics.json"
        return record.read_json(path) if path.exists() else {}

    def generator(self) -> nn.Module:
        """Load the trained generator, in evaluation mode.

        Raises:
            BadInput: the run is unfinished, or its own module was not handed over.
        """
        from safetensors.torch import load_file

        from ganscope.build import generator_of

        weights = self.folder / "generator.safetensors"
        if not weights.is_file():
            why = "it diverged" if self.metrics.get("diverged_at") is not None else "it is unfinished"
            raise BadInput(
                f"{self.folder} holds no generator.safetensors because {why}: "
                f"ganscope resume {self.folder} goes on with an unfinished run."
            )
        module = self._generator if self._generator is not None else generator_of(self.description)
        tensors = load_file(weights)
        module.to(next(iter(tensors.values())).dtype)
        module.load_state_dict(tensors)
        return module.eval()

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Draw samples from the trained generator.

        Args:
            n: how many, at least 1.
            seed: seed of the latents; the same seed gives the same samples.

        Returns:
            `[n, *shape]`, float32, on the CPU, as the run's data was trained on (images in [-1, 1]).

        Raises:
            BadInput: `n` below 1, or a run without a trained generator.
        """
        import torch

        from ganscope.training import streams

        if n < 1:
            raise BadInput(f"cannot draw {n} samples: ask for at least 1.")
        module = self.generator()
        dtype = next(module.parameters()).dtype
        latent = torch.randn(
            (n, self.config.latent_dim), generator=streams.generator(seed, "sample"), dtype=dtype
        )
        with torch.no_grad():
            chunks = [module(latent[i : i + 4096]).float() for i in range(0, n, 4096)]
        return torch.cat(chunks)

    def __repr__(self) -> str:
        """Say which run this is and how it ended."""
        emd = self.metrics.get("emd", math.nan)
        return f"Run({str(self.folder)!r}, recipe={self.config.recipe!r}, emd={emd})"


def load(folder: str | Path, generator: nn.Module | None = None) -> Run:
    """Open a run folder.

    Args:
        folder: where a run was written.
        generator: the module that was trained, where it was the user's own.

    Returns:
        The run; `ganscope.load(folder).sample(64)` draws from it.

    Raises:
        BadInput: the folder is no run folder.
    """
    return Run(Path(folder), generator)


def read_description(folder: Path) -> dict[str, Any]:
    """Read a run folder's `config.json`.

    Raises:
        BadInput: there is none, it is damaged, or it was written by a later version.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise BadInput(f"{folder} is no run folder: it holds no config.json.")
    try:
        description = record.read_json(path)
        version = description["format"]
        description["config"], description["execution"], description["data"]
    except (ValueError, KeyError) as error:
        raise BadInput(f"{path} is damaged ({error}): restore it, or train the run again.") from None
    if version > record.FORMAT:
        raise BadInput(
            f"{folder} has format {version}, and this ganscope reads formats up to {record.FORMAT}: "
            "use a newer ganscope."
        )
    return description
