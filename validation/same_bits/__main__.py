"""Whether two checkouts train to the same bits: weights, optimisers, random streams, and what is recorded.

    python -m validation.same_bits --before CHECKOUT [--after CHECKOUT] [--only TEXT ...] [--out RECORD]

Each case is a command line, run with one thread by the code of either checkout. Compared are the SHA-256 of
every tensor in `generator.safetensors` and in the newest checkpoint, and the numbers of `history.jsonl`: the
cases in which one of these differs count, and end the script with status 1. Differences in the numbers of
`diagnosis.jsonl`, `metrics.json` and `verdicts.json` are listed beside it, for rules may change on purpose.
Results of the old checkout are kept with `--cache FILE`, by commit, so that it trains each case once only.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .cases import CASES, QUICK
from .contents import RECORDS, Contents, differences
from .results import HERE, commit, machine, results

COUNTED = {"ended", "tensors", "history"}
"""What has to be equal."""


def main() -> None:
    """Train, compare, print, and write the record where wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--before", type=Path, required=True, help="the old checkout")
    parser.add_argument("--after", type=Path, default=HERE, help="the new one; by default this")
    parser.add_argument("--only", nargs="+", metavar="TEXT", help="cases whose name holds one of these")
    parser.add_argument("--quick", action="store_true", help=f"{len(QUICK)} cases for a first look")
    parser.add_argument("--cache", type=Path, metavar="FILE", help="results of the old checkout, by commit")
    parser.add_argument("--out", type=Path, metavar="RECORD", help="docs/validation/same_bits.json is kept")
    options = parser.parse_args()
    names = list(QUICK if options.quick else CASES)
    names = [n for n in names if not options.only or any(text in n for text in options.only)]
    old = results(options.before, names, options.cache)
    new = results(options.after, names, None)
    record = compared(old, new) | {"before": commit(options.before), "after": commit(options.after)}
    print(table(record))
    if options.out is not None:
        chosen = (["--quick"] if options.quick else []) + (["--only", *options.only] if options.only else [])
        command = " ".join(["python -m validation.same_bits --before CHECKOUT", *chosen])
        head = {"command": command, "machine": machine()}
        options.out.write_text(json.dumps(head | record, indent=1) + "\n", encoding="utf-8")
    sys.exit(record["equal"] != record["of"])


def compared(old: Mapping[str, Contents], new: Mapping[str, Contents]) -> dict[str, Any]:
    """Compare the results of all cases.

    Args:
        old: what the old checkout left behind, by case.
        new: the same of the new checkout.

    Returns:
        `equal` of `of` cases have the same weights and history; `cases` says for each what differs, if
        anything does, and how many tensors were compared.
    """
    cases = {}
    for name, before in old.items():
        differing = differences(before, new[name])
        same = not differing.keys() & COUNTED
        cases[name] = {"equal": same, "tensors": len(before["tensors"]), **_told(differing)}
    return {"equal": sum(case["equal"] for case in cases.values()), "of": len(cases), "cases": cases}


def _told(differing: Mapping[str, Any]) -> dict[str, Any]:
    return {"differences": differing} if differing else {}


def table(record: Mapping[str, Any]) -> str:
    """Lay a record out: a line per case, a second one for what differs."""
    columns = ("tensors", *RECORDS)
    width = max(map(len, record["cases"]))
    lines = [f"{'case':{width}}  {'  '.join(columns)}"]
    for name, case in record["cases"].items():
        differing = case.get("differences", {})
        cells = [("DIFFER" if column in differing else "same").ljust(len(column)) for column in columns]
        lines.append(f"{name:{width}}  {'  '.join(cells)}".rstrip())
        for column, how in differing.items():
            text = json.dumps(how)
            lines.append(f"    {column}: {text if len(text) < 400 else text[:400] + ' ...'}")
    verdict = f"{record['equal']} of {record['of']} cases have the same weights and history"
    return "\n".join([*lines, "", f"{verdict} ({record['before']} -> {record['after']})"])


if __name__ == "__main__":
    main()
