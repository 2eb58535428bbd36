"""Writing a project file as YAML that people read and version control compares: one value a line, short ones together.

Text that another reader might take for something else is quoted, whichever version of YAML it knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from tailorbird.engine.project_file.form import SECTIONS
from tailorbird.engine.project_file.reading import NUMBER

#: characters of a list or an object that may stand on one line
SHORT = 88
_HEAD = """# Tailorbird, project {project}. What applying this file would change: tailorbird apply FILE --check
# Ids, salts, ranges, epochs and aliases count where a campaign is new; elsewhere the server keeps its own.
"""
_MAP, _SEQ, _STR = (f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str"))
#: what some reader takes for the end of a line
_BREAK = re.compile("[\n\r\x85\u2028\u2029]")
#: texts of several lines that would not be told apart if they stood there as they are
_ODD = re.compile("[\r\x85\u2028\u2029]|^\\s|\n\n$")


class _Key(str):
    """The name of a value."""

    __slots__ = ()


class _Whole(dict[str, Any]):
    """An object whose members stand under each other however short it is."""


class _Dumper(yaml.SafeDumper):
    """Repeats what occurs twice, and indents lists."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _object(dumper: yaml.SafeDumper, told: dict[str, Any]) -> yaml.Node:
    short = type(told) is not _Whole and _length(told) <= SHORT
    return dumper.represent_mapping(_MAP, [(_Key(k), v) for k, v in told.items()], flow_style=short)


def _list(dumper: yaml.SafeDumper, told: list[Any]) -> yaml.Node:
    return dumper.represent_sequence(_SEQ, told, flow_style=_length(told) <= SHORT)


def _text(dumper: yaml.SafeDumper, told: str) -> yaml.Node:
    style = ('"' if _ODD.search(told) else "|") if _BREAK.search(told) else None
    return dumper.represent_scalar(_STR, told, style=style)


def _name(dumper: yaml.SafeDumper, told: str) -> yaml.Node:
    return dumper.represent_scalar(_STR, str(told), style='"' if _BREAK.search(told) else None)


_WAYS: tuple[tuple[type[Any], Any], ...] = (
    (dict, _object),
    (_Whole, _object),
    (list, _list),
    (str, _text),
    (_Key, _name),
)
for _kind, _represent in _WAYS:
    _Dumper.add_representer(_kind, _represent)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", NUMBER, list("-0123456789"))


def write_yaml(
    document: Mapping[str, Any], *, sizes: Mapping[str, int], members: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """The text of a document in parts. ``sizes``: key of a list audience → how many members it has; ``members``: the
    JSON text of each member where they are wanted."""
    yield _HEAD.format(project=document["project"])
    for name, told in document.items():
        if name not in SECTIONS:
            yield ("\n" if name == "settings" else "") + _member(name, told)
            continue
        yield f"\n{name}:\n" if told else f"\n{name}: {{}}\n"
        for key, body in told.items():
            if name == "audiences" and key in sizes:
                yield f"  # {sizes[key]:,} member{'s' * (sizes[key] != 1)}\n"
            yield _indented(_member(key, body))
            if name == "audiences" and key in members:
                yield from _members(members[key])


def _member(name: str, value: Any) -> str:
    told = _Whole({name: value})
    text: str = yaml.dump(told, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float("inf"))
    return text


def _members(encoded: Sequence[str]) -> Iterator[str]:
    """JSON's scalars are YAML's."""
    yield "    members:\n" if encoded else "    members: []\n"
    for member in encoded:
        yield f"      - {member}\n"


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" if line else "\n" for line in text.removesuffix("\n").split("\n"))


def _length(told: Any) -> int:
    """About how many characters a value takes on one line; more than ``SHORT`` where it should not stand on one: it
    has several lines, or an identity of its own, or is a list of objects."""
    if isinstance(told, dict):
        if "id" in told:
            return SHORT + 1
        return _sum(len(name) + 4 + _length(value) for name, value in told.items())
    if isinstance(told, list):
        if any(isinstance(value, dict) for value in told):
            return SHORT + 1
        return _sum(2 + _length(value) for value in told)
    if isinstance(told, str):
        return SHORT + 1 if "\n" in told else len(told)
    return len(str(told))


def _sum(lengths: Iterable[int]) -> int:
    total = 0
    for length in lengths:
        total += length
        if total > SHORT:
            break
    return total
