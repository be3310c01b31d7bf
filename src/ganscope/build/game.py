"""From a configuration to the objects it names: the one place that knows all parts and introduces them."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganscope import __version__
from ganscope.config import OWN, RunConfig, command_of
from ganscope.contracts import BadInput, Dataset, Objective, Penalty
from ganscope.data.find import check_rows
from ganscope.evaluation import Evaluation
from ganscope.lipschitz import (
    CONSTRUCTIONS,
    PENALTIES,
    OrthogonalConv2d,
    OrthogonalLinear,
    SpectralNorm,
    advance_,
    clippable,
    with_target,
)
from ganscope.build.monitor import Monitor, pooled, some_rows
from ganscope.nets import NETS, FourierFeatures
from ganscope.objectives import OBJECTIVES, smoothed
from ganscope.build.custom import check_discriminator, check_generator, check_objective, check_types
from ganscope.training import Game, Runs, Term, streams
from ganscope.training.precision import INSTRUCTIONS, has_bfloat16, in_bfloat16
from ganscope.training.compiled import compiled, compiler
from ganscope.training.loop import advance
from ganscope.training.moves.optimism import make_optimistic
from ganscope.nets.packing import packed_shape
from ganscope.training.batches import as_condition
from ganscope.training.stacks.differences import along, own, own_rates
from ganscope.training.stacks.stacking import Network, plain, stack

__all__ = [
    "build",
    "check",
    "description",
    "generator_of",
    "networks",
    "steps_within",
]


def build(
    configs: Sequence[RunConfig],
    folders: Sequence[Path],
    on: Evaluation,
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    objective: Objective | None = None,
) -> Runs:
    """Build runs that train together: one plain run, or a stack of runs of one `program`.

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
        BadInput: a network that does not fit the data; see `check` for what is refused beforehand.
    """
    config = configs[0]
    if config.heal and len(configs) > 1:
        raise BadInput(
            "--heal changes the settings of one run, and a stack shares them: train each run alone."
        )
    device = _device(config.device)
    rules = _rules(config, objective)
    dtype = torch.float64 if config.precision == "float64" else torch.float32
    pairs = [networks(c, on.data, generator, discriminator) for c in configs]
    players = [[network.to(device, dtype) for network in player] for player in zip(*pairs, strict=True)]
    wrap = plain_of if len(configs) == 1 else stack
    g_network, d_network = wrap(players[0]), wrap(players[1])
    if config.precision == "bfloat16":
        g_network, d_network = in_bfloat16(g_network), in_bfloat16(d_network)
    like = next(iter(d_network.parameters.values()))
    mixes_rows = discriminator is not None or config.d_norm == "batch"
    game = Game(
        generator=g_network,
        discriminator=d_network,
        objective=rules,
        g_optimizer=_rated(config, g_network, own([c.g_lr for c in configs], like)),
        d_optimizer=_rated(config, d_network, own([c.d_lr for c in configs], like)),
        terms=_terms(config, own([c.penalty_weight for c in configs], like)),
        project=_projection(d_network, own([c.clip or math.inf for c in configs], like), len(configs) > 1),
        g_needs_real=_reads_real_logits(rules),
        joint=not mixes_rows,
        pack=config.pack,
        stacked=len(configs) > 1,
    )
    if config.dynamics == "optimistic":
        make_optimistic(game.g_optimizer)
        make_optimistic(game.d_optimizer)
    if config.compile:
        game = compiled(game)
    held_out = on.compared.to(device, dtype)
    rows = on.data.train.to(device, dtype) if isinstance(on.data.train, Tensor) else on.data.train
    runs = Runs(configs, folders, game, rows, held_out, on.measure, on.samples, on.about)
    if on.data.condition is not None and on.data.held_out_condition is not None:
        runs.conditions = on.data.condition
        runs.held_out_condition = as_condition(on.data.held_out_condition[: len(held_out)], held_out)
    if config.diagnose:
        index = some_rows(len(runs.rows))
        seen = runs.rows[index].to(held_out)
        conditions = () if runs.conditions is None else (as_condition(runs.conditions[index], held_out),)
        runs.monitor = Monitor(pooled(held_out, seen), (seen, *conditions))
    return runs


def description(
    config: RunConfig, on: Evaluation, stack: Sequence[RunConfig], folders: Sequence[str], threads: int
) -> dict[str, Any]:
    """Return what `config.json` of a run holds: all it takes to repeat and to understand it.

    Args:
        config: the run's own.
        on: the data.
        stack: the configurations of all runs that train as one program, this one among them.
        folders: their folders as seen from the run's own.
        threads: of the processor.
    """
    together = len(stack) > 1
    return {
        "ganscope": __version__,
        "torch": torch.__version__,
        "config": config.model_dump(),
        "command": command_of(config),
        "data": on.about,
        "execution": {
            "form": "stacked" if together else "plain",
            "stack": [member.seed for member in stack],
            **({"folders": list(folders)} if together else {}),
            "threads": threads,
            "device": config.device,
        },
    }


def steps_within(seconds: float, configs: Sequence[RunConfig], on: Evaluation) -> int:
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


def generator_of(config: RunConfig, about: Mapping[str, Any]) -> nn.Module:
    """Build the (untrained) generator of a run that trained on data of which `config.json` says `about`."""
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


def check(
    config: RunConfig,
    data: Dataset,
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    objective: Objective | None = None,
) -> tuple[nn.Module, nn.Module]:
    """Refuse what cannot work, before anything is written.

    Args:
        config: the configuration.
        data: what it will be trained on.
        generator: the user's own.
        discriminator: the user's own.
        objective: the user's own, where it replaces the configured one.

    Returns:
        Generator and discriminator, as they will be at the start: the user's own, or throwaway ones.

    Raises:
        BadInput: an unconstrained Wasserstein critic, BatchNorm under a per-sample penalty, a batch larger
            than the data, a device that is not there, or a network that does not fit.
    """
    check_types(generator, discriminator, objective)
    if objective is not None:
        check_objective(objective)
    elif config.objective == OWN:
        raise BadInput(
            'objective "own" needs an objective of your own: hand over objective=, or name another.'
        )
    if config.network == OWN and (generator is None or discriminator is None):
        raise BadInput('network "own" needs both networks: hand over generator= and discriminator=.')
    check_rows(data, config.batch_size)
    if config.batch_size % config.pack:
        raise BadInput(
            f"--pack {config.pack} does not divide --batch-size {config.batch_size} into whole packs: give a "
            f"batch size of {max(1, config.batch_size // config.pack) * config.pack}."
        )
    if config.heal and not config.diagnose:
        raise BadInput("--heal acts on verdicts, and --no-diagnose asks for none: leave one of them out.")
    rules = _rules(config, objective)
    constrained = config.penalties or config.clip or config.d_lipschitz != "none"
    if rules.needs_lipschitz and not constrained and not _bounded_by_its_layers(discriminator):
        raise BadInput(
            f"--objective {config.objective} needs a Lipschitz critic and nothing constrains it: "
            "add --penalty gradient-penalty --penalty-weight 10, --d-lipschitz spectral-operator, or "
            "--clip 0.01."
        )
    if config.penalties and config.d_norm == "batch":
        raise BadInput(
            f"--d-norm batch lets the rows of a batch influence one another, so the per-sample slope that "
            f"--penalty {config.penalty} asks for does not exist: use --d-norm layer or none."
        )
    _check_speed(config, _device(config.device))
    if generator is not None:
        check_generator(generator, data, config)
    if discriminator is not None:
        check_discriminator(discriminator, data, config, objective)
    return networks(config, data, generator, discriminator)


def _check_speed(config: RunConfig, device: torch.device) -> None:
    """Refuse ways to be faster that this machine or these networks do not have."""
    if config.precision == "bfloat16" and not has_bfloat16(device):
        raise BadInput(
            f"--precision bfloat16 would be many times slower here: {device.type} has no bfloat16 products "
            f"of its own ({', '.join(sorted(INSTRUCTIONS))}); leave it out."
        )
    if not config.compile:
        return
    state = "batch" in (config.g_norm, config.d_norm) or config.d_lipschitz != "none"
    if state or OWN in (config.network, config.objective) or config.moves_at_once:
        raise BadInput(
            "--compile is for built-in networks and objectives without batch or spectral normalisation whose "
            "players move in turn: leave it out."
        )
    if device.type == "cpu" and not compiler():
        raise BadInput("--compile needs a C++ compiler, and none is found: install g++, or leave it out.")


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError:
        raise BadInput(f"--device {name} is no device: use cpu, cuda or cuda:N.") from None
    if device.type not in ("cpu", "cuda"):
        raise BadInput(f"--device {name} is not supported: use cpu, cuda or cuda:N.")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise BadInput(f"--device {name} cannot be used: this torch sees no CUDA device; use --device cpu.")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise BadInput(
            f"--device {name} is not there: this machine has cuda:0 to cuda:{torch.cuda.device_count() - 1}."
        )
    return device


def networks(
    config: RunConfig, data: Dataset, generator: nn.Module | None, discriminator: nn.Module | None
) -> tuple[nn.Module, nn.Module]:
    """Build generator and discriminator of one run from its own init stream; the user's own stay."""
    with streams.global_stream(config.seed, "init"):
        if generator is None:
            generator = NETS[config.network].generator(
                data.shape, config.latent_dim, config.g_width, config.g_depth, config.g_norm,
                data.value_range is not None,
            )  # fmt: skip
        if discriminator is None:
            shape = packed_shape(data.shape, config.pack)
            waves = FourierFeatures(shape, config.d_fourier) if config.d_fourier else None
            discriminator = NETS[config.network].discriminator(
                (waves.outputs,) if waves else shape, config.d_width, config.d_depth, config.d_norm
            )
            if waves:
                discriminator = nn.Sequential(waves, *discriminator.children())
            if config.d_lipschitz != "none":
                discriminator = CONSTRUCTIONS[config.d_lipschitz](discriminator, shape)
    return generator, discriminator


