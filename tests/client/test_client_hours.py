"""What `--until` means, and what it and a change window allow at a time."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.client import ChangeWindow, Client, Hours, Span, Zone, hours_of, until_of
from ndrfix.errors import UsageError

BERLIN = Zone("Europe/Berlin", ZoneInfo("Europe/Berlin"))
NIGHT = ChangeWindow((Span(begins=time(22), ends=time(5)),), BERLIN)
ACME = Client(name="ACME Ltd", file=Path("client.yml"), zone=BERLIN, window=NIGHT)


def berlin(text: str) -> datetime:
    """The moment at which a clock in Berlin shows a time."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN.rules)


@pytest.mark.parametrize(
    ("text", "now", "meant"),
    [
        ("05:00", "2026-11-25 22:10", "2026-11-26 05:00"),
        ("5:00", "2026-11-26 04:59", "2026-11-26 05:00"),
        ("23:30", "2026-11-25 22:10", "2026-11-25 23:30"),
        ("00:00", "2026-11-25 22:10", "2026-11-26 00:00"),
        ("10:10", "2026-11-25 22:10", "2026-11-26 10:10"),
        ("2026-11-27T05:00", "2026-11-25 22:10", "2026-11-27 05:00"),
        ("2026-11-27 05:00", "2026-11-25 22:10", "2026-11-27 05:00"),
    ],
)
def test_the_next_time_that_the_clock_shows_it(text: str, now: str, meant: str) -> None:
    """Over midnight too; with a day, that day."""
    assert until_of(text, berlin(now), BERLIN) == berlin(meant)


@pytest.mark.parametrize(
    ("text", "now", "words"),
    [
        ("22:00", "2026-11-25 22:00", "has passed: it is Wed 2026-11-25 22:00 (Europe/Berlin)"),
        ("22:00", "2026-11-25 22:01", "has passed"),
        ("10:11", "2026-11-25 22:10", "has passed"),
        ("17:00", "2026-11-25 04:00", "is more than 12 hours ahead, or has passed"),
        ("2026-11-25T22:00", "2026-11-25 22:01", "--until 2026-11-25T22:00 has passed"),
        ("2026-11-25T22:00", "2026-11-25 22:00", "has passed"),
        ("2027-11-25T22:00", "2026-11-25 22:00", "more than 7 days ahead"),
        ("25:00", "2026-11-25 22:00", "takes a time of day, not '25:00'"),
        ("5", "2026-11-25 22:00", "takes a time of day"),
        ("10pm", "2026-11-25 22:00", "takes a time of day"),
        ("2026-02-30T05:00", "2026-11-25 22:00", "takes a time of day"),
    ],
)
def test_a_time_that_is_none_or_has_passed(text: str, now: str, words: str) -> None:
    """A time that has just passed is not taken for one of the next day: that would be no limit at all."""
    with pytest.raises(UsageError) as caught:
        until_of(text, berlin(now), BERLIN)
    assert words in caught.value.what


def test_what_to_type_for_the_next_day() -> None:
    """The error says it."""
    with pytest.raises(UsageError) as caught:
        until_of("22:00", berlin("2026-11-25 22:01"), BERLIN)
    assert "--until 2026-11-26T22:00" in caught.value.next_step


@given(
    minute=st.integers(0, 24 * 60 - 1),
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
)
def test_a_time_of_day_is_never_far_ahead_nor_over(minute: int, now: datetime) -> None:
    """Whatever is accepted lies ahead, at most twelve hours, and the clock shows it then, if it ever shows it."""
    text = f"{minute // 60:02}:{minute % 60:02}"
    try:
        found = until_of(text, now, BERLIN)
    except UsageError:
        return
    assert now < found <= now + timedelta(hours=12)
    seen = BERLIN.seen(found).replace(tzinfo=None)
    assert f"{seen:%H:%M}" == text or not _exists(seen, text)


def _exists(day: datetime, text: str) -> bool:
    """Whether Berlin's clock shows the time on that day."""
    hour, minute = (int(part) for part in text.split(":"))
    first, second = BERLIN.instants(day.replace(hour=hour, minute=minute))
    return BERLIN.seen(first).replace(tzinfo=None) == BERLIN.seen(second).replace(tzinfo=None)


def test_without_a_window_only_until_counts() -> None:
    """And without it nothing does."""
    now = berlin("2026-11-25 14:00")
    assert hours_of(None, now) == Hours(zone=Zone())
    hours = hours_of(Client(name="A", file=Path(), zone=BERLIN), now, berlin("2026-11-25 15:00"))
    assert hours.closed(berlin("2026-11-25 14:59")) == ""
    assert hours.closed(berlin("2026-11-25 15:00")) == (
        "the time was up: no host is begun after Wed 2026-11-25 15:00 (Europe/Berlin), as --until says"
    )


def test_an_open_window_sets_the_end() -> None:
    """Its end is said with how long that is; an earlier --until counts instead."""
    now = berlin("2026-11-25 23:50")
    hours = hours_of(ACME, now)
    assert (hours.until, hours.outside) == (berlin("2026-11-26 05:00"), "")
    assert hours.sentence(now + timedelta(seconds=1)) == (
        "No host is begun after Thu 2026-11-26 05:00 (Europe/Berlin), in 5 h 9 min: "
        "the change window of ACME Ltd (22:00–05:00) closes then."
    )
    earlier = hours_of(ACME, now, berlin("2026-11-26 04:00"))
    assert (earlier.until, earlier.because) == (berlin("2026-11-26 04:00"), "as --until says")


def test_until_does_not_reach_beyond_the_window() -> None:
    """Unless the window is not to count."""
    now, late = berlin("2026-11-25 23:50"), berlin("2026-11-26 06:00")
    with pytest.raises(UsageError, match="is later than the change window of ACME Ltd"):
        hours_of(ACME, now, late)
    assert hours_of(ACME, now, late, outside=True).until == late
    assert hours_of(ACME, now, outside=True).until is None


def test_a_closed_window_is_told() -> None:
    """With what time it is, and when it opens."""
    now = berlin("2026-11-25 14:03")
    hours = hours_of(ACME, now, outside=True)
    assert hours.until is None
    assert hours.outside == (
        "outside the change window of ACME Ltd (22:00–05:00): it is Wed 2026-11-25 14:03 (Europe/Berlin)"
    )
    assert hours.opens == "It opens Wed 2026-11-25 22:00 (Europe/Berlin), in 7 h 57 min."
    assert hours_of(ACME, now, berlin("2026-11-25 15:00")).until == berlin("2026-11-25 15:00")
