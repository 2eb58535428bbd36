"""Version numbers as things that can be ordered: 1.9 < 1.10, 2.0.0-rc.1 < 2.0.0, a build after ``+`` does not count."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

#: Parts of a version, each comparable with any other: numbers < words < the mark of a release.
Version = tuple[tuple[int, int, str], ...]

#: what a three-part version ends with, so that it is above its own pre-releases
_RELEASE = (2, 0, "")
_LONGEST = 256


@lru_cache(maxsize=4096)
def parse_version(text: str) -> Version | None:
    """The version that ``text`` names; None when it is empty or too long to be one."""
    if not text or len(text) > _LONGEST:
        return None
    core = text.partition("+")[0].removeprefix("v")
    parts = [_part(part) for part in core.replace("-", ".").split(".")]
    if len(parts) == 3:
        parts.append(_RELEASE)
    return tuple(parts)


def _part(part: str) -> tuple[int, int, str]:
    if part.isascii() and part.isdigit():
        digits = part.lstrip("0")
        return (0, len(digits), digits)  # longer is larger; never converted, so of any size
    return (1, 0, part)


def version_of(value: Any) -> Version | None:
    """The version a text or a number stands for, else None."""
    if isinstance(value, str):
        return parse_version(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return parse_version(repr(value)) if -1e15 < value < 1e15 else None
