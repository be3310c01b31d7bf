"""The folder of the answers: finished ones are kept, and a rerun goes on after them.

`explain.json` holds what all answers have in common, `answers/03-....json` one answer each, `data/03-....csv`
its numbers, `index.html` the page.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ganscope import __version__
from ganscope.contracts import BadInput
from ganscope.explain.answer import Answer, Row, from_json, to_json
from ganscope.explain.catalogue import QUESTIONS
from ganscope.folder import files
from ganscope.folder.leftovers import is_leftover
from ganscope.folder.lock import foreign_items
from ganscope.words.remedies import refusal

SETTINGS = "explain.json"
PARTS = {"answers": ".json", "data": ".csv"}
"""Folders of what is written, and the endings of their files."""


@contextmanager
def working_in(
    folder: Path, numbers: Sequence[int], seeds: Sequence[int], full: bool, overwrite: bool
) -> Iterator[None]:
    """Lock a folder for answers of these settings while they are measured.

    Args:
        folder: new, empty, or one that holds answers already.
        numbers: the questions that will be answered.
        seeds: of all answers in the folder.
        full: likewise.
        overwrite: drop what the folder holds of these questions; all answers, if its settings differ.

    Raises:
        BadInput: it is a file, holds something else, answers of other settings, or files of others among them
            that would be overwritten, cannot be written, or another process works in it.
    """
    from ganscope.folder.lock import locked

    settings = {"seeds": list(seeds), "full": full, "version": __version__}
    try:
        _refuse_strangers(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with locked([folder]):
            stored = files.read_json(folder / SETTINGS) if (folder / SETTINGS).exists() else settings
            differs = [name for name in settings if stored.get(name) != settings[name]]
            if differs and not overwrite:
                before = ", ".join(f"{name} {stored.get(name)}" for name in differs)
                raise BadInput(
                    f"--out {folder} holds answers with {before}: give the same again to go on with them, "
                    "--overwrite to replace them, or another folder."
                )
            written = _written(folder) if overwrite else []
            for path in written if differs else ():
                path.unlink()
            for part in PARTS:
                (folder / part).mkdir(exist_ok=True)
            for number in numbers if overwrite else ():
                answer_path(folder, number).unlink(missing_ok=True)
            files.write_json(folder / SETTINGS, settings)
            yield
    except OSError as error:
        raise BadInput(refusal(f"--out {folder} cannot be written", error)) from None


def answer_path(folder: Path, number: int) -> Path:
    """Where an answer stands."""
    return folder / "answers" / f"{number:02d}-{QUESTIONS[number].name}.json"


def data_path(folder: Path, number: int) -> Path:
    """Where an answer's data stand."""
    return folder / "data" / f"{number:02d}-{QUESTIONS[number].name}.csv"


def keep(folder: Path, answer: Answer) -> None:
    """Write an answer and its data; the answer last, because its presence says that both are there."""
    with files.whole_file(data_path(folder, answer.number)) as file:
        file.write(as_csv(answer.rows).encode())
    files.write_json(answer_path(folder, answer.number), to_json(answer))


def load_answers(folder: Path) -> dict[int, Answer]:
    """Read every finished answer, in order of the questions.

    Raises:
        BadInput: a damaged file.
    """
    answers = {}
    for number in QUESTIONS:
        path = answer_path(folder, number)
        if path.exists():
            try:
                answers[number] = from_json(files.read_json(path))
            except (KeyError, TypeError) as error:
                raise BadInput(f"{path} is damaged ({error}): delete it, and explain again.") from None
    return answers


def as_csv(rows: Sequence[Row]) -> str:
    """Write rows as CSV; the columns are all keys in order of first appearance, and what is missing is empty.

    Example:
        >>> print(as_csv([{"a": 1}, {"a": 2, "b": 0.5}]))
        a,b
        1,
        2,0.5
        <BLANKLINE>
    """
    text = io.StringIO()
    columns = list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _written(folder: Path) -> list[Path]:
    """List what ganscope wrote and --overwrite may delete.

    Raises:
        BadInput: there are files of others among it.
    """
    ours, foreign = [], []
    for part, ending in PARTS.items():
        place = folder / part
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            foreign.append(part)
            continue
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            known = re.fullmatch(rf"\d\d-[a-z0-9-]+{re.escape(ending)}", path.name) or is_leftover(path.name)
            is_file = path.is_file() and not path.is_symlink()
            if known and is_file:
                ours.append(path)
            else:
                foreign.append(f"{part}/{path.name}")
    if foreign:
        raise BadInput(foreign_items(folder, foreign))
    return ours


def _refuse_strangers(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"--out {folder} is a file: choose a folder.")
    if folder.is_dir() and not _is_ours(folder / SETTINGS):
        others = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
        if others:
            raise BadInput(
                f"--out {folder} holds other files ({others[0]}) and no answers: choose an empty or new "
                "folder."
            )


def _is_ours(path: Path) -> bool:
    """Whether a file says what `explain.json` says, not what another program writes under its name."""
    try:
        return "seeds" in files.read_json(path) if path.is_file() else False
    except BadInput:
        return b'"seeds"' in path.read_bytes()
