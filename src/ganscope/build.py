"""From a configuration to the objects it names: the one place that knows all parts and introduces them."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ganscope import __version__, record
from ganscope.config import BUILT_IN_DATA, OWN, RunConfig, unknown
from ganscope.contracts import BadInput, Dataset, ModeReport, Objective, Penalty
from ganscope.data import DATASETS
from ganscope.lipschitz import PENALTIES, clippable
from ganscope.metrics import class_judge, emd, mode_report, stacked_judge
from ganscope.nets import NETS
from ganscope.objectives import OBJECTIVES
from ganscope.training import Game, Runs, Term, streams
from ganscope.training.loop import advance
from ganscope.training.stacking import Network, evaluating, plain, stack

COMPARED_ROWS = 500
"""Held-out rows, and fakes, in an exact EMD: its cost grows with the cube."""
JUDGED_SAMPLES = {"digits": 1_000, "stacked-digits": 10_000}
"""Samples over which modes are counted; 2,500 (VEEGAN, PacGAN) for the mixtures."""
FLOOR_DRAWS = 5


class Bench(NamedTuple):
    """A data set with everything it takes to judge samples of it."""

    data: Dataset
    measure: Callable[[Tensor], dict[str, Any]]
    samples: int
    """How many samples `measure` wants."""
    about: dict[str, Any]
    """The `data` entry of `config.json`."""


def bench(data: Dataset, batch_size: int) -> Bench:
    """Prepare a data set: its held-out rows, EMD floor and judge of modes.

    Args:
        data: training and held-out rows.
        batch_size: rows per update.

    Returns:
        The bench, the same for all runs on this data.

    Raises:
        BadInput: fewer training rows than a batch.
    """
    if len(data.train) < batch_size:
        raise BadInput(
            f"--batch-size {batch_size} is more than the {len(data.train)} training rows of {data.name}: "
            f"use at most {len(data.train)}."
        )
    held_out = data.held_out[:COMPARED_ROWS]
    judge, accuracy, samples = _judge(data)
    floor = statistics.mean(emd(held_out, rows) for rows in _floor_draws(data, len(held_out)))

    def measure(fake: Tensor) -> dict[str, Any]:
        measured: dict[str, Any] = {
            "emd": emd(held_out, fake[: len(held_out)]) if fake.isfinite().all() else None
        }
        if judge is not None:
            report = judge(fake)
            measured |= {
                "captured": report.captured,
                "high_quality": report.high_quality,
                "reverse_kl": report.reverse_kl,
                "missing": list(report.missing),
            }
        return measured

    about = {
        "name": data.name,
        "shape": list(data.shape),
        "train_rows": len(data.train),
        "held_out_rows": len(data.held_out),
        "compared_rows": len(held_out),
        "emd_floor": floor,
        "mode_names": _mode_names(data),
        "judge_accuracy": accuracy,
        "judged_samples": samples if judge is not None else None,
        "value_range": data.value_range,
        "centres": None if data.centres is None else data.centres.tolist(),
        "columns": list(data.columns),
    }
    return Bench(data, measure, max(samples, len(held_out)), about)


def load_data(data: str | Dataset | Tensor) -> Dataset:
    """Find the data a configuration names, or take the user's own.

    Args:
        data: a built-in name, a `Dataset`, or rows `[N, *shape]`; a tenth (50 to 500 rows) is held out.

    Returns:
        The data set.

    Raises:
        BadInput: an unknown name, or rows that cannot be trained on.
    """
    if isinstance(data, Dataset):
        return data
    if isinstance(data, Tensor):
        return _own_rows(data)
    if data not in DATASETS:
        raise BadInput(unknown("data", data, BUILT_IN_DATA))
    return DATASETS[data]()


def build(
    configs: Sequence[RunConfig],
    folders: Sequence[Path],
    on: Bench,
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    objective: Objective | None = None,
) -> Runs:
    """Build runs that train together: one plain run, or a stack of runs that differ in their seeds.

    Args:
        configs: one per run.
        folders: one per run, existing.
        on: the data they train on.
        generator: the user's own, `[B, latent_dim] -> [B, *shape]`, for a single run; trained in place.
        discriminator: the user's own, `[B, *shape] -> [B]`, `[B, 1]` or patches.
        objective: the user's own.

    Returns:
        Runs at step 0.

    Raises:
        BadInput: a combination that cannot work.
    """
    config = configs[0]
    device = _device(config.device)
    rules = objective if objective is not None else OBJECTIVES[config.objective]
    check(config, objective)
    dtype = torch.float64 if config.precision == "float64" else torch.float32
    pairs = [_networks(c, on.data, generator, discriminator) for c in configs]
    players = [[network.to(device, dtype) for network in player] for player in zip(*pairs, strict=True)]
    for network, name in ((generator, "generator"), (discriminator, "discriminator")):
        if network is not None:
            _check_own(players[0][0], players[1][0], name, on.data, config)
    wrap = plain_of if len(configs) == 1 else stack
    g_network, d_network = wrap(players[0]), wrap(players[1])
    mixes_rows = discriminator is not None or config.d_norm == "batch"
    game = Game(
        generator=g_network,
        discriminator=d_network,
        objective=rules,
        g_optimizer=_optimizer(config, g_network, config.g_lr),
        d_optimizer=_optimizer(config, d_network, config.d_lr),
        terms=tuple(_term(PENALTIES[name], config.penalty_weight) for name in config.penalties),
        project=_clipping(d_network, config.clip),
        g_needs_real=_reads_real_logits(rules),
        joint=not mixes_rows,
        stacked=len(configs) > 1,
    )
    held_out = on.data.held_out[:COMPARED_ROWS].to(device, dtype)
    rows = on.data.train.to(device, dtype) if isinstance(on.data.train, Tensor) else on.data.train
    return Runs(configs, folders, game, rows, held_out, on.measure, on.samples, on.about)


def description(config: RunConfig, on: Bench, seeds: Sequence[int], threads: int) -> dict[str, Any]:
    """What `config.json` of a run holds: all it takes to repeat and to understand it."""
    return {
        "ganscope": __version__,
        "torch": torch.__version__,
        "config": config.model_dump(),
        "data": on.about,
        "execution": {
            "form": "stacked" if len(seeds) > 1 else "plain",
            "stack": list(seeds),
            "threads": threads,
            "device": config.device,
        },
    }


def write_real(path: Path, on: Bench) -> None:
    """Keep the held-out rows beside a run, so that its report shows what real looks like."""
    with record.whole_file(path) as file:
        np.save(file, on.data.held_out[:COMPARED_ROWS].numpy(), allow_pickle=False)


def steps_within(seconds: float, configs: Sequence[RunConfig], on: Bench) -> int:
    """Measure how many generator steps fit into a time, on throwaway networks.

    Args:
        seconds: training time to fill, above 0.
        configs: the runs that will train together.
        on: the data.

    Returns:
        Steps, at least 1.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trial = [c.model_copy(update={"steps": 10**9}) for c in configs]
        runs = build(trial, [folder] * len(trial), on)
        advance(runs)
        taken, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < min(2.0, seconds / 10) or taken < 3:
            advance(runs)
            runs.step += 1
            taken += 1
    return max(1, round(seconds * taken / spent))


