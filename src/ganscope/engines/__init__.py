"""How runs are executed: one run or stack in this process, or a list of stacks over the machine's cores."""

from ganscope.engines.inprocess import Folder, resume, run_stack, train, train_prepared
from ganscope.engines.prepare import Prepared, prepare
from ganscope.engines.processes import Job, run_jobs

__all__ = [
    "Folder",
    "Job",
    "Prepared",
    "prepare",
    "resume",
    "run_jobs",
    "run_stack",
    "train",
    "train_prepared",
]
