"""One page per verdict: pictures of a real run and its healthy twin, error rates, and how often a remedy helped.

    python validation/verdict_pages.py [NAME ...] [--train]

The prose of `docs/verdicts/NAME.md` is written by hand. What stands between marks is put there by this command:
what a run measured (`docs/verdicts/runs/NAME.json`; trained where that file is missing or with `--train`), the
error rates (`docs/validation/diagnosis.json`) and the recovery rates (`docs/validation/remedies.json`). Without
training it takes a second.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.append(str(HERE))
sys.path.append(str(HERE.parent / "benchmarks"))
import marks
import verdict_drawings as drawings
from verdict_runs import CASES, IMAGES, SHOWN, Case, play, rounded

from ganscope import record
from ganscope.diagnose.remedies import REMEDIES
from ganscope.diagnose.verdict import RULES
from ganscope.report.diagnosis import evidence_words

DOCS = HERE.parent / "docs"
PAGES = DOCS / "verdicts"
SUMMARIES = {
    "wiring": "A mistake in how the loop or the networks are put together.",
    "diverged": "Numbers turned NaN, or the samples have left the data far behind.",
    "discriminator-too-strong": "The discriminator tells everything apart, and the generator learns nothing from it.",
    "vanishing-gradient": "The generator's gradient dies on its way: in the loss, in the critic or in the generator.",
    "lipschitz-violation": "A Wasserstein critic is steeper than its constraint should let it be.",
    "critic-underfit": "A Wasserstein critic finds little of the distance there is.",
    "discriminator-overfit": "The discriminator knows its training rows by heart.",
    "discriminator-too-weak": "Real and fake rows differ plainly, and the discriminator does not see it.",
    "oscillation": "The samples swing to and fro instead of settling.",
    "mode-collapse": "The samples cover less than the data does.",
}


def train(name: str) -> dict[str, Any]:
    """Train the runs of a page and their twins, and keep what the page shows of them."""
    logging.getLogger("ganscope").setLevel(logging.ERROR)
    cases = []
    for case in CASES[name]:
        runs = {}
        for side, how in (("failing", case.play), ("twin", case.twin)):
            began = time.process_time()
            runs[side] = shown(play(how, name), case)
            told = ", ".join(v["label"] for v in runs[side]["verdicts"]) or "nothing"
            spent = time.process_time() - began
            print(f"{name}, {getattr(case, 'failing' if side == 'failing' else 'healthy')}: {told} ({spent:.0f} s)")
        cases.append({"title": case.title, **runs})
    return {"cases": cases}


def shown(played: Mapping[str, Any], case: Case) -> dict[str, Any]:
    """Keep of a run what its page needs, rounded."""
    rows = played["rows"]
    samples = played["samples"][: IMAGES if played["samples"].ndim > 2 else SHOWN]
    return {
        "verdicts": played["verdicts"],
        "said_at": played["said_at"],
        "series": [[row["step"], rounded(value)] for row in rows if (value := case.signal(row)) is not None],
        "path": [[rounded(v) for v in row["point"]] for row in rows if "point" in row],
        "samples": samples.reshape(len(samples), *samples.shape[-2:] if samples.ndim > 2 else (-1,)).tolist(),
        "steps": max(row["step"] for row in rows),
    }
