"""What cannot be asked of a critic: a slope a row, and for a penalty the slope's own gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from ganscope.contracts import BadInput
from ganscope.lipschitz.checked_scores import checked_scores
from ganscope.lipschitz.row_mixing import mixes_rows_now
from ganscope.words.sentences import reason

if TYPE_CHECKING:
    from collections.abc import Callable

LOOKED_AT = 4
"""Rows that a critic is tried on."""
BATCH_NORM = "has BatchNorm, which mixes the rows of a batch"


class Refusal(NamedTuple):
    """Why a critic has no slope a row, or none with a gradient, and what to do."""

    why: str
    """What follows "the critic"."""
    remedy: str


def why_no_slope(critic: Callable[..., Tensor], rows: Tensor, *conditions: Tensor) -> Refusal | None:
    """Try whether each row has a slope of its own, which has a gradient where the critic has parameters.

    The score of one row is differentiated in all rows, and the squared slope once more. A critic that is a
    module keeps its buffers and gradients, and no random number is drawn from torch's global streams.

    Args:
        critic: module or function `([B, *shape], conditions) -> [B, ...]`, in the mode it is used in.
        rows: at least two, floating.
        conditions: what else it is called with, one entry a row.

    Returns:
        None where nothing is known to stand against it.

    Raises:
        BadInput: what it returns is no score a row.

    Example:
        >>> why_no_slope(nn.Linear(2, 1), torch.randn(3, 2)) is None
        True
        >>> print(why_no_slope(lambda x: x[:, 0] - x.mean(), torch.randn(3, 2)).why)
        mixes the rows of a batch: the score of one depends on the others
    """
    if isinstance(critic, nn.Module) and mixes_rows_now(critic):
        return Refusal(BATCH_NORM, "remove it")
    rows = rows[:LOOKED_AT].detach().clone().requires_grad_()
    given = tuple(condition[:LOOKED_AT] for condition in conditions)
    with torch.random.fork_rng(devices=[rows.get_device()] if rows.is_cuda else []), torch.enable_grad():
        try:
            scores = checked_scores(copied(critic)(rows, *given), len(rows))
            if not scores.requires_grad:
                return NO_GRADIENT
            slopes = torch.autograd.grad(scores[0].sum(), rows, create_graph=True, allow_unused=True)
            first = cast("Tensor | None", slopes[0])
            if first is None:
                return NO_GRADIENT
            if bool((first[1:] != 0).any()):
                return MIXES
            squared = first.square().sum()
            if squared.requires_grad:
                # Into copies, and every leaf of them: what cannot be done shows nowhere else.
                torch.autograd.backward(squared)
        except RuntimeError as error:
            return _explained(error)
    return None


def refuse_no_slope(
    critic: Callable[..., Tensor], rows: Tensor, asks: str, without: str = "remove it"
) -> None:
    """Refuse, at the first call with a module in its mode, a critic that `why_no_slope` speaks against.

    Args:
        critic: as there.
        rows: as there.
        asks: what asks for the slope, such as the name of a penalty.
        without: what to do about BatchNorm.

    Raises:
        BadInput: the reason and the remedy.
    """
    if not isinstance(critic, nn.Module) or len(rows) < 2:
        return
    mode = (type(critic), tuple(module.training for module in critic.modules()))
    if _SOUND.get(critic) == mode:
        return
    refusal = why_no_slope(critic, rows)
    if refusal is not None:
        remedy = without if refusal.why == BATCH_NORM else refusal.remedy
        raise BadInput(sentence("critic", refusal._replace(remedy=remedy), asks))
    _SOUND[critic] = mode


def sentence(who: str, refusal: Refusal, asks: str) -> str:
    """Put a refusal into words.

    Example:
        >>> sentence("critic", Refusal("is flat", "bend it"), "r1")
        'the critic is flat, so the per-sample slope that r1 asks for does not exist: bend it.'
    """
    missing = f"so the per-sample slope that {asks} asks for does not exist"
    return f"the {who} {refusal.why}, {missing}: {refusal.remedy}."


MIXES = Refusal(
    "mixes the rows of a batch: the score of one depends on the others",
    "remove the layer that looks at several rows",
)
NO_GRADIENT = Refusal(
    "returns scores that do not depend on its input by differentiable steps",
    "remove the detach() or no_grad() inside it",
)
_SOUND: WeakKeyDictionary[nn.Module, tuple[type, tuple[bool, ...]]] = WeakKeyDictionary()


def copied(critic: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return a module as a function of copies of its parameters and buffers, which gradients go to."""
    if not isinstance(critic, nn.Module):
        return critic
    copies = {
        name: p.detach().clone().requires_grad_(p.requires_grad) for name, p in critic.named_parameters()
    }
    copies |= {name: buffer.clone() for name, buffer in critic.named_buffers()}
    return lambda *inputs: torch.func.functional_call(critic, copies, inputs)


def _explained(error: RuntimeError) -> Refusal | None:
    """What torch's complaint means for the slope; an unknown one is raised where the critic is used."""
    text = str(error)
    if "in-place" in text or "inplace" in text:
        return Refusal(
            "changes its input, or what is needed for a gradient, in place",
            "use the form that returns a new tensor",
        )
    if "not implemented" in text or "once_differentiable" in text or "twice" in text:
        return Refusal(
            f"holds an operation that cannot be differentiated twice ({reason(error, 80)})",
            "use another in its place",
        )
    return None
