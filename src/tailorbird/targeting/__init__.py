"""Conditions: one tree, compiled when it changes; a fast predicate and an explanation side by side."""
