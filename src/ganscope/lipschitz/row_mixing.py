"""Whether a critic judges each row by itself, as a slope per row asks for."""

from __future__ import annotations

from torch import nn


def mixes_rows(network: nn.Module) -> bool:
    """Tell whether a network has batch normalisation, so that the rows of a batch influence one another.

    The gradient of one row's score in that row is then not the slope that a penalty per row asks for.

    Args:
        network: any module.

    Example:
        >>> mixes_rows(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))), mixes_rows(nn.LayerNorm(2))
        (True, False)

    Gulrajani et al., Improved Training of Wasserstein GANs, NeurIPS 2017, section 4.
    """
    return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules())


def mixes_rows_now(network: nn.Module) -> bool:
    """Tell whether a network's batch normalisation is in a mode in which rows influence one another.

    In evaluation mode it uses the statistics it has gathered, and each row has a slope of its own.

    Args:
        network: any module.

    Example:
        >>> critic = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
        >>> mixes_rows_now(critic), mixes_rows_now(critic.eval())
        (True, False)
    """
    return any(
        isinstance(module, nn.modules.batchnorm._BatchNorm)
        and (module.training or not module.track_running_stats)
        for module in network.modules()
    )