def generator_of(description: Mapping[str, Any]) -> nn.Module:
    """Build the (untrained) generator a run folder's `config.json` describes."""
    config = RunConfig(**description["config"])
    about = description["data"]
    if config.network == OWN:
        raise BadInput(
            "this run trained a generator of your own: hand the module over, as in "
            "ganscope.load(run, generator=module)."
        )
    return NETS[config.network].generator(
        tuple(about["shape"]), config.latent_dim, config.g_width, config.g_depth, config.g_norm,
        about["value_range"] is not None,
    )  # fmt: skip


def plain_of(modules: Sequence[nn.Module]) -> Network:
    """Wrap the only module of a single run."""
    (module,) = modules
    return plain(module)


def _judge(data: Dataset) -> tuple[Callable[[Tensor], ModeReport] | None, float | None, int]:
    """How modes are told apart in this data: by known centres, by a classifier, or not at all."""
    samples = JUDGED_SAMPLES.get(data.name, 2_500)
    if data.centres is not None and data.std is not None:
        centres, std = data.centres, data.std
        return (lambda fake: mode_report(fake, centres, std)), None, samples
    if data.labels is not None and data.held_out_labels is not None and isinstance(data.train, Tensor):
        make = stacked_judge if data.name == "stacked-digits" else class_judge
        judge = make(data.train, data.labels, data.held_out, data.held_out_labels)
        return judge.report, judge.accuracy, samples
    return None, None, 0


def _mode_names(data: Dataset) -> list[str]:
    """Names of the modes; those of a mixture without names are numbered."""
    if data.mode_names or data.centres is None:
        return list(data.mode_names)
    return [str(mode) for mode in range(len(data.centres))]


def _floor_draws(data: Dataset, rows: int) -> list[Tensor]:
    """Draw fixed sets of training rows, each as many as there are fakes: their EMD is within reach."""
    count = min(rows, len(data.train))
    return [
        data.train[torch.randperm(len(data.train), generator=streams.generator(0, "floor", draw))[:count]]
        for draw in range(FLOOR_DRAWS)
    ]


