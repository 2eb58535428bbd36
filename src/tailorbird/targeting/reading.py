"""How values are read out of a world. A missing value reads as None, whatever stands in its way."""

from __future__ import annotations

from typing import Any

from tailorbird.targeting.tree import Read

_MISSING = object()


def itself(value: Any) -> Any:
    """The world is the value: an element of a list, a length."""
    return value


def dig(root: Any, names: tuple[str, ...]) -> Any:
    """The value under nested objects; ``_MISSING`` when a name is not there."""
    for name in names:
        if not isinstance(root, dict):
            return _MISSING
        root = root.get(name, _MISSING)
        if root is _MISSING:
            return _MISSING
    return root


def attribute(path: str) -> Read:
    """Reads the request's attributes, then the profile's; dots lead into nested objects."""
    names = tuple(path.split("."))

    def read(subject: Any) -> Any:
        value = dig(subject.attributes, names)
        if value is _MISSING:
            value = dig(subject.stored, names)
        return None if value is _MISSING else value

    return read


def member(path: str) -> Read:
    """Reads a mapping; dots lead into nested objects."""
    names = tuple(path.split("."))

    def read(world: Any) -> Any:
        value = dig(world, names)
        return None if value is _MISSING else value

    return read
