"""How a text file is encoded: by its mark, as UTF-8, or as charset-normalizer guesses."""

from __future__ import annotations

import codecs
from pathlib import Path

from ganscope.contracts import BadInput

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
GUESSED_FROM = 2**16
"""Bytes, of lines that are not ASCII, by which an encoding is guessed."""
LIKELY = [
    "cp932", "gb18030", "big5", "cp949", "euc_jp", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "koi8_r",
    "mac_roman", "iso8859_2",
]  # fmt: skip
"""Encodings that tables have; among all that there are, a short text fits too many."""
USUAL_SIGNS = "€£¥§°±²³µ·½¼×–—‘’“”„«»…\xa0©®™ªº"
"""What text in Windows-1252 often holds besides letters."""


def encoding_of(path: Path) -> tuple[str, str]:
    """Find out how a text is encoded.

    Args:
        path: the file.

    Returns:
        Python's name of the encoding, and a note where it was guessed, else an empty text.

    Raises:
        BadInput: binary data.
    """
    with path.open("rb") as file:
        start = file.read(4096)
        for mark, name in MARKS:
            if start.startswith(mark):
                return name, ""
        if b"\0" in start:
            return _without_mark(path, start), f"{path.name} is UTF-16 without a mark."
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        telling, utf8 = b"", True
        while chunk := file.read(2**20):
            if b"\0" in chunk:
                raise _binary(path)
            if len(telling) < GUESSED_FROM and not chunk.isascii():
                lines = (line + b"\n" for line in chunk.split(b"\n") if not line.isascii())
                telling += b"".join(lines)[:GUESSED_FROM]
            utf8 = utf8 and _decodes(decoder, chunk, final=False)
        if utf8 and _decodes(decoder, b"", final=True):
            return "utf-8", ""
    name = _guess(telling)
    return name, f"{path.name} is not UTF-8: read as {_written(name)}."


def _guess(telling: bytes) -> str:
    if _western(telling):
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(telling, cp_isolation=LIKELY).best()
    return "cp1252" if best is None else best.encoding


def _western(telling: bytes) -> bool:
    """Tell whether a text makes sense as Windows-1252: some accents among plain letters."""
    try:
        text = telling.decode("cp1252")
    except UnicodeDecodeError:
        return False
    letters = [sign for sign in text if sign.isalpha()]
    accents = [sign for sign in text if not sign.isascii()]
    sensible = all(sign.isalpha() or sign in USUAL_SIGNS for sign in accents)
    return sensible and 2 * sum(not sign.isascii() for sign in letters) <= len(letters)


def _written(name: str) -> str:
    return {"cp1252": "Windows-1252", "cp932": "Shift-JIS (Windows-932)"}.get(name, name.replace("_", "-"))


def _without_mark(path: Path, start: bytes) -> str:
    """Tell UTF-16 without a mark by where its zeros are."""
    even, odd = start[::2].count(0), start[1::2].count(0)
    most = 0.4 * len(start) / 2
    if odd > most and even == 0:
        return "utf-16-le"
    if even > most and odd == 0:
        return "utf-16-be"
    raise _binary(path)


def _binary(path: Path) -> BadInput:
    return BadInput(f"{path} holds binary data, not text: save the table as CSV text.")


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, final: bool) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True
