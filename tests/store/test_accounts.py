"""Accounts, sessions, memberships, invitations and the limits of trying, on both backends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from tailorbird.domain.accounts import Account, Change, Invitation, Session
from tailorbird.domain.errors import Conflict, NotFound
from tailorbird.store.accounts import KEPT_MS, SETUP_CODES
from tailorbird.store.contract import Store
from tests.store.conftest import Backend
from tests.store.small_fold import BLOG, SHOP

DAY = 86_400_000
ADA = Account(id="ada", email="ada@example.org", name="Ada", password="hash-a", owner=True, created_at=1)
BEN = Account(id="ben", email="ben@example.org", name="Ben", password="hash-b", created_at=2)


def session(number: int, account: str = "ada", **more: Any) -> Session:
    told: dict[str, Any] = {"created_at": 10 + number, "seen_at": 10, "expires_at": 10 + DAY, **more}
    return Session(id=f"s{number}", digest=bytes([number]) * 32, account=account, agent="Firefox", **told)


def invitation(number: int, **more: Any) -> Invitation:
    told: dict[str, Any] = {
        "kind": "join",
        "project": SHOP,
        "role": "editor",
        "invited_by": ADA.email,
        "created_at": 10 + number,
        "expires_at": 1_000,
        **more,
    }
    return Invitation(id=f"i{number}", digest=bytes([number]) * 32, **told)


# -- the first account ------------------------------------------------------------------------------------------------


async def test_the_first_account_needs_a_code_and_ends_all_codes(store: Store) -> None:
    assert not await store.accounts.exist()
    await store.accounts.add_setup_code(b"one", 1)
    await store.accounts.add_setup_code(b"two", 2)
    assert not await store.accounts.create_first(ADA, b"three")
    assert not await store.accounts.exist()
    assert await store.accounts.create_first(ADA, b"one")
    assert await store.accounts.all() == [ADA]
    for attempt in (store.accounts.create_first(BEN, b"two"), store.accounts.add_setup_code(b"four", 3)):
        with pytest.raises(Conflict):
            await attempt


async def test_a_code_outlives_a_restart_and_is_good_for_every_process(backend: Backend, store: Store) -> None:
    await store.accounts.add_setup_code(b"one", 1)
    other = backend()
    await other.open()
    assert await other.accounts.create_first(ADA, b"one")
    await other.close()
    assert await store.accounts.exist()


async def test_of_many_starts_the_newest_codes_are_good(store: Store) -> None:
    for number in range(SETUP_CODES + 2):
        await store.accounts.add_setup_code(b"%d" % number, 7)
    assert not await store.accounts.create_first(ADA, b"-")
    assert await store.accounts.create_first(ADA, b"%d" % (SETUP_CODES + 1))


async def test_a_new_code_may_end_all_others(store: Store) -> None:
    await store.accounts.add_setup_code(b"one", 1)
    await store.accounts.add_setup_code(b"two", 2, only=True)
    assert not await store.accounts.create_first(ADA, b"one")
    assert await store.accounts.create_first(ADA, b"two")


async def test_of_two_who_use_a_code_at_once_one_is_the_first(store: Store) -> None:
    await store.accounts.add_setup_code(b"one", 1)
    tried = [store.accounts.create_first(one, b"one") for one in (ADA, replace(BEN, owner=True))]
    made = await asyncio.gather(*tried, return_exceptions=True)
    assert sorted(type(one).__name__ for one in made) == ["Conflict", "bool"]
    assert len(await store.accounts.all()) == 1


# -- accounts ---------------------------------------------------------------------------------------------------------


async def test_an_address_has_one_account(store: Store) -> None:
    await store.accounts.create(ADA)
    with pytest.raises(Conflict):
        await store.accounts.create(replace(BEN, email=ADA.email))
    await store.accounts.create(BEN)
    assert await store.accounts.by_email(BEN.email) == BEN
    assert await store.accounts.by_email("nobody@example.org") is None
    assert await store.accounts.account("ben") == BEN
    with pytest.raises(NotFound):
        await store.accounts.account("cid")


async def test_the_last_owner_stays_one(store: Store) -> None:
    await store.accounts.create(ADA)
    await store.accounts.create(BEN)
    for attempt in (
        store.accounts.change("ada", Change(owner=False)),
        store.accounts.change("ada", Change(disabled_at=5)),
        store.accounts.delete("ada"),
    ):
        with pytest.raises(Conflict):
            await attempt
    assert await store.accounts.account("ada") == ADA
    changed = await store.accounts.change("ben", Change(owner=True, name="Benjamin"))
    assert changed == replace(BEN, owner=True, name="Benjamin")
    await store.accounts.delete("ada")
    assert [one.name for one in await store.accounts.all()] == ["Benjamin"]
    with pytest.raises(NotFound):
        await store.accounts.delete("ada")
    with pytest.raises(NotFound):
        await store.accounts.change("ada", Change(name="Ada"))


async def test_of_two_owners_who_leave_at_once_one_stays(store: Store) -> None:
    await store.accounts.create(ADA)
    await store.accounts.create(replace(BEN, owner=True))
    await asyncio.gather(store.accounts.delete("ada"), store.accounts.delete("ben"), return_exceptions=True)
    assert len(await store.accounts.all()) == 1


async def test_an_account_leaves_with_all_that_is_its_own(store: Store) -> None:
    await store.accounts.create(ADA)
    await store.accounts.create(BEN)
    await store.accounts.add_session(session(1, "ben"))
    await store.accounts.add_session(session(2, "ada"))
    await store.accounts.put_member(SHOP, "ben", "editor", 3)
    await store.accounts.add_invitation(invitation(1, kind="password", project="", account="ben"))
    await store.accounts.delete("ben")
    assert await store.accounts.visit(bytes([1]) * 32, SHOP, 10) is None
    assert await store.accounts.visit(bytes([2]) * 32, SHOP, 10) is not None
    assert await store.accounts.members(SHOP) == []
    assert await store.accounts.invitation(bytes([1]) * 32) is None


# -- sessions ---------------------------------------------------------------------------------------------------------


async def test_a_session_tells_the_account_and_its_role_in_the_project_alone(store: Store) -> None:
    await store.accounts.create(ADA)
    await store.accounts.add_session(session(1))
    await store.accounts.put_member(SHOP, "ada", "publisher", 3)
    for project, role in ((SHOP, "publisher"), (BLOG, None), ("", None)):
        found = await store.accounts.visit(bytes([1]) * 32, project, 10)
        assert found is not None
        assert (found.session, found.account, found.role) == (session(1), ADA, role)
    assert await store.accounts.visit(bytes([9]) * 32, SHOP, 10) is None


async def test_a_session_ends_when_its_time_is_up_and_moves_on_with_use(store: Store) -> None:
    await store.accounts.create(ADA)
    await store.accounts.add_session(session(1))
    digest = bytes([1]) * 32
    assert await store.accounts.visit(digest, "", 9 + DAY) is not None
    assert await store.accounts.visit(digest, "", 10 + DAY) is None
    await store.accounts.touch_session("s1", 20, 20 + DAY)
    await store.accounts.touch_session("s1", 15, 15 + DAY)  # another process, later by its own clock
    found = await store.accounts.visit(digest, "", 10 + DAY)
    assert found is not None
    assert (found.session.seen_at, found.session.expires_at) == (20, 20 + DAY)


async def test_sessions_are_ended_one_by_one_or_all_but_one(store: Store) -> None:
    await store.accounts.create(ADA)
    await store.accounts.create(BEN)
    for number in (1, 2, 3):
        await store.accounts.add_session(session(number))
    await store.accounts.add_session(session(4, "ben"))
    await store.accounts.add_session(session(5, expires_at=10))
    assert [one.id for one in await store.accounts.sessions("ada", 10)] == ["s3", "s2", "s1"]
    assert not await store.accounts.end_session("ben", "s1")
    assert await store.accounts.end_session("ada", "s1")
    assert await store.accounts.end_sessions("ada", keep="s3") == 2
    assert [one.id for one in await store.accounts.sessions("ada", 10)] == ["s3"]
    assert await store.accounts.end_sessions("ada") == 1
    assert [one.id for one in await store.accounts.sessions("ben", 10)] == ["s4"]


async def test_who_is_disabled_is_signed_out_for_good(store: Store) -> None:
    await store.accounts.create(ADA)
    await store.accounts.create(BEN)
    await store.accounts.add_session(session(1, "ben"))
    await store.accounts.change("ben", Change(disabled_at=5))
    await store.accounts.add_session(session(2, "ben"))
    for number in (1, 2):
        assert await store.accounts.visit(bytes([number]) * 32, "", 10) is None


# -- memberships and invitations --------------------------------------------------------------------------------------


async def test_members_have_one_role_in_each_project(store: Store) -> None:
    await store.accounts.create(ADA)
    await store.accounts.create(BEN)
    await store.accounts.put_member(SHOP, "ben", "viewer", 3)
    await store.accounts.put_member(SHOP, "ben", "admin", 4)
    await store.accounts.put_member(BLOG, "ben", "editor", 5)
    await store.accounts.put_member(SHOP, "ada", "viewer", 6)
    assert await store.accounts.roles("ben") == {SHOP: "admin", BLOG: "editor"}
    told = [(one.email, one.name, one.role, one.at) for one in await store.accounts.members(SHOP)]
    assert told == [("ada@example.org", "Ada", "viewer", 6), ("ben@example.org", "Ben", "admin", 3)]
    assert await store.accounts.remove_member(SHOP, "ben")
    assert not await store.accounts.remove_member(SHOP, "ben")
    assert await store.accounts.roles("ben") == {BLOG: "editor"}
    with pytest.raises(NotFound):
        await store.accounts.put_member(SHOP, "nobody", "viewer", 7)


async def test_an_invitation_makes_a_member_once(store: Store) -> None:
    await store.accounts.create(ADA)
    await store.accounts.add_invitation(invitation(1))
    digest = bytes([1]) * 32
    assert await store.accounts.invitation(digest) == invitation(1)
    used = await store.accounts.join(digest, 20, "ben", BEN)
    assert used == invitation(1, used_at=20)
    assert await store.accounts.roles("ben") == {SHOP: "editor"}
    assert await store.accounts.join(digest, 21, "ada") is None
    assert await store.accounts.roles("ada") == {}


async def test_an_invitation_expires(store: Store) -> None:
    await store.accounts.create(ADA)
    await store.accounts.add_invitation(invitation(1))
    assert await store.accounts.join(bytes([1]) * 32, 1_000, "ada") is None
    assert await store.accounts.join(bytes([1]) * 32, 999, "ada") is not None


async def test_an_invitation_whose_account_cannot_be_made_is_not_used(store: Store) -> None:
    await store.accounts.create(ADA)
    await store.accounts.add_invitation(invitation(1))
    with pytest.raises(Conflict):
        await store.accounts.join(bytes([1]) * 32, 20, "new", replace(BEN, id="new", email=ADA.email))
    assert await store.accounts.join(bytes([1]) * 32, 20, "ada") is not None


@pytest.mark.parametrize(("held", "then"), [("viewer", "editor"), ("publisher", "publisher")])
async def test_an_invitation_takes_no_role_away(store: Store, held: Any, then: str) -> None:
    await store.accounts.create(ADA)
    await store.accounts.put_member(SHOP, "ada", held, 3)
    await store.accounts.add_invitation(invitation(1))
    await store.accounts.join(bytes([1]) * 32, 20, "ada")
    assert await store.accounts.roles("ada") == {SHOP: then}


async def test_invitations_belong_to_their_project(store: Store) -> None:
    for number, project in ((1, SHOP), (2, SHOP), (3, BLOG)):
        await store.accounts.add_invitation(invitation(number, project=project))
    assert [one.id for one in await store.accounts.invitations(SHOP)] == ["i2", "i1"]
    assert not await store.accounts.end_invitation(BLOG, "i1")
    assert await store.accounts.end_invitation(SHOP, "i1")
    assert await store.accounts.invitation(bytes([1]) * 32) is None


async def test_a_link_to_a_new_password_signs_out_everywhere_and_works_once(store: Store) -> None:
    await store.accounts.create(ADA)
    await store.accounts.add_session(session(1))
    await store.accounts.add_invitation(invitation(1, kind="password", project="", account="ada"))
    assert await store.accounts.join(bytes([1]) * 32, 20, "ada") is None
    changed = await store.accounts.choose_password(bytes([1]) * 32, 20, "new")
    assert changed is not None
    assert (await store.accounts.account("ada")).password == "new"
    assert await store.accounts.sessions("ada", 10) == []
    assert await store.accounts.choose_password(bytes([1]) * 32, 20, "newer") is None
    await store.accounts.add_invitation(invitation(2))
    assert await store.accounts.choose_password(bytes([2]) * 32, 20, "newest") is None


# -- limits -----------------------------------------------------------------------------------------------------------


async def test_attempts_are_limited_and_come_back_with_time(store: Store) -> None:
    assert [await store.accounts.attempt(b"a", 1_000, 100, 3) for _ in range(4)] == [0, 0, 0, 100]
    assert await store.accounts.attempt(b"b", 1_000, 100, 3) == 0
    assert await store.accounts.attempt(b"a", 1_060, 100, 3) == 40
    assert await store.accounts.attempt(b"a", 1_100, 100, 3) == 0
    assert await store.accounts.attempt(b"a", 1_100, 100, 3) == 100
    await store.accounts.forget_attempts(b"a")
    assert await store.accounts.attempt(b"a", 1_100, 100, 3) == 0


async def test_attempts_at_once_are_counted_each(store: Store) -> None:
    told = await asyncio.gather(*[store.accounts.attempt(b"a", 1_000, 100, 3) for _ in range(8)])
    assert sum(1 for wait in told if not wait) == 3


async def test_what_ended_long_ago_is_removed(store: Store) -> None:
    await store.accounts.create(ADA)
    await store.accounts.add_session(session(1, expires_at=100))
    await store.accounts.add_session(session(2, expires_at=300))
    await store.accounts.add_invitation(invitation(1, expires_at=200))
    await store.accounts.prune(200)
    assert [one.id for one in await store.accounts.sessions("ada", 0)] == ["s2"]
    assert len(await store.accounts.invitations(SHOP)) == 1
    await store.accounts.prune(200 + KEPT_MS)
    assert await store.accounts.invitations(SHOP) == []


async def test_every_way_in_can_be_ended_and_accounts_stay(store: Store) -> None:
    await store.accounts.add_setup_code(b"one", 1)
    await store.accounts.create(ADA)
    await store.accounts.put_member(SHOP, "ada", "editor", 3)
    await store.accounts.add_session(session(1))
    await store.accounts.add_invitation(invitation(2))
    await store.accounts.end_ways_in()
    assert await store.accounts.sessions("ada", 0) == []
    assert await store.accounts.invitation(bytes([2]) * 32) is None
    assert await store.accounts.all() == [ADA]
    assert await store.accounts.roles("ada") == {SHOP: "editor"}


async def test_a_project_is_called_something_else_and_keeps_its_key(store: Store) -> None:
    before = (await store.projects())[0]
    await store.rename_project(SHOP, "Our shop")
    after = (await store.projects())[0]
    assert (after.key, after.name, after.version) == (before.key, "Our shop", before.version + 1)
    with pytest.raises(NotFound):
        await store.rename_project("nowhere", "x")
