"""Measurements of two networks and their samples, without an opinion."""
