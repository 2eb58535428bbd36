"""Intempt's own published client, unchanged, against a started server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from intempt import BatchOptions, FlagContext, Intempt, IntemptApiError

from tailorbird.domain.errors import Unavailable
from tailorbird.engine.record import record
from tailorbird.web.facades import intempt as door
from tailorbird.web.options import Options
from tests.web.facades.campaigns import start_on
from tests.web.served import Served, serving

SOURCE = "684508596718616576"
SHOWN = {"title": "Hello {{ attribute.first_name | default: 'you' }}", "price": 12.0, "count": 3, "flags": [True, None]}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("intempt")
    with serving(folder, Options(access_log=False)) as here:
        for key, content in (
            ("hero", SHOWN),
            ("flag-on", True),
            ("flag-text", "blue"),
            ("flag-number", 2.5),
            ("flag-whole", 7),
        ):
            start_on(here.url, here.key, key, content, groups=["home"] if key == "hero" else ["flags"])
        start_on(here.url, here.key, "held-back", "never", control=100)
        start_on(here.url, here.key, "once", "seen", cap="once")
        yield here


def client(served: Served, *, key: str = "", **more: Any) -> Intempt:
    told = {"source_id": SOURCE, **more}
    return Intempt(
        org="my org",
        project="shop",
        api_key=f"shop.{key or served.key}",
        host=f"127.0.0.1:{served.port}",
        scheme="http",
        **told,
    )


def ours(served: Served, path: str) -> Any:
    answer = httpx.get(f"{served.url}{path}", headers={"authorization": f"Bearer {served.key}"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def person(served: Served, visitor_id: str) -> Any:
    return ours(served, f"/v1/profiles/{visitor_id}")


def test_every_kind_of_variation(served: Served) -> None:
    with client(served) as here:
        who = FlagContext(user_id="u-flags", session_id="s1")
        assert here.json_variation("hero", who, {}) == {**SHOWN, "title": "Hello you"}
        assert here.variation("hero", who, None)["price"] == 12.0
        assert here.bool_variation("flag-on", who, False) is True
        assert here.string_variation("flag-text", who, "red") == "blue"
        assert here.number_variation("flag-number", who, 0.0) == 2.5
        assert here.number_variation("flag-whole", who, 0.0) == 7.0
        assert here.number_variation("flag-on", who, -1.0) == -1.0
        assert here.bool_variation("no-such-key", who, True) is True
        assert here.string_variation("held-back", who, "mine") == "mine"
        flags = here.all_flags(who)
        assert {"hero", "flag-on", "flag-text", "flag-number", "flag-whole"} <= set(flags)
        assert "held-back" not in flags
    exposures = person(served, "u-flags")["exposures"]
    assert exposures["held-back"]["arm"] == "control"


def test_a_profile_of_a_source_is_a_visitor_too(served: Served) -> None:
    with client(served) as here:
        assert here.string_variation("flag-text", FlagContext(profile_id="device-77"), "red") == "blue"
    assert person(served, "device-77")["anonymous_ids"] == ["device-77"]


def test_what_is_shown_once_is_shown_once(served: Served) -> None:
    with client(served) as here:
        who = FlagContext(user_id="u-once", session_id="s1")
        assert [here.variation("once", who, "default") for _ in range(2)] == ["seen", "default"]


def test_single_calls_of_every_method(served: Served) -> None:
    with client(served) as here:
        here.track("signup", user_id="u-single", properties={"plan": "free"})
        here.track_batch(
            [{"event": "view", "user_id": "u-single"}, {"event": "view", "user_id": "u-other", "properties": {"x": 1}}]
        )
        here.identify(user_id="u-single", traits={"first_name": "Ann"})
        here.group(user_id="u-single", account_id="acme", attributes={"plan": "pro"})
        here.group(account_id="lonely", attributes={"plan": "team"})
        here.ecommerce.product_viewed(product_id="p1", user_id="u-single")
        here.ecommerce.added_to_cart(product_id="p1", quantity=2, user_id="u-single")
        mug = {"product_id": "p2", "quantity": 1}
        here.ecommerce.ordered(products=[{"product_id": "p1"}, mug, mug], user_id="u-single")
        here.consent.grant(user_id="u-single", category="marketing", valid_until="unlimited", method="form")
        here.consent.grant(user_id="u-single", category="analytics")
        here.consent.revoke(user_id="u-single", category="marketing", reason="enough")
        here.consent.grant(profile_id="device-88", category="marketing")
        assert here.json_variation("hero", FlagContext(user_id="u-single"), {})["title"] == "Hello Ann"
    found = person(served, "u-single")
    counts = {name: counter["count"] for name, counter in found["events"].items()}
    assert counts == {
        "signup": 1,
        "view": 1,
        "Identify": 2,
        "Product viewed": 1,
        "Added to cart": 1,
        "Product ordered": 3,
        "consent": 3,
    }
    attributes = found["attributes"]
    assert (attributes["first_name"], attributes["account"]) == ("Ann", {"id": "acme", "plan": "pro"})
    assert attributes["consent"] == {"marketing": False, "analytics": True}
    assert person(served, "account:lonely")["attributes"] == {"plan": "team"}
    assert person(served, "device-88")["attributes"]["consent"] == {"marketing": True}


def test_recommendations_come_from_static_lists(served: Served) -> None:
    head = {"authorization": f"Bearer {served.key}"}
    items = [{"id": f"s{n}", "attributes": {"title": f"Mug {n}", "price": n + 0.5}} for n in range(1, 5)]
    put = httpx.post(f"{served.url}/v1/projects/shop/items", headers=head, json={"items": items})
    assert put.status_code < 300, put.text
    rows = [{"name": "products", "type": "items", "value": "$items"}]
    message = {"target": "list", "items": ["s3", "s1", "gone", "s2"], "rows": rows}
    template = {"name": "Best of", "key": "5292", "content": {"messages": [message]}}
    made = httpx.post(f"{served.url}/v1/projects/shop/templates", headers=head, json=template)
    assert made.status_code == 201, made.text
    with client(served) as here:
        found = here.recommend(feed_id="5292", user_id="u1", fields=["id", "title"], limit=2, product_id="s9")
        assert found == {"products": [{"id": "s3", "title": "Mug 3"}, {"id": "s1", "title": "Mug 1"}]}
        found = here.recommend(feed_id="5292", account_id="acme", fields=["price", "nothing"])
        assert found == {"products": [{"price": 3.5}, {"price": 1.5}, {"price": 2.5}]}
        with pytest.raises(IntemptApiError) as unknown:
            here.recommend(feed_id="999", user_id="u1", fields=["id"])
        assert (unknown.value.status, unknown.value.body) == (400, '{"errors":[{"message":"Invalid feed id: 999"}]}')


# -- buffered ----------------------------------------------------------------------------------------------------------

QUICK = BatchOptions(size=8, flush_ms=50, flush_on_exit=False)


class Silent:
    """A logger of one's own: the client's default one fails where it tells of an event that is too large."""

    def debug(self, *_: Any, **__: Any) -> None: ...

    info = warning = error = debug


class Flaky:
    """The store behind the door, away for the next few calls: before or after it has done its work."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.before = self.after = self.calls = 0
        monkeypatch.setattr(door, "record", self)

    async def __call__(self, *args: Any, **more: Any) -> Any:
        self.calls += 1
        if self.before:
            self.before -= 1
            raise Unavailable("The store is away.", retry_after=0.1)
        made = await record(*args, **more)
        if self.after:
            self.after -= 1
            raise Unavailable("The store is away.", retry_after=0.1)
        return made


