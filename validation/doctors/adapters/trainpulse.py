"""trainpulse: `Monitor().log(name, step, value)`, its two lines."""

from __future__ import annotations

from trainpulse import Monitor

from .logs import Alert, Log, answer


def ask(log: Log) -> list[Alert]:
    """Log row by row and collect the alerts of its report."""
    monitor = Monitor()
    for step, loss, norm in zip(log.steps, log.loss, log.grad_norm, strict=True):
        monitor.log("loss", step, loss)
        monitor.log("grad_norm", step, norm)
    return [Alert(a.severity.value, f"{a.detector} · {a.message}", a.step) for a in monitor.report().alerts]


if __name__ == "__main__":
    answer(ask)
