"""Trackers: observers that take a run's values elsewhere, chosen by name with `--track`.

`TRACKERS` maps each name to `package.module:factory`. The factory is called as `(folder, config)` in the
process that trains, and returns an observer.
"""

TRACKERS: dict[str, str] = {
    "csv": "ganscope.integrations.csv_values:tracker",
}

__all__ = ["TRACKERS"]
