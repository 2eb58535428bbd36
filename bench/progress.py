"""What a long run says meanwhile, on stderr: the results go elsewhere."""

from __future__ import annotations

import sys
import time

_STARTED = time.monotonic()


def say(text: str) -> None:
    """Tell what is measured now, and how long all of it has taken so far."""
    sys.stderr.write(f"{time.monotonic() - _STARTED:6.0f} s  {text}\n")
    sys.stderr.flush()
