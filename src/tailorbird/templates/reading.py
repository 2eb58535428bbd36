"""One string of content: whether it holds Liquid, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Collection

from liquid.exceptions import LiquidError
from liquid.static_analysis import TemplateAnalysis

from tailorbird.domain.errors import Invalid
from tailorbird.templates.limits import MAX_INDENT, MAX_SOURCE, MAX_TAG
from tailorbird.templates.roots import NO_NAMES, Names, UnknownName, names_of
from tailorbird.templates.sandbox import Environment, Text

_LIQUID = "valid Liquid"
_OPENING = re.compile(r"\{[{%]-?\s*")
_CLOSING = {"{{": "}}", "{%": "%}"}


def read_text(source: str, path: str, environment: Environment, roots: Collection[str] | None) -> tuple[Text, Names]:
    """The compiled string and what it reads. Raises ``Invalid`` with ``path`` and the line.

    ``roots`` given: these are the known names instead of ours, and none of them needs anything.
    """
    _check_size(source, path)
    try:
        template, analysis = environment.read(source)
    except LiquidError as error:
        raise _wrong(path, _line(source, error), _sentence(error), source) from error
    except (RecursionError, ValueError) as error:
        raise Invalid.field(path, f"{_LIQUID} that is not nested too deeply", source) from error
    return Text(template), _names(analysis, path, source, roots)


def _check_size(source: str, path: str) -> None:
    """Refuse what would take long to parse: python-liquid's scanner goes back and forth inside an output or a tag."""
    if len(source) > MAX_SOURCE:
        raise Invalid.field(path, f"Liquid of at most {MAX_SOURCE:,} characters", f"{len(source):,} characters")
    end = 0
    for opening in _OPENING.finditer(source):
        if len(opening.group()) > MAX_INDENT:
            raise _wrong(
                path, _line_of(source, opening.start()), f"more than {MAX_INDENT} spaces after a brace", source
            )
        if opening.start() < end:
            continue
        closing = source.find(_CLOSING[opening.group()[:2]], opening.start())
        end = closing + 2 if closing >= 0 else len(source)
        if end - opening.start() > MAX_TAG:
            sentence = f"an output or a tag has more than {MAX_TAG:,} characters"
            raise _wrong(path, _line_of(source, opening.start()), sentence, source)


def _names(analysis: TemplateAnalysis, path: str, source: str, roots: Collection[str] | None) -> Names:
    names = NO_NAMES
    for variables in analysis.globals.values():
        for variable in variables:
            try:
                if roots is None:
                    names |= names_of(variable.segments)
            except UnknownName as error:
                raise _wrong(path, _line_of(source, variable.span.index), str(error), source) from None
    return names


def _wrong(path: str, line: int, sentence: str, source: str) -> Invalid:
    place = f"{path or 'the content'}, line {line}"
    return Invalid.field(path, _LIQUID, source, detail=f"{place}: {sentence}.")


def _sentence(error: LiquidError) -> str:
    return str(error.message or "it is not valid Liquid").rstrip(".")


def _line(source: str, error: LiquidError) -> int:
    return _line_of(source, error.token.start_index) if error.token is not None else 1


def _line_of(source: str, index: int) -> int:
    return source.count("\n", 0, max(index, 0)) + 1
