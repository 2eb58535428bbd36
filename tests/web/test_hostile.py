"""Values that JSON allows and that break careless servers: refused with a reason or taken, never a fault."""

from __future__ import annotations

import pytest

from tests.web.conftest import Site

HUGE = b"1" * 60
DEEP = b"[" * 5_000 + b"]" * 5_000
VALUES = {
    "huge number": HUGE,
    "huge float": b"1e308",
    "past all floats": b"1e999",
    "negative": b"-9223372036854775809",
    "many digits": b"9" * 5_000,
    "deep": DEEP,
    "long text": b'"' + b"x" * 300_000 + b'"',
    "NUL": b'"\\u0000"',
    "lone surrogate": b'"\\udfff"',
    "odd name": b'{"\\u0000": 1, "": 2, "a.b": 3, "$set": 4, "__proto__": 5}',
    "false words": b"NaN",
}
PLACES = {
    "attribute": ("POST", "/v1/decide", b'{"visitor": {"id": "x"}, "context": {"attributes": {"v": %b}}}'),
    "visitor": ("POST", "/v1/decide", b'{"visitor": {"id": %b}}'),
    "time": ("POST", "/v1/decide", b'{"visitor": {"id": "x"}, "context": {"time": %b}}'),
    "property": ("POST", "/v1/events", b'{"events": [{"name": "e", "visitor": {"id": "x"}, "properties": {"v": %b}}]}'),
    "event's attribute": (
        "POST",
        "/v1/events",
        b'{"events": [{"name": "e", "visitor": {"id": "x"}, "attributes": {"v": %b}}]}',
    ),
    "event's time": ("POST", "/v1/events", b'{"events": [{"name": "e", "visitor": {"id": "x"}, "time": %b}]}'),
    "event's id": ("POST", "/v1/events", b'{"events": [{"id": %b, "name": "e", "visitor": {"id": "x"}}]}'),
    "event": ("POST", "/v1/events", b'{"events": [%b]}'),
    "profile": ("PATCH", "/v1/profiles/anna@example.org", b'{"attributes": {"v": %b}}'),
    "item": ("POST", "/v1/projects/shop/items", b'{"items": [{"id": "i", "attributes": {"v": %b}}]}'),
    "member": ("PUT", "/v1/projects/shop/audiences/newsletter/members", b"[%b]"),
    "condition": ("POST", "/v1/projects/shop/audiences", b'{"name": "A", "condition": {"v": %b}}'),
    "comparison": ("POST", "/v1/projects/shop/audiences", b'{"name": "A", "condition": {"v": {"$gt": %b}}}'),
    "content": ("POST", "/v1/projects/shop/templates", b'{"name": "T", "content": {"body": {"v": %b}}}'),
    "window": ("POST", "/v1/projects/shop/goals", b'{"name": "G", "event": "e", "window_days": %b}'),
    "priority": ("POST", "/v1/projects/shop/campaigns", b'{"name": "C", "priority": %b, "control": %b}'),
    "overlap": ("POST", "/v1/projects/shop/keys", b'{"client": "c", "scopes": ["read"], "expires_at": %b}'),
    "preview": ("POST", "/v1/projects/shop/campaigns/home-hero/preview", b'{"attributes": {"plan": "gold", "v": %b}}'),
}


@pytest.mark.parametrize("place", PLACES, ids=str)
async def test_no_value_is_a_fault(shop: Site, place: str) -> None:
    method, path, pattern = PLACES[place]
    faults = {}
    for name, value in VALUES.items():
        answer = await shop.ask(method, path, content=pattern.replace(b"%b", value))
        if answer.status_code not in (200, 201, 400, 409, 413):
            faults[name] = (answer.status_code, answer.text)
        await shop.settled()
    assert not faults
    assert (await shop.decide({"visitor": {"id": "x"}})).status_code == 200
    for look in ("/v1/profiles/x", "/v1/projects/shop/events", "/v1/projects/shop/schema", "/v1/projects/shop/items"):
        assert (await shop.ask("GET", look)).status_code in (200, 404)
