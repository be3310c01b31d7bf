"""The loops: what each is, what is wrong with it, and the half it belongs to."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from .played import Script, Settings
from .scripts_critics import clipped, penalised
from .scripts_flat import label_tensors, probabilities, spectral_hinge, squares, zero_centred
from .scripts_images import conditional, dcgan, hinge_pictures

HALVES = ("tuning", "kept")


class Loop(NamedTuple):
    """One loop."""

    name: str
    kind: str
    """The verdict that should stand at its end; "healthy", or "unconverged" for bad samples of no failure."""
    script: Script
    settings: Settings
    also: Mapping[str, str] = {}
    """Other verdicts that are right as well, and why."""


def halves(loops: Mapping[str, Loop]) -> dict[str, str]:
    """Give each loop a half: by a hash of its name, so that every kind is shared out evenly."""
    by_kind: dict[str, list[str]] = {}
    for name in sorted(loops, key=lambda name: zlib.crc32(name.encode())):
        by_kind.setdefault(loops[name].kind, []).append(name)
    dealt: dict[str, str] = {}
    for turn, kind in enumerate(sorted(by_kind)):
        for k, name in enumerate(by_kind[kind]):
            dealt[name] = HALVES[(k + turn) % 2]  # of an odd number the larger part goes to either in turn
    return dealt


LOOPS: dict[str, Loop] = {}


def _add(
    name: str, kind: str, script: Script, /, also: Mapping[str, str] | None = None, **settings: Any
) -> None:
    LOOPS[name] = Loop(name, kind, script, Settings(**settings), also or {})


SIGMOID = {"wiring": "a sigmoid at the discriminator's end is advised against"}
FOLLOWS = {"discriminator-too-strong": "the discriminator wins as the generator cannot follow"}
DEAD = {"discriminator-too-strong": "a saturated loss is what a discriminator far ahead does",
        "vanishing-gradient (loss)": "the loss is saturated"}  # fmt: skip
UNSEEN = {"discriminator-too-strong": "what the loop never shows, the discriminator rejects"}
UNDECLARED = {"wiring": "no constraint is declared"}
STEEP = {
    "lipschitz-violation": "the critic is steep too",
    "critic-underfit": "it proves little of the distance",
}

# healthy: good samples at the end
_add("moons-labels", "healthy", label_tensors, data="moons", steps=4000, width=128, d_width=128, seed=1)
_add("s-curve-r1", "healthy", zero_centred, data="s-curve", steps=3000, width=128, d_width=128, weight=0.1)
_add("moons-r1", "healthy", zero_centred, data="moons", steps=2500, width=96, d_width=96, weight=1.0,
     betas=(0.0, 0.99), g_lr=5e-4, d_lr=5e-4)  # fmt: skip
_add(
    "heavy-r1", "healthy", zero_centred, data="heavy", steps=2500, width=96, d_width=96, weight=0.5, batch=128
)
_add("mixed-gp", "healthy", penalised, data="mixed", steps=2500, n_critic=3, betas=(0.5, 0.9), batch=128,
     weight=1.0, width=96, d_width=96)  # fmt: skip
_add("s-curve-gp", "healthy", penalised, data="s-curve", steps=2000, n_critic=4, betas=(0.0, 0.9), weight=1.0,
     width=96, d_width=96, batch=128)  # fmt: skip
_add("clusters-gp-own", "healthy", penalised, data="clusters", steps=2500, n_critic=4, betas=(0.5, 0.9),
     width=128, d_width=128, batch=128, weight=1.0, mistake="own")  # fmt: skip
_add("breast-cancer-gp", "healthy", penalised, data="breast_cancer", steps=2000, n_critic=3, betas=(0.5, 0.9),
     weight=1.0, batch=64)  # fmt: skip
_add("heavy-squares", "healthy", squares, data="heavy", steps=3000, batch=128, d_lr=5e-4, g_lr=5e-4)
_add("sines-hinge", "healthy", spectral_hinge, data="sines", steps=3000, width=128, d_width=128, n_critic=2,
     g_lr=5e-4)  # fmt: skip
_add("mixed-conditional", "healthy", conditional, data="mixed", steps=3000, g_lr=5e-4, d_lr=5e-4, batch=128)
_add("stripes-dcgan", "healthy", dcgan, data="stripes", steps=1500, batch=32, width=32, d_width=16, latent=16,
     norm="batch", g_lr=5e-4, d_lr=5e-4)  # fmt: skip
_add("shapes-hinge", "healthy", hinge_pictures, data="shapes", steps=1500, batch=32, width=32, d_width=24,
     latent=16, norm="batch", g_lr=5e-4, d_lr=5e-4)  # fmt: skip
_add("blobs-dcgan", "healthy", dcgan, data="blobs", steps=1200, batch=32, width=32, d_width=16, latent=16,
     norm="batch", g_lr=5e-4, d_lr=5e-4)  # fmt: skip

# mode collapse
_add("letters-few-latents", "mode-collapse", dcgan, data="letters", steps=900, batch=32, width=32, d_width=16,
     table=16, latent=16, norm="batch", g_lr=5e-4, d_lr=5e-4, also=FOLLOWS)  # fmt: skip
_add(
    "clusters-few-latents",
    "mode-collapse",
    label_tensors,
    data="clusters",
    steps=1500,
    table=24,
    also=FOLLOWS,
)
_add("s-curve-one-latent", "mode-collapse", label_tensors, data="s-curve", steps=1200, latent=1, also=FOLLOWS)
_add("clusters-sorted", "mode-collapse", zero_centred, data="clusters", steps=2000, sorted_share=0.6,
     width=96, d_width=96, weight=0.5, also=UNSEEN)  # fmt: skip
_add("blobs-sorted", "mode-collapse", hinge_pictures, data="blobs", steps=800, batch=32, width=32, d_width=16,
     latent=16, norm="batch", sorted_share=0.65, g_lr=5e-4, d_lr=5e-4, also=UNSEEN)  # fmt: skip
_add("clusters-high-rates", "mode-collapse", label_tensors, data="clusters", steps=1600, g_lr=3e-3, d_lr=3e-3,
     betas=(0.9, 0.999), width=128, d_width=128, also=FOLLOWS)  # fmt: skip
_add("digits-narrow", "mode-collapse", penalised, data="large-digits", steps=600, n_critic=2, latent=1,
     betas=(0.5, 0.9), batch=32, width=128, d_width=128, also={})  # fmt: skip
_add("mixed-rounded", "mode-collapse", squares, data="mixed", steps=1500, rounding=0.6, also=FOLLOWS)
_add("checkerboard-saturating", "mode-collapse", label_tensors, data="checkerboard", steps=2000, g_lr=8e-3,
     d_lr=1e-3, batch=16, betas=(0.9, 0.999), saturating=True, also=DEAD)  # fmt: skip
_add("stripes-total", "mode-collapse", dcgan, data="stripes", steps=700, batch=32, width=32, d_width=16,
     latent=16, g_lr=1e-2, d_lr=1e-3, also=FOLLOWS)  # fmt: skip

# a discriminator that remembers few rows
_add("wine-forty-rows", "discriminator-overfit", label_tensors, data="wine", steps=1500, batch=32,
     train_rows=40, width=128, d_width=128, also=FOLLOWS)  # fmt: skip
_add("diabetes-r1-handed", "discriminator-overfit", zero_centred, data="diabetes", steps=1500, batch=32,
     train_rows=100, d_width=256, width=128, weight=0.01, n_critic=2, also=FOLLOWS)  # fmt: skip
_add("letters-hundred", "discriminator-overfit", dcgan, data="letters", steps=800, batch=32, train_rows=80,
     width=32, d_width=32, latent=16, norm="batch", also=FOLLOWS)  # fmt: skip
_add("digits-conditional-few", "discriminator-overfit", conditional, data="large-digits", steps=1200,
     batch=32, train_rows=100, width=128, d_width=192, d_lr=5e-4, g_lr=5e-4, also=FOLLOWS)  # fmt: skip

# diverged
_add("swiss-roll-rates", "diverged", penalised, data="swiss-roll", steps=1000, optimizer="rmsprop",
     n_critic=2, g_lr=1e-2, d_lr=1e-2, activation="leaky", momentum=0.9,
     mistake="no penalty",
     also={**STEEP, **UNDECLARED, "mode-collapse": "samples far away cover nothing"})  # fmt: skip
_add("heavy-sgd", "diverged", squares, data="heavy", steps=600, optimizer="sgd", momentum=0.9, g_lr=0.5,
     d_lr=0.05, also={**FOLLOWS, "mode-collapse": "samples far away cover nothing"})  # fmt: skip
_add("s-curve-critic-loose", "diverged", penalised, data="s-curve", steps=1000, n_critic=2, d_lr=1e-2,
     g_lr=1e-2, mistake="no penalty",
     also={**STEEP, **UNDECLARED, "mode-collapse": "samples far away cover nothing"})  # fmt: skip
_add("moons-hinge-bare", "diverged", spectral_hinge, data="moons", steps=1200, d_lr=5e-2, g_lr=1e-1,
     optimizer="sgd", momentum=0.9, depth=3, activation="leaky", d_activation="elu",
     mistake="bare", also={**FOLLOWS, "mode-collapse": "samples far away cover nothing"})  # fmt: skip

# too strong
_add("spirals-ten-to-one", "discriminator-too-strong", label_tensors, data="spirals", steps=800, n_critic=5,
     d_lr=5e-3, g_lr=5e-5, d_width=128, also=DEAD)  # fmt: skip
_add("digits-strong", "discriminator-too-strong", dcgan, data="large-digits", steps=500, batch=16, width=16,
     d_width=24, latent=16, n_critic=2, d_lr=2e-3, g_lr=2e-5, d_norm="batch", also=DEAD)  # fmt: skip
_add("sines-strong-sigmoid", "discriminator-too-strong", probabilities, data="sines", steps=1000, n_critic=5,
     d_lr=2e-3, g_lr=5e-5, also={**DEAD, **SIGMOID})  # fmt: skip
_add("cancer-strong", "discriminator-too-strong", squares, data="breast_cancer", steps=1500, d_lr=2e-3,
     g_lr=1e-5, d_width=128)  # fmt: skip

# too weak
_add("clusters-slow-judge", "discriminator-too-weak", label_tensors, data="clusters", steps=1200, d_lr=1e-6)
_add("s-curve-slow-sgd", "discriminator-too-weak", squares, data="s-curve", steps=1500, optimizer="sgd",
     g_lr=1e-2, d_lr=1e-5)  # fmt: skip
_add("shapes-tiny-judge", "discriminator-too-weak", dcgan, data="shapes", steps=700, batch=32, width=32,
     d_width=2, latent=16, g_lr=1e-3, d_lr=3e-6, norm="batch")  # fmt: skip
_add("mixed-hinge-slow", "discriminator-too-weak", spectral_hinge, data="mixed", steps=2000, d_lr=1e-7,
     g_lr=2e-4)  # fmt: skip

# critic underfit
_add("checkerboard-clip-tight", "critic-underfit", clipped, data="checkerboard", steps=1500, n_critic=1,
     optimizer="rmsprop", d_lr=1e-6, g_lr=5e-4, clip=0.05)  # fmt: skip
_add("heavy-gp-slow", "critic-underfit", penalised, data="heavy", steps=1500, d_lr=2e-6, g_lr=1e-3,
     betas=(0.5, 0.9))  # fmt: skip
_add("shapes-gp-slow", "critic-underfit", penalised, data="shapes", steps=700, d_lr=1e-6, g_lr=2e-3, batch=32,
     betas=(0.5, 0.9))  # fmt: skip
_add("moons-gp-heavy", "critic-underfit", penalised, data="moons", steps=2500, d_lr=3e-6, g_lr=1e-3,
     betas=(0.0, 0.9), n_critic=2)  # fmt: skip

# nothing holds the slope
_add("clusters-no-penalty", "lipschitz-violation", penalised, data="clusters", steps=1500, n_critic=3,
     mistake="no penalty", also={**STEEP, **UNDECLARED})  # fmt: skip
_add("mixed-weak-penalty", "lipschitz-violation", penalised, data="mixed", steps=1500, n_critic=3,
     weight=1e-3, also=STEEP)  # fmt: skip
_add("diabetes-no-penalty", "lipschitz-violation", penalised, data="diabetes", steps=700, n_critic=5,
     mistake="no penalty", also={**STEEP, **UNDECLARED})  # fmt: skip
_add("stripes-weak-penalty", "lipschitz-violation", penalised, data="stripes", steps=600, n_critic=3,
     weight=1e-4, batch=32, betas=(0.5, 0.9), also=STEEP)  # fmt: skip

# oscillation
_add("moons-swing-momentum", "oscillation", penalised, data="moons", steps=3000, n_critic=1, weight=0.05,
     betas=(0.9, 0.99), width=16, d_width=16, also=STEEP)  # fmt: skip
_add("clusters-swing-clip", "oscillation", clipped, data="clusters", steps=3000, n_critic=1, clip=0.1,
     optimizer="rmsprop", momentum=0.9, d_lr=2e-4, g_lr=2e-4, also=STEEP)  # fmt: skip
_add("s-curve-swing-sgd", "oscillation", clipped, data="s-curve", steps=4000, n_critic=1, clip=0.3, depth=1,
     optimizer="sgd", momentum=0.9, d_lr=1e-2, g_lr=1e-2, width=32, d_width=32, also=STEEP)  # fmt: skip
_add("heavy-swing-linear", "oscillation", penalised, data="heavy", steps=2500, n_critic=1, weight=0.01,
     depth=1, width=8, d_width=8, g_lr=5e-3, d_lr=5e-3, betas=(0.5, 0.9), also=STEEP)  # fmt: skip

# vanishing gradients
_add("spirals-saturated", "vanishing-gradient (loss)", label_tensors, data="spirals", steps=700, n_critic=3,
     saturating=True, d_lr=3e-3, g_lr=1e-4, also=DEAD)  # fmt: skip
_add("stripes-saturated", "vanishing-gradient (loss)", dcgan, data="stripes", steps=500, batch=32, width=16,
     d_width=16, latent=16, saturating=True, d_lr=2e-3, g_lr=1e-4, also=DEAD)  # fmt: skip
_add("moons-deep-clip", "vanishing-gradient (critic)", clipped, data="moons", steps=1000, clip=0.01, depth=5,
     optimizer="rmsprop", d_lr=5e-5, g_lr=5e-5, n_critic=3, also=STEEP)  # fmt: skip
_add("mixed-deep-sigmoid", "vanishing-gradient (critic)", label_tensors, data="mixed", steps=1000, depth=5,
     d_activation="sigmoid", d_lr=1e-4,
     also={"discriminator-too-weak": "a critic without a gradient teaches nothing"})  # fmt: skip
_add("clusters-deep-generator", "vanishing-gradient (generator)", label_tensors, data="clusters", steps=1000,
     depth=6, activation="sigmoid", also=FOLLOWS)  # fmt: skip
_add("iris-deep-generator", "vanishing-gradient (generator)", zero_centred, data="iris", steps=900, depth=7,
     activation="sigmoid", batch=32, weight=0.1, also=FOLLOWS)  # fmt: skip

# wiring
_add("moons-swapped", "wiring", label_tensors, data="moons", steps=800, mistake="swapped")
_add("shapes-detached", "wiring", label_tensors, data="s-curve", steps=600, mistake="detached", also=FOLLOWS)
_add("heavy-shared", "wiring", squares, data="heavy", steps=600, mistake="shared")
_add("sines-twice", "wiring", probabilities, data="sines", steps=800, mistake="twice")
_add("stripes-range", "wiring", dcgan, data="stripes", steps=450, batch=32, width=16, d_width=16, latent=16,
     mistake="range", also=DEAD)  # fmt: skip
_add("blobs-axis", "wiring", penalised, data="blobs", steps=450, batch=32, mistake="axis", n_critic=2)
_add(
    "crosses-gp-batchnorm",
    "wiring",
    penalised,
    data="crosses",
    steps=500,
    batch=32,
    d_norm="batch",
    n_critic=2,
)
_add("wine-swapped-gp", "wiring", penalised, data="wine", steps=900, batch=32, mistake="swapped", n_critic=2,
     betas=(0.5, 0.9))  # fmt: skip
_add("iris-forgotten", "wiring", label_tensors, data="iris", steps=700, batch=32, mistake="forgotten",
     also=FOLLOWS)  # fmt: skip
_add("mixed-conditional-swapped", "wiring", conditional, data="mixed", steps=800, mistake="swapped")

# unconverged: bad samples, and nothing has failed but time, rate or size
_add("checkerboard-slow", "unconverged", label_tensors, data="checkerboard", steps=1000, g_lr=2e-5, d_lr=2e-5,
     also=FOLLOWS)  # fmt: skip
_add("crosses-few-steps", "unconverged", dcgan, data="crosses", steps=450, batch=16, width=16, d_width=8,
     latent=16, g_lr=1e-4, d_lr=1e-4, also=FOLLOWS)  # fmt: skip
_add("spirals-small", "unconverged", zero_centred, data="spirals", steps=1500, width=4, d_width=32, depth=1,
     weight=0.5, also={**FOLLOWS, "mode-collapse": "four units cannot reach every arm"})  # fmt: skip
_add("digits-gp-slow", "unconverged", penalised, data="large-digits", steps=500, batch=32, g_lr=1e-5,
     d_lr=1e-4, betas=(0.5, 0.9), n_critic=2)  # fmt: skip
_add("letters-conditional-slow", "unconverged", conditional, data="letters", steps=1200, batch=32, g_lr=1e-5,
     d_lr=1e-4, also=FOLLOWS)  # fmt: skip
_add("bars-hinge-short", "unconverged", hinge_pictures, data="bars", steps=450, batch=16, width=16, d_width=8,
     latent=16, g_lr=5e-5, d_lr=5e-5, also=FOLLOWS)  # fmt: skip
