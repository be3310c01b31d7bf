"""What the code of a checkout leaves behind when it carries out the cases, in forks of one process."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from .cases import CASES, Case
from .contents import Contents, contents

HERE = Path(__file__).parents[2]
"""This checkout."""


def machine() -> str:
    """What the bits of a run depend on besides the code."""
    return f"{platform.machine()}, torch {torch.__version__}, Python {platform.python_version()}"


def commit(checkout: Path) -> str:
    """The commit of a checkout, with a + where files of it were changed since."""
    git = ["git", "-C", str(checkout)]
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout
    changed = subprocess.run([*git, "status", "--porcelain", "src"], check=True, capture_output=True).stdout
    return head.strip()[:10] + ("+" if changed else "")


def results(checkout: Path, names: Sequence[str], cache: Path | None) -> dict[str, Contents]:
    """What the code of a checkout leaves behind, by case; those in the cache are not trained again."""
    known: dict[str, dict[str, Contents]] = {}
    if cache is not None and cache.exists():
        known = json.loads(cache.read_text(encoding="utf-8"))
    version = commit(checkout)
    key = f"{version}, {machine()}"
    stored = known.setdefault(key, {})
    for name, told in trained(checkout, [name for name in names if name not in stored]):
        stored[name] = told
        if cache is not None and not version.endswith("+"):
            cache.write_text(json.dumps(known), encoding="utf-8")
    return {name: stored[name] for name in names}


def trained(checkout: Path, names: Sequence[str]) -> Iterator[tuple[str, Contents]]:
    """Train cases with the code of a checkout, in forks of one process, and read their folders."""
    environment = {**os.environ, "PYTHONPATH": str((checkout / "src").resolve())}
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _write_data(place)
        with subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forks.py"))],
            cwd=place, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as worker:  # fmt: skip
            for name in names:
                start = time.perf_counter()
                yield name, _carried_out(worker, CASES[name], place)
                print(f"{checkout.name} {name} {time.perf_counter() - start:.1f} s", file=sys.stderr)


def _carried_out(worker: subprocess.Popen[str], case: Case, place: Path) -> Contents:
    """Run a case and read its folder, which is removed."""
    resumes = case.arguments[0] == "resume"
    out = place / (case.arguments[1] if resumes else "out")
    ended = _run(worker, [*case.arguments, *([] if resumes else ["--out", out.name])], place)
    if case.cut:
        for history in out.rglob("history.jsonl"):
            cut(history.parent)
        ended = _run(worker, ["resume", out.name], place)
    if not any(
        out.rglob("history.jsonl")
    ):  # a run that diverges has one; a command line that is refused none
        print((place / "log").read_text()[-3000:], file=sys.stderr)
    told = contents(out) | {"ended": ended}
    shutil.rmtree(out, ignore_errors=True)
    return told


def _run(worker: subprocess.Popen[str], arguments: list[str], place: Path) -> int:
    """Run a command line, and return its exit status."""
    assert worker.stdin is not None  # noqa: S101 - it was started with pipes
    assert worker.stdout is not None  # noqa: S101
    log = place / "log"
    worker.stdin.write(json.dumps({"arguments": arguments, "log": str(log)}) + "\n")
    worker.stdin.flush()
    return int(worker.stdout.readline())


def cut(run: Path) -> None:
    """Bring a finished run back to its last checkpoint but one, as if it had been killed after it."""
    *_, newest = sorted((run / "checkpoints").glob("step-*.safetensors"))
    newest.unlink()
    for name in ("metrics.json", "generator.safetensors", "verdicts.json", "report.html"):
        (run / name).unlink(missing_ok=True)


def _write_data(place: Path) -> None:
    """Write a table, an array and an old run folder for the cases that read one."""
    rows = np.random.default_rng(0).normal(size=(400, 3)) * [1, 5, 20]
    np.save(place / "rows.npy", rows.astype(np.float32), allow_pickle=False)
    np.savetxt(place / "rows.csv", rows, delimiter=",", header="a,b,c", comments="")
    (fixture,) = (HERE / "tests").rglob("format-1")
    shutil.copytree(fixture, place / "format-1")
