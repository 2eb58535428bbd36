"""What one more fact changes about a person: folding, visits, identity."""
