"""Tables as strangers have them: what is read, how it is noted, and what is refused with which remedy."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from ganscope.contracts import BadInput, Dataset
from ganscope.data import csv_file, decoded, load
from ganscope.data.text import by_arrow, pieces
from tests.data.tables import assert_one_sentence, every_row

RNG = np.random.default_rng(0)
A = [f"{x:.3f}" for x in RNG.normal(10, 3, 120)]
B = [f"{x:.4f}" for x in RNG.gamma(4, 1, 120)]
HEAVY = [f"{x:.3f}" for x in RNG.permutation(np.tan(np.linspace(-1.56, 1.565, 120)))]
K = [str(x) for x in RNG.integers(0, 6, 120)]


def lines(*columns: list[str], between: str = ",", header: str = "") -> str:
    return (header and header + "\n") + "".join(
        between.join(row) + "\n" for row in zip(*columns, strict=True)
    )


def comma(cells: list[str]) -> list[str]:
    return [cell.replace(".", ",") for cell in cells]


def quoted(cells: list[str]) -> list[str]:
    return [f'"{cell}"' for cell in cells]


def thousands(cells: list[str], sign: str = ",") -> list[str]:
    return [f"{1e4 * float(cell):,.2f}".replace(",", "_").replace("_", sign) for cell in cells]


AB = "'a' continuous, 'b' continuous"
READ: dict[str, tuple[str | bytes, str, str]] = {
    "words": (
        lines(K, RNG.choice(["Bern", "Oslo"], 120).tolist(), B, header="age,city,income"),
        "'age' integer, 'city' category, 'income' continuous",
        "2 distinct words",
    ),
    "dates": (
        lines([f"{d}.{m}.2024" for d in range(1, 21) for m in range(1, 7)], A, header="when,a"),
        "'when' datetime, 'a' continuous",
        "'when' (all its cells are dates or times)",
    ),
    "missing": (lines(A, [b if at % 9 else "" for at, b in enumerate(B)], header="a,b"), AB, "missing: 'b'"),
    "thousands with points": (
        lines(
            [cell.translate(str.maketrans(",.", ".,")) for cell in thousands(A)], A, between=";", header="x;a"
        ),
        "'x' integer, 'a' continuous",
        "thousands separators are read in 'x'",
    ),
    "missing words": (
        lines(A, [("Bern", "", "Oslo", "NA")[at % 4] for at in range(120)], header="a,city"),
        "'a' continuous, 'city' category",
        "missing: 'city'",
    ),
    "many words for missing": (
        lines(A, [b if at % 9 else ("NA", "?", "null", "-")[at % 4] for at, b in enumerate(B)], header="a,b"),
        AB,
        "missing: 'b'",
    ),
    "sentinel": (
        lines(A, [b if at % 30 else "-999" for at, b in enumerate(B)], header="a,b"),
        AB,
        "-999 lies far from the others",
    ),
    "semicolon": (lines(A, B, K, between=";", header="a;b;k"), f"{AB}, 'k' integer", ""),
    "decimal comma": (
        lines(comma(A), comma(B), between=";", header="a;b"),
        AB,
        "decimal comma is read in 'a', 'b'",
    ),
    "decimal comma, quoted": (lines(quoted(comma(A)), quoted(comma(B)), header="a,b"), AB, "decimal comma"),
    "bar": (lines(A, B, between="|", header="a|b"), AB, "cut at |"),
    "blanks": (lines(A, B, between="  ", header="a b"), AB, "cut at blanks"),
    "thousands": (lines(A, quoted(thousands(B)), header="a,b"), "'a' continuous, 'b' integer", "thousands"),
    "apostrophes": (lines(A, thousands(B, "'"), header="a,b"), "'a' continuous, 'b' integer", "thousands"),
    "signs": (
        lines([f"{a}%" for a in A], [f"$ {b}" for b in B], header="a,b"),
        AB,
        "currency signs are read in 'b'",
    ),
    "euro behind": (
        lines([f"{a} €" for a in A], B, header="a,b"),
        AB,
        "signs behind numbers are read in 'a'",
    ),
    "Excel's line": ("sep=;\n" + lines(A, B, between=";", header="a;b"), AB, ""),
    "comments": ("# made by x\n# 2024\n" + lines(A, B, header="a,b"), AB, "2 comment lines"),
    "numpy's header": ("# a,b\n" + lines(A, B), AB, ""),
    "only CR": (lines(A, B, header="a,b").replace("\n", "\r"), AB, ""),
    "blank rows at the end": (lines(A, B, header="a,b") + " \n\n", AB, ""),
    "trailing comma": (
        lines(A, B, [""] * 120, header="a,b,"),
        f"{AB}, 'column 3' constant",
        "'column 3' (empty)",
    ),
    "zero-inflated": (
        lines([a if at % 10 == 0 else "0.0" for at, a in enumerate(A)], B, header="a,b"),
        AB,
        "'a' (0)",
    ),
    "heavy": (lines(A, HEAVY, header="a,b"), AB, "heavy tails"),
    "true and false": (
        lines(A, RNG.choice(["True", "False"], 120).tolist(), header="a,f"),
        "'a' continuous, 'f' boolean",
        "True",
    ),
    "0 and 1": (
        lines(A, RNG.integers(0, 2, 120).astype(str).tolist(), header="a,f"),
        "'a' continuous, 'f' boolean",
        "0 and 1",
    ),
    "pandas' index": (
        lines(list(map(str, range(120))), A, header=",a"),
        "'column 1' identifier, 'a' continuous",
        "continued in samples: 'column 1'",
    ),
    "zeros in front": (
        lines([f"{at:05d}" for at in range(120)], A, header="code,a"),
        "'code' identifier, 'a' continuous",
        "continued",
    ),
    "names": (
        lines([f"n{at * 7919}" for at in range(120)], A, header="who,a"),
        "'who' identifier, 'a' continuous",
        "left empty in samples: 'who'",
    ),
    "years as names": (
        lines(A, B, A, header="2019,2020,2021"),
        "'2019' continuous, '2020' continuous, '2021' continuous",
        "taken as the names",
    ),
    "words without header": (
        lines(RNG.choice(["x", "y"], 120).tolist(), RNG.choice(["u", "v"], 120).tolist()),
        "'x0' category, 'x1' category",
        "no header",
    ),
    "milliseconds": (
        lines([str(1_700_000_000_000 + 1000 * at) for at in range(120)], A, header="t,a"),
        "'t' integer, 'a' continuous",
        "",
    ),
    "UTF-16": (lines(A, B, between="\t", header="a\tb").encode("utf-16"), AB, ""),
    "UTF-16 without mark": (lines(A, B, header="a,b").encode("utf-16-le"), AB, "UTF-16 without a mark"),
    "Latin-1": (lines(A, header="größe").encode("latin-1"), "'größe' continuous", "Windows-1252"),
    "Shift-JIS": (
        lines(A, ["東京都" if at % 2 else "大阪府の町" for at in range(120)], header="身長,住所").encode(
            "shift-jis"
        ),
        "'身長' continuous, '住所' category",
        "Shift-JIS",
    ),
    "Cyrillic": (
        lines(A, ["Москва" if at % 2 else "Казань" for at in range(120)], header="рост,город").encode(
            "cp1251"
        ),
        "'рост' continuous, 'город' category",
        "cp1251",
    ),
}
REFUSED: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    "total": (
        lines(A, B, header="a,b") + "Total,1\n",
        ("'Total'", "'a'", "row 121 (line 122)", "--column a="),
    ),
    "ragged": (lines(A, B, header="a,b") + "1\n", ("1 cell", "row 121 (line 122)", "2 cells")),
    "one name twice": (lines(A, B, header="a,a"), ("column 'a'", "a name of its own")),
    "nothing but constants": (lines(["1"] * 40, ["2"] * 40, header="a,b"), ("constant", "a, b")),
    "compressed": (gzip.compress(b"a,b\n1,2\n"), ("x.csv", "binary")),
}


def read(folder: Path, content: str | bytes) -> Dataset:
    (folder / "x.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return load(folder / "x.csv")


@pytest.mark.parametrize("case", READ)
def test_it_is_read(case: str, tmp_path: Path) -> None:
    content, expected, noted = READ[case]
    dataset = read(tmp_path, content)
    assert dataset.units is not None
    found = ", ".join(f"'{column['name']}' {column['kind']}" for column in dataset.units["columns"])
    assert found == expected
    assert noted in " ".join(dataset.notes)
    assert len(dataset.train) + len(dataset.held_out) == 120
    assert all(map(len, decoded(every_row(dataset), dataset.units).values()))


@pytest.mark.parametrize("case", READ)
def test_both_readers_read_the_same(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read(tmp_path, READ[case][0])
    monkeypatch.setattr(by_arrow, "can_read", lambda *_: False)
    second = read(tmp_path, READ[case][0])
    assert second.digest == first.digest
    assert second.units == first.units
    assert second.notes == first.notes


@pytest.mark.parametrize("arrow", [True, False])
def test_what_a_column_holds_may_show_late(
    arrow: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "READ", 200)
    if not arrow:
        monkeypatch.setattr(by_arrow, "can_read", lambda *_: False)
    days = [f"{1 + at // 10:02d}/{1 + at % 9:02d}/2024" for at in range(110)] + ["02/28/2024"] * 10
    codes = [str(at % 7) for at in range(100)] + ["7a", "", "9"] * 6 + ["8", "8"]
    late = [""] * 90 + ["1.5", "2.5", "", "4"] * 7 + ["7.25", "3"]
    quotes = ["plain"] * 100 + ['"a, ""quoted"" one"', "new"] * 10
    dataset = read(tmp_path, lines(days, codes, late, quotes, A, header="day,code,late,said,a"))
    assert dataset.units is not None
    columns = dataset.units["columns"]
    assert [column["kind"] for column in columns] == [
        "datetime",
        "category",
        "continuous",
        "category",
        "continuous",
    ]
    assert columns[0]["cells"]["format"] == "%m/%d/%Y"
    table = decoded(every_row(dataset), dataset.units)
    assert set(table["said"]) == {"plain", 'a, "quoted" one', "new"}
    assert {"7a", "9", "0", None} < set(table["code"])
    assert np.nanmax(table["late"]) == 7.25
    assert str(max(table["day"]))[:10] == "2024-11-09"


def test_a_column_of_many_kinds_is_refused_and_never_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_file, "READINGS", 1)
    monkeypatch.setattr(pieces, "READ", 100)
    with pytest.raises(BadInput, match=r"many kinds in column 'code': .* --column code=category"):
        read(tmp_path, lines(["1", "2"] * 30 + ["b", "c"] * 30, A, header="code,a"))


def test_signs_around_numbers_change_no_value(tmp_path: Path) -> None:
    plain = read(tmp_path, lines(A, B, header="a,b"))
    for case in ("decimal comma", "decimal comma, quoted", "signs", "bar", "blanks", "Excel's line"):
        assert read(tmp_path, READ[case][0]).digest == plain.digest


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused(case: str, tmp_path: Path) -> None:
    content, fragments = REFUSED[case]
    with pytest.raises(BadInput) as caught:
        read(tmp_path, content)
    sentence = str(caught.value).replace(str(tmp_path), "")
    for fragment in fragments:
        assert fragment in sentence
    assert_one_sentence(sentence)
