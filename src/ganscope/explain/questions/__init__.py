"""The twelve questions, one file each, named after its subject."""
