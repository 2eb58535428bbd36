"""Requests that were valid once, with anything in them changed; and arbitrary JSON, and bytes that are none."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from tests.architecture.sources import ROOT
from tests.web.facades import cases

SPEC = ROOT / "spec" / "facades"


class Sent(msgspec.Struct, frozen=True):
    """One request."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str] = {}


#: the paths of each protocol
_OWN = {
    "intempt": re.compile("/v1/(?!projects/)[^/]+/projects/"),
    "moengage": re.compile("/v1/experiences/"),
    "ofrep": re.compile("/ofrep/"),
    "salesforce": re.compile("/api2/"),
}


# -- what was valid ----------------------------------------------------------------------------------------------------


@lru_cache
def valid(protocol: str) -> list[Sent]:
    """Every request that a case of the protocol says is answered with success, and those recorded of real clients."""
    found = [*_of_cases(protocol), *_recorded(SPEC / protocol / "client_requests.jsonl")]
    return [sent for sent in found if _OWN[protocol].match(sent.path)]


def _of_cases(protocol: str) -> Iterator[Sent]:
    for path in cases.files(protocol):
        for step in cases.read(path)["steps"]:
            ask = step.get("ask", {})
            if "ask" not in step or step["expect"]["status"] >= 300 or "{key}" in ask["path"] or "$last" in str(ask):
                continue
            body = ask["text"].encode() if "text" in ask else json.dumps(ask["json"]).encode() if "json" in ask else b""
            yield Sent(ask.get("method", "POST"), ask["path"], body, ask.get("headers", {}))


def _recorded(path: Path) -> Iterator[Sent]:
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        told = json.loads(line)
        place = told["path"].replace("/my-project/", "/shop/")
        yield Sent(told["method"], place, json.dumps(told["body"]).encode())


# -- what is wrong with it ---------------------------------------------------------------------------------------------

_ODD: tuple[Any, ...] = (
    *("", " ", "\x00", "\ud83e", "\u202e", "é" * 300, "x" * 20_000, "{{ x", "1970-01-01", "-1"),
    *(10**40, -(2**63) - 1, 1e308, float("nan"), float("inf"), -0.0, 1.5),
)
texts = st.one_of(st.text(max_size=12), st.sampled_from([odd for odd in _ODD if isinstance(odd, str)]))
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(_ODD), texts)
names = st.one_of(texts, st.sampled_from(["$or", "@device", "a.b", "__proto__", "id", "name", "token", "cid", "_id"]))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=10,
)
raw = st.one_of(
    st.binary(max_size=40),
    values.map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        [b"", b"{", b"[" * 100_000, b'{"a":' * 500, b"9" * 5_000, b"NaN", b'{"a":1}{"b":2}', b"\xef\xbb\xbf{}"]
    ),
)
segments = st.text(max_size=20)


@st.composite
def mutants(draw: st.DrawFn, protocol: str) -> Sent:
    """A valid request after one to three accidents, to its body mostly."""
    sent = valid(protocol)[draw(st.integers(0, len(valid(protocol)) - 1))]
    for _ in range(draw(st.integers(1, 3))):
        accident = draw(st.sampled_from([_body, _body, _body, _body, _anything, _path, _header, _method]))
        sent = accident(draw, sent)
    return sent


def _body(draw: st.DrawFn, sent: Sent) -> Sent:
    try:
        body = json.loads(sent.body)
    except (ValueError, RecursionError):
        return _anything(draw, sent)
    places = [*_places(body)]
    if not places:
        return _anything(draw, sent)
    changed = _changed(draw, copy.deepcopy(body), draw(st.sampled_from(places)))
    return msgspec.structs.replace(sent, body=json.dumps(changed).encode())


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from _places(member, (*path, name))


def _changed(draw: st.DrawFn, body: Any, place: tuple[Any, ...]) -> Any:
    inside, last = body, place[-1]
    for step in place[:-1]:
        inside = inside[step]
    match draw(st.sampled_from(["put", "put", "drop", "wrap", "repeat", "rename"])):
        case "put":
            inside[last] = draw(values)
        case "drop":
            del inside[last]
        case "wrap":
            inside[last] = draw(st.sampled_from([[inside[last]], {"": inside[last]}, [[inside[last]]]]))
        case "repeat":
            inside[last] = [inside[last]] * draw(st.sampled_from([2, 30, 101]))
        case _ if isinstance(inside, dict):
            inside[draw(names)] = inside.pop(last)
    return body


def _anything(draw: st.DrawFn, sent: Sent) -> Sent:
    return msgspec.structs.replace(sent, body=draw(raw))


def _path(draw: st.DrawFn, sent: Sent) -> Sent:
    """A query that nobody asked for, once or many times."""
    times = draw(st.sampled_from([1, 1, 1, 200]))
    name = draw(st.one_of(segments, st.sampled_from(["status", "apiKey", "event", "flagConfigEtag"])))
    query = f"{name}={draw(segments)}"
    return msgspec.structs.replace(sent, path=f"{sent.path.partition('?')[0]}?{'&'.join([query] * times)}")


def _header(draw: st.DrawFn, sent: Sent) -> Sent:
    wrong = [
        *[("content-type", told) for told in ("text/xml", "application/x-www-form-urlencoded", "", "é")],
        *[("content-encoding", told) for told in ("gzip", "identity", "é")],
        *[
            ("authorization", told)
            for told in ("Basic", "Basic !!", "Basic e30=", "Bearer", "Bearer tb_x", "ApiKey .", "é")
        ],
        *[("moe-appkey", ""), ("x-api-key", "\u00ff"), ("x-visitor-token", "a.b.c"), ("if-none-match", '"x')],
    ]
    name, value = draw(st.sampled_from(wrong))
    return msgspec.structs.replace(sent, headers={**sent.headers, name: value})


def _method(draw: st.DrawFn, sent: Sent) -> Sent:
    return msgspec.structs.replace(
        sent, method=draw(st.sampled_from(["GET", "PUT", "DELETE", "POST", "OPTIONS", "PATCH"]))
    )
