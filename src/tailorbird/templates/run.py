"""One rendering under way."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from tailorbird.templates.limits import MAX_REASON, MAX_REASONS, Budget
from tailorbird.templates.plain import unicode
from tailorbird.templates.values import Values

if TYPE_CHECKING:
    from tailorbird.templates.sandbox import Context


class Run:
    """One rendering: what it reads, what it may still spend, and what it did not find."""

    __slots__ = ("_now", "budget", "missing", "plain", "strict", "values")

    def __init__(self, values: Values, strict: bool, sharers: int = 1) -> None:
        self.values = values
        self.budget = Budget(sharers)
        #: whether a missing value withholds
        self.strict = strict
        self.missing: dict[str, None] = {}
        #: the context that all strings share that hold nothing but outputs
        self.plain: Context | None = None
        self._now: datetime | None = None

    @property
    def now(self) -> datetime:
        """The time of the request, in the visitor's zone."""
        if self._now is None:
            self._now = self.values.local(self.values.now)
        return self._now

    @property
    def zone(self) -> tzinfo:
        """The visitor's zone."""
        return self.values.zone

    def miss(self, path: str) -> None:
        """Note that ``path`` found nothing."""
        if self.strict:
            self.fail(path)

    def fail(self, reason: str) -> None:
        """Note what withholds whether or not missing values do."""
        if len(self.missing) < MAX_REASONS:
            self.missing[unicode(reason if len(reason) <= MAX_REASON else reason[: MAX_REASON - 1] + "…")] = None