def _rules(config: RunConfig, objective: Objective | None) -> Objective:
    """The objective in force, the user's own or the configured one, with smoothed labels where asked for."""
    return smoothed(
        objective if objective is not None else OBJECTIVES[config.objective], config.label_smoothing
    )


def _terms(config: RunConfig, weights: float | Tensor) -> tuple[Term, ...]:
    chosen = [PENALTIES[name] for name in config.penalties]
    return tuple(
        _term(with_target(p, config.penalty_target) if p.asks_slope else p, weights * config.penalty_every)
        for p in chosen
    )


def _term(penalty: Penalty, weights: float | Tensor) -> Term:
    """See where a penalty looks by showing it two rows."""
    weight = weights.unsqueeze(1) if isinstance(weights, Tensor) else weights
    real, fake = torch.zeros(2, 1), torch.ones(2, 1)
    x = penalty.points(real, fake, torch.full((2, 1), 0.5))
    return Term(penalty, weight, "real" if x is real else "fake" if x is fake else "elsewhere")


def _reads_real_logits(rules: Objective) -> bool:
    """See whether the generator's loss depends on real logits, as in relativistic objectives."""
    real = torch.zeros(2, requires_grad=True)
    loss = rules.g_loss(real, torch.zeros(2, requires_grad=True)).sum()
    (slope,) = torch.autograd.grad(loss, real, allow_unused=True)
    return slope is not None


