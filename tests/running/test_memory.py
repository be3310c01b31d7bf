"""What a run takes is estimated before its networks are built."""

from __future__ import annotations

import subprocess
import sys


def test_an_estimate_does_not_load_the_compiler_of_torch() -> None:
    code = (
        "import sys\nfrom ganscope.build.settings import resolve\nfrom ganscope.data.find import load_data\n"
        "from ganscope.running.memory import check_memory\n"
        "check_memory(resolve('r1', {'data': 'digits'}), load_data('digits'))\n"
        "print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
