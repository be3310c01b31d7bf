"""What a critic must return: one score, or one map of scores, for each row."""

from __future__ import annotations

import torch
from torch import Tensor

from ganscope.contracts import BadInput


def checked_scores(scores: Tensor, count: int) -> Tensor:
    """Return what a critic made of some samples, if it is one score or one map of scores for each.

    Args:
        scores: what the critic returned.
        count: how many samples it was given.

    Raises:
        BadInput: it is no tensor, or not `[B, ...]`.
    """
    if not isinstance(scores, torch.Tensor):
        raise BadInput(f"the critic returns a {type(scores).__name__}, but a tensor is needed: return one.")
    if scores.ndim == 0 or len(scores) != count:
        raise BadInput(
            f"the critic returned shape {tuple(scores.shape)} for {count} samples: it must return one score "
            "(or one map of scores) per sample, [B, ...]."
        )
    return scores
