"""What a loop measures of itself, by code of its own: whether a planted failure happened, and what followed.

Nothing here comes from `ganscope.diagnose`: other rows (`Rows.unseen`), other batches, other methods (classes
in place of bins, nearest neighbours in place of kernel ridge, a periodogram in place of an autocorrelation).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.stats import rankdata
from torch import Tensor, nn

from .setup import Setup, first

ROWS = 250
MATCHED = 128
LOOKS = 3
"""Measurements over the last two fifths of a run; a panel holds their medians."""
Panel = Mapping[str, Any]


def measure(s: Setup, kept: Mapping[str, Any] | None = None) -> dict[str, float]:
    """One look at a run: every number a truth is decided by.

    Args:
        s: the run.
        kept: what a former look found out about the data alone.
    """
    state = s.rng.get_state()
    rows, real = s.rows, s.rows.unseen[:ROWS]
    with torch.enable_grad():
        try:
            fake, labels = s.fakes(ROWS)
            fake = fake.detach()
            finite = bool(fake.isfinite().all()) and all(
                bool(p.isfinite().all()) for m in (s.generator, s.discriminator) for p in m.parameters()
            )
            if not finite:
                return {"finite": 0.0}
            real_labels = (rows.unseen_labels[:ROWS],) if s.labelled else ()
            train_labels = (rows.train_labels[: len(s.reals)][:ROWS],) if s.labelled else ()
            found = {"finite": 1.0, "scale": _scale(rows.centres.mean(0), rows.spread, fake)}
            found |= _gradients(s)
            above, below = _scores(s, real, real_labels), _scores(s, fake, labels)
            known = _scores(s, s.reals[:ROWS], train_labels)
            found |= {"auc": _auc(above, below), "auc_train": _auc(known, above)}
            found |= _slopes(s, real, fake, real_labels)
            found |= samples(s, real, fake, kept)
            found |= _transport(real, fake, above, below)
        finally:
            s.rng.set_state(state)
    return found


_floors: dict[tuple[str, float], dict[str, float]] = {}


def floors(s: Setup) -> dict[str, float]:
    """The same numbers of real rows against real rows, once per draw of the data."""
    key = (s.rows.name, float(s.rows.unseen.double().sum()))
    if key not in _floors:
        _floors[key] = _floors_of(s)
    return _floors[key]


def _floors_of(s: Setup) -> dict[str, float]:
    real, other = s.rows.unseen[:ROWS], s.rows.unseen[-ROWS:]
    found = samples(s, real, other, None)
    a, b = real[:MATCHED].double().numpy(), other[:MATCHED].double().numpy()
    d = cdist(a, b)
    return found | {"w1": float(d[linear_sum_assignment(d)].mean())}


def samples(s: Setup, real: Tensor, fake: Tensor, kept: Mapping[str, Any] | None) -> dict[str, float]:
    """Compare fakes with real rows: how far apart, which classes are missing, how narrow each is."""
    x, y = real.double().numpy(), fake.double().numpy()
    xx = kept["xx"] if kept else cdist(x, x)
    xy, yy = cdist(x, y), cdist(y, y)
    n = len(x)
    mean_xx, mean_yy = xx.sum() / (n * (n - 1)), yy.sum() / (n * (n - 1))
    energy = (2 * xy.mean() - mean_xx - mean_yy) / mean_xx
    half = n // 2
    near = (
        np.concatenate([xx[half:, :half], xy[half:, :half]], 1),
        np.concatenate([xy.T[half:, :half], yy[half:, :half]], 1),
    )
    votes = [np.argsort(d, 1)[:, :15] < half for d in near]
    apart = max(_auc(votes[0].mean(1), votes[1].mean(1)), _machine(x, y))
    classes = s.rows.centres.double().numpy()
    theirs = cdist(y, classes)
    label = theirs.argmin(1)
    shares = np.bincount(label, minlength=len(classes)) / n
    due = np.bincount(s.rows.replayed_labels.numpy(), minlength=len(classes)) / len(s.rows.replayed_labels)
    missing = shares < 0.2 * due
    chance = np.exp(-due * n) * (due * n + 1)
    ours = s.rows.replayed.double().numpy()
    narrow = []
    for k in range(len(classes)):
        mine, their = ours[s.rows.replayed_labels.numpy() == k], y[label == k]
        if len(their) >= 5:
            narrow.append(math.sqrt(their.var(0).sum() / mine.var(0).sum()))
    radius = np.median(cdist(ours, classes).min(1))
    return {
        "energy": float(energy),
        "apart": apart,
        "missing": float(due[missing & (chance < 0.01)].sum()),
        "imbalance": float(0.5 * np.abs(shares - due).sum()),
        "narrow": float(np.median(narrow)) if narrow else math.nan,
        "distinct": len(np.unique(np.round(y, 5), axis=0)) / n,
        "pairwise": float(mean_yy / mean_xx),
        "on": float((theirs.min(1) < 3 * radius).mean()),
    }


def _machine(x: np.ndarray, y: np.ndarray) -> float:
    """AUC of a support vector machine trained on the even rows, of the odd ones."""
    from sklearn.svm import SVC

    unit = float(np.concatenate([x, y]).var()) * x.shape[1]
    machine = SVC(gamma=4 / unit, C=10).fit(
        np.concatenate([x[::2], y[::2]]), np.repeat([1, 0], (len(x[::2]), len(y[::2])))
    )
    return _auc(machine.decision_function(x[1::2]), machine.decision_function(y[1::2]))


def _score(s: Setup, x: Tensor, labels: tuple[Any, ...]) -> Tensor:
    score = first(s.discriminator(x, *labels))
    return torch.logit(score, 1e-12) if s.ends_in_sigmoid else score


def _scores(s: Setup, x: Tensor, labels: tuple[Any, ...]) -> np.ndarray:
    return _score(s, x, labels).detach().flatten(1).mean(1).double().numpy()


def _gradients(s: Setup) -> dict[str, float]:
    """Chain rule by hooks: what the loss passes on, what is left at the first layers of both networks."""
    inner: list[Tensor] = []
    handles = [
        m.register_forward_hook(lambda _m, _i, out: inner.append(out))
        for m in s.discriminator.modules()
        if isinstance(m, nn.Linear)
    ]
    try:
        fake, labels = s.fakes(64)
        x = fake.detach().requires_grad_()
        score = _score(s, x, labels)
        real = s.rows.unseen[:64]
        above = _score(s, real, (s.rows.unseen_labels[:64],) if s.labelled else ()).detach()
        leaf = score.detach().requires_grad_()
        loss = (
            s.losses[1](torch.sigmoid(above), torch.sigmoid(leaf))
            if s.ends_in_sigmoid
            else s.losses[1](above, leaf)
        )
        (at_score,) = torch.autograd.grad(loss, leaf) if loss.requires_grad else (torch.zeros_like(leaf),)
        found = {"logit_slope": float(at_score.abs().flatten(1).sum(1).median()) * len(leaf)}
        hidden = [h for h in inner[: _count(s.discriminator)] if h.requires_grad]
        slopes: Sequence[Tensor | None] = [None] * (1 + len(hidden))
        if score.requires_grad:
            slopes = torch.autograd.grad(score.sum(), [x, *hidden], allow_unused=True)
        sizes = [0.0 if g is None else float(g.flatten(1).norm(dim=1).median()) for g in slopes]
        found["critic_slope"] = sizes[0] * s.rows.spread
        found["critic_kept"] = sizes[1] / sizes[-1] if len(sizes) > 2 and sizes[-1] > 0 else math.nan
    finally:
        for handle in handles:
            handle.remove()
    weights = [m.weight for m in s.generator.modules() if isinstance(m, nn.Linear)]
    found["generator_kept"] = math.nan
    fake, labels = s.fakes(64)
    if len(weights) > 1 and all(w.requires_grad for w in weights) and fake.requires_grad:
        score = _score(s, fake, labels)
        if score.requires_grad:
            gs = torch.autograd.grad(score.sum(), weights, allow_unused=True)
            relative = [
                0.0 if g is None else float(g.norm() / w.detach().norm())
                for g, w in zip(gs, weights, strict=True)
            ]
            found["generator_kept"] = relative[0] / relative[-1] if relative[-1] > 0 else math.nan
    return found


def _count(module: nn.Module) -> int:
    return sum(isinstance(m, nn.Linear) for m in module.modules())


def _slopes(s: Setup, real: Tensor, fake: Tensor, labels: tuple[Any, ...]) -> dict[str, float]:
    share = torch.linspace(0.02, 0.98, 100)[:, None]
    x = torch.cat([real[:50], real[:100] * share + fake[:100] * (1 - share), fake[:50]]).requires_grad_()
    y = tuple(torch.cat([v[:50], v[:100], v[:50]]) for v in labels)
    score = _score(s, x, y)
    if not score.requires_grad:
        return {"slope": 0.0}
    (g,) = torch.autograd.grad(score.sum(), x, allow_unused=True)
    return {"slope": 0.0 if g is None else float(g.norm(dim=1).quantile(0.95))}


def _transport(real: Tensor, fake: Tensor, above: np.ndarray, below: np.ndarray) -> dict[str, float]:
    """Exact W1 by assignment, and the share of it the critic's gap proves, at whatever scale."""
    m = MATCHED
    x, y = real[:m].double().numpy(), fake[:m].double().numpy()
    d = cdist(x, y)
    w1 = float(d[linear_sum_assignment(d)].mean())
    rows, scores = np.concatenate([x, y]), np.concatenate([above[:m], below[:m]])
    run, rise = cdist(rows, rows), np.abs(scores[:, None] - scores)
    far = run > 1e-6 * run.max()
    steepest = float((rise[far] / run[far]).max()) if far.any() else 0.0
    gap = float(above[:m].mean() - below[:m].mean())
    return {"w1": w1, "proven": gap / steepest if steepest > 0 else 0.0}


