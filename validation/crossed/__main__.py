"""How often the diagnosis calls a run healthy whose samples are bad, and alarms where they are good.

    python -m validation.crossed [--run] [--rejudge] [--quick] [--out docs/validation]

`--run` trains what is not trained yet, keeps the rows of every run in `OUT/crossed/`, and writes the page
`OUT/crossed.md`; a study that is stopped goes on where it was. `--rejudge` trains nothing: it judges the kept
rows by the rules as they are now, in seconds, and writes the page. Without either, the page is printed.
Where probes measure something new, train into another `--work`: what is finished is not trained again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from . import page, stored
from .answers import judged
from .runs import settings


def main() -> None:
    """Train, keep, judge, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--run", action="store_true", help="train what is not trained yet")
    parser.add_argument("--rejudge", action="store_true", help="judge the kept rows, and write the page")
    parser.add_argument("--quick", action="store_true", help="a few short runs; by default below --work")
    parser.add_argument("--work", type=Path, default=Path("runs/crossed"), help="finished runs")
    parser.add_argument("--out", type=Path, help="rows and page; by default docs/validation")
    options = parser.parse_args()
    out = options.out or (options.work / "quick" if options.quick else Path("docs/validation"))
    if options.run:
        from .execute import run

        finished = run(settings(options.quick), options.work, lambda line: print(line, flush=True))
        stored.write(out / "crossed", finished)
    cases = judged(stored.read(out / "crossed"))
    if options.run or options.rejudge:
        page.write(out / "crossed.md", cases)
    print(page.text(cases))


if __name__ == "__main__":
    main()
