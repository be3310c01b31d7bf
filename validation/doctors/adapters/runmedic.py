"""runmedic: `runmedic diagnose LOG.jsonl --json`, its command on a table with a step column."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from pathlib import Path

from runmedic.cli import main

from .logs import Alert, Log, answer


def ask(log: Log) -> list[Alert]:
    """Write the log as JSON lines and take the findings its command prints."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        rows = zip(log.steps, log.loss, log.grad_norm, strict=True)
        path.write_text(
            "".join(
                json.dumps({"step": step, "loss": loss, "grad_norm": norm}) + "\n"
                for step, loss, norm in rows
            ),
            encoding="utf-8",
        )
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            main(["diagnose", str(path), "--json"])
    (run,) = json.loads(printed.getvalue())
    return [
        Alert(f["severity"], " · ".join([f["check"], f["title"], *f["evidence"]]), f["step"])
        for f in run["findings"]
    ]


if __name__ == "__main__":
    answer(ask)
