"""Run folders of every format ever released go on being read: one is kept here as it was written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

import ganscope as gs
from ganscope.report import write_report

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """A run of format 1, stopped at step 7 of 12."""
    shutil.copytree(FIXTURES / "format-1", tmp_path / "run")
    return tmp_path / "run"


def test_format_1_is_read(stopped: Path) -> None:
    run = gs.load(stopped)
    assert (run.config.recipe, run.config.data, run.config.steps) == ("r1", "ring", 12)
    assert [row["step"] for row in run.history] == [0, 2, 4, 6]
    assert run.metrics == {}
    assert write_report(stopped).stat().st_size > 10_000
    with pytest.raises(gs.BadInput, match="unfinished"):
        run.sample(3)


def test_format_1_is_resumed_to_the_result_it_would_have_had(stopped: Path) -> None:
    # rounding may differ between machines, so to six digits and not to the bit
    expected = json.loads((FIXTURES / "format-1-finished.json").read_text())
    run = gs.resume(stopped, tell=pytest.fail)
    assert run.metrics["step"] == 12
    assert run.metrics["emd"] == pytest.approx(expected["emd"], rel=1e-4)
    assert run.history[-1]["d_loss"] == pytest.approx(expected["d_loss"], rel=1e-4)
    torch.testing.assert_close(run.sample(2), torch.tensor(expected["samples"]), rtol=1e-3, atol=1e-4)
