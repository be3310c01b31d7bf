"""Looking at the losses every step or every hundred: the same runs are retired, at the same steps."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from ganscope.contracts import RunFailed
from ganscope.training import loop, train
from ganscope.training.finite import Failure, LossCheck
from ganscope.training.step import DiscriminatorStep, GeneratorStep
from tests.crashes import contents
from tests.games import runs

NAN, INF = float("nan"), float("inf")


def seen(d_loss: Tensor, penalty: Tensor, g_loss: Tensor) -> tuple[DiscriminatorStep, GeneratorStep]:
    return DiscriminatorStep(d_loss, penalty, d_loss, d_loss), GeneratorStep(g_loss, g_loss, g_loss, [])


def test_the_first_failure_of_each_run_is_named() -> None:
    check = LossCheck(every=4)
    # run 0 stays sound; 1 fails in its penalty at step 2, 2 in its generator at step 3, later in its critic
    losses = {step: torch.zeros(3, 3, 5) for step in (1, 2, 3, 4)}
    losses[2][1, 1, 4] = INF
    losses[3][2, 2, 0] = NAN
    losses[4][0, 2, 0] = NAN
    due = []
    for step, (d_loss, penalty, g_loss) in losses.items():
        check.note(step, *seen(d_loss, penalty, g_loss))
        due.append(check.due)
    assert due == [False, False, False, True]
    assert check.failures() == [Failure(1, 2, "discriminator"), Failure(2, 3, "generator")]
    assert check.failures() == []
    assert not check.due


def test_infinities_do_not_cancel() -> None:
    check = LossCheck(every=100)
    for step, value in ((1, INF), (2, -INF)):
        check.note(step, *seen(torch.full((4,), value), torch.zeros(4), torch.zeros(4)))
    assert check.failures() == [Failure(0, 1, "discriminator")]


@pytest.mark.parametrize("fails", [(1,), (0, 1, 2)], ids=["one run", "all runs"])
def test_rare_looks_retire_what_frequent_ones_do(
    tmp_path: Path, fails: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def trained(every: int) -> list[dict[str, str]]:
        built = runs(tmp_path / str(every), "r1", (0, 1, 2), steps=20, log_every=7, checkpoint_every=6)
        monkeypatch.setattr(loop, "LossCheck", lambda _: LossCheck(every))
        poisoned = next(iter(built.game.generator.parameters.values()))

        def poison() -> bool:
            if built.step == 9:
                with torch.no_grad():
                    poisoned[list(fails)] = NAN
            return False

        if len(fails) == 3:
            with pytest.raises(RunFailed, match=r"loss turned NaN or infinite at step 10 \(seed 0\)"):
                train(built, stop=poison)
        else:
            train(built, stop=poison)
        assert {k: step for k, (step, _) in built.diverged.items()} == dict.fromkeys(fails, 10)
        kept = ("history.jsonl", "metrics.json", "generator.safetensors")
        return [
            {name: digest for name, digest in contents(folder).items() if name in kept or "step" in name}
            for folder in built.folders
        ]

    assert trained(1) == trained(100)
