"""Wrong calls of `train`, `compare`, `resume` and `load`: one sentence, nothing left behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganscope as gs
from tests.journeys.place import critic, generator, tree
from tests.journeys.sentences import assert_a_clear_sentence


def run(g: object = None, d: object = None, **given: Any) -> Callable[[], object]:
    """A call that trains on the ring, with modules, data or an objective handed over."""
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
    "generator's input": (run(generator(7), critic()), ["generator", "[2, 4]", "latent_dim 4"]),
    "generator's output": (run(generator(4, 3), critic()), ["generator", "[2, 3]", "[2, 2]", "last layer"]),
    "critic's input": (run(generator(), critic(5)), ["discriminator", "[2, 2]", "first layer"]),
    "critic's output": (
        run(generator(), nn.Sequential(critic(), nn.Flatten(0), nn.Unflatten(0, (1, 2)))),
        ["discriminator", "[1, 2]", "one logit a row"],
    ),
    "two results": (run(Talkative(4, 2), critic()), ["generator", "tuple", "tensor"]),
    "two results of a critic": (run(generator(), Talkative(2, 1)), ["discriminator", "tuple", "tensor"]),
    "one row for a critic's BatchNorm": (
        run(generator(), nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Linear(8, 1)), batch_size=1),
        ["discriminator", "BatchNorm", "--batch-size 1", "at least 2"],
    ),
    "one row for a generator's BatchNorm": (
        run(nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 2)), critic(), batch_size=1),
        ["generator", "BatchNorm", "--batch-size 1", "at least 2"],
    ),
    "one row for BatchNorm": (run(d_norm="batch", batch_size=1), ["discriminator", "--batch-size 1"]),
    "one pack for BatchNorm": (run(d_norm="batch", pack=8), ["discriminator", "--batch-size 8", "16"]),
    "clipping what is computed": (
        run(generator(), nn.utils.parametrizations.weight_norm(nn.Linear(2, 1)), clip=0.1),
        ["layer ''", "weight norm", "--clip 0"],
    ),
    "a class": (run(nn.Linear, critic()), ["generator=", "class Linear", "instance"]),
    "a function": (run(generator(), torch.relu), ["discriminator=", "torch.nn.Module"]),
    "nothing to train": (run(frozen(generator()), critic()), ["generator", "no parameter"]),
    "only one network": (run(network="own"), ["own", "generator= and discriminator="]),
    "sigmoid module": (run(generator(), critic(2, nn.Sigmoid())), ["sigmoid", "raw logits", "remove"]),
    "sigmoid function": (run(generator(), Shouting()), ["sigmoid", "raw logits", "remove"]),
    "BatchNorm of one's own": (
        run(generator(), nn.Sequential(nn.BatchNorm1d(2), critic()), penalty="r1", penalty_weight=1.0),
        ["BatchNorm", "--penalty r1", "remove"],
    ),
    "clipping nothing": (run(generator(), Bare(), clip=0.1), ["--clip 0.1", "no effect", "linear"]),
    "packs for a critic of one's own": (
        run(generator(), critic(), pack=4),
        ["discriminator", "[2, 8]", "packs of 4 rows [8]"],
    ),
    "width of one's own": (run(generator(), critic(), g_width=64), ["--g-width 64", "no effect"]),
    "names of one's own": (
        lambda: gs.train({"objective": "hinge"}, objective=loss_pair(lambda r, f: f - r), out="new"),
        ["--objective hinge", "no effect"],
    ),
    "loss already averaged": (
        run(objective=loss_pair(lambda real, fake: (fake - real).mean())),
        ["d_loss", "[]", "[3]", "mean"],
    ),
    "loss of one argument": (run(objective=loss_pair(lambda real: real)), ["d_loss", "real_logits"]),
    "generator's loss": (
        run(objective=loss_pair(lambda real, fake: fake - real, lambda real, fake: 0.0)),
        ["g_loss", "float"],
    ),
    "smoothing one's own": (
        run(objective=loss_pair(lambda real, fake: fake - real), label_smoothing=0.1),
        ["label smoothing", "target for real", "least-squares"],
    ),
    "no objective": (run(objective="hinge"), ["objective=", "str", "configuration"]),
    "objective not handed over": (lambda: gs.train({"objective": "own"}), ["own", "objective="]),
    # own data
    "single numbers": (run(data=torch.randn(100)), ["[100]", "[N"]),
    "few rows": (run(data=torch.randn(5, 2)), ["5", "20"]),
    "NaN row": (run(data=torch.full((60, 2), torch.nan)), ["NaN", "row 0"]),
    "list": (run(data=[[1.0, 2.0]] * 60), ["list", "tensor"]),
    "batch": (run(data=torch.randn(60, 2), batch_size=500), ["--batch-size 500", "use at most"]),
    # calls
    "configuration of another type": (lambda: gs.train(5), ["int", "recipe's name"]),  # type: ignore[arg-type]
    "recipe of another type": (run(recipe=5), ["recipe", "int"]),
    "field": (run(stepz=5), ["'stepz'", "'steps'"]),
    "value": (run(steps="x"), ["--steps 'x'", "integer"]),
    "compare a tensor": (
        lambda: gs.compare(torch.randn(60, 2), ["r1"]),  # type: ignore[arg-type]
        ["Tensor", "save"],
    ),
    "compare for no budget": (
        lambda: gs.compare("ring", ["r1"], budget="sampels"),
        ["'sampels'", "'samples'"],
    ),
    "samples in halves": (lambda: gs.load("run").sample(2.5), ["2.5", "at least 1"]),  # type: ignore[arg-type]
    "seed in halves": (run(seed=1.5), ["--seed 1.5", "integer"]),
    "seed of samples in halves": (lambda: gs.load("run").sample(2, seed=1.5), ["seed 1.5", "whole number"]),  # type: ignore[arg-type]
    "seeds in halves": (lambda: gs.compare("ring", ["r1"], seeds=2.5), ["--seeds 2.5", "1 to 1000"]),
    "first seed in halves": (lambda: gs.compare("ring", ["r1"], seed=2.5), ["--seed 2.5", "integer"]),
    "points in halves": (
        lambda: gs.sweep("ring", "r1", {"g_lr": "1,2"}, mode="random", samples=1.5),
        ["--samples 1.5", "whole number"],
    ),
    "evaluated in halves": (lambda: gs.load("run").evaluate(n=20.5), ["20.5", "whole number"]),  # type: ignore[arg-type]
    "a table of points": (lambda: gs.load("run").table(3), ["run", "not trained on a table", "sample()"]),
    "another generator": (
        lambda: gs.load("finished-mine", generator(4, 3)).sample(2),
        ["generator", "finished-mine", "[2]", "[3]"],
    ),
    "start of other modules": (
        run(nn.Linear(4, 2), critic(), start="run"),
        ["generator", "weight", "is missing there"],
    ),
    "resume without modules": (lambda: gs.resume("mine"), ["generator", "ganscope.resume"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CALLS)
def test_calls(case: str, place: Path) -> None:
    call, words = CALLS[case]
    before = tree(place)
    with pytest.raises(gs.BadInput) as complaint:
        call()
    assert_a_clear_sentence(str(complaint.value), words)
    assert tree(place) == before
