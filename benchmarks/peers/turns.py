"""The conversation with a worker process: what to prepare, then how many steps to take, a line of JSON each.

Both ends are here. Workers run in environments that hold little, so nothing but the standard library is used.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

Case = dict[str, Any]
"""What to train: JSON values by name."""


class Times(NamedTuple):
    """Seconds on the wall, and of processors in this process: the latter leave out what others took away."""

    wall: float
    cpu: float


class _Next(Exception):  # noqa: N818 - no error: the way out of a library's own training loop
    """Another case was asked for, or none any more."""

    def __init__(self, case: Case | None) -> None:
        super().__init__()
        self.case = case


def serve(train: Callable[[Case, Iterator[int]], None]) -> None:
    """Answer in a worker process until its standard input ends.

    Args:
        train: given a case and turns, trains for ever: each turn is a number of steps to take, and its time
            is that until the next turn is asked for. An exception out of the turns ends it.
    """
    # libraries print what they like: let it go where errors go, and answer where nobody else writes
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        asked = _read()
        case = None if asked is None else asked["case"]
        while case is not None:
            try:
                train(case, _turns(answers))
            except _Next as wanted:
                case = wanted.case


def _turns(answers: TextIO) -> Iterator[int]:
    _answer(answers, "ready")
    while (asked := _read()) is not None:
        if "case" in asked:
            raise _Next(asked["case"])
        wall, cpu = time.perf_counter(), time.process_time()
        yield asked["take"]
        _answer(answers, [time.perf_counter() - wall, time.process_time() - cpu])
    raise _Next(None)


def _read() -> Case | None:
    line = sys.stdin.readline()
    return dict(json.loads(line)) if line else None


def _answer(answers: TextIO, value: object) -> None:
    answers.write(json.dumps(value) + "\n")
    answers.flush()


class Worker:
    """A process that trains what it is told to, as long as it is told to.

    Args:
        python: the interpreter of its environment.
        module: what to run; it calls `serve`.
        threads: how many threads, and cores, it may use.
        path: folders to find modules in.
    """

    def __init__(self, python: str | Path, module: str, threads: int, path: list[Path]) -> None:
        self._module = module
        self._log = tempfile.TemporaryFile(mode="w+", encoding="utf-8")  # noqa: SIM115 - closed on exit
        count = str(threads)
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": count,
            "MKL_NUM_THREADS": count,
            "PYTHONPATH": os.pathsep.join(map(str, path)),
        }
        self._process = subprocess.Popen(
            [str(python), "-m", module],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def __enter__(self) -> Worker:
        """Use it in a `with` block, which ends the process."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()

    def prepare(self, case: Case) -> None:
        """Build what a case needs."""
        self._ask({"case": case})
        self._answer()

    def run(self, steps: int) -> Times:
        """Take steps; the seconds of one."""
        self.start(steps)
        return self.finish(steps)

    def start(self, steps: int) -> None:
        """Begin to take steps, while others do the same."""
        self._ask({"take": steps})

    def finish(self, steps: int) -> Times:
        """Wait until the steps are taken; the seconds of one."""
        wall, cpu = self._answer()
        return Times(wall / steps, cpu / steps)

    def _ask(self, asked: Case) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._fail()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._fail()
        return json.loads(line)

    def _fail(self) -> None:
        self._process.wait()
        self._log.seek(0)
        raise RuntimeError(f"{self._module} ended: {self._log.read()[-2000:]}")
