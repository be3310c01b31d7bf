"""Long measurements of what ganscope promises; `make validate` runs them and writes `docs/validation`."""
