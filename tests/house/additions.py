"""One throw-away part of each kind: the new file, and the line that makes it known."""

from __future__ import annotations

from typing import NamedTuple


class Addition(NamedTuple):
    """A part that somebody adds."""

    file: str
    """The new file, below `src/ganscope`."""
    source: str
    home: str
    """The one existing file that is touched."""
    opening: str
    """The line of the dict below which the entry is put."""
    entry: str
    imported: str = ""
    """What the entry needs imported."""


ADDITIONS = {
    "objective": Addition(
        "objectives/steep.py",
        """
from torch.nn.functional import softplus

from ganscope.contracts import Objective


def d_loss(real_logits, fake_logits):
    return softplus(-2 * real_logits) + softplus(2 * fake_logits)


def g_loss(real_logits, fake_logits):
    return softplus(-2 * fake_logits)


STEEP = Objective(d_loss, g_loss, 1.3863, bounded=True, needs_lipschitz=False, coupled=False)
""",
        "objectives/__init__.py",
        "OBJECTIVES: dict[str, Objective] = {",
        '    "steep": STEEP,',
        "from ganscope.objectives.steep import STEEP",
    ),
    "penalty": Addition(
        "lipschitz/fourth_power.py",
        """
from ganscope.contracts import Penalty

FOURTH_POWER = Penalty(lambda real, fake, noise: real, lambda squared: squared.square())
""",
        "lipschitz/gradient_penalty.py",
        "PENALTIES: dict[str, Penalty] = {",
        '    "fourth-power": FOURTH_POWER,',
        "from ganscope.lipschitz.fourth_power import FOURTH_POWER",
    ),
    "network": Addition(
        "nets/maxout.py",
        """
import math

from pydantic import BaseModel, Field

from ganscope.contracts import NetworkFamily


class Options(BaseModel, frozen=True, extra="forbid"):
    g_pieces: int = Field(2, ge=1, description="Generator: linear pieces of each unit.")


def generator(shape, latent_dim, classes, options, end=None):
    from torch import nn

    from ganscope.nets.blocks import Reshape

    values = math.prod(shape)
    return nn.Sequential(
        nn.Linear(latent_dim, values * options.g_pieces), nn.MaxPool1d(options.g_pieces), Reshape(shape)
    )


def discriminator(shape, classes, options):
    from torch import nn

    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), 16), nn.ReLU(), nn.Linear(16, 1))


MAXOUT = NetworkFamily(
    Options, generator, discriminator, lambda shape: None, lambda options: False, lambda options: False,
    lambda options: 1.0,
)
""",
        "nets/__init__.py",
        "NETS: dict[str, NetworkFamily] = {",
        '    "maxout": MAXOUT,',
        "from ganscope.nets.maxout import MAXOUT",
    ),
    "metric": Addition(
        "metrics/mean_gap.py",
        """
from ganscope.contracts import Metric

MEAN_GAP = Metric(
    label="mean gap",
    needs="rows",
    better="lower",
    measure=lambda real, fake: float((real.flatten(1).mean(0) - fake.flatten(1).mean(0)).norm()),
    about="The distance of the samples' mean to that of the held-out rows.",
)
""",
        "metrics/__init__.py",
        "METRICS: dict[str, Metric] = {",
        '    "mean_gap": MEAN_GAP,',
        "from ganscope.metrics.mean_gap import MEAN_GAP",
    ),
    "metric of features": Addition(
        "metrics/feature_gap.py",
        """
from ganscope.contracts import Metric

FEATURE_GAP = Metric(
    label="feature gap",
    needs="features",
    better="lower",
    measure=lambda real, fake: float((real.mean(0) - fake.mean(0)).norm()),
    about="The distance of the features' mean to that of the held-out rows.",
)
""",
        "metrics/__init__.py",
        "METRICS: dict[str, Metric] = {",
        '    "feature_gap": FEATURE_GAP,',
        "from ganscope.metrics.feature_gap import FEATURE_GAP",
    ),
    "reader": Addition(
        "data/blanks_file.py",
        """
import numpy as np

from ganscope.data.tables import table


def blanks_file(path, columns):
    return table(path.name, ["x", "y"], np.loadtxt(path), asked=columns)
""",
        "data/load.py",
        "TABLES: dict[str, Callable[[Path, Mapping[str, str]], Dataset]] = {",
        '    ".blanks": blanks_file,',
        "from ganscope.data.blanks_file import blanks_file",
    ),
    "verdict": Addition(
        "diagnose/rules/watched.py",
        """
from ganscope.diagnose.rules.history import Fault
from ganscope.diagnose.rules.rule import Remedy, Rule

WATCHED = Rule(
    lambda h: [Fault("mild", 0, "Somebody looked at this run.", {})] if h.rows else None,
    {None: (Remedy("Look away.", "a test"),)},
)
""",
        "diagnose/rules/verdict.py",
        "RULES: dict[str, Rule] = {",
        '    "watched": WATCHED,',
        "from ganscope.diagnose.rules.watched import WATCHED",
    ),
    "tracker": Addition(
        "integrations/steps_seen.py",
        """
def tracker(folder, config):
    def observe(event, runs):
        if event.kind == "log":
            with (folder / "steps-seen.txt").open("a") as file:
                file.write(f"{event.step}\\n")

    return observe
""",
        "integrations/__init__.py",
        "TRACKERS: dict[str, str] = {",
        '    "steps-seen": "ganscope.integrations.steps_seen:tracker",',
    ),
    "command": Addition(
        "cli/commands/greet.py",
        '''
def greet(name: str = "world") -> None:
    """Say hello.

    Args:
        name: to whom.
    """
    print(f"hello {name}")
''',
        "cli/commands/__init__.py",
        "COMMANDS: dict[str, Callable[..., None]] = {",
        '    "greet": greet,',
        "from ganscope.cli.commands.greet import greet",
    ),
}
