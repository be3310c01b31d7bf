"""A worker of `same_bits`: runs ganscope's command line once per line of standard input, each in a fork.

Libraries are loaded once, before the first fork; ganscope itself is loaded in each fork, from the one folder
on `PYTHONPATH`. A line is `{"arguments": [...], "log": "FILE"}`, its answer the exit status. POSIX only.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import runpy
import sys
import traceback
from pathlib import Path

LIBRARIES = (
    "numpy", "torch", "torch._dynamo", "torch._dynamo.aot_compile", "torch.func", "scipy.optimize",
    "scipy.stats", "sklearn.datasets", "sklearn.linear_model", "sklearn.neighbors", "ot", "pydantic",
    "cyclopts", "rich", "plotly.graph_objects", "plotly.io", "plotly.offline", "PIL.Image",
    "safetensors.torch",
)  # fmt: skip
"""What a run loads, whichever checkout it is of; one that is missing is left to the run."""


def main() -> None:
    """Answer until standard input ends."""
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        print(forked(asked["arguments"], Path(asked["log"])), flush=True)


def forked(arguments: list[str], log: Path) -> int:
    """Run one command line in a fork of this process, and return its exit status.

    Args:
        arguments: those after `ganscope`.
        log: where everything it prints goes.
    """
    child = os.fork()
    if child == 0:
        _run(arguments, log)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _run(arguments: list[str], log: Path) -> None:
    """Become `python -m ganscope ARGUMENTS`, and end."""
    status = 1
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        spec = importlib.util.find_spec("ganscope")
        source = Path(os.environ["PYTHONPATH"]) / "ganscope" / "__init__.py"
        if spec is None or Path(spec.origin or "").resolve() != source.resolve():
            raise RuntimeError(f"ganscope would be loaded from {spec and spec.origin}, not from {source}")
        sys.argv = ["ganscope", *arguments]
        runpy.run_module("ganscope", run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # whatever it was, this fork ends here and not in the loop of its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
