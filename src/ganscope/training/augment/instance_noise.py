"""Instance noise: Gaussian noise on everything the discriminator sees, real and fake alike.

Distributions that live on thin sets hardly overlap, and a perfect discriminator then has nothing to teach.
Noise makes them overlap; with noise they are equal exactly when they are equal without.
"""

from __future__ import annotations


def standard_deviation(step: int, steps: int, std: float, decay: float) -> float:
    """Standard deviation of the noise in a step: it falls linearly to 0 over the first share of the run.

    `std max(0, 1 - step / (decay steps))`; std throughout for decay 0.

    Args:
        step: steps done, from 0.
        steps: steps of the whole run, at least 1.
        std: at the start, in units of the data, at least 0.
        decay: the share, from 0 to 1.

    Example:
        >>> [standard_deviation(step, 100, 0.4, 0.5) for step in (0, 25, 50, 99)]
        [0.4, 0.2, 0.0, 0.0]
        >>> standard_deviation(99, 100, 0.4, 0.0)
        0.4

    Sonderby et al., Amortised MAP Inference for Image Super-resolution, ICLR 2017, section 3.3; Arjovsky and
    Bottou, Towards Principled Methods for Training GANs, ICLR 2017, section 3.
    """
    return std if decay == 0 else std * max(0.0, 1 - step / (decay * steps))
