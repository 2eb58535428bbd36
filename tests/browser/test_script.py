"""The script for pages in real Chromium, under a strict policy, on pages of another origin."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route

from tailorbird.web.options import Options
from tests.browser.conftest import Pages, allow, hosting, problems_of
from tests.web.facades.campaigns import start_on
from tests.web.served import Served, serving

PATH = "/sdk/tailorbird.js"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("script"), Options(access_log=False)) as here:
        start_on(here.url, here.key, "hero", "shown")
        yield here


@pytest.fixture(scope="module")
def site(served: Served) -> Iterator[Pages]:
    with hosting() as pages:
        key = allow(served, pages.origin)
        pages.policy = f"default-src 'none'; script-src 'self' {served.url}; connect-src {served.url}"
        listen = (
            "window.addEventListener('MOE_LIFECYCLE', function (e) { var held = document.documentElement.dataset;"
            "  held.told = e.detail.name; held.times = Number(held.times || 0) + 1; });"
        )
        pages.files["/page.js"] = ("text/javascript", listen.encode())
        late = (
            "var script = document.createElement('script'); script.src = document.currentScript.dataset.src;"
            "script.dataset.key = document.currentScript.dataset.key;"
            "addEventListener(document.currentScript.dataset.on, function () { document.body.append(script); });"
        )
        pages.files["/late.js"] = ("text/javascript", late.encode())
        for on in ("DOMContentLoaded", "load"):
            script = f'<script src="/late.js" data-src="{served.url}{PATH}" data-key="{key}" data-on="{on}"></script>'
            html = f'<!doctype html><title>Page</title><script src="/page.js"></script>{script}<p>Hello'
            pages.files[f"/{on}"] = ("text/html; charset=utf-8", html.encode())
        for path, more in (("/", "defer"), ("/async", "async"), ("/ask", 'defer data-consent="ask"')):
            script = f'<script {more} src="{served.url}{PATH}" data-key="{key}"></script>'
            html = f'<!doctype html><title>Page</title><script src="/page.js"></script>{script}<p>Hello'
            pages.files[path] = ("text/html; charset=utf-8", html.encode())
        yield pages


def head(served: Served) -> dict[str, str]:
    return {"authorization": f"Bearer {served.key}"}


def person(served: Served, visitor_id: str) -> Any:
    answer = httpx.get(f"{served.url}/v1/profiles/{visitor_id}", headers=head(served))
    return answer.json() if answer.status_code == 200 else {"events": {}}


def counted(served: Served, visitor_id: str, name: str, count: int, seconds: float = 6) -> bool:
    """Whether it is so many within a few seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if person(served, visitor_id)["events"].get(name, {}).get("count", 0) == count:
            return True
        time.sleep(0.05)
    return False


def decision(served: Served, device: str) -> Any:
    told = {"visitor": {"anonymous_id": device}, "campaigns": ["hero"], "expose": "report"}
    return httpx.post(f"{served.url}/v1/decide", headers=head(served), json=told).json()["decisions"][0]


def until(page: Page, condition: str) -> None:
    """Waits from outside: the page's policy lets nobody evaluate text inside of it."""
    for _ in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    raise AssertionError(condition)


def opened(visitor: BrowserContext, site: Pages, path: str = "/") -> tuple[Page, list[str]]:
    page = visitor.new_page()
    found = problems_of(page)
    page.goto(site.origin + path)
    until(page, "document.documentElement.dataset.told === 'SDK_INITIALIZED'")
    return page, found


