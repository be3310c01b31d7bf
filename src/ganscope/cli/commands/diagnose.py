"""`ganscope diagnose`: what is wrong with a run or with two saved networks, and what to do first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ganscope.cli.arguments import DataArgument, Json, Whole
from ganscope.cli.endings import BadVerdict
from ganscope.cli.output import print_json
from ganscope.cli.terminal import complain, say
from ganscope.words.foreign import shown

if TYPE_CHECKING:
    from ganscope.running.examine import Examination


def diagnose(
    what: str,
    /,
    *,
    weights: Path | None = None,
    data: DataArgument = "digits",
    objective: str = "non-saturating",
    constraint: str | None = None,
    constraint_weight: float | None = None,
    latent_dim: Whole = 0,
    fail_on: Literal["mild", "severe", "unhealthy"] | None = None,
    again: bool = False,
    json_: Json = False,
) -> None:
    """Say what is wrong with a run, or with two saved networks, since when, and what to do first.

    Args:
        what: a run folder, the folder of a comparison, or module:factory, a function that returns a
            generator and a discriminator.
        weights: of the factory's networks, a .safetensors file with keys generator.KEY and discriminator.KEY.
        data: what the factory's networks were trained on.
        objective: what they were trained with (ganscope list).
        constraint: what held their critic's slope: a penalty, spectral-norm or clipping.
        constraint_weight: weight of the penalty.
        latent_dim: width of their latents; 0 takes that of the generator's first layer.
        fail_on: exit with code 3 on a verdict of this severity or worse, or on a run that is not healthy.
        again: judge the recorded probes by the rules of this version, instead of showing what the run said.
        json_: print the verdicts as JSON.
    """
    from ganscope.running.examine import examine, examine_networks, worst

    if ":" in what and not Path(what).exists():
        examined = [
            examine_networks(what, weights, str(data), objective, latent_dim, constraint, constraint_weight)
        ]
    else:
        examined = examine(Path(what), again)
    print_examinations(examined, json_)
    unhealthy = [e for e in examined if e.answer.kind != "healthy"]
    if fail_on == "unhealthy" and unhealthy:
        first = f"{unhealthy[0].name} ({unhealthy[0].answer.kind})"
        more = f" and {len(unhealthy) - 1} more" if len(unhealthy) > 1 else ""
        raise BadVerdict(f"not healthy: {first}{more}, and --fail-on unhealthy was asked for.")
    severity = worst(examined)
    if severity is not None and fail_on in (severity, "mild"):
        raise BadVerdict(f"a {severity} verdict was found, and --fail-on {fail_on} was asked for.")


def print_examinations(examined: Sequence[Examination], as_json: bool) -> None:
    """Print what is wrong with runs or networks: each verdict with cause and first remedy."""
    if as_json:
        print_json({"examined": [_examined(e) for e in examined]})
        return
    for e in examined:
        for note in e.notes:
            complain(f"{e.name}: {note}")
        for sentence in e.healed.sentences:
            say(f"{shown(e.name)}: {sentence}")
        at = "" if e.step is None else f", step {e.step}"
        say(f"{shown(e.name)}{at}: {e.answer}")
        if e.answer.advice:
            say(f"  Do first: {e.answer.advice}")
        if e.answer.command:
            say(f"  {shown(e.answer.command)}", wrapped=False)
        for sentence in filter(None, (e.best and str(e.best), e.basis)):
            say(sentence)
        for v in e.verdicts:
            say(f"\n{v.label}, {v.severity}, since step {v.since_step}\n  {v.cause}\n  Do first: {v.advice}")
            if v.likelihood:
                say(f"  {v.likelihood}")
            if v.command:
                say(f"  {shown(v.command)}", wrapped=False)
    pages = dict.fromkeys(v.page for e in examined for v in e.verdicts)
    if pages:
        say("\nWhat these mean and how often they are right:\n  " + "\n  ".join(pages))


def _examined(e: Examination) -> dict[str, Any]:
    """An examination as a JSON object, each verdict with its page and its advice as settings too."""
    verdicts = [{**v.as_json(), "page": v.page} for v in e.verdicts]
    return {
        **e._asdict(),
        "verdicts": verdicts,
        "answer": e.answer.as_json(),
        "healed": e.healed.as_json(),
        "best": None if e.best is None else {"sentence": str(e.best), **e.best._asdict()},
    }
