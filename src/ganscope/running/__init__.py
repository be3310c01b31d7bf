"""How runs are executed: one run or stack in this process, a list of stacks over cores or a Ray cluster."""

from ganscope.running.engine import ENGINES, LOCAL, Engine, open_engine
from ganscope.running.in_process import Hooks, execute
from ganscope.running.prepared import Custom, Prepared, prepare, reopen
from ganscope.running.processes import Job, run_jobs
from ganscope.running.resume_run import resume
from ganscope.running.train_run import launch, train

__all__ = [
    "ENGINES",
    "LOCAL",
    "Custom",
    "Engine",
    "Hooks",
    "Job",
    "Prepared",
    "execute",
    "launch",
    "open_engine",
    "prepare",
    "reopen",
    "resume",
    "run_jobs",
    "train",
]
