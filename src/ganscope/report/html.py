"""One self-contained page per run or comparison: no network, no second file."""

from __future__ import annotations

from html import escape
from pathlib import Path

from ganscope.contracts import BadInput
from ganscope.diagnose.logbook import judgement
from ganscope.figures.palette import PALETTE
from ganscope.figures.pictures import load_samples
from ganscope.folder import files, layout
from ganscope.folder.contents import is_report
from ganscope.folder.records import load_comparison, load_records
from ganscope.report.assets import POLICY, SCRIPT, STYLE
from ganscope.report.damages import damages_of
from ganscope.report.fragments import Judged, Report
from ganscope.report.reference import title
from ganscope.report.sections import SECTIONS
from ganscope.report.summary import summarise
from ganscope.report.sweep_page import SWEEP_SECTIONS
from ganscope.words.foreign import shown


def write_report(folder: Path | str, judged: Judged = judgement) -> Path:
    """Write `report.html` into a run folder or a comparison, from nothing but the files there.

    Args:
        folder: a run folder, or a comparison with `<recipe>/seed-<n>/` run folders. Runs may be unfinished.
        judged: says what is wrong with a run; by default what stands in its folder.

    Returns:
        The page's path. The page is one file that opens without a network.

    Raises:
        BadInput: no run there, or `report.html` is a page of another program.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as name:
        ...     _ = (Path(name) / "config.json").write_text('{"config": {"recipe": "r1", "seed": 3}}')
        ...     write_report(name).name
        'report.html'
    """
    folder = Path(folder)
    path = folder / layout.REPORT
    if path.exists() and not is_report(path):
        raise BadInput(f"{path} is no report that ganscope wrote: move it away, then ask for one again.")
    page = render(_read(folder)._replace(judged=judged))
    with files.whole_file(path) as file:
        file.write(page.encode())
    return path


def render(report: Report) -> str:
    """Return the whole page as text."""
    from plotly.offline import get_plotlyjs

    sections = SWEEP_SECTIONS if report.swept else SECTIONS
    body = shown("\n".join(section(report) for section in sections), keep="\n\t")
    # An end tag inside a string of the library would end the script element early.
    library = get_plotlyjs().replace("</script", "<\\/script")
    icon = '<link rel="icon" href="data:,">'  # or a browser asks the server for one
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"{icon}<title>{escape(title(report))} – ganscope</title><style>{STYLE}</style></head>"
        f"<body><main>{body}</main>\n<script>{library}</script>\n<script>{SCRIPT}</script></body></html>\n"
    )


def _read(folder: Path) -> Report:
    runs = load_records(folder)
    groups = {
        name: [run for run in runs if run.recipe == name]
        for name in dict.fromkeys(run.recipe for run in runs)
    }
    places = [folder, *(run.folder for run in runs)]
    real = next((rows for place in places if (rows := load_samples(place / layout.REAL)) is not None), None)
    return Report(
        runs=groups,
        summaries=summarise(runs),
        colours={recipe: PALETTE[index % len(PALETTE)] for index, recipe in enumerate(groups)},
        comparison={} if layout.is_run(folder) else load_comparison(folder),
        real=real,
        damages=damages_of(folder),
    )
