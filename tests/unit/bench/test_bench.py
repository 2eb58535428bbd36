"""Every part of the benchmark runs and says something that can be: shapes, never speed."""

import math
import os
import time
from pathlib import Path

import msgspec
import pytest

from bench import __main__ as command
from bench import answers, beside, commit, decide, doors, engine, events, export, growth, lakeworld, machine, report
from bench.disk import fdatasync_us
from bench.load import cpu_seconds
from tailorbird.store.sqlite import writer

TINY_GROWTH = growth.Sizes(rounds=1, requests=10, campaigns=(10, 20), people=(20, 40), warm=10, publishes=1, finds=10)


def plausible(*numbers: float) -> bool:
    return all(math.isfinite(number) and number > 0 for number in numbers)


async def decided() -> list[decide.Ratio]:
    case = decide.Case(name="tiny", asked=3, new_every=2, goal=3.0)
    return await decide.main(decide.Sizes(rounds=1, requests=20, warm=10, cases=(case,)))


async def recorded() -> events.Recording:
    return await events.measure(events.CASES[0], events.Sizes(rounds=1, batches=4, people=50))


def results(**more: object) -> report.Results:
    """A page's worth of made-up results, in which every goal is met."""
    recording = events.Recording(
        name="tiny",
        per_core=9_000,
        cpu_us=111,
        per_second=5_000,
        p50_ms=1,
        p99_ms=2,
        bytes_each=300,
        accepted=95,
        duplicates=5,
        fdatasync_us=100,
    )
    side = commit.Side(per_second=10_000, p50_ms=1, p99_ms=2, per_transaction=64)
    campaigns = [
        growth.Campaigns(running=n, cpu_us=100, times=1.0, p99_ms=1, calls=400, publish_ms=5) for n in (10, 1_000)
    ]
    profiles = growth.Profiles(
        people=10_000, find_us=9, cpu_us=100, times=1.0, p99_ms=1, database_bytes=10**7, seed_seconds=1
    )
    asked = answers.Answer(
        name="one goal", exposures=10, people=9, seconds=7.0, cpu_s=6.0, memory_mb=900.0, sql_seconds=5.0, goal_s=8.0
    )
    kept = answers.Kept(
        exposures=10,
        people=9,
        first_s=7.0,
        whole_s=6.0,
        seconds=0.2,
        cpu_s=0.1,
        new=5_000,
        again_s=0.02,
        restarted_s=0.9,
        memory_mb=900.0,
        goal_s=0.3,
    )
    half = beside.Half(cpu_us=100, p99_ms=5, lag_p50_ms=0.3, lag_p99_ms=8, lag_most_ms=30, own_p99_ms=3, waiting=0.1)
    made = report.Results(
        date="2026-01-01",
        machine=[("CPU", "made up")],
        decide=[decide.Ratio(name="ten", cpu_us=60, echo_us=30, ratio=2.0, p99_ms=1, goal=3.0)],
        doors=[doors.Row(name="door", beside="ours", cpu_us=120, own_us=100, ratio=1.2, p99_ms=1)],
        events=[recording],
        commit=commit.Grouping(grouped=side, single=msgspec.structs.replace(side, per_second=1_000), fdatasync_us=100),
        growth=growth.Growth(campaigns=campaigns, profiles=[profiles]),
        export=[export.Exporting(days=1, facts=9, per_core=9, per_second=9, bytes_each=30, files=2)],
        answers=answers.Answers(questions=[asked], kept=[kept]),
        beside=beside.Beside(exposures=9, alone=half, beside=half, ratio=1.02, questions=3, seconds=2, cpu_s=1),
        engine=[engine.Step(name="draw", ns=200)],
    )
    return msgspec.structs.replace(made, **more)


async def test_decide_is_measured_beside_the_echo() -> None:
    (found,) = await decided()
    assert plausible(found.cpu_us, found.echo_us, found.ratio, found.p99_ms)
    assert (found.name, found.goal) == ("tiny", 3.0)


def test_questions_are_measured_beside_plain_sql_that_counts_the_same() -> None:
    found = answers.main(answers.Sizes(exposures=(2_000,), rounds=1))
    assert next(one.people for one in found.questions) == 1_900  # one in ten is made of two ids
    assert plausible(*(number for one in found.questions for number in (one.seconds, one.cpu_s, one.memory_mb)))
    assert [bool(one.sql_seconds) for one in found.questions] == [True, True, False]
    (kept,) = found.kept
    assert kept.people == 1_900 + 11 * (lakeworld.EXPOSED - lakeworld.TURNED_OUT)
    assert plausible(kept.first_s, kept.seconds, kept.cpu_s, kept.again_s, kept.restarted_s, kept.whole_s)


async def test_decisions_are_measured_beside_questions_that_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = beside.Sizes(exposures=20_000, rounds=1, requests=50, warm=20, alone=1)
    monkeypatch.setattr(beside, "COMPUTED_S", 0.02)
    found = await beside.main(sizes)
    assert found.questions >= 1
    assert plausible(found.ratio, found.seconds, found.cpu_s, found.alone.cpu_us, found.beside.lag_p99_ms)
    monkeypatch.setattr(beside, "COMPUTED_S", 60)
    with pytest.raises(RuntimeError, match="not computed: 19020 people"):
        await beside.main(sizes)


async def test_every_door_is_measured_beside_our_own_calls() -> None:
    found = await doors.main(doors.Sizes(campaigns=5, rounds=1, visits=10, people=20))
    assert [row.name.split(",")[0] for row in found] == ["MoEngage", "Intempt", "OpenFeature", "Salesforce"]
    for row in found:
        assert plausible(row.cpu_us, row.own_us, row.ratio, row.p99_ms)


