"""The example shop in real Chromium, beside a real server with the demo's campaigns."""

from __future__ import annotations

import itertools
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page

from tailorbird.cli.demo import definitions, load, shop
from tailorbird.cli.demo.client import Client
from tests.browser.conftest import problems_of
from tests.cli.commands import COMMAND, Server, environment, serving, told

PROJECT = "/v1/projects/demo"
CUSTOMER = "17850"
SEASON, OWN_WORDS = "Made for giving", "Small gifts for every day"
LOVED = {"id": "85123A", "type": "Product", "attributes": {"name": "White hanging heart", "price": 2.95}}
HEADLINES = {"Free delivery": "Free delivery to", "Five percent": "5 % off your next order"}


class Place:
    """A server with the demo's campaigns, and the shop that uses it."""

    def __init__(self, server: Server, secret: str, opened: shop.Shop) -> None:
        self.server = server
        self.secret = secret
        self.url = opened.address
        self._numbers = itertools.count()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return self.server.good(method, path, self.secret, body)

    def decision(self, campaign: str, **visitor: str) -> Any:
        """What would be decided. Nobody is exposed."""
        body = {"visitor": visitor, "campaigns": [campaign], "expose": "report"}
        return self.ask("POST", "/v1/decide", body)["decisions"][0]

    def device(self, campaign: str, wanted: Callable[[Any], bool]) -> str:
        """The id of a device that nobody saw, for which the decision is a wanted one."""
        while not wanted(self.decision(campaign, anonymous_id=(name := f"device-{next(self._numbers):04}"))):
            pass
        return name

    def events(self, name: str, **visitor: str) -> list[Any]:
        """Those of that name and visitor that arrived."""
        held = self.ask("GET", f"{PROJECT}/events?limit=1000")["items"]
        return [one for one in held if one["name"] == name and visitor.items() <= one.items()]

    def answered(self, event: Any) -> tuple[str, str]:
        """The campaign, and the experience or "control", that an event answers."""
        campaigns = {one["id"]: one for one in self.ask("GET", f"{PROJECT}/campaigns")["items"]}
        campaign = campaigns[event["campaign"]]
        rules = campaign["body"]["rules"]
        names = {one["id"]: one["name"] for rule in rules for one in rule["experiences"]}
        return campaign["key"], names.get(event["arm"], event["arm"])

    def arrived(self, name: str, count: int = 1, seconds: float = 8, **visitor: str) -> list[Any]:
        """The same once there are so many, which must be soon."""
        end = time.monotonic() + seconds
        while len(found := self.events(name, **visitor)) < count and time.monotonic() < end:
            time.sleep(0.05)
        assert len(found) == count, (name, found)
        return found


@contextmanager
def opened(folder: Path, patience: float = 10) -> Iterator[Place]:
    """Set up as the demo does it, without the year. The machine may be busy: pages wait longer than a shop would let
    them."""
    with ExitStack() as stack:
        told("project", "create", definitions.PROJECT_NAME, "--key", "demo", "--json", "--data", str(folder))
        key = told("key", "create", "demo", "--scope", "decide,record,manage", "--data", str(folder))
        server = stack.enter_context(serving("--data", str(folder), "--no-access-log", "--log-level", "error"))
        where = urlsplit(server.address)
        client = Client(where.hostname or "", where.port or 0, key["secret"])
        stack.callback(client.close)
        client.post(f"{PROJECT}/items", {"items": [LOVED]})
        load.publish(client)
        secret, page_key = load.make_keys(client)
        port = shop.free_port(None, where.port or 0)
        load.allow_origins(client, shop.origins(port))
        told_shop = shop.environ(server.address, secret, page_key, {CUSTOMER: "somebody who ordered"})
        here = shop.Shop(port, {**told_shop, "SHOP_PATIENCE": str(patience)})
        stack.callback(here.stop)
        yield Place(server, key["secret"], here)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with opened(tmp_path_factory.mktemp("shop")) as here:
        yield here


def page_of(visitor: BrowserContext, place: Place, device: str) -> tuple[Page, list[str]]:
    """A page on that device, and what it complains about."""
    visitor.add_cookies([{"name": "tb_uuid", "value": device, "url": place.url}])
    page = visitor.new_page()
    return page, problems_of(page)


def offered(page: Page) -> str:
    """Which of the offers the page shows."""
    text = page.text_content(".offer") or ""
    return next((name for name, headline in HEADLINES.items() if headline in text), "")


