"""Measurements: ratios against a bare baseline of the same run."""
