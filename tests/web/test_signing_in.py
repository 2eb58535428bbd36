"""The first account, signing in and out, and what a page of another origin cannot do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tailorbird.domain.accounts import MIN_PASSWORD
from tailorbird.engine import accounts, sessions
from tailorbird.engine.passwords import Passwords
from tailorbird.web.options import Options
from tests.web.conftest import Site
from tests.web.people import COOKIE, PASSWORD, Signed, person, secret_in, sign_in, signed_by

ADA = {"email": "Ada@Example.org", "name": "Ada", "password": PASSWORD}
DAY = 86_400_000


async def set_up(site: Site, code: str, **more: Any) -> Any:
    return await site.ask("POST", "/v1/setup", key="", json={"code": code, **ADA, **more})


# -- the first account ------------------------------------------------------------------------------------------------


async def test_the_code_makes_the_first_account_once_and_signs_it_in(site: Site) -> None:
    assert (await site.ask("GET", "/v1/setup", key="")).json()["needed"] is True
    code = await accounts.new_setup_code(site.runtime)
    made = await set_up(site, code)
    assert made.status_code == 201
    told = made.json()
    assert (told["account"]["email"], told["account"]["owner"]) == ("ada@example.org", True)
    assert [(p["key"], p["role"]) for p in told["projects"]] == [("shop", "admin")]
    ada = await signed_by(site, made)
    assert (await ada.ask("GET", "/v1/me")).json() == told
    assert (await set_up(site, code, email="eve@example.org")).status_code == 409
    assert (await site.ask("GET", "/v1/setup", key="")).json()["needed"] is False


async def test_without_the_code_there_is_no_first_account(site: Site) -> None:
    await accounts.new_setup_code(site.runtime)
    assert (await set_up(site, "guessed")).status_code == 403
    assert (await site.ask("GET", "/v1/setup", key="")).json()["needed"] is True


async def test_a_code_is_kept_as_a_hash_only(site: Site) -> None:
    code = await accounts.new_setup_code(site.runtime)
    await site.runtime.store.accounts.add_setup_code(b"x", 1)
    for file in (site.runtime.data_dir or []).glob("*.db*"):  # type: ignore[union-attr]
        assert code.encode() not in file.read_bytes()


@pytest.mark.parametrize(
    ("password", "good"),
    [
        ("x" * (MIN_PASSWORD - 1), False),
        ("x" * MIN_PASSWORD, True),
        ("ADA@example.org", False),
        ("no digits, no capitals", True),
        ("пароль без цифр", True),
        ("x" * 1_001, False),
    ],
)
async def test_a_password_is_long_and_not_the_address(site: Site, password: str, good: bool) -> None:
    made = await set_up(site, await accounts.new_setup_code(site.runtime), password=password)
    assert made.status_code == (201 if good else 400)
    if not good:
        assert made.json()["errors"][0]["field"] == "password"
        assert password not in made.text


@pytest.mark.parametrize("email", ["ada", "@example.org", "a da@example.org", "ada@", "x" * 250 + "@example.org"])
async def test_an_address_is_one(site: Site, email: str) -> None:
    made = await set_up(site, await accounts.new_setup_code(site.runtime), email=email)
    assert (made.status_code, made.json()["errors"][0]["field"]) == (400, "email")


# -- signing in -------------------------------------------------------------------------------------------------------


@pytest.fixture
async def ada(site: Site) -> Signed:
    return await person(site, "ada", owner=True, password=PASSWORD)


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site, ada: Signed) -> None:
    cookie = (await sign_in(site, "ADA@example.org ")).headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"Path=/", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


class TestBehindHttps:
    @pytest.fixture
    def options(self) -> Options:
        return Options(access_log=False, public_url="https://tailorbird.example")

    async def test_the_cookie_is_for_https_and_this_host_alone(self, site: Site) -> None:
        made = await set_up(site, await accounts.new_setup_code(site.runtime))
        cookie = made.headers["set-cookie"]
        assert cookie.startswith("__Host-tailorbird=")
        assert "Secure" in cookie.split("; ")
        secret = cookie.partition(";")[0].partition("=")[2]
        for name, status in (("__Host-tailorbird", 200), (COOKIE, 401)):
            asked = await site.ask("GET", "/v1/me", key="", headers={"cookie": f"a=b; {name}={secret}"})
            assert asked.status_code == status

    @pytest.mark.parametrize(
        ("origin", "status"), [("https://tailorbird.example", 200), ("https://evil.example", 403), ("null", 403)]
    )
    async def test_a_page_of_the_public_address_may_act(self, site: Site, origin: str, status: int) -> None:
        ada = await person(site, "ada", owner=True)
        headers = {"cookie": f"__Host-tailorbird={ada.secret}", "origin": origin}
        assert (await site.ask("GET", "/v1/me", key="", headers=headers)).status_code == status


async def test_whichever_of_the_two_is_wrong_the_words_are_the_same(site: Site, ada: Signed) -> None:
    wrong = [await sign_in(site, "ada@example.org", "another password"), await sign_in(site, "eve@example.org")]
    assert [answer.status_code for answer in wrong] == [401, 401]
    assert wrong[0].json() == wrong[1].json()
    assert (await sign_in(site, "ada@example.org")).status_code == 200


async def test_an_unknown_account_takes_a_whole_check_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str | None] = []
    whole = Passwords.fits

    async def noted(self: Passwords, kept: str | None, password: str) -> bool:
        checked.append(kept)
        return await whole(self, kept, password)

    monkeypatch.setattr(Passwords, "fits", noted)
    await sign_in(site, "eve@example.org")
    assert checked == [None]


async def test_many_passwords_at_once_wait_for_their_turn() -> None:
    passwords = Passwords()
    kept = await passwords.hashed(PASSWORD)
    told = await asyncio.gather(*[passwords.fits(kept, told) for told in (PASSWORD, "wrong", PASSWORD, "")])
    assert told == [True, False, True, False]
    assert not await passwords.fits("no hash", PASSWORD)
    assert not await passwords.fits("", PASSWORD)
    assert await passwords.fits(await passwords.hashed("Å" * 10), "Å" * 10), "one character, written in two ways"


async def test_attempts_are_limited_by_account_in_every_process(site: Site, ada: Signed) -> None:
    burst, every = sessions.BY_ACCOUNT
    tried = [(await sign_in(site, "ada@example.org", "wrong password")).status_code for _ in range(burst)]
    assert tried == [401] * burst
    refused = await sign_in(site, "ada@example.org")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, str(every // 1000))
    assert (await sign_in(site, "ben@example.org")).status_code == 401
    site.now += every
    assert (await sign_in(site, "ada@example.org")).status_code == 200
    assert (await sign_in(site, "ada@example.org", "wrong password")).status_code == 401


async def test_attempts_are_limited_by_address_over_all_accounts(site: Site) -> None:
    burst, every = sessions.BY_ADDRESS
    for number in range(burst):
        body = {"token": f"guess-{number}"}
        assert (await site.ask("POST", "/v1/invitations/look", key="", json=body)).status_code == 404
    assert (await sign_in(site, "ada@example.org")).status_code == 429
    site.now += every
    assert (await sign_in(site, "ada@example.org")).status_code == 401


@pytest.mark.parametrize(
    ("address", "part"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "20010db800010002"),
        ("2001:db8:1:2:ffff::9", "20010db800010002"),
        (None, ""),
        ("testclient", ""),
    ],
)
def test_an_address_stands_for_one_caller(address: str | None, part: str) -> None:
    assert sessions.address_part(address) == part


# -- sessions ---------------------------------------------------------------------------------------------------------


async def test_nobody_is_signed_in_without_a_session(site: Site, ada: Signed) -> None:
    assert (await ada.ask("GET", "/v1/me")).status_code == 200
    for cookie in ("", f"{COOKIE}=", f"{COOKIE}=guessed", "other=x"):
        assert (await site.ask("GET", "/v1/me", key="", headers={"cookie": cookie})).status_code == 401
    assert (await site.ask("GET", "/v1/me")).status_code == 403, "a key is nobody"


async def test_signing_out_ends_the_session_and_takes_the_cookie_back(site: Site, ada: Signed) -> None:
    other = await signed_by(site, await sign_in(site, "ada@example.org"))
    out = await ada.ask("DELETE", "/v1/session")
    assert out.status_code == 204
    assert out.headers["set-cookie"].startswith(f"{COOKIE}=; ")
    assert "Max-Age=0" in out.headers["set-cookie"]
    assert (await ada.ask("GET", "/v1/me")).status_code == 401
    assert (await other.ask("GET", "/v1/me")).status_code == 200


async def test_a_session_rolls_on_with_use_and_ends_without(site: Site, ada: Signed) -> None:
    idle = await signed_by(site, await sign_in(site, "ada@example.org"))
    for _ in range(3):
        site.now += 10 * DAY
        assert (await ada.ask("GET", "/v1/me")).status_code == 200
        await site.settled()
    assert (await idle.ask("GET", "/v1/me")).status_code == 401
    site.now += 14 * DAY
    assert (await ada.ask("GET", "/v1/me")).status_code == 401


async def test_a_session_ends_after_ninety_days_however_much_it_is_used(site: Site, ada: Signed) -> None:
    used = [(await _after(site, ada, 9 * DAY)) for _ in range(10)]
    assert used == [200] * 9 + [401]


async def _after(site: Site, ada: Signed, ms: int) -> int:
    site.now += ms
    status = (await ada.ask("GET", "/v1/me")).status_code
    await site.settled()
    return int(status)


async def test_sessions_are_listed_and_ended_one_by_one(site: Site, ada: Signed) -> None:
    ben = await person(site, "ben")
    other = await signed_by(site, await sign_in(site, "ada@example.org", headers={"user-agent": "Firefox\x00/140"}))
    listed = (await ada.ask("GET", "/v1/me/sessions")).json()["items"]
    assert {(one["agent"], one["current"]) for one in listed} == {("Tests/1.0", True), ("Firefox/140", False)}
    told = next(one["id"] for one in listed if not one["current"])
    assert (await ben.ask("DELETE", f"/v1/me/sessions/{told}")).status_code == 404
    assert (await ada.ask("DELETE", f"/v1/me/sessions/{told}")).status_code == 204
    assert (await other.ask("GET", "/v1/me")).status_code == 401


@pytest.mark.parametrize("keep", [True, False])
async def test_signing_out_everywhere(site: Site, ada: Signed, keep: bool) -> None:
    other = await signed_by(site, await sign_in(site, "ada@example.org"))
    done = await ada.ask("DELETE", f"/v1/me/sessions?keep_this={str(keep).lower()}")
    assert done.status_code == 204
    assert (await ada.ask("GET", "/v1/me")).status_code == (200 if keep else 401)
    assert (await other.ask("GET", "/v1/me")).status_code == 401


async def test_a_new_password_ends_every_other_session(site: Site, ada: Signed) -> None:
    other = await signed_by(site, await sign_in(site, "ada@example.org"))
    body = {"current_password": PASSWORD, "new_password": "another long password"}
    wrong = await ada.ask("PUT", "/v1/me/password", json={**body, "current_password": "not that one"})
    assert wrong.status_code == 403
    short = await ada.ask("PUT", "/v1/me/password", json={**body, "new_password": "short"})
    assert (short.status_code, short.json()["errors"][0]["field"]) == (400, "new_password")
    assert (await other.ask("GET", "/v1/me")).status_code == 200
    assert (await ada.ask("PUT", "/v1/me/password", json=body)).status_code == 204
    assert (await ada.ask("GET", "/v1/me")).status_code == 200
    assert (await other.ask("GET", "/v1/me")).status_code == 401
    assert (await sign_in(site, "ada@example.org")).status_code == 401
    assert (await sign_in(site, "ada@example.org", "another long password")).status_code == 200


async def test_of_a_session_the_store_keeps_a_hash_only(site: Site, ada: Signed) -> None:
    secret = secret_in(await sign_in(site, "ada@example.org"))
    folder = site.runtime.data_dir
    assert folder is not None
    kept = b"".join(file.read_bytes() for file in folder.glob("test.db*"))
    assert b"ada@example.org" in kept
    assert secret.encode() not in kept
    assert PASSWORD.encode() not in kept


# -- pages of other origins -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "guessed"])
async def test_a_change_needs_the_token_beside_the_cookie(ada: Signed, token: str) -> None:
    assert (await ada.ask("PATCH", "/v1/me", json={"name": "Eve"}, csrf=token)).status_code == 403
    assert (await ada.ask("GET", "/v1/me", csrf=token)).json()["account"]["name"] == "Ada"
    told = (await ada.ask("GET", "/v1/me")).json()["csrf"]
    assert (await ada.ask("PATCH", "/v1/me", json={"name": "Ada L."}, csrf=told)).status_code == 200


async def test_the_token_of_another_session_is_of_no_use(site: Site, ada: Signed) -> None:
    other = await signed_by(site, await sign_in(site, "ada@example.org"))
    token = sessions.csrf_token(other.secret)
    assert (await ada.ask("PATCH", "/v1/me", json={"name": "Eve"}, csrf=token)).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://server"}, 200),
        ({"origin": "http://server", "sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://server.evil.example"}, 403),
        ({"origin": "http://server:8080"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
async def test_requests_of_other_pages_are_refused(
    site: Site, ada: Signed, headers: dict[str, str], status: int
) -> None:
    assert (await ada.ask("GET", "/v1/me", headers=headers)).status_code == status
    assert (await ada.ask("PATCH", "/v1/me", json={"name": "Ada"}, headers=headers)).status_code == status
    assert (await sign_in(site, "ada@example.org", headers=headers)).status_code == status


async def test_keys_need_no_token_and_no_origin(shop: Site) -> None:
    headers = {"origin": "http://elsewhere.example", "cookie": f"{COOKIE}=guessed"}
    body = {"name": "Letters", "event": "letter"}
    made = await shop.ask("POST", "/v1/projects/shop/goals", json=body, headers=headers)
    assert made.status_code == 201


async def test_the_hot_paths_take_keys_only(shop: Site) -> None:
    ada = await person(shop, "ada", owner=True)
    assert (await ada.ask("POST", "/v1/decide", json={"visitor": {"id": "x"}})).status_code == 401
    assert (await shop.decide({"visitor": {"id": "x"}})).status_code == 200
