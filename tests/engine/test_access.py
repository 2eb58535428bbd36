"""Keys: who may come in, from where they are known, and how much at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from tailorbird.domain.access import Scope
from tailorbird.domain.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited, Unauthorized
from tailorbird.engine import access, publish
from tailorbird.engine.refresh import refresh
from tailorbird.engine.runtime import Runtime
from tailorbird.store.sqlite.store import SqliteStore
from tests.engine.conftest import NOON, Engine


async def test_definitions_written_by_another_process_arrive_within_two_seconds(engine: Engine, tmp_path: Path) -> None:
    await engine.campaign()
    other = Runtime(SqliteStore(tmp_path / "test.db"), clock=lambda: NOON)
    await other.store.open()
    _, secret = await _key_elsewhere(other, engine)
    await asyncio.sleep(0.5)
    key = access.authenticate(engine.runtime, secret)
    await access.revoke_key(other, engine.project.id, key.id)
    await asyncio.sleep(0.5)
    with pytest.raises(Unauthorized):
        access.authenticate(engine.runtime, secret)
    await other.store.close()


async def _key_elsewhere(other: Runtime, engine: Engine) -> tuple[object, str]:
    await refresh(other)
    return await access.create_key(other, engine.project.id, client="cron", scopes=("record",))


async def test_secrets_are_kept_as_digests_only(engine: Engine, tmp_path: Path) -> None:
    key, secret = await access.create_key(engine.runtime, engine.project.id, client="web", scopes=("decide",))
    assert secret.startswith("tb_")
    assert len(secret) > 40
    assert access.authenticate(engine.runtime, secret).id == key.id
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())  # noqa: ASYNC240
    assert key.id.encode() in written
    assert secret.encode() not in written


async def test_a_client_holds_two_live_keys_at_most(engine: Engine) -> None:
    make: dict[str, Any] = {"client": "web", "scopes": ("decide",)}
    first, _ = await access.create_key(engine.runtime, engine.project.id, **make)
    await access.create_key(engine.runtime, engine.project.id, **make)
    with pytest.raises(Conflict):
        await access.create_key(engine.runtime, engine.project.id, **make)
    await access.revoke_key(engine.runtime, engine.project.id, first.id)
    await access.create_key(engine.runtime, engine.project.id, **make)


async def test_scopes_hold_and_manage_implies_read(engine: Engine) -> None:
    key, _ = await access.create_key(engine.runtime, engine.project.id, client="web", scopes=("manage",))
    access.require(key, "manage")
    access.require(key, "read")
    with pytest.raises(Forbidden):
        access.require(key, "decide")


async def test_a_publishable_key_can_hold_no_secret_scope(engine: Engine) -> None:
    cases: list[tuple[tuple[Scope, ...], bool]] = [
        (("decide", "record"), True),
        (("read",), False),
        (("decide", "manage"), False),
    ]
    for scopes, ok in cases:
        if ok:
            _, secret = await access.create_key(
                engine.runtime, engine.project.id, client="page", scopes=scopes, kind="publishable"
            )
            assert secret.startswith("tbp_")
        else:
            with pytest.raises(Invalid):
                await access.create_key(
                    engine.runtime, engine.project.id, client="page", scopes=scopes, kind="publishable"
                )


async def test_another_project_than_the_keys_looks_like_none(engine: Engine) -> None:
    other = await access.create_project(engine.runtime, "Other")
    key, _ = await access.create_key(engine.runtime, engine.project.id, client="web", scopes=("manage",))
    assert access.require_project(engine.runtime, key, "shop") == engine.project.id
    for ref in (other.id, other.key, "nowhere"):
        with pytest.raises(NotFound):
            access.require_project(engine.runtime, key, ref)


async def test_an_expired_key_opens_nothing(engine: Engine) -> None:
    _, secret = await access.create_key(
        engine.runtime, engine.project.id, client="web", scopes=("decide",), expires_at=NOON + 1000
    )
    access.authenticate(engine.runtime, secret)
    engine.now += 1000
    with pytest.raises(Unauthorized):
        access.authenticate(engine.runtime, secret)


async def test_last_use_is_listed_to_the_minute(engine: Engine) -> None:
    key, secret = await access.create_key(engine.runtime, engine.project.id, client="web", scopes=("decide",))
    engine.now += 90_000
    access.authenticate(engine.runtime, secret)
    (listed,) = [k for k in await access.list_keys(engine.runtime, engine.project.id) if k.id == key.id]
    assert listed.last_used_at == NOON + 60_000


async def test_two_live_keys_per_client_and_a_rotation_with_overlap(engine: Engine) -> None:
    old, old_secret = await access.create_key(engine.runtime, engine.project.id, client="web", scopes=("decide",))
    new, new_secret = await access.rotate_key(engine.runtime, engine.project.id, old.id, overlap_seconds=60)
    assert (new.client, new.scopes) == (old.client, old.scopes)
    for secret in (old_secret, new_secret):
        access.authenticate(engine.runtime, secret)
    engine.now += 61_000
    access.authenticate(engine.runtime, new_secret)
    with pytest.raises(Unauthorized):
        access.authenticate(engine.runtime, old_secret)


async def test_a_token_bucket_empties_and_fills_again(engine: Engine) -> None:
    key, _ = await access.create_key(
        engine.runtime, engine.project.id, client="web", scopes=("decide",), rate=10, burst=3
    )
    moment = [100.0]
    engine.runtime.monotonic = lambda: moment[0]
    for _ in range(3):
        access.spend(engine.runtime, key)
    with pytest.raises(RateLimited) as error:
        access.spend(engine.runtime, key)
    assert 0 < error.value.retry_after <= 0.1
    moment[0] += 0.11
    access.spend(engine.runtime, key)


async def test_a_visitor_token_signed_by_the_backend_names_a_known_visitor(engine: Engine) -> None:
    key = ECKey.generate_key("P-256", {"kid": "k1"})
    other = ECKey.generate_key("P-256", {"kid": "k1"})
    for secret in (key.as_dict(private=True), {"kty": "oct", "k": "c2VjcmV0", "kid": "k1"}):
        with pytest.raises(Invalid, match="public key"):
            await publish.put_settings(
                engine.runtime, engine.project.id, msgspec.json.encode({"visitor_keys": {"keys": [secret]}}), "ann", 0
            )
    settings = msgspec.json.encode({"visitor_keys": {"keys": [key.as_dict(private=False)]}})
    await publish.put_settings(engine.runtime, engine.project.id, settings, "ann", 0)

    def token(signer: ECKey, **claims: object) -> str:
        return jwt.encode({"alg": "ES256", "kid": "k1"}, {"exp": NOON // 1000 + 60, **claims}, signer)

    assert access.verify_visitor(engine.runtime, engine.project.id, token(key, sub="u1")) == "u1"
    for bad in (
        token(other, sub="u1"),
        token(key, sub="u1", exp=NOON // 1000 - 3600),
        token(key),
        token(key, sub="u1", aud="another"),
        "not.a.token",
    ):
        with pytest.raises(Unauthorized):
            access.verify_visitor(engine.runtime, engine.project.id, bad)


async def test_a_key_in_its_overlap_can_be_revoked_at_once(engine: Engine) -> None:
    old, old_secret = await access.create_key(engine.runtime, engine.project.id, client="web", scopes=("decide",))
    _, new_secret = await access.rotate_key(engine.runtime, engine.project.id, old.id, overlap_seconds=3600)
    await access.revoke_key(engine.runtime, engine.project.id, old.id)
    with pytest.raises(Unauthorized):
        access.authenticate(engine.runtime, old_secret)
    access.authenticate(engine.runtime, new_secret)


async def test_a_revoked_key_stays_revoked_when_the_clock_goes_back(engine: Engine) -> None:
    key, secret = await access.create_key(engine.runtime, engine.project.id, client="web", scopes=("decide",))
    engine.now = NOON + 3_600_000
    await access.revoke_key(engine.runtime, engine.project.id, key.id)
    for engine.now in (NOON, NOON - 3_600_000):
        with pytest.raises(Unauthorized):
            access.authenticate(engine.runtime, secret)


async def test_a_leaked_signing_key_is_retired_and_its_tokens_are_refused(engine: Engine) -> None:
    await engine.campaign()
    token = (await engine.one()).token
    (leaked,) = await access.list_signing_keys(engine.runtime, engine.project.id)
    with pytest.raises(Conflict):
        await access.retire_signing_key(engine.runtime, engine.project.id, leaked.id)
    engine.now += 1
    await access.rotate_signing_key(engine.runtime, engine.project.id)
    assert (await engine.did("click", token=token)).accepted == 1
    await access.retire_signing_key(engine.runtime, engine.project.id, leaked.id)
    assert [r.field for r in (await engine.did("click", token=token)).rejected] == ["token"]
    assert (await engine.did("click", token=(await engine.one()).token)).accepted == 1


async def test_a_rotation_without_overlap_stops_the_old_key_at_once_even_beside_another(engine: Engine) -> None:
    old, old_secret = await access.create_key(engine.runtime, engine.project.id, client="web", scopes=("decide",))
    await access.create_key(engine.runtime, engine.project.id, client="web", scopes=("decide",))
    with pytest.raises(Conflict):
        await access.rotate_key(engine.runtime, engine.project.id, old.id, overlap_seconds=60)
    _, new_secret = await access.rotate_key(engine.runtime, engine.project.id, old.id, overlap_seconds=0)
    access.authenticate(engine.runtime, new_secret)
    with pytest.raises(Unauthorized):
        access.authenticate(engine.runtime, old_secret)
