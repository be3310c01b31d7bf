"""The names a part offers, read from its dict without importing it.

`ganscope --help` and a complaint about a misspelt name need the names of all objectives, but not torch. The
dicts stay the one place where a name is given.
"""

from __future__ import annotations

import ast
import functools
from importlib import resources


@functools.cache
def names_of(part: str, variable: str) -> tuple[str, ...]:
    """List the keys of a part's dict, in their order.

    Args:
        part: a module or folder of the package, as in "objectives" or "lipschitz/gradient_penalty".
        variable: the dict, assigned at the top of that file with its keys written out.

    Raises:
        LookupError: no such dict there.

    Example:
        >>> names_of("lipschitz/gradient_penalty", "PENALTIES")[:2]
        ('gradient-penalty', 'one-sided')
    """
    return tuple(str(ast.literal_eval(key)) for key in _dict(part, variable).keys if key is not None)


def _dict(part: str, variable: str) -> ast.Dict:
    place = resources.files("ganscope").joinpath(*part.split("/"))
    file = place / "__init__.py" if place.is_dir() else resources.files("ganscope") / f"{part}.py"
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)):
            continue
        if node.target.id == variable and isinstance(node.value, ast.Dict):
            return node.value
    raise LookupError(f"ganscope/{part} assigns no annotated dict {variable}")


def objective_names() -> tuple[str, ...]:
    """List the adversarial objectives."""
    return names_of("objectives", "OBJECTIVES")


def penalty_names() -> tuple[str, ...]:
    """List the penalties on the critic's input slope."""
    return names_of("lipschitz/gradient_penalty", "PENALTIES")


def data_names() -> tuple[str, ...]:
    """List the built-in data sets."""
    return names_of("data", "DATASETS")


def network_names() -> tuple[str, ...]:
    """List the network families."""
    return names_of("nets", "NETS")


def metric_names() -> tuple[str, ...]:
    """List the metrics of samples."""
    return names_of("metrics", "METRICS")


def file_endings() -> tuple[str, ...]:
    """List the endings of data files that can be read."""
    return (*names_of("data/load", "TABLES"), *names_of("data/load", "IMAGES"))


def verdict_names() -> tuple[str, ...]:
    """List the verdicts, upstream causes first."""
    return names_of("diagnose/rules/verdict", "RULES")


@functools.cache
def trackers() -> dict[str, str]:
    """Map the name of each tracker to its `package.module:factory`."""
    pairs: dict[str, str] = ast.literal_eval(_dict("integrations", "TRACKERS"))
    return pairs


def construction_names() -> tuple[str, ...]:
    """List the ways to build a discriminator whose slope is bounded by its layers."""
    return names_of("lipschitz", "CONSTRUCTIONS")
