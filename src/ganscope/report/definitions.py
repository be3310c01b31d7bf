"""What the words of a report mean, in plain words."""

from __future__ import annotations

DEFINITIONS = {
    "EMD": (
        "Earth Mover's Distance, also W1: how far, on average, generated samples must be moved to "
        "become the held-out real ones, by the cheapest plan. Solved exactly on samples, independent of "
        "any critic. 0 only when both sets are equal."
    ),
    "floor": (
        "The EMD of the held-out real rows against as many real training rows. Two finite samples are "
        "never 0 apart, so this is what a perfect generator is expected to score. Lower than the floor "
        "is not better than real: smooth, averaged samples lie close to everything."
    ),
    "captured mode": (
        "A kind of real sample (a class of digits, a blob of points) that the generator serves: at "
        "least 20 % of its fair share of all samples fall on it, counting high-quality samples only."
    ),
    "high quality": (
        "A sample near the data: within 3 standard deviations of a mode's centre; for classes of "
        "images, nearer to a training row than 95 % of training rows are to their nearest other."
    ),
    "reverse KL": (
        "KL(generated || real) over the modes, in nats: 0 when the modes are served in the right "
        "proportions. A finite sample never is: the floor is what a perfect generator's samples are "
        "expected to measure, about (K - 1) / 2n for n samples of K modes."
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
