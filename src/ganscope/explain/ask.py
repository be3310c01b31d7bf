"""Answer questions: find them, keep what is finished, measure the rest side by side, write the page."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ganscope.contracts import BadInput, Interrupted, RunFailed
from ganscope.explain.answer import Answer
from ganscope.explain.catalogue import QUESTIONS, find
from ganscope.explain.store import load_answers, working_in
from ganscope.explain.workers import answer_side_by_side
from ganscope.words.complaints import refuse_fraction

DEFAULT_OUT = Path("runs/explain")
MOST_SEEDS = 1000


class Explained(NamedTuple):
    """Answered questions."""

    folder: Path
    answers: tuple[Answer, ...]
    """Those that were asked for, in order."""
    kept: tuple[int, ...]
    """Questions whose answers were there already."""
    failures: dict[int, str]
    """What went wrong, by question; empty when all went well."""
    page: Path
    """All answers of the folder, also to questions asked earlier."""


def ask(
    wanted: Sequence[str] = (),
    *,
    seeds: int = 3,
    full: bool = False,
    out: Path | str | None = None,
    overwrite: bool = False,
    progress: Callable[[str, dict[str, Any]], None] = lambda question, event: None,
    stop: Callable[[], bool] = lambda: False,
) -> Explained:
    """Answer questions about GAN losses by measurement, and write them on one page.

    Args:
        wanted: numbers or subjects (`QUESTIONS`); none for all.
        seeds: how many seeds, from 0 on, where there is randomness.
        full: measure longer, as each question's `longer` says.
        out: the folder; by default runs/explain. Finished answers of the same settings are kept there.
        overwrite: measure anew what is there already.
        progress: called with a question's name and an event of its worker.
        stop: when it answers True, finished answers are kept and `Interrupted` raised.

    Returns:
        The answers, and the page at `.page`.

    Raises:
        BadInput: no such question, no seed, or a folder that cannot be used; nothing is measured then.
        Interrupted: `stop` answered True.
        RunFailed: no question could be answered.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     explained = ask(["chain-rule"], seeds=1, out=folder)
        ...     explained.page.name, [answer.number for answer in explained.answers]
        ('index.html', [1])
    """
    from ganscope.explain.page import write_page

    numbers = find(wanted)
    refuse_fraction("--seeds", seeds)
    if not 1 <= seeds <= MOST_SEEDS:
        raise BadInput(
            f"--seeds {seeds} cannot be used: give a number of seeds from 1 to {MOST_SEEDS}, for example 3."
        )
    folder = Path(out) if out is not None else DEFAULT_OUT
    with working_in(folder, numbers, range(seeds), full, overwrite):
        kept = tuple(number for number in numbers if number in load_answers(folder))
        failures = answer_side_by_side(
            [number for number in numbers if number not in kept],
            folder,
            range(seeds),
            full,
            lambda number, event: progress(QUESTIONS[number].name, event),
            stop,
        )
        every = load_answers(folder)
        if stop():
            raise Interrupted(folder, _again(wanted, seeds, full, folder))
        answers = tuple(every[number] for number in numbers if number in every)
        if not answers:
            raise RunFailed("; ".join(f"question {n}: {text}" for n, text in failures.items()))
        page = write_page(folder, tuple(every.values()))
    return Explained(folder, answers, kept, failures, page)


def _again(wanted: Sequence[str], seeds: int, full: bool, folder: Path) -> str:
    """Write the command that goes on; without --overwrite, which would begin again."""
    words = ["ganscope", "explain", *wanted, "--seeds", str(seeds), *["--full"] * full, "--out", str(folder)]
    return shlex.join(words)
