"""One guard for what reads files: whatever a damaged one makes a library raise becomes one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ganscope.contracts import BadInput
from ganscope.words.sentences import reason


@contextmanager
def reading(what: object, remedy: str) -> Iterator[None]:
    """Turn any exception of the block into one sentence; those that are one already pass.

    Args:
        what: the file that is read, or how it is called.
        remedy: what to do about a damaged one.

    Raises:
        BadInput: anything went wrong; what it was is its cause.

    Example:
        >>> with reading("people.csv", "write it again"):
        ...     {}["height"]
        Traceback (most recent call last):
        ...
        ganscope.contracts.BadInput: people.csv cannot be read ('height'): write it again.
    """
    try:
        yield
    except (BadInput, OSError):
        raise
    except Exception as error:  # libraries raise anything on bytes that nobody wrote
        why = reason(error)
        raise BadInput(f"{what} cannot be read ({why}): {remedy}.") from error