@pytest.fixture
def flaky(monkeypatch: pytest.MonkeyPatch) -> Flaky:
    return Flaky(monkeypatch)


def count(served: Served, visitor_id: str, name: str) -> int:
    found: int = person(served, visitor_id)["events"][name]["count"]
    return found


def test_a_buffer_is_sent_whole(served: Served, flaky: Flaky) -> None:
    with client(served, batch=QUICK) as here:
        for _ in range(20):
            here.track("tick", user_id="u-buffer")
        here.ecommerce.ordered(products=[{"product_id": "p1"}, {"product_id": "p2"}], user_id="u-buffer")
        here.identify(user_id="u-buffer", traits={"plan": "gold"})
        here.flush()
        assert here.buffered == 0
    assert flaky.calls == 3
    assert count(served, "u-buffer", "tick") == 20
    assert count(served, "u-buffer", "Product ordered") == 2
    assert person(served, "u-buffer")["attributes"]["plan"] == "gold"


def test_the_door_waits_out_a_short_outage(served: Served, flaky: Flaky) -> None:
    flaky.before = 3
    with client(served) as here:
        here.track("tick", user_id="u-short")
    assert (flaky.calls, count(served, "u-short", "tick")) == (4, 1)


def test_a_buffer_outlives_an_outage_and_counts_once(
    served: Served, flaky: Flaky, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "PATIENCE", 0.0)
    flaky.before, flaky.after = 1, 1
    with client(served, batch=BatchOptions(size=2, flush_ms=10, flush_on_exit=False)) as here:
        here.track("tick", user_id="u-outage")
        lines = [{"product_id": "p1", "quantity": 1}, {"product_id": "p1", "quantity": 1}]
        here.ecommerce.ordered(products=lines, user_id="u-outage")
        assert here.buffered == 0
    assert flaky.calls == 3
    assert count(served, "u-outage", "tick") == 1
    assert count(served, "u-outage", "Product ordered") == 2


