"""Ranges in host names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.inventory.ranges import LARGEST, expand

CASES = {
    "mail01": ("mail01",),
    "ex[01:03].x": ("ex01.x", "ex02.x", "ex03.x"),
    "r[9:10]": ("r9", "r10"),
    "n[0:4:2]": ("n0", "n2", "n4"),
    "[1:9:2]": ("1", "3", "5", "7", "9"),
    "[:2]": ("0", "1", "2"),
    "s[a:c]": ("sa", "sb", "sc"),
    "s[A:C:2]": ("sA", "sC"),
    "m[1:2]-[a:b]": ("m1-a", "m1-b", "m2-a", "m2-b"),
    "[099:101]": ("099", "100", "101"),
}


@pytest.mark.parametrize(("pattern", "wanted"), CASES.items(), ids=CASES.keys())
def test_a_range_stands_for_names(pattern: str, wanted: tuple[str, ...]) -> None:
    """Both ends belong to a range, zeros are kept, the last range runs fastest."""
    assert expand(pattern) == wanted


@pytest.mark.parametrize(
    "pattern",
    ["[3:1]", "[1:]", "[1:2:3:4]", "[a:1]", "[aa:c]", "[1:9:-1]", "a]", "[]", f"[1:{LARGEST + 1}]", "[1:300][1:300]"],
)
def test_a_wrong_range_is_refused(pattern: str) -> None:
    """What is no range, or too large, is a ValueError and never an odd host."""
    with pytest.raises(ValueError, match=r"range|backwards|hosts"):
        expand(pattern)


@given(first=st.integers(0, 500), count=st.integers(1, 50), step=st.integers(1, 7), width=st.integers(1, 6))
def test_numbers_are_counted_and_padded(first: int, count: int, step: int, width: int) -> None:
    """A range gives what `range` gives, padded to the width of its first end."""
    last = first + count
    pattern = f"h[{first:0{width}}:{last:0{width}}:{step}]"
    padded = len(f"{first:0{width}}") > len(str(first)) or (f"{first:0{width}}".startswith("0") and width > 1)
    wanted = [f"h{number:0{width}}" if padded else f"h{number}" for number in range(first, last + 1, step)]
    assert list(expand(pattern)) == wanted
