"""Labelled rows: training rows and labels, held-out rows and labels."""

from __future__ import annotations

from torch import Tensor

Digits = tuple[Tensor, Tensor, Tensor, Tensor]
