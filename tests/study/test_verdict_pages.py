"""The pages on verdicts: one each, filled from what was measured, with pictures that are drawn from it."""

from __future__ import annotations

import doctest
import json
import math
import re
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import torch

from ganscope.diagnose.rules.verdict import PAGES, RULES, Verdict
from validation.pages import __main__ as pages
from validation.pages import drawings
from validation.pages import runs as verdict_runs

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
COUNT = {"hits": 19, "of": 20, "low": 0.764, "high": 0.991}
RATES = {
    "command": "measure", "verdicts": {"diverged": {
        "recall": COUNT, "precision": COUNT, "false_alarms": {"runs": 0, "of": 40, "low": 0, "high": 0.088},
        "delay_median": 125, "confused_with": {"wiring": 1},
    }},
}  # fmt: skip
ARM = {"recovered": 12, "of": 16, "low": 0.5, "high": 0.9}
HEALED = {
    "command": "heal",
    "verdicts": {
        "diverged": {"remedy": "r", "settings": "g_lr x 0.5", "healed": ARM, "nothing": ARM, "placebo": ARM}
    },
}


def blocks(page: Path) -> dict[str, str]:
    text = page.read_text(encoding="utf-8")
    return dict(re.findall(r"<!-- (\w+) -->\s*(.*?)\s*<!-- /\1 -->", text, re.DOTALL))


def test_examples() -> None:
    assert doctest.testmod(pages).failed == doctest.testmod(drawings).failed == 0


@pytest.mark.parametrize("name", RULES)
def test_every_verdict_has_a_page_that_is_filled(name: str) -> None:
    page = ROOT / "docs" / "verdicts" / f"{name}.md"
    filled = blocks(page)
    assert set(filled) == {"run", "rates", "remedy"}
    assert all(filled.values())
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {name}\n")
    for picture in re.findall(r'src="([^"]+)"', filled["run"]):
        drawn = ET.parse(page.parent / picture).getroot()  # noqa: S314 - our own file
        assert drawn.tag == f"{SVG}svg"
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / link).exists(), link


def test_what_stands_on_the_pages_is_what_was_measured() -> None:
    for name in RULES:
        page = pages.PAGES / f"{name}.md"
        stored = json.loads((pages.PAGES / "runs" / f"{name}.json").read_text(encoding="utf-8"))
        told, pictures = pages.run_block(name, stored)
        assert blocks(page)["run"] == told
        for file, picture in pictures.items():
            assert (pages.PAGES / "pictures" / file).read_text(encoding="utf-8") == picture
        for case in stored["cases"]:
            assert case["failing"]["first"]["name"] == name
            assert case["twin"]["first"] is None


def test_verdicts_point_at_their_pages() -> None:
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    assert urls["Changelog"].removesuffix("CHANGELOG.md") + "docs/verdicts" == PAGES
    verdict = Verdict("oscillation", "mild", 3, None, "sustained", {}, "c", "a")
    assert verdict.page == f"{PAGES}/oscillation.md"


def test_rates_are_written_as_counted() -> None:
    told = pages.rates_block("diverged", RATES, None)
    assert "(recall) | 95 % (19 of 20; 76 to 99 %) |" in told
    assert "| 0 % (0 of 40; 0 to 9 %) |" in told
    assert "| 125 |" in told
    assert "`wiring` (1)" in told
    assert pages.rates_block("diverged", None, None) == pages.NOT_MEASURED
    asked = {"versions": {"x": "1"}, "verdicts": {"diverged": {"runs": 4, "x": {"right": 1, "raised": 3}}}}
    assert "x 25 %" in pages.rates_block("diverged", RATES, asked)


def test_recovery_is_written_beside_doing_nothing_and_a_placebo() -> None:
    told = pages.remedy_block("diverged", HEALED)
    assert "| `diverged`: g_lr x 0.5 | 75 % (12 of 16; 50 to 90 %) |" in told
    assert "not measured yet" in pages.remedy_block("diverged", None).lower()
    for name in RULES:
        assert pages.remedies_of(name)
    assert "| 95\u00a0% | 95\u00a0% | 12 of 16 |" in pages.index_block(RATES, HEALED)


def test_a_picture_shows_every_value_at_its_place() -> None:
    series = [(0, 1.0), (50, 1e-3), (100, 0.0)]
    drawn = ET.fromstring(  # noqa: S314 - our own text
        drawings.signal(series, [(0, 1.0), (100, 0.5)], ("a", "b"), "t", (0.02, "limit"), (50, 75), log=True)
    )
    lines = [line.get("points", "").split() for line in drawn.iter(f"{SVG}polyline")]
    first, middle, last = ([float(v) for v in point.split(",")] for point in lines[1])
    assert first == [drawings.LEFT, drawings.TOP]
    assert last == [drawings.WIDTH - drawings.RIGHT, drawings.HEIGHT - drawings.BOTTOM]
    assert middle[0] == (first[0] + last[0]) / 2
    assert "said at step 75" in "".join(drawn.itertext())


def test_ticks_are_round_and_inside() -> None:
    for low, high in ((0.0, 1.0), (-0.03, 1.08), (0.0, 1500.0), (2e-5, 9e-5), (-7.0, -6.0)):
        ticks = drawings.nice_ticks(low, high)
        assert 3 <= len(ticks) <= 11
        assert low <= ticks[0] < ticks[-1] <= high
        assert math.isclose(ticks[1] - ticks[0], ticks[-1] - ticks[-2])


def test_a_run_is_played_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = verdict_runs.on_ring(torch.randint(8, (300,)), torch.randn(300, 2))
    monkeypatch.setattr(verdict_runs, "rows_of", lambda _: (rows[:200], rows[200:]))
    case = verdict_runs.CASES["diverged"][0]
    played: dict[str, Any] = verdict_runs.play(case.twin._replace(steps=20, every=5), "diverged")
    kept = pages.kept(played, case, path=False)
    assert kept["steps"] == 20
    assert [step for step, _ in kept["series"]] == [0, 5, 10, 15, 20]
    assert len(kept["samples"]) == verdict_runs.SHOWN
    assert kept["first"] is None
