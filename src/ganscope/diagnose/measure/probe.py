"""One probe of a run: everything measured at one step, as a row of its history."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganscope.contracts import Objective
from ganscope.diagnose.measure import collapse, slopes, swing
from ganscope.diagnose.measure.anatomy import alignment, dissect
from ganscope.diagnose.measure.balance import auc, auc_error, fresh_error
from ganscope.diagnose.measure.collapse import Diversity
from ganscope.diagnose.measure.own_numbers import carried, squashed_loss
from ganscope.diagnose.measure.players import (
    Inputs,
    Player,
    as_probability_logits,
    losses,
    parts_of,
    rows_of,
    sample_of,
    score_of,
)
from ganscope.diagnose.measure.sizes import norms
from ganscope.diagnose.rows import WIDE_EVERY, Sampled
from ganscope.folder import files
from ganscope.lipschitz import certified_lower
from ganscope.nets.packing import packed
from ganscope.transport import exact_w1

ROWS = 64
"""Rows of the cheap probe, at most."""
TRACKED = 16
"""Fixed latents whose mean is followed for oscillation."""
CHUNK, CHUNK_VALUES = 256, 2**20
"""Rows that go through a network at once, fewer where rows are long."""
W1_ROWS, FLOOR_SPLITS = 150, 8
RESOLUTION = 1e-6
"""Of the data's extent: nearer pairs of rows prove nothing, since scores in float32 are rounded."""
YOUNG = 12
"""Up to this probe all ask whether the discriminator descends its loss, later the wide ones alone."""
TRAIN_ROWS = 250
PLAYERS = ("generator", "discriminator")

Snapshot = Mapping[str, dict[str, Tensor]]
"""Copies of the trained weights of both players."""


class Facts(NamedTuple):
    """What the verdicts must know of a run beside its rows; written into the first row."""

    objective: str
    constraint: str
    """Name of what keeps the critic's slope, "none" where nothing was declared."""
    constraint_weight: float | None
    probability: bool
    """The discriminator ends in a sigmoid, which is undone before anything is measured."""
    pack: int = 1
    """Rows the discriminator judges together, joined along their first dimension."""
    target: float = 1.0
    """Slope a gradient penalty asks for."""
    every: int | None = None
    """Steps between the first probes."""
    batch: int | None = None
    average: float | None = None
    """Decay of the moving average of the generator's weights."""
    g_lr: float | None = None
    d_lr: float | None = None
    """Learning rates, where the optimisers were handed over."""
    optimizer: str = ""


