"""How often a run is probed, and by how many threads it trains: what a step costs decides."""

from __future__ import annotations

import math

from ganscope.build.settings import family_of, options_of
from ganscope.config import RunConfig

CHEAP = 5
"""Passes through a perceptron of width 128 from which on a step costs as much as a probe."""
SMALL = 16
"""Passes through a perceptron of width 128: smaller networks gain little by a second thread, and on a busy
machine lose a hundredfold."""


def cost_of(config: RunConfig) -> float:
    """Time of one pass through a run's networks, in passes of a perceptron of 128 units a layer.

    Example:
        >>> cost_of(RunConfig(g_width=256))
        4.0
    """
    family = family_of(config)
    return math.inf if family is None or config.own else family.cost(options_of(config))


def probe_interval(config: RunConfig) -> int:
    """Steps between two probes of the diagnosis: wider apart where a step is cheap beside a probe.

    From the configuration alone, never from a clock: a run that is resumed is probed at the same steps.
    """
    passes = 1 + config.batches_per_step * (2 if config.penalties else 1)
    most = 200 if passes * cost_of(config) < CHEAP else 150
    return config.diagnose_every or max(10, min(most, config.steps // 25))


def look_interval(config: RunConfig) -> int:
    """Steps between two looks at fixed samples: small games swing with periods of 40 steps and more."""
    return max(1, min(10, probe_interval(config) // 10))


def thread_count(config: RunConfig, offered: int) -> int:
    """Threads to train with: as configured, else one for small networks and all that are offered for others.

    Args:
        config: the run.
        offered: threads that torch would use.
    """
    return config.threads or (1 if cost_of(config) < SMALL else offered)
