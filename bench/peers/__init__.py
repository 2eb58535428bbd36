"""Tailorbird beside servers and libraries that do a comparable job, in one run: ``python -m bench.peers``."""
