"""Metrics: what an operation yielded → a figure; one small file for each kind."""