class Probe:
    """Fixed inputs and references, prepared once, for probing a pair of networks again and again.

    Args:
        inputs: latents and held-out real rows.
        objective: the losses.
        facts: what else is known.
        train: rows the discriminator trains on, and their conditions, for overfitting; None where unknown.
        rows: rows of the cheap probe.
        pool: real rows that samples are compared with, where there are more than the held-out ones.
        diversity: that comparison, where it was prepared before.
        floor: W1 between sets of real rows and its standard deviation, where it was measured before.
    """

    def __init__(
        self,
        inputs: Inputs,
        objective: Objective,
        facts: Facts,
        train: Sequence[Tensor] | None = None,
        rows: int = ROWS,
        pool: Tensor | None = None,
        diversity: Diversity | None = None,
        floor: tuple[float, float] | None = None,
    ) -> None:
        self.inputs, self.objective, self.facts = inputs, objective, facts
        self.train = None if train is None else tuple(part[:TRAIN_ROWS] for part in train)
        self.rows = max(2, min(rows, len(inputs.real), _count(inputs.latent)))
        self.shape = inputs.real.shape[1:]
        flat = inputs.real.detach().flatten(1).double()
        self.spread = float((flat - flat.mean(0)).square().sum(1).mean().sqrt())
        self.pool = inputs.real if pool is None else pool
        beside = None if pool is None else inputs.real
        self.diversity = collapse.prepare(self.pool, beside) if diversity is None else diversity
        self.mean, self.axes = swing.directions(inputs.real)
        self.floor = floor_of(inputs.real) if floor is None else floor

    def about(self) -> dict[str, Any]:
        """What goes into the first row."""
        return {
            "objective": self.facts.objective,
            "bounded": self.objective.bounded,
            "needs_lipschitz": self.objective.needs_lipschitz,
            "equilibrium": self.objective.equilibrium,
            "constraint": self.facts.constraint,
            "constraint_weight": self.facts.constraint_weight,
            "target_slope": self.facts.target,
            "probability": self.facts.probability,
            "every": self.facts.every,
            "batch": self.facts.batch,
            "average": self.facts.average,
            **self._rates(),
            "spread": self.spread,
            "rows": self.rows,
            "real_rows": len(self.inputs.real),
            "compared_rows": 0 if self.diversity is None else len(self.diversity.rows),
            "nulls": {} if self.diversity is None else self.diversity.nulls,
            "fresh_error": None if self.diversity is None else fresh_error(len(self.diversity.rows)),
        }

    def _rates(self) -> dict[str, Any]:
        facts = self.facts
        known = {"g_lr": facts.g_lr, "d_lr": facts.d_lr, "optimizer": facts.optimizer}
        return {name: value for name, value in known.items() if value}

    def write_exemplars(self, path: Path) -> None:
        """Keep the real rows that stand for the bins of the data, for a report to show what is missing."""
        if self.diversity is not None:
            with files.whole_file(path) as file:
                np.save(file, self.pool[self.diversity.exemplars].float().cpu().numpy(), allow_pickle=False)

    def track(self, generator: Player) -> list[float]:
        """Mean of G over fixed latents, along the main directions of the data, in standard deviations."""
        with torch.no_grad():
            fake = self._fakes(generator, 0, min(TRACKED, _count(self.inputs.latent)))
        point = (fake.flatten(1).float().mean(0).cpu() - self.mean) @ self.axes
        return [float(value) for value in point]

    def row(
        self,
        generator: Player,
        discriminator: Player,
        before: Snapshot | None = None,
        number: int = 0,
        average: Player | None = None,
        left: tuple[Mapping[str, Tensor], Mapping[str, Tensor]] | None = None,
    ) -> dict[str, Any]:
        """Probe both networks.

        Args:
            generator: as it is now.
            discriminator: as it is now.
            before: weights one step ago, for the size and direction of the step.
            number: which probe of the run this is; every fifth from 0 on is wide, which compares sample
                sets too.
            average: the generator with a moving average of its weights, where samples are drawn with that.
            left: gradients that the loop left in the generator, one step ago and now.

        Returns:
            Numbers by name; `nonfinite` where a network has turned NaN or infinite.
        """
        wide = number % WIDE_EVERY == 0
        broken = self._nonfinite(generator, discriminator)
        if broken is not None:
            return broken
        n, inputs = self.rows, self.inputs
        conditions = inputs.fake_conditions(0, n)
        real = placed(discriminator, inputs.real[:n])
        real_conditions = rows_of(inputs.conditions, 0, n)
        real_graph = self._scores(discriminator, real, real_conditions)
        real_parts = [part.detach() for part in real_graph]
        anatomy = dissect(
            lambda: self._fakes(generator, 0, n),
            lambda x: self._scores(discriminator, x, conditions),
            real_parts,
            generator,
            discriminator,
            self.objective,
            self.spread,
        )
        fake_parts = [part.detach() for part in anatomy.fake_parts]
        real_scores, fake_scores = score_of(real_parts), score_of(fake_parts)
        middle = real + (anatomy.fake - real) * _fractions(n, real)
        values: dict[str, Any] = {
            **anatomy.values,
            "auc": auc(real_scores, fake_scores),
            "auc_error": auc_error(n, n),
            "real_score": float(real_scores.mean()),
            "fake_score": float(fake_scores.mean()),
            "score_sd": float(torch.cat([real_scores, fake_scores]).double().std()),
            "fake_scale": self._scale(anatomy.fake),
        }
        if wide or self.objective.needs_lipschitz:  # elsewhere no verdict asks for the slopes so often
            values["slope_real"] = self._slopes(discriminator, real, real_conditions)
            values["slope_between"] = self._slopes(discriminator, middle, real_conditions)
        d_loss = losses(self.objective.d_loss, real_graph, anatomy.fake_parts).mean()
        values["d_loss"] = float(d_loss.detach())
        if self.facts.objective != "own" and not self.facts.probability:
            squashed = squashed_loss(self.objective, real_scores, fake_scores)
            values |= {} if squashed is None else {"d_loss_squashed": squashed}
        if before is not None:
            d_gradient = _gradient(d_loss, discriminator) if wide or number <= YOUNG else None
            moved = (("g", generator, anatomy.generator_gradient), ("d", discriminator, d_gradient))
            for (name, player, slope), old in zip(moved, before.values(), strict=True):
                cosine, size = alignment(
                    [None if slope is None else slope.get(key) for key in old],
                    list(old.values()),
                    [player.parameters[key] for key in old],
                )
                values[f"{name}_update"] = size
                if slope is not None:
                    values[f"{name}_alignment"] = cosine
        if left is not None:
            values |= carried(*left, anatomy.generator_gradient)
        if wide:
            values |= self._wide(generator, discriminator)
            if average is not None and self.diversity is not None:
                values["sampled"] = self._sampled(average, self.diversity)
        return values

    def snapshot(self, generator: Player, discriminator: Player) -> Snapshot:
        """Copy the weights, to see what the next step does to them."""
        return {
            name: {key: p.detach().clone() for key, p in player.parameters.items() if p.requires_grad}
            for name, player in zip(PLAYERS, (generator, discriminator), strict=True)
        }

    def _wide(self, generator: Player, discriminator: Player) -> dict[str, Any]:
        real, fake = self.inputs.real[: collapse.MOST_ROWS], self._many_fakes(generator)
        if not bool(fake.isfinite().all()):
            return {}
        count = len(fake)
        with torch.no_grad():
            real_scores = self._score_rows(discriminator, real, self.inputs.conditions)
            fake_scores = self._score_rows(discriminator, fake, self.inputs.fake_conditions(0, count))
        values: dict[str, Any] = {
            "auc": auc(real_scores, fake_scores),
            "auc_error": auc_error(len(real), count),
            "wide": True,
        }
        if self.train is not None:
            rows, *conditions = self.train
            with torch.no_grad():
                train_scores = self._score_rows(discriminator, rows, conditions)
            values |= {
                "auc_train": auc(train_scores, real_scores),
                "auc_train_error": auc_error(len(rows), len(real)),
            }
        if self.diversity is not None and count >= collapse.FEWEST_ROWS:
            values |= collapse.measure(self.diversity, self.inputs.as_written(fake))
        if self.floor is not None:
            m = min(W1_ROWS, len(real) // 2, count)  # as many rows as for the floor
            x, y = _plain(real[:m]), _plain(fake[:m])
            w1 = _w1(x, _plain(self.inputs.as_written(fake[:m])))
            values |= {"w1": w1, "w1_floor": self.floor[0], "w1_floor_sd": self.floor[1]}
            if self.objective.needs_lipschitz and self.facts.pack == 1:
                seen = w1 if self.inputs.written is None else _w1(x, y)  # the critic met fakes as they are
                values |= _certified(x, y, real_scores[:m].cpu(), fake_scores[:m].cpu(), seen)
        return values

    def _sampled(self, generator: Player, diversity: Diversity) -> Sampled | None:
        """Compare the samples that a run draws with real rows."""
        fake = self._many_fakes(generator)
        if len(fake) < collapse.FEWEST_ROWS or not bool(fake.isfinite().all()):
            return None
        fake = self.inputs.as_written(fake)
        scores = collapse.measure(diversity, fake)
        real = self.inputs.real[: collapse.MOST_ROWS]
        m = min(W1_ROWS, len(real) // 2, len(fake))
        w1 = _w1(_plain(real[:m]), _plain(fake[:m]))
        return Sampled(w1, **{name: scores[name] for name in Sampled._fields if name != "w1"})

    def _many_fakes(self, generator: Player) -> Tensor:
        """Samples to be compared with real rows, as many as there are fixed latents for."""
        count = min(_count(self.inputs.latent), collapse.MOST_ROWS)
        with torch.no_grad():
            return torch.cat([self._fakes(generator, *span) for span in _spans(count, self.shape.numel())])

    def _fakes(self, generator: Player, start: int, stop: int) -> Tensor:
        latent = self.inputs.latents(start, stop)
        return sample_of(generator(*(placed(generator, a) for a in latent)), self.shape)

    def _scores(self, discriminator: Player, x: Tensor, conditions: Sequence[Any]) -> list[Tensor]:
        pack = self.facts.pack
        rows = len(x) // pack
        if pack > 1:
            conditions = [packed(c[: rows * pack], pack) if isinstance(c, Tensor) else c for c in conditions]
        joined = x if pack == 1 else packed(x[: rows * pack], pack)
        parts = parts_of(discriminator(joined, *(placed(discriminator, c) for c in conditions)), rows)
        return as_probability_logits(parts) if self.facts.probability else parts

    def _score_rows(self, discriminator: Player, x: Tensor, conditions: Sequence[Any]) -> Tensor:
        return torch.cat(
            [
                score_of(
                    self._scores(
                        discriminator,
                        placed(discriminator, x[start:stop]),
                        rows_of(conditions, start, stop),
                    )
                )
                for start, stop in _spans(len(x), self.shape.numel())
            ]
        )

    def _slopes(self, discriminator: Player, x: Tensor, conditions: Sequence[Any]) -> list[float]:
        return slopes.slope_quantiles(lambda y: self._scores(discriminator, y, conditions), x)

    def _scale(self, fake: Tensor) -> float:
        """Root mean squared distance of fakes to the mean of the data, in units of the data's own."""
        flat = fake.flatten(1).float().cpu() - self.mean
        return float(flat.square().sum(1).mean().sqrt()) / self.spread if self.spread > 0 else math.nan

    def _nonfinite(self, generator: Player, discriminator: Player) -> dict[str, Any] | None:
        for name, player in zip(PLAYERS, (generator, discriminator), strict=True):
            sizes = norms(list(player.parameters.values()))
            for key, size in zip(player.parameters, sizes, strict=True):
                if not math.isfinite(size):
                    return {"nonfinite": name, "module": key}
        with torch.no_grad():
            fake = self._fakes(generator, 0, max(2, self.facts.pack))
            if not bool(fake.isfinite().all()):
                return {"nonfinite": "generator", "module": "output"}
            parts = self._scores(discriminator, fake, self.inputs.fake_conditions(0, len(fake)))
            if not all(bool(part.isfinite().all()) for part in parts):
                return {"nonfinite": "discriminator", "module": "output"}
        return None


def floor_of(real: Tensor) -> tuple[float, float]:
    """Return the W1 between two sets of real rows: mean and standard deviation over random splits.

    Both sets are drawn from the rows at hand, since a watched loop has no others. The floor of a run's EMD
    (`ganscope.evaluation`) sets training rows beside held-out ones; a test compares the two.
    """
    rows = _plain(real).flatten(1)
    rng = torch.Generator().manual_seed(0)
    m = min(W1_ROWS, len(rows) // 2)
    drawn = []
    for _ in range(FLOOR_SPLITS):
        order = torch.randperm(len(rows), generator=rng)
        drawn.append(exact_w1(rows[order[:m]].numpy(), rows[order[m : 2 * m]].numpy()))
    return float(np.mean(drawn)), float(np.std(drawn, ddof=1))


def _w1(real: Tensor, fake: Tensor) -> float:
    return exact_w1(real.flatten(1).numpy(), fake.flatten(1).numpy())


def _certified(
    real: Tensor, fake: Tensor, real_scores: Tensor, fake_scores: Tensor, w1: float
) -> dict[str, float | None]:
    """How much of the exact distance the critic proves, whatever its scale."""
    gap = float(real_scores.double().mean() - fake_scores.double().mean())
    certified = certified_lower(real, fake, real_scores, fake_scores, RESOLUTION)
    return {"gap": gap, "certified": certified, "certified_share": certified / w1 if w1 > 0 else None}


def _gradient(loss: Tensor, player: Player) -> dict[str, Tensor]:
    """Gradient of a loss by parameter, where there is one."""
    weights = {name: p for name, p in player.parameters.items() if p.requires_grad}
    if not weights or not loss.requires_grad:
        return {}
    gradient = torch.autograd.grad(loss, list(weights.values()), allow_unused=True)
    return {name: g for name, g in zip(weights, gradient, strict=True) if g is not None}


def _plain(rows: Tensor) -> Tensor:
    """Rows as NumPy knows them: on the processor, in no half precision."""
    rows = rows.detach().cpu()
    return rows if rows.dtype == torch.float64 else rows.float()


def placed(player: Player, value: Any) -> Any:
    """Bring a tensor to a network's device and, where it is floating, to its type."""
    like = next(iter(player.parameters.values()), None)
    if not isinstance(value, Tensor) or like is None:
        return value
    return value.to(like.device, like.dtype if value.is_floating_point() else value.dtype)


def _count(latent: Sequence[Any]) -> int:
    """How many samples the generator's arguments make."""
    sizes = [len(a) for a in latent if isinstance(a, Tensor) and a.ndim]
    return min(sizes) if sizes else 0


def _spans(rows: int, values: int) -> Iterator[tuple[int, int]]:
    """Cut rows into chunks of nearly one size, so that none is of a single row."""
    chunks = math.ceil(rows / max(16, min(CHUNK, CHUNK_VALUES // values)))
    return itertools.pairwise(rows * i // chunks for i in range(chunks + 1))


def _fractions(n: int, like: Tensor) -> Tensor:
    """Fixed fractions in (0, 1), one a row, the same at every probe and in no order."""
    fractions = (torch.arange(n, dtype=torch.float64) * 0.618_033_988_75 + 0.5) % 1
    return fractions.to(like).reshape(n, *[1] * (like.ndim - 1))
