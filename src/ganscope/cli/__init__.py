"""The command line: one file a command, what commands print, and what a terminal shows."""

from ganscope.cli.app import main

__all__ = ["main"]
