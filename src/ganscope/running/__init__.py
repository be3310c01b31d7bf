"""How runs are executed: one run or stack in this process, a list of stacks over cores or a Ray cluster."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganscope.running.engine import ENGINES, LOCAL, Engine, open_engine
    from ganscope.running.in_process import Hooks, execute
    from ganscope.running.prepared import Custom, Prepared, prepare, reopen
    from ganscope.running.processes import Job, run_jobs
    from ganscope.running.resume_run import resume
    from ganscope.running.train_run import launch, train

__all__ = [
    "ENGINES",
    "LOCAL",
    "Custom",
    "Engine",
    "Hooks",
    "Job",
    "Prepared",
    "execute",
    "launch",
    "open_engine",
    "prepare",
    "reopen",
    "resume",
    "run_jobs",
    "train",
]
_HOME = {
    **dict.fromkeys(("ENGINES", "LOCAL", "Engine", "open_engine"), "engine"),
    **dict.fromkeys(("Hooks", "execute"), "in_process"),
    **dict.fromkeys(("Custom", "Prepared", "prepare", "reopen"), "prepared"),
    **dict.fromkeys(("Job", "run_jobs"), "processes"),
    "resume": "resume_run",
    **dict.fromkeys(("launch", "train"), "train_run"),
}


def __getattr__(name: str) -> Any:
    """Load a part when it is first asked for: workers can be started before torch is loaded here."""
    if name in _HOME:
        return getattr(importlib.import_module(f"ganscope.running.{_HOME[name]}"), name)
    raise AttributeError(f"module 'ganscope.running' has no attribute '{name}'")
