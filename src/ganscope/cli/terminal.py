"""What a command shows while it works and when it is done: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import signal
import textwrap
import time
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ganscope.cli.interruption import received
from ganscope.words.foreign import named, shown
from ganscope.words.lists import some

PLAIN_INTERVAL = 10.0
"""Seconds between two plain lines about one run, unless it has been evaluated."""
METRICS_FIRST: tuple[str, ...] = ("EMD", "modes")
"""Columns that a table of recipes has from the start; those of other metrics come with their first values."""


class Output(Console):
    """A console whose reader may go away, which Rich by itself answers by leaving the program."""

    def on_broken_pipe(self) -> None:
        """Say so to whoever prints."""
        raise BrokenPipeError


class Progress:
    """The state of all runs in work: one line each, redrawn in place on a terminal, printed otherwise.

    Args:
        names: what is in work, in the order of display.
        quiet: show nothing.
        kind: what the names are names of.
    """

    def __init__(self, names: Sequence[str], quiet: bool = False, kind: str = "recipe") -> None:
        self._console = Output(stderr=True, quiet=quiet)
        self._kind = kind
        self._lines: dict[str, dict[str, str]] = {name: {} for name in names}
        self._stacks: dict[str, dict[str, Any]] = {}
        self._said: dict[str, float] = {}
        self._metrics = METRICS_FIRST
        self._live = Live(self._table(), console=self._console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Progress:
        """Start drawing."""
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing."""
        if self._console.is_terminal:
            self._live.stop()

    def __call__(self, name: str, event: Mapping[str, Any]) -> None:
        """Take note of an event of a training loop."""
        for key in ("note", "failed"):
            if key in event:
                self._line(f"{name}: {event[key]}")
        if "step" not in event:
            return
        line = self._lines.setdefault(name, {})
        step, steps, seconds = event["step"], event["steps"], event["seconds"]
        line["step"] = f"{step}/{steps}"
        if step and seconds:
            line["steps/s"] = f"{step / seconds:.3g}"
            line["left"] = clock((steps - step) * (seconds + event.get("evaluation_seconds", 0.0)) / step)
        evaluation = event.get("evaluation")
        if evaluation:
            measured = _measured(evaluation)
            self._metrics = tuple(dict.fromkeys((*self._metrics, *measured)))
            line |= measured
        if event.get("verdicts") is not None:
            line["verdict"] = _verdicts(event["verdicts"])
        if event.get("diverged"):
            line["diverged"] = str(event["diverged"])
        if self._console.is_terminal:
            self._live.update(self._table())
        elif evaluation or time.monotonic() - self._said.get(name, 0) > PLAIN_INTERVAL:
            self._said[name] = time.monotonic()
            text = "  ".join(f"{key} {value}" for key, value in line.items() if value)
            self._line(f"{named(name):<15} {text}")

    def _line(self, text: str) -> None:
        try:
            _send(self._console, shown(text))
        except BrokenPipeError:  # nobody reads on: a wish to stop, so that what is in work is saved first
            self._console.quiet = True
            received.append(signal.SIGPIPE)

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False)
        first, metrics = ("step", "steps/s", "left"), self._metrics
        seen = {column for line in self._lines.values() for column in line}
        always = {*first, *(METRICS_FIRST if self._kind == "recipe" else ())}
        used = [c for c in (*first, *metrics, "verdict", "diverged") if c in always | seen]
        table.add_column(self._kind)
        for column in used:
            table.add_column(column, justify="right")
        for name, line in self._lines.items():
            table.add_row(_cell(name), *(_cell(line.get(column, "")) for column in used))
        return table


def progress_of(names: Iterable[str], quiet: bool, kind: str = "recipe") -> Progress:
    """Show the progress of what is in work; nothing where `quiet`."""
    return Progress(list(names), quiet, kind)


def _verdicts(by_run: Sequence[Sequence[str]]) -> str:
    """Say what is wrong with the runs of a stack: the most frequent verdicts, and with how many runs.

    Example:
        >>> _verdicts([["mode-collapse (total)"], [], ["mode-collapse (total)", "oscillation"]])
        'mode-collapse (total) 2/3, oscillation 1/3'
    """
    from ganscope.diagnose.wording import counted

    shown = [f"{name} {count}/{len(by_run)}" if len(by_run) > 1 else name for name, count in counted(by_run)]
    return some(shown, 2)


def _measured(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Write what the runs of a stack score: the mean of a number, the range of a count.

    Example:
        >>> _measured([{"emd": 0.25, "captured": 6}, {"emd": 0.75, "captured": 8}])
        {'EMD': '0.5', 'modes': '6-8'}
    """
    from ganscope.metrics import METRICS

    line = {}
    for name, metric in METRICS.items():
        values = [row[name] for row in rows if row.get(name) is not None]
        if not values or metric.terminal != "always":
            continue
        low, high, mean = min(values), max(values), sum(values) / len(values)
        texts = {
            "count": f"{low}" if low == high else f"{low}-{high}",
            "share": f"{mean:.0%}",
            "number": f"{mean:.3g}",
        }
        line[metric.label] = texts[metric.form]
    return line


def clock(seconds: float) -> str:
    """Write a duration for reading at a glance.

    Example:
        >>> [clock(s) for s in (8.4, 75, 4000)]
        ['8 s', '1 min 15 s', '1 h 06 min']
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def print_table(columns: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Print columns of text to standard output, numbers to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, (header, _) in enumerate(columns):
        table.add_column(_cell(header), justify="left" if index == 0 else "right")
    for row in zip(*(cells for _, cells in columns), strict=True):
        table.add_row(*map(_cell, row))
    _print_rows(table)


def print_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Print names and what is to be said of each to standard output, in two columns."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for name, text in pairs:
        table.add_row(Text(shown(name)), Text(shown(text)))
    _print_rows(table)


def _print_rows(table: Table) -> None:
    """Print a table without the blanks that fill its lines."""
    console = Console()
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().split("\n")[:-1]:
        print(line.rstrip())


def say(text: str, wrapped: bool = True) -> None:
    """Print words to standard output, wrapped at the width of the terminal; a path is never broken.

    Args:
        text: one line or several.
        wrapped: False for a command, which a line break would cut in two.
    """
    _print(Output(), text, wrapped)


def complain(text: str) -> None:
    """Print an error or a note to standard error: one line where no terminal shows it."""
    console = Output(stderr=True)
    _print(console, shown(text), wrapped=console.is_terminal)


def _print(console: Console, text: str, wrapped: bool) -> None:
    lines = shown(text, keep="\n").split("\n")
    if wrapped:
        lines = [
            textwrap.fill(line, console.width, break_long_words=False, break_on_hyphens=False)
            for line in lines
        ]
    _send(console, "\n".join(lines))


def _send(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, emoji=False, soft_wrap=True)


def _cell(text: str) -> Text:
    """A name or a number in a table, in which nothing is markup."""
    return Text(named(text))
