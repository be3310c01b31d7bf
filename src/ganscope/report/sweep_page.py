"""The page of a sweep: all its points in one table and one figure, then the best of them at length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from ganscope.figures.parallel_coordinates import axis, parallel_figure
from ganscope.metrics import METRICS
from ganscope.report.columns import written
from ganscope.report.fragments import Report, plot, section
from ganscope.report.ranking import Values, best_first, named, point_columns, point_sentences
from ganscope.report.reference import command, configuration, definitions, facts, incomplete
from ganscope.report.sections import curves, legend, samples
from ganscope.words.numerals import NONE

SHOWN = 5
"""Points whose curves are drawn."""
MOST_LINES = 300
"""Points in the figure, the best ones; more are a grey mass."""


def headline(report: Report) -> str:
    """Title, which point is best in two sentences, what the data are, and what is incomplete."""
    data = str(report.first.data.get("name") or report.comparison.get("data") or "data")
    recipe = report.first.config.get("recipe")
    seeds = len({run.seed for runs in report.runs.values() for run in runs})
    what = f"{len(report.runs)} points of {recipe} on {data}, {seeds} seed{'s' if seeds > 1 else ''}"
    said = point_sentences(report.summaries, values(report), report.swept, report.by)
    leads = "".join(f'<p class="lead">{escape(sentence)}</p>' for sentence in said if sentence)
    seen = report.first.data.get("notes")
    noticed = [str(note) for note in seen] if isinstance(seen, list) else []
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in [*noticed, *incomplete(report)])
    return (
        f'<p class="kicker">ganscope sweep</p><h1>{escape(what)}</h1>{leads}'
        f'<p class="facts">{escape(" · ".join(facts(report)))}</p>{notes}'
    )


def every_point(report: Report) -> str:
    """Show all points in a table that a click on a column sorts."""
    ordered = best_first(report.summaries, report.by)
    columns = point_columns(ordered, values(report), report.swept, full=True)
    return section(
        "Every point",
        sortable_table(columns, len(report.swept)),
        f"Best first, by mean {METRICS[report.by].label}; settings with diverged seeds last. "
        "Mean ± sample standard deviation over seeds. Click a column to sort by it.",
    )


def figure(report: Report) -> str:
    """Show fields and results as parallel coordinates."""
    of, fields, metric = values(report), report.swept, METRICS[report.by]
    measured = [(s, s.metrics.get(report.by)) for s in best_first(report.summaries, report.by)]
    ordered = [(s, reached) for s, reached in measured if reached is not None][:MOST_LINES]
    if len(ordered) < 2:
        return ""
    axes = [axis(field, [of[s.recipe].get(field) for s, _ in ordered]) for field in fields]
    axes.append(axis(metric.label, [reached.mean for _, reached in ordered]))
    names = [
        f"{named(of[s.recipe], fields)}: {metric.label} {written(metric, reached, s.modes)}"
        for s, reached in ordered
    ]
    drawn = parallel_figure(axes, [metric.sign * reached.mean for _, reached in ordered], names)
    left_out = len(report.summaries) - len(ordered)
    said = "Each line is one setting. Darker is better; the thick line is the best."
    if left_out > 0:
        said += f" Not drawn: {left_out} without a mean {metric.label} or beyond the best {MOST_LINES}."
    return section("Settings and results", plot(drawn, "parallel"), said)


def best_at_length(report: Report) -> str:
    """Show the curves of the best points, then the best one's samples and configuration."""
    ordered = [s.recipe for s in best_first(report.summaries, report.by)]
    few, one = _only(report, ordered[:SHOWN]), _only(report, ordered[:1])
    return legend(few) + curves(few) + samples(one) + configuration(one)


def values(report: Report) -> Values:
    """Return the values of the fields that vary, by point."""
    return {
        point: {field: runs[0].config.get(field) for field in report.swept}
        for point, runs in report.runs.items()
    }


def sortable_table(columns: Sequence[tuple[str, Sequence[str]]], fields: int) -> str:
    """Lay out `(header, cells)` columns under buttons that sort; a column without a value is left out.

    Args:
        columns: of text.
        fields: how many of the first columns are fields, which are kept whatever they hold.
    """
    kept = [
        (header, cells)
        for number, (header, cells) in enumerate(columns)
        if number < fields or any(cell != NONE for cell in cells)
    ]
    head = "".join(
        f'<th scope=col><button type="button" class="sorts">{escape(header)}</button></th>'
        for header, _ in kept
    )
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>"
        for row in zip(*(cells for _, cells in kept), strict=True)
    )
    return (
        f'<div class="scroll tall"><table class="sortable"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


SWEEP_SECTIONS: tuple[Callable[[Report], str], ...] = (
    headline,
    every_point,
    figure,
    best_at_length,
    command,
    definitions,
)
"""The order of a sweep's page."""


def _only(report: Report, points: Sequence[str]) -> Report:
    """The same report of a few points, in that order and in the first colours."""
    colours = list(report.colours.values())
    return report._replace(
        runs={point: report.runs[point] for point in points},
        summaries=[s for point in points for s in report.summaries if s.recipe == point],
        colours={point: colours[number] for number, point in enumerate(points)},
    )
