"""Pre-flight: mistakes in how a GAN is wired, seen before its first step, in seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ganscope.contracts import Objective
from ganscope.diagnose.measure.players import Player
from ganscope.diagnose.rows import Finding
from ganscope.lipschitz import PENALTIES, mixes_rows
from ganscope.nets.inspect import ends_in

OUTSIDE = 0.01
"""Share of real values beyond the reach of a bounded generator from which on they are no outliers."""


def check_networks(
    generator: Player,
    discriminator: Player,
    fake: Tensor,
    scores: Sequence[Tensor],
    real_scores: Sequence[Tensor],
) -> list[Finding]:
    """Look for networks that cannot learn.

    Args:
        generator: with its parameters.
        discriminator: likewise.
        fake: generated rows, with their graph.
        scores: the discriminator's results on them.
        real_scores: likewise on real rows.
    """
    findings = []
    for name, player, result in (
        ("generator", generator, fake),
        ("discriminator", discriminator, torch.cat([s.flatten(1) for s in (*scores, *real_scores)], 1)),
    ):
        weights = [p for p in player.parameters.values() if p.requires_grad]
        if not weights:
            findings.append(
                Finding("frozen-network", "severe", f"The {name} has no parameter that requires a gradient.")
            )
            continue
        slopes: Sequence[Tensor | None] = [None] * len(weights)
        if result.requires_grad:
            # a random direction: the gradient of a plain sum can cancel, as behind BatchNorm
            direction = torch.randn(result.shape, generator=torch.Generator().manual_seed(0)).to(result)
            slopes = torch.autograd.grad(result, weights, direction, retain_graph=True, allow_unused=True)
        if all(slope is None for slope in slopes):
            findings.append(
                Finding(
                    "detached-generator" if name == "generator" else "detached-discriminator",
                    "severe",
                    f"The {name}'s output does not depend on its parameters: a detach() or no_grad() "
                    "inside cuts the graph.",
                )
            )
        elif all(slope is None or not bool(slope.any()) for slope in slopes):
            findings.append(
                Finding(
                    "dead-network",
                    "severe",
                    f"The {name} is dead: the gradient of its output is exactly 0 in every parameter.",
                )
            )
    if len(fake) > 1 and bool((fake == fake[:1]).all()):
        findings.append(
            Finding(
                "dead-network",
                "severe",
                "The generator is dead: it turns every latent into the same row.",
            )
        )
    return findings


def check_discriminator_end(scores: Tensor, objective: Objective, on_logits: bool) -> list[Finding]:
    """Look for a sigmoid at the end of the discriminator.

    Args:
        scores: the discriminator's raw result, with its graph.
        objective: the losses.
        on_logits: the losses were named, so that they are taken to be computed rightly, from logits.
    """
    if ends_in(scores) != "Sigmoid":
        return []
    if on_logits or _is_bce_of_probabilities(objective):
        return [
            Finding(
                "sigmoid-bce",
                "mild",
                "The discriminator ends in a sigmoid: with BCELoss the gradient of confident scores is "
                "clamped to 0; with BCEWithLogitsLoss it would pass through two sigmoids.",
            )
        ]
    return [
        Finding(
            "double-sigmoid",
            "severe",
            "The discriminator ends in a sigmoid and the loss applies another one: no score can become "
            "confident, and every gradient is multiplied by p (1 - p) twice.",
        )
    ]


def check_range(real: Tensor, fake: Tensor) -> list[Finding]:
    """Look for data that the last layer of the generator cannot reach."""
    reach = {"Tanh": (-1.0, 1.0), "Sigmoid": (0.0, 1.0)}.get(ends_in(fake))
    if reach is None:
        return []
    low, high = reach
    outside = float(((real < low - 1e-3) | (real > high + 1e-3)).double().mean())
    if outside <= OUTSIDE:
        return []
    return [
        Finding(
            "data-range",
            "severe",
            f"{outside:.0%} of the real values lie outside [{low:g}, {high:g}], the range of the generator's "
            f"last layer: the data spans [{float(real.min()):.3g}, {float(real.max()):.3g}].",
        )
    ]


def check_constraint(
    discriminator: nn.Module, objective: Objective, constraint: str, spectral: bool
) -> list[Finding]:
    """Look for a critic that nothing constrains, and for BatchNorm under a per-sample penalty."""
    findings = []
    if constraint in PENALTIES and mixes_rows(discriminator):
        findings.append(
            Finding(
                "batchnorm-penalty",
                "severe",
                "The critic has BatchNorm, which mixes the rows of a batch, so the slope per row that "
                f"{constraint} penalises does not exist.",
            )
        )
    if objective.needs_lipschitz and constraint == "none" and not spectral:
        findings.append(
            Finding(
                "unconstrained-critic",
                "mild",
                "A Wasserstein critic is trained without a declared Lipschitz constraint: without one, its "
                "gap means nothing and grows without bound.",
            )
        )
    return findings


def check_optimizers(
    generator: nn.Module, discriminator: nn.Module, optimizers: Sequence[torch.optim.Optimizer]
) -> list[Finding]:
    """Look for an optimiser that moves both networks, and for a network that none moves.

    Args:
        generator: the network.
        discriminator: the network.
        optimizers: the generator's, then the discriminator's.
    """
    held = [{id(p) for group in o.param_groups for p in group["params"]} for o in optimizers]
    ours = [{id(p) for p in m.parameters() if p.requires_grad} for m in (generator, discriminator)]
    names = ("generator", "discriminator")
    findings = []
    for i, name in enumerate(names):
        other = names[1 - i]
        if held[i] & ours[1 - i]:
            findings.append(
                Finding(
                    "shared-optimiser",
                    "severe",
                    f"The {name}'s optimiser also holds parameters of the {other}, so each step moves both.",
                )
            )
        if not held[i] & ours[i]:
            findings.append(
                Finding("frozen-network", "severe", f"The {name}'s optimiser holds none of its parameters.")
            )
    return findings


def check_penalty(penalty: Callable[..., Any], real: Tensor) -> tuple[list[Finding], str, float | None]:
    """Try a user's penalty on linear critics, whose slope is known everywhere.

    `f(x) = w . x` has slope `|w|`: a gradient penalty of weight lambda must return 0, lambda and 4 lambda at
    `|w|` = 1, 2 and 3, and R1 or R2 lambda / 2 times 1, 4 and 9, whatever the shape of the rows.

    Args:
        penalty: `(critic, real, fake) -> ` one number, or one a row.
        real: some rows.

    Returns:
        Findings, the name of the constraint ("own" where it is none of those), and its weight.

    Example:
        >>> def over_pixels(critic, real, fake):
        ...     x = fake.clone().requires_grad_()
        ...     (g,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        ...     return 10 * (g.norm(2, dim=1) - 1).square().mean()
        >>> findings, name, weight = check_penalty(over_pixels, torch.randn(4, 3, 8, 8))
        >>> findings[0].kind, name
        ('penalty-axis', 'own')
    """
    rng = torch.Generator().manual_seed(0)
    real = real[:4].detach().float().cpu()
    direction = torch.randn(real.shape[1:], generator=rng)
    direction = direction / direction.norm()
    fake = real + torch.randn(real.shape, generator=rng)
    values = []
    for slope in (1.0, 2.0, 3.0):
        weight = (slope * direction).requires_grad_()
        cost = torch.as_tensor(penalty(lambda x, w=weight: (x * w).flatten(1).sum(1), real, fake))
        values.append(float(cost.detach().mean()))
    one, two, three = values
    scale = max(abs(v) for v in values)
    if scale > 0 and abs(one) < 1e-4 * scale and abs(three - 4 * two) < 1e-3 * scale:
        return [], "gradient-penalty", two
    if scale > 0 and abs(two - 4 * one) < 1e-3 * scale and abs(three - 9 * one) < 1e-3 * scale:
        return [], "r1", 2 * one
    return (
        [
            Finding(
                "penalty-axis",
                "severe",
                f"The penalty gives {one:.3g}, {two:.3g} and {three:.3g} on linear critics of slope 1, 2 "
                "and 3, where a gradient penalty gives 0, lambda and 4 lambda: its norm is not taken over "
                "all of a row's values.",
            )
        ],
        "own",
        None,
    )


def is_clipped(discriminator: Player) -> bool:
    """Tell whether weights pile up at a common largest value, as clipping leaves them."""
    weights = [p.detach().flatten() for p in discriminator.parameters.values() if p.ndim > 1]
    if not weights:
        return False
    together = torch.cat(weights).abs()
    c = float(together.max())
    return c > 0 and float((together >= c * (1 - 1e-6)).double().mean()) > 0.05


def _is_bce_of_probabilities(objective: Objective) -> bool:
    """See whether a generator's loss is that of a probability: steep near 0."""
    p = torch.tensor([1e-4, 0.5]).requires_grad_()
    (slope,) = torch.autograd.grad(objective.g_loss(torch.full((2,), 0.5), p).sum(), p, allow_unused=True)
    return slope is not None and float(slope[0].abs()) > 20 * float(slope[1].abs())
