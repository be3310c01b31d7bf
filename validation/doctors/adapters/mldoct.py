"""mldoct: `mldoctor watch SCRIPT`, which starts a script and reads the lines it prints.

Its `diagnose` needs a validation loss, which a GAN has not, and unpickles a model, which we do not. Its
`check` reads source code, not a run.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path

from mldoctor.watchdog import run_watchdog

from .logs import Alert, Log, answer


def ask(log: Log) -> list[Alert]:
    """Let it watch a script that prints the log as training scripts do."""
    rows = zip(log.steps, log.loss, log.grad_norm, strict=True)
    lines = [f"step {step} loss: {loss:.6f} grad_norm: {norm:.6f}" for step, loss, norm in rows]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "train.py"
        script.write_text(f"print({chr(10).join(lines)!r})\n", encoding="utf-8")
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            run_watchdog(str(script))
    _, _, after = printed.getvalue().partition("╰")  # the first panel says that it has begun
    told = " · ".join(line.strip("│ ") for line in after.splitlines() if line.startswith("│"))
    return [Alert("critical", told)] if told else []


if __name__ == "__main__":
    answer(ask)
