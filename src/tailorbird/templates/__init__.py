"""Content: parsed once at publish, rendered many times; a missing value is a reason, never an exception."""
