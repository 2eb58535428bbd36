"""What each row becomes: an event as ``POST /v1/events`` takes it, or an item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any

import msgspec

from tailorbird.cli.importing.cells import Type, moment_of, plain, text_of, value_of
from tailorbird.cli.importing.mapping import Kind, Target, automatic
from tailorbird.domain.errors import Invalid
from tailorbird.domain.facts import ATTRIBUTES

#: puts a value where its column leads
Put = Callable[[dict[str, Any], Any], None]

_TEXTS = frozenset(("visitor.id", "visitor.anonymous_id", "id", "name", "type", "session_id", "channel", "token"))
_WHOLE = frozenset(("attributes", "properties"))


class Bodies:
    """Turns the rows of one file into bodies. Each column is looked at once."""

    def __init__(
        self,
        kind: Kind,
        told: Mapping[str, Target],
        constants: Mapping[str, str],
        *,
        zone: tzinfo,
        types: Mapping[str, Type],
        untyped: bool,
        made_id: Callable[[int], str],
    ) -> None:
        self._kind = kind
        self._told = told
        self._zone = zone
        self._types = types
        self._untyped = untyped
        self._made_id = made_id
        self._puts: dict[str, Put] = {}
        #: columns that are named by their place inside an object
        self._inside = [(column, column.split(".")) for column in told if "." in column]
        self._constants = [
            (field.split("."), moment_of(text, zone, field) if field == "time" else text)
            for field, text in constants.items()
        ]

    def target(self, column: str) -> Target:
        """Where a column goes, with the type of its values where that matters."""
        target = self._told.get(column) or automatic(self._kind, column)
        if "." not in target.field or target.field in _TEXTS:
            return Target(target.field)
        return Target(target.field, target.type or (self._types.get(column, "text") if self._untyped else ""))

    def body(self, values: Mapping[str, Any], line: int) -> dict[str, Any]:
        """What a row becomes. ``Invalid`` names the field that is wrong."""
        body: dict[str, Any] = {}
        for column, path in self._inside:
            if column not in values and (found := _found(values, path)) is not None:
                self._put(column)(body, found)
        for column, value in values.items():
            self._put(column)(body, value)
        for path, value in self._constants:
            _place(body, path, value, replace=False)
        if self._kind == "people":
            body["name"] = ATTRIBUTES
        if self._kind != "items" and "id" not in body and "time" not in body:
            body["id"] = self._made_id(line)
        return body

    def _put(self, column: str) -> Put:
        put = self._puts.get(column)
        if put is None:
            put = self._puts[column] = self._made(self.target(column))
        return put

    def _made(self, target: Target) -> Put:
        """The function for a column. Empty cells of a CSV file say nothing; a JSON null removes an attribute."""
        field, path = target.field, target.field.split(".")
        convert = self._converter(target)

        def put(body: dict[str, Any], value: Any) -> None:
            if not (self._untyped and value == ""):
                _place(body, path, convert(value))

        def put_if_there(body: dict[str, Any], value: Any) -> None:
            if value is not None and value != "":
                _place(body, path, convert(value))

        def skip(body: dict[str, Any], value: Any) -> None:
            """The column is left out."""

        if not field:
            return skip
        return put_if_there if field in _TEXTS or field == "time" or field == "visitor" else put

    def _converter(self, target: Target) -> Callable[[Any], Any]:
        field, kind, zone = target.field, target.type, self._zone
        if field == "time":
            return lambda value: moment_of(value, zone, field)
        if field in _TEXTS:
            return lambda value: text_of(value, field)
        if field == "visitor":
            return _visitor
        if field in _WHOLE:
            return lambda value: plain(_object(value, field), zone)
        if not kind:
            return lambda value: plain(value, zone)
        return lambda value: value_of(value, kind, field) if isinstance(value, str) else _typed(value, kind, zone)


def _typed(value: Any, kind: Type, zone: tzinfo) -> Any:
    """A value of JSON or Parquet whose type was asked for."""
    if kind == "text" and isinstance(value, (int, float)):
        return msgspec.json.encode(value).decode()
    return plain(value, zone)


def _object(value: Any, field: str) -> dict[str, Any]:
    """Of a CSV cell the JSON in it."""
    told = value_of(value, "json", field) if isinstance(value, str) else value
    if not isinstance(told, dict):
        raise Invalid.field(field, "an object", value)
    return told


def _visitor(value: Any) -> dict[str, str]:
    told = _object(value, "visitor")
    return {
        name: text_of(told[name], f"visitor.{name}") for name in ("id", "anonymous_id") if told.get(name) is not None
    }


def _found(values: Mapping[str, Any], path: list[str]) -> Any:
    found: Any = values
    for name in path:
        if not isinstance(found, dict) or name not in found:
            return None
        found = found[name]
    return found


def _place(body: dict[str, Any], path: list[str], value: Any, *, replace: bool = True) -> None:
    """Put a value where its path leads; two objects in one place become one."""
    for depth, name in enumerate(path[:-1]):
        inner = body.setdefault(name, {})
        if not isinstance(inner, dict):
            raise Invalid.field(".".join(path[: depth + 1]), "either a value or an object with members, not both")
        body = inner
    held = body.get(path[-1])
    if isinstance(held, dict) and isinstance(value, dict):
        held.update(value)
    elif held is None or replace:
        body[path[-1]] = value
