"""What a report reads of a run, in whichever form its settings were written."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganscope.build.settings import resolve
from ganscope.folder import files, layout
from ganscope.folder.records import load_record


@pytest.mark.parametrize("form", ["flat", "grouped"])
def test_settings_are_read_by_name_from_either_form(tmp_path: Path, form: str) -> None:
    config = resolve("wgan-gp", {"data": "ring", "seed": 7, "g_lr": 2e-4})
    written = config.flat() if form == "flat" else config.grouped()
    files.write_json(tmp_path / layout.CONFIG, {"config": written, "data": {}, "execution": {}})
    run = load_record(tmp_path)
    assert (run.recipe, run.seed) == ("wgan-gp", 7)
    assert run.config == config.flat()
