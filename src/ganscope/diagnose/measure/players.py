"""Two networks as functions without side effects: a probe changes no weight, buffer or random state."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from ganscope.contracts import Objective

WRAPPERS = ("DistributedDataParallel", "DataParallel", "_FabricModule")
PROBE_SEED = 0x6761_6E73
"""Dropout inside a probe draws the same masks at every step, so that rows compare."""
EPS = 1e-7


class Unreadable(ValueError):  # noqa: N818
    """Networks whose results a probe cannot interpret, in one sentence."""


class Player(NamedTuple):
    """One network at one moment."""

    module: nn.Module
    """Whose code runs; its own values are used only where none are given."""
    parameters: dict[str, Tensor]
    """Aliases of the trained weights, detached: gradients of a probe reach no hook and no `.grad`."""
    buffers: dict[str, Tensor]
    tied: bool
    """Some weights stand under two names."""

    def __call__(self, *inputs: Any) -> Any:
        """Run the network; its buffers stay as they are."""
        values = self.parameters | {name: b.clone() for name, b in self.buffers.items()}
        return functional_call(self.module, values, inputs, tie_weights=self.tied)


class Inputs(NamedTuple):
    """What the probes feed in: drawn once, the same at every step."""

    latent: tuple[Any, ...]
    """Arguments of the generator; tensors have one row a sample."""
    real: Tensor
    """Held-out rows `[N, *shape]`."""
    conditions: tuple[Any, ...] = ()
    """What a conditional discriminator takes beside real rows."""
    written: Callable[[Tensor], Tensor] | None = None
    """What fakes become when they are written down; sample sets are compared as they are written."""

    def as_written(self, fake: Tensor) -> Tensor:
        """Fakes as a file of them says: rounded and in their bounds where they are rows of a table."""
        return fake if self.written is None else self.written(fake).to(fake)

    def latents(self, start: int, stop: int) -> tuple[Any, ...]:
        """The generator's arguments for some samples."""
        return rows_of(self.latent, start, stop)

    def fake_conditions(self, start: int, stop: int) -> tuple[Any, ...]:
        """What a conditional discriminator takes beside fakes: the last of the generator's own arguments."""
        count = len(self.conditions)
        return rows_of(self.latent[len(self.latent) - count :], start, stop) if count else ()


def rows_of(arguments: Sequence[Any], start: int, stop: int) -> tuple[Any, ...]:
    """Cut rows out of every tensor among some arguments.

    Example:
        >>> rows_of((torch.arange(5), "mode"), 1, 3)
        (tensor([1, 2]), 'mode')
    """
    return tuple(a[start:stop] if isinstance(a, Tensor) and a.ndim else a for a in arguments)


def unwrapped(module: nn.Module) -> nn.Module:
    """The user's own module inside the wrappers of data-parallel training and of the compiler."""
    while True:
        if type(module).__name__ in WRAPPERS:
            module = module.module  # type: ignore[assignment]
        elif hasattr(module, "_orig_mod"):
            module = module._orig_mod  # type: ignore[assignment]
        else:
            return module


def trainable(module: nn.Module) -> frozenset[str]:
    """Names of the parameters that are trained, by the state of `requires_grad` now."""
    return frozenset(name for name, p in unwrapped(module).named_parameters() if p.requires_grad)


def player(
    module: nn.Module,
    trained: Collection[str],
    parameters: Mapping[str, Tensor] | None = None,
    buffers: Mapping[str, Tensor] | None = None,
) -> Player:
    """See a network as it is now.

    Args:
        module: the network.
        trained: names of the parameters that are trained: alternating loops switch `requires_grad`
            on and off.
        parameters: weights in place of its own (a run of a stack); the others stay its own.
        buffers: likewise.
    """
    module = unwrapped(module)
    own, own_buffers = dict(module.named_parameters()), dict(module.named_buffers())
    held = (t for m in module.modules() for t in (*m._parameters.values(), *m._buffers.values()))
    tied = sum(t is not None for t in held) > len(own) + len(own_buffers)
    aliases = {
        name: p.detach().requires_grad_(name in trained and p.is_floating_point())
        for name, p in {**own, **(parameters or {})}.items()
    }
    return Player(module, aliases, {**own_buffers, **(buffers or {})}, tied)


