"""What came in: refused events, the schema that was seen, counters, remembered answers."""

from __future__ import annotations

import asyncio

from tailorbird.store.contract import Rejected, SchemaRow, Store
from tests.store.small_fold import BLOG, DAY, NOW, SHOP, SmallFold, event

MINUTE = 60_000


def refused(number: int, at: int = NOW) -> Rejected:
    return Rejected(at=at, name="view", field=f"events[{number}].time", error="too old", masked={"id": "text(5)"})


async def test_refused_events_newest_first(store: Store) -> None:
    await store.note_rejected(SHOP, [refused(1), refused(2)])
    await store.note_rejected(SHOP, [refused(3)])
    assert await store.rejected(SHOP) == [refused(3), refused(2), refused(1)]
    assert await store.rejected(SHOP, limit=1) == [refused(3)]
    assert await store.rejected(BLOG) == []


async def test_of_a_project_the_last_thousand_refused_events_are_kept(store: Store) -> None:
    await store.note_rejected(BLOG, [refused(0)])
    for start in range(0, 1_500, 500):
        await store.note_rejected(SHOP, [refused(number) for number in range(start, start + 500)])
    await store.note_rejected(SHOP, [refused(number) for number in range(1_500, 1_503)])
    kept = await store.rejected(SHOP, limit=5_000)
    assert [one.field for one in kept] == [refused(number).field for number in range(1_502, 502, -1)]
    assert len(await store.rejected(BLOG)) == 1


async def test_more_than_a_thousand_refused_at_once(store: Store) -> None:
    await store.note_rejected(SHOP, [refused(number) for number in range(1_200)])
    kept = await store.rejected(SHOP, limit=5_000)
    assert (len(kept), kept[0], kept[-1]) == (1_000, refused(1_199), refused(200))


async def test_refused_events_go_after_a_week(store: Store) -> None:
    await store.note_rejected(SHOP, [refused(1, NOW - 7 * DAY - 1), refused(2, NOW - 7 * DAY)])
    assert (await store.prune(NOW, {}, {}))["rejected"] == 1
    assert await store.rejected(SHOP) == [refused(2, NOW - 7 * DAY)]


async def test_schema_rows_add_up_and_widen(store: Store) -> None:
    def row(kind: str, name: str, value: str, first: int, last: int, count: int) -> SchemaRow:
        return SchemaRow(kind=kind, name=name, type=value, first_at=first, last_at=last, count=count)

    await store.note_schema(SHOP, [row("attribute", "plan", "text", 20, 30, 2), row("event", "view", "", 20, 20, 1)])
    await store.note_schema(
        SHOP, [row("attribute", "plan", "text", 10, 25, 3), row("attribute", "plan", "number", 5, 5, 1)]
    )
    await store.note_schema(SHOP, [row("attribute", "plan", "text", 22, 40, 1)])
    assert await store.schema(SHOP) == [
        row("attribute", "plan", "number", 5, 5, 1),
        row("attribute", "plan", "text", 10, 40, 6),
        row("event", "view", "", 20, 20, 1),
    ]
    assert await store.schema(BLOG) == []


async def test_counters_add_up_per_project(store: Store, fold: SmallFold) -> None:
    await store.commit([event("e1"), event("e2")], fold)
    await store.commit([event("e3"), event("e1", project=BLOG)], fold)
    assert await store.counts(SHOP) == {"events": 3}
    assert await store.counts(BLOG) == {"events": 1}
    assert await store.counts("nowhere") == {}


async def test_an_answer_is_remembered_for_its_request_and_project(store: Store) -> None:
    await store.remember_answer(SHOP, "r1", b'{"a": 1}', NOW)
    assert await store.remembered_answer(SHOP, "r1", NOW - 10 * MINUTE) == b'{"a": 1}'
    assert await store.remembered_answer(SHOP, "r1", NOW) == b'{"a": 1}'
    assert await store.remembered_answer(SHOP, "r1", NOW + 1) is None
    assert await store.remembered_answer(BLOG, "r1", 0) is None
    assert await store.remembered_answer(SHOP, "r2", 0) is None


async def test_the_first_of_two_answers_stays(store: Store) -> None:
    await asyncio.gather(*(store.remember_answer(SHOP, "r1", f"{i}".encode(), NOW + i) for i in range(5)))
    assert await store.remembered_answer(SHOP, "r1", 0) == b"0"
    await store.remember_answer(SHOP, "r1", b"still first", NOW + 10 * MINUTE)
    assert await store.remembered_answer(SHOP, "r1", 0) == b"0"
    await store.remember_answer(SHOP, "r1", b"a new one", NOW + 10 * MINUTE + 1)
    assert await store.remembered_answer(SHOP, "r1", 0) == b"a new one"


async def test_answers_go_after_ten_minutes(store: Store) -> None:
    await store.remember_answer(SHOP, "old", b"1", NOW - 10 * MINUTE - 1)
    await store.remember_answer(SHOP, "young", b"2", NOW - 10 * MINUTE)
    assert (await store.prune(NOW, {}, {}))["answers"] == 1
    assert await store.remembered_answer(SHOP, "old", 0) is None
    assert await store.remembered_answer(SHOP, "young", 0) == b"2"


async def test_recent_events_of_the_whole_project(store: Store, fold: SmallFold) -> None:
    await store.commit([event(f"e{i}", f"v{i}") for i in range(5)] + [event("other", project=BLOG)], fold)
    recent = await store.recent_events(SHOP, limit=3)
    assert [one["id"] for one in recent] == ["e4", "e3", "e2"]
    assert "person" not in recent[0]
    assert await store.recent_events(SHOP, after=recent[0]["seq"]) == []
    await store.commit([event("e5")], fold)
    assert [one["id"] for one in await store.recent_events(SHOP, after=recent[0]["seq"])] == ["e5"]


async def test_all_events_are_streamed_in_order_with_their_person(store: Store, fold: SmallFold) -> None:
    await store.commit([event(f"e{i}", f"v{i % 2}") for i in range(2_500)], fold)
    await store.commit([event("other", project=BLOG)], fold)
    streamed = [one async for one in store.stream_events(SHOP)]
    assert [one["id"] for one in streamed] == [f"e{i}" for i in range(2_500)]
    assert len({one["person"] for one in streamed}) == 2
