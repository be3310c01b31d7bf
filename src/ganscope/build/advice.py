"""Advice that fits a run: without what is in force already, as settings and as a command that runs."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ganscope.build.settings import INHERITED, changed, command_of, completed, idle_options
from ganscope.config import CUSTOM, RunConfig
from ganscope.contracts import BadInput
from ganscope.diagnose.rules.conclusion import Answer, rounded_up
from ganscope.diagnose.rules.rates import PLAYERS, TOO_LOW, Rates, judged, rate_remedies, rate_words
from ganscope.diagnose.rules.recovered import recovered
from ganscope.diagnose.rules.rule import Remedy
from ganscope.diagnose.rules.suspects import LESS, MORE, remedy_of
from ganscope.diagnose.rules.verdict import Verdict, remedies_for
from ganscope.objectives import OBJECTIVES
from ganscope.words.complaints import flag
from ganscope.words.lists import listed
from ganscope.words.sentences import uncapitalised

IN_FORCE = "What is known to help is in force already; what is left to try: "
OUT_OF_REACH = "What is known to help is in force already or out of reach; what is left to try: "
LONGER = "-longer"
"""What the folder of a run that goes on is called after the first one's name."""
LEFT_TO_TRY = (LESS, MORE)
"""What to try where everything else is in force; how often it helps was not measured."""
CAPACITY_FIRST = ("discriminator-too-weak", "critic-underfit", "vanishing-gradient", "unconverged")
PHRASES: dict[tuple[str, Any], str] = {
    ("objective", None): "Use the {value} loss",
    ("optimizer", "adam"): "Use Adam in place of {old}",
    ("penalty_every", 1): "Apply the penalty in every step",
    ("clip", 0.0): "Stop clipping the critic's weights",
}
"""How a setting of a value, None for any, is asked for."""
PENALTIES = {"gradient-penalty": "a gradient penalty", "r1": "R1", "r1+r2": "R1 and R2"}


class Change(NamedTuple):
    """What a remedy makes of a run's configuration."""

    remedy: Remedy
    config: RunConfig
    altered: tuple[str, ...]
    """Settings that are not as they were."""
    idle: tuple[str, ...]
    """Those among them that the others leave without effect."""


def remedies_of(verdict: Verdict, config: RunConfig) -> tuple[Remedy, ...]:
    """List what helps this run, what to do first in front: `advised` says it, healing does it.

    Rates that are far from usual come first where the verdict's first remedy does not set them right, then
    the remedies of the verdict, then what is left to try.

    Args:
        verdict: what is wrong.
        config: in force.
    """
    remedies = _by_rule(verdict, config)
    if verdict.name == "wiring":
        return remedies  # a mistake in the code is mended there
    rates = Rates(config.g_lr, config.d_lr, config.optimizer)
    first = change_of(remedies[0], config) if remedies else ""
    by_rates = tuple(
        remedy
        for remedy in rate_remedies(verdict.name, verdict.factor, rates)
        if isinstance(first, str) or not _sets_right(remedy, first, config)
    )
    slow = any(judged(name, rates) == TOO_LOW for name in PLAYERS)
    left = (MORE, LESS) if verdict.name in CAPACITY_FIRST or slow else (LESS, MORE)
    return (*by_rates, *remedies, *left)


def _by_rule(verdict: Verdict, config: RunConfig) -> tuple[Remedy, ...]:
    known = OBJECTIVES.get(config.objective)
    critic = None if known is None else known.needs_lipschitz
    return remedies_for(verdict.name, verdict.factor, verdict.pattern, critic)


def _sets_right(by_rates: Remedy, first: Change, config: RunConfig) -> bool:
    """Whether the first remedy sets the rates right: up with nothing else, or down among other things."""
    old, new = config.flat(), first.config.flat()
    if all(new[name] < old[name] for name in by_rates.settings):
        usual = Rates(new["g_lr"], new["d_lr"], first.config.optimizer)
        return all(judged(name, usual) == "usual" for name in by_rates.settings)
    return set(first.altered) == set(by_rates.settings) and all(
        new[name] == value for name, value in by_rates.settings.items()
    )


