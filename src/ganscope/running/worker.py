"""A worker process that trains one stack of runs with one thread."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ganscope.contracts import BadInput, Interrupted, RunFailed
from ganscope.running.child import Say, serve_parent

PATIENCE = 30.0
"""Seconds to wait for the worker of a killed parent that is still saving into these folders."""


def train_job(job: dict[str, Any], say: Say, stop: Callable[[], bool]) -> str:
    """Train one stack with one thread, in the process that an engine has started for it.

    Args:
        job: what `Job.message` gives.
        say: called with every event of the training loop.
        stop: when it answers True, the state is saved and the work ends.

    Returns:
        What went wrong, in words; empty when all went well or was saved.
    """
    from ganscope.running.in_process import Hooks, execute

    hooks = Hooks(say, stop, lambda text: say({"note": text}))
    try:
        execute(_prepared(job), hooks, PATIENCE)
    except Interrupted:
        say({"note": "stopped; everything is saved"})
    except (BadInput, RunFailed) as error:
        return str(error)
    return ""


def _prepared(job: dict[str, Any]) -> Any:
    import torch

    from ganscope.build.throughput import steps_within
    from ganscope.config.auto import Setting
    from ganscope.data.find import load_data
    from ganscope.evaluation import Evaluation
    from ganscope.folder.read import parse_config, read
    from ganscope.running.prepared import Prepared, reopen

    torch.set_num_threads(1)
    configs = [parse_config(values) for values in job["configs"]]
    folders = [Path(folder) for folder in job["folders"]]
    evaluation = Evaluation(
        load_data(configs[0].data, configs[0].size, job["about"], configs[0].columns), about=job["about"]
    )
    if job["resuming"]:
        return reopen([read(folder) for folder in folders], evaluation=evaluation)
    if job["seconds"]:
        steps = steps_within(job["seconds"], configs, evaluation)
        configs = [config.model_copy(update={"steps": steps}) for config in configs]
    auto = tuple(Setting(*entry) for entry in job["auto"])
    return Prepared(tuple(configs), tuple(folders), evaluation, auto=auto)


if __name__ == "__main__":
    sys.exit(serve_parent(train_job))
