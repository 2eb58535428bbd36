"""Which of several localised contents a visitor gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def pick_locale(default: T, locales: Mapping[str, T], wanted: str | None) -> T:
    """The content for ``wanted``: its own, else that of a shorter form of it, else ``default``.

    ``de-Latn-AT`` falls back to ``de-Latn``, then ``de``. Case and the choice between ``-`` and ``_`` do not matter.
    """
    if not wanted or not locales:
        return default
    if wanted in locales:
        return locales[wanted]
    by_name = {_plain(name): content for name, content in locales.items()}
    name = _plain(wanted)
    while name:
        if name in by_name:
            return by_name[name]
        name = name.rpartition("-")[0]
    return default


def _plain(locale: str) -> str:
    return locale.replace("_", "-").lower()
