"""Requests that were valid once: with members changed, dropped, added, and arbitrary JSON in their place."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

_DEEP: Any = {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": {}}}}}}}}}}
#: what may stand anywhere instead of what belongs there
ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 1e308, 10**40),
    *("", " ", "\x00", "\ud83e", "é" * 300, "x" * 20_000),
    *([], [[]], [None] * 5),
    *({}, {"": {"": 0}}, {"$or": [], "@device": 1}, _DEEP),
)
_DIGITS = b"9" * 5000
#: bodies that are no such request at all
RAW: tuple[bytes, ...] = (
    *(b"", b"{", b"null", b"[]", b'"text"', b"7", b"\xff\xfe", b"\x00", b'{"a":1}{"b":2}'),
    *(b'{"a":' * 500, b"[" * 100_000),
    *(b'{"customer_id":"\\ud800"}', b'{"identification":{"userId":"\\ud800"}}'),
    *(b'{"customer_id":' + _DIGITS + b"}", b'{"identification":{"userId":' + _DIGITS + b"}}"),
)
Ask = Callable[[str, str, bytes], Awaitable[int]]


async def throw(ask: Ask, valid: Sequence[tuple[str, str, Any]], rounds: int = 150) -> None:
    """Send each valid request as it is, which must succeed; then with one thing wrong at a time, with several, and
    something else altogether."""
    chance = random.Random(4)
    for method, path, body in valid:
        content = b"" if body is None else json.dumps(body).encode()
        assert await ask(method, path, content) < 300, content
        mutants = () if body is None else _mutants(body, chance, rounds)
        for content in (*RAW, *(json.dumps(mutant).encode() for mutant in mutants)):
            await ask(method, path, content)


def _mutants(body: Any, chance: random.Random, rounds: int) -> Iterator[Any]:
    places = list(_places(body))
    for place in places:
        yield _changed(body, place, chance.choice(ODD))
    for _ in range(rounds):
        mutant = body
        for _ in range(chance.randint(1, 3)):
            mutant = _changed(mutant, chance.choice(places), copy.deepcopy(chance.choice(ODD)))
        yield mutant


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from _places(member, (*path, name))


def _changed(body: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """The body with something odd at a place; where an earlier change took the place away, the body as it is."""
    changed = copy.deepcopy(body)
    inside = changed
    try:
        for step in path[:-1]:
            inside = inside[step]
        inside[path[-1]] = odd
    except (KeyError, IndexError, TypeError):
        return body
    return changed
