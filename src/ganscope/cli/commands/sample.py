"""`ganscope sample`: draw samples from a trained generator."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ganscope.cli.arguments import Json, Switch, Whole, whole_number
from ganscope.cli.output import print_json
from ganscope.cli.terminal import complain, say
from ganscope.contracts import BadInput
from ganscope.words.foreign import shown


def sample(
    run: Path,
    /,
    *,
    number: Annotated[int, Parameter(alias="-n", converter=whole_number)] = 64,
    output: Annotated[Path | None, Parameter(alias=("-o", "--out"))] = None,
    seed: Whole = 0,
    best: Switch = False,
    safe_csv: Switch = False,
    overwrite: Switch = False,
    json_: Json = False,
) -> None:
    """Draw samples from a trained generator.

    Args:
        run: a run folder.
        number: how many.
        output: the file; its ending decides: .png (a grid of pictures), .npz, .npy, .csv, or for a table .tsv
            or .parquet too. A table comes with its own columns, types and formats. By default samples.png for
            images, else samples.csv.
        seed: seed of the latents.
        best: draw from the generator of the step that was judged the best by --best-by, not of the last one.
        safe_csv: put an apostrophe before words that a spreadsheet would run as formulas (= + - @).
        overwrite: replace a file that is there already.
        json_: print what was written as JSON.
    """
    from ganscope.export import write_samples, write_table
    from ganscope.running.run import load

    trained = load(run, tell=complain)
    data = trained.description["data"]
    path = output if output is not None else Path("samples.png" if len(data["shape"]) == 3 else "samples.csv")
    if path.exists() and not overwrite:
        raise BadInput(f"{path} is there already: replace it with --overwrite, or give another name by -o.")
    if data.get("units") is None:
        write_samples(path, trained.sample(number, seed, best=best).numpy(), data["columns"])
    else:
        note = write_table(path, trained.sample(number, seed, best=best), data["units"], safe_csv)
        if note:
            complain(note)
    if json_:
        print_json({"samples": number, "file": str(path), "seed": seed})
    else:
        say(f"{number} samples: {shown(path)}")
