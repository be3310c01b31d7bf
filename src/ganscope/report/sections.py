"""The sections with results, each from what was read on disk to an HTML fragment, and the order of all."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from ganscope.contracts import Metric
from ganscope.evaluation.best_step import best_of_run
from ganscope.figures import histories
from ganscope.figures.critic_gap import gap_figure
from ganscope.figures.curves import correlation
from ganscope.figures.losses import loss_figure
from ganscope.figures.palette import INK
from ganscope.figures.pictures import Samples, load_samples, picture, sample_files
from ganscope.folder.records import RunRecord
from ganscope.metrics import METRICS
from ganscope.report.columns import inside, reached
from ganscope.report.diagnosis import diagnosis
from ganscope.report.fragments import (
    Report,
    chip,
    columns_table,
    folded,
    glossary,
    grid,
    heading,
    plot,
    section,
)
from ganscope.report.reference import command, configuration, definitions, headline
from ganscope.report.summary import is_distance
from ganscope.words.numerals import digits, plus_minus
from ganscope.words.sentences import first_sentence

CRITIC_CURVES = {
    "exact EMD": "The Wasserstein-1 distance between the same rows, computed without any critic.",
    "critic's gap": (
        "What the critic reports, mean f(real) - mean f(fake). For a 1-Lipschitz critic it is at most the "
        "EMD, for a K-Lipschitz one at most K times the EMD. A dotted line is scaled to compare the shapes."
    ),
    "certified": (
        "The gap divided by the largest quotient |f(a) - f(b)| / |a - b| over all pairs of these rows. It "
        "never exceeds the EMD, whatever the critic."
    ),
    "floor": "The EMD between two sets of real rows of this size: what a perfect generator would score.",
}
"""What the four curves of a Wasserstein critic are."""


def results(report: Report) -> str:
    """Show the table of results and, below it, what the gradients and the critic did."""
    columns = reached(report.summaries)
    spread = "Mean ± sample standard deviation over seeds." if _several(report) else "One seed, so no spread."
    return section(
        "Results",
        columns_table(columns, report.colours)
        + columns_table([columns[0], *inside(report.summaries)], report.colours)
        + _best_steps(report),
        f"{spread} The floor is what real rows score in the place of samples. "
        "Gradients: median over the first tenth of the run → over the last tenth.",
    )


def _best_steps(report: Report) -> str:
    """Name the runs that were clearly better at an earlier step, a sentence each."""
    from ganscope.folder import checkpoint

    said = [
        (f"{recipe}, seed {run.seed}: " if _several(report) or len(report.runs) > 1 else "", str(best))
        for recipe, runs in report.runs.items()
        for run in runs
        for kept in [checkpoint.best_step(run.folder)]
        if (best := best_of_run(run.history, run.config, run.final, kept)) is not None
    ]
    return "".join(f"<p>{escape(run + sentence)}</p>" for run, sentence in said)


def legend(report: Report) -> str:
    """Show one legend for the whole page; a click hides a recipe in every figure."""
    if len(report.runs) < 2:
        return ""
    # Escaped twice: figures hold names escaped once, since Plotly reads them as markup.
    chips = "".join(
        f'<button type="button" aria-pressed="true" data-recipe="{escape(escape(recipe))}">'
        f"{chip(report.colours[recipe])}{escape(recipe)}</button>"
        for recipe in report.runs
    )
    return f'<nav class="legend" aria-label="Recipes; click to hide or show">{chips}</nav>'


def samples(report: Report) -> str:
    """Show samples at the start, halfway and at the end, from the same latent points, beside real ones."""
    blocks = []
    for recipe, runs in report.runs.items():
        colour = report.colours[recipe]
        shown = grid("strip", _history_of(report, runs[0], colour))
        others = grid("strip", [_latest(report, run, colour) for run in runs[1:]])
        if shown:
            name = heading(recipe, colour, f"seed {runs[0].seed}")
            blocks.append(
                f'<div class="block">{name}{shown}{folded("The other seeds at the end", others)}</div>'
            )
    points = report.real is not None and report.real.ndim == 2
    said = "The same latent points at every step." + (" Grey: real." if points else "")
    said += " Crosses: modes." if points and report.first.data.get("centres") else ""
    return section("Samples", "".join(blocks), said)


def curves(report: Report) -> str:
    """Show every metric that is measured while training over the run."""
    plots = [
        plot(histories.metric_figure(name, report.runs, report.colours), name, _caption(metric))
        for name, metric in METRICS.items()
        if metric.while_training
    ]
    return section(
        "Distance and diversity",
        grid("pair", plots),
        "Thick line: mean of the seeds. Band: lowest to highest seed. Thin lines: the seeds."
        if _several(report)
        else "",
    )


def _caption(metric: Metric) -> str:
    """Say what a curve shows and which way is better."""
    return f"{first_sentence(metric.about)} {metric.better.capitalize()} is better."


def gradients(report: Report) -> str:
    """Show the generator's gradient and the factor the loss contributes to it."""
    slope = histories.slope_figure(report.runs, report.colours)
    norm = histories.gradient_figure(report.runs, report.colours)
    plots = [
        plot(
            slope,
            "slope",
            "The slope of the generator's loss in the logit, the first factor of its gradient. Near 0 the "
            "generator learns nothing, however good the networks are. For a Wasserstein loss it is always 1.",
        ),
        plot(
            norm,
            "gradient",
            "Norm of the gradient in all of the generator's weights. Its scale differs between objectives, "
            "so compare each curve with its own past.",
        ),
    ]
    return section(
        "Gradients",
        grid("pair", plots),
        "In long runs each point is the median of a group of neighbouring steps.",
    )


