"""What went wrong with a file or folder, by the system's own number, and what helps against it."""

from __future__ import annotations

import errno
from typing import NamedTuple


class Trouble(NamedTuple):
    """One way in which the system refuses, in the middle of a sentence."""

    what: str
    remedy: str
    """Before anything was begun."""
    later: str = ""
    """While a run is under way, where that is another one."""
    given: bool = False
    """Whether the fault is in the path that was given, not in the machine."""


_ELSEWHERE = "choose another folder"
_ROOM = "make room, or choose another disk"
TROUBLES = {
    errno.ENOSPC: Trouble("the disk is full", _ROOM, "make room"),
    errno.EDQUOT: Trouble("your quota on this disk is used up", _ROOM, "make room"),
    errno.EFBIG: Trouble("a file would grow larger than is allowed", "raise the limit (ulimit -f)"),
    errno.EROFS: Trouble("the file system is read-only", _ELSEWHERE, "mount it anew", given=True),
    errno.EACCES: Trouble("permission denied", "change its permissions, or choose another", given=True),
    errno.EPERM: Trouble("the system does not permit it", "change its attributes, or choose another"),
    errno.EMFILE: Trouble("too many open files", "raise the limit (ulimit -n)"),
    errno.ENFILE: Trouble("too many open files on this machine", "close other programs"),
    errno.ENAMETOOLONG: Trouble("the name is too long", "choose a shorter one", given=True),
    errno.ENOTDIR: Trouble("a part of the path is a file", "choose another path", given=True),
    errno.EISDIR: Trouble("it is a folder", "give a file", given=True),
    errno.EEXIST: Trouble("a file or a broken link has its name", "choose another name", given=True),
    errno.ELOOP: Trouble("its links lead in a circle", "choose another path", given=True),
    errno.ENOENT: Trouble("no such file or folder", "check the path", given=True),
    errno.EIO: Trouble("the disk reports an error", "copy what is on it to another disk"),
    errno.ESTALE: Trouble("the network folder has gone away", "mount it again"),
    errno.ENOTCONN: Trouble("the network folder has gone away", "mount it again"),
    errno.EBUSY: Trouble("another program holds it", "wait for that program"),
    errno.ENOMEM: Trouble("no memory is left", "close other programs"),
}


def trouble(error: OSError) -> Trouble:
    """Say what the system's refusal means and what helps against it.

    Example:
        >>> trouble(OSError(errno.EMFILE, "Too many open files")).remedy
        'raise the limit (ulimit -n)'
    """
    known = TROUBLES.get(error.errno or 0)
    return known or Trouble(str(error.strerror or error), "check the path")


def refusal(what: object, error: OSError) -> str:
    """Say in a sentence what the system refuses, and what helps.

    Args:
        what: the file and what was to be done with it, such as "x.csv cannot be read".
        error: the refusal.

    Example:
        >>> refusal("x.csv cannot be read", PermissionError(errno.EACCES, "Permission denied"))
        'x.csv cannot be read (permission denied): change its permissions, or choose another.'
    """
    known = trouble(error)
    return f"{what} ({known.what}): {known.remedy}."
