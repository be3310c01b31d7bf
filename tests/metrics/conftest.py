"""Judges of labelled data, trained once for all tests."""

from __future__ import annotations

import pytest
from torch import Tensor

from ganscope.data import DATASETS
from ganscope.metrics import ClassJudge, class_judge, stacked_judge
from tests.metrics.labelled import Digits


@pytest.fixture(scope="session")
def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    data = DATASETS["digits"]()
    assert isinstance(data.train, Tensor)
    assert data.labels is not None
    assert data.held_out_labels is not None
    return data.train, data.labels, data.held_out, data.held_out_labels


@pytest.fixture(scope="session")
def judge(digits: tuple[Tensor, Tensor, Tensor, Tensor]) -> ClassJudge:
    return class_judge(*digits)


@pytest.fixture(scope="session")
def stacked() -> Digits:
    data = DATASETS["stacked-digits"]()
    assert isinstance(data.train, Tensor)
    assert data.labels is not None
    assert data.held_out_labels is not None
    return data.train, data.labels, data.held_out, data.held_out_labels


@pytest.fixture(scope="session")
def thousand(stacked: Digits) -> ClassJudge:
    return stacked_judge(*stacked)
