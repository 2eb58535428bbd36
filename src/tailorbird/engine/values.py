"""What values an attribute or a property may have, which type each is, and how they look when masked."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tailorbird.domain.errors import Invalid, join_path
from tailorbird.domain.ids import is_attribute_name
from tailorbird.engine.limits import Limits

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$")
NAME_LENGTH = 200


def check_name(name: str, field: str) -> None:
    """Names of events, attributes and properties: 1 to 200 characters without control characters."""
    if not name or len(name) > NAME_LENGTH or _CONTROL.search(name):
        raise Invalid.field(field, "a name of 1 to 200 characters without control characters", name)


def check_attributes(attributes: Mapping[str, Any], field: str, limits: Limits) -> None:
    """Attribute names besides may not begin with ``@`` (facts), ``$`` (operators), nor hold a dot (paths)."""
    for name in attributes:
        check_name(name, join_path(field, name))
        if not is_attribute_name(name) or "." in name:
            raise Invalid.field(join_path(field, name), "a name without dots that does not begin with @ or $", name)
    check_members(attributes, field, limits)


def check_members(members: Mapping[str, Any], field: str, limits: Limits) -> None:
    """Plain JSON values within the limits of depth, number and length."""
    if members:
        _Checker(limits).check(members, field, 0)


class _Checker:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._count = 0

    def check(self, value: Any, field: str, depth: int) -> None:
        limits = self._limits
        if isinstance(value, str):
            if len(value) > limits.text:
                raise Invalid.field(field, f"text of at most {limits.text:,} characters", f"{len(value):,} characters")
        elif isinstance(value, int):
            if not -(2**63) <= value < 2**63:
                raise Invalid.field(field, "a whole number of at most 64 bits", value)
        elif isinstance(value, float):
            if not math.isfinite(value):
                raise Invalid.field(field, "a finite number", str(value))
        elif isinstance(value, (dict, list)):
            self._nested(value, field, depth)

    def _nested(self, value: dict[str, Any] | list[Any], field: str, depth: int) -> None:
        limits = self._limits
        if depth >= limits.depth:
            raise Invalid.field(field, f"at most {limits.depth} levels of nesting", "deeper")
        self._count += len(value)
        if self._count > limits.members:
            raise Invalid.field(field, f"at most {limits.members:,} values in all", f"more than {limits.members:,}")
        if isinstance(value, list):
            for index, member in enumerate(value):
                self.check(member, f"{field}[{index}]", depth + 1)
            return
        for name, member in value.items():
            check_name(name, join_path(field, name))
            self.check(member, join_path(field, name), depth + 1)


def type_of(value: Any) -> str:
    """``text, number, boolean, date, list, object`` or ``null``: how the project's schema lists a value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "date" if len(value) < 40 and _DATE.match(value) else "text"
    if isinstance(value, list):
        return "list"
    return "object" if isinstance(value, dict) else "null"


def types(members: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """(dotted name, type) of every member, nested objects included."""
    for name, value in members.items():
        yield f"{prefix}{name}", type_of(value)
        if isinstance(value, dict):
            yield from types(value, f"{prefix}{name}.")


def masked(value: Any) -> Any:
    """The same shape with every value replaced by its type and length: what the log of rejected events keeps."""
    if isinstance(value, dict):
        return {str(name)[:NAME_LENGTH]: masked(member) for name, member in list(value.items())[:50]}
    if isinstance(value, list):
        return [masked(member) for member in value[:10]]
    return f"text({len(value)})" if isinstance(value, str) else type_of(value)
