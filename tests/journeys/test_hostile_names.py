"""Names made to take over a terminal: in columns, files, folders, classes, recipes and errors of others."""

from __future__ import annotations

import contextlib
import json
import os
import re
import unicodedata
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganscope.cli import app

EVIL = "\x1b]0;mine\x07\x9b31m\u202e\u200b\r\n[red]x[bold]:smile:\b"
"""A name that is allowed on Linux."""
SMALL = "--steps 2 --g-width 8 --d-width 8 --batch-size 8 --latent-dim 4"
OBEYED = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("evil")
    rng = np.random.default_rng(0)
    table = "\n".join(f"{a:.3f},{b:.3f}" for a, b in rng.normal(size=(200, 2)))
    column = '"' + EVIL + '"'
    (folder / f"{EVIL}.csv").write_text(f"{column},b\n{table}\n", newline="")
    (folder / f"words{EVIL}.csv").write_text(f"{column},b\n{table}\n{EVIL[:9]},tall\n", newline="")
    (folder / os.fsdecode(b"\xff.csv")).write_text(f"{column},b\n{table}\n", newline="")
    for name in ("a", f"b{EVIL}"):
        (folder / "classes" / name).mkdir(parents=True)
        for at in range(20):
            image = Image.fromarray(rng.integers(0, 255, (8, 8)).astype(np.uint8))
            image.save(folder / "classes" / name / f"{at}.png")
    (folder / "classes" / "a" / f"{EVIL}.png").write_bytes(b"no picture")
    evil = json.dumps(EVIL)
    (folder / f"{EVIL}.toml").write_text(f"about = {evil}\nobjective = {evil}\n")
    (folder / "key.toml").write_text(f"about = 'x'\n{evil} = 3\n")
    (folder / "evil.py").write_text(f"def pair():\n    raise ValueError({EVIL!r})\n")
    with contextlib.chdir(folder):
        yield folder


FINE = [
    f"train EVIL.csv r1 {SMALL} --out runEVIL",
    f"train classes r1 {SMALL} --size 8 --out pictures",
    f"train \udcff.csv r1 {SMALL} --out bytes",
    f"compare EVIL.csv r1 --seeds 1 {SMALL} --out bothEVIL",
    "report runEVIL pictures bytes bothEVIL",
    "diagnose runEVIL", "diagnose bothEVIL", "diagnose pictures", "evaluate runEVIL", "evaluate pictures",
    "sample runEVIL -n 2 -o outEVIL.csv", "resume runEVIL", "resume bothEVIL", "train EVIL.csv r1 --dry-run",
    "compare EVIL.csv r1 wgan --dry-run", "sweep EVIL.csv r1 --vary g_lr=1,2 --dry-run",
    "evaluate runEVIL --json", "diagnose runEVIL --json", "train EVIL.csv r1 --dry-run --json",
]  # fmt: skip
REFUSED = [
    "train EVIL", "train EVIL.cvs", "train wordsEVIL.csv", "train ring EVIL", "train ring EVIL.toml",
    "train ring key.toml", "train ring r1 --objective EVIL", "train ring r1 --steps EVIL",
    "train ring r1 --EVIL 3", "EVIL", "resume EVIL", "report EVIL", "diagnose EVIL", "diagnose evil:EVIL",
    "evaluate runEVIL --data EVIL", "sample runEVIL -o EVIL", "train ring r1 --out EVIL.csv",
    "explain EVIL", "explain chain-rule --out EVIL.csv", "sweep ring r1 --vary EVIL=1,2",
    "sweep ring r1 --vary g_lr=EVIL,2", "train ring r1 --out runEVIL", "train ring r1 --from EVIL",
    "train ring r1 --device EVIL", "train ring r1 --track EVIL", "compare ring EVIL.toml",
    "sample pictures -o EVIL/a.png",
]  # fmt: skip


def obeyed(text: str, keep: str = "\n") -> list[str]:
    return [char for char in text if unicodedata.category(char) in OBEYED and char not in keep]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("line", FINE)
def test_commands_that_work_send_nothing_but_signs(
    line: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    code = app.main([word.replace("EVIL", EVIL) for word in line.split()])
    sent = [stream.decode() for stream in capsysbinary.readouterr()]
    assert code == 0, sent[1]
    assert [obeyed(text) for text in sent] == [[], []]
    assert ":smile:" in "".join(sent) or "EVIL" not in line


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("line", REFUSED)
def test_refusals_send_nothing_but_signs_in_one_line(
    line: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    code = app.main([word.replace("EVIL", EVIL) for word in line.split()])
    out, err = (stream.decode() for stream in capsysbinary.readouterr())
    assert (code, out) == (2, ""), err
    assert obeyed(err) == []
    assert err.startswith("ganscope: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err


@pytest.mark.parametrize("folder", ["runEVIL", "pictures", "bytes", "bothEVIL"])
def test_pages_hold_nothing_but_signs(folder: str, here: Path) -> None:
    page = (here / folder.replace("EVIL", EVIL) / "report.html").read_text()
    data = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    own = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert obeyed(unescape(own), "\n\t") == []
    assert data
    for text in data:
        assert obeyed(json.dumps(json.loads(text), ensure_ascii=False), "\n\t") == []
