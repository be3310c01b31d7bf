"""`ganscope explain`: questions about GAN losses, answered by measuring."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ganscope.cli.arguments import Json, Switch, Whole
from ganscope.cli.interruption import interruptible
from ganscope.cli.output import as_dict, print_json
from ganscope.cli.terminal import complain, print_pairs, progress_of, say
from ganscope.words.foreign import shown

if TYPE_CHECKING:
    from ganscope.explain import Explained


def explain_(
    *questions: str,
    seeds: Whole = 3,
    full: Switch = False,
    list_: Annotated[bool, Parameter(name="--list", negative="", show_default=False)] = False,
    out: Path = Path("runs/explain"),
    overwrite: Switch = False,
    json_: Json = False,
) -> None:
    """Answer questions about GAN losses by measuring, and write the answers on one page.

    Args:
        questions: numbers or subjects (ganscope explain --list); by default all, which takes minutes.
        seeds: seeds per question where there is randomness.
        full: measure longer; --list says what that means for each question.
        list_: show the questions, and stop.
        out: folder of the answers; finished ones of the same settings are kept there.
        overwrite: measure anew what is there already.
        json_: print the answers as JSON.
    """
    if list_:
        print_questions(json_)
        return
    from ganscope.explain import QUESTIONS, ask, find

    names = [QUESTIONS[number].name for number in find(questions)]
    with interruptible() as stop, progress_of(names, json_, "question") as progress:
        explained = ask(
            questions, seeds=seeds, full=full, out=out, overwrite=overwrite, progress=progress, stop=stop
        )
    print_explained(explained, json_)


def print_questions(as_json: bool) -> None:
    """Print the questions that `explain` answers."""
    from ganscope.explain import QUESTIONS

    if as_json:
        print_json({"questions": [{"number": n, **q._asdict()} for n, q in QUESTIONS.items()]})
        return
    print_pairs(
        [
            (
                f"{number:>2}  {q.name}",
                f"{q.asked} [--full: {q.longer or 'no difference, the answer is exact'}]",
            )
            for number, q in QUESTIONS.items()
        ]
    )


def print_explained(explained: Explained, as_json: bool) -> None:
    """Print each question with its answer, and where the page is."""
    for number, text in explained.failures.items():
        complain(f"question {number}: {text}")
    if as_json:
        answers = [
            {**as_dict(answer), "figures": [f.caption for f in answer.figures]}
            for answer in explained.answers
        ]
        print_json({"page": str(explained.page), "answers": answers})
        return
    for answer in explained.answers:
        say(f"{answer.number}  {answer.question}\n\n{answer.answer}\n")
        for entry in answer.published:
            verdict = "reached" if entry.reached else "NOT reached"
            say(f"{entry.source}: {entry.measured} Criterion {verdict}.\n")
    if explained.kept:
        numbers = ", ".join(map(str, explained.kept))
        say(f"Kept from before: {numbers}; --overwrite measures anew.")
    say(f"Page: {shown(explained.page)}")
