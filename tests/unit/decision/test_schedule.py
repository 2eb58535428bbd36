"""Schedules: what is refused and where, what is told, and the moments that bare texts mean."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tailorbird.decision.schedule import ALWAYS, Timetable, compile_schedule
from tailorbird.domain.campaign import Schedule
from tailorbird.domain.errors import Invalid

VIENNA = ZoneInfo("Europe/Vienna")


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def compiled(**parts: object) -> Timetable:
    return compile_schedule(Schedule(**parts), VIENNA)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        (Schedule(start="soon"), "start"),
        (Schedule(start="2026-02-30"), "start"),
        (Schedule(start="20260301"), "start"),
        (Schedule(start="2026-W10"), "start"),
        (Schedule(start="2026-03-01T25:00"), "start"),
        (Schedule(end="2026-03-01T09"), "end"),
        (Schedule(end="9999-12-31"), "end"),
        (Schedule(start="0001-01-01T00:00+10:00"), "start"),
        (Schedule(start="2026-03-02", end="2026-03-01"), "end"),
        (Schedule(start="2026-03-02T10:00", end="2026-03-02T10:00"), "end"),
        (Schedule(weekdays=(0, 7)), "weekdays[1]"),
        (Schedule(weekdays=(-1,)), "weekdays[0]"),
        (Schedule(hours=(("9:00", "10:00"),)), "hours[0]"),
        (Schedule(hours=(("08:00", "09:00"), ("10:00", "10:60"))), "hours[1]"),
        (Schedule(hours=(("10:00", "10:00"),)), "hours[0]"),
        (Schedule(hours=(("24:00", "06:00"),)), "hours[0]"),
        (Schedule(hours=(("22:00", "24:01"),)), "hours[0]"),
        (Schedule(time_zone="Europe/Atlantis"), "time_zone"),
        (Schedule(time_zone="../etc/passwd"), "time_zone"),
        (Schedule(time_zone="Europe"), "time_zone"),
        (Schedule(time_zone=""), "time_zone"),
    ],
)
def test_what_means_nothing_is_refused_with_its_path(schedule: Schedule, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        compile_schedule(schedule, VIENNA)
    assert [problem.field for problem in refused.value.problems] == [field]


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(start="2026-03-01", end="2026-03-01"),
        Schedule(start="2026-03-01 09:00:30.5", end="9998-12-31"),
        Schedule(start="2026-03-01T09:00z"),
        Schedule(start="0001-01-02T00:00+10:00"),
        Schedule(weekdays=(0, 6, 6)),
        Schedule(hours=(("00:00", "24:00"), ("22:00", "00:00"))),
        Schedule(time_zone="America/Argentina/Buenos_Aires"),
    ],
)
def test_what_means_something_is_taken(schedule: Schedule) -> None:
    assert isinstance(compile_schedule(schedule, VIENNA), Timetable)


def test_every_wrong_part_is_named_at_once() -> None:
    schedule = Schedule(start="x", end="y", weekdays=(9,), hours=(("a", "b"),), time_zone="z")
    with pytest.raises(Invalid) as refused:
        compile_schedule(schedule, UTC)
    fields = {problem.field for problem in refused.value.problems}
    assert fields == {"start", "end", "weekdays[0]", "hours[0]", "time_zone"}
    assert all(problem.detail.startswith(f"{problem.field}: expected") for problem in refused.value.problems)


def test_no_schedule_and_an_empty_one_are_always_open() -> None:
    assert compile_schedule(None, VIENNA) is ALWAYS
    for timetable in (ALWAYS, compiled(), compiled(weekdays=(0, 1, 2, 3, 4, 5, 6))):
        assert timetable.always
        assert timetable(0)
        assert timetable(at("2026-03-01T00:00Z"))
        assert timetable.explain(0) is None
    assert not compiled(weekdays=(0,)).always


def test_a_start_inside_the_skipped_hour_is_a_moment_all_the_same() -> None:
    timetable = compiled(start="2026-03-29T02:30")
    assert not timetable(at("2026-03-29T02:29+01:00"))
    assert timetable(at("2026-03-29T02:30+01:00"))


def test_a_day_that_lacks_its_midnight_begins_with_its_first_moment() -> None:
    timetable = compiled(start="2018-11-04", end="2018-11-04", time_zone="America/Sao_Paulo")
    assert not timetable(at("2018-11-04T02:59:59Z"))
    assert timetable(at("2018-11-04T03:00:00Z"))
    assert timetable(at("2018-11-05T01:59:59Z"))
    assert not timetable(at("2018-11-05T02:00:00Z"))


@pytest.mark.parametrize(
    ("parts", "now", "path", "words"),
    [
        ({"start": "2026-03-03"}, "2026-03-02T12:00Z", "start", "opens on 2026-03-03"),
        ({"end": "2026-03-01"}, "2026-03-02T12:00Z", "end", "ended on 2026-03-01"),
        ({"weekdays": (1, 2)}, "2026-03-02T12:00Z", "weekdays", "Tuesday, Wednesday; it is Monday 13:00"),
        ({"hours": (("22:00", "06:00"),)}, "2026-03-02T12:00Z", "hours", "22:00–06:00; it is Monday 13:00"),
        (
            {"hours": (("12:00", "14:00"),), "weekdays": (6,)},
            "2026-03-02T12:00Z",
            "hours",
            "from 12:00–14:00 on Sunday; it is Monday 13:00",
        ),
    ],
)
def test_the_explanation_names_the_closed_part(parts: dict[str, object], now: str, path: str, words: str) -> None:
    told = compiled(**parts).explain(at(now))
    assert told is not None
    assert (told.gate, told.path) == ("schedule", path)
    assert words in told.message


def test_nothing_is_to_be_explained_while_open() -> None:
    assert compiled(hours=(("12:00", "14:00"),)).explain(at("2026-03-02T12:00Z")) is None
