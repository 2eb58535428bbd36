"""Reading settings: what is given in code or at the command line wins over the environment, that over the defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec

from tailorbird.domain.errors import Invalid, Problem
from tailorbird.settings.settings import Settings

PREFIX = "TAILORBIRD_"
_SWITCHES = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}
_WORDS = {"int": "a whole number", "float": "a number"}


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def read(environ: Mapping[str, str], **given: Any) -> Settings:
    """The settings of ``environ``, with whatever is ``given`` (and is not None) instead.

    Raises ``Invalid`` that names every variable that is wrong, what was expected and what stood there.
    """
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for field in msgspec.structs.fields(Settings):
        asked, told = field.name, environ.get(variable(field.name))
        value = given.pop(asked, None)
        try:
            if value is not None:
                values[asked] = msgspec.convert(value, field.type, dec_hook=_path)
            elif told is not None and told.strip():  # an empty variable says nothing: the default holds
                values[asked] = msgspec.convert(
                    _plain(told.strip(), field.type), field.type, strict=False, dec_hook=_path
                )
        except msgspec.ValidationError as error:
            shown = told if value is None else value
            problems.append(_problem(asked if value is not None else variable(asked), str(error), str(shown)))
    if given:
        raise TypeError(f"There is no setting {', '.join(given)}.")
    if problems:
        raise Invalid(" ".join(problem.detail for problem in problems), problems=tuple(problems))
    return Settings(**values)


def _plain(text: str, kind: Any) -> Any:
    """The text of a variable as what ``convert`` turns into the field's type."""
    if kind is bool:
        return _SWITCHES.get(text.lower(), text)
    if get_origin(kind) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _path(kind: type[Any], value: Any) -> Any:
    if kind is Path and isinstance(value, (str, Path)):
        return Path(value)
    raise NotImplementedError(kind)


def _problem(name: str, told: str, shown: str) -> Problem:
    expected = re.sub(r", got .*", "", told.removeprefix("Expected ")).replace("`", "")
    expected = re.sub(r"\b(int|float)\b", lambda match: _WORDS[match[0]], expected)
    if told.startswith("Invalid enum value"):
        expected = " or ".join(_choices(name))
    detail = f"{name}: expected {expected}, got {shown!r}."
    return Problem(field=name, expected=expected, got=shown, detail=detail)


def _choices(name: str) -> list[str]:
    own = name.removeprefix(PREFIX).lower()
    kinds = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    return [str(choice) for choice in get_args(kinds[own])]
