"""Intempt's own published client, unchanged, against a started server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from intempt import BatchOptions, FlagContext, Intempt, IntemptApiError

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


def client(served: Served, **more: Any) -> Intempt:
    told = {"source_id": SOURCE, **more}
    return Intempt(
        org="my org",
        project="shop",
        api_key=f"shop.{served.key}",
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
