"""`ganscope resume`: an interrupted run, comparison or sweep goes on."""

from __future__ import annotations

from pathlib import Path

from ganscope.cli.arguments import EngineName, Json
from ganscope.cli.interruption import interruptible
from ganscope.cli.results import print_comparison, print_run
from ganscope.cli.terminal import complain, progress_of
from ganscope.contracts import BadInput, RunFailed
from ganscope.folder import layout


def resume(run: Path, /, *, engine: EngineName = "local", ray_address: str = "", json_: Json = False) -> None:
    """Go on with an interrupted run, comparison or sweep, to the very weights it would have reached.

    Args:
        run: a run folder, or the folder of a comparison or sweep.
        engine: what goes on with a comparison: the cores of this machine (local), or a Ray cluster (ray).
        ray_address: see compare.
        json_: print the results as JSON.
    """
    if layout.is_comparison(run):
        from ganscope.comparison import resume_comparison
        from ganscope.folder import soundness

        with interruptible() as stop, progress_of([], json_) as progress:
            result = resume_comparison(
                run, progress=progress, stop=stop, engine=engine, ray_address=ray_address
            )
        for sentence in soundness.damages(run):
            complain(sentence)
        print_comparison(result, json_)
        return
    if engine != "local" or ray_address:
        option = f"--engine {engine}" if engine != "local" else f"--ray-address {ray_address}"
        raise BadInput(
            f"{option} has no effect on a single run, which goes on in this process: leave it out."
        )
    from ganscope.running import resume as resume_run

    with interruptible() as stop, progress_of([], json_) as progress:
        done = resume_run(run, stop=stop, progress=lambda event: progress(run.name, event), tell=complain)
    diverged = done.metrics.get("diverged_at")
    if diverged is not None:
        raise RunFailed(
            f"{run} diverged at step {diverged}: train again with lower --d-lr and --g-lr, or with a penalty."
        )
    print_run(done, json_)
