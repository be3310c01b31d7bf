"""Tests, laid out as the source is; `journeys` and `study` go through all of it."""
