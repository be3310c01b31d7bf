"""What an answer to a wrong input looks like: three lines at most, no traceback, a full stop."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from typing import Any

WIDTH, LINES = 80, 3


def assert_a_clear_sentence(text: str, words: list[str]) -> None:
    assert "Traceback" not in text
    text = re.sub(r"/\S*/pytest-\d+/(popen-gw\d+/)?", "/home/", text)  # as long as a user's folders are
    assert sum(max(1, math.ceil(len(line) / WIDTH)) for line in text.splitlines()) <= LINES, text
    for word in words:
        assert word in text, f"{word!r} is not in: {text}"
    assert text.rstrip().endswith((".", "?", ".)")), text
    assert "None" not in text.replace("x[:, None]", "")
    assert "Error" not in text


def typed(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": str(WIDTH)}
    command = [sys.executable, "-m", "ganscope", *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment, **options)