def _bounded_by_its_layers(discriminator: nn.Module | None) -> bool:
    """Tell whether a discriminator of the user's own has layers that bound its slope."""
    kinds = (SpectralNorm, OrthogonalLinear, OrthogonalConv2d)
    return discriminator is not None and any(isinstance(layer, kinds) for layer in discriminator.modules())


def _projection(network: Network, c: float | Tensor, stacked: bool) -> Callable[[], None]:
    """What follows a step of the discriminator: its weights are clipped, or their norms measured anew."""
    if any(isinstance(layer, SpectralNorm) for layer in network.module.modules()):
        return lambda: advance_(network.module, network.parameters, network.buffers, stacked)
    return _clipping(network, c)


def _clipping(network: Network, c: float | Tensor) -> Callable[[], None]:
    """Clip weights to ±c after the discriminator's step; infinity leaves them alone."""
    clipped = [network.parameters[name] for name in clippable(network.module)]
    if isinstance(c, Tensor):
        bounds = [along(c, parameter) for parameter in clipped]

        def project() -> None:
            with torch.no_grad():
                for parameter, bound in zip(clipped, bounds, strict=True):
                    torch.clamp(parameter, -bound, bound, out=parameter)

        return project

    def project_alike() -> None:
        with torch.no_grad():
            torch._foreach_clamp_max_(clipped, c)
            torch._foreach_clamp_min_(clipped, -c)

    return project_alike if math.isfinite(c) else lambda: None


def _rated(config: RunConfig, network: Network, rate: float | Tensor) -> torch.optim.Optimizer:
    """Return an optimiser with one learning rate for all runs or, where they differ, one a run."""
    if isinstance(rate, Tensor):
        optimizer = _optimizer(config, network, 1.0)
        own_rates(optimizer, rate)
    else:
        optimizer = _optimizer(config, network, rate)
    for group in optimizer.param_groups:
        group["initial_lr"] = group["lr"]  # the loop scales it as the run goes on
    return optimizer


def _optimizer(config: RunConfig, network: Network, rate: float) -> torch.optim.Optimizer:
    parameters = list(network.parameters.values())
    if config.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=rate, momentum=config.beta1)
    if config.optimizer == "rmsprop":
        return torch.optim.RMSprop(parameters, lr=rate, alpha=config.beta2)
    return torch.optim.Adam(parameters, lr=rate, betas=(config.beta1, config.beta2), fused=True)
