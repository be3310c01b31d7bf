"""Questions side by side: one worker process each, one thread a worker, as many at a time as cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def answer_side_by_side(
    numbers: Sequence[int],
    folder: Path,
    seeds: Sequence[int],
    full: bool,
    progress: Callable[[int, dict[str, Any]], None],
    stop: Callable[[], bool],
) -> dict[int, str]:
    """Answer questions in worker processes, each of which writes its answer into the folder.

    Args:
        numbers: which ones, started in this order.
        folder: held by this process.
        seeds: see `measure`.
        full: see `measure`.
        progress: called with the question's number and an event of its worker.
        stop: when it answers True, all workers are ended; what they had not finished is lost.

    Returns:
        What went wrong, in words, by question; empty when all went well.
    """
    from ganscope.running.machine import cores
    from ganscope.running.pool import run_in_processes

    messages = {
        number: {"number": number, "folder": str(folder), "seeds": list(seeds), "full": full}
        for number in numbers
    }
    return run_in_processes(
        "ganscope.explain.answer_worker",
        messages,
        lambda number, working: len(working) < cores(),
        progress,
        stop,
        patient=False,
    )