def change_of(remedy: Remedy, config: RunConfig, fixed: str = "") -> Change | str:
    """Work out what a remedy changes in a run.

    Args:
        remedy: what to change.
        config: in force.
        fixed: why the networks' shapes cannot change, as far as the configuration does not say it.

    Returns:
        The change; or in a sentence why there is none: no setting makes it, it is in force already, or it
        is out of reach.
    """
    said = uncapitalised(remedy.change)
    if not remedy.is_setting:
        return f"no setting does this: {said}"
    try:
        _refuse_custom_networks(config, remedy)
        settings = _not_less(remedy.settings, config)
        factors = _not_below_usual(remedy.factors, str(settings.get("optimizer", config.optimizer)), config)
        new, idle = changed(config, settings, factors, remedy.raised, remedy.lowered)
        before, after = completed(config).flat(), new.flat()
        altered = tuple(name for name in after if after[name] != before.get(name))
        _refuse_out_of_reach(config, new, altered, fixed)
    except BadInput as impossible:
        return str(impossible)
    if not set(altered) - set(idle):
        return f"this is in force already: {said}"
    return Change(remedy, new, altered, tuple(idle))


def advised(verdict: Verdict, config: RunConfig) -> Verdict:
    """Make the advice of a verdict fit a run: never what is in force, and as a command that runs.

    Args:
        verdict: what is wrong with the run.
        config: in force.

    Returns:
        The verdict with other `advice`, `changes`, `command` and `helped`.

    Example:
        >>> slow = RunConfig(data="ring", recipe="r1", g_lr=1e-5, d_lr=1e-3)
        >>> fault = Verdict("discriminator-too-strong", "severe", 100, None, None, {}, "A cause.", "")
        >>> advised(fault, slow).changes
        {'g_lr': 0.001}
    """
    every = remedies_of(verdict, config)
    first = next(iter(_by_rule(verdict, config)), None)
    for remedy, change in _possible(every, config):
        if change is None:
            return verdict._replace(advice=str(remedy), changes={}, command="", helped=None)
        new = change.config.flat()
        said = in_words(config, change)
        if remedy in LEFT_TO_TRY:
            reached = all("in force" in str(change_of(one, config)) for one in _by_rule(verdict, config))
            said = (IN_FORCE if reached else OUT_OF_REACH) + uncapitalised(said)
        kind = verdict.factor or verdict.pattern
        changes = {name: new[name] for name in change.altered if name not in change.idle}
        return verdict._replace(
            advice=f"{said} ({remedy.source})",
            changes=changes,
            command=command_of(change.config, changes),
            helped=recovered(verdict.name, kind, remedy) if remedy is first else None,
        )
    return verdict._replace(advice=str(every[0]) if every else verdict.advice, helped=None)


def advised_answer(answer: Answer, config: RunConfig, folder: Path) -> Answer:
    """Make the advice for a run whose samples are not there yet fit it, as a command that runs.

    Args:
        answer: for the run.
        config: in force.
        folder: of the run.

    Returns:
        The answer; one that still comes nearer goes on from its own weights, one that has stopped begins anew
        with the nearest suspect set right.

    Example:
        >>> from ganscope.diagnose.rules.unconverged import Progress
        >>> far = Answer("not there yet", "Far.", Progress("fault", stopped=False, more=250), advice="On.")
        >>> advised_answer(far, RunConfig(data="ring", recipe="r1"), Path("a")).command.split()[-4:]
        ['--from', 'a', '--out', 'a-longer']
    """
    if answer.kind != "not there yet" or not answer.advice:
        return answer
    if answer.progress.stopped is not True:
        more = answer.progress.more or config.steps  # where its pace is not known, as many again
        longer = config.model_copy(update={"steps": rounded_up(more)})
        on = command_of(longer)
        place = shlex.join(["--from", str(folder), "--out", f"{folder}{LONGER}"])
        return answer._replace(command=f"{on} {place}" if on else "")
    first = remedy_of(answer.nearest, Rates(config.g_lr, config.d_lr, config.optimizer))
    for remedy, change in _possible((first, MORE, LESS), config):
        if change is not None:
            new = change.config.flat()
            changes = {name: new[name] for name in change.altered if name not in change.idle}
            return answer._replace(
                advice=f"{in_words(config, change)} ({remedy.source})",
                changes=changes,
                command=command_of(change.config, changes),
            )
    return answer


