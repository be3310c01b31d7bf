"""What reference packages of the field say of small fixed features: the source of `metric-references.json`.

torch-fidelity brings torchvision along, and that asks for a torch of its own, so neither is needed to run the
tests: this file is run by hand, in an environment beside, whenever the cases change.

    pip install --no-deps prdc==0.2 torch-fidelity==0.4.0 torchvision tqdm
    python tests/metrics/metric_references.py
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

STORED = Path(__file__).parents[1] / "fixtures" / "metric-references.json"
CASES: dict[str, tuple[int, int, float, float]] = {
    "near": (40, 3, 0.3, 1.0),
    "shifted": (60, 8, 1.5, 1.0),
    "narrow": (60, 8, 0.0, 0.3),
    "wide": (50, 16, 0.0, 2.0),
    "more dimensions than rows": (20, 32, 0.5, 1.0),
}
"""Rows of either set, dimensions, shift of every coordinate and standard deviation of the fakes."""
NEIGHBOURS = (3, 5)


def features(name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Real and fake features `[N, D]` of a case; NumPy's PCG64 draws the same everywhere."""
    rows, dimensions, shift, std = CASES[name]
    rng = np.random.default_rng(list(CASES).index(name))
    real = rng.standard_normal((rows, dimensions))
    return real, shift + std * rng.standard_normal((rows, dimensions))


def main() -> None:
    """Ask the packages and write what they say."""
    # torchvision built for another torch has no operators to register its own on
    for operator in ("nms", "qnms"):
        torch.library.define(f"torchvision::{operator}", "(Tensor dets, Tensor scores, float iou) -> Tensor")
    from prdc import compute_prdc
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric

    found: dict[str, dict[str, object]] = {}
    for name in CASES:
        real, fake = features(name)
        as_tensors = torch.from_numpy(real), torch.from_numpy(fake)
        # one subset that holds all rows: the whole-set estimate
        kid = kid_features_to_metric(
            *as_tensors, kid_subsets=1, kid_subset_size=len(real), rng_seed=0, verbose=False
        )
        fid = fid_statistics_to_metric(*map(fid_features_to_statistics, as_tensors), verbose=False)
        found[name] = {
            "kid": kid["kernel_inception_distance_mean"],
            "frechet": fid["frechet_inception_distance"],
            "prdc": {
                k: {key: float(value) for key, value in compute_prdc(real, fake, nearest_k=k).items()}
                for k in NEIGHBOURS
            },
        }
    versions = {package: version(package) for package in ("prdc", "torch-fidelity")}
    STORED.write_text(json.dumps({"versions": versions, "cases": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
