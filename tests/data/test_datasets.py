"""What every dataset promises, and each one's own distribution."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from sklearn.datasets import load_digits, make_swiss_roll
from torch import Tensor

from ganscope import data
from ganscope.contracts import Dataset
from ganscope.data import DATASETS
from ganscope.data.digits import split_digits
from ganscope.data.toy2d import swiss_roll_points

SHAPES = {
    "digits": ((1, 8, 8), 1_400, 397),
    "ring": ((2,), 20_000, 500),
    "grid": ((2,), 20_000, 500),
    "swiss-roll": ((2,), 20_000, 500),
    "segments": ((2,), 20_000, 500),
    "gaussians": ((1,), 20_000, 500),
    "stacked-digits": ((3, 8, 8), 20_000, 1_000),
}


@pytest.fixture(scope="module", params=DATASETS)
def dataset(request: pytest.FixtureRequest) -> Dataset:
    return DATASETS[request.param]()


def rows_of(dataset: Dataset) -> Tensor:
    assert isinstance(dataset.train, Tensor)
    return dataset.train


def test_every_dataset_has_its_name_and_shape(dataset: Dataset) -> None:
    assert DATASETS[dataset.name]().name == dataset.name
    shape, train, held_out = SHAPES[dataset.name]
    assert dataset.shape == shape
    assert tuple(rows_of(dataset).shape) == (train, *shape)
    assert tuple(dataset.held_out.shape) == (held_out, *shape)


def test_every_dataset_is_finite_float32_and_takes_an_index_tensor(dataset: Dataset) -> None:
    for rows in (rows_of(dataset), dataset.held_out):
        assert rows.dtype == torch.float32
        assert bool(rows.isfinite().all())
        assert not rows.requires_grad
    batch = dataset.train[torch.tensor([3, 3, len(dataset.train) - 1])]
    assert tuple(batch.shape) == (3, *dataset.shape)
    assert torch.equal(batch[0], batch[1])


def test_no_held_out_row_is_a_training_row(dataset: Dataset) -> None:
    train, held_out = (
        {row.numpy().tobytes() for row in rows} for rows in (rows_of(dataset), dataset.held_out)
    )
    assert not train & held_out


def test_every_dataset_is_the_same_each_time_and_leaves_the_global_generators_alone(dataset: Dataset) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state(), np.random.get_state(legacy=False)  # noqa: NPY002
    again = DATASETS[dataset.name]()
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_equal(np.random.get_state(legacy=False), before[1])  # noqa: NPY002
    for field, first, second in zip(Dataset._fields, dataset, again, strict=True):
        if isinstance(first, Tensor):
            assert isinstance(second, Tensor), field
            assert torch.equal(first, second), field
        else:
            assert first == second, field


def test_every_dataset_hands_out_its_own_tensors() -> None:
    first = DATASETS["ring"]()
    rows_of(first).zero_()
    assert rows_of(DATASETS["ring"]()).abs().min() > 0.0


def test_every_dataset_stays_in_its_range(dataset: Dataset) -> None:
    is_image = len(dataset.shape) == 3
    assert dataset.value_range == ((-1.0, 1.0) if is_image else None)
    if dataset.value_range is not None:
        values = torch.cat([rows_of(dataset), dataset.held_out])
        assert (values.min().item(), values.max().item()) == dataset.value_range


def test_every_dataset_names_all_its_modes(dataset: Dataset) -> None:
    assert len(set(dataset.mode_names)) == len(dataset.mode_names)
    assert (dataset.centres is None) == (dataset.std is None)
    assert (dataset.labels is None) == (dataset.held_out_labels is None)
    # Modes are known by their centres or by the labels, never both ways.
    assert bool(dataset.mode_names) == ((dataset.centres is not None) != (dataset.labels is not None))
    if dataset.centres is not None:
        assert tuple(dataset.centres.shape) == (len(dataset.mode_names), *dataset.shape)
    if dataset.labels is not None and dataset.held_out_labels is not None:
        assert dataset.labels.dtype == dataset.held_out_labels.dtype == torch.int64
        assert len(dataset.labels) == len(dataset.train)
        assert len(dataset.held_out_labels) == len(dataset.held_out)
        assert set(dataset.labels.tolist()) == set(range(len(dataset.mode_names)))
        assert set(dataset.held_out_labels.tolist()) <= set(dataset.labels.tolist())


def test_held_out_rows_come_from_the_same_distribution(dataset: Dataset) -> None:
    # Kolmogorov-Smirnov on each coordinate of the points; a fixed sample, so this either holds or does not.
    if len(dataset.shape) == 1:
        for axis in range(dataset.shape[0]):
            train, held_out = rows_of(dataset)[:, axis].numpy(), dataset.held_out[:, axis].numpy()
            assert kstest(held_out, train).pvalue > 0.001


@pytest.mark.parametrize(("name", "modes"), [("ring", 8), ("grid", 25), ("gaussians", 2)])
def test_mixtures_are_equal_gaussians_around_their_centres(name: str, modes: int) -> None:
    dataset = DATASETS[name]()
    rows = rows_of(dataset).double()
    assert dataset.centres is not None
    assert dataset.std is not None
    centres = dataset.centres.double()
    # At 4 std from the middle between two modes even the two Gaussians on the line hardly mix: 3 in 100,000.
    nearest = torch.cdist(rows, centres).argmin(dim=1)
    counts = nearest.bincount(minlength=modes).double()
    fair = len(rows) / modes
    assert (counts - fair).abs().max().item() < 4.5 * math.sqrt(fair)
    noise = (rows - centres[nearest]) / dataset.std
    for axis in range(rows.shape[1]):
        assert kstest(noise[:, axis].numpy(), "norm").pvalue > 0.001
    if rows.shape[1] == 2:
        assert abs(torch.corrcoef(noise.T)[0, 1].item()) < 4.0 / math.sqrt(len(rows))


def test_ring_has_eight_modes_not_seven() -> None:
    # linspace(0, 2 pi, 8) would put the first and the last on one point.
    centres = DATASETS["ring"]().centres
    assert centres is not None
    distances = torch.cdist(centres, centres).fill_diagonal_(math.inf).min(dim=1).values
    torch.testing.assert_close(distances, torch.full((8,), 4.0 * math.sin(math.pi / 8)))
    torch.testing.assert_close(centres.norm(dim=1), torch.full((8,), 2.0))
    assert DATASETS["ring"]().std == 0.02


def test_grid_centres() -> None:
    grid = DATASETS["grid"]()
    assert grid.centres is not None
    assert grid.centres.tolist() == [[x, y] for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)]
    assert grid.std == 0.05
    assert grid.mode_names[1] == "(-4, -2)"


def test_gaussians_have_the_known_density() -> None:
    gaussians = DATASETS["gaussians"]()
    assert gaussians.centres is not None
    assert gaussians.centres.tolist() == [[-2.0], [2.0]]
    assert gaussians.std == 0.5


def test_swiss_roll_is_that_of_scikit_learn() -> None:
    # The same draws as make_swiss_roll takes from its generator: positions, widths, noise of three axes.
    ours = np.random.RandomState(5)
    position, _, noise = ours.uniform(size=300), ours.uniform(size=300), ours.standard_normal(size=(3, 300))
    theirs, _ = make_swiss_roll(300, noise=0.25, random_state=5)
    np.testing.assert_allclose(
        swiss_roll_points(position, noise[[0, 2]].T), theirs[:, [0, 2]] / 7.5, rtol=1e-12
    )


def test_swiss_roll_rows_are_distributed_like_scikit_learn() -> None:
    rows = rows_of(DATASETS["swiss-roll"]()).numpy()
    theirs, _ = make_swiss_roll(20_000, noise=0.25, random_state=6)
    for ours, axis in ((0, 0), (1, 2)):
        assert kstest(rows[:, ours], theirs[:, axis] / 7.5).pvalue > 0.001


def test_segments_are_uniform_on_the_axis() -> None:
    rows = rows_of(DATASETS["segments"]())
    assert rows[:, 0].abs().max().item() == 0.0
    assert kstest(rows[:, 1].numpy(), "uniform").pvalue > 0.001


def test_digits_are_those_of_scikit_learn_split_once() -> None:
    train, labels, held_out, held_out_labels = split_digits()
    pixels, classes = load_digits(return_X_y=True)
    ours = np.concatenate([train, held_out]).reshape(-1, 64) * 8.0 + 8.0
    named = np.column_stack([ours, np.concatenate([labels, held_out_labels])])
    original = np.column_stack([pixels, classes])
    np.testing.assert_array_equal(named[np.lexsort(named.T)], original[np.lexsort(original.T)])
    # Shuffled: the file is ordered by writer, and its first rows run 0, 1, 2, ...
    assert labels[:10].tolist() != list(range(10))


def test_stacked_digits_are_triples_of_the_right_digits() -> None:
    train, labels, held_out, held_out_labels = split_digits()
    stacked = DATASETS["stacked-digits"]()
    assert stacked.labels is not None
    assert stacked.held_out_labels is not None
    parts = (
        (rows_of(stacked), stacked.labels, train, labels),
        (
            stacked.held_out,
            stacked.held_out_labels,
            held_out,
            held_out_labels,
        ),
    )
    for rows, modes, images, classes in parts:
        known = {image.numpy().tobytes(): int(digit) for image, digit in zip(images, classes, strict=True)}
        for row, mode in zip(rows[:500], modes[:500].tolist(), strict=True):
            a, b, c = (known[channel.numpy().tobytes()] for channel in row)
            assert 100 * a + 10 * b + c == mode
    # The channels are drawn independently.
    first, second = stacked.labels // 100, stacked.labels % 10
    agree = (first == second).double().mean().item()
    shares = labels.bincount().double() / len(labels)
    assert agree == pytest.approx((shares**2).sum().item(), abs=0.01)


def test_importing_data_and_metrics_loads_no_heavy_library() -> None:
    heavy = "sklearn", "scipy", "ot", "plotly", "pandas"
    code = (
        "import sys, ganscope.data, ganscope.metrics; ganscope.data.DATASETS['grid'](); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_every_listed_name_exists() -> None:
    assert all(hasattr(data, name) for name in data.__all__)
    assert set(SHAPES) == set(DATASETS)
