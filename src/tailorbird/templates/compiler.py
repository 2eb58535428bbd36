"""One compilation of one content: what was read so far, what is wrong, and the body as a tree of parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from tailorbird.domain.errors import Invalid, Problem, join_path
from tailorbird.templates.limits import MAX_DEPTH, MAX_SOURCES, MAX_STRINGS
from tailorbird.templates.parts import Part, native_of
from tailorbird.templates.roots import NO_NAMES, Names
from tailorbird.templates.run import Run

if TYPE_CHECKING:
    from tailorbird.templates.sandbox import Environment, Text


def has_liquid(source: str) -> bool:
    """Whether a string is read as Liquid at all."""
    return "{{" in source or "{%" in source


class Compiler:
    """Collects problems instead of stopping at the first, so that a person sees all of them at once."""

    def __init__(self, path: str, roots: Collection[str] | None, partials: Mapping[str, str] | None) -> None:
        self.path = path
        self.roots = roots
        self.partials = partials
        self.names: Names = NO_NAMES
        self.strings = 0
        self.characters = 0
        self.problems: list[Problem] = []
        self._environment: Environment | None = None

    def wrong(self, path: str, expected: str, got: object) -> None:
        """Note a problem at ``path`` inside the content."""
        self.problems += Invalid.field(join_path(self.path, path), expected, got).problems

    def raise_problems(self) -> None:
        """Raise what was noted, if anything was."""
        if self.problems:
            more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
            raise Invalid(self.problems[0].detail + more, problems=tuple(self.problems))

    def encode(self, value: Any) -> bytes:
        """``value`` as JSON. What has no JSON is noted."""
        try:
            return msgspec.json.encode(value)
        except (TypeError, ValueError, RecursionError, OverflowError):
            self.wrong("", "values that JSON can hold", value)
            return b"null"

    def part(self, value: Any, path: str, depth: int = 0) -> Part | None:
        """What makes a value of the body in a run; None when it is the same for everybody."""
        if isinstance(value, str):
            text = self.liquid(value, path)
            return None if text is None else native_of(text) if text.single else text.text
        if not isinstance(value, dict | list | tuple):
            return None
        if depth >= MAX_DEPTH:
            self.wrong(path, f"at most {MAX_DEPTH} levels of objects and lists", "more")
            return None
        if isinstance(value, dict):
            members = {key: self.part(inner, join_path(path, str(key)), depth + 1) for key, inner in value.items()}
            return _built(dict(value), {key: part for key, part in members.items() if part is not None})
        parts = [self.part(inner, f"{path}[{index}]", depth + 1) for index, inner in enumerate(value)]
        return _built(list(value), {index: part for index, part in enumerate(parts) if part is not None})

    def liquid(self, source: str, path: str) -> Text | None:
        """The compiled string, or None when there is no Liquid in it or when it is wrong, which is noted."""
        if not has_liquid(source):
            return None
        if self.strings > MAX_STRINGS or self.characters > MAX_SOURCES:
            return None
        self.strings += 1
        self.characters += len(source)
        if self.strings > MAX_STRINGS or self.characters > MAX_SOURCES:
            self.wrong(path, f"at most {MAX_STRINGS:,} strings and {MAX_SOURCES:,} characters with Liquid", "more")
            return None
        # Loaded only where there is Liquid: static content needs none of it.
        from tailorbird.templates.reading import read_text

        try:
            text, names = read_text(source, join_path(self.path, path), self._dialect(), self.roots)
        except Invalid as error:
            self.problems += error.problems
            return None
        self.names |= names
        return text

    def _dialect(self) -> Environment:
        from tailorbird.templates.sandbox import DIALECT, Environment

        if self._environment is None:
            self._environment = DIALECT if self.partials is None else Environment(self.partials)
        return self._environment


def _built(constant: Any, dynamic: dict[Any, Part]) -> Part | None:
    """What copies an object or list and fills in the parts that depend on the visitor; None when none does."""
    if not dynamic:
        return None
    members = tuple(dynamic.items())

    def build(run: Run) -> Any:
        built = constant.copy()
        for key, make in members:
            built[key] = make(run)
        return built

    return build
