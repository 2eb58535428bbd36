"""Where definitions and facts are kept: one schema, one writer, the profile reads."""
