"""The nearest of the known names, for "did you mean"."""

from __future__ import annotations

import pytest

from ndrfix.errors import MANY_NAMES, nearest

_MANY = [*(f"server-{n:05}" for n in range(2 * MANY_NAMES)), "Exchange"]


@pytest.mark.parametrize("typed", ["exchange", "Exchnage", "exchane", "exchangee", "exchanqe"])
def test_one_slip_among_many(typed: str) -> None:
    """Among many names one letter may be another, missing, too many or swapped, in whichever case."""
    assert nearest(typed, _MANY) == "Exchange"


def test_what_is_only_alike_is_not_meant_among_many() -> None:
    """Of few names it is."""
    assert nearest("exchanging", ["Exchange", "Outlook"]) == "Exchange"
    assert nearest("exchanging", _MANY) is None


def test_a_text_without_end_is_no_name() -> None:
    """It is compared as it is, however long."""
    assert nearest("x" * 1_000_000, [*_MANY, "x" * 999_999]) is None
    assert nearest("X" * 1_000_000, [*_MANY, "x" * 1_000_000]) == "x" * 1_000_000
