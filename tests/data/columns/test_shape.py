"""How numbers are learnt: plain unless they are far from normal, and the parameters are scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import PowerTransformer, QuantileTransformer

from ganscope.data.columns import transform
from ganscope.data.columns.modes import count_modes, mixture
from ganscope.data.columns.shape import learnt_as

RNG = np.random.default_rng
DRAWS = {
    "normal": lambda rng, n: rng.normal(size=n),
    "uniform": lambda rng, n: rng.random(n),
    "gamma": lambda rng, n: rng.gamma(4, size=n),
    "t": lambda rng, n: rng.standard_t(8, n),
    "ages": lambda rng, n: rng.integers(18, 90, n).astype(float),
}


@pytest.mark.parametrize("kind", DRAWS)
@pytest.mark.parametrize("n", [100, 1000])
def test_well_behaved_numbers_are_only_standardised(kind: str, n: int) -> None:
    for seed in range(5):
        x = DRAWS[kind](RNG(seed), n)
        code, remark = learnt_as(x, (float(x.mean()), float(x.std())), (x.min(), x.max()), kind == "ages")
        assert code == {"mean": float(x.mean()), "std": float(x.std())}
        assert remark == ""


def test_a_power_is_that_of_scikit_learn() -> None:
    x = RNG(0).lognormal(size=500)
    how = transform.power(x, x.min(), x.max())
    u = ((x - x.min()) / x.std())[:, None]
    expected = PowerTransformer("yeo-johnson", standardize=False).fit_transform(u)[:, 0]
    np.testing.assert_allclose(transform.forward(x, how), expected, rtol=1e-9)
    np.testing.assert_allclose(transform.backward(expected, how), x, rtol=1e-9)


def test_quantiles_are_those_of_scikit_learn() -> None:
    x = RNG(0).standard_cauchy(500)
    how = transform.quantiles(x, x.min(), x.max())
    fitted = QuantileTransformer(n_quantiles=200, output_distribution="normal", subsample=None)
    inner = (x > x.min()) & (x < x.max())
    np.testing.assert_allclose(
        transform.forward(x, how)[inner], fitted.fit_transform(x[:, None])[inner, 0], atol=1e-6
    )
    span = x.max() - x.min()
    np.testing.assert_allclose(transform.backward(transform.forward(x, how), how), x, atol=1e-6 * span)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_separate_modes_are_counted_and_each_gets_a_component(count: int) -> None:
    rng = RNG(count)
    centres = 10.0 * np.arange(count)
    x = rng.normal(size=1500) + rng.choice(centres, 1500)
    assert count_modes(x, whole=False) == count
    modes = mixture(x, float(x.min()), float(x.max()))
    for centre in centres:
        near = [mode for mode in modes if abs(mode[3] - centre) < 1.0]
        assert sum(mode[2] for mode in near) == pytest.approx(1 / count, abs=0.05)
