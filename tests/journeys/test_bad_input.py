"""Everything a user can get wrong: a sentence of three lines at most, an exit code, nothing half-written.

One table of command lines and one of Python calls; a few command lines run as real processes below them.
"""

from __future__ import annotations

import json
import math
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import ganscope as gs
from ganscope.build.settings import choices, settings
from ganscope.cli import app
from ganscope.contracts import Interrupted
from ganscope.folder import checkpoint
from tests.crashes import contents

WIDTH, LINES = 80, 3
TINY: dict[str, Any] = {
    "g_width": 8, "d_width": 8, "g_depth": 1, "d_depth": 1, "latent_dim": 4, "batch_size": 8,
}  # fmt: skip
NO_RUN = "is no run folder"

# what is typed, words that must appear in the answer; the exit code is 2
COMMANDS: dict[str, tuple[str, list[str]]] = {
    # names
    "data": ("train rign", ["'rign'", "'ring'", "or a path"]),
    "data of nowhere near": ("train zzzzzz", ["'zzzzzz'", "digits"]),
    "recipe": ("train ring wgna", ["'wgna'", "'wgan'"]),
    "recipe compared": ("compare ring r1 wgangp", ["'wgangp'", "'wgan-gp'"]),
    "objective": ("train ring r1 --objective hing", ["'hing'", "'hinge'"]),
    "own objective": ("train ring r1 --objective own", ["'own'", "minimax"]),
    "network": ("train ring r1 --network dcgn", ["'dcgn'", "'dcgan'"]),
    "own network": ("train ring r1 --network own", ["'own'", "mlp"]),
    "penalty": ("train ring r1 --penalty r7", ["'r7'", "r1, r2"]),
    "penalty and none": ("train ring r1 --penalty r1+none", ["'none'", "r1"]),
    "penalty twice": ("train ring r1 --penalty r1+r1", ["r1+r1", "twice", "--penalty-weight"]),
    "optimiser": ("train ring r1 --optimizer adamw", ["'adamw'", "'adam'"]),
    "dynamics": ("train ring r1 --dynamics consensos", ["'consensos'", "'consensus'"]),
    "norm": ("train ring r1 --d-norm bath", ["'bath'", "'batch'"]),
    "precision": ("train ring r1 --precision float16", ["'float16'", "bfloat16"]),
    "budget": ("compare ring --budget sampels", ["sampels", "samples"]),
    "engine": ("compare ring r1 --engine rya", ["rya", "local"]),
    "option": ("train ring --stepz 5", ["--stepz", "--steps", "ganscope train --help"]),
    "option of nowhere near": ("train ring --zzzzzz 5", ["--zzzzzz", "ganscope train --help"]),
    "option of another command": ("sample run --steps 5", ["--steps", "ganscope sample --help"]),
    "command": ("trian ring", ["trian", "train"]),
    "judge": ("evaluate run --data rnig", ["'rnig'", "'ring'"]),
    "device": ("train ring r1 --device gpu", ["gpu", "cuda:N"]),
    "device unsupported": ("train ring r1 --device meta", ["meta", "cpu, cuda"]),
    "device far away": ("train ring r1 --device cuda:99", ["cuda:99"]),
    # values
    "steps 0": ("train ring r1 --steps 0", ["--steps 0", "greater than or equal to 1"]),
    "steps negative": ("train ring r1 --steps -3", ["--steps -3", "greater"]),
    "steps in words": ("train ring r1 --steps many", ["--steps", "many", "integer"]),
    "steps in halves": ("train ring r1 --steps 1.5", ["--steps", "1.5", "integer"]),
    "rate 0": ("train ring r1 --g-lr 0", ["--g-lr 0", "greater than 0"]),
    "rate in words": ("train ring r1 --g-lr fast", ["--g-lr", "fast", "number"]),
    "rate NaN": ("train ring r1 --g-lr nan", ["--g-lr", "nan", "finite"]),
    "rate infinite": ("train ring r1 --d-lr inf", ["--d-lr", "inf", "finite"]),
    "beta 1": ("train ring r1 --beta1 1", ["--beta1 1", "less than 1"]),
    "beta negative": ("train ring r1 --beta2 -0.1", ["--beta2 -0.1", "greater"]),
    "decay": ("train ring r1 --decay 2", ["--decay 2", "less than or equal to 1"]),
    "average": ("train ring r1 --ema 1", ["--ema 1", "less than 1"]),
    "clip negative": ("train ring wgan --clip -1", ["--clip -1", "greater"]),
    "weight negative": ("train ring r1 --penalty-weight -1", ["--penalty-weight -1"]),
    "width 0": ("train ring r1 --g-width 0", ["--g-width 0", "greater"]),
    "width without end": ("train ring r1 --d-width 1000000000", ["--d-width 1000000000", "65536"]),
    "depth without end": ("train ring r1 --d-depth 5000", ["--d-depth 5000", "100"]),
    "latent 0": ("train ring r1 --latent-dim 0", ["--latent-dim 0"]),
    "critic steps 0": ("train ring r1 --n-critic 0", ["--n-critic 0"]),
    "batch 0": ("train ring r1 --batch-size 0", ["--batch-size 0"]),
    "threads": ("train ring r1 --threads -1", ["--threads -1"]),
    "size too small": ("train images r1 --size 7", ["--size 7", "8"]),
    "size too large": ("train images r1 --size 65", ["--size 65", "64"]),
    "intervals": ("train ring r1 --log-every -1", ["--log-every -1"]),
    "no checkpoint kept": ("train ring r1 --keep-checkpoints 0", ["--keep-checkpoints 0"]),
    "seed negative": ("train ring r1 --seed -1", ["--seed -1", "greater"]),
    "seed in words": ("train ring r1 --seed x", ["--seed", "'x'", "whole number"]),
    "seed without end": ("train ring r1 --seed 99999999999999999999", ["--seed", "less than"]),
    "long value": (f"train ring r1 --steps {'9' * 50}x", ["--steps", "..."]),
    "long name": (f"train ring {'r' * 500}", ["unknown recipe", "..."]),
    "seeds 0": ("compare ring r1 --seeds 0", ["--seeds 0", "1 to 1000"]),
    "seeds in words": ("compare ring r1 --seeds x", ["--seeds", "'x'", "whole number"]),
    "seeds without end": ("compare ring r1 --seeds 100000", ["--seeds 100000", "1000"]),
    "seconds negative": ("compare ring r1 --budget seconds --seconds -1", ["--seconds -1", "above 0"]),
    "seconds NaN": ("compare ring r1 --budget seconds --seconds nan", ["--seconds nan", "above 0"]),
    "no samples": ("sample run -n 0", ["0 samples", "at least 1"]),
    "samples in words": ("sample run -n few", ["few", "whole number"]),
    "too few to judge": ("evaluate run -n 3", ["3 samples", "20", "-n"]),
    "value missing": ("train ring r1 --out", ["--out"]),
    "value missing before a flag": ("train ring r1 --steps --json", ["--steps"]),
    "too many words": ("train ring r1 and more", ["and", "more"]),
    "run missing": ("resume", ["RUN"]),
    # combinations
    "BatchNorm under a penalty": ("train ring wgan-gp --d-norm batch", ["--d-norm batch", "--d-norm layer"]),
    "no Lipschitz constraint": ("train ring wgan --clip 0", ["wasserstein", "--penalty", "--clip 0.01"]),
    "no constraint left": ("train ring r1 --objective wasserstein --penalty none", ["Lipschitz", "--clip"]),
    "spectral norm and a box": (
        "train ring wgan --d-lipschitz spectral",
        ["--clip 0.03", "--d-lipschitz spectral", "one of the two"],
    ),
    "spectral norm and a norm": (
        "train ring r1 --d-lipschitz spectral-operator --d-norm layer",
        ["--d-norm layer", "--d-lipschitz spectral-operator", "one of the two"],
    ),
    "orthogonal layers and a box": ("train ring wgan --d-lipschitz orthogonal", ["--clip", "one of the two"]),
    "orthogonal layers of odd width": (
        "train ring r1 --d-lipschitz orthogonal --d-width 7",
        ["7 units are odd", "--d-width"],
    ),
    "weight without penalty": (
        "train ring minimax --penalty-weight 3",
        ["--penalty-weight 3", "--penalty with"],
    ),
    "penalty without weight": ("train ring minimax --penalty r1", ["--penalty r1", "--penalty-weight"]),
    "smoothing a score": (
        "train ring wgan-gp --label-smoothing 0.1",
        ["--label-smoothing 0.1", "wasserstein", "minimax"],
    ),
    "smoothing to nothing": (
        "train ring minimax --label-smoothing 1",
        ["--label-smoothing 1", "less than 1"],
    ),
    "slope that R1 has not": ("train ring r1 --penalty-target 2", ["--penalty-target 2", "r1", "one-sided"]),
    "slope without penalty": ("train ring minimax --penalty-target 2", ["--penalty-target 2", "no effect"]),
    "slope below 0": ("train ring wgan-gp --penalty-target -1", ["--penalty-target -1", "greater"]),
    "lazy penalty below 1": ("train ring r1 --penalty-every 0", ["--penalty-every 0", "greater"]),
    "lazy without penalty": ("train ring minimax --penalty-every 4", ["--penalty-every 4", "--penalty and"]),
    "lazy consensus": (
        "train ring r1 --penalty-every 4 --dynamics consensus",
        ["--penalty-every 4", "--dynamics consensus", "leave one"],
    ),
    "noise below 0": ("train ring r1 --instance-noise -1", ["--instance-noise -1", "greater"]),
    "fading of no noise": ("train ring r1 --instance-noise-decay 0.5", ["0.5", "--instance-noise with"]),
    "packs of 0": ("train ring r1 --pack 0", ["--pack 0", "greater"]),
    "packs that do not fit": ("train ring r1 --pack 3", ["--pack 3", "--batch-size 64", "of 63"]),
    "pack larger than the batch": ("train ring r1 --pack 4 --batch-size 2", ["--pack 4", "of 4"]),
    "at once and critic steps": (
        "train ring wgan-gp --dynamics extra-gradient",
        ["--dynamics extra-gradient", "5 critic steps", "--n-critic 1"],
    ),
    "consensus weight elsewhere": (
        "train ring r1 --consensus-weight 2",
        ["--consensus-weight 2", "alternating", "add --dynamics consensus"],
    ),
    "consensus weight 0": (
        "train ring r1 --dynamics consensus --consensus-weight 0",
        ["0", "greater than 0"],
    ),
    "beta2 of SGD": ("train ring r1 --optimizer sgd --beta2 0.5", ["--beta2 0.5", "sgd", "adam"]),
    "momentum of RMSprop": ("train ring r1 --optimizer rmsprop --beta1 0.5", ["--beta1 0.5", "adam"]),
    "depth of dcgan": ("train digits r1 --network dcgan --g-depth 2", ["--g-depth 2", "mlp"]),
    "dcgan on points": ("train ring r1 --network dcgan", ["dcgan", "[2]", "mlp"]),
    "dcgan on oblong images": ("train oblong.npy r1 --network dcgan", ["oblong.npy", "8 x 12"]),
    "size of built-in data": ("train digits r1 --size 16", ["--size 16", "digits", "leave it out"]),
    "size of a table": ("train rows.csv r1 --size 16", ["--size 16", "rows.csv"]),
    "batch larger than the data": ("train rows.csv r1 --batch-size 500", ["--batch-size 500", "rows.csv"]),
    "batch larger, dry": ("train rows.csv r1 --batch-size 500 --dry-run", ["--batch-size 500", "rows.csv"]),
    "seconds without that budget": ("compare ring r1 --seconds 5", ["--seconds 5", "--budget seconds"]),
    "steps and seconds": ("compare ring r1 --budget seconds --steps 5", ["--steps 5", "--budget seconds"]),
    "address without Ray": (
        "compare ring r1 --ray-address 10.0.0.1:6379",
        ["--ray-address 10.0.0.1:6379", "--engine ray"],
    ),
    "engine of one run": ("resume run --engine ray", ["--engine ray", "single run"]),
    "compile and BatchNorm": ("train ring minimax --compile --d-norm batch", ["--compile", "normalisation"]),
    "auto and BatchNorm": ("train ring auto --d-norm batch", ["--d-norm batch"]),
    "compared all the same": ("compare ring r1 wgan-gp --d-norm batch", ["--d-norm batch"]),
    "fine-tuned otherwise": ("train ring r1 --from run --g-width 99", ["--g-width 99", "g_width 8"]),
    "fine-tuned on other shapes": (
        "train gaussians r1 --from run --batch-size 8",
        ["generator", "shape [2, 8]", "shape [1, 8]"],
    ),
    "fine-tuned from nothing": ("train ring r1 --from nowhere", ["nowhere", NO_RUN]),
    "fine-tuned from a comparison": ("train ring r1 --from both", ["both", "comparison", "r1/seed-0"]),
    "fine-tuned from no checkpoint": ("train ring r1 --from bare", ["bare", "checkpoint"]),
    # sweeps
    "sweep of nothing": ("sweep ring r1", ["nothing varies", "--vary g_lr=1e-4,1e-3"]),
    "swept field": ("sweep ring r1 --vary g_lrr=1,2", ["'g_lrr'", "'g_lr'", "ganscope train --help"]),
    "swept data": (
        "sweep ring r1 --vary data=ring,grid",
        ["data cannot vary", "one data set after the other"],
    ),
    "swept seed": ("sweep ring r1 --vary seed=1,2", ["seed cannot vary", "--seeds N"]),
    "swept recipe": ("sweep ring r1 --vary recipe=r1,wgan", ["recipe cannot vary", "ganscope compare"]),
    "swept interval": ("sweep ring r1 --vary log_every=1,2", ["log_every cannot vary", "not what it learns"]),
    "sweep without values": ("sweep ring r1 --vary g_lr", ["--vary g_lr", "no values", "g_lr=1,2,5"]),
    "sweep over no value": ("sweep ring r1 --vary g_lr=", ["--vary g_lr=", "lacks a value"]),
    "sweep over a gap": ("sweep ring r1 --vary g_lr=1e-3,,1e-4", ["lacks a value", "g_lr=1,2,5"]),
    "sweep backwards": ("sweep ring r1 --vary g_lr=1e-3..1e-4:log:5", ["runs backwards", "lower end first"]),
    "sweep over an empty range": ("sweep ring r1 --vary g_lr=1e-3..1e-3:5", ["1e-3..1e-3:5", "is empty"]),
    "sweep over a range of how many": ("sweep ring r1 --vary g_lr=1e-4..1e-3", ["how many", "--mode random"]),
    "sweep over a range of one": (
        "sweep ring r1 --vary g_lr=1e-4..1e-3:1",
        ["asks for 1 value", "2 to 10000"],
    ),
    "sweep over no range": ("sweep ring r1 --vary g_lr=1e-4..x:3", ["is no range", "g_lr=1..5:3"]),
    "sweep over an endless range": ("sweep ring r1 --vary g_lr=1..inf:3", ["is no range"]),
    "sweep to the logarithm of 0": ("sweep ring r1 --vary d_lr=0..1:log:3", ["no logarithm", "above 0"]),
    "sweep over a range of names": ("sweep ring r1 --vary objective=hinge..minimax:2", ["list its values"]),
    "sweep to a refused value": ("sweep ring r1 --vary g_lr=0,1", ["at g_lr=0", "greater than 0"]),
    "sweep to a wrong name": (
        "sweep ring r1 --vary objective=hing,minimax",
        ["at objective=hing", "'hinge'"],
    ),
    "sweep to what cannot work": (
        "sweep ring wgan --vary clip=0.01,0",
        ["at clip=0", "needs a Lipschitz critic", "--penalty"],
    ),
    "swept twice": ("sweep ring r1 --vary g_lr=1,2 --vary g-lr=3,4", ["--vary g_lr is given twice"]),
    "swept value twice": ("sweep ring r1 --vary g_lr=1e-3,0.001", ["g_lr=0.001", "each value once"]),
    "swept and set": ("sweep ring r1 --vary g_lr=1,2 --g-lr 3", ["--g-lr and --vary g_lr contradict"]),
    "random without a number": ("sweep ring r1 --vary g_lr=1,2 --mode random", ["--samples 20"]),
    "a number for a grid": ("sweep ring r1 --vary g_lr=1,2 --samples 5", ["--samples 5", "--mode random"]),
    "more samples than points": (
        "sweep ring r1 --vary g_lr=1,2 --mode random --samples 5",
        ["--samples 5", "2 points", "--mode grid"],
    ),
    "no samples at all": ("sweep ring r1 --vary g_lr=1,2 --mode random --samples 0", ["--samples 0", "1 to"]),
    "a grid without end": (
        "sweep ring r1 --vary g_lr=1..2:200 --vary d_lr=1..2:200",
        ["40000 points", "--mode random"],
    ),
    "stack below 0": ("sweep ring r1 --vary g_lr=1,2 --stack -1", ["--stack -1"]),
    "more runs than fit in memory": (
        "sweep ring r1 --vary d_lr=1,2 --seeds 1000 --stack 2000 --d-width 65536 --d-depth 1",
        ["fit", "in memory", "about"],
    ),
    "run larger than memory": (
        "train ring r1 --g-width 65536 --g-depth 100",
        ["no run of this size fits in memory", "--g-width"],
    ),
    # files
    "no such file": ("train heigths.csv", ["heigths.csv", "heights.csv"]),
    "no such folder": ("train no/such/folder", ["no/such/folder", "give the path"]),
    "empty file": ("train empty.csv", ["empty.csv", "empty"]),
    "words in a table": ("train words.csv", ["words.csv", "'tall'", "'b'", "line 6"]),
    "NaN in a table": ("train nan.csv", ["nan.csv", "nan", "'b'", "line 9"]),
    "infinity in a table": ("train inf.csv", ["inf.csv", "inf", "'a'", "line 4"]),
    "NaN in an array": ("train nan.npy", ["nan.npy", "nan", "row 5"]),
    "ragged table": ("train ragged.csv", ["ragged.csv", "line 7"]),
    "too few rows": ("train few.csv", ["few.csv", "3 rows", "20"]),
    "no array": ("train garbage.npy", ["garbage.npy"]),
    "objects in an array": ("train objects.npy", ["objects.npy"]),
    "no archive": ("train garbage.zip", ["garbage.zip"]),
    "no parquet": ("train garbage.parquet", ["garbage.parquet"]),
    "unknown ending": ("train notes.txt", ["notes.txt", ".csv"]),
    "empty folder": ("train nothing/", ["nothing", "no images"]),
    "folder without images": ("train texts", ["texts", "a.txt", "no images"]),
    "mostly corrupt images": ("train corrupt", ["corrupt", "bad0.png", "a fifth"]),
    "compared on no such file": ("compare heigths.csv r1", ["heigths.csv", "heights.csv"]),
    "judged by no such file": ("evaluate run --data heigths.csv", ["heigths.csv"]),
    "judged by other shapes": ("evaluate run --data gaussians", ["[2]", "gaussians", "[1]"]),
    "judged by other columns": ("evaluate table --data other.csv", ["other.csv", "'z'", "a, b"]),
    "data gone": ("resume moved", ["gone.csv"]),
    "data changed": ("resume changed", ["shifting.csv", "has changed"]),
    "judged by changed data": ("evaluate shifted", ["shifting.csv", "has changed", "--data"]),
    # recipes
    "recipe file missing": ("train ring my.toml", ["my.toml", "no recipe file"]),
    "recipe in no TOML": ("train ring broken.toml", ["broken.toml", "line 2"]),
    "recipe with an unknown option": ("train ring typo.toml", ["typo.toml", "line 2", "'stpes'", "'steps'"]),
    "recipe with a wrong name": ("train ring name.toml", ["name.toml", "line 3", "'hing'", "'hinge'"]),
    "recipe with a wrong value": ("train ring value.toml", ["value.toml", "line 2", "-3"]),
    "recipe with an idle option": ("train ring idle.toml", ["idle.toml", "line 2", "--penalty-weight"]),
    "recipe with a table": ("train ring nested.toml", ["nested.toml", "line 1", "'training'"]),
    "recipes of one name": ("compare ring r1 copies/r1.toml", ["share the name r1"]),
    # folders
    "run there already": ("train ring r1 --out run", ["run", "--overwrite", "ganscope resume run"]),
    "comparison there already": ("compare ring r1 --out both", ["both", "--overwrite"]),
    "folder of something else": ("train ring r1 --out texts", ["texts", "other files"]),
    "overwriting something else": ("train ring r1 --out texts --overwrite", ["texts", "other files"]),
    "folder that is a file": ("train ring r1 --out notes.txt", ["notes.txt", "is a file"]),
    "folder below a file": ("train ring r1 --out notes.txt/run", ["notes.txt/run", "cannot be written"]),
    "comparison below a file": ("compare ring r1 --out notes.txt/c", ["notes.txt/c", "cannot be written"]),
    "unwritable folder": (
        "train ring r1 --out /proc/ganscope/run",
        ["/proc/ganscope/run", "cannot be written"],
    ),
    "name too long": (f"train ring r1 --out {'x' * 300}", ["cannot be written", "too long"]),
    "samples of no known kind": ("sample run -o a.jpg", ["a.jpg", ".png"]),
    "samples to nowhere": ("sample run -o no/a.csv", ["no/a.csv", "no folder"]),
    "samples below a file": ("sample run -o notes.txt/a.csv", ["notes.txt/a.csv"]),
    "points as a picture": ("sample run -o a.png", ["[2]", ".csv"]),
    # what is no run
    "resume nothing": ("resume nowhere", ["nowhere", NO_RUN]),
    "sample nothing": ("sample nowhere", ["nowhere", NO_RUN]),
    "evaluate nothing": ("evaluate nowhere", ["nowhere", NO_RUN]),
    "report nothing": ("report", ["report needs"]),
    "report nowhere": ("report nowhere", ["nowhere"]),
    "report a file": ("report notes.txt", ["notes.txt"]),
    "resume a file": ("resume notes.txt", ["notes.txt", NO_RUN]),
    "sample a comparison": ("sample both", ["both", "comparison", "both/r1/seed-0"]),
    "sample an unfinished run": ("sample cut", ["cut", "unfinished", "ganscope resume cut"]),
    "evaluate an unfinished run": ("evaluate cut", ["cut", "unfinished", "ganscope resume cut"]),
    "sample a diverged run": ("sample wild", ["wild", "diverged at step", "--d-lr"]),
    "evaluate a diverged run": ("evaluate wild", ["wild", "diverged at step", "--d-lr"]),
    "resume own modules": ("resume mine", ["generator", "ganscope.resume"]),
    "sample own modules": ("sample finished-mine", ["generator", "ganscope.load"]),
    "evaluate own data": ("evaluate rows", ["data of your own", "run.evaluate", "--data"]),
    "damaged configuration": ("resume torn", ["torn/config.json", "damaged"]),
    "configuration of an unknown option": ("sample strange", ["strange/config.json", "stepz"]),
    "configuration without data": ("sample lacking", ["lacking/config.json", "'data'"]),
    "run of a later version": ("sample later", ["later", "format 99", "newer"]),
    "damaged generator": ("sample hurt", ["hurt/generator.safetensors", "damaged"]),
    "damaged history": ("resume scarred", ["history.jsonl", "line 1"]),
    "damaged comparison": ("resume torn-both", ["comparison.json", "damaged"]),
    "comparison without recipes": ("resume lacking-both", ["comparison.json", "damaged"]),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with everything the commands speak of, to stand in."""
    folder = tmp_path_factory.mktemp("place")
    before = Path.cwd()
    os.chdir(folder)
    try:
        _write_data(folder)
        _write_recipes(folder)
        _write_runs(folder)
        yield folder
    finally:
        os.chdir(before)


def _write_data(folder: Path) -> None:
    rng = np.random.default_rng(0)
    good = [f"{a:.3f},{b:.3f}" for a, b in rng.normal(size=(60, 2))]

    def table(name: str, at: int | None = None, row: str = "", header: str = "a,b") -> None:
        rows = [row if line == at else text for line, text in enumerate(good, 2)]
        (folder / name).write_text("\n".join([header, *rows]) + "\n")

    for name in ("rows.csv", "heights.csv", "gone.csv", "shifting.csv"):
        table(name)
    table("other.csv", header="a,z")
    table("words.csv", 6, "1.0,tall")
    table("nan.csv", 9, "1.0,nan")
    table("inf.csv", 4, "inf,1.0")
    table("ragged.csv", 7, "1.0,2.0,3.0")
    (folder / "few.csv").write_text("a,b\n1,2\n3,4\n5,7\n")
    (folder / "empty.csv").write_text("")
    (folder / "notes.txt").write_text("not data\n")
    for name in ("garbage.npy", "garbage.zip", "garbage.parquet"):
        (folder / name).write_bytes(b"\x00\x01garbage" * 20)
    with_nan = rng.normal(size=(60, 2))
    with_nan[4, 1] = np.nan
    np.save("nan.npy", with_nan, allow_pickle=False)
    np.save("objects.npy", np.array([{}] * 30), allow_pickle=True)
    np.save("oblong.npy", rng.integers(0, 255, (60, 1, 8, 12)).astype(np.uint8), allow_pickle=False)
    for name in ("nothing", "texts", "images", "corrupt", "mixed"):
        (folder / name).mkdir()
    (folder / "texts" / "a.txt").write_text("no image")
    for at in range(30):
        image = Image.fromarray(rng.integers(0, 255, (8, 8)).astype(np.uint8))
        for name in ("images", "corrupt", "mixed"):
            image.save(folder / name / f"good{at}.png")
    for at in range(9):
        (folder / "corrupt" / f"bad{at}.png").write_bytes(b"no picture at all")
    (folder / "mixed" / "bad.png").write_bytes((folder / "mixed" / "good0.png").read_bytes()[:40])


def _write_recipes(folder: Path) -> None:
    for name, text in {
        "broken": "objective = 'hinge'\nsteps = = 3\n",
        "typo": 'about = "x"\nstpes = 3\n',
        "name": 'about = "x"\n\nobjective = "hing"\n',
        "value": 'objective = "hinge"\nsteps = -3\n',
        "idle": 'objective = "hinge"\npenalty_weight = 3\n',
        "nested": "[training]\nsteps = 3\n",
        "copies/r1": 'objective = "hinge"\n',
    }.items():
        path = folder / f"{name}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def _write_runs(folder: Path) -> None:
    settings = {**TINY, "recipe": "r1", "steps": 4, "checkpoint_every": 2, "data": "ring"}
    gs.train(settings, out="run")
    gs.train({**settings, "data": "rows.csv"}, out="table")
    gs.compare("ring", ["r1"], seeds=1, out="both", **{**TINY, "steps": 2})
    _stop_at_once(settings, "cut")
    with pytest.raises(gs.RunFailed):
        gs.train({**settings, "recipe": "minimax", "d_lr": 1e20, "g_lr": 1e20, "steps": 50}, out="wild")
    for name, data in (("moved", "gone.csv"), ("changed", "shifting.csv")):
        _stop_at_once({**settings, "data": data}, name)
    gs.train({**settings, "data": "shifting.csv"}, out="shifted")
    (folder / "gone.csv").unlink()
    (folder / "shifting.csv").write_text((folder / "shifting.csv").read_text() + "9,9\n")
    own = {"steps": 4, "batch_size": 8, "latent_dim": 4}
    _stop_at_once({**own, "data": "ring"}, "mine", generator(), critic())
    gs.train(own, generator(), critic(), out="finished-mine", data="ring")
    gs.train({**TINY, "steps": 2}, data=torch.randn(60, 2), out="rows")
    _break_runs(folder)


def _stop_at_once(
    settings: dict[str, Any], out: str, g: nn.Module | None = None, d: nn.Module | None = None
) -> None:
    with pytest.raises(Interrupted):
        gs.train(settings, g, d, out=out, stop=lambda: True)


def _break_runs(folder: Path) -> None:
    for name, source in (
        ("torn", "cut"), ("strange", "run"), ("lacking", "run"), ("later", "run"), ("hurt", "run"),
        ("scarred", "cut"), ("bare", "cut"), ("torn-both", "both"), ("lacking-both", "both"),
    ):  # fmt: skip
        shutil.copytree(folder / source, folder / name)

    def change(name: str, edit: Callable[[dict[str, Any]], object]) -> None:
        path = folder / name
        stored = json.loads(path.read_text())
        stored.pop("sha256", None)
        edit(stored)
        path.write_text(json.dumps(stored))

    (folder / "torn" / "config.json").write_text('{"format": 1, "conf')
    (folder / "torn-both" / "comparison.json").write_text("[")
    change("strange/config.json", lambda stored: stored["config"].update(stepz=3))
    change("lacking/config.json", lambda stored: stored.pop("data"))
    change("lacking-both/comparison.json", lambda stored: stored.pop("recipes"))
    change("later/config.json", lambda stored: stored.update(format=99))
    raw = bytearray((folder / "hurt" / "generator.safetensors").read_bytes())
    raw[-3] ^= 1
    (folder / "hurt" / "generator.safetensors").write_bytes(raw)
    history = folder / "scarred" / "history.jsonl"
    history.write_text("{" + history.read_text())
    shutil.rmtree(folder / "bare" / "checkpoints")


def generator(latent: int = 4, values: int = 2) -> nn.Module:
    return nn.Sequential(nn.Linear(latent, 8), nn.ReLU(), nn.Linear(8, values))


def critic(values: int = 2, *end: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(values, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1), *end)


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder below a folder, files with size and time; locks come and go."""
    found = {}
    for path in folder.rglob("*"):
        if path.name != ".lock":
            stat = path.stat()
            found[str(path.relative_to(folder))] = (
                (0, 0) if path.is_dir() else (stat.st_size, stat.st_mtime_ns)
            )
    return found


def assert_a_clear_sentence(text: str, words: list[str]) -> None:
    assert "Traceback" not in text
    text = re.sub(r"/\S*/pytest-\d+/(popen-gw\d+/)?", "/home/", text)  # as long as a user's folders are
    assert sum(max(1, math.ceil(len(line) / WIDTH)) for line in text.splitlines()) <= LINES, text
    for word in words:
        assert word in text, f"{word!r} is not in: {text}"
    assert text.rstrip().endswith((".", "?", ".)")), text
    assert "None" not in text.replace("x[:, None]", "")
    assert "Error" not in text


@pytest.mark.parametrize("case", COMMANDS)
def test_commands(case: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed, words = COMMANDS[case]
    before = tree(place)
    code = app.main(typed.split())
    out, err = capsys.readouterr()
    assert code == 2, err
    assert out == ""
    assert err.startswith("ganscope: ")
    longest = max(typed.split(), key=len)
    assert_a_clear_sentence(err.replace(longest, "...") if len(longest) > 200 else err, words)
    assert tree(place) == before


def own(g: object = None, d: object = None, **given: Any) -> Callable[[], object]:
    """Train on the ring with objects of one's own."""
    objects = {name: given.pop(name) for name in ("data", "objective", "start") if name in given}
    settings = {"data": "ring", "steps": 2, "batch_size": 8, "latent_dim": 4, **given}
    return lambda: gs.train(settings, g, d, out="new", **objects)  # type: ignore[arg-type]


class Shouting(nn.Module):
    """A critic whose sigmoid is a function, and hidden behind a squeeze."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.layer(x)).squeeze(1)


class Talkative(nn.Linear):
    """A generator that returns more than samples."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x), x  # type: ignore[return-value]


class Bare(nn.Module):
    """A critic without a layer that clipping knows."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(2))

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.scale).sum(1)


def frozen(module: nn.Module) -> nn.Module:
    return module.requires_grad_(False)


def loss_pair(d: Callable[..., Any], g: Callable[..., Any] = lambda real, fake: -fake) -> gs.Objective:
    return gs.Objective(d, g, None, bounded=False, needs_lipschitz=False, coupled=False)


CALLS: dict[str, tuple[Callable[[], object], list[str]]] = {
    # own modules whose shapes do not fit: which output, which input
    "generator's input": (own(generator(7), critic()), ["generator", "[2, 4]", "latent_dim 4"]),
    "generator's output": (own(generator(4, 3), critic()), ["generator", "[2, 3]", "[2, 2]", "last layer"]),
    "critic's input": (own(generator(), critic(5)), ["discriminator", "[2, 2]", "first layer"]),
    "critic's output": (
        own(generator(), nn.Sequential(critic(), nn.Flatten(0), nn.Unflatten(0, (1, 2)))),
        ["discriminator", "[1, 2]", "one logit a row"],
    ),
    "two results": (own(Talkative(4, 2), critic()), ["generator", "tuple", "tensor"]),
    "a class": (own(nn.Linear, critic()), ["generator=", "class Linear", "instance"]),
    "a function": (own(generator(), torch.relu), ["discriminator=", "torch.nn.Module"]),
    "nothing to train": (own(frozen(generator()), critic()), ["generator", "no parameter"]),
    "only one network": (own(network="own"), ["own", "generator= and discriminator="]),
    "sigmoid module": (own(generator(), critic(2, nn.Sigmoid())), ["sigmoid", "raw logits", "remove"]),
    "sigmoid function": (own(generator(), Shouting()), ["sigmoid", "raw logits", "remove"]),
    "BatchNorm of one's own": (
        own(generator(), nn.Sequential(nn.BatchNorm1d(2), critic()), penalty="r1", penalty_weight=1.0),
        ["BatchNorm", "--penalty r1", "remove"],
    ),
    "clipping nothing": (own(generator(), Bare(), clip=0.1), ["--clip 0.1", "no effect", "linear"]),
    "packs for a critic of one's own": (
        own(generator(), critic(), pack=4),
        ["discriminator", "[2, 8]", "packs of 4 rows [8]"],
    ),
    "width of one's own": (own(generator(), critic(), g_width=64), ["--g-width 64", "no effect"]),
    "names of one's own": (
        lambda: gs.train({"objective": "hinge"}, objective=loss_pair(lambda r, f: f - r), out="new"),
        ["--objective hinge", "no effect"],
    ),
    "loss already averaged": (
        own(objective=loss_pair(lambda real, fake: (fake - real).mean())),
        ["d_loss", "[]", "[3]", "mean"],
    ),
    "loss of one argument": (own(objective=loss_pair(lambda real: real)), ["d_loss", "real_logits"]),
    "generator's loss": (
        own(objective=loss_pair(lambda real, fake: fake - real, lambda real, fake: 0.0)),
        ["g_loss", "float"],
    ),
    "smoothing one's own": (
        own(objective=loss_pair(lambda real, fake: fake - real), label_smoothing=0.1),
        ["label smoothing", "target for real", "least-squares"],
    ),
    "no objective": (own(objective="hinge"), ["objective=", "str", "configuration"]),
    "objective not handed over": (lambda: gs.train({"objective": "own"}), ["own", "objective="]),
    # own data
    "single numbers": (own(data=torch.randn(100)), ["[100]", "[N"]),
    "few rows": (own(data=torch.randn(5, 2)), ["5", "20"]),
    "NaN row": (own(data=torch.full((60, 2), torch.nan)), ["NaN", "row 0"]),
    "list": (own(data=[[1.0, 2.0]] * 60), ["list", "tensor"]),
    "batch": (own(data=torch.randn(60, 2), batch_size=500), ["--batch-size 500", "use at most"]),
    # calls
    "configuration of another type": (lambda: gs.train(5), ["int", "recipe's name"]),  # type: ignore[arg-type]
    "recipe of another type": (own(recipe=5), ["recipe", "int"]),
    "field": (own(stepz=5), ["'stepz'", "'steps'"]),
    "value": (own(steps="x"), ["--steps 'x'", "integer"]),
    "compare a tensor": (
        lambda: gs.compare(torch.randn(60, 2), ["r1"]),  # type: ignore[arg-type]
        ["Tensor", "save"],
    ),
    "compare for no budget": (
        lambda: gs.compare("ring", ["r1"], budget="sampels"),
        ["'sampels'", "'samples'"],
    ),
    "samples in halves": (lambda: gs.load("run").sample(2.5), ["2.5", "at least 1"]),  # type: ignore[arg-type]
    "a table of points": (lambda: gs.load("run").table(3), ["run", "not trained on a table", "sample()"]),
    "another generator": (
        lambda: gs.load("finished-mine", generator(4, 3)).sample(2),
        ["generator", "finished-mine", "[2]", "[3]"],
    ),
    "start of other modules": (
        own(nn.Linear(4, 2), critic(), start="run"),
        ["generator", "weight", "is missing there"],
    ),
    "resume without modules": (lambda: gs.resume("mine"), ["generator", "ganscope.resume"]),
}  # fmt: skip


def linear(x: torch.Tensor) -> torch.Tensor:
    return x.sum(1)


ROWS, HOLED = torch.arange(12.0).reshape(6, 2), torch.full((6, 2), torch.nan)
MIXING = nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 1))
MEASURES: dict[str, tuple[Callable[[], object], list[str]]] = {
    "slopes at NaN": (lambda: gs.lipschitz.estimate(linear, HOLED), ["points holds NaN", "remove"]),
    "slope of one row": (lambda: gs.lipschitz.estimate(linear, ROWS[:1]), ["(1, 2)", "at least two"]),
    "slopes of a mixing critic": (
        lambda: gs.lipschitz.estimate(MIXING, ROWS),
        ["changes with the rest of its batch", "BatchNorm", "critic.eval()"],
    ),
    "bounds of a mixing critic": (
        lambda: gs.lipschitz.wasserstein_bounds(lambda x: x.sum(1) - x.mean(), ROWS, ROWS.flip(1)),
        ["changes with the rest of its batch", "remove that layer"],
    ),
    "bounds at NaN": (
        lambda: gs.lipschitz.wasserstein_bounds(linear, ROWS, HOLED),
        ["fake holds NaN", "remove"],
    ),
    "bounds in two spaces": (
        lambda: gs.lipschitz.wasserstein_bounds(linear, ROWS, ROWS[:, :1]),
        ["(2,)", "(1,)", "same space"],
    ),
    "bounds of one row": (
        lambda: gs.lipschitz.wasserstein_bounds(linear, ROWS, ROWS[:1]),
        ["fake has shape (1, 2)", "at least two"],
    ),
    "spectral norm of nothing": (
        lambda: gs.lipschitz.spectral_norm(nn.Sequential(nn.ReLU())),
        ["no linear or convolution layer"],
    ),
    "orthogonal LayerNorm": (
        lambda: gs.lipschitz.orthogonal(nn.Sequential(nn.Linear(2, 4), nn.LayerNorm(4)), (2,)),
        ["LayerNorm", "no orthogonal counterpart", "spectral normalisation"],
    ),
    "k as many as rows": (lambda: gs.metrics.prdc(ROWS, ROWS, k=6), ["k is 6", "6 real", "lower k"]),
    "KID of one row": (lambda: gs.metrics.kid(ROWS[:1], ROWS), ["real has shape (1, 2)", "at least 2"]),
    "Frechet distance of NaN": (lambda: gs.metrics.frechet_distance(ROWS, HOLED), ["fake holds NaN"]),
    "sliced W1 in two spaces": (lambda: gs.metrics.sliced_w1(ROWS, ROWS[:, :1]), ["2 numbers", "same space"]),
    "sliced W1 without a slice": (
        lambda: gs.metrics.sliced_w1(ROWS, ROWS, projections=0),
        ["projections is 0", "at least 1"],
    ),
    "EMD of NaN": (lambda: gs.metrics.emd(HOLED, ROWS), ["x holds NaN"]),
    "floor of no sample": (lambda: gs.metrics.reverse_kl_floor([1, 1], 0), ["0 samples", "at least one"]),
}


@pytest.mark.parametrize("case", MEASURES)
def test_measures(case: str) -> None:
    call, words = MEASURES[case]
    with pytest.raises(gs.BadInput) as complaint:
        call()
    assert_a_clear_sentence(str(complaint.value), words)


@pytest.mark.parametrize("case", CALLS)
def test_calls(case: str, place: Path) -> None:
    call, words = CALLS[case]
    before = tree(place)
    with pytest.raises(gs.BadInput) as complaint:
        call()
    assert_a_clear_sentence(str(complaint.value), words)
    assert tree(place) == before


def typed(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": str(WIDTH)}
    command = [sys.executable, "-m", "ganscope", *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment, **options)


@pytest.mark.parametrize("case", ["data", "steps 0", "NaN in a table", "run there already", "command"])
def test_real_processes(case: str, place: Path) -> None:
    words = COMMANDS[case]
    before = tree(place)
    done = typed(*words[0].split())
    assert (done.returncode, done.stdout) == (2, "")
    assert_a_clear_sentence(done.stderr, words[1])
    assert tree(place) == before


@pytest.mark.parametrize("rate", ["1e20", "1000"])
def test_a_run_that_turns_nan_ends_with_network_step_and_checkpoint(place: Path, rate: str) -> None:
    # 1e20 ruins the very first step; 1000 leaves a sound checkpoint from before
    done = typed(
        "train", "ring", "minimax", "--objective", "least-squares", "--d-lr", rate, "--g-lr", rate, "--out",
        "blown", "--steps", "60", "--log-every", "60", "--checkpoint-every", "1", "--g-width", "8",
        "--d-width", "8",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    sentence = done.stderr[done.stderr.index("ganscope: ") :]
    metrics = gs.load("blown").metrics
    step, network = metrics["diverged_at"], metrics["diverged_network"]
    kept = sorted((place / "blown").glob("checkpoints/*"))
    last = str(kept[-1].relative_to(place)) if kept else "no checkpoint"
    assert last in sentence
    words = [f"{network}'s loss", f"step {step} ", "--d-lr"]
    assert_a_clear_sentence(sentence.replace(last, "..."), words)
    assert len(kept) == (rate == "1000")
    assert (place / "blown" / "report.html").exists()
    assert not (place / "blown" / "generator.safetensors").exists()
    told: list[str] = []
    gs.resume("blown", tell=told.append)
    assert f"diverged at step {step}" in told[0]
    shutil.rmtree("blown")


def test_a_disk_that_fills_leaves_the_last_checkpoint_and_goes_on_later(place: Path) -> None:
    # a file may grow to 90 kB: more than a checkpoint, less than the history
    settings = [
        "--steps", "600", "--log-every", "1", "--evaluate-every", "600", "--checkpoint-every", "50",
        "--g-width", "8", "--d-width", "8", "--batch-size", "8", "--seed", "3",
    ]  # fmt: skip
    command = ["train", "ring", "r1", *settings]
    limit = 90_000
    done = typed(
        *command, "--out", "full",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    sentence = done.stderr[done.stderr.index("ganscope: ") :]
    assert_a_clear_sentence(sentence, ["full", "cannot be written any more", "ganscope resume full"])
    saved = sorted((place / "full" / "checkpoints").iterdir())
    assert 0 < len(saved) <= 2
    for path in saved:
        checkpoint.load(path)
    assert not list((place / "full").rglob("*.tmp"))
    assert typed("resume", "full").returncode == 0
    assert typed(*command, "--out", "roomy").returncode == 0
    theirs, ours = contents(place / "roomy"), contents(place / "full")
    assert theirs == ours
    shutil.rmtree("full")
    shutil.rmtree("roomy")


def test_a_full_disk_is_noticed_before_anything_is_written(place: Path) -> None:
    before = tree(place)
    done = typed(
        "train", "ring", "r1", "--steps", "3", "--out", "deep/in/full",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
    )  # fmt: skip
    assert done.returncode == 2
    assert_a_clear_sentence(done.stderr, ["deep/in/full", "cannot be written", "File too large"])
    assert tree(place) == before


def test_a_corrupt_image_among_good_ones_is_named_skipped_and_counted(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "train mixed r1 --size 8 --steps 2 --batch-size 4 --g-width 8 --d-width 8 --out pictures"
    assert app.main(words.split()) == 0
    _, err = capsys.readouterr()
    assert "mixed: 1 of 31 images could not be read" in err
    assert "bad.png" in err
    described = json.loads((place / "pictures" / "config.json").read_text())["data"]
    assert described["train_rows"] + described["held_out_rows"] == 30
    assert any("bad.png" in note for note in described["notes"])
    shutil.rmtree("pictures")


@pytest.mark.parametrize("closed", ["list", "train --help"])
def test_a_reader_that_has_seen_enough_is_no_error(closed: str) -> None:
    command = f"{sys.executable} -m ganscope {closed} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], check=False, capture_output=True, text=True)  # noqa: S607
    assert done.stderr == ""
    assert done.returncode in (0, 1, app.BROKEN_PIPE)  # 1 is Rich's own answer


def test_memory_that_runs_out_is_said(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(place)
    with pytest.MonkeyPatch.context() as patch:

        def refuse(*_: object, **__: object) -> None:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")

        patch.setattr("ganscope.build.check.networks", refuse)
        assert app.main(["train", "ring", "r1", "--out", "new"]) == 1
    assert_a_clear_sentence(capsys.readouterr().err, ["out of memory", "--batch-size"])
    assert tree(place) == before


def test_every_field_has_a_range_or_names() -> None:
    # what a field takes is checked by the validator, or it is text that the parts check
    for name, field in settings().items():
        free = name in ("data", "recipe", "penalty", "device", "keep_best", "diagnose", "heal", "compile")
        assert free or choices(name) or field.metadata, name