def critic_gap(report: Report) -> str:
    """Show what a Wasserstein critic measures, what of it is proven, the exact distance and its floor."""
    cells = []
    for index, summary in enumerate(report.summaries):
        if is_distance(summary):
            runs, colour = report.runs[summary.recipe], report.colours[summary.recipe]
            both = digits(correlation(runs, "emd", "critic_gap_held_out"), 2)
            said = f"Final gap / EMD: {plus_minus(summary.gap_over_emd)}. Correlation over the run: {both}."
            if summary.certified_lower is not None:
                said += f" Certified at the end: {plus_minus(summary.certified_lower)}"
                said += f" of {plus_minus(summary.emd)}."
            name = heading(summary.recipe, colour)
            cells.append(plot(gap_figure(runs, colour), f"gap-{index}", said, name))
    return section(
        "The critic's estimate beside the exact distance",
        grid("cells", cells) + (glossary(CRITIC_CURVES) if any(cells) else ""),
        "All four are computed on the same held-out and generated rows, at every evaluation.",
    )


def losses(report: Report) -> str:
    """Show both losses per recipe, last and small, with their meaning."""
    cells = []
    for index, (recipe, runs) in enumerate(report.runs.items()):
        colour = report.colours[recipe]
        cells.append(plot(loss_figure(runs, colour), f"loss-{index}", "", heading(recipe, colour)))
    return section(
        "Losses",
        grid("cells", cells),
        "Losses tell which player is winning, not how good the samples are, and cannot be compared between "
        "objectives. Rare spikes are cut off; double-click a figure to see its full range.",
    )


SECTIONS: tuple[Callable[[Report], str], ...] = (
    headline,
    results,
    legend,
    diagnosis,
    samples,
    curves,
    gradients,
    critic_gap,
    losses,
    configuration,
    command,
    definitions,
)
"""The order of the page: what happened first, losses late, reference last."""


def _several(report: Report) -> bool:
    return any(len(runs) > 1 for runs in report.runs.values())


def _history_of(report: Report, run: RunRecord, colour: str) -> list[str]:
    """Draw start, middle and end of one run, then the real rows."""
    files = sample_files(run)
    if not files:
        return []
    steps = list(files)
    middle = min(steps, key=lambda step: abs(2 * step - steps[0] - steps[-1]))
    cells = [
        _cell(report, run, load_samples(files[step]), colour, f"step {step:,}")
        for step in dict.fromkeys((steps[0], middle, steps[-1]))
    ]
    return [*cells, _cell(report, run, report.real, INK, "real")] if any(cells) else []


def _latest(report: Report, run: RunRecord, colour: str) -> str:
    files = sample_files(run)
    if not files:
        return ""
    step = max(files)
    return _cell(report, run, load_samples(files[step]), colour, f"seed {run.seed}, step {step:,}")


def _cell(report: Report, run: RunRecord, points: Samples | None, colour: str, caption: str) -> str:
    drawn = picture(points, report.real, colour, f"{run.recipe}: {caption}", run.data)
    return f"<figure>{drawn}<figcaption>{escape(caption)}</figcaption></figure>" if drawn else ""
