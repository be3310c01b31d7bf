"""The run folder: file names, layout, the one reader, the lock, checkpoints."""
