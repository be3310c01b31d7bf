"""Networks: one architecture a file, each a generator and a discriminator."""

from ganscope.nets import dcgan, mlp
from ganscope.nets.blocks import NetworkPair
from ganscope.nets.fourier import FourierFeatures

NETS: dict[str, NetworkPair] = {
    "mlp": NetworkPair(mlp.generator, mlp.discriminator),
    "dcgan": NetworkPair(dcgan.generator, dcgan.discriminator),
}

__all__ = ["NETS", "FourierFeatures", "NetworkPair"]
