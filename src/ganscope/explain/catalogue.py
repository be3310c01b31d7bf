"""The questions, in order: one file each, named after its subject."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import NamedTuple, cast

from ganscope.contracts import BadInput
from ganscope.explain.answer import Answer, Progress


class Question(NamedTuple):
    """A question people ask, and the file that answers it."""

    subject: str
    """The module `ganscope.explain.questions.<subject>`: its `measure` measures, and its `answer` puts what
    was measured into words."""
    asked: str
    """In the asker's words."""
    longer: str = ""
    """What `--full` does; empty where the answer is exact and needs neither seeds nor a longer way."""

    @property
    def name(self) -> str:
        """The subject as it is typed and as files are called."""
        return self.subject.replace("_", "-")


QUESTIONS: dict[int, Question] = {
    1: Question(
        "chain_rule",
        "dL/da = -1/0.01 = -100, so how can the gradient vanish?",
        "the discriminator is trained ten times as long",
    ),
    2: Question("flat_costs", "Which cost is flat at both ends, when BCE goes to infinity?"),
    3: Question(
        "fresh_discriminator",
        "The discriminator gets better: what does the generator still receive?",
        "fresh discriminators are trained for the 4,000 steps of the paper",
    ),
    4: Question(
        "label_flip",
        "Why does flipping the labels help, and what does it not repair?",
        "fresh discriminators are trained five times as long",
    ),
    5: Question(
        "earth_mover",
        "Does the Earth Mover's Distance have the same issue?",
        "critics are trained five times as long",
    ),
    6: Question(
        "one_lipschitz",
        "Why must the critic be 1-Lipschitz, at every point?",
        "critics are trained five times as long",
    ),
    7: Question(
        "clipping_or_penalty",
        "Clipping or penalty?",
        "critics are trained five times as long and more",
    ),
    8: Question(
        "mode_collapse", "What is mode collapse, and what causes it here?", "runs are four times as long"
    ),
    9: Question(
        "capacity",
        "Do generator and discriminator have to be symmetric? Does depth or a skip connection matter?",
        "runs are seven to ten times as long",
    ),
    10: Question(
        "oscillation",
        "The losses oscillate: is that bad?",
        "games are played for the 500 steps of the authors' notebook, networks for 10,000",
    ),
    11: Question(
        "critic_loss",
        "What does the critic's loss mean, and why is it negative?",
        "runs are five times as long",
    ),
    12: Question(
        "weak_discriminator", "What if the discriminator is too weak?", "runs are five times as long"
    ),
}


def find(wanted: Sequence[str]) -> list[int]:
    """Turn what was typed into question numbers, in order and once each; nothing typed means all of them.

    Args:
        wanted: numbers or subjects.

    Raises:
        BadInput: no such question; the list is shown.

    Example:
        >>> find(["1", "chain-rule"])
        [1]
    """
    names = {str(number): number for number in QUESTIONS} | {
        question.name: number for number, question in QUESTIONS.items()
    }
    for word in wanted:
        if word not in names:
            raise BadInput(
                f"there is no question {word!r}: give numbers or subjects of this list.\n{listed()}"
            )
    return sorted({names[word] for word in wanted} or QUESTIONS)


def listed() -> str:
    """Return the questions, one a line, for a terminal."""
    return "\n".join(f"{number:>3}  {q.name}: {q.asked}" for number, q in QUESTIONS.items())


def answered(number: int, seeds: Sequence[int], full: bool, progress: Progress) -> Answer:
    """Answer one question here and now, in this process.

    Args:
        number: a key of `QUESTIONS`.
        seeds: at least one, not negative; an exact answer needs none.
        full: measure longer, as the question's `longer` says.
        progress: called with pieces of work done and their total.
    """
    question = QUESTIONS[number]
    module = importlib.import_module(f"ganscope.explain.questions.{question.subject}")
    measured = module.measure(seeds, full, progress) if question.longer else module.measure(progress)
    return cast("Answer", module.answer(measured))
