"""Projects, keys and definitions: versions, locks, names."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from tailorbird.domain.access import ApiKey, Project, SigningKey
from tailorbird.domain.definitions import Definition
from tailorbird.domain.errors import Conflict, NotFound
from tailorbird.store.contract import Store
from tests.store.conftest import Backend
from tests.store.small_fold import BLOG, NOW, SHOP


def definition(definition_id: str = "abcde", version: int = 1, **fields: Any) -> Definition:
    body = fields.pop("body", {"name": f"{definition_id} {version}"})
    fields = {"project": SHOP, "kind": "campaign", "key": f"key-{definition_id}", "author": "ann", "at": NOW, **fields}
    return Definition(id=definition_id, version=version, body=msgspec.Raw(msgspec.json.encode(body)), **fields)


def body(of: Definition) -> Any:
    return msgspec.json.decode(of.body)


def api_key(key_id: str, **fields: Any) -> ApiKey:
    fields = {"project": SHOP, "client": "backend", "scopes": ("decide", "record"), "created_at": NOW, **fields}
    return ApiKey(id=key_id, digest=f"digest {key_id}".encode(), **fields)


async def version_of(store: Store, project: str = SHOP) -> int:
    return {one.id: one.version for one in await store.projects()}[project]


# -- projects --------------------------------------------------------------------------------------------------------


async def test_projects_come_back_as_created(store: Store) -> None:
    assert await store.projects() == [
        Project(id=SHOP, key="key-shop", name="Shop", created_at=1_000),
        Project(id=BLOG, key="key-blog", name="Blog", created_at=1_001),
    ]
    assert [key.id for key in await store.signing_keys(SHOP)] == ["sign-shop"]


@pytest.mark.parametrize(
    ("project_id", "key"), [("new", "key-shop"), (SHOP, "new"), ("new", SHOP), ("key-shop", "new")]
)
async def test_a_taken_project_id_or_key_is_refused(store: Store, project_id: str, key: str) -> None:
    project = Project(id=project_id, key=key, name="New", created_at=NOW)
    with pytest.raises(Conflict):
        await store.create_project(project, SigningKey(id="s", project=project_id, secret=b"s", created_at=NOW))
    assert len(await store.projects()) == len(await store.signing_keys()) == 2


async def test_a_failed_signing_key_takes_the_project_back(store: Store) -> None:
    project = Project(id="new", key="new", name="New", created_at=NOW)
    with pytest.raises(Conflict):
        await store.create_project(project, SigningKey(id="sign-shop", project="new", secret=b"s", created_at=NOW))
    assert len(await store.projects()) == 2


# -- keys ------------------------------------------------------------------------------------------------------------


async def test_keys_come_back_as_added(store: Store) -> None:
    key = api_key("k1", kind="publishable", expires_at=NOW + 5, rate=2.5, burst=7)
    before = await version_of(store)
    await store.add_key(key)
    assert await store.keys(SHOP) == await store.keys() == [key]
    assert await store.keys(BLOG) == []
    assert await version_of(store) == before + 1


async def test_a_client_holds_two_live_secrets_at_most(store: Store) -> None:
    await store.add_key(api_key("k1"))
    await store.add_key(api_key("k2"))
    with pytest.raises(Conflict, match="2 live keys"):
        await store.add_key(api_key("k3"))
    await store.add_key(api_key("k4", client="other"))
    await store.add_key(api_key("k5", kind="publishable"))
    await store.add_key(api_key("k6", project=BLOG))
    await store.revoke_key(SHOP, "k1", NOW)
    await store.add_key(api_key("k7"))
    assert [key.id for key in await store.keys(SHOP)] == ["k1", "k2", "k4", "k5", "k7"]


async def test_an_expired_secret_is_not_live(store: Store) -> None:
    await store.add_key(api_key("k1", expires_at=NOW))
    await store.add_key(api_key("k2", expires_at=NOW + 1))
    await store.add_key(api_key("k3"))
    with pytest.raises(Conflict):
        await store.add_key(api_key("k4"))


async def test_a_digest_is_unique(store: Store) -> None:
    await store.add_key(api_key("k1"))
    with pytest.raises(Conflict):
        await store.add_key(msgspec.structs.replace(api_key("k2", project=BLOG), digest=b"digest k1"))


async def test_revoking_keeps_the_first_time_and_stays_inside_its_project(store: Store) -> None:
    await store.add_key(api_key("k1"))
    before = await version_of(store)
    await store.revoke_key(SHOP, "k1", NOW)
    await store.revoke_key(SHOP, "k1", NOW + 9)
    assert (await store.keys(SHOP))[0].revoked_at == NOW
    assert await version_of(store) > before
    for project, key_id in ((BLOG, "k1"), (SHOP, "nothing")):
        with pytest.raises(NotFound):
            await store.revoke_key(project, key_id, NOW)


async def test_of_two_ends_the_earlier_holds_and_none_is_a_revocation(store: Store) -> None:
    await store.add_key(api_key("k1"))
    before = await version_of(store)
    for at in (NOW + 9, NOW + 5, NOW + 7):
        await store.end_key(SHOP, "k1", at)
    (key,) = await store.keys(SHOP)
    assert (key.expires_at, key.revoked_at) == (NOW + 5, 0)
    assert await version_of(store) > before
    for project, key_id in ((BLOG, "k1"), (SHOP, "nothing")):
        with pytest.raises(NotFound):
            await store.end_key(project, key_id, NOW)


async def test_last_use_only_moves_on_and_is_no_change_of_the_project(store: Store) -> None:
    await store.add_key(api_key("k1"))
    await store.add_key(api_key("k2"))
    before = await version_of(store)
    await store.touch_keys({"k1": NOW + 60_000, "gone": NOW})
    await store.touch_keys({"k1": NOW, "k2": NOW})
    assert {key.id: key.last_used_at for key in await store.keys()} == {"k1": NOW + 60_000, "k2": NOW}
    assert await version_of(store) == before


async def test_signing_keys_rotate(store: Store) -> None:
    before = await version_of(store)
    new = SigningKey(id="s2", project=SHOP, secret=b"x", created_at=NOW)
    await store.add_signing_key(new)
    await store.retire_signing_key(SHOP, "sign-shop", NOW + 1)
    await store.retire_signing_key(SHOP, "sign-shop", NOW + 2)
    old, newest = await store.signing_keys(SHOP)
    assert (old.retired_at, newest) == (NOW + 1, new)
    assert len(await store.signing_keys()) == 3
    assert await version_of(store) > before
    with pytest.raises(NotFound):
        await store.retire_signing_key(BLOG, "s2", NOW)
    with pytest.raises(Conflict):
        await store.add_signing_key(new)


WRITES: dict[str, Callable[[Store, str], Awaitable[object]]] = {
    "key": lambda store, project: store.add_key(api_key("k", project=project)),
    "signing key": lambda store, project: store.add_signing_key(
        SigningKey(id="s", project=project, secret=b"", created_at=NOW)
    ),
    "definition": lambda store, project: store.write_definitions([(definition(project=project), 0)]),
    "items": lambda store, project: store.put_items(project, [], NOW),
    "added members": lambda store, project: store.put_members(project, "vip", ["1"], replace=False, limit=9),
    "replaced members": lambda store, project: store.put_members(project, "vip", ["1"], replace=True, limit=9),
}


@pytest.mark.parametrize("write", WRITES)
async def test_a_project_that_does_not_exist_takes_nothing(store: Store, write: str) -> None:
    with pytest.raises(NotFound):
        await WRITES[write](store, "nowhere")
    await WRITES[write](store, SHOP)


# -- definitions -----------------------------------------------------------------------------------------------------


async def test_a_definition_comes_back_by_id_and_key(store: Store) -> None:
    new = definition(body={"name": "Ünïcode", "n": [1, 2.5, None]}, action="create")
    before = await version_of(store)
    await store.write_definitions([(new, 0)])
    for ref in ("abcde", "key-abcde"):
        assert await store.definition(SHOP, "campaign", ref) == new
    assert body(await store.definition(SHOP, "campaign", "abcde")) == {"name": "Ünïcode", "n": [1, 2.5, None]}
    assert await version_of(store) == before + 1
    assert await version_of(store, BLOG) == 0


@pytest.mark.parametrize(
    ("project", "kind", "ref"), [(BLOG, "campaign", "abcde"), (SHOP, "goal", "abcde"), (SHOP, "campaign", "x")]
)
async def test_a_definition_is_found_nowhere_else(store: Store, project: str, kind: Any, ref: str) -> None:
    await store.write_definitions([(definition(), 0)])
    with pytest.raises(NotFound):
        await store.definition(project, kind, ref)
    assert (await store.definition(SHOP, "campaign", "abcde")).id == "abcde"


async def test_an_id_is_meant_before_a_key(store: Store) -> None:
    await store.write_definitions([(definition("abcde"), 0), (definition("fghij", key="abcde"), 0)])
    assert (await store.definition(SHOP, "campaign", "abcde")).id == "abcde"


async def test_the_newest_version_is_in_force_and_every_version_is_kept(store: Store) -> None:
    for version in (1, 2, 3):
        await store.write_definitions([(definition(version=version), version - 1)])
    assert (await store.definition(SHOP, "campaign", "abcde")).version == 3
    assert (await store.definition(SHOP, "campaign", "abcde", version=2)).version == 2
    assert [one.version for one in await store.versions(SHOP, "campaign", "abcde")] == [3, 2, 1]
    assert await store.versions(BLOG, "campaign", "abcde") == []
    with pytest.raises(NotFound):
        await store.definition(SHOP, "campaign", "abcde", version=4)


async def test_definitions_are_listed_in_the_order_of_creation(store: Store) -> None:
    await store.write_definitions([(definition("zzzzz"), 0), (definition("goal1", kind="goal"), 0)])
    await store.write_definitions([(definition("aaaaa"), 0)])
    await store.write_definitions([(definition("zzzzz", 2), 1)])
    assert [(one.id, one.version) for one in await store.definitions(SHOP)] == [
        ("zzzzz", 2),
        ("goal1", 1),
        ("aaaaa", 1),
    ]
    assert [one.id for one in await store.definitions(SHOP, "campaign")] == ["zzzzz", "aaaaa"]
    assert await store.definitions(BLOG) == []


async def test_who_created_a_definition_is_known_whoever_wrote_it_since(store: Store) -> None:
    first = definition("abcde")
    await store.write_definitions([(first, 0), (definition("goal1", kind="goal"), 0)])
    await store.write_definitions([(definition("abcde", 2, author="ben", at=first.at + 5), 1)])
    assert await store.creators(SHOP, "campaign") == {"abcde": (first.author, first.at)}
    assert await store.creators(BLOG, "campaign") == {}


@pytest.mark.parametrize("expected", [0, 1, 3])
async def test_a_lost_lock_tells_both_versions_and_writes_nothing(store: Store, expected: int) -> None:
    await store.write_definitions([(definition(version=1), 0)])
    await store.write_definitions([(definition(version=2), 1)])
    before = await version_of(store)
    with pytest.raises(Conflict) as caught:
        await store.write_definitions([(definition("other"), 0), (definition(version=expected + 1), expected)])
    assert caught.value.extra["expected"] == expected
    assert caught.value.extra["current"] == definition(version=2)
    assert await version_of(store) == before
    assert [one.id for one in await store.definitions(SHOP)] == ["abcde"]


async def test_an_update_of_what_does_not_exist_is_a_conflict(store: Store) -> None:
    with pytest.raises(Conflict) as caught:
        await store.write_definitions([(definition(version=3), 2)])
    assert caught.value.extra["current"] is None


async def test_of_many_writers_of_one_version_one_wins(store: Store) -> None:
    await store.write_definitions([(definition(), 0)])
    writes = [store.write_definitions([(definition(version=2, author=f"writer {i}"), 1)]) for i in range(10)]
    answers = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(answer) for answer in answers].count(Conflict) == 9
    assert len(await store.versions(SHOP, "campaign", "abcde")) == 2


async def test_a_key_belongs_to_one_live_definition_of_a_kind(store: Store) -> None:
    await store.write_definitions([(definition("first", key="hero"), 0)])
    with pytest.raises(Conflict) as caught:
        await store.write_definitions([(definition("other", key="hero"), 0)])
    assert caught.value.extra["current"].id == "first"
    await store.write_definitions([(definition("goal1", kind="goal", key="hero"), 0)])
    await store.write_definitions([(definition("blog1", project=BLOG, key="hero"), 0)])


async def test_a_renamed_or_deleted_definition_frees_its_key(store: Store) -> None:
    await store.write_definitions([(definition("first", key="hero"), 0)])
    await store.write_definitions([(definition("first", 2, key="heroine"), 1)])
    await store.write_definitions([(definition("other", key="hero"), 0)])
    assert (await store.definition(SHOP, "campaign", "hero")).id == "other"
    await store.write_definitions([(definition("other", 2, key="hero", deleted=True, action="delete"), 1)])
    await store.write_definitions([(definition("third", key="hero"), 0)])
    assert (await store.definition(SHOP, "campaign", "hero")).id == "third"
    with pytest.raises(Conflict):
        await store.write_definitions([(definition("other", 3, key="hero"), 2)])


async def test_keys_can_change_hands_within_one_call(store: Store) -> None:
    await store.write_definitions([(definition("first", key="hero"), 0)])
    await store.write_definitions([(definition("first", 2, key="old"), 1), (definition("other", key="hero"), 0)])
    assert (await store.definition(SHOP, "campaign", "hero")).id == "other"


async def test_a_deleted_definition_hides_unless_a_version_is_named(store: Store) -> None:
    await store.write_definitions([(definition(), 0)])
    await store.write_definitions([(definition(version=2, deleted=True), 1)])
    for ref in ("abcde", "key-abcde"):
        with pytest.raises(NotFound):
            await store.definition(SHOP, "campaign", ref)
        assert (await store.definition(SHOP, "campaign", ref, version=1)).deleted is False
    assert await store.definitions(SHOP) == []
    assert [one.version for one in await store.definitions(SHOP, deleted=True)] == [2]
    await store.write_definitions([(definition(version=3), 2)])
    assert (await store.definition(SHOP, "campaign", "key-abcde")).version == 3


async def test_the_audit_log_has_every_write_in_pages(store: Store) -> None:
    for version in range(1, 8):
        await store.write_definitions([(definition(version=version, action=f"step {version}"), version - 1)])
    await store.write_definitions([(definition(project=BLOG), 0)])
    seen: list[str] = []
    before = 0
    while page := await store.audit(SHOP, limit=3, before=before):
        seen += [one.action for _, one in page]
        before = page[-1][0]
    assert seen == [f"step {version}" for version in range(7, 0, -1)]


async def test_settings_and_all_kinds_survive_a_restart(backend: Backend, store: Store) -> None:
    kinds: tuple[Any, ...] = ("campaign", "audience", "template", "goal", "settings")
    await store.write_definitions([(definition(kind, kind=kind), 0) for kind in kinds])
    await store.add_key(api_key("k1"))
    written, projects = await store.definitions(SHOP), await store.projects()
    await store.close()
    again = backend()
    await again.open()
    try:
        assert await again.definitions(SHOP) == written
        assert [one.kind for one in written] == list(kinds)
        assert await again.projects() == projects
        assert await again.keys() == [api_key("k1")]
    finally:
        await again.close()
