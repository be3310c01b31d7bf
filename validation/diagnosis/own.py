"""ganscope's own runs in the study: planted by a configuration, or a recipe as shipped; trained in stacks."""

from __future__ import annotations

import contextlib
import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ganscope.build.intervals import probe_interval
from ganscope.build.monitor import facts_of
from ganscope.build.networks import networks
from ganscope.build.settings import resolve
from ganscope.config import RunConfig
from ganscope.contracts import RunFailed
from ganscope.data.find import load_data
from ganscope.evaluation import Evaluation
from ganscope.folder import checkpoint, files
from ganscope.running import Prepared, execute
from validation.recipes import of_any_rows

from . import truth
from .conditions import Label, Run
from .conditions_own import CUSTOM, SHARED, fields_of
from .plants import healthy
from .rows import Rows
from .setup import Setup

SEEDS = 4
"""Runs of a stack."""
LATE = (0.6, 0.8, 1.0)
"""Shares of a run after which it is measured."""
STEPS = 500
"""Of a recipe's run on digits; it counts as healthy where its own measurement says so by then."""
FOLLOWS: tuple[Label, ...] = tuple(key for key in truth.TRUTHS if key[0] != "wiring")
"""A configuration breaks more than one thing at once; each is checked by measurement."""


class Stack(NamedTuple):
    """Runs that train together."""

    name: str
    planted: Label | None
    severity: str
    data: str
    fields: dict[str, Any]

    @property
    def runs(self) -> list[Run]:
        """One a seed."""
        objective = self.fields.get("objective", "recipe")
        return [
            Run(f"own-{self.name}_{self.severity or 'healthy'}_{self.data}_{seed:02d}", f"own: {self.name}",
                self.planted, self.severity, 0.0, self.data, str(objective), "ganscope", seed,
                "tuning", healthy, FOLLOWS if self.planted else (), False)
            for seed in range(SEEDS)
        ]  # fmt: skip

    @property
    def configs(self) -> list[RunConfig]:
        """Likewise."""
        recipe = self.fields.get("recipe")
        given = {k: v for k, v in self.fields.items() if k not in ("recipe", "seed")}
        return [resolve(recipe, {**given, "data": self.data, "seed": seed}) for seed in range(SEEDS)]


def stacks() -> Iterator[Stack]:
    """All of them, planted ones first."""
    twins: set[tuple[str, str]] = set()
    for own in CUSTOM:
        label: Label = (own.verdict, own.kind)
        name = "-".join(filter(None, label))
        for data in own.data:
            for severity in own.broken:
                yield Stack(name, label, severity, data, fields_of(own, severity, data, 0))
            kind = str(own.twin["objective"])
            if (kind, data) not in twins:
                twins.add((kind, data))
                yield Stack(f"{kind}-twin", None, "", data, fields_of(own, None, data, 0))
    for recipe in of_any_rows():
        yield Stack(f"recipe-{recipe}", None, "", "digits", {
            "recipe": recipe, "steps": STEPS, "diagnose_every": 20, "threads": SHARED["threads"],
            "keep_checkpoints": SHARED["keep_checkpoints"],
        })  # fmt: skip


def train(stack: Stack, work: Path) -> None:
    """Train a stack, measure each of its runs, and write them down as the other loops' runs are."""
    begun = time.process_time()
    runs, configs = stack.runs, stack.configs
    folders = [work / run.id for run in runs]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    on = Evaluation(load_data(stack.data))
    with contextlib.suppress(RunFailed):
        execute(Prepared(tuple(configs), tuple(folders), on))
    seconds = (time.process_time() - begun) / len(runs)
    rows = _rows_of(on)
    for config, folder in zip(configs, folders, strict=True):
        _write(config, folder, rows, on, seconds)


