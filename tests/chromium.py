"""Where the browser of the tests is. ``make test`` installs it where it can: ``.ci/chromium``."""

from __future__ import annotations

import functools
import shutil
import subprocess

#: what it is called on different systems
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = "No Chromium starts here (Debian: apt-get install chromium)"


@functools.cache
def path() -> str | None:
    """The program of a Chromium that starts; None where there is none."""
    for found in filter(None, map(shutil.which, NAMES)):
        if subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:
            return found
    return None
