"""What a loop measures of itself at its end, without anything of `ganscope.diagnose`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from torch import Tensor, nn

from .played import Played

Numbers = dict[str, float]
Matrix = NDArray[Any]
ROWS, NEIGHBOUR = 300, 5
LOST = 0.2
"""A kind of row is missing where samples have less than this share of their due."""


def measure(p: Played, path: Sequence[Sequence[float]], emds: Sequence[float]) -> Numbers:
    """Every number that a truth is decided by.

    Args:
        p: the loop, at its end.
        path: means of samples on the way, see `centre`.
        emds: distances to the data on the way, oldest first.
    """
    numbers: Numbers = {"d_loss": p.losses[0], "g_loss": p.losses[1]}
    with torch.random.fork_rng():
        torch.manual_seed(1234)
        x, conditions = samples(p, ROWS)
        numbers["finite"] = float(bool(x.isfinite().all()) and all(map(math.isfinite, p.losses)))
        if not numbers["finite"]:
            return numbers
        numbers |= compared(p, x) | scored(p, x, conditions) | gradients(p) | moved(path)
    half = len(emds) // 2
    if len(emds) >= 4:
        numbers["progress"] = 1 - float(np.mean(emds[-2:])) / max(
            float(np.mean(emds[half - 1 : half + 1])), 1e-9
        )
    return {name: round(value, 5) for name, value in numbers.items()}


@contextmanager
def untouched(module: nn.Module, evaluating: bool = False) -> Iterator[None]:
    """Use a network without moving its buffers."""
    kept, mode = [b.clone() for b in module.buffers()], module.training
    module.train(mode and not evaluating)
    try:
        yield
    finally:
        module.train(mode)
        for buffer, value in zip(module.buffers(), kept, strict=True):
            buffer.data.copy_(value)


def samples(p: Played, count: int) -> tuple[Tensor, tuple[Any, ...]]:
    """Samples of the loop, and the conditions they were made for; no buffer is moved."""
    drawn = p.latent(count)
    arguments = drawn if isinstance(drawn, tuple) else (drawn,)
    with torch.no_grad(), untouched(p.generator):
        x: Tensor = p.generator(*arguments)
    return x, arguments[1:] if p.conditional else ()


def centre(p: Played, fixed: Any, axes: Tensor) -> list[float]:
    """Mean of fixed samples along two directions of the data, in its standard deviations."""
    with torch.no_grad(), untouched(p.generator):
        x = p.generator(*(fixed if isinstance(fixed, tuple) else (fixed,)))
    return [float(v) for v in x.flatten(1).mean(0) @ axes]


def directions(rows: Tensor) -> Tensor:
    """The two main directions of the data, each divided by the standard deviation along it."""
    flat = rows.flatten(1) - rows.flatten(1).mean(0)
    _, sizes, axes = torch.linalg.svd(flat, full_matrices=False)
    scaled: Tensor = axes[:2].T / (sizes[:2] / math.sqrt(len(flat))).clamp(min=1e-9)
    return scaled


def emd(x: Matrix, y: Matrix) -> float:
    """Exact distance between two sets of one size.

    Example:
        >>> emd(np.zeros((4, 2)), np.ones((4, 2)))
        1.4142135623730951
    """
    d = cdist(x, y)
    return float(d[linear_sum_assignment(d)].mean())


def compared(p: Played, fake: Tensor) -> Numbers:
    """Samples beside real rows: distance, recall, lost kinds, copies, and how far they lie."""
    rows = p.rows
    n = min(ROWS, len(rows.judge), len(fake))
    real, y = flat(rows.judge[:n]), flat(fake[:n])
    pool = np.concatenate([flat(rows.judge), flat(rows.held)])
    rng = np.random.default_rng(0)
    if len(rows.judge) == len(rows.held):  # a small table: the same rows twice
        pool = np.concatenate([flat(rows.judge), flat(rows.train)])
    n_floor = min(n, len(pool) // 2)
    orders = [rng.permutation(len(pool)) for _ in range(3)]
    floor = float(np.mean([emd(pool[o[:n_floor]], pool[o[n_floor : 2 * n_floor]]) for o in orders]))
    other = pool[orders[0][:n]] if len(pool) >= n else pool
    recall, precision = shares(real, y)
    recall_real, precision_real = shares(
        real, flat(rows.held[:n]) if len(rows.judge) != len(rows.held) else other
    )
    middle, radius = real.mean(0), np.linalg.norm(real - real.mean(0), axis=1).max()
    away = np.linalg.norm(y - middle, axis=1)
    distance = emd(real, y)
    return {
        "emd": distance, "floor": floor, "ratio": distance / floor,
        "recall": recall, "recall_real": recall_real,
        "precision": precision, "precision_real": precision_real,
        "outside": float((away > 2 * radius).mean()), "reach": float(away.max() / radius),
        "distinct": distinct(flat(fake), 1e-3 * float(real.std())),
        "pairwise": float(cdist(y, y).mean() / cdist(real, real).mean()),
        "apart": apart(real, y),
    } | kinds(p, real, y)  # fmt: skip


def flat(rows: Tensor) -> Matrix:
    """Rows as a matrix of float64."""
    return rows.detach().flatten(1).double().numpy()


def shares(real: Matrix, fake: Matrix) -> tuple[float, float]:
    """Recall and precision by nearest neighbours, the fifth.

    Example:
        >>> line = np.arange(10.0)[:, None]
        >>> shares(line, line + 0.25)
        (1.0, 1.0)
    """
    across = cdist(real, fake)
    reach_real, reach_fake = (np.sort(cdist(x, x), 1)[:, NEIGHBOUR] for x in (real, fake))
    recall = (across < reach_fake[None, :]).any(1).mean()
    return float(recall), float((across < reach_real[:, None]).any(0).mean())


def distinct(fake: Matrix, unit: float) -> float:
    """Share of samples that differ from all others by more than rounding to a unit.

    Example:
        >>> distinct(np.array([[0.0], [0.0], [1.0], [2.0]]), 0.1)
        0.75
    """
    return len(np.unique(np.round(fake / unit), axis=0)) / len(fake)


def kinds(p: Played, real: Matrix, fake: Matrix) -> Numbers:
    """Real mass of the kinds that samples lost, and how wrong the proportions are."""
    from sklearn.neighbors import KNeighborsClassifier

    known = np.concatenate([flat(p.rows.judge), flat(p.rows.held)])
    labels = torch.cat([p.rows.judge_kinds, p.rows.held_kinds]).numpy()
    vote = KNeighborsClassifier(5).fit(known, labels)
    count = int(labels.max()) + 1
    due = np.bincount(labels, minlength=count) / len(labels)
    share = np.bincount(vote.predict(fake), minlength=count) / len(fake)
    theirs = np.bincount(vote.predict(real), minlength=count) / len(real)
    return {
        "missing": float(due[share < LOST * due].sum()),
        "hit": float((share >= LOST * due).sum()),
        "kinds": float(count),
        "imbalance": float(0.5 * np.abs(share - due).sum()),
        "imbalance_real": float(0.5 * np.abs(theirs - due).sum()),
    }


def auc(above: Matrix, below: Matrix) -> float:
    """How often the first numbers exceed the second.

    Example:
        >>> auc(np.array([1.0, 2.0]), np.array([0.0, 1.0]))
        0.875
    """
    return float(((above[:, None] > below) + 0.5 * (above[:, None] == below)).mean())


def apart(real: Matrix, fake: Matrix) -> float:
    """How well neighbours' votes tell real rows from samples: 0.5 where they cannot."""
    both = np.concatenate([real, fake])
    ours = np.repeat([1.0, 0.0], (len(real), len(fake)))
    d = cdist(both, both)
    np.fill_diagonal(d, np.inf)
    votes = ours[np.argsort(d, 1)[:, :10]].mean(1)
    return auc(votes[ours == 1], votes[ours == 0])


