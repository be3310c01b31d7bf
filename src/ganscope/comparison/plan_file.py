"""A plan as `comparison.json`: written before anything trains, read back to go on after an interruption."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganscope.comparison.budget import Plan
from ganscope.config.auto import Setting
from ganscope.contracts import BadInput
from ganscope.data.find import load_data
from ganscope.folder import files, layout
from ganscope.folder.read import parse_config, read_comparison
from ganscope.running.grouping import Stack


def write_plan(planned: Plan) -> None:
    """Write `comparison.json` into the folder of a comparison, its stacks among it."""
    files.write_json(planned.out / layout.COMPARISON, _as_json(planned))


def read_plan(folder: Path) -> Plan:
    """Read `comparison.json`, and open the data it names.

    Args:
        folder: the folder of a comparison or a sweep.

    Returns:
        The plan. Its stacks are empty where an early version wrote it, which did not keep them.

    Raises:
        BadInput: no comparison, a damaged file, or data that are not there any more.
    """
    stored = read_comparison(folder)
    try:
        configs = tuple(tuple(parse_config(values) for values in row) for row in stored["configs"])
        auto = {
            name: tuple(Setting(**entry) for entry in entries)
            for name, entries in stored.get("auto", {}).items()
        }
        parts: dict[str, Any] = {
            "data": stored["data"],
            "recipes": tuple(stored["recipes"]),
            "seeds": tuple(stored["seeds"]),
            "budget": stored["budget"],
            "seconds": stored["seconds"],
            "configs": configs,
            "command": stored.get("command", ""),
            "auto": auto,
            "swept": tuple(stored.get("swept", ())),
            "stack": stored.get("stack", 0),
            "stacks": tuple(Stack(tuple(members)) for members in stored.get("stacks", ())),
        }
        first = configs[0][0]
    except Exception as error:  # values of any kind
        why = f"it lacks {error}" if isinstance(error, KeyError) else "a value in it cannot be used"
        raise BadInput(
            f"{folder / layout.COMPARISON} is damaged ({why}): restore it, or compare again."
        ) from None
    return Plan(out=folder, dataset=load_data(first.data, first.size, None, first.columns), **parts)


def _as_json(planned: Plan) -> dict[str, Any]:
    return {
        "command": planned.command,
        "data": planned.data,
        "recipes": list(planned.recipes),
        "seeds": list(planned.seeds),
        "budget": planned.budget,
        "seconds": planned.seconds,
        "configs": [[config.grouped() for config in row] for row in planned.configs],
        "auto": {
            name: [setting._asdict() for setting in chosen] for name, chosen in planned.auto.items() if chosen
        },
        **({"swept": list(planned.swept), "stack": planned.stack} if planned.swept else {}),
        "stacks": [list(stack.members) for stack in planned.stacks],
    }
