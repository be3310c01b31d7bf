"""`ganscope evaluate`: a trained generator measured beside real rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from ganscope.cli.arguments import DataArgument, Json, Switch, whole_number
from ganscope.cli.output import print_json, rounded
from ganscope.cli.terminal import complain, print_table, say
from ganscope.words.lists import some


def evaluate(
    run: Path,
    /,
    *,
    data: DataArgument | None = None,
    number: Annotated[int | None, Parameter(alias="-n", converter=whole_number)] = None,
    best: Switch = False,
    json_: Json = False,
) -> None:
    """Judge a trained generator: distance to held-out rows, modes, precision and recall, beside real rows'.

    Args:
        run: a run folder.
        data: what to judge it by; by default the data it was trained on.
        number: how many samples, at least 20; by default as many as the data's modes want, 500 without modes.
        best: judge the generator of the step that was judged the best by --best-by, not of the last one.
        json_: print the results as JSON.
    """
    from ganscope.running.run import load

    print_evaluation(load(run, tell=complain).evaluate(data, number, best=best), json_)


def print_evaluation(result: Mapping[str, Any], as_json: bool) -> None:
    """Print what `Run.evaluate` returned: each number beside that of real rows."""
    from ganscope.evaluation import numbers
    from ganscope.metrics import METRICS

    if as_json:
        print_json(result)
        return
    values = numbers(METRICS, result)
    of_sets = {name: pair for name, pair in values.items() if METRICS[name].needs != "modes"}
    print_table(
        [
            ("", [METRICS[name].label for name in of_sets]),
            ("generated", rounded([value for value, _ in of_sets.values()])),
            ("real rows", rounded([real for _, real in of_sets.values()])),
        ]
    )
    rows = result["compared_rows"]
    features = f" Features: {result['features']}." if "features" in result else ""
    say(
        f"\n{rows} rows each against {rows} held-out rows of {result['data']}; for real rows, the mean over "
        "five sets of training rows. Precision and recall (k = 5) are taken between rows as they are, of the "
        "generator as it is saved; ganscope diagnose takes them in the same way at its newest probes, and in "
        "verdicts of the raw weights."
        f"{features}"
    )
    if "modes" not in result:
        return
    missing = f"; missing: {some(result['missing'], 10)}" if result["missing"] else ""
    say(
        f"{result['captured']} of {result['modes']} modes captured{missing}; "
        f"{result['high_quality']:.0%} of {result['samples']} samples are of high quality."
    )
    for name, (value, floor) in values.items():
        if name not in of_sets and METRICS[name].form == "number":
            real = "" if floor is None else f"; a perfect sampler of as many would score {floor:.3g}"
            say(f"{METRICS[name].label} over modes: {value:.3g}{real}.")
