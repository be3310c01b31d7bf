"""A process that has imported everything and forks one for each command that is asked for.

What it forks are real processes, with a memory, signals and an end of their own; they only begin after the
imports, which take most of a short run's time. It ends when the socket it is handed is closed.
"""

from __future__ import annotations

import codecs
import json
import os
import resource
import runpy
import select
import socket
import sys
from pathlib import Path
from typing import Any

FILES = 3
"""What comes with a command: where its output, its errors and its exit code go."""


def import_everything() -> None:
    """What a run of the command line imports sooner or later; no thread is started."""
    import plotly.graph_objects  # noqa: F401
    import sklearn.svm  # noqa: F401
    import torch

    import ganscope.cli.app
    import ganscope.comparison
    import ganscope.report
    import ganscope.running  # noqa: F401

    codecs.lookup("ascii")  # read from a file that another user may not see
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # imports torch._dynamo


def serve(door: socket.socket) -> None:
    """Fork what is asked for, and tell how it ended, until the other side closes the door."""
    running: dict[int, tuple[int, int]] = {}  # file descriptor of a process -> its number, where to tell
    while True:
        ready, _, _ = select.select([door.fileno(), *running], [], [])
        for ended in set(ready) - {door.fileno()}:
            pid, tell = running.pop(ended)
            _, status = os.waitpid(pid, 0)
            os.write(tell, f"{os.waitstatus_to_exitcode(status)}\n".encode())
            os.close(ended)
            os.close(tell)
        if door.fileno() in ready:
            message, files, _, _ = socket.recv_fds(door, 2**16, FILES)
            if not message:
                return
            out, err, tell = files
            pid = os.fork()
            if pid == 0:
                door.close()
                os.close(tell)
                become(json.loads(message), out, err)
                return
            os.close(out)
            os.close(err)
            os.write(tell, f"{pid}\n".encode())
            running[os.pidfd_open(pid)] = pid, tell


def become(asked: dict[str, Any], out: int, err: int) -> None:
    """Be the process that was asked for."""
    for given, usual in ((os.open(os.devnull, os.O_RDONLY), 0), (out, 1), (err, 2)):
        os.dup2(given, usual)
        os.close(given)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - as it would have been opened at the start
    sys.stderr = open(2, "w", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    if asked["largest_file"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (asked["largest_file"],) * 2)
    if asked["open_files"] is not None:
        used = max(int(file.name) for file in Path("/proc/self/fd").iterdir())
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + asked["open_files"],) * 2)
    if asked["user"] is not None:
        os.setgid(asked["user"])
        os.setuid(asked["user"])
    sys.argv = ["ganscope", *asked["arguments"]]
    runpy.run_module("ganscope", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    import_everything()
    serve(socket.socket(fileno=int(sys.argv[1])))