@contextmanager
def undisturbed(*modules: nn.Module) -> Iterator[None]:
    """Probe networks so that the run goes on as if they had not been probed.

    Gradients are on and autocast is off inside; random states of torch, NumPy and Python are given back; the
    users' forward and backward hooks do not see the probe. Hooks before the forward pass stay, for spectral
    and weight normalisation live there.
    """
    inside = [m for top in modules for m in unwrapped(top).modules()]
    weights = (p for m in inside for p in m._parameters.values() if p is not None)
    devices = sorted({p.get_device() for p in weights if p.is_cuda})
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for kind in {"cpu", *(["cuda"] if devices else [])}:
            stack.enter_context(torch.autocast(kind, enabled=False))
        stack.enter_context(torch.random.fork_rng(devices=devices))
        stack.callback(random.setstate, random.getstate())
        stack.callback(_restore_numpy, np.random.get_state())  # noqa: NPY002 - the user's own global state
        # torch.manual_seed would also note who called it, for GPUs not in use yet: half of the time of a look
        torch.default_generator.manual_seed(PROBE_SEED)
        for device in devices:
            torch.cuda.default_generators[device].manual_seed(PROBE_SEED)
        for module in inside:
            for name in ("_forward_hooks", "_backward_hooks", "_backward_pre_hooks"):
                hooks = getattr(module, name)
                if hooks:
                    stack.callback(setattr, module, name, hooks)
                    setattr(module, name, type(hooks)())
        yield


def _restore_numpy(state: Any) -> None:
    """Give NumPy's global state back where it has moved: to compare is cheaper than to set."""
    now: Any = np.random.get_state()  # noqa: NPY002
    if now[2:] != state[2:] or not np.array_equal(now[1], state[1]):
        np.random.set_state(state)  # noqa: NPY002


def sample_of(result: Any, shape: Sequence[int]) -> Tensor:
    """Find the generated rows in what a generator returned.

    Raises:
        Unreadable: there are none of the data's shape.
    """
    fitting = [t for t in _tensors(result) if t.ndim > 0 and list(t.shape[1:]) == list(shape)]
    if fitting:
        return fitting[0]
    got = [list(t.shape) for t in _tensors(result)]
    raise Unreadable(
        f"the generator returns {_kind(result)} of shape {got[0] if len(got) == 1 else got}, and rows of the "
        f"data have shape {list(shape)}: let it return rows [B, {', '.join(map(str, shape))}], or give "
        "real= as the generator makes it."
    )


def parts_of(result: Any, rows: int) -> list[Tensor]:
    """Bring what a discriminator returned into a list of `[B, patches]`, one entry a scale.

    A tensor is one scale; a list of tensors is several; of a list of lists (features first, score last, as in
    pix2pixHD) the last of each counts; of a pair (scores, features) the first.

    Raises:
        Unreadable: no tensor of scores with one row a sample.
    """
    if isinstance(result, Mapping):
        named = [result[key] for key in ("logits", "scores", "score", "output") if key in result]
        result = named[0] if named else list(result.values())
    if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], list | tuple | Mapping):
        result = result[0]
    entries = list(result) if isinstance(result, list | tuple) else [result]
    scales = [entry[-1] if isinstance(entry, list | tuple) and entry else entry for entry in entries]
    for scale in scales:
        if not isinstance(scale, Tensor) or scale.ndim == 0 or len(scale) != rows:
            got = list(scale.shape) if isinstance(scale, Tensor) else type(scale).__name__
            raise Unreadable(
                f"the discriminator returns {_kind(result)} with {got} for {rows} rows, which is no score "
                "per row: let it return [B], [B, 1], patches [B, ...] or a list of them."
            )
    return [
        scale.reshape(rows, -1).float() if scale.dtype.itemsize < 4 else scale.reshape(rows, -1)
        for scale in scales
    ]


