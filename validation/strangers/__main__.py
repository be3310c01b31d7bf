"""Run the loops of strangers, or judge their stored rows again, and write the page.

python -m validation.strangers [--half tuning|kept|second-kept] [--only NAME] [--truth-only] [--rejudge]
                               [--steps N] [--out FILE]
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path

import torch

from .halves import ALL_HALVES, ALL_LOOPS, half_of
from .page import page
from .run import Record, play, rejudged, unwatched
from .score import line, truth_line

FOLDER = Path(__file__).parents[2] / "docs" / "validation" / "strangers"
PAGE = FOLDER.with_suffix(".md")


def read(path: Path) -> dict[str, Record]:
    """Records by name; none where nothing is stored."""
    if not path.exists():
        return {}
    with gzip.open(path, "rt") as file:
        stored: dict[str, Record] = json.load(file)
    return stored


def write(path: Path, records: dict[str, Record]) -> None:
    """Store records, the same bytes for the same contents."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(dict(sorted(records.items())), separators=(",", ":"))
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def main() -> None:
    """Run or judge, and tell a line a loop."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--half", choices=ALL_HALVES, default="tuning")
    parser.add_argument("--only", default="", help="loops whose name or kind holds this")
    parser.add_argument(
        "--rejudge", action="store_true", help="judge stored rows by the rules as they are now"
    )
    parser.add_argument(
        "--truth-only",
        action="store_true",
        help="what loops measure of themselves; nothing is judged or stored",
    )
    parser.add_argument("--steps", type=int, help="stop each loop after so many; nothing is stored")
    parser.add_argument("--out", type=Path, help="the file of records, .json.gz")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    path = arguments.out or FOLDER / f"{arguments.half}.json.gz"
    records = read(path)
    dealt = half_of()
    for name, loop in ALL_LOOPS.items():
        if dealt[name] != arguments.half or not (arguments.only in name or arguments.only in loop.kind):
            continue
        if arguments.truth_only:
            with unwatched():
                print(truth_line(loop, play(loop, arguments.steps)), flush=True)
            continue
        if arguments.rejudge:
            if name not in records:
                continue
            records[name] = rejudged(records[name])
        else:
            records[name] = play(loop, arguments.steps)
            if arguments.steps is None:
                write(path, records)
        print(line(loop, records[name]), flush=True)
    if arguments.steps is None and not arguments.truth_only:
        write(path, {name: record for name, record in records.items() if name in ALL_LOOPS})
        stored = {half: read(FOLDER / f"{half}.json.gz") for half in ALL_HALVES}
        if arguments.out is None:
            PAGE.write_text(page(stored), encoding="utf-8")


if __name__ == "__main__":
    main()
