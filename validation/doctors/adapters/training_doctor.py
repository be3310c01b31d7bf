"""training-doctor: `doctor.log(step=, loss=, grad_norm=)` at every row, "drop into any training loop"."""

from __future__ import annotations

from training_doctor import Doctor

from .logs import Alert, Log, answer


def ask(log: Log) -> list[Alert]:
    """Log row by row, as a loop would, and collect the diagnoses."""
    doctor = Doctor()
    found: list[Alert] = []
    for step, loss, norm in zip(log.steps, log.loss, log.grad_norm, strict=True):
        for diagnosis in doctor.log(step=step, loss=loss, grad_norm=norm):
            words = [diagnosis.problem, *map(str, diagnosis.evidence)]
            found.append(Alert(diagnosis.severity.value, " · ".join(words), step))
    return found


if __name__ == "__main__":
    answer(ask)
