"""Some settings of a run changed, and those that this leaves without effect set back to their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ganscope.build.settings.no_effect import refuse_no_effect
from ganscope.build.settings.resolve import resolve
from ganscope.build.settings.validate import validated
from ganscope.config import RunConfig
from ganscope.words.complaints import BadField, flag


def changed(
    config: RunConfig,
    settings: Mapping[str, Any],
    factors: Mapping[str, float],
    raised: Mapping[str, str] = MappingProxyType({}),
    lowered: Mapping[str, float] = MappingProxyType({}),
) -> tuple[RunConfig, dict[str, Any]]:
    """Change some settings of a run, and set back to their defaults those that are without effect then.

    Args:
        config: a valid configuration.
        settings: new values.
        factors: what other settings are multiplied by.
        raised: settings that take another one's value where they are below it.
        lowered: settings that take a value where they are above it.

    Returns:
        The new configuration, and the former values of the settings that were set back.

    Raises:
        BadInput: the new values cannot be, or a factor applies to nothing.

    Example:
        >>> smooth = RunConfig(label_smoothing=0.1, d_lr=0.004)
        >>> new, reset = changed(smooth, {"objective": "hinge"}, {"d_lr": 0.5})
        >>> new.objective, new.d_lr, reset
        ('hinge', 0.002, {'label_smoothing': 0.1})
    """
    values = config.flat()
    for name, factor in factors.items():
        if not values[name]:
            raise BadField(name, f"{flag(name)} is {values[name]}, so there is nothing to multiply.")
        values[name] = float(f"{values[name] * factor:.6g}")
    for name, other in raised.items():
        values[name] = max(values[name], values[other])
    for name, most in lowered.items():
        values[name] = min(values[name], most)
    values |= settings
    wanted = {*settings, *factors, *raised, *lowered}
    if values["penalty"] != "none" and values.get("d_norm") == "batch":
        values["d_norm"] = "none"  # no slope per sample exists under it
    if values.get("g_norm") == "batch":
        values["compile"] = False
    usual = resolve(None, {"network": values["network"]}).flat()
    while True:
        new = validated(values)
        try:
            refuse_no_effect(new, {name: v for name, v in values.items() if v != usual.get(name)})
        except BadField as error:
            if error.field in wanted or values[error.field] == usual[error.field]:
                raise
            values[error.field] = usual[error.field]
        else:
            break
    reset = {
        name: value for name, value in config.flat().items() if value != values[name] and name not in wanted
    }
    return new, reset
