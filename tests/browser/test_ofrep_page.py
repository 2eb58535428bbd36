"""OpenFeature's own published provider for pages, unchanged, in real Chromium on a page of another origin."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, Response

from tailorbird.web.options import Options
from tests.browser.conftest import Pages, allow, hosting, problems_of
from tests.web.facades import node
from tests.web.facades.campaigns import start_on
from tests.web.facades.test_ofrep_node import WEB
from tests.web.served import Served, serving

BULK, STREAM = "/ofrep/v1/evaluate/flags", "/ofrep/v1/stream"
#: a page's own script, bundled with the provider as it is for any site
SCRIPT = """
import { OpenFeature } from '@openfeature/web-sdk';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
const { url, key } = document.currentScript.dataset;
const provider = new OFREPWebProvider({
  baseUrl: url, headers: [['Authorization', `Bearer ${key}`]], cacheMode: 'disabled',
});
const client = OpenFeature.getClient();
window.details = (name, fallback) => {
  const ask = typeof fallback === 'object' ? client.getObjectDetails : typeof fallback === 'number'
    ? client.getNumberDetails : typeof fallback === 'boolean' ? client.getBooleanDetails : client.getStringDetails;
  const found = ask.call(client, name, fallback);
  return { value: found.value, variant: found.variant, reason: found.reason, code: found.errorCode };
};
window.speakFor = (context) => OpenFeature.setContext(context);
window.started = (async () => {
  await OpenFeature.setContext({ targetingKey: 'device-web-1', plan: 'gold' });
  await OpenFeature.setProviderAndWait(provider);
  document.documentElement.dataset.ready = 'yes';
})().catch((error) => { document.documentElement.dataset.ready = String(error); });
"""


@pytest.fixture(scope="module")
def bundle() -> bytes:
    folder = node.installed("ofrep-web-bundle", {**WEB, "esbuild": "0.28.0"})
    return node.bundled(folder, SCRIPT)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("ofrep-page"), Options(access_log=False)) as here:
        for key, content in (("bool", True), ("str", "blue"), ("num", 1.0), ("obj", {"title": "Hello"})):
            start_on(here.url, here.key, key, content)
        start_on(here.url, here.key, "held", "never", control=100)
        start_on(here.url, here.key, "gold", "shiny", audience={"plan": "gold"})
        yield here


@pytest.fixture(scope="module")
def site(served: Served, bundle: bytes) -> Iterator[Pages]:
    with hosting() as pages:
        key = allow(served, pages.origin)
        pages.policy = f"default-src 'none'; script-src 'self'; connect-src {served.url}"
        pages.files["/page.js"] = ("text/javascript", bundle)
        script = f'<script src="/page.js" data-url="{served.url}" data-key="{key}"></script>'
        html = f"<!doctype html><title>Page</title>{script}"
        pages.files["/"] = ("text/html; charset=utf-8", html.encode())
        yield pages


class Watched:
    """A page that runs the provider, and the evaluations that it asked for."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.complaints = problems_of(page)
        self.evaluations: list[Response] = []
        self.streams: list[Response] = []
        page.on("response", self._note)
        page.goto(origin)
        self.until("document.documentElement.dataset.ready !== undefined")
        assert page.evaluate("document.documentElement.dataset.ready") == "yes"

    def _note(self, response: Response) -> None:
        if BULK in response.url and response.request.method == "POST":
            self.evaluations.append(response)
        elif STREAM in response.url:
            self.streams.append(response)

    def details(self, key: str, fallback: Any) -> Any:
        return self.page.evaluate("([key, fallback]) => details(key, fallback)", [key, fallback])

    def listening(self) -> None:
        """Wait until the stream is open."""
        self.wait(lambda: bool(self.streams))
        assert self.streams[0].status == 200

    def wait(self, condition: Callable[[], bool], seconds: float = 10) -> float:
        """How long it took, while the browser goes on."""
        began = time.monotonic()
        while not condition():
            assert time.monotonic() - began < seconds
            self.page.wait_for_timeout(20)
        return time.monotonic() - began

    def until(self, condition: str, seconds: float = 10) -> float:
        """Waits from outside, since the page's policy lets nobody evaluate text inside of it."""
        return self.wait(lambda: bool(self.page.evaluate(condition)), seconds)


