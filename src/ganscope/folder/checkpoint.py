"""Checkpoints: one safetensors file with all state, written whole, hashed, and checked when read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save as serialise
from torch import Tensor

from ganscope.folder import layout
from ganscope.folder.files import FORMAT, whole_file


class Damaged(ValueError):  # noqa: N818
    """A checkpoint that is not what was written."""


def path_of(folder: Path, step: int) -> Path:
    """Name the file of a step's checkpoint in a run folder."""
    return layout.checkpoint_file(folder, step)


def steps(folder: Path) -> list[int]:
    """List the steps a run folder holds checkpoints of, oldest first, damaged ones included."""
    return list(layout.checkpoint_files(folder))


def save(path: Path, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Write tensors and JSON state as one file that appears whole or not at all.

    Args:
        path: where; its folder is made if missing.
        tensors: any dtype and device, by name.
        state: JSON values.
    """
    path.parent.mkdir(exist_ok=True)
    contents = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    text = json.dumps({"format": FORMAT, **state}, sort_keys=True)
    # one entry: safetensors writes several in no fixed order, and equal runs must give equal files
    signed = json.dumps({"state": text, "sha256": _digest(contents, text)}, sort_keys=True)
    with whole_file(path) as file:
        file.write(serialise(contents, metadata={"ganscope": signed}))


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a checkpoint back.

    Args:
        path: a file written by `save`.

    Returns:
        The tensors on the CPU, and the state.

    Raises:
        Damaged: the file is cut short, altered, or no checkpoint.
    """
    try:
        with safe_open(path, framework="pt") as file:
            signed = json.loads((file.metadata() or {})["ganscope"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            sound = signed["sha256"] == _digest(tensors, signed["state"])
            state: dict[str, Any] = json.loads(signed["state"]) if sound else {}
    except Exception as error:  # whatever the bytes make of it
        raise Damaged(f"{path} is damaged: {error}") from None
    if not sound:
        raise Damaged(f"{path} is damaged: its contents do not match the hash it was written with")
    return tensors, state


def state(path: Path) -> dict[str, Any]:
    """Read the state alone, in a fraction of the time; its hash covers the tensors too and is not checked.

    Raises:
        Damaged: the file is cut short or no checkpoint.
    """
    try:
        with safe_open(path, framework="pt") as file:
            said: dict[str, Any] = json.loads(json.loads((file.metadata() or {})["ganscope"])["state"])
            return {**said, "step": int(said["step"])}
    except Exception as error:  # whatever the bytes make of it
        raise Damaged(f"{path} is damaged: {error}") from None


def newest(folder: Path) -> tuple[int, dict[str, Tensor], list[str]]:
    """Read the newest sound checkpoint of a run folder.

    Args:
        folder: the run folder, with at least one checkpoint.

    Returns:
        Its step, its tensors, and what is wrong with each newer one.

    Raises:
        Damaged: none is sound.
    """
    damaged: list[str] = []
    for step in reversed(steps(folder)):
        try:
            return step, load(path_of(folder, step))[0], damaged
        except Damaged as error:
            damaged.append(str(error))
    raise Damaged(damaged[0])


def best_step(folder: Path) -> int | None:
    """Return the step whose generator a run folder keeps as the best; None where none can be read."""
    try:
        return int(state(folder / layout.BEST)["step"])
    except Damaged:
        return None


def retain(folder: Path, newest: int, every: int = 0, best: Collection[int] = ()) -> None:
    """Delete the checkpoints of a run folder that are not to be kept.

    Args:
        folder: the run folder.
        newest: how many of the newest are kept.
        every: those whose step is a multiple of this are kept too; 0 for none.
        best: steps to keep at any age.
    """
    for step in steps(folder)[:-newest]:
        if step not in best and not (every and step % every == 0):
            path_of(folder, step).unlink(missing_ok=True)


def _digest(tensors: Mapping[str, Tensor], state: str) -> str:
    """Hash names, types, shapes and bytes, so that any flipped bit shows."""
    digest = hashlib.sha256(state.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
