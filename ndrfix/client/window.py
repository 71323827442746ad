"""The hours in which a client allows changes. Pure: the time comes in from outside, with its offset.

Hours are those of a wall clock: the client's `time_zone`, or this computer's. Where the clock is put forward or back in
between, the narrower reading counts: the window begins later and ends earlier rather than the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = frozenset(range(7))
_DAYS_AHEAD = 8


@dataclass(frozen=True, slots=True)
class Zone:
    """Whose wall clock counts: that of a named time zone, or this computer's (`name` is empty then)."""

    name: str = ""
    rules: tzinfo | None = None

    def seen(self, moment: datetime) -> datetime:
        """The moment, which has an offset, as this wall clock shows it."""
        return moment.astimezone(self.rules)

    def instants(self, wall: datetime) -> tuple[datetime, datetime]:
        """The earlier and the later moment, in UTC, that a wall clock without offset may mean: two where the clock is
        put forward or back, else twice the same.
        """
        folds = (wall.replace(tzinfo=self.rules, fold=fold).astimezone(UTC) for fold in (0, 1))
        first, second = sorted(folds)
        return first, second

    def named(self, moment: datetime) -> str:
        """`Europe/Berlin`, or `CET, this computer's time` for a moment that this clock shows."""
        return self.name or f"{self.seen(moment):%Z}, this computer's time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From one time of day until another, on the next day when that is not later; `days` are those on which it begins
    (Monday is 0).
    """

    begins: time
    ends: time
    days: frozenset[int] = EVERY_DAY

    def on(self, day: date) -> tuple[datetime, datetime] | None:
        """Begin and end of the span of a day by the wall clock, None when it does not begin on that day."""
        if day.weekday() not in self.days:
            return None
        end = day if self.ends > self.begins else day + timedelta(days=1)
        return datetime.combine(day, self.begins), datetime.combine(end, self.ends)

    def __str__(self) -> str:
        end = f"{self.ends:%H:%M}" if self.ends != time() else "24:00"
        hours = f"{self.begins:%H:%M}–{end}"
        return hours if self.days == EVERY_DAY else f"{' '.join(DAYS[day] for day in sorted(self.days))} {hours}"


@dataclass(frozen=True, slots=True)
class ChangeWindow:
    """When changes are allowed: in any of the spans."""

    spans: tuple[Span, ...]
    zone: Zone = field(default_factory=Zone)

    def closes(self, now: datetime) -> datetime | None:
        """When (in UTC) the window that is open now ends, None when it is closed. Spans that touch are one."""
        end = now
        spans = list(self._around(now))
        while later := max((until for begin, until in spans if begin <= end < until), default=None):
            end = later
        return end if end > now else None

    def opens(self, now: datetime) -> datetime | None:
        """When (in UTC) the window opens next, None when it never does: what it has is lost as clocks are changed."""
        return min((begin for begin, until in self._around(now) if now < begin < until), default=None)

    def _around(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The spans that begin yesterday or in the days to come, as moments with an offset."""
        today = self.zone.seen(now).date()
        for ahead in range(-1, _DAYS_AHEAD):
            for span in self.spans:
                if hours := span.on(today + timedelta(days=ahead)):
                    yield self.zone.instants(hours[0])[1], self.zone.instants(hours[1])[0]

    def __str__(self) -> str:
        return ", ".join(str(span) for span in self.spans)