def _own_rows(rows: Tensor) -> Dataset:
    if rows.ndim < 2 or len(rows) < 20:
        raise BadInput(
            f"data of shape {list(rows.shape)} cannot be trained on: give at least 20 rows [N, ...]."
        )
    rows = rows.detach().float().cpu()
    if not rows.isfinite().all():
        raise BadInput(
            f"row {int((~rows.flatten(1).isfinite().all(1)).nonzero()[0])} of the data is NaN or infinite: "
            "remove or repair such rows."
        )
    order = torch.randperm(len(rows), generator=streams.generator(0, "split"))
    held = min(COMPARED_ROWS, max(len(rows) // 10, min(50, len(rows) // 2)))
    bounded = rows.ndim == 4 and bool(rows.abs().max() <= 1)
    return Dataset(OWN, rows[order[held:]], rows[order[:held]], value_range=(-1.0, 1.0) if bounded else None)


def check(config: RunConfig, objective: Objective | None = None) -> None:
    """Refuse combinations that cannot work, before anything is written.

    Args:
        config: the configuration.
        objective: the user's own, where it replaces the configured one.

    Raises:
        BadInput: an unconstrained Wasserstein critic, or BatchNorm under a per-sample penalty.
    """
    rules = objective if objective is not None else OBJECTIVES[config.objective]
    if rules.needs_lipschitz and not config.penalties and config.clip == 0:
        raise BadInput(
            f"--objective {config.objective} needs a Lipschitz critic and nothing constrains it: "
            "add --penalty gradient-penalty --penalty-weight 10, or --clip 0.01."
        )
    if config.penalties and config.d_norm == "batch":
        raise BadInput(
            f"--d-norm batch lets the rows of a batch influence one another, so the per-sample slope that "
            f"--penalty {config.penalty} asks for does not exist: use --d-norm layer or none."
        )


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError:
        raise BadInput(f"--device {name} is no device: use cpu, cuda or cuda:N.") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise BadInput(f"--device {name} cannot be used: this torch sees no CUDA device; use --device cpu.")
    return device


def _networks(
    config: RunConfig, data: Dataset, generator: nn.Module | None, discriminator: nn.Module | None
) -> tuple[nn.Module, nn.Module]:
    """Build generator and discriminator of one run from its own init stream."""
    with streams.global_stream(config.seed, "init"):
        if generator is None:
            generator = NETS[config.network].generator(
                data.shape, config.latent_dim, config.g_width, config.g_depth, config.g_norm,
                data.value_range is not None,
            )  # fmt: skip
        if discriminator is None:
            discriminator = NETS[config.network].discriminator(
                data.shape, config.d_width, config.d_depth, config.d_norm
            )
    return generator, discriminator


def _check_own(
    generator: nn.Module, discriminator: nn.Module, whose: str, data: Dataset, config: RunConfig
) -> None:
    """Try the user's networks on two rows, and look for what is known not to work."""
    latent = torch.zeros(2, config.latent_dim, device=config.device, dtype=next(generator.parameters()).dtype)
    real = data.held_out[:2].to(latent)
    for name, network, x, wanted in (
        ("generator", generator, latent, [2, *data.shape]),
        ("discriminator", discriminator, real, None),
    ):
        try:
            with evaluating(plain(network)):
                shape = list(network(x).shape)
        except (RuntimeError, TypeError, ValueError) as error:
            raise BadInput(
                f"the {name} cannot take an input of shape {list(x.shape)}: {str(error).splitlines()[0]}. "
                "Make its first layer fit."
            ) from None
        if wanted is not None and shape != wanted:
            raise BadInput(
                f"the {name} turns latents {list(x.shape)} into {shape}, but the data needs {wanted}: "
                "change its last layer."
            )
        if wanted is None and shape[:1] != [2]:
            raise BadInput(
                f"the {name} turns two rows {list(x.shape)} into {shape}, but one logit a row is needed: "
                "return [B] or [B, 1]."
            )
    if whose == "discriminator":
        modules = list(discriminator.modules())
        if isinstance(modules[-1], nn.Sigmoid):
            raise BadInput(
                "the discriminator ends in a sigmoid, but objectives take raw logits: remove the sigmoid."
            )
        if config.penalties and any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in modules):
            raise BadInput(
                f"the discriminator has BatchNorm, which mixes the rows of a batch, so the per-sample slope "
                f"that --penalty {config.penalty} asks for does not exist: remove it."
            )


def _term(penalty: Penalty, weight: float) -> Term:
    """See where a penalty looks by showing it two rows."""
    real, fake = torch.zeros(2, 1), torch.ones(2, 1)
    x = penalty.points(real, fake, torch.full((2, 1), 0.5))
    return Term(penalty, weight, "real" if x is real else "fake" if x is fake else "elsewhere")


def _reads_real_logits(rules: Objective) -> bool:
    """See whether the generator's loss depends on real logits, as in relativistic objectives."""
    real = torch.zeros(2, requires_grad=True)
    loss = rules.g_loss(real, torch.zeros(2, requires_grad=True)).sum()
    (slope,) = torch.autograd.grad(loss, real, allow_unused=True)
    return slope is not None


def _clipping(network: Network, c: float) -> Callable[[], None]:
    clipped = [network.parameters[name] for name in clippable(network.module)] if c else []

    def project() -> None:
        if clipped:
            with torch.no_grad():
                torch._foreach_clamp_max_(clipped, c)
                torch._foreach_clamp_min_(clipped, -c)

    return project


def _optimizer(config: RunConfig, network: Network, rate: float) -> torch.optim.Optimizer:
    parameters = list(network.parameters.values())
    if config.optimizer == "rmsprop":
        return torch.optim.RMSprop(parameters, lr=rate, alpha=config.beta2)
    return torch.optim.Adam(parameters, lr=rate, betas=(config.beta1, config.beta2), fused=True)
