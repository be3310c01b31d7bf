"""The generator's gradient taken apart by the chain rule: loss, sigmoid, critic layers, generator layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid
from torch.nn.utils.parametrize import is_parametrized

from ganscope.contracts import Objective
from ganscope.diagnose.measure.players import Player, losses, score_of
from ganscope.diagnose.measure.sizes import norms, product, total
from ganscope.diagnose.measure.slopes import quantiles


class Anatomy(NamedTuple):
    """What one probe measured; medians over samples unless said otherwise."""

    values: dict[str, Any]
    """Rows of `diagnosis.jsonl`, see `dissect`."""
    fake: Tensor
    """`[B, *shape]`, detached."""
    fake_parts: list[Tensor]
    """Scores by scale, with their graph."""
    generator_gradient: dict[str, Tensor]


def dissect(
    generate: Callable[[], Tensor],
    score: Callable[[Tensor], list[Tensor]],
    real_parts: Sequence[Tensor],
    generator: Player,
    discriminator: Player,
    objective: Objective,
    spread: float,
) -> Anatomy:
    r"""Split the generator's gradient into the factors of the chain rule.

    .. math::
        \frac{dL}{d\theta} = \frac{dL}{dp} \cdot \frac{dp}{ds} \cdot \frac{ds}{dx} \cdot \frac{dx}{d\theta},
        \qquad p = \operatorname{sigmoid}(s)

    Args:
        generate: fakes `[B, *shape]` as a function of the generator's parameters.
        score: fakes to scores, one `[B, patches]` a scale.
        real_parts: scores of real rows, detached; relativistic losses read them.
        generator: whose parameters `generate` uses.
        discriminator: whose layers are looked into.
        objective: the losses.
        spread: root mean squared distance of real rows to their mean: the unit of x.

    Returns:
        `logit_slope` |dL/ds|; for probabilities `dl_dp` and `dp_ds` too; `critic_slope` |ds/dx| * spread,
        and `slope_fake`, quantiles of |ds/dx|;
        `signal` |dL/dx| * spread; `critic_layers` [[name, |ds/dh|] ...] from the output back to x;
        `generator_layers` [[name, |dL/dW| / |W|] ...] from the output back to z; `cancellation` |mean g| /
        mean |g| of g = dL/dx; `generator_gradient` |dL/dtheta|; `zeros`, the share of samples whose dL/dx is
        exactly 0, and `dead`, the share of the generator's weight arrays without any gradient.

    Reference:
        Arjovsky and Bottou, Towards Principled Methods for Training GANs, 2017 (which factor vanishes).
    """
    fake = generate()
    x = fake if fake.requires_grad else fake.detach().requires_grad_()
    with _recorded(discriminator.module) as hidden:
        parts = score(x)
    rows = len(x)
    loss = losses(objective.g_loss, real_parts, parts)
    inner = [(name, h) for name, h in hidden if h.requires_grad]
    scores = score_of(parts)
    slopes: list[Tensor | None] = [None] * (1 + len(inner))
    if scores.requires_grad:
        wanted = [x, *(h for _, h in inner)]
        slopes = list(torch.autograd.grad(scores.sum(), wanted, retain_graph=True, allow_unused=True))
    weights = {name: p for name, p in generator.parameters.items() if p.requires_grad}
    gradient: list[Tensor | None] = [None] * (1 + len(weights))
    if loss.requires_grad:
        wanted = [x, *weights.values()]
        gradient = list(torch.autograd.grad(loss.mean(), wanted, retain_graph=True, allow_unused=True))
    signal = None if gradient[0] is None else (gradient[0].detach() * rows).flatten(1).double()
    by_weight = {name: g for name, g in zip(weights, gradient[1:], strict=True) if g is not None}
    sizes = dict(zip(by_weight, norms(list(by_weight.values())), strict=True))
    values: dict[str, Any] = {
        **loss_factors(objective, real_parts, parts),
        "critic_slope": spread * _median_norm(slopes[0]),
        "critic_layers": [
            [name, _median_norm(slope)]
            for (name, _), slope in zip(reversed(inner), reversed(slopes[1:]), strict=True)
        ],
        "generator_layers": list(reversed(_relative(sizes, weights))),
        "generator_gradient": total(list(sizes.values())),
        "slope_fake": _quantiles(slopes[0], rows),
        "signal": 0.0,
        "cancellation": None,
        "zeros": 1.0,
        "dead": sum(not sizes.get(name) for name in weights) / max(1, len(weights)),
        "g_loss": float(loss.detach().mean()),
    }
    if signal is not None:
        each = signal.norm(dim=1)
        mean = float(each.mean())
        values |= {
            "signal": spread * float(each.median()),
            "zeros": float((each == 0).double().mean()),
            "cancellation": float(signal.mean(0).norm()) / mean if mean > 0 and math.isfinite(mean) else None,
        }
    return Anatomy(values, x.detach(), parts, by_weight)


def loss_factors(
    objective: Objective, real_parts: Sequence[Tensor], fake_parts: Sequence[Tensor]
) -> dict[str, float]:
    """What the loss passes on to the scores of fakes, in float64, whatever the networks run in.

    Args:
        objective: the losses.
        real_parts: scores of real rows, `[B, patches]` a scale.
        fake_parts: scores of fakes.

    Returns:
        `logit_slope`, the median |dL/ds| over samples; for probabilities `dp_ds` p(1 - p) and
        `dl_dp` |dL/dp|, whose product it is.

    Example:
        >>> from ganscope.objectives import OBJECTIVES
        >>> s = [torch.full((4, 1), -40.0)]
        >>> factors = loss_factors(OBJECTIVES["minimax"], s, s)
        >>> [f"{factors[key]:.1e}" for key in ("dl_dp", "dp_ds", "logit_slope")]
        ['1.0e+00', '4.2e-18', '4.2e-18']
    """
    real = [part.detach().double() for part in real_parts]
    fake = [part.detach().double().requires_grad_() for part in fake_parts]
    loss = losses(objective.g_loss, real, fake)
    slopes = torch.autograd.grad(loss.mean(), fake, allow_unused=True)
    rows = len(fake[0])
    per_sample = torch.stack(
        [torch.zeros(rows).double() if g is None else g.abs().sum(1).cpu() * rows for g in slopes]
    ).sum(0)
    factors = {"logit_slope": float(per_sample.median())}
    if objective.bounded:
        flat = torch.cat([part.detach().flatten() for part in fake])
        dp_ds = float((logsigmoid(flat) + logsigmoid(-flat)).exp().median())
        factors |= {"dp_ds": dp_ds, "dl_dp": factors["logit_slope"] / dp_ds if dp_ds > 0 else math.inf}
    return factors


def alignment(
    gradient: Sequence[Tensor | None], before: Sequence[Tensor], after: Sequence[Tensor]
) -> tuple[float | None, float]:
    """Cosine between descent on a loss and what a network really did, and the size of that step.

    Args:
        gradient: of the declared loss, by parameter.
        before: parameters before the step.
        after: the same after it.

    Returns:
        The cosine of -gradient and the step, None where either is 0; `|step| / |parameters|`.

    Example:
        >>> w = [torch.ones(2)]
        >>> alignment([torch.tensor([1.0, 0.0])], w, [torch.tensor([0.5, 1.0])])
        (1.0, 0.447...)
    """
    steps = [a.detach() - b for a, b in zip(after, before, strict=True)]
    size, weight = total(norms(steps)), total(norms(after))
    along = [(g, step) for g, step in zip(gradient, steps, strict=True) if g is not None]
    slope = total(norms([g for g, _ in along]))
    rise = product([g for g, _ in along], [step for _, step in along])
    cosine = -rise / size / slope if size > 0 and slope > 0 and math.isfinite(rise) else None
    return cosine, size / weight if weight > 0 else 0.0


@contextmanager
def _recorded(module: nn.Module) -> Iterator[list[tuple[str, Tensor]]]:
    """Keep the results of all layers with weight matrices, in the order in which they run."""
    hidden: list[tuple[str, Tensor]] = []
    handles = []
    for name, layer in module.named_modules():
        if any(p.ndim > 1 for p in layer.parameters(recurse=False)) or is_parametrized(layer):

            def keep(_: nn.Module, __: Any, result: Any, name: str = name) -> None:
                if isinstance(result, Tensor):
                    hidden.append((name, result))

            handles.append(layer.register_forward_hook(keep))
    try:
        yield hidden
    finally:
        for handle in handles:
            handle.remove()


def _relative(sizes: Mapping[str, float], weights: Mapping[str, Tensor]) -> list[list[Any]]:
    """|dL/dW| / |W| of each matrix; of a matrix that is 0, |dL/dW|."""
    matrices = {name: w for name, w in weights.items() if w.ndim > 1}
    return [
        [name.removesuffix(".weight"), sizes.get(name, 0.0) / (size or 1.0)]
        for name, size in zip(matrices, norms(list(matrices.values())), strict=True)
    ]


def _quantiles(slope: Tensor | None, rows: int) -> list[float]:
    return quantiles(torch.zeros(rows) if slope is None else slope.detach().flatten(1).double().norm(dim=1))


def _median_norm(slope: Tensor | None) -> float:
    return 0.0 if slope is None else float(slope.detach().flatten(1).double().norm(dim=1).median())
