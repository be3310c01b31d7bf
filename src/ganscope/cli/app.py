"""The command line: its commands put together, and one way out for all of them."""

from __future__ import annotations

import io
import os
import sys

from cyclopts import App

from ganscope import __version__
from ganscope.cli.commands import COMMANDS
from ganscope.cli.endings import ending

BROKEN_PIPE = 128 + 13

app = App(
    name="ganscope",
    help="Train GANs under any adversarial objective, and see why they fail.",
    version=__version__,
    help_format="plaintext",
    result_action="return_value",
)
for order, (name, command) in enumerate(COMMANDS.items()):
    app.command(command, name=name, sort_key=order)
app.register_install_completion_command(help="Let the shell complete commands, flags and names.")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns 0, 1 for a failure, 2 bad input, 3 a bad verdict, 130 or 143 when stopped."""
    from ganscope.cli.terminal import complain

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal of another character set is no reason to fail
    try:
        app(arguments if arguments is not None else sys.argv[1:], exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except BrokenPipeError:
        _leave_unread()
        return BROKEN_PIPE
    except (Exception, KeyboardInterrupt) as error:
        sentence, code = ending(error)
        if not sentence:
            raise
        try:
            complain(f"ganscope: {sentence}" + ("" if sentence.endswith((".", "?", ")")) else "."))
        except BrokenPipeError:
            _leave_unread()
        return code
    return 0


def _leave_unread() -> None:
    """Whoever read our output has seen enough: Python must not trip over it again on its way out."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
