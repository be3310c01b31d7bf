"""What is read off somebody's networks: their last operation, what bounds them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import ganscope as gs
from ganscope.build.custom import check_discriminator
from ganscope.config import RunConfig
from ganscope.contracts import BadInput
from ganscope.data import DATASETS
from ganscope.nets.inspect import bounded_by_its_layers, ends_in, is_spectral

RESHAPES: dict[str, Callable[[Tensor], Tensor]] = {
    "nothing": lambda x: x,
    "transpose": lambda x: x.transpose(0, 1).transpose(0, 1),
    "t": lambda x: x.t().t(),
    "permute": lambda x: x.permute(1, 0).permute(1, 0),
    "squeeze": lambda x: x.squeeze(1),
    "view": lambda x: x.reshape(-1, 1, 1).flatten(),
    "column": lambda x: x[:, 0],
    "slice": lambda x: x[:, :1],
    "double": lambda x: x.double(),
    "clone": lambda x: x.clone(),
}


class Judge(nn.Module):
    """A discriminator that ends in a sigmoid and a change of shape."""

    def __init__(self, reshape: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.layer, self.reshape = nn.Linear(2, 1), reshape

    def forward(self, x: Tensor) -> Tensor:
        return self.reshape(torch.sigmoid(self.layer(x)))


@pytest.mark.parametrize("kind", RESHAPES)
def test_training_and_watch_see_the_same_sigmoid(kind: str) -> None:
    judge, data = Judge(RESHAPES[kind]), DATASETS["ring"]()
    assert ends_in(judge(data.held_out[:4])) == "Sigmoid"
    with pytest.raises(BadInput, match="ends in a sigmoid"):
        check_discriminator(judge, data, RunConfig(data="ring"), None)
    scope = gs.watch(nn.Linear(4, 2), judge, real=data.held_out[:100], latent=lambda n: torch.randn(n, 4))
    assert [v.pattern for v in scope.verdicts()] == ["sigmoid-bce"]


def test_the_last_operation_is_the_one_on_values() -> None:
    x = torch.zeros(3, 1, requires_grad=True)
    assert ends_in(torch.tanh(torch.sigmoid(x)).t()) == "Tanh"
    assert ends_in(1 * torch.sigmoid(x)) == "Mul"
    assert ends_in(nn.ConvTranspose1d(1, 1, 1)(x[None, :, 0])) not in ("", "Sigmoid")
    assert ends_in(torch.zeros(3)) == ""


def test_spectral_normalisation_is_seen_in_both_its_forms() -> None:
    assert is_spectral(nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(2, 2))))
    assert is_spectral(nn.Sequential(nn.utils.spectral_norm(nn.Linear(2, 2))))
    assert is_spectral(nn.utils.spectral_norm(nn.GRU(2, 2), "weight_hh_l0"))
    assert not is_spectral(nn.utils.parametrizations.orthogonal(nn.Linear(2, 2)))
    assert not is_spectral(nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)))


def test_layers_of_torch_and_of_ours_bound_a_slope() -> None:
    assert bounded_by_its_layers(nn.Sequential(nn.utils.spectral_norm(nn.Linear(2, 2))))
    assert bounded_by_its_layers(gs.lipschitz.spectral_norm(nn.Sequential(nn.Linear(2, 2))))
    assert not bounded_by_its_layers(nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)))
