"""Change windows: when they are open, how long, and what happens at midnight and where the clock is put forward."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.client import ChangeWindow, Span, Zone

BERLIN = Zone("Europe/Berlin", ZoneInfo("Europe/Berlin"))
NIGHT = ChangeWindow((Span(begins=time(22), ends=time(5)),), BERLIN)
FRIDAY_NIGHT = ChangeWindow((Span(begins=time(22), ends=time(5), days=frozenset({4})),), BERLIN)

MINUTES = st.integers(0, 24 * 60 - 1)
DAYS = st.frozensets(st.integers(0, 6), min_size=1)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@st.composite
def spans(draw: st.DrawFn) -> Span:
    begin, end = draw(st.lists(MINUTES, min_size=2, max_size=2, unique=True))
    return Span(begins=time(begin // 60, begin % 60), ends=time(end // 60, end % 60), days=draw(DAYS))


WINDOWS = st.builds(ChangeWindow, st.lists(spans(), min_size=1, max_size=3).map(tuple), st.just(BERLIN))


def berlin(text: str) -> datetime:
    """The moment at which a clock in Berlin shows a time; the first of two."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN.rules)


@pytest.mark.parametrize(
    ("now", "closes"),
    [
        ("2026-11-25 21:59", None),
        ("2026-11-25 22:00", "2026-11-26 05:00"),
        ("2026-11-25 23:59", "2026-11-26 05:00"),
        ("2026-11-26 00:00", "2026-11-26 05:00"),
        ("2026-11-26 04:59", "2026-11-26 05:00"),
        ("2026-11-26 05:00", None),
    ],
)
def test_a_window_over_midnight(now: str, closes: str | None) -> None:
    """It is open from its first minute, goes on after midnight, and is closed at its end."""
    assert NIGHT.closes(berlin(now)) == (berlin(closes) if closes else None)


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        ("2026-11-26 23:00", False),  # a Thursday
        ("2026-11-27 04:00", False),
        ("2026-11-27 22:00", True),
        ("2026-11-28 04:59", True),
        ("2026-11-28 22:00", False),
    ],
)
def test_days_are_those_on_which_a_window_begins(now: str, is_open: bool) -> None:
    """What begins on Friday evening lasts into Saturday, and Friday's small hours do not belong to it."""
    assert (FRIDAY_NIGHT.closes(berlin(now)) is not None) is is_open


def test_the_next_opening() -> None:
    """A closed window tells when it opens again, up to a week ahead."""
    assert FRIDAY_NIGHT.opens(berlin("2026-11-28 05:00")) == berlin("2026-12-04 22:00")
    assert NIGHT.opens(berlin("2026-11-25 12:00")) == berlin("2026-11-25 22:00")


def test_spans_that_follow_on_each_other_are_one_window() -> None:
    """Nothing ends where the next hours begin."""
    day, night = Span(begins=time(8), ends=time(22)), Span(begins=time(22), ends=time(5))
    assert ChangeWindow((night, day), BERLIN).closes(berlin("2026-11-25 12:00")) is not None
    one = ChangeWindow((Span(begins=time(20), ends=time(0)), Span(begins=time(0), ends=time(4))), BERLIN)
    assert one.closes(berlin("2026-11-25 21:00")) == berlin("2026-11-26 04:00")


def test_another_computers_clock_does_not_matter() -> None:
    """The hours are the client's, wherever the moment is looked at from."""
    tokyo = berlin("2026-11-25 22:30").astimezone(ZoneInfo("Asia/Tokyo"))
    assert NIGHT.closes(tokyo) == berlin("2026-11-26 05:00")


def test_where_the_clock_is_put_back_the_narrower_reading_counts() -> None:
    """Berlin has 02:30 twice on 2026-10-25: a window ends at the first, and begins at the second."""
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    until = ChangeWindow((Span(begins=time(22), ends=time(2, 30)),), BERLIN)
    assert until.closes(first - timedelta(minutes=1)) == first
    assert until.closes(first) is None
    assert until.closes(second - timedelta(minutes=1)) is None
    begin = ChangeWindow((Span(begins=time(2, 30), ends=time(5)),), BERLIN)
    assert begin.closes(first) is None
    assert begin.closes(second) is not None


def test_where_the_clock_is_put_forward_the_narrower_reading_counts() -> None:
    """Berlin has no 02:30 on 2026-03-29: a window that ends then is over before the clock jumps past it."""
    until = ChangeWindow((Span(begins=time(22), ends=time(2, 30)),), BERLIN)
    assert until.closes(datetime(2026, 3, 29, 0, 15, tzinfo=UTC)) == datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert until.closes(datetime(2026, 3, 29, 0, 45, tzinfo=UTC)) is None


def test_this_computers_clock_is_named() -> None:
    """Without a zone the hours are this computer's, and said to be."""
    here = ChangeWindow((Span(begins=time(22), ends=time(5)),))
    assert here.closes(datetime(2026, 11, 25, 23).astimezone()) == datetime(2026, 11, 26, 5).astimezone()
    assert "this computer's time" in Zone().named(datetime.now(UTC))
    assert BERLIN.named(datetime.now(UTC)) == "Europe/Berlin"


def test_a_window_in_words() -> None:
    """Hours, with the days unless it is every day."""
    both = ChangeWindow(
        (Span(begins=time(22), ends=time(5), days=frozenset({4, 0})), Span(begins=time(1), ends=time(2)))
    )
    assert str(both) == "mon fri 22:00–05:00, 01:00–02:00"


@given(window=WINDOWS, now=MOMENTS)
def test_open_until_it_closes(window: ChangeWindow, now: datetime) -> None:
    """An open window is open up to the moment at which it says that it closes, and closed then, for a week at least."""
    end = window.closes(now)
    if end is None or end - now > timedelta(days=7):
        return
    assert end > now
    for share in (0.25, 0.5, 0.999):
        assert window.closes(now + (end - now) * share) is not None
    assert window.closes(end) is None


@given(window=WINDOWS, now=MOMENTS)
def test_closed_until_it_opens(window: ChangeWindow, now: datetime) -> None:
    """A closed window is closed up to the moment at which it says that it opens, and open then."""
    begin = window.opens(now)
    if window.closes(now) is not None or begin is None:
        return
    for share in (0.25, 0.5, 0.999):
        assert window.closes(now + (begin - now) * share) is None
    assert window.closes(begin) is not None


def test_all_days_are_every_day() -> None:
    """Naming them one by one says no more than leaving them out."""
    assert str(Span(begins=time(22), ends=time(5), days=frozenset(range(7)))) == "22:00–05:00"
