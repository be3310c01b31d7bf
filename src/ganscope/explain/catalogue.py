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
    """The module `ganscope.explain.<subject>`, whose `answer(seeds, full, progress)` measures."""
    asked: str
    """In the asker's words."""

    @property
    def name(self) -> str:
        """The subject as it is typed and as files are called."""
        return self.subject.replace("_", "-")


QUESTIONS: dict[int, Question] = {
    1: Question("chain_rule", "dL/da = -1/0.01 = -100, so how can the gradient vanish?"),
    2: Question("flat_costs", "Which cost is flat at both ends, when BCE goes to infinity?"),
    3: Question(
        "fresh_discriminator", "The discriminator gets better: what does the generator still receive?"
    ),
    4: Question("label_flip", "Why does flipping the labels help, and what does it not repair?"),
    5: Question("earth_mover", "Does the Earth Mover's Distance have the same issue?"),
    6: Question("one_lipschitz", "Why must the critic be 1-Lipschitz, at every point?"),
    7: Question("clipping_or_penalty", "Clipping or penalty?"),
    8: Question("mode_collapse", "What is mode collapse, and what causes it here?"),
    9: Question(
        "capacity",
        "Do generator and discriminator have to be symmetric? Does depth or a skip connection matter?",
    ),
    10: Question("oscillation", "The losses oscillate: is that bad?"),
    11: Question("critic_loss", "What does the critic's loss mean, why is it negative?"),
    12: Question("weak_discriminator", "What if the discriminator is too weak?"),
}


def find(wanted: Sequence[str]) -> list[int]:
    """Turn what was typed into question numbers, in order and once each; all of them for nothing.

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
    """Write the questions one a line, for a terminal."""
    return "\n".join(f"{number:>3}  {q.name}: {q.asked}" for number, q in QUESTIONS.items())


def measure(number: int, seeds: Sequence[int], full: bool, progress: Progress) -> Answer:
    """Answer one question here and now, in this process.

    Args:
        number: a key of `QUESTIONS`.
        seeds: at least one, not negative; a question without randomness ignores them.
        full: take the long way where there is one.
        progress: called with pieces of work done and their total.
    """
    module = importlib.import_module(f"ganscope.explain.{QUESTIONS[number].subject}")
    return cast("Answer", module.answer(seeds, full, progress))
