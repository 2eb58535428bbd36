"""The doors: other services' protocols over this engine. Each is one file, and none knows of another."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from tailorbird.engine.runtime import Runtime
from tailorbird.web.facades.door import Door, Opened
from tailorbird.web.facades.intempt import Intempt
from tailorbird.web.facades.moengage import MoEngage
from tailorbird.web.facades.ofrep import Ofrep
from tailorbird.web.facades.salesforce import Salesforce
from tailorbird.web.facades.script import Script
from tailorbird.web.options import Options

#: every protocol; the first door that knows a path gets the request
DOORS: tuple[Opened, ...] = (Intempt, MoEngage, Ofrep, Salesforce, Script)


class Doors:
    """All doors of one server."""

    def __init__(self, runtime: Runtime, options: Options) -> None:
        self._doors: tuple[Door, ...] = tuple(opened(runtime, options) for opened in DOORS)
        #: the door whose path this is, and the template of the path; None when it is nobody's
        self.match: Callable[[str], tuple[Door, str] | None] = lru_cache(maxsize=512)(self._find)

    def _find(self, path: str) -> tuple[Door, str] | None:
        for door in self._doors:
            route = door.route(path)
            if route is not None:
                return door, route
        return None

    def close(self) -> None:
        """End what would go on for as long as its caller listens: the server is about to stop."""
        for door in self._doors:
            if isinstance(door, Ofrep):
                door.close()
