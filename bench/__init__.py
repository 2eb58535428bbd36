"""Measurements: ratios taken in one interleaved run, CPU time per request first. ``python -m bench`` writes RESULTS.md."""
