"""Points in time and look-backs as people write them in conditions, turned into UTC milliseconds when compiled."""

from __future__ import annotations

import math
from datetime import UTC, datetime, tzinfo
from typing import Any

import msgspec

from tailorbird.domain.errors import Invalid

_UNITS = {"minutes": 60_000, "hours": 3_600_000, "days": 86_400_000}
MAX_DAYS = 36_525
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXPECTED_MOMENT = "an ISO 8601 date or date-time, e.g. 2026-01-31 or 2026-01-31T09:00:00Z"


def parse_moment(text: Any, zone: tzinfo, path: str) -> int:
    """UTC milliseconds of an ISO 8601 text; without an offset it is in ``zone``. Raises ``Invalid`` with the path."""
    if not isinstance(text, str):
        raise Invalid.field(path, _EXPECTED_MOMENT, text)
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        elapsed = moment - _EPOCH
    except (ValueError, OverflowError):
        raise Invalid.field(path, _EXPECTED_MOMENT, text) from None
    return (elapsed.days * 86_400 + elapsed.seconds) * 1000 + elapsed.microseconds // 1000


class LookBack(msgspec.Struct, frozen=True):
    """How far back a condition looks: ``within`` milliseconds, or since a moment; both 0 = for ever."""

    within: int = 0
    since: int = 0

    @property
    def ever(self) -> bool:
        """Whether there is no limit."""
        return not (self.within or self.since)

    def earliest(self, now: int) -> int:
        """The oldest time (UTC ms, included) that counts at ``now``."""
        return now - self.within if self.within else self.since


def look_back(tree: dict[str, Any], path: str, zone: tzinfo) -> LookBack:
    """The ``within`` or ``since`` of an ``$event`` or ``$affinity``."""
    if "within" in tree and "since" in tree:
        raise Invalid.field(path, "either within or since", "both")
    if "since" in tree:
        # 1970 itself would read as "for ever", which holds the same events
        return LookBack(since=max(parse_moment(tree["since"], zone, f"{path}.since"), 0))
    if "within" in tree:
        return LookBack(within=_span(tree["within"], f"{path}.within"))
    return LookBack()


def _span(tree: Any, path: str) -> int:
    if not isinstance(tree, dict) or not tree:
        raise Invalid.field(path, 'a span such as {"days": 30}, with days, hours or minutes', tree)
    total = 0.0
    for unit, amount in tree.items():
        if unit not in _UNITS:
            raise Invalid.field(f"{path}.{unit}", "days, hours or minutes", unit)
        if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 <= amount <= MAX_DAYS * 1440:
            raise Invalid.field(f"{path}.{unit}", "a number above 0", amount)
        total += amount * _UNITS[unit]
    within = math.ceil(total)
    if not 0 < within <= MAX_DAYS * _UNITS["days"]:
        raise Invalid.field(path, f"more than nothing and at most {MAX_DAYS:,} days", tree)
    return within
