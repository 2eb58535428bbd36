"""Id lists and the catalogue: large, replaced while they are read, followed by change number."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tailorbird.domain.definitions import Item
from tailorbird.domain.errors import TooLarge
from tailorbird.store.contract import Store
from tests.store.conftest import Backend
from tests.store.small_fold import BLOG, NOW, SHOP, SmallFold, event

LIMIT = 1_000_000


async def version_of(store: Store) -> int:
    return (await store.projects())[0].version


# -- lists -----------------------------------------------------------------------------------------------------------


async def test_members_are_added_replaced_and_removed(store: Store) -> None:
    assert await store.put_members(SHOP, "vip", ['"b"', '"a"', '"a"', "1"], replace=False, limit=LIMIT) == 3
    assert await store.put_members(SHOP, "vip", ['"a"', '"c"'], replace=False, limit=LIMIT) == 4
    assert sorted(await store.members(SHOP, "vip")) == ['"a"', '"b"', '"c"', "1"]
    assert await store.remove_members(SHOP, "vip", ['"a"', '"zzz"']) == 1
    assert sorted(await store.members(SHOP, "vip")) == ['"b"', '"c"', "1"]
    assert await store.put_members(SHOP, "vip", ['"z"'], replace=True, limit=LIMIT) == 1
    assert await store.members(SHOP, "vip") == ['"z"']
    assert await store.put_members(SHOP, "vip", [], replace=True, limit=LIMIT) == 0
    assert await store.members(SHOP, "vip") == []


async def test_every_change_shows_in_the_change_number_and_the_project(store: Store) -> None:
    seen = []
    for step in range(4):
        match step:
            case 0 | 1:
                await store.put_members(SHOP, "vip", [str(step)], replace=False, limit=LIMIT)
            case 2:
                await store.remove_members(SHOP, "vip", ["1"])
            case _:
                await store.put_members(SHOP, "vip", [], replace=True, limit=LIMIT)
        seen.append((await store.list_sizes(SHOP))["vip"][1])
        assert await version_of(store) == seen[-1]
    assert seen == sorted(set(seen))
    assert await store.remove_members(SHOP, "vip", ["nobody"]) == 0
    assert (await store.list_sizes(SHOP))["vip"] == (0, seen[-1])


async def test_lists_are_apart_from_each_other_and_by_project(store: Store) -> None:
    await store.put_members(SHOP, "vip", ["1", "2"], replace=False, limit=LIMIT)
    await store.put_members(SHOP, "new", ["2"], replace=False, limit=LIMIT)
    await store.put_members(BLOG, "vip", ["3"], replace=False, limit=LIMIT)
    await store.remove_members(SHOP, "new", ["1", "2"])
    assert await store.members(SHOP, "vip") == ["1", "2"]
    assert await store.members(BLOG, "vip") == ["3"]
    assert {name: size for name, (size, _) in (await store.list_sizes(SHOP)).items()} == {"vip": 2, "new": 0}
    assert await store.members(SHOP, "nothing") == []
    assert await store.remove_members(SHOP, "nothing", ["1"]) == 0


@pytest.mark.parametrize("replace", [True, False])
async def test_a_list_over_its_limit_stays_as_it_was(store: Store, replace: bool) -> None:
    await store.put_members(SHOP, "vip", ["1", "2"], replace=True, limit=3)
    before = await store.list_sizes(SHOP)
    with pytest.raises(TooLarge):
        await store.put_members(SHOP, "vip", (str(i) for i in range(10, 60_000)), replace=replace, limit=3)
    assert await store.members(SHOP, "vip") == ["1", "2"]
    assert await store.list_sizes(SHOP) == before
    assert await store.put_members(SHOP, "vip", ["1", "2", "3"], replace=replace, limit=3) == 3


@pytest.mark.parametrize("replace", [True, False])
async def test_an_upload_that_breaks_off_leaves_nothing(store: Store, replace: bool) -> None:
    def broken() -> Iterator[str]:
        yield from (str(i) for i in range(30_000))
        raise ConnectionResetError

    await store.put_members(SHOP, "vip", ["-1"], replace=True, limit=LIMIT)
    with pytest.raises(ConnectionResetError):
        await store.put_members(SHOP, "vip", broken(), replace=replace, limit=LIMIT)
    assert await store.members(SHOP, "vip") == ["-1"]
    assert await store.put_members(SHOP, "vip", ["-2"], replace=False, limit=LIMIT) == 2
    assert await store.members(SHOP, "vip") == ["-1", "-2"]


async def test_readers_see_the_old_list_or_the_new_one_never_a_mixture(store: Store) -> None:
    old, new = {f'"old {i}"' for i in range(3_000)}, {f'"new {i}"' for i in range(60_000)}
    await store.put_members(SHOP, "vip", old, replace=True, limit=LIMIT)
    upload = asyncio.ensure_future(store.put_members(SHOP, "vip", new, replace=True, limit=LIMIT))
    seen = []
    while not upload.done():
        members = set(await store.members(SHOP, "vip"))
        assert members in (old, new)
        seen.append(len(members))
    assert seen[0] == 3_000, "the upload was over before anybody looked"
    assert await upload == 60_000
    assert set(await store.members(SHOP, "vip")) == new


async def test_events_go_on_while_a_list_is_uploaded(store: Store, fold: SmallFold) -> None:
    upload = asyncio.ensure_future(
        store.put_members(SHOP, "vip", (str(i) for i in range(150_000)), replace=True, limit=LIMIT)
    )
    committed = 0
    while not upload.done():
        await store.commit([event(f"e{committed}")], fold)
        committed += 1
    assert await upload == 150_000
    assert committed > 5


async def test_uploads_to_one_list_at_the_same_time_are_all_kept(store: Store) -> None:
    uploads = (
        store.put_members(SHOP, "vip", [str(i * 1_000 + j) for j in range(1_000)], replace=False, limit=LIMIT)
        for i in range(5)
    )
    assert sorted(await asyncio.gather(*uploads)) == [1_000, 2_000, 3_000, 4_000, 5_000]
    assert len(await store.members(SHOP, "vip")) == 5_000


async def test_many_members_are_removed_at_once(store: Store) -> None:
    await store.put_members(SHOP, "vip", (str(i) for i in range(50_000)), replace=True, limit=LIMIT)
    assert await store.remove_members(SHOP, "vip", (str(i) for i in range(5, 70_000))) == 49_995
    assert sorted(await store.members(SHOP, "vip")) == ["0", "1", "2", "3", "4"]
    assert (await store.list_sizes(SHOP))["vip"][0] == 5


async def test_lists_survive_a_restart(backend: Backend, store: Store) -> None:
    await store.put_members(SHOP, "vip", ['"名前"', '"nul \\u0000"'], replace=True, limit=LIMIT)
    sizes = await store.list_sizes(SHOP)
    await store.close()
    again = backend()
    await again.open(exclusive=True)
    try:
        assert await again.members(SHOP, "vip") == sorted(['"名前"', '"nul \\u0000"'])
        assert await again.list_sizes(SHOP) == sizes
    finally:
        await again.close()


# -- items -----------------------------------------------------------------------------------------------------------


def item(item_id: str, **attributes: object) -> Item:
    return Item(id=item_id, type="Product", attributes=attributes)


async def test_items_are_followed_by_change_number(store: Store) -> None:
    await store.put_items(SHOP, [item("a", price=1), item("b")], NOW)
    assert [(one, change) for one, _, change in await store.items(SHOP)] == [("a", 1), ("b", 1)]
    await store.put_items(SHOP, [item("b", price=2), item("c")], NOW)
    assert [(one, change) for one, _, change in await store.items(SHOP, changed_after=1)] == [("b", 2), ("c", 2)]
    assert await store.delete_items(SHOP, ["a", "nothing"], NOW) == 1
    assert await store.items(SHOP, changed_after=2) == [("a", None, 3)]
    assert await store.items(SHOP, changed_after=3) == []
    assert (await store.projects())[0].items_version == 3
    assert await version_of(store) == 0
    assert await store.items(BLOG) == []


async def test_items_are_listed_in_pages_in_the_order_of_their_ids(store: Store) -> None:
    await store.put_items(SHOP, [item(f"i{i:02}", n=i) for i in reversed(range(25))], NOW)
    await store.delete_items(SHOP, ["i03"], NOW)
    seen, after = [], ""
    while page := await store.item_page(SHOP, after=after, limit=10):
        seen += [one.id for one in page]
        after = page[-1].id
    assert seen == [f"i{i:02}" for i in range(25) if i != 3]
    assert (await store.item_page(SHOP, limit=1))[0] == item("i00", n=0)
    assert await store.item_page(BLOG) == []


async def test_a_deleted_item_can_come_back_and_is_deleted_once(store: Store) -> None:
    await store.put_items(SHOP, [item("a")], NOW)
    assert await store.delete_items(SHOP, ["a", "a"], NOW) == 1
    assert await store.delete_items(SHOP, ["a"], NOW) == 0
    await store.put_items(SHOP, [item("a", back=True)], NOW)
    assert await store.item_page(SHOP) == [item("a", back=True)]


async def test_of_two_items_with_one_id_the_last_stays(store: Store) -> None:
    await store.put_items(SHOP, [item("a", n=1), item("a", n=2)], NOW)
    assert await store.item_page(SHOP) == [item("a", n=2)]


async def test_a_whole_catalogue_at_once(store: Store) -> None:
    await store.put_items(SHOP, [item(str(i), name=f"Item {i}") for i in range(5_000)], NOW)
    assert len(await store.items(SHOP)) == 5_000
    assert await store.delete_items(SHOP, [str(i) for i in range(4_999)], NOW) == 4_999
    assert [one.id for one in await store.item_page(SHOP)] == ["4999"]
