"""A worker process: trains one stack with one thread, its job coming in on stdin, its progress going out.

Both directions are lines of JSON. The first line from the parent is the job; when the parent's end closes,
be it that it stops us or that it was killed, the worker saves its state and leaves.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from ganscope.contracts import BadInput, Interrupted, RunFailed

PATIENCE = 30.0
"""Seconds to wait for a worker of a killed parent that is still saving into our folders."""


def main() -> int:
    """Train the job that arrives on stdin."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_until_closed, args=(sys.stdin, stopped), daemon=True).start()

    complaint = train_job(job, _say, stopped.is_set)
    if complaint:
        _say({"failed": complaint})
    return 1 if complaint else 0


def train_job(job: dict[str, Any], say: Callable[[dict[str, Any]], None], stop: Callable[[], bool]) -> str:
    """Train one stack with one thread, in whatever process an engine has started for it.

    Args:
        job: what `Job.message` gives.
        say: called with every event of the training loop.
        stop: when it answers True, the state is saved and the work ends.

    Returns:
        What went wrong, in words; nothing when all went well or was saved.
    """
    try:
        _work(job, say, stop)
    except Interrupted:
        say({"note": "stopped; everything is saved"})
    except (BadInput, RunFailed) as error:
        return str(error)
    return ""


def _work(job: dict[str, Any], say: Callable[[dict[str, Any]], None], stop: Callable[[], bool]) -> None:
    import torch

    from ganscope.build.throughput import steps_within
    from ganscope.config.auto import Setting
    from ganscope.data.find import load_data
    from ganscope.evaluation import Evaluation
    from ganscope.folder.read import parse_config
    from ganscope.running.in_process import run_stack

    torch.set_num_threads(1)
    configs = [parse_config(values) for values in job["configs"]]
    on = Evaluation(load_data(configs[0].data, configs[0].size))
    if job["seconds"] and not job["resuming"]:
        steps = steps_within(job["seconds"], configs, on)
        configs = [c.model_copy(update={"steps": steps}) for c in configs]
    run_stack(
        configs,
        [Path(folder) for folder in job["folders"]],
        on,
        resuming=job["resuming"],
        progress=say,
        stop=stop,
        tell=lambda text: say({"note": text}),
        patience=PATIENCE,
        auto=[Setting(*entry) for entry in job["auto"]],
    )


def _until_closed(stream: IO[str], stopped: threading.Event) -> None:
    stream.read()
    stopped.set()


def _say(event: dict[str, Any]) -> None:
    from ganscope.folder.files import jsonable

    try:
        print(json.dumps(jsonable(event)), flush=True)
    except BrokenPipeError:
        # nobody listens any more; the closed stdin stops us in good order
        sys.stdout = open("/dev/null", "w")  # noqa: SIM115, PTH123 - stays open to the end of the process


if __name__ == "__main__":
    sys.exit(main())