def test_a_visitor_sees_what_is_decided_and_the_page_reports_it(visitor: BrowserContext, place: Place) -> None:
    device = place.device("home-hero", lambda told: told["experience"] == "Season")
    page, complaints = page_of(visitor, place, device)
    page.goto(place.url)
    assert page.text_content(".hero h1") == SEASON
    (seen,) = place.arrived("impression", anonymous_id=device)
    assert place.answered(seen) == ("home-hero", "Season")
    page.click(".hero a")
    page.wait_for_url("**/all")
    (clicked,) = place.arrived("click", anonymous_id=device)
    assert clicked["properties"] == {"widget_id": "hero"}
    assert place.answered(clicked) == ("home-hero", "Season")
    assert complaints == []


def test_control_sees_the_shop_s_own_words_and_is_reported_too(visitor: BrowserContext, place: Place) -> None:
    device = place.device("home-hero", lambda told: told["reason"] == "CONTROL")
    page, complaints = page_of(visitor, place, device)
    page.goto(place.url)
    assert page.text_content(".hero h1") == OWN_WORDS
    (seen,) = place.arrived("impression", anonymous_id=device)
    assert place.answered(seen) == ("home-hero", "control")
    assert place.ask("GET", f"/v1/profiles/{device}")["exposures"]["home-hero"]["arm"] == "control"
    assert complaints == []


def test_a_device_has_its_id_from_its_first_page_on(visitor: BrowserContext, place: Place) -> None:
    page = visitor.new_page()
    answer = page.goto(place.url)
    assert answer is not None
    (made,) = [cookie for cookie in visitor.cookies() if cookie["name"] == "tb_uuid"]
    assert f"tb_uuid={made['value']};" in answer.all_headers()["set-cookie"]
    assert page.evaluate("tailorbird.getUuid()") == made["value"]
    place.arrived("impression", anonymous_id=made["value"])


def test_a_login_keeps_the_experience_and_so_does_a_logout(visitor: BrowserContext, place: Place) -> None:
    before = {"name": "order", "id": "earlier", "visitor": {"id": CUSTOMER}, "properties": {"amount": 20}}
    place.ask("POST", "/v1/events", {"events": [before]})
    alone = place.decision("basket-offer", id=CUSTOMER)["experience"]
    device = place.device("basket-offer", lambda told: told["experience"] not in (None, alone))
    page, complaints = page_of(visitor, place, device)
    page.goto(f"{place.url}/product/85123A")
    shown = offered(page)
    assert shown
    assert shown != alone
    page.goto(f"{place.url}/login")
    page.fill("#customer", CUSTOMER)
    page.press("#customer", "Enter")
    page.wait_for_selector("text=Log out")
    assert page.text_content(".shelf h2") == "What others love", "a newcomer now: it is the customer's page"
    page.goto(f"{place.url}/product/85123A")
    assert offered(page) == shown
    place.arrived("login", anonymous_id=device)
    profile = place.ask("GET", f"/v1/profiles/{CUSTOMER}")
    assert (profile["ids"], profile["anonymous_ids"], profile["conflicts"]) == ([CUSTOMER], [device], 0)
    page.click("text=Log out")
    page.wait_for_selector("text=Log in")
    page.goto(f"{place.url}/product/85123A")
    assert offered(page) == shown
    assert complaints == []


def test_what_is_bought_is_told_by_the_backend(visitor: BrowserContext, place: Place) -> None:
    device = place.device("basket-offer", lambda told: told["experience"] == "Free delivery")
    page, complaints = page_of(visitor, place, device)
    page.goto(f"{place.url}/product/22423")
    page.click("text=Into the basket")
    page.wait_for_url("**/basket")
    assert offered(page) == "Free delivery"
    assert page.text_content(".total") == "Together£12.75", "with nothing for delivery"
    page.click("main button:text-is('Order')")
    page.wait_for_url("**/thanks*")
    (order,) = place.arrived("order", anonymous_id=device)
    assert order["id"] in (page.text_content("main") or "")
    assert order["properties"] == {
        "order_id": order["id"],
        "amount": 12.75,
        "currency": "GBP",
        "product": "22423",
        "products": ["22423"],
        "items": 1,
    }
    for name in ("view", "add_to_basket"):
        (one,) = place.arrived(name, anonymous_id=device)
        assert one["properties"] == {"product": "22423"}
    page.goto(f"{place.url}/basket")
    assert "Nothing in it yet" in (page.text_content("main") or "")
    assert complaints == []


