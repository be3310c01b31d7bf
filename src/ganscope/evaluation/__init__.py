"""A data set with the metrics that judge samples of it, each beside its floor."""
