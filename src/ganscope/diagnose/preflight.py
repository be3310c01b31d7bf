"""Before the first step: the inputs of a watched pair of networks, and a check of how it is wired."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ganscope.contracts import Objective
from ganscope.diagnose.measure import wiring_checks
from ganscope.diagnose.measure.collapse import MOST_ROWS
from ganscope.diagnose.measure.players import Inputs, Player, Unreadable, parts_of, rows_of, sample_of
from ganscope.diagnose.measure.probe import ROWS, TRAIN_ROWS, Facts, placed
from ganscope.diagnose.rows import Finding
from ganscope.lipschitz import PENALTIES
from ganscope.nets.inspect import is_spectral
from ganscope.words.sentences import reason

CONSTRAINTS = {
    **{name: name for name in (*PENALTIES, "spectral-norm", "clipping", "none")},
    "r1+r2": "r1",
    "weight-clipping": "clipping",
    "wgan": "clipping",
    "wgan-gp": "gradient-penalty",
    "spectral": "spectral-norm",
    "spectral-operator": "spectral-norm",
    "orthogonal": "spectral-norm",
    "wgan-lp": "one-sided",
    "sngan": "spectral-norm",
    "hinge-sn": "spectral-norm",
    "rpgan-r1r2": "r1",
}
"""What may hold a critic's slope, by every name that recipes have for it."""
LARGEST = 2**27
"""Bytes of real rows that are kept."""


