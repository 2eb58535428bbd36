"""People who are signed in, and what they ask with their sessions."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from tailorbird.domain.accounts import Account, Role
from tailorbird.engine import accounts, sessions
from tailorbird.engine.accounts import Person
from tests.web.conftest import Site

PASSWORD = "a long enough password"
COOKIE = "tailorbird_session"


class Signed(msgspec.Struct, frozen=True):
    """Somebody signed in to a site."""

    site: Site
    account: Account
    secret: str

    async def ask(self, method: str, path: str, *, csrf: str | None = None, **more: Any) -> httpx.Response:
        """One request as the console's page makes it; ``csrf`` says something else than the right token."""
        token = sessions.csrf_token(self.secret) if csrf is None else csrf
        headers = {"cookie": f"{COOKIE}={self.secret}", "x-csrf-token": token, **more.pop("headers", {})}
        return await self.site.ask(method, path, key="", headers=headers, **more)


async def person(site: Site, name: str, *, owner: bool = False, password: str = "", **roles: Role) -> Signed:
    """An account with a session, and with roles in projects by their keys. Without a password nobody can sign in with
    it, which makes it quick."""
    runtime = site.runtime
    email = f"{name}@example.org"
    if password:
        account = await accounts.create_account(
            runtime, Person(email=email, name=name.title(), password=password), owner=owner
        )
    else:
        account = Account(id=f"id-of-{name}", email=email, name=name.title(), password="", owner=owner)
        await runtime.store.accounts.create(account)
    for project, role in roles.items():
        place = runtime.project(project.replace("_", "-")).project.id
        await runtime.store.accounts.put_member(place, account.id, role, site.now)
    _, secret = await sessions.begin(runtime, account, "Tests/1.0")
    return Signed(site, account, secret)


async def sign_in(site: Site, email: str, password: str = PASSWORD, **more: Any) -> httpx.Response:
    return await site.ask("POST", "/v1/session", key="", json={"email": email, "password": password}, **more)


def secret_in(answer: httpx.Response) -> str:
    """The cookie that an answer sets."""
    name, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
    assert name == COOKIE
    return str(value)


async def signed_by(site: Site, answer: httpx.Response) -> Signed:
    """Whom an answer signed in."""
    assert answer.status_code in (200, 201), answer.text
    account = await site.runtime.store.accounts.account(answer.json()["account"]["id"])
    return Signed(site, account, secret_in(answer))
