"""The record of what was changed during training because of a verdict: `healings.json`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ganscope.folder import files, layout
from ganscope.words.reading import reading


class Healing(NamedTuple):
    """One change of settings, and where the run went on from."""

    found_at: int
    """Step of the probe after which the verdict stood."""
    verdict: str
    """Its label."""
    since_step: int
    cause: str
    remedy: str
    """What was changed, in words."""
    changes: Mapping[str, tuple[Any, Any]]
    """Old and new value of every field, by name."""
    idle: tuple[str, ...]
    """Fields among them that the others would have made idle."""
    from_step: int
    config: Mapping[str, Any]
    """The complete new configuration."""

    def __str__(self) -> str:
        """Say in one sentence what was wrong, what was changed, and where the run goes on."""
        changed = ", ".join(
            f"{field} from {_shown(old)} to {_shown(new)}{' (idle now)' if field in self.idle else ''}"
            for field, (old, new) in self.changes.items()
        )
        return (
            f"healed {self.verdict}, since step {self.since_step}, seen at step {self.found_at}: {changed}; "
            f"went on from step {self.from_step}."
        )


class Unhealed(NamedTuple):
    """A verdict that nothing was done about."""

    found_at: int
    verdict: str
    why: str

    def __str__(self) -> str:
        """Say in one sentence what is wrong and why it stays."""
        return f"not healed {self.verdict}, seen at step {self.found_at}: {self.why}"


class Record(NamedTuple):
    """All healings of a run, in order."""

    healings: tuple[Healing, ...] = ()
    unhealed: tuple[Unhealed, ...] = ()

    @property
    def sentences(self) -> list[str]:
        """One a healing, and one a verdict that stays."""
        return [str(entry) for entry in (*self.healings, *self.unhealed)]

    def as_json(self) -> dict[str, Any]:
        """The record for a file."""
        return {
            "healings": [{"sentence": str(h), **h._asdict()} for h in self.healings],
            "unhealed": [{"sentence": str(u), **u._asdict()} for u in self.unhealed],
        }


def read(folder: Path) -> Record:
    """Read a run folder's record; an empty one where nothing was healed.

    Raises:
        BadInput: the file is damaged.

    Example:
        >>> read(Path("nowhere")).sentences
        []
    """
    path = folder / layout.HEALINGS
    if not path.is_file():
        return Record()
    with reading(path, "restore it, or train the run again"):
        return _record(files.read_json(path))


def _record(written: Mapping[str, Any]) -> Record:
    return Record(
        tuple(
            Healing(
                **{
                    **_fields(entry, Healing),
                    "changes": {field: tuple(pair) for field, pair in entry["changes"].items()},
                    "idle": tuple(entry["idle"]),
                }
            )
            for entry in written["healings"]
        ),
        tuple(Unhealed(**_fields(entry, Unhealed)) for entry in written["unhealed"]),
    )


def write(folder: Path, healed: Record) -> None:
    """Write a run folder's record."""
    files.write_json(folder / layout.HEALINGS, healed.as_json())


def _fields(entry: Mapping[str, Any], kind: type[Healing] | type[Unhealed]) -> dict[str, Any]:
    return {name: entry[name] for name in kind._fields}


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
