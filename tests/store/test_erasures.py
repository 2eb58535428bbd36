"""What is kept of an erasure, so that it can be repeated in a copy of the data; and words about the database."""

from __future__ import annotations

from tailorbird.domain.access import SigningKey
from tailorbird.domain.erasure import Erasure, hashed_id
from tailorbird.domain.visitor import Visitor
from tailorbird.store.contract import INCARNATION, Store
from tests.store.conftest import Backend
from tests.store.small_fold import BLOG, NOW, SHOP, SmallFold, alias, event, link

SECRET = b"s" * 32


async def person_of(store: Store, visitor_id: str, project: str = SHOP) -> int:
    found = await store.find(project, Visitor(id=visitor_id))
    assert found.known is not None
    return found.known.person


async def test_an_erasure_is_noted_without_the_ids_that_it_concerned(store: Store, fold: SmallFold) -> None:
    await store.commit([link("ann", "device")], fold)
    ann = await person_of(store, "ann")
    assert await store.erasures() == []
    await store.erase(SHOP, ann, NOW)
    (noted,) = await store.erasures()
    assert (noted.project, noted.person, noted.at, noted.key) == (SHOP, ann, NOW, f"sign-{SHOP}")
    assert set(noted.ids) == {hashed_id(SECRET, "u", "ann"), hashed_id(SECRET, "a", "device")}
    assert "ann" not in repr(noted)
    assert "device" not in repr(noted)


async def test_everyone_merged_along_is_noted(store: Store, fold: SmallFold) -> None:
    await store.commit([event("a", "ann"), event("b", "bob")], fold)
    ann, bob = await person_of(store, "ann"), await person_of(store, "bob")
    await store.commit([alias("ann", "bob")], fold)
    await store.erase(SHOP, bob, NOW)
    noted = await store.erasures()
    assert {one.person for one in noted} == {ann, bob}
    assert {name for one in noted for name in one.ids} == {hashed_id(SECRET, "u", name) for name in ("ann", "bob")}


async def test_ids_are_hashed_with_the_oldest_key_which_every_copy_has(store: Store, fold: SmallFold) -> None:
    await store.add_signing_key(SigningKey(id="a-newer-one", project=SHOP, secret=b"n" * 32, created_at=2_000))
    await store.retire_signing_key(SHOP, f"sign-{SHOP}", 3_000)
    await store.commit([event("a", "ann")], fold)
    await store.erase(SHOP, await person_of(store, "ann"), NOW)
    assert [one.key for one in await store.erasures()] == [f"sign-{SHOP}"]


async def test_erasures_are_told_by_project_and_time(store: Store, fold: SmallFold) -> None:
    await store.commit([event("a", "ann"), event("b", "bob"), event("c", "eve", project=BLOG)], fold)
    for number, (project, name) in enumerate(((SHOP, "ann"), (SHOP, "bob"), (BLOG, "eve"))):
        await store.erase(project, await person_of(store, name, project), NOW + number)
    assert [one.at - NOW for one in await store.erasures()] == [0, 1, 2]
    assert [one.at - NOW for one in await store.erasures(SHOP)] == [0, 1]
    assert [one.at - NOW for one in await store.erasures(SHOP, NOW + 1)] == [1]
    assert [one.at - NOW for one in await store.erasures(since=NOW + 1)] == [1, 2]


async def test_erasures_of_another_copy_are_kept_once(store: Store) -> None:
    told = [
        Erasure(project=SHOP, person=7, at=NOW, key="k", ids=("00", "ff")),
        Erasure(project=SHOP, person=8, at=NOW),
        Erasure(project=SHOP, person=7, at=NOW + 1),
    ]
    await store.note_erasures(told)
    await store.note_erasures([told[1], told[0]])
    assert await store.erasures() == told
    await store.note_erasures([])
    assert len(await store.erasures()) == 3


async def test_noted_erasures_and_words_survive_a_restart(backend: Backend, store: Store) -> None:
    told = Erasure(project=SHOP, person=7, at=NOW, key="k", ids=("00",))
    await store.note_erasures([told])
    await store.set_meta("colour", "green")
    await store.close()
    again = backend()
    await again.open()
    try:
        assert await again.erasures() == [told]
        assert await again.meta("colour") == "green"
    finally:
        await again.close()


async def test_a_word_is_empty_until_it_is_set_and_can_be_replaced(store: Store) -> None:
    assert await store.meta("colour") == ""
    await store.set_meta("colour", "green")
    await store.set_meta("colour", "blue")
    assert await store.meta("colour") == "blue"


async def test_a_database_is_born_with_an_incarnation(store: Store) -> None:
    assert len(await store.meta(INCARNATION)) == 32


async def test_ids_are_paged_with_the_person_they_lead_to(store: Store, fold: SmallFold) -> None:
    people = [event(f"e{i}", Visitor(id=f"v{i}", anonymous_id=f"d{i}")) for i in range(5)]
    await store.commit([*people, event("other", "x", project=BLOG)], fold)
    seen = []
    after = ("", "")
    while page := await store.id_page(SHOP, after, 3):
        assert len(page) <= 3
        seen += page
        after = page[-1][:2]
    assert [(kind, name) for kind, name, _ in seen] == [("a", f"d{i}") for i in range(5)] + [
        ("u", f"v{i}") for i in range(5)
    ]
    assert [person for kind, name, person in seen if name in ("v3", "d3")] == [await person_of(store, "v3")] * 2
    assert [name for _, name, _ in await store.id_page(BLOG)] == ["x"]
