"""Reading a project file: YAML or JSON into plain values, with the line on which each of them stands.

The YAML is that of 1.2 with JSON's scalars: ``no``, ``22:00`` and ``2026-03-01`` are text. A key stands once, tags are
refused, and size and depth are bounded before anything is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import yaml
from msgspec.structs import replace

from tailorbird.domain.errors import Invalid, Problem, join_path
from tailorbird.domain.shape import MAX_NESTING, check_nesting, read

#: levels above a definition are not its own
DEPTH = MAX_NESTING + 4
#: values in one file, those behind aliases counted each time
MAX_VALUES = 3_000_000

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
#: what a plain scalar must look like to be a number
NUMBER = re.compile(r"^-?(0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?(?P<exponent>[eE][-+]?[0-9]+)?$")
_MAX_DIGITS = 400
#: the parser in C where the library was built with it; both read the same
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class FileText(msgspec.Struct, frozen=True):
    """What a file says."""

    value: Any
    #: path of a value, as problems name it → line, from 1
    lines: dict[str, int] = {}

    def line(self, field: str) -> int:
        """The line of the value at ``field``, or of the nearest value around it; 0 where nothing is known."""
        path = field
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path, 0)


def read_json(body: bytes) -> FileText:
    """A file in JSON."""
    check_nesting(body, DEPTH)
    return FileText(read(msgspec.json.decode, body))


def read_yaml(body: bytes) -> FileText:
    """A file in YAML. ``Invalid`` with the line in its sentence when it is none."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid.field("", "text in UTF-8", detail=f"Byte {error.start} is not UTF-8.") from None
    try:
        return _Builder(yaml.parse(text, Loader=_LOADER)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark is not None else ""
        why = " ".join(part for part in (error.context, error.problem) if part)
        raise Invalid.field("", "a YAML document", detail=f"{where}This is not valid YAML: {why}.") from None
    except yaml.YAMLError as error:
        why = " ".join(str(error).split())
        raise Invalid.field("", "a YAML document", detail=f"This is not valid YAML: {why}.") from None


def located(error: Invalid, text: FileText) -> Invalid:
    """The same error, each sentence with the place in the file that it is about."""
    problems = tuple(replace(problem, detail=_place(problem, text) + problem.detail) for problem in error.problems)
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return Invalid(f"{problems[0].detail}{more}" if problems else error.detail, problems=problems, **error.extra)


def _place(problem: Problem, text: FileText) -> str:
    line = text.line(problem.field)
    named = problem.field in problem.detail
    return (f"line {line}: " if line else "") + ("" if named else f"{problem.field}: ")


class _Builder:
    """Makes values of the events of one document."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._lines: dict[str, int] = {}
        self._count = 0
        #: anchor → (value, how many values it holds)
        self._anchors: dict[str, tuple[Any, int]] = {}

    def document(self) -> FileText:
        """The one document."""
        next(self._events)
        start = next(self._events)
        if isinstance(start, yaml.StreamEndEvent):
            return FileText(None)
        value = self._value(next(self._events), "", 0)
        next(self._events)
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise _refused(after, "", "a single document in the file")
        return FileText(value, self._lines)

    def _value(self, event: Any, path: str, depth: int) -> Any:
        self._count += 1
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        if event.tag not in (None, "!"):
            raise _refused(event, path, "a value without a tag")
        if depth > DEPTH:
            raise _refused(event, path, f"at most {DEPTH} levels of nesting")
        before = self._count
        if isinstance(event, yaml.ScalarEvent):
            value: Any = _scalar(event, path)
        elif isinstance(event, yaml.MappingStartEvent):
            value = self._mapping(path, depth)
        else:
            value = self._sequence(path, depth)
        self._check_count(event, path)
        if event.anchor:
            self._anchors[event.anchor] = (value, self._count - before + 1)
        return value

    def _alias(self, event: Any, path: str) -> Any:
        if event.anchor not in self._anchors:
            raise _refused(event, path, f"an anchor &{event.anchor} above")
        value, size = self._anchors[event.anchor]
        self._count += size
        self._check_count(event, path)
        return value

    def _check_count(self, event: Any, path: str) -> None:
        if self._count > MAX_VALUES:
            raise _refused(event, path, f"at most {MAX_VALUES:,} values in a file")

    def _mapping(self, path: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent) or event.tag not in (None, "!"):
                raise _refused(event, path, "text as the name of a value")
            inner = join_path(path, event.value)
            if event.value in found:
                raise _refused(event, inner, "each name once")
            self._lines[inner] = _line(event)
            found[event.value] = self._value(next(self._events), inner, depth + 1)
        return found

    def _sequence(self, path: str, depth: int) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            inner = f"{path}[{len(found)}]"
            if not isinstance(event, yaml.ScalarEvent):
                self._lines[inner] = _line(event)
            found.append(self._value(event, inner, depth + 1))
        return found


def _scalar(event: Any, path: str) -> Any:
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    number = NUMBER.match(text)
    if number is None:
        return text
    if len(text) > _MAX_DIGITS:
        raise _refused(event, path, f"a number of at most {_MAX_DIGITS} digits")
    if number["fraction"] or number["exponent"]:
        return _finite(event, path, float(text))
    return int(text)


def _finite(event: Any, path: str, value: float) -> float:
    if value in (float("inf"), float("-inf")):
        raise _refused(event, path, "a number that is not larger than computers can hold")
    return value


def _refused(event: Any, path: str, expected: str) -> Invalid:
    detail = f"line {_line(event)}: {path or 'the file'}: expected {expected}"
    return Invalid(detail, problems=(Problem(field=path, expected=expected, detail=detail),))


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
