"""Notes stand in the history with what they tell of, in the same transaction, on both backends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tailorbird.domain.accounts import Account, Change
from tailorbird.domain.audit import AccountNote, Note, NoteKind, Telling, Told, together
from tailorbird.domain.definitions import Item
from tailorbird.domain.errors import Conflict, TooLarge
from tailorbird.domain.visitor import Visitor
from tailorbird.store.contract import Store
from tests.store.conftest import Backend
from tests.store.small_fold import BLOG, NOW, SHOP, SmallFold, event
from tests.store.test_definitions import api_key, definition


def note(note_id: str, kind: NoteKind = "key", **fields: Any) -> Note:
    fields = {"project": SHOP, "name": "backend", "author": "ann", "at": NOW, "action": "make", **fields}
    return Note(kind=kind, id=note_id, **fields)


def always(note_id: str, kind: NoteKind = "key", **fields: Any) -> Telling:
    return lambda _: note(note_id, kind, **fields)


async def told(store: Store, project: str = SHOP, **more: Any) -> list[tuple[str, str]]:
    """Kind and id of what the history holds, newest first."""
    return [(one.kind, one.id) for _, one in await store.audit(project, **more)]


async def test_notes_and_versions_are_one_history(store: Store) -> None:
    await store.add_key(api_key("k1"), tell=always("n1"))
    await store.write_definitions([(definition(), 0)])
    await store.revoke_key(SHOP, "k1", NOW, tell=always("n2", action="revoke"))
    assert await told(store) == [("key", "n2"), ("campaign", "abcde"), ("key", "n1")]
    assert await told(store, limit=2) == [("key", "n2"), ("campaign", "abcde")]
    newest = (await store.audit(SHOP, limit=1))[0][0]
    assert await told(store, before=newest) == [("campaign", "abcde"), ("key", "n1")]
    assert await told(store, kind="key") == [("key", "n2"), ("key", "n1")]
    assert await told(store, kind="goal") == await told(store, BLOG) == []


async def test_notes_are_no_definitions(store: Store) -> None:
    await store.add_key(api_key("k1"), tell=always("n1"))
    assert await store.definitions(SHOP) == []
    ((_, kept),) = await store.audit(SHOP)
    assert (kept.version, kept.key, kept.author, kept.at, kept.action) == (0, "backend", "ann", NOW, "make")


async def test_what_fails_leaves_no_note(store: Store) -> None:
    await store.add_key(api_key("k1"))
    with pytest.raises(Conflict):
        await store.add_key(api_key("k1"), tell=always("n1"))
    with pytest.raises(TooLarge):
        await store.put_members(SHOP, "list", ['"a"', '"b"'], replace=True, limit=1, tell=always("n2", "list"))
    assert await told(store) == []


async def test_a_note_is_made_of_what_the_act_answers(store: Store) -> None:
    heard: list[Any] = []

    def hear(result: Any) -> None:
        heard.append(result)

    await store.put_members(SHOP, "list", ['"a"', '"b"'], replace=True, limit=9, tell=hear)
    await store.put_members(SHOP, "list", ['"b"', '"c"'], replace=False, limit=9, tell=hear)
    await store.remove_members(SHOP, "list", ['"a"', '"x"'], tell=hear)
    await store.put_items(SHOP, [Item(id="mug")], NOW, tell=hear)
    await store.delete_items(SHOP, ["mug", "cup"], NOW, tell=hear)
    assert heard == [2, 3, 1, None, 1]
    assert await told(store) == []


async def test_removing_very_many_members_is_told_as_how_many(store: Store) -> None:
    members = [f'"{number}"' for number in range(30_000)]
    await store.put_members(SHOP, "list", members, replace=True, limit=30_000)
    heard: list[Any] = []
    assert await store.remove_members(SHOP, "list", members[:25_000], tell=heard.append) == 25_000
    assert heard == [25_000]


async def test_members_and_invitations_are_noted_where_something_was_done(store: Store) -> None:
    accounts = store.accounts
    await accounts.create(Account(id="ann", email="ann@example.org", name="Ann", password=""))

    def unless_false(note_id: str) -> Telling:
        return lambda result: None if result is False else note(note_id, "member")

    await accounts.put_member(SHOP, "ann", "editor", NOW, tell=unless_false("n1"))
    assert await accounts.remove_member(SHOP, "ann", tell=unless_false("n2"))
    assert not await accounts.remove_member(SHOP, "ann", tell=unless_false("n3"))
    assert not await accounts.end_invitation(SHOP, "none", tell=unless_false("n4"))
    assert await told(store) == [("member", "n2"), ("member", "n1")]


async def test_an_erasure_is_noted(store: Store) -> None:
    await store.commit([event("1", "ann")], SmallFold())
    found = (await store.find(SHOP, Visitor(id="ann"))).known
    assert found is not None
    await store.erase(SHOP, found.person, NOW, tell=always("n1", "person"))
    assert await told(store) == [("person", "n1")]


async def test_notes_of_one_id_add_up_whoever_writes_them(store: Store, backend: Backend) -> None:
    other = store
    if not type(store).__name__.startswith("Sqlite"):  # one process owns the file
        other = backend()
        await other.open()

    def counted(many: int, size: int) -> Callable[[Any], Note]:
        return always("n1", "items", told=Told(after={"size": size}, counts={"items": many}))  # type: ignore[return-value]

    places = (store, other, store, other)
    await asyncio.gather(
        *(one.put_items(SHOP, [Item(id=str(n))], NOW, tell=counted(n, 7)) for n, one in enumerate(places, 1))
    )
    ((_, kept),) = await store.audit(SHOP)
    assert msgspec.json.decode(kept.body) == {"of": "", "before": {}, "after": {"size": 7}, "counts": {"items": 10}}
    if other is not store:
        await other.close()


# -- accounts ---------------------------------------------------------------------------------------------------------

ADA = Account(id="ada", email="ada@example.org", name="Ada", password="hash of a password", owner=True)
BEN = Account(id="ben", email="ben@example.org", name="Ben", password="hash of a password")


def of(account: Account, action: str, **told: Any) -> AccountNote:
    return AccountNote(account=account.id, email=account.email, author="ann", at=NOW, action=action, told=Told(**told))


async def acts(store: Store, **more: Any) -> list[tuple[str, str]]:
    return [(one.email.split("@")[0], one.action) for _, one in await store.accounts.notes(**more)]


async def test_what_is_done_to_accounts_is_a_history_of_its_own(store: Store) -> None:
    accounts = store.accounts
    await accounts.create(ADA, tell=lambda _: of(ADA, "create", after={"name": "Ada"}))
    await accounts.create(BEN, tell=lambda _: of(BEN, "create"))
    renamed = of(BEN, "rename", before={"name": "Ben"}, after={"name": "Benjamin"})
    await accounts.change("ben", Change(name="Benjamin"), tell=lambda _: renamed)
    await accounts.delete("ben", tell=lambda _: of(BEN, "delete"))
    assert await acts(store) == [("ben", "delete"), ("ben", "rename"), ("ben", "create"), ("ada", "create")]
    page = await accounts.notes(2)
    assert [one for _, one in page] == [of(BEN, "delete"), renamed]
    assert await acts(store, before=page[-1][0]) == [("ben", "create"), ("ada", "create")]
    assert await told(store) == await told(store, BLOG) == []


async def test_what_is_not_done_to_an_account_leaves_no_note(store: Store) -> None:
    accounts = store.accounts
    await accounts.create(ADA)
    for work in (
        accounts.create(ADA, tell=lambda _: of(ADA, "create")),
        accounts.change("ada", Change(owner=False), tell=lambda _: of(ADA, "take ownership away")),
        accounts.delete("ada", tell=lambda _: of(ADA, "delete")),
    ):
        with pytest.raises(Conflict):
            await work
    assert await accounts.choose_password(b"none", NOW, "hash", tell=lambda made: made and of(made, "choose")) is None
    assert await acts(store) == []


async def test_an_act_may_stand_in_two_histories(store: Store) -> None:
    await store.accounts.create(ADA, tell=together(always("n1", "member"), lambda _: of(ADA, "create"), lambda _: None))
    assert (await told(store), await acts(store)) == ([("member", "n1")], [("ada", "create")])