def _possible(remedies: tuple[Remedy, ...], config: RunConfig) -> Iterator[tuple[Remedy, Change | None]]:
    """Remedies that change something in a run, and those that change its code."""
    for remedy in remedies:
        change = change_of(remedy, config)
        if isinstance(change, Change):
            yield remedy, change
        elif not remedy.is_setting:
            yield remedy, None


def in_words(config: RunConfig, change: Change) -> str:
    """Say what is changed, and nothing of what stays as it is.

    Example:
        >>> config = RunConfig(penalty="r1", penalty_weight=1.0, d_lr=0.01)
        >>> rates = Remedy("Less.", "why", {"penalty": "r1", "penalty_weight": 1.0}, {"d_lr": 0.1})
        >>> change = change_of(rates, config)
        >>> in_words(config, change)
        "Lower the discriminator's learning rate from 0.01 to 0.001."
    """
    old, new = completed(config).flat(), change.config.flat()
    named = [name for name in new if name in change.altered and name not in change.idle]
    if "penalty" in named:
        named = [name for name in named if name != "penalty_weight"]
    parts = [_part(name, old.get(name), new) for name in named]
    first, *others = parts
    return f"{listed([first, *map(uncapitalised, others)], most=len(parts))}."


def _part(name: str, old: Any, new: Mapping[str, Any]) -> str:
    """One setting that is changed, as a request."""
    value = new[name]
    if name in PLAYERS:
        return rate_words(name, old, value)
    if name == "penalty":
        added = f"{PENALTIES.get(value, f'the penalty {value}')} of weight {new['penalty_weight']:g}"
        return f"Add {added}" if old == "none" else f"Use {added} in place of {old}"
    for (setting, wanted), said in PHRASES.items():
        if name == setting and wanted in (value, None):
            return said.format(value=value, old=old)
    shown = f"{value:g}" if isinstance(value, float) else value
    was = "" if old is None else f" (it is {old:g})" if isinstance(old, float) else f" (it is {old})"
    return f"Set {flag(name)} {shown}{was}"


def _not_less(settings: Mapping[str, Any], config: RunConfig) -> dict[str, Any]:
    """Settings that keep what is more than a remedy asks for: critic steps, and R1 and its weight."""
    wanted = dict(settings)
    if "n_critic" in wanted:
        wanted["n_critic"] = max(config.n_critic, wanted["n_critic"])
    penalty = str(wanted.get("penalty", ""))
    if penalty.startswith("r1") and set(penalty.split("+")) <= set(config.penalties):
        wanted["penalty"] = config.penalty
        wanted["penalty_weight"] = max(config.penalty_weight, wanted["penalty_weight"])
    return wanted


def _not_below_usual(factors: Mapping[str, float], optimizer: str, config: RunConfig) -> Mapping[str, float]:
    """Factors that leave a rate at the lowest usual one, where it was not below it before."""
    low, old = Rates(optimizer=optimizer).usual.low, config.flat()
    return {
        name: min(1.0, low / old[name]) if name in PLAYERS and factor < 1 and old[name] * factor < low
        else factor
        for name, factor in factors.items()
    }  # fmt: skip


def _refuse_custom_networks(config: RunConfig, remedy: Remedy) -> None:
    """Networks that were handed over have no options to change."""
    values = {**remedy.settings, **remedy.factors}
    for name, value in values.items():
        ours = name in idle_options(config)
        if ours or (name in remedy.factors and name not in config.flat()):
            raise BadInput(f"{flag(name)} {value} is out of reach, for the networks are your own.")


def _refuse_out_of_reach(config: RunConfig, new: RunConfig, altered: tuple[str, ...], fixed: str) -> None:
    """Leave alone what the configuration does not decide."""
    custom = bool(config.own)
    for field in altered:
        if field in INHERITED and (custom or fixed):
            why = "the networks are your own" if custom else fixed
            raise BadInput(f"{flag(field)} {new.flat()[field]} is out of reach, for {why}.")
        if field == "objective" and config.objective == CUSTOM:
            raise BadInput(f"--objective {new.objective} is out of reach, for the objective is your own.")
