"""The shape of a checkout in numbers: long modules, functions of many parameters, names that stand twice.

python -m validation.house [CHECKOUT ...]
"""

from __future__ import annotations

import argparse
import ast
import statistics
from collections import Counter
from pathlib import Path

LONG = 250
MANY = 6
MATHEMATICS = ("objectives", "divergences", "lipschitz")
BANNED = ("own", "on", "found", "bench", "bent", "deal", "trial", "per_run", "draws")
"""Words that say nothing of what a variable or a module holds."""


def shape(package: Path) -> dict[str, object]:
    """Measure a package.

    Args:
        package: the folder `src/ganscope` of a checkout.
    """
    files = sorted(package.rglob("*.py"))
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in files}
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    modules = Counter(
        path.stem
        for path in files
        if path.stem != "__init__" and path.relative_to(package).parts[0] not in MATHEMATICS
    )
    functions = [
        node
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    names = Counter(
        node.id
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
    names.update(argument.arg for function in functions for argument in _arguments(function))
    return {
        "modules": len(files),
        "median lines": statistics.median(lengths.values()),
        f"modules over {LONG} lines": sum(length > LONG for length in lengths.values()),
        "longest": max((length, path.name) for path, length in lengths.items()),
        f"functions of more than {MANY} parameters": sum(len(_arguments(f)) > MANY for f in functions),
        "most parameters": max((len(_arguments(f)), f.name) for f in functions),
        "module names that stand twice": sorted(name for name, count in modules.items() if count > 1),
        "modules of a banned name": sorted(path.stem for path in files if path.stem in BANNED),
        "variables of a banned name": sum(names[word] for word in BANNED),
    }


def _arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    every = function.args
    return [a for a in (*every.posonlyargs, *every.args, *every.kwonlyargs) if a.arg not in ("self", "cls")]


def main() -> None:
    """Print the shape of each checkout."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("checkouts", nargs="*", type=Path, default=[Path(__file__).parents[1]])
    for checkout in parser.parse_args().checkouts:
        for name, value in shape(checkout / "src" / "ganscope").items():
            print(f"{name:<42} {value}")
        print()


if __name__ == "__main__":
    main()