@pytest.fixture
def watched(visitor: BrowserContext, site: Pages) -> Watched:
    return Watched(visitor.new_page(), site.origin)


def test_flags_have_their_values_reasons_and_variants(watched: Watched) -> None:
    shown = {"variant": "One", "reason": "TARGETING_MATCH", "code": None}
    assert watched.details("bool", False) == {"value": True, **shown}
    assert watched.details("str", "red") == {"value": "blue", **shown}
    assert watched.details("num", 0) == {"value": 1, **shown}
    assert watched.details("obj", {}) == {"value": {"title": "Hello"}, **shown}
    assert watched.details("gold", "dull") == {"value": "shiny", **shown}
    held = watched.details("held", "mine")
    assert (held["value"], held["variant"], held["reason"]) == ("mine", "control", "SPLIT")
    missing = watched.details("missing", "mine")
    assert (missing["value"], missing["code"]) == ("mine", "FLAG_NOT_FOUND")
    assert watched.complaints == []


def test_another_context_is_evaluated_anew(watched: Watched) -> None:
    watched.page.evaluate("speakFor({ targetingKey: 'device-web-1', plan: 'basic' })")
    found = watched.details("gold", "dull")
    assert (found["value"], found["variant"], found["reason"]) == ("dull", "default", "UNKNOWN")
    assert [answer.status for answer in watched.evaluations] == [200, 200]


def test_a_publish_reaches_the_page_within_two_seconds(watched: Watched, served: Served) -> None:
    watched.listening()
    waits = []
    for key in ("late-1", "late-2", "late-3"):
        assert watched.details(key, "none")["code"] == "FLAG_NOT_FOUND"
        start_on(served.url, served.key, key, "fresh")
        waits.append(watched.until(f"details('{key}', 'none').value === 'fresh'"))
        assert "flagConfigEtag=" in watched.evaluations[-1].url
    assert sorted(waits)[1] < 2, waits  # the machine may be busy for one of them
    assert watched.complaints == []


def test_what_did_not_change_for_this_page_is_not_sent_again(watched: Watched, served: Served) -> None:
    """A publish that is nothing to this visitor: it asks again, with the ETag that it could read, and gets a 304."""
    watched.listening()
    before = len(watched.evaluations)
    head = {"authorization": f"Bearer {served.key}"}
    made = httpx.post(
        f"{served.url}/v1/projects/shop/audiences",
        headers=head,
        json={"name": "Nobody asks", "key": "nobody-asks", "condition": {"plan": "none"}},
    )
    assert made.status_code == 201, made.text
    watched.wait(lambda: len(watched.evaluations) > before)
    (again,) = watched.evaluations[before:]
    assert again.status == 304
    assert again.request.headers["if-none-match"] == watched.evaluations[before - 1].headers["etag"]
    assert watched.details("str", "red")["value"] == "blue"


def test_a_page_of_another_origin_gets_nothing(visitor: BrowserContext, served: Served, site: Pages) -> None:
    with hosting() as foreign:
        foreign.files = dict(site.files)
        page = visitor.new_page()
        complaints = problems_of(page)
        page.goto(foreign.origin)
        end = time.monotonic() + 10
        while not page.evaluate("document.documentElement.dataset.ready") and time.monotonic() < end:
            page.wait_for_timeout(50)
        assert page.evaluate("document.documentElement.dataset.ready") != "yes"
        assert page.evaluate("details('str', 'red').value") == "red"
        assert any("CORS" in one for one in complaints)


def test_the_profile_is_that_of_the_device_and_bulk_exposed_nobody(watched: Watched, served: Served) -> None:
    sent = json.loads(watched.evaluations[0].request.post_data or "{}")
    assert sent["context"]["targetingKey"] == "device-web-1"
    head = {"authorization": f"Bearer {served.key}"}
    assert httpx.get(f"{served.url}/v1/profiles/device-web-1", headers=head).status_code == 404
