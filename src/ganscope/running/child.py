"""A worker process, from within: its job comes in on stdin, what it reports goes out in JSON lines."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import IO, Any

Say = Callable[[dict[str, Any]], None]
Work = Callable[[dict[str, Any], Say, Callable[[], bool]], str]
"""`(job, say, stop) -> complaint`: do a job, tell of it, save and leave when `stop` answers True."""


def serve_parent(work: Work, patient: bool = True) -> int:
    """Do the one job that arrives on stdin.

    Our stdin closes when the parent wants us to stop, and when the parent is killed. Ctrl-C is left to the
    parent.

    Args:
        work: what to do; what it returns, where it is not empty, is reported as a failure.
        patient: whether `work` heeds `stop`; else the process ends as soon as the parent wants it to.

    Returns:
        The exit code: 0 when all went well.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stopped = threading.Event()
    if patient:
        signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    job = json.loads(sys.stdin.readline())
    leave = stopped.set if patient else lambda: os._exit(1)
    threading.Thread(target=_when_closed, args=(sys.stdin, leave), daemon=True).start()
    complaint = work(job, _say, stopped.is_set)
    if complaint:
        _say({"failed": complaint})
    return 1 if complaint else 0


def _when_closed(stream: IO[str], leave: Callable[[], None]) -> None:
    stream.read()
    leave()


def _say(event: dict[str, Any]) -> None:
    from ganscope.folder.files import jsonable

    try:
        print(json.dumps(jsonable(event)), flush=True)
    except BrokenPipeError:
        # the parent is gone; the closed stdin stops us in good order
        sys.stdout = open("/dev/null", "w")  # noqa: SIM115, PTH123 - stays open to the end of the process
