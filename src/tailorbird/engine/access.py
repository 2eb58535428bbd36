"""Projects and keys: who may do what. Secrets are shown once and kept as SHA-256; limits are per process."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import Literal

from msgspec.structs import replace

from tailorbird.domain import ids
from tailorbird.domain.access import SCOPES, ApiKey, Project, Scope, SigningKey
from tailorbird.domain.audit import Telling
from tailorbird.domain.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited, Unauthorized
from tailorbird.engine.limits import TokenBucket
from tailorbird.engine.noting import Act, key_told, telling
from tailorbird.engine.refresh import refresh
from tailorbird.engine.runtime import Runtime

#: keys of a copy on disk, or of a store that was not heard of for longer, open nothing
BELIEVED_MS = 24 * 3_600_000
MINUTE_MS = 60_000
#: what a publishable key may hold
BROWSER_SCOPES = ("decide", "record")


def authenticate(runtime: Runtime, secret: str) -> ApiKey:
    """The live key behind a secret. The same sentence for every way in which it is not one."""
    digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
    key = runtime.keys.get(digest)
    now = runtime.clock()
    if key is None or not hmac.compare_digest(key.digest, digest) or not _is_live(key, now):
        raise Unauthorized("The key is unknown, expired or revoked.")
    if abs(now - runtime.confirmed_at) > BELIEVED_MS:  # also when it was confirmed by a clock that was far ahead
        raise Unauthorized("Keys cannot be confirmed: the store has been away for more than a day.")
    runtime.keys_used[key.id] = now - now % MINUTE_MS
    return key


def _is_live(key: ApiKey, now: int) -> bool:
    return not key.revoked_at and (not key.expires_at or now < key.expires_at)


def require(key: ApiKey, scope: Scope) -> None:
    """``Forbidden`` unless the key has the scope; ``manage`` implies ``read``."""
    if scope not in key.scopes and not (scope == "read" and "manage" in key.scopes):
        raise Forbidden(f"The key lacks the scope {scope!r}.")


def require_project(runtime: Runtime, key: ApiKey, ref: str) -> str:
    """The id of the project named in a path. Another project than the key's looks like none at all."""
    project_id = runtime.project_ids.get(ref, ref)
    if project_id != key.project:
        raise NotFound(f"There is no project {ref!r} for this key.")
    return project_id


def spend(runtime: Runtime, key: ApiKey) -> None:
    """Take one request from the key's token bucket; ``RateLimited`` when it is empty."""
    now = runtime.monotonic()
    bucket = runtime.buckets.get(key.id)
    rate, burst = key.rate or runtime.limits.rate, float(key.burst or runtime.limits.burst)
    if bucket is None or (bucket.rate, bucket.burst) != (rate, burst):
        bucket = runtime.buckets[key.id] = TokenBucket(rate, burst, now)
    wait = bucket.take(now)
    if wait:
        raise RateLimited(wait)


async def create_project(runtime: Runtime, name: str, key: str = "", *, author: str = "") -> Project:
    """A new project with its own signing key. ``Conflict`` when the key is taken."""
    if not name.strip():
        raise Invalid.field("name", "a name", name)
    chosen = key or ids.key_from_name(name)
    if not ids.is_key(chosen):
        raise Invalid.field("key", ids.KEY_EXPECTED, chosen)
    now = runtime.clock()
    project = Project(id=ids.short_id(runtime.randbits, 8), key=chosen, name=name, created_at=now, version=1)
    act = Act(project=project.id, kind="project", author=author, action="create", of=project.id, name=project.key)
    signing_key = _signing_key(runtime, project.id, now)
    await runtime.store.create_project(project, signing_key, tell=telling(runtime, act, {"name": project.name}))
    await refresh(runtime)
    return project


async def rename_project(runtime: Runtime, project: str, name: str, *, author: str = "") -> Project:
    """Call a project something else; its key, which stands in addresses, stays."""
    if not name.strip():
        raise Invalid.field("name", "a name", name)
    held = runtime.project(project).project
    act = Act(project=held.id, kind="project", author=author, action="rename", of=held.id, name=held.key)
    act = replace(act, before={"name": held.name})
    await runtime.store.rename_project(held.id, name.strip(), tell=telling(runtime, act, {"name": name.strip()}))
    await refresh(runtime)
    return runtime.project(project).project


