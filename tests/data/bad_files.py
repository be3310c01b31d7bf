"""Files that are no data, and what the answer has to say of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.data.tables import array, arrays, column, cut, missing, people, text, with_bad

GOOD = "".join(f"{i},{i / 4}\n" for i in range(30))
PIXELS = np.random.default_rng(0).random((30, 8, 8))
BAD: dict[str, tuple[Callable[[Path], Path], int | None, tuple[str, ...]]] = {
    "no such file": (missing, None, ("peple.csv", "nearest", "people.csv", "give the path")),
    "unknown ending": (text("x.xlsx", "hm"), None, ("x.xlsx", ".csv", ".parquet", "give the path")),
    "empty csv": (text("x.csv", ""), None, ("x.csv", "0 bytes", "write the data again")),
    "empty npy": (text("x.npy", ""), None, ("x.npy", "0 bytes", "write the data again")),
    "blank csv": (text("x.csv", "\n\n"), None, ("x.csv", "blank lines", "give a table")),
    "header only": (text("x.csv", "a,b\n"), None, ("x.csv", "0 rows", "20", "add more")),
    "one row": (text("x.csv", "a,b\n1,2\n"), None, ("x.csv", "1 row,", "20", "add more")),
    "few rows": (text("x.csv", "1,2\n" * 19), None, ("x.csv", "19 rows", "20", "add more")),
    "binary csv": (text("x.csv", "a,b\0\n"), None, ("x.csv", "binary", "save the table as CSV")),
    "text among numbers": (
        text("x.csv", "a,b\n\n" + GOOD + "1,many\n"),
        None,
        ("'many'", "'b'", "row 31 (line 33)", "leave the cell blank", "--column b=category"),
    ),
    "line of a quoted break": (
        text("x.csv", '"a\nb",c\n1,2\n3,inf\n' + GOOD),
        None,
        ("holds inf", "'c'", "row 2 (line 4)"),
    ),
    "identifiers only": (
        text("x.csv", "id,name\n" + "".join(f"{i},n{i * 7919}\n" for i in range(40))),
        None,
        ("identifiers", "id, name", "add other columns"),
    ),
    "constant in training": (
        text("x.csv", "a,b\n" + "1,2\n" * 40 + "1,3\n" + "1,2\n" * 19),
        None,
        ("training rows", "a, b", "add rows that differ"),
    ),
    "inf in csv": (text("x.csv", "a,b\n-inf,1\n" + GOOD), None, ("holds -inf", "'a'", "row 1 (line 2)")),
    "ragged": (
        text("x.csv", "a,b\n" + GOOD + "1,2,3\n"),
        None,
        ("3 cells", "row 31 (line 32)", "2 cells", "one cell per column"),
    ),
    "repeated column": (text("x.csv", "a,a\n" + GOOD), None, ("column 'a'", "a name of its own")),
    "all constant": (
        text("x.csv", "a,b\n" + "1,2\n" * 30),
        None,
        ("constant", "a, b", "add one that varies"),
    ),
    "size of a table": (text("x.csv", GOOD), 16, ("--size 16", "x.csv", "leave it out")),
    "size of an array table": (array(people()), 16, ("--size 16", "x.npy", "leave it out")),
    "size too small": (array(PIXELS), 7, ("--size 7", "8 to 64")),
    "size too large": (array(PIXELS), 65, ("--size 65", "8 to 64")),
    "no parquet": (
        text("x.parquet", "nothing of the kind"),
        None,
        ("x.parquet", "Parquet", "write it again"),
    ),
    "truncated parquet": (cut(column("a", *range(30)), 300), None, ("x.parquet", "write it again")),
    "parquet bytes": (
        column("who", *[b"ann"] * 30),
        None,
        ("x.parquet", "binary", "'who'", "ann", "remove the column, or encode it"),
    ),
    "parquet lists": (column("who", *[[1, 2]] * 30), None, ("list", "'who'", "remove the column")),
    "parquet inf": (column("who", *[1.0] * 30, np.inf), None, ("holds inf", "'who'", "row 31", "repair")),
    "parquet without columns": (
        lambda folder: pq.write_table(pa.table({}), folder / "x.parquet") or folder / "x.parquet",
        None,
        ("x.parquet", "no columns", "give a table"),
    ),
    "no npy": (
        text("x.npy", "nothing of the kind"),
        None,
        ("x.npy", "no file of a NumPy array", "numpy.save"),
    ),
    "truncated npy": (cut(array(people()), 300), None, ("x.npy", "save it again with numpy.save")),
    "truncated header": (cut(array(people()), 30), None, ("x.npy", "save it again with numpy.save")),
    "no npz": (text("x.npz", "nothing of the kind"), None, ("x.npz", "save")),
    "truncated npz": (cut(arrays(x=people()), 900), None, ("x.npz", "save it again")),
    "npz without arrays": (arrays(), None, ("x.npz", "no array", "data, x, X, images or samples")),
    "npz of strange names": (arrays(u=np.eye(2), v=np.eye(2)), None, ("x.npz", "u, v", "give one of them")),
    "objects": (array(np.array([{}, 1], dtype=object)), None, ("x.npy", "Python objects", "numpy.save")),
    "objects in npz": (arrays(x=np.array([{}, 1])), None, ("x.npz", "Python objects", "numpy.save")),
    "strings": (array(np.array(["a"] * 30)), None, ("x.npy", "<U1", "convert the array")),
    "complex": (array(np.ones((30, 2), complex)), None, ("complex128", "convert the array")),
    "records": (array(np.zeros(30, [("a", "f8")])), None, ("x.npy", "'a'", "convert the array")),
    "no axes": (array(np.array(1.0)), None, ("shape []", "reshape")),
    "five axes": (array(np.zeros((30, 1, 1, 8, 8))), None, ("[30, 1, 1, 8, 8]", "reshape")),
    "nothing in it": (array(np.zeros((0, 3))), None, ("x.npy", "[0, 3]", "reshape")),
    "no columns": (arrays(x=np.zeros((30, 0))), None, ("x.npz", "[30, 0]", "reshape")),
    "too wide": (
        array(with_bad(with_bad(people(), (4, 0), 1.7e308), (5, 0), -1.7e308)),
        None,
        ("'x0'", "-1.7e+308 to 1.7e+308", "rescale the column"),
    ),
    "few images": (array(PIXELS[:19]), None, ("19", "20", "add more")),
    "image copies": (array(PIXELS[:2].repeat(20, 0)), None, ("40 images", "2 different", "add more")),
    "nan image": (array(with_bad(PIXELS.copy(), (6, 2, 2), np.nan)), None, ("image 7", "NaN", "repair")),
    "channels": (array(np.zeros((30, 2, 8, 8))), None, ("[30, 2, 8, 8]", "channels", "select")),
    "not square": (array(np.zeros((30, 8, 9))), None, ("8 x 9", "square", "--size 32")),
    "large": (array(np.zeros((30, 65, 65))), None, ("65 x 65", "8 to 64", "--size 32")),
}