def score_of(parts: Sequence[Tensor]) -> Tensor:
    """One score per sample `[B]`: patches averaged, then scales."""
    means = [part.mean(1) for part in parts]
    return torch.stack(means).mean(0) if len(means) > 1 else means[0]


def losses(
    loss: Callable[[Tensor, Tensor], Tensor], real: Sequence[Tensor], fake: Sequence[Tensor]
) -> Tensor:
    """Apply a loss to scores by scale and patch, and average per sample: `[B]`.

    A loss that averages over its batch gives one number, handed on `[B]` times.
    """
    rows = len(fake[0])
    values = []
    for r, f in zip(real, fake, strict=True):
        value = loss(r.movedim(-1, 0), f.movedim(-1, 0))
        values.append(value.mean(0) if value.ndim == 2 else value.reshape(-1)[:1].expand(rows))
    return torch.stack(values).mean(0)


def as_probability_logits(parts: Sequence[Tensor]) -> list[Tensor]:
    """Undo a sigmoid at the end of a discriminator: `log p - log(1 - p)`."""
    return [torch.logit(part, EPS) for part in parts]


def objective_of(objective: Objective | tuple[Any, Any]) -> Objective:
    """Take an objective, or a pair of functions (d_loss, g_loss) that average or do not.

    `g_loss` may take fake scores alone.

    Raises:
        Unreadable: the functions do not turn two tensors of scores into a loss.
    """
    if isinstance(objective, Objective):
        return objective
    d_given, g_given = objective

    def d_loss(real: Tensor, fake: Tensor) -> Tensor:
        result: Tensor = d_given(real, fake)
        return result

    def both(real: Tensor, fake: Tensor) -> Tensor:
        result: Tensor = g_given(real, fake)
        return result

    def alone(real: Tensor, fake: Tensor) -> Tensor:  # noqa: ARG001
        result: Tensor = g_given(fake)
        return result

    scores = torch.full((1, 4), 0.5)  # a probability as well as a score
    g_loss = alone
    for candidate in (both, alone):
        try:
            if isinstance(candidate(scores, scores), Tensor):
                g_loss = candidate
                break
        except (TypeError, RuntimeError):
            continue
    try:
        _mean(d_loss(scores, scores)), _mean(g_loss(scores, scores))
    except (TypeError, RuntimeError, ValueError) as error:
        raise Unreadable(
            f"objective= cannot take real and fake scores [1, 4]: {str(error).splitlines()[0]}. Hand over a "
            "name, or functions (d_loss(real, fake), g_loss(fake))."
        ) from None
    free = _is_linear(d_loss, scores)
    return Objective(d_loss, g_loss, None, bounded=False, needs_lipschitz=free, coupled=False)


def _mean(value: Any) -> float:
    return float(torch.as_tensor(value).mean())


def _is_linear(d_loss: Callable[[Tensor, Tensor], Tensor], scores: Tensor) -> bool:
    """Tell whether a loss is a Wasserstein critic's: fakes' scores less real ones', however large."""
    try:
        rise, fall, up = (_mean(d_loss(scores + r, scores + f)) for r, f in ((50, 0), (-50, 0), (0, 50)))
    except (TypeError, RuntimeError, ValueError):
        return False
    return abs(rise + fall) < 1e-3 * abs(rise) and abs(rise + up) < 1e-3 * abs(rise)


def _tensors(result: Any) -> list[Tensor]:
    if isinstance(result, Tensor):
        return [result]
    entries = result.values() if isinstance(result, Mapping) else result
    return (
        [t for entry in entries for t in _tensors(entry)]
        if isinstance(entries, list | tuple) or isinstance(result, Mapping)
        else []
    )


def _kind(result: Any) -> str:
    return "a tensor" if isinstance(result, Tensor) else f"a {type(result).__name__}"
