"""A process that has loaded what a worker needs, and splits workers off itself: `python -m` this module.

A worker that starts by itself loads torch first, and torch's optimisers load torch's compiler: seconds, for
each worker again. Here both are loaded once, while the parent still plans, and a worker begins at once.

The process has one thread and has computed nothing when it forks, so nothing it holds can be half done.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import runpy
import signal
import socket
import sys

LOADED = (
    "torch",
    "ganscope.data.find",
    "ganscope.evaluation",
    "ganscope.running.in_process",
    "ganscope.running.prepared",
    "sklearn.svm",
)
"""What a worker that trains comes to import sooner or later."""
LONGEST = 2**16
"""Bytes of a request, far more than the name of a module takes."""


def serve(channel: socket.socket) -> None:
    """Split off a worker for each request, until the parent hangs up.

    A request names a module in JSON, and brings four open files: the worker's stdin, stdout and stderr, and
    the end of a pipe on which its number and then its exit code are written, a line each.

    Args:
        channel: where requests come from.
    """
    while True:
        request, files, _, _ = socket.recv_fds(channel, LONGEST, 4)
        if not request:
            return
        if os.fork() == 0:
            channel.close()
            _watch(json.loads(request)["module"], *files)
        for file in files:
            os.close(file)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _watch(module: str, stdin: int, stdout: int, stderr: int, status: int) -> None:
    """Start the worker in a session of its own, wait for its end, and tell how it ended; never returns."""
    os.setsid()
    worker = os.fork()
    if worker == 0:
        os.close(status)
        for target, file in enumerate((stdin, stdout, stderr)):
            os.dup2(file, target)
            os.close(file)
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        sys.exit()
    for file in (stdin, stdout, stderr):
        os.close(file)
    with contextlib.suppress(BrokenPipeError):  # the parent is gone
        os.write(status, b"%d\n" % worker)
        _, how = os.waitpid(worker, 0)
        os.write(status, b"%d\n" % os.waitstatus_to_exitcode(how))
    os._exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which decides
    for name in LOADED:
        importlib.import_module(name)
    serve(socket.socket(fileno=sys.stdin.fileno()))
