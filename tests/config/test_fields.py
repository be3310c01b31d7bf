"""The fields of a configuration: each says what it takes."""

from __future__ import annotations

from ganscope.build.settings import choices, settings


def test_every_field_has_a_range_or_names() -> None:
    # what a field takes is checked by the validator, or it is text that the parts check
    for name, field in settings().items():
        free = name in (
            "data",
            "columns",
            "recipe",
            "penalty",
            "device",
            "track",
            "keep_best",
            "diagnose",
            "heal",
            "compile",
        )
        assert free or choices(name) or field.metadata, name
