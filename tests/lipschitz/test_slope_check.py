"""What cannot be asked of a critic: training, `penalty` and `estimate` say the same of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganscope as gs
from ganscope.lipschitz import PENALTIES
from ganscope.lipschitz.slope_check import why_no_slope

Step = Callable[[Tensor], Tensor]


class With(nn.Module):
    """A small critic with some step in its middle."""

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.first, self.step, self.last = nn.Linear(2, 8), step, nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.step(self.first(x)))  # type: ignore[no-any-return]


class Doubling(With):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.mul_(2))


class Blind(With):
    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            return super().forward(x)


class Cut(With):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.detach())


class Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return 2 * x * gradient  # type: ignore[no-any-return]


def attention(h: Tensor) -> Tensor:
    q = h.view(len(h), 1, 2, 4)
    return nn.functional.scaled_dot_product_attention(q, q, q).reshape(len(h), 8)


IMPOSSIBLE: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "BatchNorm": (lambda: With(nn.BatchNorm1d(8)), "BatchNorm, which mixes the rows"),
    "SyncBatchNorm without statistics": (
        lambda: With(nn.BatchNorm1d(8, track_running_stats=False)).eval(),
        "BatchNorm, which mixes the rows",
    ),
    "minibatch statistics": (lambda: With(lambda h: h + h.std(0)), "mixes the rows of a batch: the score"),
    "attention over the batch": (
        lambda: With(lambda h: torch.softmax(h @ h.T, 1) @ h),
        "mixes the rows of a batch: the score",
    ),
    "its input in place": (lambda: Doubling(torch.relu), "in place"),
    "ReLU in place at once": (lambda: nn.Sequential(nn.ReLU(inplace=True), nn.Linear(2, 1)), "in place"),
    "Tanh undone in place": (
        lambda: nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.ReLU(inplace=True), nn.Linear(4, 1)),
        "in place",
    ),
    "no_grad": (lambda: Blind(torch.relu), "do not depend on its input"),
    "detach": (lambda: Cut(torch.relu), "do not depend on its input"),
    "differentiable once": (lambda: With(Once.apply), "cannot be differentiated twice"),
    "fast attention": (lambda: With(attention), "cannot be differentiated twice"),
}
POSSIBLE: dict[str, Callable[[], nn.Module]] = {
    "linear": lambda: nn.Linear(2, 1),
    "ReLU in place later": lambda: nn.Sequential(nn.Linear(2, 4), nn.ReLU(inplace=True), nn.Linear(4, 1)),
    "BatchNorm in evaluation": lambda: With(nn.BatchNorm1d(8)).eval(),
    "LayerNorm": lambda: With(nn.LayerNorm(8)),
    "dropout": lambda: With(nn.Dropout(0.5)),
    "spectral norm": lambda: nn.utils.spectral_norm(nn.Linear(2, 1)),
    "weight norm": lambda: nn.utils.parametrizations.weight_norm(nn.Linear(2, 1)),
    "recurrent": lambda: With(lambda h: h.view(len(h), 2, 4).cumsum(1).flatten(1)),
}
ROWS = torch.randn(64, 2, generator=torch.Generator().manual_seed(0))
PLAIN = {"steps": 1, "batch_size": 8, "latent_dim": 3, "diagnose": False}
SETTINGS = {**PLAIN, "penalty_weight": 1.0}


def say(call: Callable[[], object]) -> str:
    with pytest.raises(gs.BadInput) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize("name", ["r1", "gradient-penalty"])
@pytest.mark.parametrize("kind", IMPOSSIBLE)
def test_training_penalty_and_estimate_refuse_the_same_in_one_sentence(kind: str, name: str) -> None:
    make, why = IMPOSSIBLE[kind]
    critic = make()
    said = [
        say(lambda: gs.lipschitz.penalty(name, critic, ROWS, ROWS + 1)),
        say(lambda: gs.train(SETTINGS | {"penalty": name}, nn.Linear(3, 2), critic, ROWS)),
        say(lambda: gs.lipschitz.estimate(critic, ROWS)),
    ]
    alike = {re.sub(r"^the \w+|that .* asks for|, or call .*|\.$", "", sentence) for sentence in said}
    assert len(alike) == 1, said
    assert all(why in sentence for sentence in said)


@pytest.mark.parametrize("kind", POSSIBLE)
def test_what_can_be_asked_is_asked_everywhere(kind: str, tmp_path: Any) -> None:
    critic = POSSIBLE[kind]()
    assert gs.lipschitz.penalty("r1", critic, ROWS, ROWS + 1).shape == (64,)
    gs.train(SETTINGS | {"penalty": "r1"}, nn.Linear(3, 2), critic, ROWS, out=tmp_path / "run")
    if kind != "dropout":  # its scores are random, of which no steepest slope can be told
        assert gs.lipschitz.estimate(critic, ROWS).max_slope >= 0


@pytest.mark.parametrize("kind", [*POSSIBLE, *IMPOSSIBLE])
def test_the_look_leaves_no_trace(kind: str) -> None:
    critic = POSSIBLE[kind]() if kind in POSSIBLE else IMPOSSIBLE[kind][0]()
    state = {name: tensor.clone() for name, tensor in critic.state_dict().items()}
    rows, random = ROWS.clone(), torch.get_rng_state()
    why_no_slope(critic, rows)
    assert torch.equal(rows, ROWS)
    assert torch.equal(random, torch.get_rng_state())
    assert all(torch.equal(state[name], tensor) for name, tensor in critic.state_dict().items())
    assert all(p.grad is None for p in critic.parameters())


def test_the_look_is_taken_once_for_a_module_in_its_mode() -> None:
    calls = []

    def step(h: Tensor) -> Tensor:
        calls.append(len(h))
        return h.relu()

    critic = With(step)
    for _ in range(3):
        gs.lipschitz.penalty("r1", critic, ROWS, ROWS)
    assert calls == [4, 64, 64, 64]
    norm = With(nn.BatchNorm1d(8)).eval()
    gs.lipschitz.penalty("r1", norm, ROWS, ROWS)
    norm.train()
    assert "BatchNorm" in say(lambda: gs.lipschitz.penalty("r1", norm, ROWS, ROWS))


@pytest.mark.parametrize("name", PENALTIES)
def test_one_row_and_functions_are_asked_as_before(name: str) -> None:
    critic = nn.Linear(2, 1)
    assert gs.lipschitz.penalty(name, critic, ROWS[:1], ROWS[1:2]).shape == (1,)
    assert gs.lipschitz.penalty(name, critic.forward, ROWS, ROWS + 1).shape == (64,)


def test_a_tuple_of_scores_is_refused_everywhere() -> None:
    class Pair(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x), x  # type: ignore[return-value]

    critic = Pair(2, 1)
    calls: tuple[Callable[[], object], ...] = (
        lambda: gs.lipschitz.penalty("r1", critic, ROWS, ROWS + 1),
        lambda: gs.lipschitz.estimate(critic, ROWS),
        lambda: gs.lipschitz.input_gradient(critic, ROWS),
        lambda: gs.lipschitz.wasserstein_bounds(critic, ROWS, ROWS + 1),
        lambda: gs.train(SETTINGS | {"penalty": "r1"}, nn.Linear(3, 2), critic, ROWS),
        lambda: gs.train(PLAIN, nn.Linear(3, 2), critic, ROWS),
    )
    for call in calls:
        assert re.search(r"(critic|discriminator) returns a tuple, but a tensor is needed", say(call))


@pytest.mark.parametrize("kind", ["Tanh undone in place", "no_grad"])
@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_networks_without_gradient_are_refused_without_a_penalty_too(kind: str, player: str) -> None:
    sound, broken = nn.Linear(2, 1), IMPOSSIBLE[kind][0]()
    pair: tuple[nn.Module, nn.Module] = (nn.Linear(3, 2), broken)
    if player == "generator":
        pair = (nn.Sequential(nn.Linear(3, 2), broken, nn.Linear(1, 2).requires_grad_(False)), sound)
    said = say(lambda: gs.train(PLAIN, *pair, data=ROWS))
    assert re.match(f"the {player} (cannot be trained|returns what does not depend on its weights)", said)
