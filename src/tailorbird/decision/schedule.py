"""When something is open: date range, weekdays and hours in local wall time, compiled once.

A day has 23 or 25 hours where clocks change. Weekdays and hours are compared with what a clock on the wall shows, so a
window that begins inside the skipped hour opens when the clock jumps past it, and one inside the repeated hour is open
both times. A start or end inside the repeated hour means the first of the two, so that one schedule's end can be the
next one's start without overlap.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tailorbird.decision.problems import Problems
from tailorbird.domain.campaign import Schedule
from tailorbird.domain.decision import Explanation
from tailorbird.domain.errors import Invalid

DAY_MINUTES = 24 * 60
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATE_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII | re.IGNORECASE
)
_TIME_OF_DAY = re.compile(r"(\d{2}):(\d{2})", re.ASCII)
_MOMENT_EXPECTED = "an ISO 8601 date or date-time in the years 1 to 9998, e.g. 2026-03-01 or 2026-03-01T09:00"
_HOURS_EXPECTED = "two different times of day HH:MM, the end up to 24:00"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Timetable:
    """A compiled schedule. Calling it with UTC milliseconds says whether it is open then."""

    __slots__ = ("_days", "_source", "_windows", "always", "end", "start", "zone")

    def __init__(
        self,
        source: Schedule,
        zone: tzinfo,
        *,
        start: int | None,
        end: int | None,
        windows: tuple[tuple[int, int], ...],
    ) -> None:
        self._source = source
        self.zone = zone
        #: UTC milliseconds, open from here
        self.start = start
        #: UTC milliseconds, closed from here
        self.end = end
        self._days = frozenset(source.weekdays) or frozenset(range(7))
        weekly = bool(windows) or len(self._days) < 7
        self._windows = (windows or ((0, DAY_MINUTES),)) if weekly else ()
        #: open at every moment, so that nobody needs to ask
        self.always = not weekly and start is None and end is None

    def __call__(self, now: int) -> bool:
        """Whether it is open at ``now`` (UTC milliseconds)."""
        if self.always:
            return True
        if self.start is not None and now < self.start:
            return False
        if self.end is not None and now >= self.end:
            return False
        return not self._windows or self._weekly(now)

    def _weekly(self, now: int) -> bool:
        local = self._local(now)
        minute, weekday = local.hour * 60 + local.minute, local.weekday()
        for begin, end in self._windows:
            if begin < end:
                if begin <= minute < end and weekday in self._days:
                    return True
            elif (minute >= begin and weekday in self._days) or (minute < end and (weekday - 1) % 7 in self._days):
                return True
        return False

    def _local(self, now: int) -> datetime:
        return datetime.fromtimestamp(now // 1000, self.zone)

    def explain(self, now: int) -> Explanation | None:
        """The part that keeps it closed at ``now``, with paths inside the schedule; nothing when it is open."""
        if self(now):
            return None
        local = self._local(now)
        found = local.isoformat()
        if self.start is not None and now < self.start:
            return _closed(f"It opens on {self._source.start}.", "start", found, self._source.start)
        if self.end is not None and now >= self.end:
            return _closed(f"It ended on {self._source.end}.", "end", found, self._source.end)
        clock = f"{WEEKDAYS[local.weekday()]} {local:%H:%M}"
        if not self._source.hours:
            days = ", ".join(WEEKDAYS[day] for day in sorted(self._days))
            return _closed(
                f"It is open on {days}; it is {clock} there.", "weekdays", local.weekday(), sorted(self._days)
            )
        hours = [list(pair) for pair in self._source.hours]
        spoken = " and ".join(f"{begin}–{end}" for begin, end in self._source.hours)
        on_days = "" if len(self._days) == 7 else f" on {', '.join(WEEKDAYS[day] for day in sorted(self._days))}"
        return _closed(f"It is open from {spoken}{on_days}; it is {clock} there.", "hours", clock, hours)


#: The schedule of whatever has none.
ALWAYS = Timetable(Schedule(), UTC, start=None, end=None, windows=())


def compile_schedule(schedule: Schedule | None, zone: tzinfo) -> Timetable:
    """The timetable of ``schedule``, in ``zone`` unless it names its own. Raises ``Invalid`` naming all wrong parts."""
    if schedule is None:
        return ALWAYS
    problems = Problems()
    start = end = None
    with problems.under("time_zone"):
        zone = zone_named(schedule.time_zone) if schedule.time_zone is not None else zone
    with problems.under("start"):
        start = None if schedule.start is None else _moment(schedule.start, zone, whole_day=False)
    with problems.under("end"):
        end = None if schedule.end is None else _moment(schedule.end, zone, whole_day=True)
    if start is not None and end is not None and end <= start:
        problems.add("end", f"a moment after {schedule.start}", schedule.end)
    for index, day in enumerate(schedule.weekdays):
        if not 0 <= day <= 6:
            problems.add(f"weekdays[{index}]", "0 (Monday) to 6 (Sunday)", day)
    windows: list[tuple[int, int]] = []
    for index, pair in enumerate(schedule.hours):
        with problems.under(f"hours[{index}]"):
            windows.append(_window(pair))
    problems.raise_any()
    return Timetable(schedule, zone, start=start, end=end, windows=tuple(windows))


def zone_named(name: str) -> ZoneInfo:
    """The time zone of an IANA name. Raises ``Invalid``."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid.field("", "an IANA time zone such as Europe/Vienna", name) from error


def _moment(text: str, zone: tzinfo, *, whole_day: bool) -> int:
    """UTC milliseconds of a date or date-time; of a bare date the first moment, or with ``whole_day`` the day's end."""
    try:
        if _DATE.fullmatch(text):
            day = date.fromisoformat(text) + timedelta(days=1 if whole_day else 0)
            local = datetime(day.year, day.month, day.day, tzinfo=zone)
        elif _DATE_TIME.fullmatch(text):
            local = datetime.fromisoformat(text.upper())
            local = local if local.tzinfo else local.replace(tzinfo=zone)
        else:
            raise Invalid.field("", _MOMENT_EXPECTED, text)
        return (local.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError) as error:
        raise Invalid.field("", _MOMENT_EXPECTED, text) from error


def _window(pair: tuple[str, str]) -> tuple[int, int]:
    """Minutes of the day ``(begin, end)``; ``end`` before ``begin`` spans midnight."""
    begin, end = (_minutes(text) for text in pair)
    if begin is None or end is None or begin in (end, DAY_MINUTES):
        raise Invalid.field("", _HOURS_EXPECTED, list(pair))
    return begin, end


def _minutes(text: str) -> int | None:
    matched = _TIME_OF_DAY.fullmatch(text)
    if matched is None:
        return None
    minutes = int(matched[1]) * 60 + int(matched[2])
    return minutes if int(matched[2]) < 60 and minutes <= DAY_MINUTES else None


def _closed(message: str, path: str, found: object, expected: object) -> Explanation:
    return Explanation(gate="schedule", message=message, path=path, found=found, expected=expected)
