"""Questions people ask about GAN losses, answered by measurement: one file per question, one page for all."""

from ganscope.explain.answer import Answer, Figure, Published, Table
from ganscope.explain.ask import Explained, ask
from ganscope.explain.questions import QUESTIONS, Question, find, listed, measure

__all__ = [
    "QUESTIONS",
    "Answer",
    "Explained",
    "Figure",
    "Published",
    "Question",
    "Table",
    "ask",
    "find",
    "listed",
    "measure",
]
