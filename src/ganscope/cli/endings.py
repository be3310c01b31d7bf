"""How a command ends: with one sentence and an exit code, never with a traceback for a user's mistake."""

from __future__ import annotations

import os
import signal
from typing import get_args

from cyclopts import CoercionError, CycloptsError, UnknownOptionError
from pydantic import ValidationError

from ganscope.build.settings import choices, explain
from ganscope.cli.interruption import received
from ganscope.contracts import BadInput, Interrupted, RunFailed
from ganscope.words.complaints import flag, unknown
from ganscope.words.foreign import named
from ganscope.words.remedies import refusal, trouble
from ganscope.words.sentences import shortened


class BadVerdict(Exception):  # noqa: N818
    """What was diagnosed is as bad as `--fail-on` names; the command line exits with code 3."""


def ending(error: BaseException) -> tuple[str, int]:
    """Say in one sentence why a command ended, and with which exit code; nothing for a fault of our own."""
    sentence, code = "", 1
    if isinstance(error, CycloptsError):
        sentence, code = _plain(error), 2
    elif isinstance(error, BadInput):
        sentence, code = str(error), 2
    elif isinstance(error, RunFailed):
        sentence = str(error)
    elif isinstance(error, BadVerdict):
        sentence, code = str(error), 3
    elif isinstance(error, Interrupted | KeyboardInterrupt):
        sentence, code = str(error) or "stopped.", 128 + (received[-1] if received else signal.SIGINT)
    elif isinstance(error, OSError):
        name = "a file" if error.filename is None else named(os.fsdecode(error.filename), 120)
        sentence, code = refusal(f"{name} cannot be used", error), 2 if trouble(error).given else 1
    elif isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "memory" in str(error)):
        sentence = "out of memory: lower --batch-size, --g-width and --d-width, or -n."
    return sentence, code


def _plain(error: CycloptsError) -> str:
    """One sentence for what the command line could not make sense of."""
    cause = error.__cause__
    if isinstance(cause, ValidationError):
        return explain(cause)
    command = " ".join(["ganscope", *(error.command_chain or ())])
    if isinstance(error, UnknownOptionError):
        known = sorted({name for argument in error.argument_collection for name in argument.names})
        return unknown(
            "option", error.token.keyword or error.token.value, known, f"{command} --help lists all"
        )
    if isinstance(error, CoercionError) and error.token is not None and error.token.keyword:
        field = error.token.keyword.lstrip("-").replace("-", "_")
        names = choices(field)
        if names:
            return unknown(field, error.token.value, names)
        wanted = (error.target_type, *get_args(error.target_type))
        kinds = [kind for type_, kind in ((int, "a whole number"), (float, "a number")) if type_ in wanted]
        if kinds:
            option = error.token.keyword if len(field) == 1 else flag(field)
            return f"{option} {shortened(error.token.value)!r} cannot be used: give {kinds[0]}."
    return " ".join(str(error).split())
