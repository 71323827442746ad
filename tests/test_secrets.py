"""Secrets do not show themselves, and the mask takes them out of any text."""

import base64
import copy
import json
import pickle
import urllib.parse
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.secrets import MASK, Masker, Secret

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=20).filter(
    lambda text: len(text.strip()) >= 4 and not set(text) <= set(MASK)
)


def test_a_secret_never_shows_its_text() -> None:
    """No way of printing gives the text; `reveal` does."""
    secret = Secret("hunter2")
    shown = [str(secret), repr(secret), f"{secret}", f"{secret:>30}", f"{secret!r}", "%s" % secret, str([secret])]  # noqa: UP031 one of the ways of printing
    assert not any("hunter2" in text for text in shown)
    assert secret.reveal() == "hunter2"


def test_a_secret_cannot_be_stored() -> None:
    """Pickling, copying and JSON are refused, so that no secret reaches a file by accident."""
    secret = Secret("hunter2")
    for store in (pickle.dumps, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            store(secret)


def test_secrets_are_equal_by_text() -> None:
    """Two secrets of one text are one, also in a set; a text is no secret."""
    assert Secret("ä1") == Secret("ä1")
    assert Secret("ä1") != Secret("ä2")
    assert len({Secret("a"), Secret("a")}) == 1
    assert Secret("a") != "a"


@given(text=TEXTS)
def test_every_usual_spelling_is_masked(text: str) -> None:
    """As it stands, in JSON, URLs, XML, Python and base64: none of them is left."""
    spellings = [
        text,
        json.dumps(text)[1:-1],
        urllib.parse.quote(text),
        escape(text),
        base64.b64encode(text.encode()).decode(),
        base64.b64encode(text.encode("utf-16-le")).decode(),
        text.encode().hex(),
    ]
    mask = Masker([Secret(text)])
    for spelling in spellings:
        assert mask(f"<{spelling}>") == f"<{MASK}>"


def test_the_longer_secret_is_masked_as_a_whole() -> None:
    """A secret that begins like another leaves no rest behind."""
    mask = Masker([Secret("hunter"), Secret("hunter22")])
    assert mask("hunter22 hunter") == f"{MASK} {MASK}"


@pytest.mark.parametrize("secret", ["", "abc", "  a  ", "\tok\n"])
def test_short_texts_are_not_searched_for(secret: str) -> None:
    """A secret of fewer than four characters, blanks aside, would mask ordinary words."""
    assert Masker([Secret(secret)])("a book of abc") == "a book of abc"


def test_a_secret_learnt_later_is_masked() -> None:
    """The mask may learn while it is in use."""
    mask = Masker()
    assert mask("hunter2") == "hunter2"
    mask.add(Secret("hunter2"))
    assert mask("it is hunter2.") == f"it is {MASK}."
