"""Training: the step, the loop around it, and everything needed to stop and go on."""

from ganscope.training.loop import train
from ganscope.training.state import Runs
from ganscope.training.step import Game, Term, train_discriminator, train_generator

__all__ = ["Game", "Runs", "Term", "train", "train_discriminator", "train_generator"]