def score(p: Played, rows: Tensor, conditions: tuple[Any, ...]) -> Tensor:
    """The discriminator's scores as logits, one a row."""
    with untouched(p.discriminator, evaluating=True):
        raw: Tensor = p.discriminator(rows, *conditions).reshape(len(rows), -1)
    raw = raw.mean(1)
    return torch.logit(raw.double(), 1e-12).float() if p.sigmoid else raw


def scored(p: Played, fake: Tensor, conditions: tuple[Any, ...]) -> Numbers:
    """What the discriminator sees: of real rows, of training rows and of samples; and its slope."""
    rows = p.rows
    n = min(ROWS, len(rows.judge))
    judge_kinds = (rows.judge_kinds[:n],) if p.conditional else ()
    train_kinds = (rows.train_kinds[:ROWS],) if p.conditional else ()
    real, train = rows.judge[:n], rows.train[:ROWS]
    ours, theirs = score(p, real, judge_kinds), score(p, fake, conditions)
    known = score(p, train, train_kinds)
    a, b, c = (s.detach().double().numpy().ravel() for s in (ours, theirs, known))
    mixed = (0.5 * (real + fake[:n])).detach().requires_grad_()
    numbers = {
        "auc": auc(a, b),
        "auc_train": auc(c, a),
        "auc_known": auc(c, b),
        "score_sd": float(np.std([*a, *b])),
    }
    spread = float(real.flatten(1).var(0).sum().sqrt())
    slopes = []
    for where, given in ((real.clone().requires_grad_(), judge_kinds), (mixed, judge_kinds),
                         (fake[:n].detach().requires_grad_(), tuple(k[:n] for k in conditions))):  # fmt: skip
        (slope,) = torch.autograd.grad(score(p, where, given).sum(), where)
        slopes.append(slope.flatten(1).norm(dim=1))
    numbers["slope"] = float(torch.cat(slopes).quantile(0.95))
    numbers["slope_fake"] = float(slopes[2].median()) * spread
    if p.wasserstein:
        x, y, m = flat(real), flat(fake[:n]), min(n, 150)
        points = np.concatenate([x[:m], y[:m]])
        values = np.concatenate([a[:m], b[:m]])
        d = cdist(points, points)
        steepest = np.abs(values[:, None] - values)[d > 1e-6] / d[d > 1e-6]
        numbers["proven"] = float(
            (a[:m].mean() - b[:m].mean()) / max(steepest.max(), 1e-30) / emd(x[:m], y[:m])
        )
    return numbers


