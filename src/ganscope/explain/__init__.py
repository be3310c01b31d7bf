"""Questions people ask about GAN losses, answered by measurement: one file per question, one page for all."""

from ganscope.explain.answer import Answer, Published, Table
from ganscope.explain.ask import Explained, ask
from ganscope.explain.catalogue import QUESTIONS, Question, answered, find, listed
from ganscope.figures.drawing import Figure

__all__ = [
    "QUESTIONS",
    "Answer",
    "Explained",
    "Figure",
    "Published",
    "Question",
    "Table",
    "answered",
    "ask",
    "find",
    "listed",
]
