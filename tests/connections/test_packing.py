"""Packed texts: what is packed is unpacked, and nothing else is taken for it."""

from __future__ import annotations

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.connections.packing import MARK, packed, unpacked
from ndrfix.connections.wire_text import WireError

WHOLE = packed("message|0|a\n" * 40)


def _raw(data: bytes) -> str:
    return MARK + base64.b64encode(data).decode()


@given(st.text(st.characters(max_codepoint=127), max_size=300))
def test_what_is_packed_is_unpacked(text: str) -> None:
    """A packed text is one line without the separators of the wire, and unpacks to what it was; so does a bound that it
    just reaches.
    """
    sent = packed(text)
    assert set(sent.removeprefix(MARK)).isdisjoint("\r\n|<>*?\\_")
    assert unpacked(sent, len(text)) == text


def test_a_text_that_is_not_packed_stays() -> None:
    """Whatever does not begin with the mark is the text itself, without a bound."""
    assert unpacked("message|0|z|" * 5, 3) == "message|0|z|" * 5


def test_no_more_is_unpacked_than_may_be() -> None:
    """One character more than the bound is refused; so is a text that would unpack to a thousand times its size."""
    assert unpacked(packed("a" * 100), 100) == "a" * 100
    for text in (packed("a" * 101), packed("a" * 100_000_000)):
        with pytest.raises(WireError, match="more than 100 characters"):
            unpacked(text, 100)


@pytest.mark.parametrize(
    "text",
    [
        MARK,
        MARK + "!",
        WHOLE[:-8],
        _raw(base64.b64decode(WHOLE.removeprefix(MARK)) + b"a"),
        WHOLE.replace("=", "") + "A",
        _raw(zlib.compress(b"with a header")),
        _raw(b"\xff\xff"),
        packed("a").replace(MARK, MARK + "A", 1),
    ],
)
def test_what_is_damaged_is_refused(text: str) -> None:
    """A text that is cut off, or is no deflate stream, or goes on behind its end."""
    with pytest.raises(WireError, match="a packed text that"):
        unpacked(text, 10_000)


def test_only_ascii_is_unpacked() -> None:
    """The wire's texts are ASCII, packed or not."""
    press = zlib.compressobj(6, zlib.DEFLATED, -15)
    with pytest.raises(WireError, match="damaged"):
        unpacked(_raw(press.compress("ü".encode()) + press.flush()), 10)
