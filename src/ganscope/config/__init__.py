"""The settings of a run in their groups, and what follows from them. No torch in here."""

from ganscope.config.groups import GROUPS
from ganscope.config.run_config import OWN, RunConfig, flattened

__all__ = ["GROUPS", "OWN", "RunConfig", "flattened"]
