"""What became of ill runs, counted: by plant, by verdict, as tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ganscope.diagnose.rules.rule import Remedy
from ganscope.diagnose.rules.verdict import remedies_for

from .plants import words

MARKS = ("<!-- remedies -->", "<!-- /remedies -->")
WILSON = 1.959964
BRIEF = 8
"""Runs from which on a verdict is in the short table."""


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a rate.

    Example:
        >>> [round(bound, 2) for bound in wilson(20, 20)]
        [0.84, 1.0]
    """
    if not of:
        return 0.0, 1.0
    rate, z = hits / of, WILSON**2 / of
    middle, half = rate + z / 2, WILSON * math.sqrt(rate * (1 - rate) / of + z / (4 * of))
    return max(0.0, (middle - half) / (1 + z)), min(1.0, (middle + half) / (1 + z))


def tally(ends: Mapping[str, Mapping[str, Any]], seeds: Sequence[str]) -> dict[str, Any]:
    """Count who recovered among some seeds."""
    ended = [ends[seed] for seed in seeds if seed in ends]
    recovered = sum(end["recovered"] for end in ended)
    low, high = wilson(recovered, len(ended))
    return {"recovered": recovered, "of": len(ended), "low": round(low, 3), "high": round(high, 3)}


def joined(tallies: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One tally of several."""
    recovered, of = sum(t["recovered"] for t in tallies), sum(t["of"] for t in tallies)
    low, high = wilson(recovered, of)
    return {"recovered": recovered, "of": of, "low": round(low, 3), "high": round(high, 3)}


def by_plant(block: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What became of a plant's runs, by the verdict that was found first."""
    kinds: dict[str, list[str]] = {}
    for seed, verdict in block["verdicts"].items():
        kind = verdict["factor"] or verdict["pattern"]
        kinds.setdefault(f"{verdict['name']}/{kind}" if kind else verdict["name"], []).append(seed)
    rows = []
    critic = "wasserstein" in block["definition"]["twin"]
    for kind, seeds in kinds.items():
        first = words(first_remedy(kind, critic))
        tallies = {arm: tally(ends, seeds) for arm, ends in block["ends"].items()}
        emds = {arm: _median(ends, seeds) for arm, ends in block["ends"].items()}
        healed, left = (block["ends"].get(arm, {}) for arm in (first, "nothing"))
        both = [s for s in seeds if s in healed]
        rows.append(
            {
                "plant": block["plant"], "verdict": kind, "first": first, "critic": critic,
                "tallies": tallies, "emd": emds,
                "gained": sum(healed[s]["recovered"] > left[s]["recovered"] for s in both),
                "lost": sum(healed[s]["recovered"] < left[s]["recovered"] for s in both),
            }
        )  # fmt: skip
    return rows


def first_remedy(kind: str, critic: bool) -> Remedy:
    """What to do first against a verdict, as things stand now; for a Wasserstein critic, or another one."""
    name, _, factor = kind.partition("/")
    return remedies_for(name, factor or None, factor or None, critic)[0]


def _median(ends: Mapping[str, Mapping[str, Any]], seeds: Sequence[str]) -> float:
    emds = [math.inf if ends[seed]["emd"] is None else ends[seed]["emd"] for seed in seeds if seed in ends]
    return float(np.median(emds)) if emds else math.nan


def by_verdict(blocks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What doing nothing, a placebo and the first remedy came to, over all plants of a verdict."""
    rows = [
        row
        for block in blocks
        if block["definition"]["fault"] or block["definition"]["rows"]
        for row in by_plant(block)
    ]
    verdicts = {}
    for kind, first in sorted({(row["verdict"], row["first"]) for row in rows}):
        of_kind = [row for row in rows if (row["verdict"], row["first"]) == (kind, first)]
        remedy = first_remedy(kind, of_kind[0]["critic"])
        if not remedy.is_setting:
            continue
        arms = {"nothing": "nothing", "placebo": "placebo", "healed": words(remedy)}
        told = f"{kind} (Wasserstein)" if remedy.wasserstein else kind
        verdicts[told] = {
            "remedy": remedy.change,
            "settings": words(remedy),
            **{
                key: joined([r["tallies"][arm] for r in of_kind if arm in r["tallies"]])
                for key, arm in arms.items()
            },
            "gained": sum(row["gained"] for row in of_kind),
            "lost": sum(row["lost"] for row in of_kind),
            "plants": [row["plant"] for row in of_kind],
        }
    return verdicts


def tables(blocks: Sequence[Mapping[str, Any]]) -> str:
    """Write the record as Markdown: per verdict, then per plant with every arm."""
    lines = [
        "| verdict | first remedy | nothing | placebo | healed | only healed / only left alone |",
        "|---|---|---|---|---|---|",
    ]
    for kind, row in by_verdict(blocks).items():
        cells = [f"`{kind}`", row["settings"], *(_rate(row[arm]) for arm in ("nothing", "placebo", "healed"))]
        lines.append(f"| {' | '.join(cells)} | {row['gained']} / {row['lost']} |")
    lines += ["", "| plant | verdict | arm | recovered | median EMD (twins: 95 %) |", "|---|---|---|---|---|"]
    for block in blocks:
        for row in by_plant(block):
            for arm, found in row["tallies"].items():
                if found["of"]:
                    mark = " (first)" if arm == row["first"] else ""
                    emd = f"{row['emd'][arm]:.3g} ({block['band']['emd']:.3g})"
                    lines.append(
                        f"| {row['plant']} | `{row['verdict']}` | {arm}{mark} | {_rate(found)} | {emd} |"
                    )
    return "\n".join(lines)


def brief(blocks: Sequence[Mapping[str, Any]]) -> str:
    """Write recoveries by verdict, for a page that has little room."""
    lines = [
        "| verdict found first | what is changed | left alone | placebo | healed |",
        "|---|---|---|---|---|",
    ]
    for kind, row in by_verdict(blocks).items():
        if row["nothing"]["of"] < BRIEF:
            continue
        rates = [f"{row[arm]['recovered']} of {row[arm]['of']}" for arm in ("nothing", "placebo", "healed")]
        lines.append(f"| `{kind}` | {row['settings']} | {' | '.join(rates)} |")
    return "\n".join(lines)


def _rate(found: Mapping[str, Any]) -> str:
    if not found["of"]:
        return ""
    return f"{found['recovered']} of {found['of']} ({100 * found['low']:.0f}–{100 * found['high']:.0f} %)"


def fill(page: Path, text: str) -> None:
    """Put text between the marks of a page; a page without marks stays as it is."""
    before, mark, rest = page.read_text(encoding="utf-8").partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    if mark:
        page.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", encoding="utf-8")
