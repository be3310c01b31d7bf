"""ganscope: train GANs under any adversarial objective, and see why they fail."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganscope import data, divergences, lipschitz, metrics, objectives
    from ganscope.comparison import compare, sweep
    from ganscope.config import RunConfig
    from ganscope.contracts import BadInput, Dataset, Interrupted, Objective, RunFailed
    from ganscope.diagnose.rules.verdict import Verdict
    from ganscope.diagnose.watch import Scope, watch
    from ganscope.nets.ends import Ends
    from ganscope.running import resume, train
    from ganscope.running.run import Run, load

__version__ = "0.1.0"

_HOME = {
    "BadInput": "contracts",
    "Dataset": "contracts",
    "Interrupted": "contracts",
    "Objective": "contracts",
    "RunFailed": "contracts",
    "RunConfig": "config",
    "Run": "running.run",
    "load": "running.run",
    "train": "running",
    "resume": "running",
    "compare": "comparison",
    "sweep": "comparison",
    "watch": "diagnose.watch",
    "Scope": "diagnose.watch",
    "Ends": "nets.ends",
    "Verdict": "diagnose.rules.verdict",
}
_PARTS = ("data", "divergences", "lipschitz", "metrics", "objectives")

__all__ = [
    "BadInput",
    "Dataset",
    "Ends",
    "Interrupted",
    "Objective",
    "Run",
    "RunConfig",
    "RunFailed",
    "Scope",
    "Verdict",
    "__version__",
    "compare",
    "data",
    "divergences",
    "lipschitz",
    "load",
    "metrics",
    "objectives",
    "resume",
    "sweep",
    "train",
    "watch",
]


def __getattr__(name: str) -> Any:
    """Load a part when it is first asked for: `ganscope --help` needs no torch."""
    if name in _PARTS:
        return importlib.import_module(f"ganscope.{name}")
    if name in _HOME:
        return getattr(importlib.import_module(f"ganscope.{_HOME[name]}"), name)
    raise AttributeError(f"module 'ganscope' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
