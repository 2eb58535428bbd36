"""Packs the console into the wheel: builds it first where this is a clone; an sdist brings it built."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs console/build.py before a wheel or an sdist is put together; an editable install goes without."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is missing or older than its sources."""
        script = Path(self.root) / "console" / "build.py"
        if version == "editable" or not script.exists():
            return
        spec = importlib.util.spec_from_file_location("console_build", script)
        if spec is None or spec.loader is None:
            raise RuntimeError("console/build.py cannot be read.")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.main()
