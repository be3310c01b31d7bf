"""What the terms of a report mean."""

from __future__ import annotations

from ganscope.metrics import METRICS

DEFINITIONS = {
    "floor": (
        "What real rows score in the place of samples: the mean over five sets of training rows. Two "
        "finite sets of samples are never 0 apart, so this is what a perfect generator is expected to "
        "score. A lower EMD is not better than real: smooth, averaged samples lie close to everything."
    ),
    "|dL/dlogit|": (
        "How strongly the generator's loss reacts to the discriminator's raw output: the median over the "
        "samples. It is the first factor of the chain rule. When it is near 0, no gradient reaches the "
        "generator, whatever the networks are. This happens to the saturating loss when the discriminator "
        "is certain, and never to a Wasserstein loss."
    ),
    "generator gradient": (
        "The norm of the generator loss's gradient with respect to all generator weights: the product "
        "of all factors of the chain rule."
    ),
    "critic gap": (
        "Mean score of real rows minus mean score of generated ones, on the same rows as the EMD. For a "
        "1-Lipschitz critic it is a lower bound of the EMD."
    ),
    "step and samples seen": (
        "A step is one update of the generator. Samples seen counts the real rows that the discriminator "
        "was trained on, so that recipes with several critic updates per step can be compared."
    ),
    "spread": (
        "Another seed gives another result. A difference smaller than the spread over seeds may be chance, "
        "until more seeds show otherwise. ± is the sample standard deviation over seeds (n - 1); one seed "
        "has none."
    ),
    "diverged": (
        "A loss, gradient or weight became NaN or infinite. Such a seed is counted but enters no average."
    ),
}
"""Words beside those for the metrics, which explain themselves."""


def definitions() -> dict[str, str]:
    """Return every word with its meaning, the metrics first."""
    metrics = {metric.label: metric.about for metric in METRICS.values() if metric.while_training}
    return metrics | DEFINITIONS
