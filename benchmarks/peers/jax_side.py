"""The same training as a JAX program: jit over a scan of steps, `vmap` over the runs of a sweep.

A worker of `same_work` and `sweep`; runs in the environment `jax`. Networks, losses, penalty and Adam are
ganscope's, written in the way JAX wants them. It draws a batch's rows independently, which costs less than
the epochs of the others.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from . import turns

THREADS = int(os.environ["OMP_NUM_THREADS"])
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])  # XLA takes every core that it sees
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

Array = Any
Layers = list[tuple[Array, Array]]
"""Weight `[inputs, outputs]` and bias of each layer."""
SLOPE = 0.2


class Adam(NamedTuple):
    """State of the optimiser."""

    count: Array
    mean: Layers
    square: Layers


class State(NamedTuple):
    """All a run changes."""

    generator: Layers
    discriminator: Layers
    g_adam: Adam
    d_adam: Adam
    key: Array


def train(case: turns.Case, taken: Iterator[int]) -> None:
    """Train K runs of a case as one program, in scans of `case["scan"]` steps."""
    rows = jax.random.uniform(jax.random.key(0), (case["rows"], math.prod(case["shape"])), minval=-1.0)
    step = step_of(case, rows)
    seeds = case.get("seeds", 0)

    def scan(state: State) -> State:
        last: State = jax.lax.scan(lambda carry, _: (step(carry), None), state, length=case["scan"])[0]
        return last

    key = jax.random.key(1)
    if seeds:
        state = jax.vmap(lambda key: start(case, key))(jax.random.split(key, seeds))
        program = jax.jit(jax.vmap(scan))
    else:
        state, program = start(case, key), jax.jit(scan)
    state = jax.block_until_ready(program(state))
    for steps in taken:
        for _ in range(steps // case["scan"]):
            state = program(state)
        jax.block_until_ready(state)


def start(case: turns.Case, key: Array) -> State:
    """Draw initial weights as ganscope does: He, the last layer as torch has it."""
    g_key, d_key, key = jax.random.split(key, 3)
    width, values = case["width"], math.prod(case["shape"])
    generator = _layers(g_key, [case["latent_dim"], *[width] * case["g_depth"], values])
    discriminator = _layers(d_key, [values, *[width] * case["d_depth"], 1])
    return State(generator, discriminator, _adam(generator), _adam(discriminator), key)


def step_of(case: turns.Case, rows: Array) -> Callable[[State], State]:
    """Write the step of a recipe: `n_critic` updates of the discriminator, one of the generator."""
    size, latent_dim, weight = case["batch_size"], case["latent_dim"], case["penalty_weight"]
    wasserstein = case["recipe"] in ("wgan", "wgan-gp")

    def generate(layers: Layers, key: Array) -> Array:
        x = jax.random.normal(key, (size, latent_dim))
        for w, b in layers[:-1]:
            x = jax.nn.relu(x @ w + b)
        w, b = layers[-1]
        return jnp.tanh(x @ w + b) if case["bounded"] else x @ w + b

    def score(layers: Layers, x: Array) -> Array:
        for w, b in layers[:-1]:
            x = jax.nn.leaky_relu(x @ w + b, SLOPE)
        w, b = layers[-1]
        return (x @ w + b)[:, 0]

    def slope(layers: Layers, x: Array) -> tuple[Array, Array]:
        """Scores, and squared slopes at the rows."""
        scores, back = jax.vjp(lambda x: score(layers, x), x)
        (gradient,) = back(jnp.ones_like(scores))
        return scores, (gradient**2).sum(1)

    def d_loss(layers: Layers, real: Array, fake: Array, key: Array) -> Array:
        penalty = jnp.zeros(())
        if case["recipe"] == "r1":
            real_scores, squared = slope(layers, real)
            fake_scores = score(layers, fake)
            penalty = squared.mean() / 2
        else:
            scores = score(layers, jnp.concatenate([real, fake]))
            real_scores, fake_scores = scores[:size], scores[size:]
        if case["recipe"] == "wgan-gp":
            epsilon = jax.random.uniform(key, (size, 1))
            _, squared = slope(layers, epsilon * real + (1 - epsilon) * fake)
            penalty = ((jnp.sqrt(squared) - 1) ** 2).mean()
        if wasserstein:
            return fake_scores.mean() - real_scores.mean() + weight * penalty
        return jax.nn.softplus(-real_scores).mean() + jax.nn.softplus(fake_scores).mean() + weight * penalty

    def g_loss(layers: Layers, discriminator: Layers, key: Array) -> Array:
        scores = score(discriminator, generate(layers, key))
        return -scores.mean() if wasserstein else jax.nn.softplus(-scores).mean()

    def critic_step(state: State, _: None) -> tuple[State, None]:
        key, row_key, noise_key, penalty_key = jax.random.split(state.key, 4)
        real = rows[jax.random.randint(row_key, (size,), 0, len(rows))]
        fake = generate(state.generator, noise_key)
        gradient = jax.grad(d_loss)(state.discriminator, real, fake, penalty_key)
        layers, adam = _update(case, state.discriminator, gradient, state.d_adam, case["d_lr"])
        if case["recipe"] == "wgan":
            layers = jax.tree.map(lambda p: jnp.clip(p, -case["clip"], case["clip"]), layers)
        return state._replace(discriminator=layers, d_adam=adam, key=key), None

    def step(state: State) -> State:
        state, _ = jax.lax.scan(critic_step, state, length=case["n_critic"])
        key, noise_key = jax.random.split(state.key)
        gradient = jax.grad(g_loss)(state.generator, state.discriminator, noise_key)
        layers, adam = _update(case, state.generator, gradient, state.g_adam, case["g_lr"])
        return state._replace(generator=layers, g_adam=adam, key=key)

    return step


def _layers(key: Array, sizes: list[int]) -> Layers:
    keys = jax.random.split(key, len(sizes) - 1)
    return [
        (jax.random.normal(k, (inputs, outputs)) * math.sqrt(2 / inputs), jnp.zeros(outputs))
        for k, inputs, outputs in zip(keys, sizes, sizes[1:], strict=False)
    ]


def _adam(layers: Layers) -> Adam:
    zeros = jax.tree.map(jnp.zeros_like, layers)
    return Adam(jnp.zeros(()), zeros, zeros)


def _update(
    case: turns.Case, layers: Layers, gradient: Layers, adam: Adam, rate: float
) -> tuple[Layers, Adam]:
    b1, b2 = case["beta1"], case["beta2"]
    count = adam.count + 1
    mean = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, adam.mean, gradient)
    square = jax.tree.map(lambda s, g: b2 * s + (1 - b2) * g * g, adam.square, gradient)
    of_mean, of_square = rate / (1 - b1**count), 1 / (1 - b2**count)
    layers = jax.tree.map(
        lambda p, m, s: p - of_mean * m / (jnp.sqrt(s * of_square) + 1e-8), layers, mean, square
    )
    return layers, Adam(count, mean, square)


if __name__ == "__main__":
    turns.serve(train)
