"""Tailorbird: server-side personalization and experimentation that you host yourself."""

__version__ = "0.1.0"
