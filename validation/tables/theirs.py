"""PyPI's `ctgan` on a CSV, in an environment that has it: `theirs.py TRAIN OUT SEED EPOCHS`.

The package is under the Business Source License 1.1, which lets anyone use it but in a service for others;
no line of it is here. It is given what it asks its users for: the names of the discrete columns, no missing
values among numbers, and dates as numbers of days.
"""

from __future__ import annotations

import json
import sys
import time


def main(train: str, out: str, seed: int, epochs: int) -> None:
    """Train, sample as many rows, write them, and print the processor's seconds as JSON."""
    import numpy as np
    import pandas as pd
    import torch
    from ctgan import CTGAN, __version__

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the package draws from it
    rows = pd.read_csv(train, dtype={"rating": str}, keep_default_na=False)
    dates = [name for name in rows if rows[name].astype(str).str.fullmatch(r"\d{4}-\d\d-\d\d").all()]
    for name in dates:
        rows[name] = (pd.to_datetime(rows[name]) - pd.Timestamp("1970-01-01")).dt.days
    discrete = [name for name in rows if rows[name].dtype.kind not in "if"]
    begun = time.process_time()
    model = CTGAN(epochs=epochs, verbose=False)
    model.fit(rows, discrete)
    seconds = time.process_time() - begun
    drawn = model.sample(len(rows))
    for name in dates:
        drawn[name] = (pd.Timestamp("1970-01-01") + pd.to_timedelta(drawn[name], unit="D")).dt.strftime(
            "%Y-%m-%d"
        )
    drawn.to_csv(out, index=False)
    done = {"seconds": seconds, "steps": epochs * (len(rows) // 500), "version": __version__}
    print(json.dumps(done))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
