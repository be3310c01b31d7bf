"""The other side of `same_work` and `sweep`: worker programs, each run in an environment of its own."""
