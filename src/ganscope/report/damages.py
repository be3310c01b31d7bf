"""What a report leaves out because it is damaged or gone: nothing is dropped without a word."""

from __future__ import annotations

from pathlib import Path

from ganscope.figures.pictures import readable
from ganscope.folder import files, layout, soundness
from ganscope.folder.records import number


def damages_of(folder: Path) -> list[str]:
    """Say what of a run or a comparison is left out, a sentence a file.

    Example:
        >>> damages_of(Path("nowhere"))
        []
    """
    runs = [folder] if layout.is_run(folder) else layout.run_folders(folder)
    pictures = [path for run in runs for path in _pictures(run) if not readable(path)]
    return [
        *soundness.damages(folder),
        *(f"{path} cannot be read: its picture is left out." for path in pictures),
        *(
            f"{run / layout.SAMPLES} is empty or gone: its pictures are left out."
            for run in runs
            if _bare(run)
        ),
    ]


def _pictures(run: Path) -> list[Path]:
    rest = (run / name for name in (layout.REAL, layout.EXEMPLARS))
    return [*layout.samples_files(run).values(), *(path for path in rest if path.exists())]


def _bare(run: Path) -> bool:
    """Whether samples were judged and none are there: each evaluation keeps some."""
    if layout.samples_files(run):
        return False
    return any(number(row.get("emd")) is not None for row in files.whole_rows(run / layout.HISTORY).rows)
