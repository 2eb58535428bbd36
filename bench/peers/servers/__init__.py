"""Servers under measurement that need a few lines of their own to start."""
