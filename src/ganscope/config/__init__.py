"""The settings of a run in their groups, and what follows from them. No torch in here."""

from ganscope.config.groups import GROUPS
from ganscope.config.run_config import CUSTOM, RunConfig, flattened

__all__ = ["CUSTOM", "GROUPS", "RunConfig", "flattened"]
