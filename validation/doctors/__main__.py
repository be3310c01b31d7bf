"""General training doctors asked about the very runs ganscope is validated on.

    python -m validation.doctors [--runs runs/diagnosis] [--seeds 4]

Each gets two logs of every run, the generator's and the discriminator's, as if each were a model trained on
one loss: step, loss, gradient norm. That is what these programs are made for; none claims to know a GAN. They
run at their defaults in an environment of their own (`benchmarks/environments.py`), each in the way its
documentation shows (`adapters/`). What a doctor raises at warning level or above on either log
counts for the run. Whether it is *about* the planted fault is settled by `ABOUT`, generously.

Answers are kept in `runs/doctors`: what was asked is not asked again. Writes `docs/validation/doctors.json`
and fills the table in `docs/validation/README.md`.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import environments, marks
from ganscope.contracts import RunFailed
from ganscope.diagnose.rules.verdict import RULES
from ganscope.folder import files
from validation.diagnosis import conditions, score

from . import adapters

ROOT = Path(__file__).parents[2]
OUT = ROOT / "docs" / "validation"
RUNS = Path("runs") / "diagnosis"
"""Where `python -m validation.diagnosis` leaves its runs."""
DOCTORS = {
    "runmedic": "`runmedic diagnose LOG.jsonl --json`",
    "training-doctor": "`Doctor().log(step=, loss=, grad_norm=)` at every row",
    "trainpulse": "`Monitor().log(name, step, value)` at every row",
    "traintools": "`GradientHealthMonitor().inspect(model)`, the model's one gradient having the logged norm",
    "mldoct": "`mldoctor watch` on a script that prints the log",
}
"""What is asked, and how."""
LEFT_OUT = {
    "gradtop": "shows update ratios live and judges nothing; no distribution of it installs here",
    "torchmortem, cockpit": "hook into the networks as they train; they read no log",
    "traintools' other monitors": "need activations, labels, or a validation loss, which a GAN has not",
    "mldoct diagnose, mldoct check": "need a validation loss and unpickle a model; read source code",
}
VERSIONS = dict(
    package.split("==")
    for packages in environments.WANTED["doctors"]
    for package in packages
    if "==" in package
)
STALLED = r"not learning|no.learning|barely|plateau|flat|no improvement|too low"
UNSTABLE = r"diverg|spike|unstable|instab|increasing|too high|variance|volatil|explo|very large"
ABOUT = {
    "wiring": r".",
    "diverged": rf"\bnan\b|\binf\b|non.?finite|{UNSTABLE}",
    "discriminator-too-strong": rf"vanish|tiny|extremely small|diverg|increasing|overfit|{STALLED}",
    "vanishing-gradient": rf"vanish|tiny|extremely small|{STALLED}",
    "lipschitz-violation": UNSTABLE,
    "critic-underfit": rf"underfit|{STALLED}",
    "discriminator-overfit": r"overfit|memori|leak",
    "discriminator-too-weak": rf"vanish|{STALLED}",
    "oscillation": rf"oscill|{UNSTABLE}",
    "mode-collapse": rf"collaps|diverg|{STALLED}",
}
"""Words that make an alert one about a planted fault, set down before any run was seen. Generous: any sign
that learning has stopped counts for whatever stops it, any alert at all for wrong wiring."""
COUNTED = ("warning", "critical")
MOST_ROWS = 500
"""Of a log that is handed over; a longer one is thinned evenly, as logs of long runs are."""
AT_ONCE = 100
PLAYERS = {"generator": "g", "discriminator": "d"}

Alerts = Sequence[Sequence[Any]]
"""Severity, words and step of each alert; see `adapters/logs.py`."""


class Asked(NamedTuple):
    """One run: what was planted, what ganscope said, what a doctor raised."""

    planted: str | None
    """A verdict's name; None for a healthy run."""
    said: Sequence[str]
    raised: Mapping[str, Alerts]
    """Doctor -> alerts on either log."""


