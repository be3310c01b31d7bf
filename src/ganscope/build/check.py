"""What cannot work is refused before anything is written."""

from __future__ import annotations

from torch import nn

from ganscope.build.custom import (
    check_condition,
    check_discriminator,
    check_generator,
    check_objective,
    check_types,
)
from ganscope.build.device import check_speed, device_of
from ganscope.build.networks import told_by
from ganscope.build.one_row import check_single_rows
from ganscope.build.rules import objective_of
from ganscope.build.settings import family_of, options_of
from ganscope.config import CUSTOM, RunConfig
from ganscope.config.run_config import PLAYERS
from ganscope.contracts import BadInput, Dataset, Objective
from ganscope.data.find import check_rows
from ganscope.evaluation.mode_judges import has_modes
from ganscope.metrics import METRICS
from ganscope.nets.inspect import bounded_by_its_layers


def check(
    config: RunConfig,
    data: Dataset,
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    objective: Objective | None = None,
) -> None:
    """Refuse what cannot work, before anything is written.

    Args:
        config: the configuration.
        data: what it will be trained on.
        generator: the user's own.
        discriminator: the user's own.
        objective: the user's own, where it replaces the configured one.

    Raises:
        BadInput: an unconstrained Wasserstein critic, BatchNorm under a per-sample penalty, a batch larger
            than the data, a device that is not there, or a network that does not fit.
    """
    check_types(generator, discriminator, objective)
    if objective is not None:
        check_objective(objective)
    elif config.objective == CUSTOM:
        raise BadInput(
            'objective "own" needs an objective of your own: hand over objective=, or name another.'
        )
    lacking = [
        f"{player}="
        for player, module in zip(PLAYERS, (generator, discriminator), strict=True)
        if player in config.own and module is None
    ]
    if lacking:
        needs = (
            "both networks: hand over generator= and discriminator="
            if config.family == CUSTOM
            else (f"a {lacking[0][:-1]} of your own: hand over {lacking[0]}")
        )
        raise BadInput(f'network "{config.network}" needs {needs}.')
    check_rows(data, config.batch_size)
    check_condition(data, generator, discriminator)
    if config.batch_size % config.pack:
        raise BadInput(
            f"--pack {config.pack} does not divide --batch-size {config.batch_size} into whole packs: give a "
            f"batch size of {max(1, config.batch_size // config.pack) * config.pack}."
        )
    _check_best_by(config.best_by, data)
    if config.heal and not config.diagnose:
        raise BadInput("--heal acts on verdicts, and --no-diagnose asks for none: leave one of them out.")
    rules = objective_of(config, objective)
    bounded = config.d_lipschitz != "none" if discriminator is None else bounded_by_its_layers(discriminator)
    if rules.needs_lipschitz and not (config.penalties or config.clip or bounded):
        raise BadInput(
            f"--objective {config.objective} needs a Lipschitz critic and nothing constrains it: "
            "add --penalty gradient-penalty --penalty-weight 10, --d-lipschitz spectral-operator, or "
            "--clip 0.01."
        )
    family = family_of(config)
    built_in = family if "discriminator" not in config.own else None
    if config.penalties and built_in is not None and built_in.mixes_rows(options_of(config)):
        raise BadInput(
            f"--d-norm batch lets the rows of a batch influence one another, so the per-sample slope that "
            f"--penalty {config.penalty} asks for does not exist: use --d-norm layer or none."
        )
    told = told_by(config)
    if config.moves_at_once and told is not None and told.width(data.blocks):
        raise BadInput(
            f"--dynamics {config.dynamics} moves both players at once, and the generator of network "
            f"{config.family} has to answer for the category it was told in a step of its own: leave it out."
        )
    check_speed(config, device_of(config.device))
    if generator is not None:
        check_generator(generator, data, config)
    if discriminator is not None:
        check_discriminator(discriminator, data, config, objective)
    check_single_rows(config, data, generator, discriminator)


def _check_best_by(name: str, data: Dataset) -> None:
    """Refuse a metric that has no value while this run trains."""
    while_training = [known for known, metric in METRICS.items() if metric.while_training]
    if name not in while_training:
        raise BadInput(
            f"--best-by {name} is measured by ganscope evaluate, not while a run trains: use "
            f"{', '.join(while_training[:-1])} or {while_training[-1]}."
        )
    if METRICS[name].needs == "modes" and not has_modes(data):
        raise BadInput(
            f"--best-by {name} counts modes, and those of {data.name} are unknown: use --best-by emd."
        )
    if METRICS[name].needs == "labels" and data.held_out_labels is None:
        raise BadInput(f"--best-by {name} needs labels, and {data.name} has none: use --best-by emd.")
