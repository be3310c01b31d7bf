"""The pages of `docs/verdicts`, filled with what was measured: `python -m validation.pages`."""
