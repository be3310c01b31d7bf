"""How runs are executed: one run or stack in this process, a list of stacks over cores or a Ray cluster."""

from ganscope.running.engine import ENGINES, LOCAL, Engine, open_engine
from ganscope.running.in_process import Folder, resume, run_stack, train, train_prepared
from ganscope.running.prepare import Prepared, prepare
from ganscope.running.processes import Job, run_jobs

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
