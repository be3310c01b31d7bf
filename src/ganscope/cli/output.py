"""Results as JSON, and the small pieces that commands print alike."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ganscope.folder.files import jsonable
from ganscope.words.numerals import NONE


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object; what is not finite becomes null."""
    print(json.dumps(jsonable(value), indent=2, allow_nan=False).replace("\x7f", "\\u007f"))


def as_dict(value: Any) -> Any:
    """Named tuples, nested, as JSON objects."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {key: as_dict(entry) for key, entry in value._asdict().items()}
    if isinstance(value, tuple):
        return [as_dict(entry) for entry in value]
    return value


def rounded(values: Sequence[float | None]) -> list[str]:
    """Write numbers with three digits, and a dash where there is none."""
    return [NONE if value is None else f"{value:.3g}" for value in values]
