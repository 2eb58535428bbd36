"""Signing in and out. Sessions are in the store, so that any process knows them; of the cookie its hash is kept."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from ipaddress import IPv6Address, ip_address

from msgspec.structs import replace

from tailorbird.domain import ids
from tailorbird.domain.accounts import Account, Change, Session, Visit, canonical_email, check_password
from tailorbird.domain.errors import Forbidden, RateLimited, Unauthorized, Unavailable
from tailorbird.engine import account_notes
from tailorbird.engine.limits import TokenBucket
from tailorbird.engine.runtime import Runtime

DAY_MS = 86_400_000
#: a session that is not used ends; one that is used ends after ``LONGEST_MS`` all the same
IDLE_MS, LONGEST_MS = 14 * DAY_MS, 90 * DAY_MS
#: use is noted once in so long
TOUCH_MS = 5 * 60_000
#: attempts to sign in: at once, then one in so many ms; by account, and by address over all accounts
BY_ACCOUNT, BY_ADDRESS = (10, 30_000), (40, 2_000)
_WRONG = "E-mail address or password are wrong."
_MAX_AGENT = 300


async def sign_in(runtime: Runtime, email: str, password: str, *, address: str | None, agent: str) -> tuple[Visit, str]:
    """A new session and its secret. The same words, after as long, whatever of the two is wrong.

    ``RateLimited`` for an account or an address that tried too often, in any process.
    """
    who = canonical_email(email)
    await limit(runtime, "address", address_part(address), BY_ADDRESS)
    name = await limit(runtime, "account", who, BY_ACCOUNT)
    account = await runtime.store.accounts.by_email(who)
    kept = account.password if account is not None and not account.disabled_at else None
    if not await runtime.passwords.fits(kept, password) or account is None:
        raise Unauthorized(_WRONG)
    await runtime.store.accounts.forget_attempts(name)
    return await begin(runtime, account, agent)


async def begin(runtime: Runtime, account: Account, agent: str) -> tuple[Visit, str]:
    """A session for somebody who showed who they are; its secret is told once."""
    now = runtime.clock()
    secret = new_secret(runtime)
    session = Session(
        id=ids.short_id(runtime.randbits, 10),
        digest=digest(secret),
        account=account.id,
        created_at=now,
        seen_at=now,
        expires_at=now + IDLE_MS,
        agent="".join(c for c in agent if c.isprintable())[:_MAX_AGENT],
    )
    await runtime.store.accounts.add_session(session)
    return Visit(session, account), secret


async def visit(runtime: Runtime, secret: str, project: str = "") -> Visit:
    """Whose session this is, with the role in a project; ``Unauthorized`` when it is none or none any more."""
    now = runtime.clock()
    found = await runtime.store.accounts.visit(digest(secret), project, now)
    if found is None:
        raise Unauthorized("You are not signed in, or no longer: sign in again.")
    session = found.session
    if now - session.seen_at >= TOUCH_MS:
        expires_at = min(now + IDLE_MS, session.created_at + LONGEST_MS)
        runtime.background(_touch(runtime, session.id, now, expires_at))
    return replace(found, role="admin") if found.account.owner else found


async def _touch(runtime: Runtime, session_id: str, now: int, expires_at: int) -> None:
    try:
        await runtime.store.accounts.touch_session(session_id, now, expires_at)
    except Unavailable:
        return  # the next request tries again


def csrf_token(secret: str) -> str:
    """What a page sends beside the cookie: made from it, and of no use without it."""
    made = hashlib.sha256(b"tailorbird csrf " + secret.encode("utf-8", "surrogatepass")).digest()
    return urlsafe_b64encode(made).rstrip(b"=").decode()


def check_csrf(secret: str, told: str) -> None:
    """``Forbidden`` unless the token is the one of this session."""
    if not hmac.compare_digest(csrf_token(secret).encode(), told.encode("utf-8", "surrogatepass")):
        raise Forbidden("Send the header X-CSRF-Token with the token that GET /v1/me tells.")


def spend(runtime: Runtime, account: Account) -> None:
    """Take one request from the account's budget in this process; ``RateLimited`` when it is empty."""
    now = runtime.monotonic()
    name = f"account {account.id}"
    bucket = runtime.buckets.get(name)
    if bucket is None:
        bucket = runtime.buckets[name] = TokenBucket(runtime.limits.rate, float(runtime.limits.burst), now)
    if wait := bucket.take(now):
        raise RateLimited(wait, "this account")


async def change_password(runtime: Runtime, held: Visit, current: str, new: str) -> None:
    """A new password, after the current one was shown; every other session of the account ends."""
    account = held.account
    name = await limit(runtime, "account", account.email, BY_ACCOUNT)
    if not await runtime.passwords.fits(account.password, current):
        raise Forbidden("The current password is another one.")
    check_password(new, account.email, "new_password")
    change = Change(password=await runtime.passwords.hashed(new))
    tell = account_notes.telling(runtime, account, "change password", account.email)
    await runtime.store.accounts.change(account.id, change, tell=tell)
    await runtime.store.accounts.end_sessions(account.id, keep=held.session.id)
    await runtime.store.accounts.forget_attempts(name)


def new_secret(runtime: Runtime) -> str:
    """256 random bits as text."""
    raw = runtime.randbits(256).to_bytes(32, "big")
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def digest(secret: str) -> bytes:
    """The form in which a secret is kept."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


async def limit(runtime: Runtime, kind: str, who: str, bounds: tuple[int, int]) -> bytes:
    """Count an attempt over all processes, and its name; ``RateLimited`` when there were too many. Names are hashed."""
    name = hashlib.blake2b(f"{kind} {who}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
    wait = await runtime.store.accounts.attempt(name, runtime.clock(), bounds[1], bounds[0])
    if wait:
        raise RateLimited(wait / 1000, f"attempts for this {kind}")
    return name


def address_part(address: str | None) -> str:
    """What of an address stands for one caller: of IPv6 the network of 64 bits."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return f"{int(parsed) >> 64:x}"
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
