"""The one reader of run folders and comparisons: one check of the format, one wording for what is wrong.

It is strict: what it returns has been checked, and parsed once. A report shows what can be shown of damaged
folders too; it reads them through `records`, which takes the same checks and no more.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from ganscope.config import RunConfig
from ganscope.config.auto import Setting
from ganscope.contracts import BadInput
from ganscope.folder import files, layout


class Newer(BadInput):
    """A later version wrote the folder."""


class Description(NamedTuple):
    """What a run folder's `config.json` says, checked and parsed."""

    folder: Path
    config: RunConfig
    """In force now: of a healed run, with all its remedies."""
    data: Mapping[str, Any]
    """The data's name, shape, counts and floors."""
    stack: tuple[Path, ...]
    """The folders of all runs that train as one program, this one among them."""
    threads: int
    """Of the processor; sums depend on it."""
    auto: tuple[Setting, ...]
    """What the recipe `auto` chose."""
    origin: tuple[Path, int] | None
    """The run a fine-tuned run began from, and the step of its checkpoint."""
    healings: int
    """How many healings `config` contains."""
    written: Mapping[str, Any]
    """Everything, as it was written."""


def read(folder: Path) -> Description:
    """Read a run folder's `config.json`.

    Args:
        folder: a run folder.

    Returns:
        Its description, every part of it checked.

    Raises:
        BadInput: there is none, it is damaged, or it was written by a later version.

    Example:
        >>> read(Path("runs/nothing"))
        Traceback (most recent call last):
        ...
        ganscope.contracts.BadInput: runs/nothing is no run folder: it holds no config.json.
    """
    if not layout.is_run(folder) and layout.is_comparison(folder):
        inside = next(iter(layout.run_folders(folder)), None)
        example = "" if inside is None else f", such as {inside}"
        raise BadInput(f"{folder} is a comparison: name one of the runs in it{example}.")
    written = read_config(folder)
    try:
        execution, origin = written["execution"], written.get("from")
        described = Description(
            folder=folder,
            config=parse_config(written["config"]),
            data={"shape": written["data"]["shape"], **written["data"]},
            stack=_stack(folder, execution),
            threads=int(execution["threads"]),
            auto=tuple(Setting(**entry) for entry in written.get("auto", ())),
            origin=None if origin is None else (Path(origin["run"]), int(origin["step"])),
            healings=int(written.get("healings", 0)),
            written=written,
        )
    except ValidationError as error:
        first = error.errors()[0]
        why = f"{'.'.join(map(str, first['loc']))} {first['input']!r}: {first['msg']}"
    except Exception as error:  # values of any kind
        why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
    else:
        return described
    path = folder / layout.CONFIG
    raise BadInput(f"{path} is damaged ({why.rstrip('.')}): restore it, or train the run again.")


def parse_config(written: Mapping[str, Any]) -> RunConfig:
    """Make a configuration of what any released version wrote: the only place that knows old forms.

    Raises:
        ValidationError: a value that cannot be, or a field that no version had.
        TypeError: it is no mapping.
    """
    return RunConfig(**written)


def read_config(folder: Path) -> dict[str, Any]:
    """Read a run folder's `config.json` as it was written: JSON of a known format, its hash checked.

    Raises:
        BadInput: there is none, it is no JSON object, it was changed, or a later version wrote it.
    """
    if not layout.is_run(folder):
        raise BadInput(f"{folder} is no run folder: it holds no {layout.CONFIG}.")
    return _known(folder, files.read_json(folder / layout.CONFIG))


def read_comparison(folder: Path) -> dict[str, Any]:
    """Read `comparison.json` as it was written.

    Raises:
        BadInput: there is none, it is damaged, or a later version wrote it.
    """
    if not layout.is_comparison(folder):
        raise BadInput(f"{folder} is no comparison: it holds no {layout.COMPARISON}.")
    return _known(folder, files.read_json(folder / layout.COMPARISON))


def read_metrics(folder: Path) -> dict[str, Any]:
    """Read a run's last evaluation; empty while the run is unfinished.

    Raises:
        BadInput: the file is damaged, or a later version wrote it.

    Example:
        >>> read_metrics(Path("nowhere"))
        {}
    """
    path = folder / layout.METRICS
    written = _known(folder, files.read_json(path)) if path.is_file() else {}
    written.pop("rows", None)  # what it knows of other files: see `ganscope.folder.soundness`
    return written


def _known(folder: Path, written: dict[str, Any]) -> dict[str, Any]:
    """Refuse what a later version wrote."""
    version = written.get("format")
    if isinstance(version, int | float) and version > files.FORMAT:
        raise Newer(
            f"{folder} has format {version:g}, and this ganscope reads formats up to {files.FORMAT}: "
            "use a newer ganscope."
        )
    return written


def _stack(folder: Path, execution: Mapping[str, Any]) -> tuple[Path, ...]:
    """The folders of all runs that train together; early stacks had one for each seed, side by side."""
    if len(execution["stack"]) == 1:
        return (folder,)
    places = execution.get("folders") or [
        f"{os.pardir}/{layout.seed_folder(seed)}" for seed in execution["stack"]
    ]
    return tuple(Path(os.path.normpath(folder / place)) for place in places)
