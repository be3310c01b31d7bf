"""The page of a report: one file that fetches nothing, whatever the folders hold."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganscope.figures.critic_gap import gap_figure
from ganscope.figures.palette import PALETTE
from ganscope.report import (
    load_record,
    summarise,
    write_report,
)
from ganscope.report.fragments import Report, plot
from ganscope.report.sections import CRITIC_CURVES, SECTIONS
from tests.report.run_folders import ROWS, digit_rows, render_folder, three_seeds, write_run


class Page(HTMLParser):
    """What a browser would find: elements with their attributes, and the text inside scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.figures: dict[str, Any] = {}
        self.words = ""
        self.headings: list[str] = []
        self._inside: str | None = None
        self.feed(text.replace(plotly_library(), ""))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - html.parser decides
        self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside == "h2":
            self.headings.append(data)
        if self._inside not in ("script", "style"):
            self.words += data
        elif name := self.elements[-1][1].get("data-figure"):
            self.figures[name] = json.loads(data)

    def tags(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recipes, two seeds each, on digits."""
    out = tmp_path_factory.mktemp("runs") / "compared"
    for seed in range(2):
        write_run(out / "wgan-gp" / f"seed-{seed}", seed=seed, emd=3.0 + 0.1 * seed)
        write_run(
            out / "minimax" / f"seed-{seed}",
            recipe="minimax",
            objective="minimax",
            seed=seed,
            emd=6.0 + 0.1 * seed,
            captured=4,
            missing=[1, 8],
            slope=(0.5, 0.003),
        )
    described = {
        "format": 1,
        "command": "ganscope compare --seeds 2",
        "recipes": ["minimax", "wgan-gp"],
        "seeds": [0, 1],
        "budget": "samples",
        "data": "digits",
    }
    (out / "comparison.json").write_text(json.dumps(described))
    np.save(out / "real.npy", digit_rows(100, 9))
    return out


@pytest.fixture(scope="module")
def page(comparison: Path) -> Page:
    return Page(render_folder(comparison))


def test_the_page_is_one_file_that_fetches_nothing(comparison: Path, page: Page) -> None:
    text = render_folder(comparison)
    assert [path.name for path in comparison.iterdir() if path.is_file()].count("report.html") == 1
    assert not list(comparison.glob(".*"))  # nothing left behind by the atomic write
    for tag, attributes in page.elements:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            assert (attributes.get(name) or "data:").startswith("data:"), (tag, attributes)
    styles = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert not any(word in style for style in styles for word in ("url(", "@import", "http"))
    ours = text.replace(plotly_library(), "")
    assert len(ours) < len(text) / 2
    assert not re.search(r"https?://", ours)
    assert not re.search(r"\bimport\b\s*[({'\"]|\bfetch\(|XMLHttpRequest", ours)
    assert text.count("* plotly.js v") == 1
    (policy,) = [m["content"] for m in page.tags("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def plotly_library() -> str:
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def test_the_page_says_what_happened_first(page: Page) -> None:
    opening = page.words[: page.words.index("Results")]
    said = ["2 recipes on digits, 2 seeds", "wgan-gp came closest to the real data", "minimax did worst"]
    places = [opening.index(text) for text in said]
    assert places == sorted(places)
    assert page.headings == [
        "Results",
        "Samples",
        "Distance and diversity",
        "Gradients",
        "The critic's estimate beside the exact distance",
        "Losses",
        "Configuration",
        "Run it again",
        "Terms",
    ]
    assert "ganscope compare --seeds 2" in page.words


def test_every_recipe_has_its_pictures(page: Page) -> None:
    # start, middle, end, real, and the end of the other seed, for two recipes
    assert len(page.tags("img")) == 10
    labels = [image["alt"] for image in page.tags("img")]
    assert labels[:5] == [
        "minimax: step 0",
        "minimax: step 150",
        "minimax: step 300",
        "minimax: real",
        "minimax: seed 1, step 300",
    ]


def test_figures_carry_one_colour_per_recipe_and_the_floor(page: Page) -> None:
    assert list(page.figures) == [
        "emd", "captured", "high_quality", "reverse_kl", "slope", "gradient", "gap-1", "loss-0", "loss-1",
    ]  # fmt: skip
    for name in ("emd", "captured", "high_quality", "slope", "gradient"):
        drawn = {t["name"]: t["line"]["color"] for t in page.figures[name]["data"] if "name" in t}
        assert drawn == {"minimax": PALETTE[0], "wgan-gp": PALETTE[1]}
        assert page.figures[name]["layout"]["yaxis"].get("type") == (
            "log" if name in ("slope", "gradient") else None
        )
    (floor,) = page.figures["emd"]["layout"]["shapes"]
    assert floor["y0"] == floor["y1"] == 2.81
    assert page.figures["emd"]["layout"]["annotations"][0]["text"] == "floor 2.81"
    (anchor,) = page.figures["loss-0"]["layout"]["shapes"]
    assert anchor["y0"] == pytest.approx(2 * math.log(2))
    assert PALETTE[0] in [str(chip["style"])[-7:] for chip in page.tags("i")]


def test_differing_fields_come_first_and_are_marked(comparison: Path) -> None:
    text = render_folder(comparison)
    rows = re.findall(r'<tr( class=differs)?><th scope="row">([a-z_0-9]+)</th>', text)
    marked = [name for mark, name in rows if mark]
    assert marked == ["objective", "penalty", "n_critic"]
    assert [name for _, name in rows][:3] == marked
    assert ("", "seed") in rows  # the seeds differ within each recipe, in the same way
    assert "<td>0, 1</td>" in text


def test_absent_runs_are_named(comparison: Path, tmp_path: Path) -> None:
    folder = tmp_path / "half"
    shutil.copytree(comparison, folder)
    shutil.rmtree(folder / "wgan-gp" / "seed-1")
    assert "Not run yet: wgan-gp seed 1." in render_folder(folder)


def test_hostile_strings_stay_text(tmp_path: Path) -> None:
    nasty = "</script><script>alert(1)</script><img src=x onerror=alert(1)>'\"&"
    name = nasty.replace("/", "⁄")  # a folder's name cannot hold a slash
    out = tmp_path / "out"
    for recipe in (name, "plain"):
        for seed in range(2):
            folder = write_run(
                out / recipe / f"seed-{seed}",
                recipe=recipe,
                objective=nasty,
                seed=seed,
                missing=[0],
                config={nasty: nasty, "penalty": [nasty]},
            )
            described = json.loads((folder / "config.json").read_text())
            described["data"] |= {"name": nasty, "mode_names": [nasty] * 10}
            described |= {"command": nasty, "torch": nasty, "execution": {nasty: nasty}}
            (folder / "config.json").write_text(json.dumps(described))
    written = {"command": nasty, "recipes": [nasty], "seeds": [nasty], "budget": nasty}
    (out / "comparison.json").write_text(json.dumps(written))
    page = Page(render_folder(out))
    assert len([s for s in page.tags("script") if "data-figure" not in s]) == 2  # the library and our own
    assert not page.tags("b")
    assert all("onerror" not in attributes for _, attributes in page.elements)
    assert all(str(image["src"]).startswith("data:image/png") for image in page.tags("img"))
    assert nasty in page.words
    # Plotly reads a small markup in names, so they are escaped there too; the legend's button must match.
    groups = {trace["legendgroup"] for trace in page.figures["emd"]["data"]}
    assert groups == {escape(name), "plain"}
    assert {button["data-recipe"] for button in page.tags("button") if "data-recipe" in button} == groups


def test_a_figure_cannot_end_its_script_element() -> None:
    import plotly.graph_objects as go

    fragment = plot(go.Figure(go.Scatter(name="</script><b>"), layout={"height": 100}), "x")
    assert fragment.count("<b>") == 0
    assert Page(fragment).figures["x"]["data"][0]["name"] == "</script><b>"


@pytest.mark.parametrize("data", list(ROWS))
def test_every_kind_of_data_has_a_page(data: str, tmp_path: Path) -> None:
    captured = None if data == "line" else 8
    folder = write_run(tmp_path / "run", data=data, captured=captured, emd=0.5)
    np.save(folder / "real.npy", ROWS[data](100, 9))
    page = Page(render_folder(folder))
    assert len(page.tags("img" if data == "digits" else "svg")) == 4
    assert page.words.count("wgan-gp on ") >= 1
    assert ("captured" in page.figures) == (data != "line")
    assert not page.tags("nav")  # a legend of one recipe says nothing


def test_a_run_without_samples_or_history_has_a_page(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.json").write_text(
        json.dumps({"config": {"objective": "hinge", "penalty": "r1", "seed": 3}})
    )
    page = Page(render_folder(folder))
    assert "hinge + r1 on data, seed 3" in page.words
    assert page.figures == {}
    assert "Losses" not in page.words  # no heading over nothing


def test_a_diverged_run_has_a_page(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", diverged_at=90, data="ring", captured=8)
    np.save(folder / "samples" / "step-00000090.npy", np.full((512, 2), np.nan, np.float32))
    page = Page(render_folder(folder))
    assert "The only run diverged, the first at step 90." in page.words
    assert "512 of 512 outside" in page.words or len(page.tags("svg")) == 2


def test_the_report_is_the_same_every_time(comparison: Path) -> None:
    assert render_folder(comparison) == render_folder(comparison)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_section_bears_an_empty_run(section: Callable[[Report], str], tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    run = load_record(tmp_path)
    empty = Report({"run": [run]}, summarise([run]), {"run": "#000000"}, {}, None)
    text = section(empty)
    assert "None" not in text
    assert "nan" not in text.replace("nant", "")


def test_the_gap_is_scaled_only_where_scales_are_far_apart(tmp_path: Path) -> None:
    near: Any = gap_figure(three_seeds(tmp_path / "near", gap_scale=0.7), "#009E73")
    far: Any = gap_figure(three_seeds(tmp_path / "far", gap_scale=0.01), "#009E73")
    assert [t.name for t in near.data if t.name] == ["exact EMD", "critic's gap", "certified"]
    exact, gap, certified = (t for t in far.data if t.name)
    np.testing.assert_allclose(certified.y, 0.5 * np.array(exact.y), rtol=1e-3)  # never scaled
    assert gap.name == "critic's gap × 100"
    np.testing.assert_allclose(gap.y, exact.y, rtol=1e-3)


def test_the_four_curves_of_a_wasserstein_critic_are_explained(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / "new" / "wgan" / f"seed-{seed}", seed=seed) for seed in (0, 1)]
    page = write_report(tmp_path / "new").read_text()
    for word, said in CRITIC_CURVES.items():
        assert f"<dt>{escape(word)}</dt><dd>{escape(said)}</dd>" in page
    assert "Certified at the end" in page
    # run folders from before this measurement
    for folder in runs:
        for name in ("history.jsonl", "metrics.json"):
            text = (folder / name).read_text()
            (folder / name).write_text(re.sub(r', "certified_lower": [^,}]+', "", text))
    old = write_report(tmp_path / "new").read_text()
    assert "Certified at the end" not in old
    assert "Final gap / EMD" in old
