"""The command lines that two checkouts carry out, by name."""

from __future__ import annotations

from typing import NamedTuple

RECIPES = (
    "ns-gan", "minimax", "non-saturating", "wgan", "wgan-gp", "r1", "lsgan", "hinge-sn", "rpgan-r1r2", "fast",
)  # fmt: skip
DATA = ("ring", "grid", "digits")
STEPS = ("--steps", "60", "--budget", "steps", "--seed", "0", "--evaluate-every", "20")
SMALL_DCGAN = "--network dcgan --g-width 4 --d-width 4"
OPTIONS = {
    "simultaneous": "ring non-saturating --dynamics simultaneous",
    "extra-gradient": "ring non-saturating --dynamics extra-gradient",
    "consensus": "ring non-saturating --dynamics consensus",
    "optimistic": "ring non-saturating --dynamics optimistic",
    "lazy-penalty": "ring r1 --penalty-every 4",
    "instance-noise": "ring non-saturating --instance-noise 0.1",
    "pack": "ring non-saturating --pack 2",
    "fourier": "ring r1 --d-fourier 1.0",
    "label-smoothing": "digits non-saturating --label-smoothing 0.1",
    "dcgan": f"digits non-saturating {SMALL_DCGAN} --g-norm batch",
    "float64": "ring wgan-gp --precision float64",
    "rmsprop": "ring non-saturating --optimizer rmsprop",
    "sgd": "ring non-saturating --optimizer sgd",
    "dragan": "ring dragan",
    "average": "ring r1 --ema 0.9 --keep-best",
    "orthogonal": "ring wgan --clip 0 --d-lipschitz orthogonal",
    "spectral-operator": f"digits wgan --clip 0 --d-lipschitz spectral-operator {SMALL_DCGAN}",
    "layer-norm": "ring wgan-gp --d-norm layer --g-norm layer",
    "f-divergence": "ring gan --objective f-kl",
    "relativistic-average": "ring gan --objective relativistic-average",
    "no-diagnosis": "grid r1 --no-diagnose",
    "healed": "ring minimax --heal --d-lr 0.05 --n-critic 2 --diagnose-every 4",
    "auto": "digits auto",
    "swiss-roll": "swiss-roll r1",
    "stacked-digits": f"stacked-digits r1 {SMALL_DCGAN} --batch-size 16",
    "table": "rows.csv r1",
    "array": "rows.npy r1",
}  # fmt: skip


class Case(NamedTuple):
    """One command line; where it is cut short, its runs lose their last checkpoint and are resumed."""

    arguments: tuple[str, ...]
    cut: bool = False


CASES: dict[str, Case] = {
    **{f"{data}/{recipe}": Case(("train", data, recipe, *STEPS)) for recipe in RECIPES for data in DATA},
    **{f"option/{name}": Case(("train", *text.split(), *STEPS)) for name, text in OPTIONS.items()},
    "resumed/plain": Case(("train", "digits", "wgan-gp", *STEPS, "--ema", "0.9"), cut=True),
    "resumed/format-1": Case(("resume", "format-1")),
    "stack/sweep": Case(("sweep", "ring", "r1", "--vary", "g_lr=1e-3,2e-3", "--seeds", "2", "--steps", "40")),
    "stack/resumed": Case(
        ("sweep", "ring", "wgan-gp", "--vary", "penalty_weight=1,10", "--seeds", "2", "--steps", "20"),
        cut=True,
    ),
    "stack/compare": Case(("compare", "r1", "hinge-sn", "--data", "ring", "--seeds", "2", "--steps", "20")),
}
QUICK = (
    "ring/minimax", "digits/wgan-gp", "grid/fast", "ring/rpgan-r1r2", "digits/hinge-sn", "grid/wgan",
    "option/consensus", "option/dcgan", "option/healed", "option/float64", "resumed/plain", "stack/sweep",
)  # fmt: skip
"""A first look: most parts of a step are in one of these."""
