"""Header fields as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.exchange.mail_header import Mailbox, decoded, domain, key, mailbox, media_type


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("plain", "plain"),
        ("one\n two\n\tthree", "one two three"),
        ("Gr\xfc\xdfe", "Grüße"),
        ("\xc3\xbc", "ü"),
        ("\x80 5", "€ 5"),
        ("=?iso-8859-1?Q?Gr=FC=DFe_an?= alle", "Grüße an alle"),
        ("=?utf-8?B?w7w=?=\n =?utf-8?B?w7w=?=", "üü"),
        ("=?utf-8?Q?=C3?= =?utf-8?Q?=BC?=", "ü"),
        ("=?utf-8?Q?=C3?= =?utf-8?B?vA==?=", "ü"),
        ("=?iso-8859-1?Q?=E4?= =?utf-8?Q?=C3=BC?=", "äü"),
        ("=?iso-2022-jp?B?GyRCJCIbKEI=?=", "あ"),
        ("=?US-ASCII*en?Q?a?=", "a"),
        ("=?utf-8?B?w7w?=", "ü"),
        ("=?utf-8?B?w7wxM?=", "ü1"),
        ("=?utf-8?B?w?=", ""),
        ("=?utf-8?B?w7w", "=?utf-8?B?w7w"),
        ("=?none?Q?a?=", "=?none?Q?a?="),
        ("=?unicode_escape?Q?=5Cz?=", "=?unicode_escape?Q?=5Cz?="),
        ("=?idna?Q?a?=", "=?idna?Q?a?="),
        ("=?undefined?Q?a?=", "=?undefined?Q?a?="),
        ("a\x1b[31mb\x00c", "a [31mb c"),
        ("=?utf-8?Q?a=0D=0ASubject:_b?=", "a  Subject: b"),
    ],
)
def test_a_field_is_decoded(raw: str, text: str) -> None:
    """Folds, encoded words and eight-bit characters become text; what cannot be decoded stays as it stands."""
    assert decoded(raw) == text


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("kim@acme.example", Mailbox("", "kim@acme.example")),
        ("kim@acme.example (Kim Doe)", Mailbox("Kim Doe", "kim@acme.example")),
        ("Kim Doe <kim@acme.example>", Mailbox("Kim Doe", "kim@acme.example")),
        ('"Doe, Kim" <kim@acme.example>, bo@far.example', Mailbox("Doe, Kim", "kim@acme.example")),
        ('"a <b@far.example>" <kim@acme.example>', Mailbox("a <b@far.example>", "kim@acme.example")),
        ('"a \\" <b@far.example>" <kim@acme.example>', Mailbox('a \\" <b@far.example>', "kim@acme.example")),
        ("=?utf-8?Q?a_=3Cb=40far.example=3E?= <kim@acme.example>", Mailbox("a <b@far.example>", "kim@acme.example")),
        ("Postmaster <>", Mailbox("Postmaster", "")),
        ("Kim\n\t<kim@acme.example>", Mailbox("Kim", "kim@acme.example")),
        ('Kim "the" Doe <kim@acme.example>', Mailbox('Kim "the" Doe', "kim@acme.example")),
        ("Kim <kim@acme.example", Mailbox("Kim", "kim@acme.example")),
        ("nobody", Mailbox("", "nobody")),
        ("", Mailbox("", "")),
    ],
)
def test_the_first_mailbox_is_taken_apart(raw: str, found: Mailbox) -> None:
    """Name and address are those that a mail server sees: a name cannot pose as address."""
    assert mailbox(raw) == found


def test_the_domain_is_that_of_the_first_address() -> None:
    """The domain is in lower case; without an address there is none."""
    assert domain("'Bo' <bo@FAR.example>, al@other.example") == "far.example"
    assert domain("bo@far.example, al@other.example") == "far.example"
    assert domain("undisclosed-recipients:;") == ""


def test_types_and_keys_know_neither_case_nor_blanks() -> None:
    """What is compared is folded."""
    assert media_type("Multipart/ Mixed;\n boundary=x") == "multipart/mixed"
    assert key("Undeliv\terable: A") == key("undeliverable:a")


@given(st.text(st.characters(max_codepoint=255), max_size=240))
def test_any_field_is_read(raw: str) -> None:
    """Nothing raises, and nothing that is shown can move a cursor or break a line."""
    found = mailbox(raw)
    for text in (decoded(raw), found.name, found.address, domain(raw)):
        assert all(char.isprintable() for char in text)