def test_it_is_small_public_and_checked_by_its_etag(served: Served) -> None:
    answer = httpx.get(served.url + PATH, headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < 5000
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "max-age=3600" in answer.headers["cache-control"]
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    same = httpx.get(served.url + PATH, headers={"if-none-match": answer.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    plain = httpx.get(served.url + PATH, headers={"accept-encoding": "identity"})
    assert plain.content == answer.content
    assert plain.headers["etag"] != answer.headers["etag"]
    assert len(gzip.compress(plain.content)) < 5000
    posted = httpx.post(served.url + PATH)
    assert (posted.status_code, posted.headers["allow"]) == (405, "GET, HEAD")


def test_a_device_has_one_id_in_cookie_and_storage(visitor: BrowserContext, site: Pages) -> None:
    page, complaints = opened(visitor, site)
    told = page.evaluate("tailorbird.getUuid()")
    assert page.evaluate("Moengage.device.getUuid()") == told
    assert page.evaluate("localStorage.tb_uuid") == told
    (cookie,) = visitor.cookies()
    assert (cookie["name"], cookie["value"], cookie["sameSite"]) == ("tb_uuid", told, "Lax")
    assert cookie["expires"] > time.time() + 390 * 86_400
    visitor.clear_cookies()
    page.reload()
    assert page.evaluate("tailorbird.getUuid()") == told
    page.evaluate("localStorage.clear()")
    page.reload()
    assert page.evaluate("tailorbird.getUuid()") == told
    assert complaints == []


def test_impressions_and_clicks_arrive_under_a_strict_policy(
    visitor: BrowserContext, site: Pages, served: Served
) -> None:
    page, complaints = opened(visitor, site)
    device = page.evaluate("tailorbird.getUuid()")
    told = decision(served, device)
    assert page.evaluate("told => tailorbird.trackImpression(told)", told) is True
    assert page.evaluate("told => tailorbird.trackClick(told.token, { widget_id: 'buy' })", told) is True
    assert page.evaluate("tailorbird.track('search', { text: 'mug' })") is True
    assert counted(served, device, "impression", 1)
    assert counted(served, device, "click", 1)
    assert counted(served, device, "search", 1)
    export = httpx.get(f"{served.url}/v1/profiles/{device}/export", headers=head(served)).json()
    (click,) = (event for event in export["events"] if event["name"] == "click")
    assert (click["properties"], click["channel"]) == ({"widget_id": "buy"}, "web")
    assert person(served, device)["exposures"].keys() == {"hero"}
    assert page.evaluate("tailorbird.trackImpression({})") is False
    assert complaints == []


def test_pages_that_know_moengage_s_functions_keep_them(visitor: BrowserContext, site: Pages, served: Served) -> None:
    page, _ = opened(visitor, site)
    device = page.evaluate("Moengage.device.getUuid()")
    token = decision(served, device)["token"]
    context = {"cid": f"{'0' * 24}_F_T_WP_AB_a1B2c_P_0_AU_5A_1a2b3c4d_{token}", "type": "Web Personalization"}
    page.evaluate("told => Moengage.web_p.trackImpression(told)", context)
    page.evaluate("told => Moengage.web_p.trackClick(told, { widget_id: 'w1' })", context)
    assert counted(served, device, "impression", 1)
    assert counted(served, device, "click", 1)


@pytest.mark.parametrize("path", ["/", "/async", "/DOMContentLoaded", "/load"])
def test_it_says_once_that_it_is_ready_however_it_was_loaded(
    visitor: BrowserContext, site: Pages, served: Served, path: str
) -> None:
    page, complaints = opened(visitor, site, path)
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.dataset.times") == "1"
    assert page.evaluate("tailorbird.track('search', {})") is True
    assert counted(served, page.evaluate("tailorbird.getUuid()"), "search", 1)
    assert complaints == []


def test_what_is_waved_away_is_told(visitor: BrowserContext, site: Pages, served: Served) -> None:
    page, _ = opened(visitor, site)
    device = page.evaluate("tailorbird.getUuid()")
    assert page.evaluate("told => tailorbird.trackDismissal(told)", decision(served, device)) is True
    assert page.evaluate("tailorbird.trackDismissal({})") is False
    assert counted(served, device, "dismissal", 1)


def test_more_than_a_browser_sends_at_once_arrives_in_parts(
    visitor: BrowserContext, site: Pages, served: Served
) -> None:
    """40 events of 4,500 bytes each, while the page is read, then 54,000 bytes while it is left."""
    page, complaints = opened(visitor, site)
    device = page.evaluate("tailorbird.getUuid()")
    page.evaluate("for (let n = 0; n < 40; n++) tailorbird.track('search', { n, text: '\u00e9'.repeat(2250) })")
    assert counted(served, device, "search", 40, seconds=20)
    until(page, "localStorage.tb_queue === undefined")
    page.evaluate("tailorbird.track('search', { texts: Array(9).fill('x'.repeat(5000)) })")
    assert counted(served, device, "search", 41)
    page.evaluate("void (window.fetch = () => new Promise(() => {}))")  # so it can only be beacons
    page.evaluate(
        "for (let n = 0; n < 12; n++) tailorbird.track('search', { n, text: Array(9).fill('x'.repeat(500)) })"
    )
    page.goto("about:blank")
    assert counted(served, device, "search", 53)
    assert complaints == []


def test_what_happens_last_leaves_with_the_page(visitor: BrowserContext, site: Pages, served: Served) -> None:
    page, _ = opened(visitor, site)
    device = page.evaluate("tailorbird.getUuid()")
    page.evaluate("void (window.fetch = () => new Promise(() => {}))")  # so it can only be a beacon
    page.evaluate("told => tailorbird.trackClick(told)", decision(served, device))
    page.goto("about:blank")
    assert counted(served, device, "click", 1)


def test_events_are_sent_together(visitor: BrowserContext, site: Pages, served: Served) -> None:
    page, _ = opened(visitor, site)
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if "/v1/events" in request.url else None)
    page.evaluate("for (let n = 0; n < 20; n++) tailorbird.track('search', { n })")
    assert counted(served, page.evaluate("tailorbird.getUuid()"), "search", 20)
    page.wait_for_timeout(100)
    assert len(sent) == 1
    assert len(json.loads(sent[0].post_data or "{}")["events"]) == 20


def test_what_fails_is_sent_again_and_counts_once(visitor: BrowserContext, site: Pages, served: Served) -> None:
    page, _ = opened(visitor, site)
    device = page.evaluate("tailorbird.getUuid()")
    tries: list[int] = []

    def flaky(route: Route) -> None:
        tries.append(1)
        if len(tries) == 1:
            route.fulfill(status=503, headers={"access-control-allow-origin": "*", "retry-after": "1"})
        elif len(tries) == 2:
            route.fetch()  # it was recorded, and nobody heard of it
            route.abort()
        else:
            route.continue_()

    page.route("**/v1/events*", flaky)
    page.evaluate("tailorbird.track('search', {})")
    until(page, "localStorage.tb_queue === undefined")
    assert len(tries) == 3
    assert person(served, device)["events"]["search"]["count"] == 1


def test_what_was_not_sent_is_sent_by_the_next_page(visitor: BrowserContext, site: Pages, served: Served) -> None:
    page, _ = opened(visitor, site)
    device = page.evaluate("tailorbird.getUuid()")
    page.route("**/v1/events*", lambda route: route.abort())
    page.evaluate("void (navigator.sendBeacon = () => false); tailorbird.track('search', {})")
    page.wait_for_timeout(700)
    page.close()
    assert not counted(served, device, "search", 1, seconds=0.2)
    opened(visitor, site)
    assert counted(served, device, "search", 1)


def test_nothing_is_kept_or_sent_before_consent_nor_after_it_is_withdrawn(
    visitor: BrowserContext, site: Pages, served: Served
) -> None:
    page, _ = opened(visitor, site, "/ask")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    device = page.evaluate("tailorbird.getUuid()")
    page.evaluate("tailorbird.track('search', {})")
    page.wait_for_timeout(800)
    assert (sent, visitor.cookies(), page.evaluate("localStorage.length")) == ([], [], 0)
    page.evaluate("tailorbird.consent(true)")
    assert counted(served, device, "search", 1)
    assert page.evaluate("localStorage.tb_uuid") == device
    page.evaluate("tailorbird.consent(false)")
    assert page.evaluate("tailorbird.track('search', {})") is False
    assert visitor.cookies() == []
    assert page.evaluate("Object.keys(localStorage).join()") == "tb_consent"
    page.reload()
    page.wait_for_timeout(300)
    assert visitor.cookies() == []
    assert page.evaluate("tailorbird.track('search', {})") is False