def _scale(mean: Tensor, spread: float, fake: Tensor) -> float:
    return float((fake - mean).square().sum(1).mean().sqrt()) / spread


def _auc(above: np.ndarray, below: np.ndarray) -> float:
    ranks = rankdata(np.concatenate([above, below]))
    n, m = len(above), len(below)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def swing_of(series: Sequence[float]) -> dict[str, float]:
    """Amplitude, number of periods and purity of the strongest swing in the newer three fifths of a series.

    Args:
        series: positions of the generator's mean at equal distances, in standard deviations of the data.
    """
    x = np.asarray(series, float)[len(series) * 2 // 5 :]
    if len(x) < 24 or not np.isfinite(x).all():
        return {"amplitude": math.nan, "periods": math.nan, "purity": math.nan}
    t = np.linspace(-1, 1, len(x))
    x = x - np.polyval(np.polyfit(t, x, 2), t)
    power = np.abs(np.fft.rfft(x * np.hanning(len(x)))) ** 2
    power[0] = 0
    top = int(power.argmax())
    near = power[max(1, top - 2) : top + 3].sum() / max(power.sum(), 1e-30)
    return {"amplitude": float(math.sqrt(2) * x.std()), "periods": float(top), "purity": float(near)}


def panel_of(looks: Sequence[Mapping[str, float]], early: Mapping[str, float]) -> dict[str, float]:
    """Medians of the looks; `stalled`, what is left of the energy distance of an early look."""
    names = list(dict.fromkeys(name for look in looks for name in look))
    found = {}
    for name in names:
        values = [look[name] for look in looks if name in look and not math.isnan(look[name])]
        found[name] = float(np.median(values)) if values else math.nan
    found["finite"] = min((look["finite"] for look in looks), default=1.0)
    if early.get("energy") and "energy" in found:
        found["stalled"] = found["energy"] / early["energy"]
    return found


def _stalled(p: Panel) -> bool:
    """Since two fifths of the run: less than a quarter nearer (or farther, from where nothing was wrong)."""
    return bool(p["stalled"] > 0.75 or p["stalled"] < 0)


def _differs(p: Panel) -> bool:
    return bool(p["energy"] > p["floor_energy"] + 0.03 and p["apart"] > 0.65)


def _recognisable(p: Panel) -> bool:
    """Samples that lie on the classes, so that it can be said which are missing."""
    return bool(p["on"] > 0.5)


Truth = tuple[str, Callable[[Panel, Mapping[str, Any]], bool]]
TRUTHS: dict[tuple[str, str | None], Truth] = {
    ("vanishing-gradient", "loss"): (
        "the loss passes on |dL/ds| < 0.02 while the discriminator wins (AUC > 0.9) and samples differ",
        lambda p, _: p["logit_slope"] < 0.02 and p["auc"] > 0.9 and _differs(p),
    ),
    ("vanishing-gradient", "critic"): (
        "|ds/dx| times the data's spread < 0.02, less than 1 % of it left at the first layer, samples differ",
        lambda p, _: p["critic_slope"] < 0.02 and p["critic_kept"] < 0.01 and _differs(p),
    ),
    ("vanishing-gradient", "generator"): (
        "less than 0.1 % of the (relative) gradient is left at the first layer, samples differ",
        lambda p, _: p["generator_kept"] < 1e-3 and _differs(p),
    ),
    ("discriminator-too-strong", None): (
        "AUC > 0.99, samples far off, and the loss passes on < 0.02 or the distance fell by under a quarter",
        lambda p, _: p["auc"] > 0.99 and _differs(p) and (p["logit_slope"] < 0.02 or _stalled(p)),
    ),
    ("discriminator-too-weak", None): (
        "AUC < 0.6 where neighbours or a support vector machine reach 0.75, and samples are plainly off",
        lambda p, _: p["auc"] < 0.6 and p["apart"] > 0.75 and p["energy"] > p["floor_energy"] + 0.15,
    ),
    ("lipschitz-violation", None): (
        "95 % slope above 2 + W1 / lambda (twice what the declared penalty allows, plus 1)",
        lambda p, about: p["slope"] > 2 * (1 + p["w1"] / (2 * about["weight"])) + 1,
    ),
    ("critic-underfit", None): (
        "the critic's gap, at slope 1, proves less than a quarter of W1 beyond its floor",
        lambda p, _: p["w1"] > 1.5 * p["floor_w1"] and p["proven"] < 0.25 * (p["w1"] - p["floor_w1"]),
    ),
    ("discriminator-overfit", None): (
        "its training rows score above unseen rows: AUC > 0.65",
        lambda p, _: p["auc_train"] > 0.65,
    ),
    ("oscillation", None): (
        "the samples' mean swings by > 0.2 standard deviations, 4 periods or more, one dominant",
        lambda p, _: p["amplitude"] > 0.2 and p["periods"] >= 4 and p["purity"] > 0.5,
    ),
    ("mode-collapse", "total"): (
        "samples' mean distance is under 0.2 of that of real rows",
        lambda p, _: p["pairwise"] < 0.2,
    ),
    ("mode-collapse", "dropped-modes"): (
        "classes of more than 2 % of the data hold under a fifth of their due",
        lambda p, _: p["missing"] > 0.02 and p["on"] > 0.3,
    ),
    ("mode-collapse", "within-mode"): (
        "samples of a class spread less than half as wide as real ones, or under 70 % are distinct",
        lambda p, _: _recognisable(p) and (p["narrow"] < 0.5 or p["distinct"] < 0.7),
    ),
    ("mode-collapse", "imbalance"): (
        "at least a fifth of the samples more than among real rows would have to change class",
        lambda p, _: p["imbalance"] > p["floor_imbalance"] + 0.2 and _recognisable(p),
    ),
    ("diverged", None): (
        "a weight or sample is NaN or infinite, or fakes lie 30 times as far out as real rows",
        lambda p, _: p["finite"] == 0.0 or p["scale"] > 30,
    ),
}
"""What each verdict claims, and how the loop itself decides whether that is so."""


def holds(name: str, kind: str | None, panel: Panel, about: Mapping[str, Any]) -> bool | None:
    """Whether a verdict is true of a run by the run's own measurement.

    Args:
        name: of the verdict.
        kind: its factor or pattern.
        panel: from `panel_of`, with the floors.
        about: `weight`, that of the declared penalty.

    Returns:
        None where no measurement decides (wiring).
    """
    key = (name, kind) if (name, kind) in TRUTHS else (name, None)
    if key not in TRUTHS:
        return None
    if panel["finite"] == 0.0:
        return name == "diverged"
    try:
        return bool(TRUTHS[key][1](panel, about))
    except KeyError:
        return False
