"""The console's page and files, as browsers fetch them."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tailorbird.web.console import Console

PAGE = '<html><head><meta name="csp-nonce" content="__NONCE__"></head></html>'
SCRIPT = b"console.log('tailorbird');" * 100


@pytest.fixture
def built(tmp_path: Path) -> Console:
    folder = tmp_path / "console"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "assets" / "index-1a2b.js").write_bytes(SCRIPT)
    (folder / "assets" / "index-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT, mtime=0))
    (tmp_path / "secret.txt").write_text("not for the web")
    return Console(folder)


@pytest.fixture
async def browser(built: Console) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=_served(built), base_url="http://server") as client:
        yield client


def _served(console: Console) -> httpx.ASGITransport:
    async def app(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        assert console.answers(scope["path"])
        await console.answer(scope, send)

    return httpx.ASGITransport(app=app)


@pytest.mark.parametrize("path", ["/", "/sign-in", "/setup", "/invite", "/account", "/p/shop/campaigns/home-hero"])
async def test_every_address_of_the_console_is_its_page(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_each_page_names_a_number_of_its_own_in_its_policy(browser: httpx.AsyncClient) -> None:
    numbers = set()
    for _ in range(3):
        answer = await browser.get("/")
        told = re.search(r"'nonce-([^']+)'", answer.headers["content-security-policy"])
        assert told is not None
        assert f'content="{told[1]}"' in answer.text
        assert answer.headers["cache-control"] == "no-store"
        numbers.add(told[1])
    assert len(numbers) == 3


async def test_a_page_may_run_only_scripts_of_this_server_and_stand_in_no_frame(browser: httpx.AsyncClient) -> None:
    policy = (await browser.get("/")).headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


async def test_files_are_kept_for_ever_and_come_compressed_to_who_takes_that(browser: httpx.AsyncClient) -> None:
    small = await browser.get("/assets/index-1a2b.js", headers={"accept-encoding": "gzip"})
    plain = await browser.get("/assets/index-1a2b.js", headers={"accept-encoding": "identity"})
    assert small.content == plain.content == SCRIPT
    assert small.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    for answer in (small, plain):
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"


async def test_head_has_the_length_and_no_body_and_nothing_is_posted(browser: httpx.AsyncClient) -> None:
    head = await browser.head("/")
    assert int(head.headers["content-length"]) == len((await browser.get("/")).content)
    assert head.content == b""
    refused = await browser.post("/", json={})
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


def test_nothing_beside_its_files_is_the_consoles(built: Console) -> None:
    for path in ("/assets/../../secret.txt", "/assets/..%2f..%2fsecret.txt", "/secret.txt", "/assets", "/v1/decide"):
        assert not built.answers(path)
    assert built.answers("/assets/index-1a2b.js")


async def test_without_a_build_the_page_says_how_to_make_it(tmp_path: Path) -> None:
    async with httpx.AsyncClient(transport=_served(Console(tmp_path)), base_url="http://server") as client:
        answer = await client.get("/")
    assert answer.status_code == 503
    assert "make console" in answer.text
