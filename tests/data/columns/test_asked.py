"""What a user says of a column goes before what is recognised, in Python, recipes and on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

import ganscope as gs
from ganscope.build.settings import resolve
from ganscope.cli.arguments import _kinds
from ganscope.contracts import BadInput
from ganscope.data import decoded, load
from ganscope.running import prepare
from tests.data.tables import assert_one_sentence, every_row

SIZES = ["S", "M", "L"]
N = 160


@pytest.fixture
def path(tmp_path: Path) -> Path:
    lines = ["size,n,day,zip,x"]
    for i in range(N):
        size, day = SIZES[(i * 7 + i // 5) % 3], f"{i % 12 + 1:02d}/{i % 9 + 1:02d}/2024"
        lines.append(f"{size},{i % 5},{day},{i % 7},{i * 7 % 40}.5")
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def kinds(path: Path, **columns: str) -> dict[str, str]:
    dataset = load(path, columns=columns)
    assert dataset.units is not None
    return {column["name"]: column["kind"] for column in dataset.units["columns"]}


def test_every_kind_can_be_asked_for(path: Path) -> None:
    assert kinds(path) == {
        "size": "category", "n": "integer", "day": "datetime", "zip": "integer", "x": "continuous",
    }  # fmt: skip
    asked = {"size": "S<M<L", "n": "category", "day": "%m/%d/%Y", "zip": "identifier", "x": "category"}
    assert list(kinds(path, **asked).values()) == [
        "ordered",
        "category",
        "datetime",
        "identifier",
        "category",
    ]
    assert kinds(path, n="continuous", day="category")["n"] == "continuous"
    dataset = load(path, columns=asked)
    assert dataset.units is not None
    table = decoded(every_row(dataset), dataset.units)
    assert set(table["size"]) == set(SIZES)
    assert {str(day)[8:10] for day in table["day"]} == {f"{day:02d}" for day in range(1, 10)}
    rank = dict(zip(SIZES, range(3), strict=True))
    scalar = every_row(dataset)[:, 0]
    order = sorted(range(N), key=lambda at: float(scalar[at]))
    assert [rank[table["size"][at]] for at in order] == sorted(rank[word] for word in table["size"])


@pytest.mark.parametrize(
    ("column", "kind", "fragments"),
    [
        ("size", "integer", ("'size'", "S", "integer")),
        ("x", "integer", ("'x'", "with decimals")),
        ("size", "boolean", ("'size'", "two different values")),
        ("size", "ordered", ("'size'", "S<M<L")),
        ("size", "S<M", ("'size'", "leaves out L")),
        ("size", "S<S", ("S<S", "once")),
        ("size", "datetime", ("'size'", "format")),
        ("day", "%Y-%m-%d", ("'day'", "row 1 (line 2)", "%Y-%m-%d")),
        ("n", "constant", ("'n'", "more than one value")),
        ("n", "intger", ("intger", "integer")),
        ("m", "integer", ("'m'", "column of t.csv")),
    ],
)
def test_what_cannot_be_is_one_sentence(
    path: Path, column: str, kind: str, fragments: tuple[str, ...]
) -> None:
    with pytest.raises(BadInput) as caught:
        load(path, columns={column: kind})
    sentence = str(caught.value).replace(str(path.parent), "")
    for fragment in fragments:
        assert fragment in sentence
    assert_one_sentence(sentence.replace("? Known", "; known").replace(". Known", "; known"))


def test_columns_are_part_of_the_configuration(path: Path, tmp_path: Path) -> None:
    columns = {"n": "category"}
    ready = prepare({"data": str(path), "recipe": "r1", "steps": 1, "columns": columns})
    assert ready.config.columns == columns
    assert "n: 0" in ready.data.columns
    recipe = tmp_path / "mine.toml"
    recipe.write_text('about = "mine"\nobjective = "hinge"\n[data.columns]\nn = "category"\n')
    assert resolve(str(recipe), {}).columns == columns
    run = gs.train(ready.config, out=tmp_path / "run")
    assert run.config.columns == columns
    assert run.evaluate(n=30)["samples"] == 30
    gs.resume(tmp_path / "run")
    with pytest.raises(BadInput, match="--column has no effect"):
        prepare({"data": "ring", "recipe": "r1", "columns": columns})


def test_the_command_line_says_columns_one_by_one() -> None:
    assert _kinds(["a=integer", "b=c=S<M"]) == {"a": "integer", "b=c": "S<M"}
    for pair in ("a", "a=", "=integer"):
        with pytest.raises(BadInput, match="COLUMN=KIND"):
            _kinds([pair])
    with pytest.raises(BadInput, match="'a' twice"):
        _kinds(["a=integer", "a=category"])
