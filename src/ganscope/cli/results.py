"""How runs and comparisons ended: a table, sentences, verdicts, and where the report is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ganscope.cli.output import print_json
from ganscope.cli.plans import POINTS_SHOWN
from ganscope.cli.terminal import complain, print_table, say
from ganscope.contracts import RunFailed
from ganscope.folder import layout
from ganscope.words.foreign import shown
from ganscope.words.lists import some

if TYPE_CHECKING:
    from pathlib import Path

    from ganscope.comparison import Comparison
    from ganscope.report import RecipeSummary
    from ganscope.running.run import Run


def print_run(run: Run, as_json: bool) -> None:
    """Print how a run ended, and where its report is."""
    from ganscope.evaluation.best_step import best_of_run
    from ganscope.folder import checkpoint, healings
    from ganscope.report import in_words, load_record, summarise, table

    page, healed = run.folder / layout.REPORT, healings.read(run.folder)
    if as_json:
        told = {"folder": str(run.folder), "report": str(page), "metrics": run.metrics}
        print_json(told | (healed.as_json() if healed.sentences else {}))
        return
    summaries = summarise([load_record(run.folder)])
    print_table(table(summaries))
    say(f"\n{in_words(summaries, run.config.best_by)}")
    kept = checkpoint.best_step(run.folder)
    best = best_of_run(run.history, run.config.flat(), run.metrics, kept)
    for sentence in (*healed.sentences, *([] if best is None else [str(best)])):
        say(f"\n{sentence}")
    print_verdicts([run.folder])
    say(f"\nReport: {shown(page)}")


def print_comparison(result: Comparison, as_json: bool) -> None:
    """Print how a comparison ended, and where its report is.

    Raises:
        RunFailed: runs are unfinished; everything is printed before.
    """
    _print_comparison(result, as_json)
    if result.unfinished:
        names = [str(folder.relative_to(result.folder)) for folder in result.unfinished]
        runs = "1 run is" if len(names) == 1 else f"{len(names)} runs are"
        raise RunFailed(f"{runs} unfinished ({some(names)}): go on by ganscope resume {result.folder}.")


def _print_comparison(result: Comparison, as_json: bool) -> None:
    from ganscope.report import in_words, table

    summaries = result.summaries()
    for name, text in result.failures.items():
        complain(f"{name}: {text}")
    if result.swept:
        _print_points(result, summaries, as_json)
        return
    if as_json:
        print_json({"report": str(result.report), "recipes": [s.as_json() for s in summaries]})
        return
    print_table(table(summaries))
    say(f"\n{in_words(summaries, result.best_by)}")
    print_verdicts(layout.run_folders(result.folder))
    say(f"\nReport: {shown(result.report)}")


def _print_points(result: Comparison, summaries: Sequence[RecipeSummary], as_json: bool) -> None:
    """Print the points of a sweep, best first."""
    from ganscope.report import best_first, point_columns, point_sentences

    ordered, values = best_first(summaries, result.best_by), result.values()
    if as_json:
        points = [{"values": values[s.recipe], **s.as_json()} for s in ordered]
        print_json({"report": str(result.report), "points": points})
        return
    print_table(point_columns(ordered[:POINTS_SHOWN], values, result.swept))
    if len(ordered) > POINTS_SHOWN:
        say(f"and {len(ordered) - POINTS_SHOWN} more points in the report")
    said = " ".join(point_sentences(ordered, values, result.swept, result.best_by)).strip()
    say(f"\n{said}\n\nReport: {shown(result.report)}")


def print_verdicts(folders: Sequence[Path]) -> None:
    """Print what the diagnosis of finished runs says, by kind of verdict; nothing where none was made."""
    from ganscope.diagnose.logbook import judgement
    from ganscope.diagnose.wording import summary_of_runs

    judged = [said for folder in folders if (said := judgement(folder)) is not None]
    if judged:
        more = any(said.verdicts for said in judged)
        details = " Causes and remedies: ganscope diagnose, or the report." if more else ""
        say(f"\nDiagnosis: {summary_of_runs(judged)}{details}")
