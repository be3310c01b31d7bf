"""How much of the machine's matrix-product speed a training step reaches.

    python -m benchmarks.roofline [--quick] [--json FILE] [--threads N]

Floating-point operations of a step over what the processor does in the same time when all it has to do is a
product of the network's own shape, `[batch, width] x [width, width]`. Step and product take turns in blocks
within one process. *needed* counts the operations a perceptron's step cannot do without, from its layers;
*counted* is what torch's counter saw of ganscope's step, the second differentiation of a penalty included:
what it has more is wasted work, and none of it makes the share of the peak look better.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from ganscope.training import Runs

from . import sides


class Row(NamedTuple):
    """One game of the table."""

    recipe: str
    width: int
    batch_size: int


ROWS = [
    Row(recipe, width, batch_size)
    for recipe in ("non-saturating", "wgan-gp")
    for width, batch_size in ((64, 64), (128, 256), (512, 64), (512, 256))
]
HEADER = (
    "recipe", "width", "batch", "GFLOP needed", "counted", "GFLOP/s of the product", "share of it", "by hand",
)  # fmt: skip


def main() -> None:
    """Count, measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few blocks: for development")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there as well")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    machine = sides.machine()
    result = {"machine": machine, "rows": [_measure(row, given.quick) for row in ROWS]}
    sides.show(result, report, given.json)


def report(result: dict[str, Any]) -> str:
    """Lay out what `main` measured, as text."""
    rows = [
        (
            row["recipe"],
            str(row["width"]),
            str(row["batch_size"]),
            f"{row['needed'] / 1e9:.3f}",
            f"{row['counted'] / row['needed']:.2f} x",
            f"{row['peak'] / 1e9:.1f}",
            _percent(row["share"]),
            _percent(row["share_by_hand"]),
        )
        for row in result["rows"]
    ]
    return sides.table(HEADER, rows)


def counted(step: Callable[[], None]) -> int:
    """Count the floating-point operations of a step's matrix products and convolutions."""
    counter = _Counter()
    with counter:
        step()
    return counter.operations


def needed(runs: Runs) -> int:
    """Floating-point operations a step of perceptrons cannot do without; two for a multiplication and a sum.

    With `F` for all products of a forward pass and `F1`, `FL` for those of its first and last layer: the
    gradients of weights cost `F`, those of all layers' inputs `F`, all but the network's own `F - F1`. A
    gradient penalty adds a pass forward, one to the slope, and back from the slope one product a weight (`F`)
    and one a layer, but for the last, whose output everybody weighs with 1 (`F - FL`). Leaky ReLU has no
    second derivative, so nothing goes back through the forward pass.
    """
    config, game = runs.config, runs.game
    g, d = (_Products.of(n.module, config.batch_size) for n in (game.generator, game.discriminator))
    on_both = 2 * (d.all + d.all + d.all - d.first)
    penalties = len(config.penalties) * (d.all + d.all + d.all + d.all - d.last)
    critic_step = g.all + on_both + penalties
    generator_step = g.all + d.all + d.all + g.all + g.all - g.first
    return config.n_critic * critic_step + generator_step


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up by torch's own formulas; its `FlopCounterMode` refuses `torch.autograd.grad`."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: int = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operation, and count it if it is a product or a convolution."""
        out = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func._overloadpacket)
        if formula is not None:
            self.operations += int(formula(*args, **(kwargs or {}), out_val=out))
        return out


class _Products(NamedTuple):
    """Floating-point operations of the products of one forward pass."""

    all: int
    first: int
    last: int

    @classmethod
    def of(cls, module: nn.Module, rows: int) -> _Products:
        """Read the sizes off a perceptron's layers."""
        layers = [m for m in module.modules() if isinstance(m, nn.Linear)]
        costs = [2 * rows * layer.in_features * layer.out_features for layer in layers]
        return cls(sum(costs), costs[0], costs[-1])


def _measure(row: Row, quick: bool) -> dict[str, Any]:
    print(f"{row.recipe}, width {row.width}, batch {row.batch_size} ...", file=sys.stderr, flush=True)
    on = sides.without_metrics("digits")
    given: dict[str, Any] = {"g_width": row.width, "d_width": row.width, "batch_size": row.batch_size}
    with tempfile.TemporaryDirectory() as name:
        runs = sides.runs_of(row.recipe, on, Path(name), **given)
        ours = sides.stepping(runs)
        theirs, _, _ = sides.by_hand_like(runs)
        operations = needed(runs)
        seen = counted(ours)
        x, w = torch.randn(row.batch_size, row.width), torch.randn(row.width, row.width)
        y = torch.empty(row.batch_size, row.width)

        def product() -> None:
            torch.mm(x, w, out=y)

        steps = [ours, sides.counting(theirs), product]
        measured = sides.interleaved(steps, 4 if quick else 10, 0.1)
    of_product = 2 * row.batch_size * row.width**2
    operations_of = (operations, operations, of_product)
    rates = [[n / t.wall for t in times] for n, times in zip(operations_of, measured, strict=True)]
    return {
        **row._asdict(),
        "needed": operations,
        "counted": seen,
        "peak": sides.spread(rates[2]).median,
        "share": sides.ratios(rates[0], rates[2]),
        "share_by_hand": sides.ratios(rates[1], rates[2]),
    }


def _percent(value: sides.Spread) -> str:
    median, low, high = value
    return f"{median:.0%} ({low:.0%}-{high:.0%})"


if __name__ == "__main__":
    main()
