"""What the words of a report mean, in plain words."""

from __future__ import annotations

from ganscope.metrics import METRICS

DEFINITIONS = {
    "floor": (
        "What real rows score in the place of samples: the mean over five sets of training rows. Two "
        "finite sets of samples are never 0 apart, so this is what a perfect generator is expected to "
        "score. A lower EMD is not better than real: smooth, averaged samples lie close to everything."
    ),
    "|dL/dlogit|": (
        "How strongly the generator's loss reacts to the discriminator's raw output, the median over "
        "samples. It is the first factor of the chain rule: when it is near 0, no gradient reaches the "
        "generator whatever the networks look like. The saturating loss does this when the "
        "discriminator is sure; a Wasserstein loss never does."
    ),
    "generator gradient": (
        "The norm of the generator loss's gradient with respect to all generator weights: the product "
        "of all factors of the chain rule."
    ),
    "critic gap": (
        "Mean score of real rows minus mean score of generated ones, on the very points of the EMD. For "
        "a 1-Lipschitz critic it is a lower bound of the EMD."
    ),
    "step and samples seen": (
        "A step is one update of the generator. Samples seen counts the real rows used, so that recipes "
        "with several critic updates per step can be compared."
    ),
    "why the spread": (
        "Training a GAN twice with another seed gives another result. A difference smaller than the "
        "spread of the seeds is luck until more seeds say otherwise. ± is the sample standard deviation "
        "over seeds (n - 1); with one seed there is none."
    ),
    "diverged": (
        "A loss, gradient or weight became NaN or infinite. Such a seed is counted and enters no average."
    ),
}
"""Words beside those for the metrics, which explain themselves."""


def definitions() -> dict[str, str]:
    """Return every word with its meaning, the metrics first."""
    metrics = {metric.label: metric.about for metric in METRICS.values() if metric.while_training}
    return metrics | DEFINITIONS
