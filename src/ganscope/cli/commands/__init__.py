"""The commands, in the order of the help: one file each."""

from collections.abc import Callable

from ganscope.cli.commands.compare import compare
from ganscope.cli.commands.diagnose import diagnose
from ganscope.cli.commands.evaluate import evaluate
from ganscope.cli.commands.explain_questions import explain_
from ganscope.cli.commands.list_names import list_
from ganscope.cli.commands.report import report
from ganscope.cli.commands.resume import resume
from ganscope.cli.commands.sample import sample
from ganscope.cli.commands.sweep import sweep
from ganscope.cli.commands.train import train

COMMANDS: dict[str, Callable[..., None]] = {
    "compare": compare,
    "sweep": sweep,
    "train": train,
    "resume": resume,
    "sample": sample,
    "evaluate": evaluate,
    "report": report,
    "explain": explain_,
    "diagnose": diagnose,
    "list": list_,
}
"""Each is a function whose signature is its flags and whose docstring is its help."""

__all__ = ["COMMANDS"]
