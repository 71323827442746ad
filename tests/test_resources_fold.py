"""How names are compared."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ndrfix.resources import fold


@given(st.one_of(st.text(), st.text(st.characters(max_codepoint=127))))
def test_folding_goes_letter_by_letter(text: str) -> None:
    """A name folds to its letters' forms, so it keeps its length, and folding again changes nothing."""
    assert fold(text) == "".join(fold(letter) for letter in text)
    assert len(fold(text)) == len(text)
    assert fold(text.swapcase() if text.isascii() else text) == fold(text)


def test_a_letter_that_would_become_two_stays() -> None:
    """Windows knows no such letters: `ß` is not `SS`."""
    assert (fold("straße"), fold("ŭmlaut")) == ("STRAßE", "ŬMLAUT")
