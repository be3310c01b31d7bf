"""Environments of their own for the programs ganscope is measured against; `make bench-setup` makes them.

    python -m benchmarks.environments

They lie in `benchmarks/.envs`, which git ignores; what is there already stays. *peers* holds torchgan and
torch-mimicry, both without a release for years. They run on the very torch of this environment: its folder
is put on their path, and they are installed without their dependencies, which would bring another torch.
*doctors*, the general training doctors, is made the same way when `validation.doctors` asks for it.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

ENVIRONMENTS = Path(__file__).parent / ".envs"
WANTED = {
    "jax": [["jax==0.10.2", "jaxlib==0.10.2"]],
    "peers": [
        ["--no-deps", "torchgan==0.1.0", "torch-mimicry==0.1.16", "torchvision==0.28.0"],
        # imported by mimicry; they ask for no torch
        ["--no-warn-conflicts", "tensorboard==2.20.0", "scikit-image==0.26.0"],
    ],
    "doctors": [
        [
            "--no-deps",
            "runmedic==0.1.1",
            "training-doctor==0.1.0",
            "trainpulse==0.4.0",
            "traintools==0.6.2",
            "mldoct==1.0.0",
        ],
        ["--no-warn-conflicts", "pandas==3.0.6"],  # imported by mldoct
    ],
}
"""What pip is asked for, one call after another. torchvision 0.28 goes with torch 2.13."""
FOR_BENCHMARKS = ("jax", "peers")
ON_OUR_TORCH = ("peers", "doctors")


def python(name: str) -> Path:
    """Find the interpreter of an environment, making the environment where there is none.

    Args:
        name: one of `WANTED`.

    Returns:
        Path of its Python.
    """
    folder = ENVIRONMENTS / name
    interpreter, ready = folder / "bin" / "python", folder / ".ready"
    wanted = repr(WANTED[name])
    if ready.exists() and ready.read_text(encoding="utf-8") == wanted:
        return interpreter
    print(f"making {folder} ...", file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    if name in ON_OUR_TORCH:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        path = folder / "lib" / version / "site-packages" / "torch.pth"
        path.write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    for packages in WANTED[name]:
        pip = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *packages], check=True)
    ready.write_text(wanted, encoding="utf-8")
    return interpreter


def main() -> None:
    """Make the environments of the benchmarks."""
    for name in FOR_BENCHMARKS:
        print(python(name))


if __name__ == "__main__":
    main()
