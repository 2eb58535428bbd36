"""Measurements: ratios from interleaved runs, CPU time per request first. ``python -m bench`` writes ``RESULTS.md``."""