def inputs_of(real: Any, latent: Callable[[int], Any] | None) -> Inputs:
    """Take real rows and draw latents, once for the whole run.

    Raises:
        Unreadable: rows or latents that cannot be used, in one sentence.
    """
    if real is None or latent is None:
        raise Unreadable(
            "watch needs real= (held-out rows) and latent= (a function n -> the generator's input): give "
            "both."
        )
    if not callable(latent):
        raise Unreadable(
            f"latent= is a {type(latent).__name__}: give a function n -> the generator's input for n samples."
        )
    rows, *conditions = real if isinstance(real, tuple) else (real,)
    rows = torch.as_tensor(rows)
    if not rows.is_floating_point():
        raise Unreadable(
            f"real= has dtype {rows.dtype}: give floating-point rows, as the discriminator sees them."
        )
    if rows.ndim < 2 or len(rows) < 2:
        raise Unreadable(f"real= has shape {list(rows.shape)}: give at least two rows [N, *shape].")
    most = min(2 * MOST_ROWS, max(2 * ROWS, LARGEST // (rows[0].numel() * rows.element_size())))
    rows = rows[:most].detach().clone()
    bad = int((~rows.flatten(1).isfinite().all(1)).sum())
    if bad:
        raise Unreadable(f"real= holds NaN or infinity in {bad} of {len(rows)} rows: leave those rows out.")
    drawn = latent(MOST_ROWS)
    arguments = drawn if isinstance(drawn, tuple) else (drawn,)
    if not any(isinstance(a, Tensor) and a.ndim and len(a) >= 2 for a in arguments):
        raise Unreadable(
            f"latent({MOST_ROWS}) returns a {type(drawn).__name__}: let it return a tensor, or a tuple of "
            "the generator's arguments, with one row per sample."
        )
    kept = tuple(a.detach().clone() if isinstance(a, Tensor) else a for a in arguments)
    return Inputs(kept, rows, tuple(c[:most] if isinstance(c, Tensor) else c for c in conditions))


def training_rows(train: Any, inputs: Inputs) -> tuple[Tensor, ...]:
    """Take the rows a discriminator trains on, and their conditions where it is conditional.

    Raises:
        Unreadable: they are not like the held-out ones.
    """
    given = train if isinstance(train, tuple) else (train,)
    try:
        parts = [torch.as_tensor(part) for part in given]
    except (TypeError, ValueError, RuntimeError):
        kinds = " and ".join(type(part).__name__ for part in given)
        raise Unreadable(
            f"train= holds {kinds}, which is no tensor: give rows that the discriminator trains on, or leave "
            "it out."
        ) from None
    like = (inputs.real, *inputs.conditions)
    wanted = [["N", *part.shape[1:]] if isinstance(part, Tensor) else ["N"] for part in like]
    fits = len(parts) == len(like) and all(
        len(p) == len(parts[0]) > 0 and list(p.shape[1:]) == shape[1:]
        for p, shape in zip(parts, wanted, strict=True)
    )
    if not fits:
        said, asked = (
            " and ".join(map(str, shapes)).replace("'", "")
            for shapes in ([list(p.shape) for p in parts], wanted)
        )
        raise Unreadable(
            f"train= has shape {said}: give rows {asked} that the discriminator trains on, or leave it out."
        )
    return tuple(part[:TRAIN_ROWS].detach().clone() for part in parts)


def distinct(parts: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Leave out rows that occur before: batches of few data repeat them.

    Example:
        >>> distinct([torch.tensor([[1.0], [2.0], [1.0]]), torch.tensor([0, 1, 0])])
        (tensor([[1.],
                [2.]]), tensor([0, 1]))
    """
    flat = parts[0].detach().flatten(1).double().cpu().numpy()
    first = sorted({row.tobytes(): k for k, row in reversed(list(enumerate(flat)))}.values())
    return tuple(part[first] for part in parts)


def inspected(
    players: tuple[Player, Player],
    inputs: Inputs,
    rules: Objective,
    name: str,
    constraint: str | Callable[..., Any] | None,
    weight: float | None,
    optimizers: Sequence[torch.optim.Optimizer] | None,
    modules: tuple[nn.Module, nn.Module],
) -> tuple[list[Finding], Facts]:
    """Run both networks on a few rows, and check how they are wired."""
    generator, discriminator = players
    findings: list[Finding] = []
    rows = 8
    latent = tuple(placed(generator, a) for a in inputs.latents(0, rows))
    fake = sample_of(_called(generator, "generator", latent), inputs.real.shape[1:])
    real_scores, scores = (
        parts_of(
            _called(
                discriminator, "discriminator", tuple(placed(discriminator, a) for a in (x, *conditions))
            ),
            len(x),
        )
        for x, conditions in (
            (inputs.real[:rows], rows_of(inputs.conditions, 0, rows)),
            (fake, inputs.fake_conditions(0, rows)),
        )
    )
    findings += wiring_checks.check_networks(generator, discriminator, fake, scores, real_scores)
    ending = wiring_checks.check_discriminator_end(scores[0], rules, on_logits=name != "own")
    findings += ending + wiring_checks.check_range(inputs.real, fake)
    if callable(constraint):
        more, constraint, found_weight = wiring_checks.check_penalty(constraint, inputs.real)
        findings += more
        weight = weight if weight is not None else found_weight
    spectral = is_spectral(discriminator.module)
    held = constraint or (
        "spectral-norm" if spectral else "clipping" if wiring_checks.is_clipped(discriminator) else "none"
    )
    findings += wiring_checks.check_constraint(discriminator.module, rules, held, spectral)
    if optimizers is not None:
        findings += wiring_checks.check_optimizers(modules[0], modules[1], optimizers)
    facts = Facts(name, held, weight, probability=bool(ending) and name != "own")
    return findings, facts._replace(**rates_of(optimizers or ()))


def rates_of(optimizers: Sequence[torch.optim.Optimizer]) -> dict[str, Any]:
    """Learning rates of the generator and the discriminator, and the kind of optimiser, as far as known.

    Example:
        >>> weights = [nn.Parameter(torch.zeros(1))]
        >>> rates_of([torch.optim.Adam(weights, lr=1e-5), torch.optim.AdamW(weights, lr=1e-3)])
        {'g_lr': 1e-05, 'd_lr': 0.001, 'optimizer': 'adam'}
    """
    if len(optimizers) != 2:
        return {}
    kinds = {"SGD": "sgd", "RMSprop": "rmsprop"}
    g_lr, d_lr = (max((float(group["lr"]) for group in o.param_groups), default=0.0) for o in optimizers)
    known = {"g_lr": g_lr, "d_lr": d_lr, "optimizer": kinds.get(type(optimizers[0]).__name__, "adam")}
    return {name: value for name, value in known.items() if value}


def _called(network: Player, name: str, arguments: tuple[Any, ...]) -> Any:
    try:
        return network(*arguments)
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        shapes = [list(a.shape) if isinstance(a, Tensor) else type(a).__name__ for a in arguments]
        given = shapes[0] if len(shapes) == 1 else shapes
        fed = "latent=" if name == "generator" else "real="
        raise Unreadable(
            f"the {name} cannot take inputs of shape {given} ({reason(error, 120)}): let "
            f"{fed} give what the {name} takes."
        ) from None