def test_a_single_call_tells_of_an_outage(served: Served, flaky: Flaky, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "PATIENCE", 0.0)
    flaky.before = 1
    with client(served) as here, pytest.raises(IntemptApiError) as away:
        here.track("tick", user_id="u-away")
    assert (away.value.status, away.value.retry_after_ms) == (503, 1000)
    assert away.value.body == '{"errors":[{"message":"The store is away."}]}'


def test_a_buffer_waits_as_long_as_a_busy_key_says(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "PATIENCE", 0.0)
    head = {"authorization": f"Bearer {served.key}"}
    told = {"client": "busy", "scopes": ["record"], "rate": 2, "burst": 1}
    made = httpx.post(f"{served.url}/v1/projects/shop/keys", headers=head, json=told)
    assert made.status_code == 201, made.text
    key = made.json()
    began = time.monotonic()
    with client(served, batch=BatchOptions(size=1, flush_ms=1, flush_on_exit=False), key=key["secret"]) as here:
        for _ in range(2):
            here.track("tick", user_id="u-busy")
    assert time.monotonic() - began >= 1
    assert count(served, "u-busy", "tick") == 2


def test_batches_shrink_to_what_the_server_takes(tmp_path: Path) -> None:
    with serving(tmp_path, Options(access_log=False, events_limit=800)) as small:
        with client(small, batch=QUICK, logger=Silent()) as here:
            here.track("huge", user_id="u-wide", properties={"text": "x" * 1000})
            for _ in range(16):
                here.track("tick", user_id="u-wide")
            here.flush()
        assert count(small, "u-wide", "tick") == 16
        assert "huge" not in person(small, "u-wide")["events"]


def test_wrong_credentials_end_it_at_once(served: Served) -> None:
    who = FlagContext(user_id="u-none")
    with client(served, key="tb_wrong", batch=QUICK) as here:
        here.track("tick", user_id="u-none")
        here.flush()
        assert here.buffered == 0
        assert here.bool_variation("flag-on", who, False) is False
    with client(served, key="tb_wrong") as here:
        with pytest.raises(IntemptApiError) as refused:
            here.track("tick", user_id="u-none")
        assert (refused.value.status, refused.value.retryable) == (401, False)


# -- connections -------------------------------------------------------------------------------------------------------


def test_idle_connections_live_five_minutes(served: Served) -> None:
    assert served.keep_alive_seconds >= 300


def test_an_idle_connection_is_bounded_by_its_own_setting_alone(tmp_path: Path) -> None:
    """Not by the time that a request's head and body get, which begins with their first byte."""
    with serving(tmp_path, Options(access_log=False, body_seconds=0.3, keep_alive_seconds=30)) as patient:
        start_on(patient.url, patient.key, "flag-on", True)
        with client(patient) as here:
            who = FlagContext(user_id="u-idle")
            assert here.bool_variation("flag-on", who, False) is True
            sock = here._transport._conn.sock
            time.sleep(1)
            assert here.bool_variation("flag-on", who, False) is True
            assert here._transport._conn.sock is sock


@pytest.mark.slow
def test_an_idle_connection_outlives_the_servers_own_default(served: Served) -> None:
    with client(served) as here:
        who = FlagContext(user_id="u-idle")
        assert here.bool_variation("flag-on", who, False) is True
        sock = here._transport._conn.sock
        time.sleep(7)  # uvicorn by itself closes after five seconds
        assert here.bool_variation("flag-on", who, False) is True
        assert here._transport._conn.sock is sock


def test_a_connection_closed_too_soon_would_lose_a_decision(tmp_path: Path) -> None:
    with serving(tmp_path, Options(access_log=False, keep_alive_seconds=1)) as hasty:
        start_on(hasty.url, hasty.key, "flag-on", True)
        with client(hasty) as here:
            who = FlagContext(user_id="u-idle")
            assert here.bool_variation("flag-on", who, False) is True
            time.sleep(1.5)
            assert here.bool_variation("flag-on", who, False) is False
