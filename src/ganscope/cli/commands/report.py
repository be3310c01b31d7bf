"""`ganscope report`: write the report of runs or comparisons anew, from what their folders hold."""

from __future__ import annotations

from pathlib import Path

from ganscope.cli.arguments import Json
from ganscope.cli.output import print_json
from ganscope.cli.terminal import say
from ganscope.contracts import BadInput


def report(*runs: Path, json_: Json = False) -> None:
    """Write the report of runs or comparisons anew, from what their folders hold.

    Args:
        runs: run folders, or folders of comparisons.
        json_: print the pages' paths as JSON.
    """
    from ganscope.report import write_report
    from ganscope.running.examine import judged

    if not runs:
        raise BadInput(
            "report needs a run folder or the folder of a comparison, as in ganscope report runs/demo."
        )
    pages = [str(write_report(run, judged)) for run in runs]
    if json_:
        print_json({"reports": pages})
    else:
        say("\n".join(pages))
