"""`ganscope report`: write the report of runs or comparisons anew, from what their folders hold."""

from __future__ import annotations

from pathlib import Path

from ganscope.cli.arguments import Json
from ganscope.cli.output import print_json
from ganscope.cli.terminal import complain, say
from ganscope.contracts import BadInput
from ganscope.words.foreign import shown


def report(*runs: Path, json_: Json = False) -> None:
    """Write the report of runs or comparisons anew, from what their folders hold.

    Args:
        runs: run folders, or folders of comparisons.
        json_: print the pages' paths as JSON.
    """
    from ganscope.report import damages_of, write_report
    from ganscope.running.examine import judged

    if not runs:
        raise BadInput(
            "report needs a run folder or the folder of a comparison, as in ganscope report runs/demo."
        )
    pages = []
    for run in runs:
        pages.append(str(write_report(run, judged)))
        for sentence in damages_of(run):
            complain(f"left out: {sentence}")
    if json_:
        print_json({"reports": pages})
    else:
        say("\n".join(map(shown, pages)))