async def test_every_accepted_event_is_counted_and_found_in_the_file() -> None:
    found = await recorded()
    assert plausible(found.per_core, found.cpu_us, found.per_second, found.p50_ms, found.fdatasync_us)
    # two batches before the first round; only the very first has no earlier events to repeat
    assert (found.accepted, found.duplicates) == (100 + 5 * 95, 5 * 5)
    assert 250 < found.bytes_each < 450


def test_every_fact_that_is_exported_is_counted() -> None:
    (found,) = export.main(export.Sizes(facts=300, days=(3,)))
    assert (found.facts, found.days) == (300, 3)
    # each day has a file of events and one of exposures
    assert found.files == 6
    assert plausible(found.per_core, found.per_second, found.bytes_each)


async def test_group_commit_puts_more_than_one_event_into_a_transaction_and_the_other_side_one() -> None:
    bound = writer.MOST_IN_ONE
    found = await commit.main(commit.Sizes(rounds=1, grouped=3, single=1, people=64))
    assert found.grouped.per_transaction > 1
    assert found.single.per_transaction == 1
    assert plausible(found.ratio, found.grouped.per_second, found.single.p99_ms, found.fdatasync_us)
    assert bound == writer.MOST_IN_ONE


async def test_campaigns_that_nobody_asked_for_are_not_looked_at() -> None:
    small, large = await growth.campaigns(TINY_GROWTH)
    assert (small.running, large.running) == (10, 20)
    assert small.calls == large.calls > 50
    assert small.times == 1.0
    assert plausible(small.cpu_us, large.cpu_us, large.times, large.publish_ms)


async def test_profiles_are_seeded_once_and_measured_at_each_size() -> None:
    small, large = await growth.profiles(TINY_GROWTH)
    assert (small.people, large.people) == (20, 40)
    assert small.database_bytes <= large.database_bytes
    assert plausible(small.find_us, large.find_us, small.cpu_us, large.cpu_us)


async def test_the_engine_alone_is_measured_step_by_step() -> None:
    found = await engine.main(engine.Sizes(repeats=1, calls=50, decides=2))
    assert len({step.name for step in found}) == len(found) == 6
    assert all(math.isfinite(step.ns) and step.ns >= 0 for step in found)


def test_the_page_tells_goals_met_and_missed() -> None:
    met = report.page(results())
    assert "| decide, ten | ≤ 3 × echo | 2.00 × | yes |" in met
    assert "**no**" not in met

    dear = [doors.Row(name="door", beside="ours", cpu_us=160, own_us=100, ratio=1.6, p99_ms=1)]
    assert "| door | ≤ 1.5 × ours | 1.60 × | **no** |" in report.page(results(doors=dear))

    late = msgspec.structs.replace(results().beside, ratio=1.11)
    assert "| ≤ 1.10 × alone | 1.11 × | **no** |" in report.page(results(beside=late))

    again = msgspec.structs.replace(results().answers.kept[0], seconds=0.31)
    told = msgspec.structs.replace(results().answers, kept=[again])
    assert "| ≤ 300 ms | 310 ms | **no** |" in report.page(results(answers=told))

    slow = [decide.Ratio(name="ten", cpu_us=120, echo_us=30, ratio=4.0, p99_ms=1, goal=3.0)]
    missed = report.page(results(decide=slow))
    assert "| decide, ten | ≤ 3 × echo | 4.00 × | **no** |" in missed
    assert missed.count("**no**") == 1


def test_one_more_call_among_more_campaigns_misses_the_goal() -> None:
    given = results().growth
    more = msgspec.structs.replace(given.campaigns[-1], calls=401)
    changed = msgspec.structs.replace(given, campaigns=[given.campaigns[0], more])
    (row,) = [row for row in report.goals(results(growth=changed)) if "campaigns running" in row[0]]
    assert row[2:] == ("1.00 ×, +1 calls", "**no**")


def test_every_table_has_as_many_cells_in_each_row() -> None:
    tables = [part for part in report.page(results()).split("\n\n") if part.startswith("|")]
    assert len(tables) >= 7
    for table in tables:
        assert len({line.count("|") for line in table.splitlines()}) == 1, table


def test_the_machine_is_described_without_names_and_paths() -> None:
    facts = dict(machine.facts())
    assert all(facts.values())
    assert not [text for text in facts.values() if text.startswith("/") or os.uname().nodename in text]


def test_fewer_profiles_may_be_asked_for() -> None:
    assert growth.up_to(growth.Sizes(), 50_000).people == (10_000, 50_000)
    assert growth.up_to(growth.Sizes(), 1_000_000).people == growth.Sizes().people


def test_quick_prints_and_a_full_run_writes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked: list[command.Sizes] = []

    async def made_up(sizes: command.Sizes) -> report.Results:
        asked.append(sizes)
        return results()

    monkeypatch.setattr(command, "measure", made_up)
    monkeypatch.setattr(command, "RESULTS", tmp_path / "RESULTS.md")
    command.main(["--quick"])
    assert capsys.readouterr().out == report.page(results())
    assert not (tmp_path / "RESULTS.md").exists()

    command.main(["--people", "20000"])
    assert (tmp_path / "RESULTS.md").read_text() == report.page(results())
    assert [sizes.growth.people[-1] for sizes in asked] == [10_000, 20_000]


def test_cpu_time_and_the_disk_are_read(tmp_path: Path) -> None:
    before = cpu_seconds(os.getpid())
    sum(range(200_000))
    time.sleep(0.01)  # the books are written when a process gives its core away
    assert cpu_seconds(os.getpid()) > before
    assert fdatasync_us(tmp_path, 3) > 0