def test_the_policy_lets_no_inline_script_run(visitor: BrowserContext, place: Place) -> None:
    page, complaints = page_of(visitor, place, "device-policy")
    answer = page.goto(place.url)
    assert answer is not None
    policy = answer.all_headers()["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    page.evaluate("""{
      const script = document.createElement('script');
      script.textContent = 'document.title = "run"';
      document.body.append(script);
    }""")
    assert page.title() != "run"
    assert any("Content Security Policy" in one for one in complaints)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/all?page=2", {}, 200),
        ("GET", "/all?page=-1", {}, 200),
        ("GET", "/all?page=" + "9" * 50, {}, 200),
        ("GET", "/welcome", {}, 200),
        ("GET", "/account/buyer", {}, 200),
        ("GET", "/product/nothing", {}, 404),
        ("GET", "/static/..%2fshop.py", {}, 404),
        ("GET", "/", {"cookie": 'tb_uuid="<b>"; shop=\xe4; =;;'}, 200),
        ("POST", "/order", {}, 303),
        ("POST", "/logout", {"origin": "https://evil.example"}, 404),
        ("DELETE", "/basket", {}, 404),
    ],
)
def test_whatever_is_asked_for_the_shop_answers(
    place: Place, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    encoded = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    assert httpx.request(method, place.url + path, headers=encoded).status_code == status


def test_a_login_opens_no_session_that_somebody_else_knows(place: Place) -> None:
    with httpx.Client(base_url=place.url) as client:
        client.post("/basket", data={"add": "22423"})
        before = client.cookies["shop"]
        client.post("/login", data={"customer": "17851"})
        assert client.cookies["shop"] != before
    stale = httpx.get(place.url, cookies={"shop": before})
    assert "Log out" not in stale.text
    assert httpx.post(f"{place.url}/login", data={"customer": "Ada"}).headers["location"] == "/login?wrong=1"


def test_static_files_are_nobody_s(place: Place) -> None:
    answer = httpx.get(f"{place.url}/static/shop.css")
    assert "max-age" in answer.headers["cache-control"]
    assert "set-cookie" not in answer.headers
    assert httpx.get(place.url).headers["cache-control"] == "private, no-store"


def test_without_tailorbird_the_shop_stays_open_and_tells_later(visitor: BrowserContext, tmp_path: Path) -> None:
    with opened(tmp_path) as place:
        device = place.device("home-hero", lambda told: told["experience"] == "Season")
        page, _ = page_of(visitor, place, device)
        page.goto(place.url)
        assert page.text_content(".hero h1") == SEASON
        assert place.server.stop() == 0
        for path in ("/", "/product/22423", "/basket"):
            began = time.monotonic()
            assert httpx.get(place.url + path, cookies={"tb_uuid": device}).status_code == 200
            assert time.monotonic() - began < 10, "nobody waited for it"
        page.goto(place.url)
        assert page.text_content(".hero h1") == OWN_WORDS
        page.goto(f"{place.url}/product/22423")
        page.click("text=Into the basket")
        page.click("main button:text-is('Order')")
        page.wait_for_url("**/thanks*")
        with again(place, tmp_path):
            place.arrived("order", seconds=20, anonymous_id=device)
            page.goto(place.url)
            assert page.text_content(".hero h1") == "Welcome to the shop", "it knows of the order"


def test_a_tailorbird_that_hangs_delays_one_page_and_not_all(tmp_path: Path) -> None:
    with opened(tmp_path, patience=2) as place:
        asked = httpx.get(place.url)
        place.server.process.send_signal(signal.SIGSTOP)
        try:
            waits = []
            for _ in range(3):
                began = time.monotonic()
                asked = httpx.get(place.url, cookies=asked.cookies)
                waits.append(time.monotonic() - began)
                assert OWN_WORDS in asked.text
            assert waits[0] >= 2
            assert min(waits[1:]) < 2, "the next one was not asked for"
        finally:
            place.server.process.send_signal(signal.SIGCONT)


@contextmanager
def again(place: Place, folder: Path) -> Iterator[None]:
    """The server that was stopped, on the same port."""
    port = str(urlsplit(place.server.address).port)
    words = ("serve", "--port", port, "--data", str(folder), "--no-access-log", "--log-level", "error")
    process = subprocess.Popen([COMMAND, *words], env=environment(), stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        assert " answers on " in process.stderr.readline()
        yield
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_a_shop_ends_with_whoever_started_it(place: Place) -> None:
    where = urlsplit(place.server.address)
    port = shop.free_port(None, where.port or 0)
    one = shop.Shop(port, shop.environ(place.server.address, "tb_a", "tbp_b", {}))
    assert httpx.get(one.address).status_code == 200
    one.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(one.address)
