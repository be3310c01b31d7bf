"""Diagnosis after the fact: of a run folder, or of two saved networks."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ganscope.build.advice import advised, advised_answer
from ganscope.config import RunConfig
from ganscope.config.run_config import PLAYERS
from ganscope.contracts import BadInput
from ganscope.diagnose.logbook import Judgement, judgement
from ganscope.diagnose.rules.conclusion import Answer
from ganscope.diagnose.rules.history import State
from ganscope.diagnose.rules.verdict import Verdict, judge
from ganscope.evaluation.best_step import BestStep, best_of_run
from ganscope.folder import layout, soundness
from ganscope.folder.healings import Record
from ganscope.folder.read import Description, read
from ganscope.folder.records import healings_of, load_record
from ganscope.words.remedies import refusal

if TYPE_CHECKING:
    from torch import Tensor, nn


class Examination(NamedTuple):
    """What is wrong with one run or one pair of networks."""

    name: str
    step: int | None
    """Of the newest probe; None for networks of unknown age."""
    verdicts: list[Verdict]
    status: dict[str, State]
    answer: Answer
    notes: list[str]
    """What could not be measured, and why."""
    healed: Record = Record()
    """What was changed while it trained."""
    best: BestStep | None = None
    """An earlier step at which it was clearly better than at its end."""
    basis: str = ""
    """Which samples the probes compare, in a sentence; empty where no number of them is told."""


def examine(folder: Path, again: bool = False) -> list[Examination]:
    """Say what is wrong with a run, or with every run of a comparison, in the words of the run itself.

    A run that was trained without diagnosis is probed once, at its newest sound checkpoint.

    Args:
        folder: a run folder, finished or not, or the folder of a comparison.
        again: judge the recorded probes by the rules of this version, instead of reading what the run said.

    Returns:
        One examination a run; the notes of the first name runs of a comparison that cannot be examined.

    Raises:
        BadInput: no run there, one of a later version, a damaged configuration, or nothing to probe.
    """
    if not layout.is_comparison(folder) or layout.is_run(folder):
        return [_examined(folder, again)]
    examined, refused = [], []
    for run in layout.run_folders(folder):
        try:
            examined.append(_examined(run, again))
        except BadInput as error:
            refused.append(error)
    if not examined:
        raise next(iter(refused), None) or BadInput(
            f"{folder} holds no run any more: go on with ganscope resume {folder}."
        )
    first = examined[0]
    return [first._replace(notes=[*map(str, refused), *first.notes]), *examined[1:]]


def judged(folder: Path, again: bool = False) -> Judgement | None:
    """What is wrong with a run of ours: terminal, report and Python all say this, with advice that fits it.

    Args:
        folder: of the run.
        again: see `examine`.

    Returns:
        The judgement; None for a run without probes.

    Raises:
        BadInput: a damaged file.
    """
    said = judgement(folder, again)
    if said is None or not (said.verdicts or said.answer.advice):
        return said
    try:
        config = read(folder).config
    except BadInput:  # settings that this version would not accept: a report shows such runs as well
        return said
    return said._replace(
        verdicts=[advised(verdict, config) for verdict in said.verdicts],
        answer=advised_answer(said.answer, config, folder),
    )


def names_shares(sentence: str) -> bool:
    """Whether a sentence tells a recall, a precision or a coverage."""
    return any(name in sentence for name in ("recall", "precision", "coverage"))


def probed_samples(config: RunConfig, step: int, in_verdicts: bool) -> str:
    """Say whose samples the probes compare, and when `ganscope evaluate` measures other numbers.

    Args:
        config: of the run.
        step: of the newest probe.
        in_verdicts: whether a verdict tells such numbers, not the answer alone.

    Example:
        >>> probed_samples(RunConfig(ema=0.99), 400, in_verdicts=True)[-53:]
        'averaged ones in the answer and in ganscope evaluate.'
    """
    told = (
        f"Recall, precision and coverage here are of the newest probes, up to step {step:,}; ganscope "
        "evaluate measures the saved generator in the same way."
    )
    if not (config.ema and in_verdicts):
        return told
    return (
        f"{told} They are of the raw weights, which the discriminator meets, in verdicts, and of the "
        "averaged ones in the answer and in ganscope evaluate."
    )


def examine_networks(
    factory: str,
    weights: Path | None,
    data: str,
    objective: str = "non-saturating",
    latent_dim: int = 0,
    constraint: str | None = None,
    constraint_weight: float | None = None,
) -> Examination:
    """Probe two networks once.

    Args:
        factory: `module:function`; the function takes nothing and returns (generator, discriminator), or a
            third thing too: `latent(n)`, the generator's input.
        weights: a .safetensors file with keys that begin with "generator." and "discriminator."; None for
            networks the factory has loaded itself.
        data: a built-in data set or a path.
        objective: what they were trained with.
        latent_dim: of N(0, I) latents; 0 takes the width of the generator's first layer.
        constraint: see `ganscope.watch`.
        constraint_weight: see `ganscope.watch`.

    Returns:
        What one probe can tell; what needs a history stays unknown.

    Raises:
        BadInput: a factory, file or data set that does not fit, in one sentence.
    """
    from ganscope.data.find import load_data
    from ganscope.diagnose.watch import watch

    generator, discriminator, latent = _made(factory, latent_dim)
    if weights is not None:
        _load(weights, generator, discriminator)
    loaded = load_data(data)
    scope = watch(
        generator, discriminator, objective, real=loaded.held_out, latent=latent,
        train=_train_rows(loaded.train), constraint=constraint, constraint_weight=constraint_weight,
    )  # fmt: skip
    return Examination(factory, None, *judge(scope.rows, once=True), scope.notes)


def _examined(folder: Path, again: bool) -> Examination:
    described = read(folder)
    said = judged(folder, again)
    if said is not None:
        record = load_record(folder)
        from ganscope.folder import checkpoint

        kept = checkpoint.best_step(folder)
        best = best_of_run(record.history, described.config.flat(), record.final, kept)
        in_verdicts = any(names_shares(v.cause) for v in said.verdicts)
        told = in_verdicts or names_shares(said.answer.sentence)
        basis = probed_samples(described.config, said.step, in_verdicts) if told else ""
        return Examination(str(folder), *said, list(record.damages), healings_of(record), best, basis)
    row, step, damaged = _probed(described)
    once = judge([row], once=True)
    seen = once._replace(verdicts=[advised(verdict, described.config) for verdict in once.verdicts])
    which = "newest sound" if damaged else "newest"
    why = "is damaged from its first row on" if (folder / layout.DIAGNOSIS).exists() else "was not kept"
    note = f"the record of this run's diagnosis {why}, so its {which} checkpoint was probed once."
    notes = [*soundness.damages(folder), *(f"{complaint}." for complaint in damaged), note]
    return Examination(str(folder), step, *seen, notes)


def _probed(described: Description) -> tuple[Mapping[str, Any], int, list[str]]:
    """Probe the newest sound checkpoint of a run; say at which step, and what is wrong with newer ones."""
    import torch

    from ganscope.build.monitor import facts_of, pooled, some_rows, writer
    from ganscope.build.networks import networks
    from ganscope.config import CUSTOM
    from ganscope.data.find import load_data
    from ganscope.diagnose.measure.players import Inputs, player, trainable, undisturbed
    from ganscope.diagnose.measure.probe import Probe
    from ganscope.folder import checkpoint
    from ganscope.objectives import OBJECTIVES
    from ganscope.training.judging import evaluation_latents

    folder, config = described.folder, described.config
    if config.own or CUSTOM in (config.objective, config.data):
        raise BadInput(
            f"{folder} holds no record of a diagnosis and was trained with objects of your own: use "
            "ganscope.watch on them."
        )
    steps = checkpoint.steps(folder)
    if not steps:
        raise BadInput(f"{folder} has neither probes nor a checkpoint to probe: train it first.")
    try:
        step, tensors, damaged = checkpoint.newest(folder)
    except checkpoint.Damaged as error:
        raise BadInput(
            f"{folder} has no probes, and none of its {len(steps)} checkpoints can be read ({error}): train "
            "it anew."
        ) from None
    data = load_data(config.data, config.size, described.data, config.columns)
    pair = networks(config, data, None, None)
    generator, discriminator, average = (
        {key[len(kind) + 1 :]: t for key, t in tensors.items() if key.startswith(f"{kind}/")}
        for kind in (*PLAYERS, "average")
    )
    pair[0].load_state_dict(generator)
    pair[1].load_state_dict(discriminator)
    train = data.train[some_rows(len(data.train))]
    latent = evaluation_latents(config.seed, 500, config.latent_dim, torch.float32)
    inputs = Inputs((latent,), data.held_out[:500], written=writer(data._asdict()))
    with undisturbed(*pair):
        probe = Probe(
            inputs, OBJECTIVES[config.objective], facts_of(config), (train,),
            pool=pooled(data.held_out[:500], train),
        )  # fmt: skip
        g, d = (player(network.float(), trainable(network)) for network in pair)
        drawn = None
        if average:
            drawn = player(pair[0], trainable(pair[0]), {k: t.float() for k, t in average.items()}, g.buffers)
        return {"step": step, "about": probe.about(), **probe.row(g, d, average=drawn)}, step, damaged


def _made(factory: str, latent_dim: int) -> tuple[nn.Module, nn.Module, Callable[[int], Any]]:
    """Import and call the user's factory."""
    import torch

    name, _, function = factory.partition(":")
    if not name or not function:
        raise BadInput(f"{factory} is neither a run folder nor a factory: give module:function.")
    sys.path.insert(0, str(Path.cwd()))
    try:
        made = getattr(importlib.import_module(name), function)()
    except (ImportError, AttributeError) as error:
        raise BadInput(f"the factory {factory} cannot be found ({error}): give module:function.") from None
    finally:
        sys.path.pop(0)
    parts = made if isinstance(made, tuple) else (made,)
    if len(parts) not in (2, 3) or not all(isinstance(p, torch.nn.Module) for p in parts[:2]):
        raise BadInput(f"{factory} does not return a pair: let it return (generator, discriminator).")
    generator, discriminator = parts[:2]
    if len(parts) == 3:
        return generator, discriminator, parts[2]
    first = next((p for p in generator.parameters() if p.ndim > 1), None)
    width = latent_dim or (0 if first is None else first.shape[1])
    return generator, discriminator, lambda n: torch.randn(n, width)


def _load(weights: Path, generator: nn.Module, discriminator: nn.Module) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(weights)
    except OSError as error:
        raise BadInput(refusal(f"{weights} cannot be read", error)) from None
    except SafetensorError as error:
        raise BadInput(f"{weights} cannot be read as safetensors ({error}): give another file.") from None
    for name, network in zip(PLAYERS, (generator, discriminator), strict=True):
        prefixes = (f"{name}.", f"{name}/")
        state = {k[len(name) + 1 :]: t for k, t in tensors.items() if k.startswith(prefixes)}
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            reason = str(error).splitlines()[-1].strip()[:150].rstrip(".")
            raise BadInput(
                f"{weights} does not fit the {name} ({reason}): its keys must be {name}.KEY, with KEY as "
                "in state_dict()."
            ) from None


def _train_rows(train: Any) -> Tensor:
    from ganscope.build.monitor import some_rows

    rows: Tensor = train[some_rows(len(train))]
    return rows


def worst(examinations: Sequence[Examination]) -> str | None:
    """The severity of the worst verdict; None for none."""
    severities = {v.severity for e in examinations for v in e.verdicts}
    return "severe" if "severe" in severities else "mild" if severities else None
