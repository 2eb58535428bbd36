"""The one write path: verdicts, identities, batches, and what a failing neighbour may not touch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from tailorbird.domain.errors import Invalid
from tailorbird.domain.facts import Changes, Entry, State, Verdict
from tailorbird.domain.visitor import Visitor
from tailorbird.store.contract import Store
from tests.store.small_fold import ARM, BLOG, DAY, NOW, SHOP, Broken, SmallFold, event, exposure


async def ids_of(store: Store, project: str = SHOP) -> list[str]:
    return [one["id"] async for one in store.stream_events(project)]


async def test_new_events_are_accepted_and_kept_as_they_came(store: Store, fold: SmallFold) -> None:
    visitor = Visitor(id="ann", anonymous_id="device-1")
    sent = event(
        "e1",
        visitor,
        time=NOW - 5,
        session_id="s1",
        properties={"price": 9.5, "tags": ["a", None, True]},
        attributes={"plan": {"tier": "gold"}},
        channel="web",
        marks=("late", "future"),
        source="batch",
    )
    assert await store.commit([sent], fold) == [Verdict("accepted")]
    (kept,) = await store.recent_events(SHOP)
    assert kept.pop("seq") > 0
    assert kept == {
        "id": "e1",
        "name": "view",
        "time": NOW - 5,
        "received_at": NOW,
        "source": "batch",
        "visitor_id": "ann",
        "anonymous_id": "device-1",
        "session_id": "s1",
        "properties": {"price": 9.5, "tags": ["a", None, True]},
        "attributes": {"plan": {"tier": "gold"}},
        "channel": "web",
        "marks": ["late", "future"],
    }


async def test_an_event_keeps_the_arm_that_it_answers(store: Store, fold: SmallFold) -> None:
    await store.commit([event("e1", name="click", answers=ARM, answers_at=NOW - 60_000)], fold)
    (kept,) = await store.recent_events(SHOP)
    arm = {name: kept[name] for name in ("campaign", "version", "rule", "arm", "epoch", "answers_at")}
    assert arm == {
        "campaign": "camp1",
        "version": 3,
        "rule": "rule1",
        "arm": "exp1",
        "epoch": 2,
        "answers_at": NOW - 60_000,
    }


async def test_no_entries_no_verdicts(store: Store, fold: SmallFold) -> None:
    assert await store.commit([], fold) == []
    assert fold.batches == []


async def test_the_same_event_again_is_a_duplicate(store: Store, fold: SmallFold) -> None:
    first = await store.commit([event("e1")], fold)
    again = await store.commit([event("e1", received_at=NOW + 9), event("e2")], fold)
    assert [verdict.outcome for verdict in first + again] == ["accepted", "duplicate", "accepted"]
    assert await ids_of(store) == ["e1", "e2"]
    assert "duplicate_conflicts" not in await store.counts(SHOP)


async def test_the_same_id_with_other_content_is_a_conflict_and_counted(store: Store, fold: SmallFold) -> None:
    await store.commit([event("e1", properties={"price": 1})], fold)
    verdicts = await store.commit([event("e1", properties={"price": 2}), event("e1", properties={"price": 1})], fold)
    assert [verdict.outcome for verdict in verdicts] == ["conflict", "duplicate"]
    assert (await store.counts(SHOP))["duplicate_conflicts"] == 1
    assert (await store.recent_events(SHOP))[0]["properties"] == {"price": 1}


async def test_repeats_inside_one_batch_the_first_wins(store: Store, fold: SmallFold) -> None:
    verdicts = await store.commit(
        [event("e1"), event("e2"), event("e1"), event("e1", properties={"other": 1}), event("e2")], fold
    )
    assert [verdict.outcome for verdict in verdicts] == ["accepted", "accepted", "duplicate", "conflict", "duplicate"]
    assert fold.batches == [2]
    assert await ids_of(store) == ["e1", "e2"]
    assert (await store.counts(SHOP))["duplicate_conflicts"] == 1


async def test_a_batch_of_nothing_but_repeats_does_not_fold(store: Store, fold: SmallFold) -> None:
    await store.commit([event("e1")], fold)
    await store.commit([event("e1"), event("e1")], fold)
    assert fold.batches == [1]


async def test_an_identity_belongs_to_its_project(store: Store, fold: SmallFold) -> None:
    verdicts = await store.commit([event("e1"), event("e1", project=BLOG)], fold)
    assert [verdict.outcome for verdict in verdicts] == ["accepted", "accepted"]
    assert await ids_of(store, SHOP) == await ids_of(store, BLOG) == ["e1"]


async def test_events_without_identity_are_never_duplicates(store: Store, fold: SmallFold) -> None:
    plain = msgspec.structs.replace(event("e1"), identity=b"", content=b"")
    verdicts = await store.commit([plain, plain], fold)
    assert [verdict.outcome for verdict in verdicts] == ["accepted", "accepted"]


async def test_a_cap_is_consumed_once_however_many_ask_at_once(store: Store, fold: SmallFold) -> None:
    answers = await asyncio.gather(*(store.commit([exposure(cap="once")], fold) for _ in range(20)))
    outcomes = sorted(verdict.outcome for (verdict,) in answers)
    assert outcomes == ["accepted"] + ["capped"] * 19
    assert sum(verdict.first for (verdict,) in answers) == 1


async def test_the_first_exposure_stays_and_every_day_is_kept(store: Store, fold: SmallFold) -> None:
    later = exposure(time=NOW + DAY, facts={"device": "mobile"}, door="ofrep")
    await store.commit([exposure(facts={"device": "desktop"})], fold)
    await store.commit([later, later], fold)
    person = (await store.people(SHOP))[0].person
    (row,) = await store.exposures_of(SHOP, [person])
    assert (row["campaign"], row["arm"], row["time"], row["door"]) == ("camp1", "exp1", NOW, "api")
    assert (row["version"], row["rule"], row["epoch"]) == (ARM.version, ARM.rule, ARM.epoch)
    assert row["facts"] == {"device": "desktop"}
    assert row["days"] == {"exp1": [NOW // DAY, NOW // DAY + 1]}
    assert await store.exposures_of(BLOG, [person]) == []


async def test_calls_that_queue_while_a_commit_runs_share_the_next_one(store: Store, fold: SmallFold) -> None:
    answers = await asyncio.gather(*(store.commit([event(f"e{i}", f"v{i % 7}")], fold) for i in range(500)))
    assert all(verdicts == [Verdict("accepted")] for verdicts in answers)
    assert sum(fold.batches) == 500
    assert len(fold.batches) < 50, "five hundred concurrent calls were hardly grouped"
    assert len(await ids_of(store)) == 500
    assert len(await store.people(SHOP, limit=10)) == 7


async def test_verdicts_come_back_to_the_call_that_sent_them(store: Store, fold: SmallFold) -> None:
    await store.commit([event("old")], fold)
    calls = [[event(f"e{i}"), event("old"), event(f"f{i}")][: i % 3 + 1] for i in range(60)]
    answers = await asyncio.gather(*(store.commit(call, fold) for call in calls))
    for call, verdicts in zip(calls, answers, strict=True):
        assert [verdict.outcome for verdict in verdicts] == ["accepted", "duplicate", "accepted"][: len(call)]


async def test_a_fold_that_raises_fails_its_caller_alone(store: Store, fold: SmallFold) -> None:
    calls = [store.commit([event(f"e{i}", name="break" if i == 25 else "view")], fold) for i in range(50)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    failed = [index for index, answer in enumerate(answers) if isinstance(answer, BaseException)]
    assert failed == [25]
    assert isinstance(answers[25], Broken)
    assert sorted(await ids_of(store)) == sorted(f"e{i}" for i in range(50) if i != 25)


async def test_nothing_of_a_failed_call_is_kept_and_it_can_be_repeated(store: Store, fold: SmallFold) -> None:
    with pytest.raises(Broken):
        await store.commit([event("e1"), event("e2", name="break")], fold)
    assert await ids_of(store) == []
    assert (await store.find(SHOP, Visitor(id="ann"))).known is None
    assert await store.commit([event("e1")], fold) == [Verdict("accepted")]


async def test_different_folds_see_what_the_one_before_wrote(store: Store) -> None:
    folds = [SmallFold(first=1 + 1_000 * number) for number in range(20)]
    await asyncio.gather(*(store.commit([event(f"e{i}")], fold) for i, fold in enumerate(folds)))
    (person,) = await store.people(SHOP)
    assert person.person == 1
    assert len(await store.events_of(SHOP, [1])) == 20


async def test_a_verdict_too_few_is_an_error_and_keeps_nothing(store: Store) -> None:
    def forgetful(entries: Sequence[Entry], state: State) -> Changes:
        return Changes(verdicts=[Verdict("accepted")] * (len(entries) - 1))

    with pytest.raises(ValueError, match="shorter"):
        await store.commit([event("e1"), event("e2")], forgetful)
    assert await store.commit([event("e1")], SmallFold()) == [Verdict("accepted")]


async def test_a_person_number_that_was_given_twice_never_overwrites(store: Store) -> None:
    await store.commit([event("e1", "ann", attributes={"name": "Ann"})], SmallFold(first=7))
    await store.commit([event("e2", "bob", attributes={"name": "Bob"})], SmallFold(first=7))
    ann, bob = [await store.find(SHOP, Visitor(id=name)) for name in ("ann", "bob")]
    assert ann.known is not None
    assert bob.known is not None
    assert (ann.known.attributes, bob.known.attributes) == ({"name": "Ann"}, {"name": "Bob"})
    assert ann.known.person != bob.known.person


@pytest.mark.parametrize("size", [999, 1_000, 1_001, 2_500])
async def test_large_batches_of_many_people(store: Store, fold: SmallFold, size: int) -> None:
    batch = [event(f"e{i}", f"v{i}") for i in range(size)]
    assert await store.commit(batch, fold) == [Verdict("accepted")] * size
    again = await store.commit(batch, fold)
    assert {verdict.outcome for verdict in again} == {"duplicate"}
    assert len(await ids_of(store)) == size
    assert len(await store.people(SHOP, limit=size + 1)) == size


async def test_text_of_any_language_and_control_characters_come_back_unchanged(store: Store, fold: SmallFold) -> None:
    names = [
        "Zoë",
        "名前",
        "emoji 🧵",
        "nul \0 inside",
        "\u200b",
        "it's; DROP TABLE events;--",
        '"',
        "line\nbreak",
        "a" * 256,
    ]
    batch = [event(f"id {name}", name, properties={name: name}, session_id=name) for name in names]
    await store.commit(batch, fold)
    for name in names:
        found = await store.find(SHOP, Visitor(id=name))
        assert found.known is not None
        assert found.known.ids == (name,)
        (kept,) = await store.events_of(SHOP, [found.known.person])
        assert (kept["id"], kept["visitor_id"], kept["session_id"]) == (f"id {name}", name, name)
        assert kept["properties"] == {name: name}


@pytest.mark.parametrize("broken", [{"session_id": "\ud800"}, {"properties": {"a": "\udfff"}}, {"id": "x\ud83d"}])
async def test_half_a_surrogate_is_refused_and_hurts_nobody_else(
    store: Store, fold: SmallFold, broken: dict[str, object]
) -> None:
    bad = msgspec.structs.replace(event("e1"), **broken)
    answers = await asyncio.gather(
        store.commit([event("e0")], fold), store.commit([bad], fold), store.commit([event("e2")], fold),
        return_exceptions=True,
    )  # fmt: skip
    assert isinstance(answers[1], Invalid)
    assert await ids_of(store) == ["e0", "e2"]
    with pytest.raises(Invalid):
        await store.find(SHOP, Visitor(id="\ud800"))
    assert (await store.find(SHOP, Visitor(id="ann"))).known is not None


async def test_a_number_beyond_64_bits_is_refused(store: Store, fold: SmallFold) -> None:
    with pytest.raises(Invalid):
        await store.commit([event("e1", time=1 << 63)], fold)
    assert await ids_of(store) == []


async def test_a_cancelled_call_does_not_stop_the_others(store: Store, fold: SmallFold) -> None:
    tasks = [asyncio.ensure_future(store.commit([event(f"e{i}")], fold)) for i in range(10)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(answers[3], asyncio.CancelledError)
    assert [answers[i] for i in range(10) if i != 3] == [[Verdict("accepted")]] * 9
    assert await store.commit([event("after")], fold) == [Verdict("accepted")]
