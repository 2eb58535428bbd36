"""HTTP: the hot paths as a plain ASGI callable, the management API beside it."""
