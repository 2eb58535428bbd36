"""What changed between two versions of a definition, as an author would tell it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from tailorbird.domain.errors import join_path


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One value that differs. ``before`` is absent where it was added, ``after`` where it was removed."""

    path: str
    before: Any = msgspec.UNSET
    after: Any = msgspec.UNSET


def changes(before: Any, after: Any, path: str = "") -> Iterator[Change]:
    """Every difference between two JSON values. Members of lists that carry an ``id`` are compared by it."""
    if before == after and type(before) is type(after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(n for n in after if n not in before)]:
            yield from _member(before, after, name, join_path(path, str(name)))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _members(before, after, path)
    else:
        yield Change(path=path, before=before, after=after)


def _member(before: dict[Any, Any], after: dict[Any, Any], name: Any, path: str) -> Iterator[Change]:
    if name not in after:
        yield Change(path=path, before=before[name])
    elif name not in before:
        yield Change(path=path, after=after[name])
    else:
        yield from changes(before[name], after[name], path)


def _members(before: list[Any], after: list[Any], path: str) -> Iterator[Change]:
    olds, news = _by_id(before), _by_id(after)
    if olds is None or news is None:
        olds, news = dict(enumerate(before)), dict(enumerate(after))
    order = [name for name in news if name in olds]
    if order != [name for name in olds if name in news]:
        yield Change(path=f"{path}.order", before=[n for n in olds if n in news], after=order)
    for name in [*olds, *(n for n in news if n not in olds)]:
        yield from _member(olds, news, name, f"{path}[{name}]")


def _by_id(members: list[Any]) -> dict[Any, Any] | None:
    if not all(isinstance(m, dict) and m.get("id") for m in members):
        return None
    named = {m["id"]: m for m in members}
    return named if len(named) == len(members) else None
