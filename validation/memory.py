"""Whether the memory of a watched loop stays flat: its resident size over 100,000 steps, and rows kept.

    python -m validation.memory [--steps 100000]

Plain PyTorch trains two small perceptrons; `gs.watch` probes every 100 steps and writes to a folder.
Writes `docs/validation/memory.json`.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

import ganscope as gs
from ganscope.folder import files

OUT = Path(__file__).parents[1] / "docs" / "validation" / "memory.json"
LOOKS = 10
EVERY = 100


def main() -> None:
    """Train, look at the process ten times, and write down what was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        looks = watched(options.steps, Path(folder))
    written = {
        "command": "python -m validation.memory",
        "steps": options.steps,
        "every": EVERY,
        "looks": looks,
    }
    with files.whole_file(options.out) as file:
        file.write(json.dumps(written, indent=1).encode() + b"\n")


def watched(steps: int, folder: Path) -> list[dict[str, float]]:
    """Train a pair under `watch`, and look at the process's size at ten steps."""
    generator = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2))
    discriminator = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
    g_opt, d_opt = (torch.optim.Adam(m.parameters(), 1e-4, fused=True) for m in (generator, discriminator))
    scope = gs.watch(
        generator, discriminator, real=rows(1000), latent=lambda n: torch.randn(n, 4), out=folder, every=EVERY
    )
    looks, began = [], time.monotonic()
    for step in range(1, steps + 1):
        real, fake = rows(64), generator(torch.randn(64, 4))
        d_loss = (softplus(-discriminator(real)) + softplus(discriminator(fake.detach()))).mean()
        d_opt.zero_grad()
        d_loss.backward()  # type: ignore[no-untyped-call]
        d_opt.step()
        g_loss = softplus(-discriminator(fake)).mean()
        g_opt.zero_grad()
        g_loss.backward()  # type: ignore[no-untyped-call]
        g_opt.step()
        scope.step(real=real, d_loss=d_loss, g_loss=g_loss)
        if step % (steps // LOOKS) == 0:
            looks.append({"step": step, "resident_mb": resident(), "rows": len(scope.rows)})
            rate = step / (time.monotonic() - began)
            left = (steps - step) / rate
            print(f"{looks[-1]}, {rate:.0f} steps/s, {left:.0f} s left", file=sys.stderr, flush=True)
    return looks


def rows(n: int) -> Tensor:
    """Rows of the data: a ring of eight spots."""
    angle = torch.randint(8, (n,)) * torch.pi / 4
    return 2 * torch.stack([angle.cos(), angle.sin()], 1) + 0.2 * torch.randn(n, 2)


def resident() -> float:
    """The process's resident size now, in megabytes; on other systems than Linux the largest so far."""
    status = Path("/proc/self/statm")
    if status.exists():
        return round(int(status.read_text().split()[1]) * resource.getpagesize() / 1e6, 1)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, 1)


if __name__ == "__main__":
    main()
