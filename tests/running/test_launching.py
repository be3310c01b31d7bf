"""Workers that are split off a process that has loaded torch behave as those that start by themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ganscope.running.launching import Launch, launcher, spawn

WORKER = """
import os, signal, sys
word = sys.stdin.readline().strip()
print("heard", word, os.environ["OMP_NUM_THREADS"], "torch" in sys.modules, os.getpid(), flush=True)
if word == "leave":
    sys.exit(7)
if word == "raise":
    raise ValueError("a worker's own mistake")
if word == "die":
    os.kill(os.getpid(), signal.SIGKILL)
if word == "wait":
    sys.stdin.read()
    print("hung up", flush=True)
"""


@pytest.fixture(scope="module", autouse=True)
def worker_module() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        Path(folder, "small_worker.py").write_text(WORKER)
        patch.setenv("PYTHONPATH", os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")]))
        yield


@pytest.fixture(scope="module")
def forked() -> Iterator[Launch]:
    with launcher() as launch:
        yield launch


@pytest.fixture(params=["spawned", "forked"])
def launch(request: pytest.FixtureRequest) -> Launch:
    return spawn if request.param == "spawned" else request.getfixturevalue("forked")


def talk(launch: Launch, word: str) -> tuple[str, int, str]:
    with tempfile.TemporaryFile("w+") as errors:
        child = launch("small_worker", errors)
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(word + "\n")
        child.stdin.close()
        said, code = child.stdout.read(), child.wait(60)
        child.stdout.close()
        errors.seek(0)
        return said, code, errors.read()


@pytest.mark.parametrize(
    ("word", "code"), [("go", 0), ("leave", 7), ("raise", 1), ("die", -signal.SIGKILL), ("wait", 0)]
)
def test_a_worker_hears_speaks_and_ends(launch: Launch, word: str, code: int) -> None:
    said, ended, errors = talk(launch, word)
    assert said.startswith(f"heard {word} 1 {launch is not spawn} ")
    assert ended == code
    assert ("hung up" in said) == (word == "wait")
    assert errors.strip().endswith("ValueError: a worker's own mistake" if word == "raise" else "")
    assert bool(errors) == (word == "raise")


def test_a_worker_that_waits_can_be_killed_and_waited_for_no_longer(launch: Launch) -> None:
    with tempfile.TemporaryFile("w+") as errors:
        child = launch("small_worker", errors)
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write("wait\n")
        child.stdin.flush()
        assert child.stdout.readline().startswith("heard wait")
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.05)
        child.kill()
        assert child.wait(60) == -signal.SIGKILL == child.returncode
        child.kill()  # once more does no harm
        child.stdin.close()
        child.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="workers are split off on Linux only")
def test_where_the_process_is_lost_workers_start_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    servers: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def remembered(*arguments: object, **options: object) -> subprocess.Popen[str]:
        servers.append(popen(*arguments, **options))  # type: ignore[call-overload]
        return servers[-1]

    monkeypatch.setattr(subprocess, "Popen", remembered)
    with launcher() as launch:
        servers[0].kill()
        servers[0].wait()
        assert talk(launch, "leave")[1] == 7
    assert len(servers) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="workers are split off on Linux only")
def test_nothing_is_left_when_the_parent_is_killed() -> None:
    parent = textwrap.dedent("""
        import sys, tempfile, time
        from ganscope.running.launching import launcher
        with launcher() as launch:
            child = launch("small_worker", tempfile.TemporaryFile("w+"))
            child.stdin.write("wait\\n")
            child.stdin.flush()
            print(child.stdout.readline().split()[-1], flush=True)
            time.sleep(60)
    """)
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    worker = int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 60
    while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{worker}").exists()
