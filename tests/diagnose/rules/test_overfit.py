"""A discriminator that remembers its rows, by looks that scatter."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ganscope.diagnose.rules.verdict import judge
from tests.diagnose.rules.recorded import GOOD, run


@pytest.mark.parametrize(
    ("looks", "error", "said"),
    [
        ([0.52, 0.70, 0.78, 0.61], 0.05, "fault"),  # forty rows: their memory comes and goes
        ([0.52, 0.52, 0.78, 0.61], 0.05, "fine"),
        ([0.59, 0.63, 0.64, 0.67], 0.025, "fine"),  # a healthy run that goes on for long reaches 0.14
        ([0.60, 0.66, 0.67, 0.68], 0.025, "fault"),
    ],
)
def test_memory_that_flickers(looks: Sequence[float], error: float, said: str) -> None:
    def samples(number: int) -> dict[str, float]:
        late = max(0, number // 5 - 14)
        return {**GOOD, "auc_train": looks[late], "auc_train_error": error}

    assert judge(run(samples, probes=90)).status["discriminator-overfit"] == said
