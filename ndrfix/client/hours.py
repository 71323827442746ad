"""What the clock allows: by `--until` and by the client's change window. Pure: the time comes in from outside."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ndrfix.client.model import Client
from ndrfix.client.window import DAYS, Zone
from ndrfix.errors import UsageError

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_LONGEST = timedelta(hours=12)
_FARTHEST = timedelta(days=7)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """What the clock says about a run that changes something.

    No host is begun from `until` on (None: any time), `because` of what. `outside` says why changes are not allowed
    now, `opens` when they are again (empty: they are allowed now).
    """

    zone: Zone
    until: datetime | None = None
    because: str = ""
    outside: str = ""
    opens: str = ""

    def closed(self, now: datetime) -> str:
        """Why no further host is begun; empty when it may be."""
        if self.until is None or now < self.until:
            return ""
        return f"the time was up: no host is begun after {moment(self.until, self.zone)}, {self.because}"

    def sentence(self, now: datetime) -> str:
        """What a user has to know before the run begins, empty when the clock sets no limit."""
        if self.until is None:
            return ""
        end = moment(self.until, self.zone)
        return f"No host is begun after {end}, {_ahead(self.until, now)}: {self.because}."

    def note(self, now: datetime) -> str:
        """What a user who only looks may want to know, empty when the clock sets no limit."""
        return f"This is {self.outside}. {self.opens}" if self.outside else self.sentence(now)


def hours_of(client: Client | None, now: datetime, until: datetime | None = None, *, outside: bool = False) -> Hours:
    """What applies now. `until` is what `--until` says; `outside` tells that the end of the window is not to count.

    Raises:
        UsageError: `--until` is later than the window closes.
    """
    zone = client.zone if client else Zone()
    asked = Hours(zone=zone, until=until, because="as --until says" if until else "")
    if client is None or client.window is None:
        return asked
    closes = client.window.closes(now)
    named = f"the change window of {client.name} ({client.window})"
    if closes is None:
        opens = client.window.opens(now)
        return replace(
            asked,
            outside=f"outside {named}: it is {moment(now, zone)}",
            opens=f"It opens {moment(opens, zone)}, {_ahead(opens, now)}." if opens else "It never opens.",
        )
    if outside:
        return asked
    if until and until > closes:
        raise UsageError(
            f"--until {moment(until, zone)} is later than {named} closes: {moment(closes, zone)}",
            next_step="Leave --until out, or give --outside-window to let hosts be begun after the window.",
        )
    return asked if until else Hours(zone=zone, until=closes, because=f"{named} closes then")


def until_of(text: str, now: datetime, zone: Zone) -> datetime:
    """The moment that `--until` means: the next time that the clock shows HH:MM, or the day and time that are given
    (`YYYY-MM-DDTHH:MM`). A time of day more than 12 hours ahead is taken for one that has passed.

    Raises:
        UsageError: it is neither, has passed, or is more than a week ahead.
    """
    clock = _CLOCK.fullmatch(text.strip())
    found = _next(int(clock[1]), int(clock[2]), now, zone) if clock else zone.instants(_day_and_time(text))[0]
    if clock and found - now > _LONGEST:
        raise UsageError(
            f"--until {text} is more than 12 hours ahead, or has passed: it is {moment(now, zone)}",
            next_step=f"If it is meant, give the day too: --until {zone.seen(found):%Y-%m-%dT%H:%M}.",
        )
    if found <= now:
        raise UsageError(f"--until {text} has passed: it is {moment(now, zone)}", next_step="Give a later time.")
    if found - now > _FARTHEST:
        raise UsageError(f"--until {text} is more than {_FARTHEST.days} days ahead", next_step="Check the date.")
    return found


def _next(hour: int, minute: int, now: datetime, zone: Zone) -> datetime:
    today = zone.seen(now).replace(tzinfo=None, hour=hour, minute=minute, second=0, microsecond=0)
    days = (zone.instants(today + timedelta(days=ahead))[0] for ahead in (0, 1))
    return next(each for each in days if each > now)


def moment(when: datetime, zone: Zone) -> str:
    """`Thu 2026-11-26 05:00 (CET, this computer's time)`."""
    seen = zone.seen(when)
    return f"{DAYS[seen.weekday()].capitalize()} {seen:%Y-%m-%d %H:%M} ({zone.named(when)})"


def _ahead(when: datetime, now: datetime) -> str:
    """`in 3 h 10 min`; minutes are rounded down, so that nobody counts on more time than there is."""
    hours, minutes = divmod(max(when - now, timedelta()) // _MINUTE, 60)
    return f"in {hours} h {minutes} min" if hours else f"in {minutes} min"


def _day_and_time(text: str) -> datetime:
    try:
        found = datetime.strptime(text.strip().replace(" ", "T"), "%Y-%m-%dT%H:%M")
    except ValueError as error:
        raise UsageError(
            f"--until takes a time of day, not {text!r}",
            next_step="As in --until 05:00, with a day as in --until 2026-11-26T05:00.",
        ) from error
    return found
