"""`ganscope evaluate`: a trained generator measured beside real rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ganscope.cli.arguments import DataArgument, Json
from ganscope.cli.output import few, print_json, rounded
from ganscope.cli.terminal import print_table, say

if TYPE_CHECKING:
    pass

PRDC_WORDS = ("precision", "recall", "density", "coverage")


def evaluate(
    run: Path,
    /,
    *,
    data: DataArgument | None = None,
    number: Annotated[int | None, Parameter(alias="-n")] = None,
    json_: Json = False,
) -> None:
    """Judge a trained generator: distance to held-out rows, modes, precision and recall, beside real rows'.

    Args:
        run: a run folder.
        data: what to judge it by; by default the data it was trained on.
        number: how many samples, at least 20; by default as many as the data's modes want, 500 without modes.
        json_: print the results as JSON.
    """
    from ganscope.running.run import load

    print_evaluation(load(run).evaluate(data, number), json_)


def print_evaluation(found: Mapping[str, Any], as_json: bool) -> None:
    """Print what `Run.evaluate` found: each number beside that of real rows."""
    if as_json:
        print_json(found)
        return
    names, fake, real = ["EMD"], [found["emd"]], [found["emd_floor"]]
    for word in PRDC_WORDS:
        names.append(word)
        fake.append(found["prdc"][word])
        real.append(found["prdc_real"][word])
    columns = [("", names), ("generated", rounded(fake)), ("real rows", rounded(real))]
    print_table(columns)
    rows = found["compared_rows"]
    say(
        f"\n{rows} rows each against {rows} held-out rows of {found['data']}; for real rows, the mean over "
        "five sets of training rows. Precision and recall (k = 5) are taken between rows as they are."
    )
    if "modes" in found:
        missing = f"; missing: {few(found['missing'])}" if found["missing"] else ""
        say(
            f"{found['captured']} of {found['modes']} modes captured{missing}; "
            f"{found['high_quality']:.0%} of {found['samples']} samples are of high quality."
        )
        measured, floor = rounded([found["reverse_kl"], found["reverse_kl_floor"]])
        say(f"Reverse KL over modes: {measured} nats; a perfect sampler of as many would measure {floor}.")