def logs_of(run: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Split a run's scalars into the logs of two models.

    Args:
        run: `id`, `step`, and by player `g_loss g_grad_norm d_loss d_grad_norm`; None where not finite.

    Example:
        >>> scalars = {"g_loss": [0.5], "g_grad_norm": [None], "d_loss": [1], "d_grad_norm": [2]}
        >>> g, d = logs_of({"id": "a", "step": [1], **scalars})
        >>> g["name"], g["grad_norm"], d["loss"]
        ('a generator', [nan], [1])
    """
    stride = math.ceil(len(run["step"]) / MOST_ROWS)
    for player, short in PLAYERS.items():
        loss, norm = (
            [math.nan if v is None else v for v in run[f"{short}_{key}"]] for key in ("loss", "grad_norm")
        )
        yield {
            "name": f"{run['id']} {player}",
            "steps": run["step"][::stride],
            "loss": loss[::stride],
            "grad_norm": norm[::stride],
        }


def is_about(verdict: str, alerts: Alerts) -> bool:
    """Tell whether any alert that counts is about what was planted.

    Example:
        >>> is_about("vanishing-gradient", [["warning", "Vanishing gradient: norm=1e-9", 0]])
        True
        >>> is_about("discriminator-overfit", [["warning", "Loss plateau", 0]])
        False
    """
    return any(
        severity in COUNTED and re.search(ABOUT[verdict], words, re.IGNORECASE)
        for severity, words, *_ in alerts
    )


def scored(runs: Sequence[Asked], doctors: Iterable[str]) -> dict[str, Any]:
    """Count hits and false alarms, ganscope's and the doctors', over the same runs.

    Returns:
        `verdicts`: name -> `runs`, `ganscope` (runs that were given the planted name), and by doctor `right`
        (an alert about it) and `raised` (any alert); `healthy`: `runs`, and by side how many were alarmed;
        `informedness`: by side, the share of planted runs rightly named less the share of healthy runs
        alarmed, 0 for whoever cannot tell them apart.
    """
    doctors = list(doctors)
    healthy = [run for run in runs if run.planted is None]
    counts: dict[str, Any] = {}
    for name in RULES:
        planted = [run for run in runs if run.planted == name]
        if planted:
            counts[name] = {
                "runs": len(planted),
                "ganscope": sum(name in run.said for run in planted),
                **{
                    doctor: {
                        "right": sum(is_about(name, run.raised[doctor]) for run in planted),
                        "raised": sum(_alarmed(run.raised[doctor]) for run in planted),
                    }
                    for doctor in doctors
                },
            }
    alarmed = {
        "ganscope": sum(bool(run.said) for run in healthy),
        **{doctor: sum(_alarmed(run.raised[doctor]) for run in healthy) for doctor in doctors},
    }
    total = sum(count["runs"] for count in counts.values())
    hits = {
        "ganscope": sum(count["ganscope"] for count in counts.values()),
        **{doctor: sum(count[doctor]["right"] for count in counts.values()) for doctor in doctors},
    }
    return {
        "verdicts": counts,
        "healthy": {"runs": len(healthy), **alarmed},
        "informedness": {
            side: round(hits[side] / total - alarmed[side] / len(healthy), 3) if total and healthy else None
            for side in hits
        },
    }


def _alarmed(alerts: Alerts) -> bool:
    return any(severity in COUNTED for severity, *_ in alerts)


def read_runs(work: Path, seeds: int) -> list[dict[str, Any]]:
    """Take the finished runs of the study in which what was planted did happen, and those that are healthy.

    Only the half that no threshold was chosen on: the doctors were not tuned on these runs either.

    Args:
        work: where `python -m validation.diagnosis` leaves them.
        seeds: how many of each condition, the first ones.

    Returns:
        Per run `id`, `planted` (a verdict's name or None), `said` (names that ganscope gave) and the scalars.
    """
    asked = [run for run in conditions.every_run() if run.half == "reporting" and run.seed < seeds]
    runs = []
    for judged in score.judged(score.load(asked, work), delays=False):
        if judged.happened:
            with gzip.open(work / judged.run.id / "scalars.json.gz", "rt", encoding="utf-8") as file:
                scalars = json.load(file)
            planted = judged.run.planted and judged.run.planted[0]
            said = [name for name, _ in judged.found]
            runs.append({"id": judged.run.id, "planted": planted, "said": said, **scalars})
    return runs


def consult(doctor: str, runs: Sequence[Mapping[str, Any]], kept: Path) -> dict[str, Alerts]:
    """Ask one doctor about both logs of every run; what it said about the same log before is kept.

    Args:
        doctor: a key of `DOCTORS`.
        runs: with their scalars.
        kept: file of answers, by the log's contents.

    Returns:
        Alerts by run, each kind once.
    """
    answers: dict[str, Alerts] = {row["log"]: row["alerts"] for row in files.read_rows(kept)}
    logs = {_key(log): log for run in runs for log in logs_of(run)}
    wanted = [log | {"name": key} for key, log in logs.items() if key not in answers]
    adapter = f"{adapters.__name__}.{doctor.replace('-', '_')}"
    command = [str(environments.python("doctors")), "-m", adapter]
    began = time.monotonic()
    for start in range(0, len(wanted), AT_ONCE):
        given = "".join(json.dumps(log) + "\n" for log in wanted[start : start + AT_ONCE])
        asked = subprocess.run(command, input=given, capture_output=True, text=True, check=False, cwd=ROOT)
        if asked.returncode:
            raise RunFailed(f"{doctor}: {asked.stderr.strip().splitlines()[-1]}")
        told = [json.loads(line) for line in asked.stdout.splitlines()]
        rows = [{"log": key, "alerts": _kinds(alerts)} for key, alerts in told]
        files.append_rows(kept, rows)
        answers |= {row["log"]: row["alerts"] for row in rows}
        done = min(start + AT_ONCE, len(wanted))
        left = (time.monotonic() - began) / done * (len(wanted) - done)
        print(f"{doctor}: {done} of {len(wanted)} logs, {left:.0f} s left", file=sys.stderr, flush=True)
    return {run["id"]: [alert for log in logs_of(run) for alert in answers[_key(log)]] for run in runs}


def _key(log: Mapping[str, Any]) -> str:
    contents = json.dumps([log["steps"], log["loss"], log["grad_norm"]])
    return hashlib.sha256(contents.encode()).hexdigest()[:24]


def _kinds(alerts: Alerts) -> Alerts:
    """Keep the first alert of each kind: some doctors repeat themselves at every row."""
    first: dict[tuple[str, str], Sequence[Any]] = {}
    for severity, words, step in alerts:
        first.setdefault((severity, re.sub(r"[-+]?\d[\d.,e+-]*", "#", words)), [severity, words, step])
    return list(first.values())


def table(result: Mapping[str, Any]) -> str:
    """Lay the counts out as Markdown: share of runs rightly told, in brackets of runs where anything was."""
    doctors = [name for name in DOCTORS if name in result["versions"]]
    lines = [
        "| planted | runs | ganscope | " + " | ".join(doctors) + " |",
        "|---|--:|--:|" + "--:|" * len(doctors),
    ]
    for name, count in result["verdicts"].items():
        n = count["runs"]
        cells = [f"{_share(count[d]['right'], n)} ({_share(count[d]['raised'], n)})" for d in doctors]
        lines.append(f"| `{name}` | {n} | **{_share(count['ganscope'], n)}** | " + " | ".join(cells) + " |")
    healthy = result["healthy"]
    if healthy["runs"]:
        shares = [_share(healthy[side], healthy["runs"]) for side in ("ganscope", *doctors)]
        lines.append(
            f"| *healthy: alarmed* | {healthy['runs']} | **{shares[0]}** | " + " | ".join(shares[1:]) + " |"
        )
    told = [result["informedness"][side] for side in ("ganscope", *doctors)]
    if None not in told:
        cells = [f"{value:.2f}".replace("-", "−") for value in told]
        lines.append(f"| *hits less false alarms* | | **{cells[0]}** | " + " | ".join(cells[1:]) + " |")
    versions = ", ".join(f"{name} {result['versions'][name]}" for name in doctors)
    return "\n".join([*lines, "", f"{versions}, at their defaults. Measured by `{result['command']}`."])


def _share(count: int, of: int) -> str:
    return f"{100 * count / of:.0f} %"


def main() -> None:
    """Ask all doctors about all runs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of the study's runs")
    parser.add_argument("--seeds", type=int, default=4, help="the first seeds of every condition")
    parser.add_argument("--kept", type=Path, default=Path("runs") / "doctors", help="folder of the answers")
    parser.add_argument("--out", type=Path, default=OUT, help="folder of doctors.json and README.md")
    arguments = parser.parse_args()
    runs = read_runs(arguments.runs, arguments.seeds)
    if not runs:
        raise SystemExit(f"{arguments.runs} holds no runs: python -m validation.diagnosis makes them.")
    arguments.kept.mkdir(parents=True, exist_ok=True)
    raised = {doctor: consult(doctor, runs, arguments.kept / f"{doctor}.jsonl") for doctor in DOCTORS}
    asked = [
        Asked(
            run["planted"],
            run["said"],
            {doctor: raised[doctor][run["id"]] for doctor in DOCTORS},
        )
        for run in runs
    ]
    result = {
        "command": f"python -m validation.doctors --seeds {arguments.seeds}",
        "versions": {doctor: VERSIONS[doctor] for doctor in DOCTORS},
        "asked": DOCTORS,
        "left_out": LEFT_OUT,
        "about": ABOUT,
        **scored(asked, DOCTORS),
    }
    files.write_json(arguments.out / "doctors.json", result)
    page = arguments.out / "README.md"
    page.write_text(
        marks.filled(page.read_text(encoding="utf-8"), {"doctors": table(result)}), encoding="utf-8"
    )
    print(table(result))


if __name__ == "__main__":
    main()
