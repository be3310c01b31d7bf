"""Networks: one family of architectures a file, each a generator and a discriminator.

A family's file loads torch only when it builds, so that `--help` can list its options without.
"""

from ganscope.contracts import NetworkFamily
from ganscope.nets.ctgan import CTGAN
from ganscope.nets.dcgan import DCGAN
from ganscope.nets.mlp import MLP

NETS: dict[str, NetworkFamily] = {
    "mlp": MLP,
    "dcgan": DCGAN,
    "ctgan": CTGAN,
}

__all__ = ["NETS"]
