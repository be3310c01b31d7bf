"""Names of the files and folders of a run and of a comparison, each in one place.

A run folder holds the files below. A comparison (or a sweep) holds `comparison.json`, `real.npy`,
`report.html` and one run folder for each recipe and seed: `<recipe>/seed-<n>/`.
"""

from __future__ import annotations

from pathlib import Path

CONFIG = "config.json"
"""What it takes to repeat a run and to understand it; a folder with this file is a run folder."""
HISTORY = "history.jsonl"
"""Losses and measurements, one row for each logged step."""
TIMING = "timing.jsonl"
"""All that depends on the clock, one row for each logged step."""
METRICS = "metrics.json"
"""The last evaluation; a run with this file has ended."""
DIAGNOSIS = "diagnosis.jsonl"
"""What the probes measured, one row for each probe."""
VERDICTS = "verdicts.json"
HEALINGS = "healings.json"
GENERATOR = "generator.safetensors"
"""The trained generator's weights."""
BEST = "generator-best.safetensors"
"""The generator's weights at the step whose samples were judged the best so far."""
REAL = "real.npy"
"""Held-out rows, beside which samples are shown."""
EXEMPLARS = "exemplars.npy"
"""Real rows that stand for the bins of the data, in which missing modes are counted."""
REPORT = "report.html"
COMPARISON = "comparison.json"
"""What a comparison trains; a folder with this file is a comparison."""

VALUES = "values.csv"
"""The table that the tracker `csv` writes."""

SAMPLES = "samples"
CHECKPOINTS = "checkpoints"
ABANDONED = "abandoned"
"""What a healed run left behind, one folder for each healing."""

LOCK = ".lock"
WRITABLE = ".writable"
"""Written and removed again to see whether a folder takes files."""
TEMPORARY = ".tmp"
"""Ending of a file that has not been renamed into its place yet."""

RUN_FILES = (
    CONFIG, HISTORY, TIMING, METRICS, DIAGNOSIS, VERDICTS, HEALINGS, GENERATOR, BEST, REAL, EXEMPLARS, REPORT,
    VALUES, LOCK, WRITABLE,
)  # fmt: skip
"""Every file that may lie in a run folder itself."""
COMPARISON_FILES = (COMPARISON, REAL, REPORT, LOCK, WRITABLE)
"""Every file that may lie in the folder of a comparison itself."""

_SEED, _STEP, _ARRAY, _CHECKPOINT, _HEALING = "seed-", "step-", ".npy", ".safetensors", "healing-"


def run_folder(comparison: Path, recipe: str, seed: int) -> Path:
    """Name the folder of one run of a comparison.

    Example:
        >>> run_folder(Path("runs/demo"), "r1", 3).as_posix()
        'runs/demo/r1/seed-3'
    """
    return comparison / recipe / seed_folder(seed)


def seed_folder(seed: int) -> str:
    """Name the folder of a seed within that of its recipe."""
    return f"{_SEED}{seed}"


def run_folders(comparison: Path) -> list[Path]:
    """List the folders of the runs of a comparison that have begun, in alphabetical order."""
    return sorted(path.parent for path in comparison.glob(f"*/{_SEED}*/{CONFIG}"))


def is_run(folder: Path) -> bool:
    """Tell whether a folder holds a run, by its `config.json`."""
    return (folder / CONFIG).is_file()


def is_comparison(folder: Path) -> bool:
    """Tell whether a folder holds a comparison or a sweep, by its `comparison.json`."""
    return (folder / COMPARISON).is_file()


def samples_file(folder: Path, step: int) -> Path:
    """Name the file of the samples drawn at a step.

    Example:
        >>> samples_file(Path("run"), 40).as_posix()
        'run/samples/step-00000040.npy'
    """
    return folder / SAMPLES / f"{_STEP}{step:08d}{_ARRAY}"


def samples_files(folder: Path) -> dict[int, Path]:
    """List the files of samples a run folder holds, by step, in order."""
    return _by_step(folder / SAMPLES, _ARRAY)


def checkpoint_file(folder: Path, step: int) -> Path:
    """Name the file of the checkpoint taken at a step.

    Example:
        >>> checkpoint_file(Path("run"), 40).as_posix()
        'run/checkpoints/step-00000040.safetensors'
    """
    return folder / CHECKPOINTS / f"{_STEP}{step:08d}{_CHECKPOINT}"


def checkpoint_files(folder: Path) -> dict[int, Path]:
    """List the checkpoints a run folder holds, damaged ones included, by step, in order."""
    files = _by_step(folder / CHECKPOINTS, _CHECKPOINT)
    return {step: path for step, path in files.items() if path == checkpoint_file(folder, step)}


def healing_folder(folder: Path, number: int) -> Path:
    """Name the folder of what a run's n-th healing left behind.

    Example:
        >>> healing_folder(Path("run"), 1).as_posix()
        'run/abandoned/healing-1'
    """
    return folder / ABANDONED / f"{_HEALING}{number}"


def is_seed_folder(name: str) -> bool:
    """Tell whether this is the name of a seed's folder.

    Example:
        >>> [is_seed_folder(name) for name in ("seed-0", "seed-12", "seed-", "seeds")]
        [True, True, False, False]
    """
    return _is_number(name.removeprefix(_SEED)) and name.startswith(_SEED)


def is_healing_folder(name: str) -> bool:
    """Tell whether this is the name of the folder of what a healing left behind."""
    return _is_number(name.removeprefix(_HEALING)) and name.startswith(_HEALING)


def is_step_file(name: str) -> bool:
    """Tell whether this is the name of the samples or the checkpoint of a step."""
    digits = name.removeprefix(_STEP).removesuffix(_ARRAY).removesuffix(_CHECKPOINT)
    return _is_number(digits) and name in (f"{_STEP}{digits}{_ARRAY}", f"{_STEP}{digits}{_CHECKPOINT}")


def is_recipe_folder(folder: Path) -> bool:
    """Tell whether a folder within a comparison is that of a recipe: it holds the folder of a seed."""
    return any(is_seed_folder(path.name) and path.is_dir() for path in folder.iterdir())


def _by_step(folder: Path, ending: str) -> dict[int, Path]:
    """Files `step-<digits><ending>` of a folder; others are passed over."""
    steps = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        digits = path.name.removeprefix(_STEP).removesuffix(ending)
        if path.name == f"{_STEP}{digits}{ending}" and _is_number(digits):
            steps[int(digits)] = path
    return dict(sorted(steps.items()))


def _is_number(digits: str) -> bool:
    return digits.isdecimal() and digits.isascii()
