"""Versions, service packs and hotfixes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.exchange.builds import SERVICE_PACKS, Version, service_pack, service_pack_of_build
from ndrfix.exchange.hotfixes import HOTFIXES, hotfix_id, known_hotfix, names_hotfix

PARTS = st.tuples(*[st.integers(0, 65535)] * 4)


@given(PARTS, PARTS)
def test_versions_compare_as_numbers(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    """The order of versions is that of their four numbers, and text and version are one to one."""
    left, right = (Version.parse(".".join(map(str, parts))) for parts in (one, other))
    assert (left < right) == (one < other)
    assert str(left) == ".".join(map(str, one))


@pytest.mark.parametrize(
    "text", ["", "5.5", "5.5.2653", "5.5.2653.0.1", "5.5.2653.x", "5,5,2653,0", "-5.5.2653.0", "٥.5.1.1"]
)
def test_what_is_no_version_is_refused(text: str) -> None:
    """Only four numbers with dots between them are a version."""
    with pytest.raises(ValueError, match="not a version of four numbers"):
        Version.parse(text)


@pytest.mark.parametrize(("text", "branch"), [("5.5.2658.1080", True), ("5.5.2658.999", False), ("5.5.2653.19", False)])
def test_a_four_digit_last_number_is_a_branch(text: str, branch: bool) -> None:
    """A branch build is told by its four-digit last number."""
    assert Version.parse(text).is_branch is branch


@pytest.mark.parametrize(
    ("build", "number"),
    [(1959, None), (1960, 0), (2231, 0), (2232, 1), (2448, 2), (2650, 3), (2652, 3), (2653, 4), (2658, 4)],
)
def test_a_build_shows_its_level(build: int, number: int | None) -> None:
    """A build belongs to the last service pack that came before it."""
    level = service_pack_of_build(build)
    assert (level.number if level else None) == number


def test_levels_are_in_order_and_their_programs_belong_to_them() -> None:
    """The table goes upwards, and each level's own program shows that level."""
    assert [level.number for level in SERVICE_PACKS] == list(range(5))
    for level in SERVICE_PACKS:
        assert service_pack(level.number) is level
        assert service_pack_of_build(level.ims.build) is level
        assert level.ims >= level.starts_at
        assert level.source


@pytest.mark.parametrize("number", [-1, 5])
def test_a_service_pack_that_never_was(number: int) -> None:
    """There is no service pack beyond 4."""
    with pytest.raises(ValueError, match="has no Service Pack"):
        service_pack(number)


@pytest.mark.parametrize("text", ["837794", "KB837794", "kb837794", "Q837794", "KB 837794", " 837794 "])
def test_a_hotfix_number_in_its_spellings(text: str) -> None:
    """Every usual spelling means the bare number."""
    assert hotfix_id(text) == "837794"


@pytest.mark.parametrize("text", ["", "KB", "83779", "MS03-046", "837794a", "KBQ837794"])
def test_what_is_no_hotfix_number(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="not the number of a hotfix"):
        hotfix_id(text)


@pytest.mark.parametrize("name", ["837794", "Q837794", "KB837794", "kb837794", "837794a", "Q837794B"])
def test_updates_keys_that_name_the_hotfix(name: str) -> None:
    """Bare, with Q or KB, and with one letter behind."""
    assert names_hotfix(name, "837794")


@pytest.mark.parametrize("name", ["", "8377941", "1837794", "837794ab", "KB", "XQ837794", "837794 a"])
def test_updates_keys_that_do_not_name_it(name: str) -> None:
    """No other key is taken for it."""
    assert not names_hotfix(name, "837794")


def test_known_hotfixes_have_both_limits_or_none() -> None:
    """A hotfix has a lower and an upper version in this order, or ships no program; each names its source."""
    for hotfix in HOTFIXES:
        assert known_hotfix(hotfix.id) is hotfix
        assert hotfix.source
        assert (hotfix.present_from is None) == (hotfix.absent_up_to is None)
        if hotfix.present_from and hotfix.absent_up_to:
            assert hotfix.absent_up_to < hotfix.present_from
    assert known_hotfix("111111") is None
