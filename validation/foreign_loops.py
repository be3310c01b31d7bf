"""Loops that are not ours, watched: same weights with and without, and no note of trouble.

    python -m validation.foreign_loops

Two processes of DistributedDataParallel (gloo); modules under torch.compile, with and without autocast; and,
where it is installed, a Lightning module that optimises by hand, in float32 and in bf16-mixed.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import tempfile
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.multiprocessing.spawn import spawn
from torch.nn.functional import softplus

import ganscope as gs

REAL = torch.randn(600, 2, generator=torch.Generator().manual_seed(1)) + 2
STEPS, BATCH, EVERY = 60, 32, 10


def networks() -> tuple[nn.Module, nn.Module]:
    """With BatchNorm and with dropout: state and chance that a probe could touch."""
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2))
    return generator, nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Dropout(0.2), nn.Linear(16, 1))


def latent(n: int) -> Tensor:
    """What generators take."""
    return torch.randn(n, 4)


def looked_at(generator: nn.Module, discriminator: nn.Module) -> Any:
    """Watch a pair."""
    return gs.watch(generator, discriminator, real=REAL[:200], latent=latent, every=EVERY)


def loop(generator: nn.Module, discriminator: nn.Module, watched: bool, cast: bool = False) -> Any:
    """Train a pair as people write it; returns the scope."""
    g_opt, d_opt = (
        torch.optim.Adam(m.parameters(), 1e-3, betas=(0.5, 0.9)) for m in (generator, discriminator)
    )
    scope = looked_at(generator, discriminator) if watched else None
    for _ in range(STEPS):
        real = REAL[torch.randint(len(REAL), (BATCH,))]
        with torch.autocast("cpu", torch.bfloat16, enabled=cast):
            scores = discriminator(torch.cat([real, generator(latent(BATCH)).detach()]))
            d_loss = softplus(-scores[:BATCH]).mean() + softplus(scores[BATCH:]).mean()
        d_opt.zero_grad()
        d_loss.backward()  # type: ignore[no-untyped-call]
        d_opt.step()
        with torch.autocast("cpu", torch.bfloat16, enabled=cast):
            g_loss = softplus(-discriminator(generator(latent(BATCH)))).mean()
            if scope is not None:
                scope.step(real=real, d_loss=d_loss, g_loss=g_loss)
        g_opt.zero_grad()
        g_loss.backward()  # type: ignore[no-untyped-call]
        g_opt.step()
    return scope


def told(name: str, ends: list[list[Tensor]], scope: Any) -> None:
    """Print a line: whether the weights agree, and what the scope saw."""
    same = all(torch.equal(a, b) for a, b in zip(*ends, strict=True))
    probes = sum("auc" in row for row in scope.rows)
    print(f"{name}: weights {'identical' if same else 'DIFFER'}, {probes} probes, notes {scope.notes}")


def compiled(backend: str, cast: bool) -> None:
    """Modules under torch.compile."""
    ends, scope = [], None
    for watched in (False, True):
        pair = networks()
        wrapped: list[Any] = [torch.compile(m, backend=backend) for m in pair]
        scope = loop(wrapped[0], wrapped[1], watched, cast)
        ends.append([t for m in pair for t in m.state_dict().values()])
    told(f"torch.compile ({backend}){', autocast' if cast else ''}", ends, scope)


def process(rank: int, watched: bool, folder: str) -> None:
    """One of two processes of data-parallel training."""
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29611"}
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    pair = networks()
    torch.manual_seed(10 + rank)
    generator, discriminator = (nn.parallel.DistributedDataParallel(m) for m in pair)
    scope = loop(generator, discriminator, watched)
    name = f"{watched}-{rank}.pt"
    torch.save([t for m in pair for t in m.state_dict().values()], Path(folder) / name)
    if scope is not None:
        print(f"DDP, rank {rank}: {len(scope.rows)} rows, notes {scope.notes}", flush=True)
    dist.destroy_process_group()


def distributed() -> None:
    """Two processes with and without; each must end as it did."""
    with tempfile.TemporaryDirectory() as folder:
        for watched in (False, True):
            spawn(process, (watched, folder), nprocs=2)  # type: ignore[no-untyped-call]
        for rank in (0, 1):
            ends = [torch.load(Path(folder) / f"{w}-{rank}.pt", weights_only=True) for w in (False, True)]
            same = all(torch.equal(a, b) for a, b in zip(*ends, strict=True))
            print(f"DDP, rank {rank}: weights {'identical' if same else 'DIFFER'}")


def lightning(precision: str) -> None:
    """A Lightning module that optimises by hand."""
    pl: Any = importlib.import_module("pytorch_lightning")

    class Module(pl.LightningModule):  # type: ignore[misc]
        def __init__(self, watched: bool) -> None:
            super().__init__()
            self.automatic_optimization = False
            self.generator, self.discriminator = networks()
            self.watched = watched
            self.scope: Any = None

        def on_train_start(self) -> None:
            if self.watched:
                self.scope = looked_at(self.generator, self.discriminator)

        def training_step(self, batch: list[Tensor], _: int) -> None:
            (real,), (g_opt, d_opt) = batch, self.optimizers()
            self.toggle_optimizer(d_opt)
            fake = self.generator(latent(len(real))).detach()
            d_loss = softplus(-self.discriminator(real)).mean() + softplus(self.discriminator(fake)).mean()
            d_opt.zero_grad()
            self.manual_backward(d_loss)
            d_opt.step()
            self.untoggle_optimizer(d_opt)
            self.toggle_optimizer(g_opt)
            g_loss = softplus(-self.discriminator(self.generator(latent(len(real))))).mean()
            g_opt.zero_grad()
            self.manual_backward(g_loss)
            g_opt.step()
            if self.scope is not None:
                self.scope.step(real=real, d_loss=d_loss, g_loss=g_loss)
            self.untoggle_optimizer(g_opt)

        def configure_optimizers(self) -> list[torch.optim.Optimizer]:
            pair = (self.generator, self.discriminator)
            return [torch.optim.Adam(m.parameters(), 1e-3, betas=(0.5, 0.9)) for m in pair]

    ends, scope = [], None
    for watched in (False, True):
        pl.seed_everything(0, verbose=False)
        module = Module(watched)
        rows = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(REAL), BATCH, shuffle=True)
        trainer = pl.Trainer(
            max_epochs=4, logger=False, enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False, accelerator="cpu", devices=1, precision=precision,
        )  # fmt: skip
        trainer.fit(module, rows)
        scope = module.scope
        ends.append(list(module.state_dict().values()))
    told(f"Lightning {pl.__version__} ({precision})", ends, scope)


def main() -> None:
    """Run all that is installed."""
    torch.set_num_threads(1)
    distributed()
    for backend in ("aot_eager", "inductor"):
        for cast in (False, True):
            compiled(backend, cast)
    if importlib.util.find_spec("pytorch_lightning") is None:
        print("Lightning: not installed (pip install pytorch-lightning)")
        return
    for precision in ("32-true", "bf16-mixed"):
        lightning(precision)


if __name__ == "__main__":
    main()