def gradients(p: Played) -> Numbers:
    """What of the loss reaches the scores, and what of it the first layer of the generator."""
    drawn = p.latent(128)
    arguments = drawn if isinstance(drawn, tuple) else (drawn,)
    with untouched(p.generator), untouched(p.discriminator):
        raw = p.discriminator(p.generator(*arguments), *(arguments[1:] if p.conditional else ()))
        logits = torch.logit(raw, 1e-7) if p.sigmoid else raw
        below = logits.detach().requires_grad_()
        (slope,) = torch.autograd.grad(p.g_loss(torch.sigmoid(below) if p.sigmoid else below), below)
        weights = [m.weight for m in p.generator.modules() if isinstance(m, LAYERS)]
        found = torch.autograd.grad(p.g_loss(raw), weights, allow_unused=True)
    sizes = [
        0.0 if s is None else float(s.norm() / w.detach().norm()) for s, w in zip(found, weights, strict=True)
    ]
    return {
        "logit_slope": float(slope.abs().flatten().median()) * len(slope),
        "generator_kept": sizes[0] / max(sizes[-1], 1e-30),
    }


LAYERS = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def moved(path: Sequence[Sequence[float]]) -> Numbers:
    """Whether the mean of samples swings: size (also of late), share of one octave, and number of turns.

    Example:
        >>> seen = moved([[math.sin(n / 3), 0.0] for n in range(200)])
        >>> round(seen["swing"], 1), seen["octave"] > 0.9, 5 < seen["turns"] < 8
        (1.0, True, True)
    """
    x = np.asarray(path, dtype=float)
    x = x[len(x) * 2 // 5 :] if len(x) > 60 else x
    if len(x) < 24 or not np.isfinite(x).all():
        return {"swing": 0.0, "octave": 0.0, "turns": 0.0, "late": 0.0}
    t = np.linspace(-1, 1, len(x))
    x = x - np.stack([np.polyval(np.polyfit(t, column, 2), t) for column in x.T], 1)
    main = x[:, x.std(0).argmax()]
    power = np.abs(np.fft.rfft(main * np.hanning(len(main)))) ** 2
    k = int(power[3:].argmax()) + 3
    band = power[int(k / 1.42) : math.ceil(k * 1.42) + 1].sum() / max(power.sum(), 1e-30)
    smooth = np.convolve(main, np.ones(3) / 3, "valid")
    return {
        "swing": float(main.std() * math.sqrt(2)),
        "octave": float(band),
        "turns": float((np.diff(np.sign(smooth)) != 0).sum() / 2),
        "late": float(main[-len(main) // 3 :].std() * math.sqrt(2)),
    }
