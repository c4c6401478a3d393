"""What `python -m rename_tck` does: one module a command, each with `add`, which declares it, and `run`."""
