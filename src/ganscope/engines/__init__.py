"""How runs are executed: one run or stack in this process, a list of stacks over cores or a Ray cluster."""

from ganscope.engines.choose import ENGINES, LOCAL, Engine, open_engine
from ganscope.engines.inprocess import Folder, resume, run_stack, train, train_prepared
from ganscope.engines.prepare import Prepared, prepare
from ganscope.engines.processes import Job, run_jobs

__all__ = [
    "ENGINES",
    "LOCAL",
    "Engine",
    "Folder",
    "Job",
    "Prepared",
    "open_engine",
    "prepare",
    "resume",
    "run_jobs",
    "run_stack",
    "train",
    "train_prepared",
]
