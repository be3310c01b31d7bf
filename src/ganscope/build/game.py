"""Runs made of their configurations: networks, rules and optimisers put together to games."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ganscope.build.device import device_of
from ganscope.build.monitor import Monitor, pooled, some_rows
from ganscope.build.networks import networks, told_by
from ganscope.build.optimisers import optimiser_of
from ganscope.build.rules import objective_of, projection_of, reads_real_logits, terms_of
from ganscope.build.settings import family_of, options_of
from ganscope.config import RunConfig
from ganscope.contracts import BadInput, Block, Objective, Told
from ganscope.evaluation import Evaluation
from ganscope.evaluation.mode_judges import has_modes
from ganscope.nets.told import told_of
from ganscope.training import Game, Runs, streams
from ganscope.training.batches import as_condition
from ganscope.training.by_frequency import ByFrequency
from ganscope.training.compiled import compiled
from ganscope.training.moves.optimism import make_optimistic
from ganscope.training.precision import in_bfloat16
from ganscope.training.stacks.differences import shared_or_each
from ganscope.training.stacks.stacking import Network, plain, stack


def build(
    configs: Sequence[RunConfig],
    folders: Sequence[Path],
    on: Evaluation,
    pairs: Sequence[tuple[nn.Module, nn.Module]] | None = None,
    objective: Objective | None = None,
) -> Runs:
    """Build runs that train together: one plain run, or a stack of runs of one `program`.

    Args:
        configs: one per run.
        folders: one per run, existing.
        on: the data they train on.
        pairs: generator and discriminator of each run, a single run's trained in place; by default those
            that the configurations name.
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
    device = device_of(config.device)
    rules = objective_of(config, objective)
    dtype = torch.float64 if config.precision == "float64" else torch.float32
    if pairs is None:
        pairs = [networks(c, on.data, None, None) for c in configs]
    players = [[network.to(device, dtype) for network in player] for player in zip(*pairs, strict=True)]
    wrap = plain_of if len(configs) == 1 else stack
    g_network, d_network = wrap(players[0]), wrap(players[1])
    if config.precision == "bfloat16":
        g_network, d_network = in_bfloat16(g_network), in_bfloat16(d_network)
    like = next(iter(d_network.parameters.values()))
    family = family_of(config)
    mixes_rows = "discriminator" in config.own or family is None or family.mixes_rows(options_of(config))
    game = Game(
        generator=g_network,
        discriminator=d_network,
        objective=rules,
        g_optimizer=optimiser_of(
            config, g_network, shared_or_each([c.g_lr for c in configs], like), config.g_weight_decay
        ),
        d_optimizer=optimiser_of(config, d_network, shared_or_each([c.d_lr for c in configs], like)),
        terms=terms_of(config, shared_or_each([c.penalty_weight for c in configs], like)),
        project=projection_of(
            d_network, shared_or_each([c.clip or math.inf for c in configs], like), len(configs) > 1
        ),
        g_needs_real=reads_real_logits(rules),
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
    if not has_modes(on.data):
        runs.distance = on.distance
    if on.data.condition is not None and on.data.held_out_condition is not None:
        runs.conditions = on.data.condition
        runs.held_out_condition = as_condition(on.data.held_out_condition[: len(held_out)], held_out)
    told = told_by(config)
    if told is not None and told.width(on.data.blocks):
        tell_choices(runs, told, on.data.blocks)
    if config.diagnose:
        index = some_rows(len(runs.rows))
        seen = runs.rows[index].to(held_out)
        conditions = () if runs.conditions is None else (as_condition(runs.conditions[index], held_out),)
        if runs.by_frequency is not None:
            conditions = (told_fixed(seen, on.data.blocks),)
        runs.observers, runs.verdicts = (Monitor(pooled(held_out, seen), (seen, *conditions)),), {}
    return runs


def tell_choices(runs: Runs, told: Told, blocks: Sequence[Block]) -> None:
    """Have both networks of a run told one category of each row, and the generator answer for it."""
    generator = runs.game.generator.module
    runs.by_frequency = ByFrequency(runs.rows, blocks, runs.config.batch_size, runs.config.seed)
    with torch.no_grad():
        told.learn(generator, runs.by_frequency.shares)
    runs.held_out_condition = told_fixed(runs.held_out, blocks)
    runs.game = runs.game._replace(own_cost=functools.partial(told.cost, generator))


def told_fixed(rows: Tensor, blocks: Sequence[Block]) -> Tensor:
    """Tell one category of each row, the same for every run: of rows by which a run is judged."""
    return told_of(rows.cpu(), blocks, streams.generator(0, "told")).to(rows)


def plain_of(modules: Sequence[nn.Module]) -> Network:
    """Wrap the only module of a single run."""
    (module,) = modules
    return plain(module)