def _write(config: RunConfig, folder: Path, rows: Rows, on: Evaluation, seconds: float) -> None:
    probes = files.read_rows(folder / "diagnosis.jsonl")
    metrics = files.read_json(folder / "metrics.json")
    history = files.read_rows(folder / "history.jsonl")
    found = {"panel": {"finite": 0.0}}
    if metrics["diverged_at"] is None:
        found = _panel(config, folder, rows, on)
        found["panel"] |= truth.swing_of([row["point"][0] for row in probes if "point" in row])
    scalars = {name: [row.get(name) for row in history] for name in ("step", "d_loss", "g_loss")}
    for name, contents in (("diagnosis", probes), ("scalars", scalars)):
        with gzip.open(folder / f"{name}.json.gz", "wt") as file:
            json.dump(files.jsonable(contents), file)
    facts = facts_of(config)
    about = {"weight": facts.constraint_weight or 10.0, "steps": config.steps, "injected_at": None,
             "every": probe_interval(config), "objective": config.objective}  # fmt: skip
    files.write_json(folder / "run.json", {**found, "notes": [], "seconds": seconds, "about": about})


def _panel(config: RunConfig, folder: Path, rows: Rows, on: Evaluation) -> dict[str, dict[str, float]]:
    """Measure checkpoints as the other loops measure themselves: at two fifths, then in three looks."""
    saved = checkpoint.steps(folder)
    at = {share: min(saved, key=lambda step: abs(step - share * config.steps)) for share in (0.4, *LATE)}
    looks = {share: truth.measure(_setup(config, folder, rows, on, step)) for share, step in at.items()}
    floors = truth.floors(_setup(config, folder, rows, on, saved[-1]))
    kept = {f"floor_{name}": floors[name] for name in ("energy", "imbalance", "w1")}
    panel = truth.panel_of([looks[share] for share in LATE], looks[0.4])
    return {"panel": panel | kept, "last": looks[LATE[-1]]}


def _setup(config: RunConfig, folder: Path, rows: Rows, on: Evaluation, step: int) -> Setup:
    """A checkpoint's networks, as the study's own loops have them."""
    pair = networks(config, on.data, None, None)
    tensors, _ = checkpoint.load(checkpoint.path_of(folder, step))
    for name, module in zip(("generator", "discriminator"), pair, strict=True):
        own = {key.removeprefix(f"{name}/"): t for key, t in tensors.items() if key.startswith(f"{name}/")}
        module.load_state_dict({**module.state_dict(), **own})
    generator = nn.Sequential(pair[0], nn.Flatten())
    discriminator: nn.Module = nn.Sequential(nn.Unflatten(1, on.data.shape), pair[1])
    if config.pack > 1:
        discriminator = _Packed(pair[1], config.pack, on.data.shape)
    rng = torch.Generator().manual_seed(config.seed)

    def latent(n: int) -> Tensor:
        return torch.randn(n, config.latent_dim, generator=rng)

    return Setup(rows, config.objective, generator, discriminator, rng, latent)


class _Packed(nn.Module):
    """Shows a packed discriminator every row beside a copy of itself, so that it has one score a row."""

    def __init__(self, inner: nn.Module, pack: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.inner, self.pack, self.shape = inner, pack, shape

    def forward(self, x: Tensor) -> Tensor:
        """Run it."""
        result: Tensor = self.inner(torch.cat([x.reshape(-1, *self.shape)] * self.pack, 1))
        return result


def _rows_of(on: Evaluation) -> Rows:
    """The study's view of one of ganscope's data sets; modes are classes, or the nearest centre."""
    data = on.data
    train, unseen = torch.as_tensor(data.train)[:4000].flatten(1), data.held_out.flatten(1)
    if data.labels is not None and data.held_out_labels is not None:
        labels = data.labels[:4000], data.held_out_labels
        centres = torch.stack([train[labels[0] == k].mean(0) for k in range(int(labels[0].max()) + 1)])
    else:
        centres = train.mean(0, keepdim=True) if data.centres is None else data.centres.float()
        labels = torch.cdist(train, centres).argmin(1), torch.cdist(unseen, centres).argmin(1)
    centred = train - train.mean(0)
    axes, sd = torch.linalg.eigh(centred.mT @ centred / len(centred))[::-1]
    spread = float(centred.square().sum(1).mean().sqrt())
    return Rows(
        data.name, train, unseen, train, unseen, labels[0], labels[1], labels[0], labels[1], centres, spread,
        axes[:, -1], float(sd[-1].sqrt()),
    )  # fmt: skip