async def create_key(
    runtime: Runtime,
    project: str,
    *,
    client: str,
    scopes: Sequence[Scope],
    kind: Literal["secret", "publishable"] = "secret",
    expires_at: int = 0,
    rate: float = 0.0,
    burst: int = 0,
    author: str = "",
    instead_of: ApiKey | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which is not kept. ``Conflict`` when the client has two live secret keys already."""
    wrong = [scope for scope in scopes if scope not in SCOPES]
    if wrong or not scopes:
        raise Invalid.field("scopes", f"one or more of {', '.join(SCOPES)}", ", ".join(wrong))
    if kind == "publishable" and (too_much := [s for s in scopes if s not in BROWSER_SCOPES]):
        raise Invalid.field("scopes", "decide or record: a publishable key is no secret", ", ".join(too_much))
    if not client.strip() or len(client) > 100:
        raise Invalid.field("client", "the name of who uses it, 1 to 100 characters", client)
    if rate < 0 or burst < 0:
        raise Invalid.field("rate", "a rate and a burst of at least 0", rate)
    prefix = "tbp" if kind == "publishable" else "tb"
    raw = runtime.randbits(256).to_bytes(32, "big")
    secret = f"{prefix}_{urlsafe_b64encode(raw).rstrip(b'=').decode()}"
    key = ApiKey(
        id=ids.short_id(runtime.randbits, 10),
        project=runtime.project(project).project.id,
        client=client,
        digest=hashlib.sha256(secret.encode()).digest(),
        scopes=tuple(dict.fromkeys(scopes)),
        kind=kind,
        created_at=runtime.clock(),
        expires_at=expires_at,
        rate=rate,
        burst=burst,
    )
    await runtime.store.add_key(key, tell=_making(runtime, key, author, instead_of))
    await refresh(runtime)
    return key, secret


def _making(runtime: Runtime, key: ApiKey, author: str, instead_of: ApiKey | None) -> Telling:
    act = Act(project=key.project, kind="key", author=author, action="make", of=key.id, name=key.client)
    told = key_told(key)
    if instead_of is not None:
        act = replace(act, action="rotate", before={"id": instead_of.id, **key_told(instead_of)})
        told = {"id": key.id, **told}
    return telling(runtime, act, told)


async def rotate_key(
    runtime: Runtime, project: str, key_id: str, overlap_seconds: int, *, author: str = ""
) -> tuple[ApiKey, str]:
    """A successor of the same client and scopes; the old key lives on for the overlap, then opens nothing."""
    old = await _key(runtime, project, key_id)
    now = runtime.clock()
    if not _is_live(old, now):
        raise Invalid.field("key", "a live key", key_id)
    if overlap_seconds < 0:
        raise Invalid.field("overlap_seconds", "0 or more seconds", overlap_seconds)
    if not overlap_seconds:
        await revoke_key(runtime, project, key_id, author=author)  # first, so that its client may hold the new one
    created = await create_key(
        runtime,
        project,
        client=old.client,
        scopes=old.scopes,
        kind=old.kind,
        rate=old.rate,
        burst=old.burst,
        author=author,
        instead_of=old,
    )
    if overlap_seconds:
        until = now + overlap_seconds * 1000
        act = Act(project=old.project, kind="key", author=author, action="end", of=old.id, name=old.client)
        tell = telling(runtime, replace(act, before=key_told(old)), key_told(replace(old, expires_at=until)))
        await runtime.store.end_key(old.project, key_id, until, tell=tell)
        await refresh(runtime)
    return created


async def revoke_key(runtime: Runtime, project: str, key_id: str, *, author: str = "") -> None:
    """Stop a key; every process that reaches the store knows within two seconds, whatever its clock says."""
    key = await _key(runtime, project, key_id)
    act = Act(project=key.project, kind="key", author=author, action="revoke", of=key.id, name=key.client)
    tell = telling(runtime, replace(act, before=key_told(key)))
    await runtime.store.revoke_key(key.project, key_id, runtime.clock(), tell=tell)
    await refresh(runtime)


async def list_keys(runtime: Runtime, project: str) -> list[ApiKey]:
    """All keys of a project, revoked ones too, with last use as this process knows it."""
    keys = await runtime.store.keys(runtime.project(project).project.id)
    used = runtime.keys_used
    return [replace(k, last_used_at=max(k.last_used_at, used.get(k.id, 0))) for k in keys]


async def rotate_signing_key(runtime: Runtime, project: str, *, author: str = "") -> SigningKey:
    """Sign tokens with a new key from now on. Tokens of the old ones stay good for their 400 days."""
    fresh = _signing_key(runtime, runtime.project(project).project.id, runtime.clock())
    act = Act(project=fresh.project, kind="signing_key", author=author, action="rotate", of=fresh.id, name=fresh.id)
    await runtime.store.add_signing_key(fresh, tell=telling(runtime, act))
    await refresh(runtime)
    return fresh


async def list_signing_keys(runtime: Runtime, project: str) -> list[SigningKey]:
    """All signing keys of a project, retired ones too, the newest first."""
    keys = await runtime.store.signing_keys(runtime.project(project).project.id)
    return sorted(keys, key=lambda key: key.created_at, reverse=True)


async def retire_signing_key(runtime: Runtime, project: str, key_id: str, *, author: str = "") -> None:
    """Accept no token of this key any more. ``Conflict`` for the only one in use: nothing could be signed."""
    snapshot = runtime.project(project)
    live = [key.id for key in await list_signing_keys(runtime, project) if not key.retired_at]
    if key_id in live and len(live) == 1:
        raise Conflict("It is the only signing key in use. Make a new one first.")
    place = snapshot.project.id
    act = Act(project=place, kind="signing_key", author=author, action="retire", of=key_id, name=key_id)
    await runtime.store.retire_signing_key(place, key_id, runtime.clock(), tell=telling(runtime, act))
    await refresh(runtime)


async def _key(runtime: Runtime, project: str, key_id: str) -> ApiKey:
    keys = await runtime.store.keys(runtime.project(project).project.id)
    for key in keys:
        if key.id == key_id:
            return key
    raise NotFound(f"There is no key {key_id!r}.")


def _signing_key(runtime: Runtime, project: str, now: int) -> SigningKey:
    secret = runtime.randbits(256).to_bytes(32, "big")
    return SigningKey(id=ids.short_id(runtime.randbits, 6), project=project, secret=secret, created_at=now)


def verify_visitor(runtime: Runtime, project: str, token: str) -> str:
    """The known id in a visitor token (JWT) that the backend signed; ``Unauthorized`` for every flaw.

    Keys come from the setting ``visitor_keys``; ``sub`` is the id, ``exp`` is required, ``aud``, where given, is the
    project.
    """
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    snapshot = runtime.project(project)
    if snapshot.settings.visitor_keys is None:
        raise Unauthorized("This project accepts no visitor tokens: its setting visitor_keys is empty.")
    try:
        keys = KeySet.import_key_set(snapshot.settings.visitor_keys)  # type: ignore[arg-type]
        decoded = jwt.decode(token, keys, algorithms=["RS256", "PS256", "ES256", "Ed25519", "EdDSA"])
        rules = jwt.JWTClaimsRegistry(
            now=runtime.clock() // 1000,
            sub={"essential": True},
            exp={"essential": True},
            aud={"values": [snapshot.project.key]},
        )
        rules.validate(decoded.claims)
    except (JoseError, ValueError, TypeError, KeyError):
        raise Unauthorized(
            "The visitor token is malformed, expired, or not signed with a key of this project."
        ) from None
    subject = decoded.claims["sub"]
    if not isinstance(subject, str) or not subject or len(subject) > ids.MAX_VISITOR_ID:
        raise Unauthorized("The visitor token names no visitor.")
    return subject
