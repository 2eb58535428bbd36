"""What goes wrong at the command line: one line on standard error and an exit code, never a traceback."""

from __future__ import annotations

import sys

#: the caller can mend it by typing something else / something else is in the way / it is not as it should be / Ctrl-C
USAGE, FAILED, DRIFT, INTERRUPTED = 2, 1, 3, 130


class Usage(Exception):
    """What was typed cannot be meant."""


class Failed(Exception):
    """It was understood, and did not work."""


class Drift(Exception):
    """It worked, and the answer is no."""


def report(error: Exception) -> int:
    """Print one line about ``error`` and return the exit code; what this program did not foresee is raised again."""
    code, sentence = _told(error)
    print(f"tailorbird: {' '.join(sentence.split())}", file=sys.stderr)
    return code


def _told(error: Exception) -> tuple[int, str]:
    from tailorbird.domain.errors import Invalid, TailorbirdError

    if isinstance(error, (Usage, Invalid)):
        return USAGE, str(error)
    if isinstance(error, Drift):
        return DRIFT, str(error)
    if isinstance(error, (Failed, TailorbirdError)):
        return FAILED, str(error)
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return FAILED, f"{name}{error.strerror or error}"
    raise error
