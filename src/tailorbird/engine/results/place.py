"""Where a running server keeps its facts for analysis."""

from __future__ import annotations

from tailorbird.domain.errors import Unavailable
from tailorbird.engine.runtime import Runtime
from tailorbird.lake.client import Lake


def lake(runtime: Runtime) -> Lake:
    """The lake of this server; ``Unavailable`` with the reason where it has none."""
    if runtime.lake is None:
        raise Unavailable("This server keeps no lake, so it computes no results: it was started without one.")
    return runtime.lake
