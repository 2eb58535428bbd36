"""In-process evaluation, one module per library. Each runs in an environment of its own and imports nothing of ours
but its protocol."""
