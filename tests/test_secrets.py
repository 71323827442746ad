"""Secrets do not show themselves, and the mask takes them out of any text."""

import base64
import copy
import html
import json
import pickle
import struct
import urllib.parse
from collections.abc import Callable
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.secrets import MASK, Masker, Secret, in_url

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


def test_a_secret_has_no_state_to_give_away() -> None:
    """Neither pickle's protocol nor a debugger's view of its state shows the text; an empty one counts as nothing."""
    with pytest.raises(TypeError):
        Secret("hunter2").__getstate__()
    assert (bool(Secret("hunter2")), bool(Secret(""))) == (True, False)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("http://svc:hunter2@proxy:3128", ["hunter2"]),
        ("https://ACME%5Csvc:hunt%40er@proxy/x and http://b:c@d", ["hunt%40er", "c", "hunt@er"]),
        ("http://proxy:3128/a@b", []),
        ("http://svc@proxy", []),
        ("a: b@c", []),
        ("1http://svc:hunter2@proxy", ["hunter2"]),
        ("y" * 1_000_000, []),  # in no time
    ],
    ids=range(7),
)
def test_passwords_in_addresses(text: str, found: list[str]) -> None:
    """As a proxy's address may hold one, with and without its escapes."""
    assert [each.reveal() for each in in_url(text)] == found


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


@given(secrets=st.lists(TEXTS, min_size=1, max_size=20), text=st.text(max_size=30))
def test_many_secrets_are_masked_like_few(secrets: list[str], text: str) -> None:
    """However many are known, each is masked wherever it stands, and a text without any stays as it is."""
    few, many = Masker(), Masker(Secret(f"other {number} secret") for number in range(30))
    for each in secrets:
        few.add(Secret(each))
        many.add(Secret(each))
    whole = text + text.join(secrets) + text
    assert few(whole) == many(whole)
    assert not [each for each in secrets for piece in few(whole).split(MASK) if each in piece]


@given(text=TEXTS, before=st.binary(max_size=5), after=st.binary(max_size=5))
def test_a_secret_inside_a_longer_base64_is_masked(text: str, before: bytes, after: bytes) -> None:
    """As in `Authorization: Basic`: what is left of the digits holds no three bytes in a row of the secret."""
    for coding in ("utf-8", "utf-16-le"):
        raw = text.encode(coding)
        shown = Masker([Secret(text)])(base64.b64encode(before + raw + after).decode())
        assert MASK in shown
        rest = [piece for piece in shown.split(MASK) if piece]
        assert all(len(piece) <= len(base64.b64encode(before + b"xx" + after)) for piece in rest)


def test_overlapping_secrets_leave_nothing() -> None:
    """Where one secret begins inside another, both are masked."""
    assert Masker([Secret("abcdef"), Secret("defghi")])("<abcdefghi>") == f"<{MASK}>"
    assert Masker([Secret("abcdefghij"), Secret("cdef")])("<abcdefghij>") == f"<{MASK}>"


@pytest.mark.parametrize(
    "spelled",
    [
        lambda text: repr(text.encode()),
        lambda text: repr(text.encode("utf-16-le")),
        lambda text: text.encode("utf-16-le").decode("latin-1"),
        lambda text: json.dumps(json.dumps(text)),
        lambda text: urllib.parse.quote(text).replace("%C3%BC", "%c3%bc").replace("%5C", "%5c"),
        lambda text: text.encode("ascii", "xmlcharrefreplace").decode(),
        lambda text: text.encode().decode("latin-1"),
        lambda text: text.encode("utf-16-be").hex().upper(),
    ],
)
def test_spellings_of_other_programs(spelled: Callable[[str], str]) -> None:
    """Bytes as Python shows them, UTF-16 read as something else, JSON in JSON, and whatever else was met."""
    text = "Gl4ss 'Hürbor\\"
    shown = Masker([Secret(text)])(spelled(text))
    assert MASK in shown
    assert "Gl4ss" not in shown
    assert "rbor" not in shown
    assert "Gl" not in shown.replace("\x00", "").replace("\\x00", "")


ODD = "Pä<w'd&9\"/x y\\n😀+%41"
IN_JSON = json.dumps(ODD)[1:-1]
OF_DOTNET = html.escape(ODD).replace("&#x27;", "&#39;")
COMPONENT = urllib.parse.quote(ODD, safe="!'()*")


@pytest.mark.parametrize(
    "spelled",
    [
        "".join(f"\\u{ord(sign):04x}" if sign in "<>&'" else sign for sign in IN_JSON),
        IN_JSON.replace("/", "\\/"),
        IN_JSON.replace("\\u00e4", "\\u00E4"),
        "".join(f"\\u{unit:04X}" for (unit,) in struct.iter_unpack("<H", ODD.encode("utf-16-le"))),
        OF_DOTNET,
        OF_DOTNET.replace("ä", "&#xE4;"),
        OF_DOTNET.replace("&#39;", "'"),
        OF_DOTNET.replace("&gt;", ">").replace(" ", "_x0020_"),
        "".join(f"&#{ord(sign)};" for sign in ODD),
        "".join(f"&#X{ord(sign):X};" for sign in ODD),
        COMPONENT,
        COMPONENT.lower().replace("p%c3", "P%c3"),
        COMPONENT.replace("%20", "+"),
        urllib.parse.quote(COMPONENT, safe=""),
        COMPONENT.replace("%C3%A4", "%E4").replace("%F0%9F%98%80", "%uD83D%uDE00"),
        COMPONENT.replace("%C3%A4", "%u00E4").replace("%F0%9F%98%80", "%ud83d%ude00"),
        json.dumps(OF_DOTNET)[1:-1],
        json.dumps(json.dumps(IN_JSON)[1:-1])[1:-1],
        html.escape(IN_JSON),
        ODD.replace('"', '`"'),
        ODD.replace("&", "^&").replace("<", "^<"),
        ODD.replace('"', '""'),
        "".join(f"\\{sign}" if sign.isascii() and not sign.isalnum() else sign for sign in ODD),
        "".join(f"\\{each:03o}" for each in ODD.encode()),
    ],
    ids=range(24),
)
def test_escapes_of_other_programs(spelled: str) -> None:
    """Whichever characters a program escapes, in whichever way and how often: nothing of the secret is left."""
    assert Masker([Secret(ODD)])(f"<{spelled}>") == f"<{MASK}>"


def test_what_stands_before_a_secret_is_no_part_of_an_escape() -> None:
    """A domain's backslash before a password in XML, a percent sign before one in JSON, an ampersand in plain text."""
    mask = Masker([Secret("n41<lt;&"), Secret('41;x"')])
    text = r"ACME\n41&lt;lt;&amp; 5%41;x\" &#41;x"
    assert mask(text + '"') == rf"ACME\{MASK} 5%{MASK} &#{MASK}"


@given(text=TEXTS, ways=st.lists(st.integers(0, 7), min_size=20, max_size=20))
def test_any_mixture_of_escapes_is_masked(text: str, ways: list[int]) -> None:
    """Each character in a way of its own, if those with which escapes begin are escaped: `^` before an entity would
    else be one for its `&`.
    """
    spell = (
        str,
        lambda sign: f"&#{ord(sign)};",
        lambda sign: f"&#x{ord(sign):x};",
        lambda sign: json.dumps(f"{sign}")[1:-1],
        lambda sign: "".join(f"\\u{unit:04x}" for (unit,) in struct.iter_unpack("<H", sign.encode("utf-16-le"))),
        lambda sign: f"\\U{ord(sign):08X}" if ord(sign) < 0x100000 else f"&#{ord(sign)};",
        lambda sign: f"%u{ord(sign):04x}" if ord(sign) < 0x10000 else f"&#{ord(sign)};",
        lambda sign: f"%{ord(sign):02X}" if ord(sign) < 0x100 else f"&#{ord(sign)};",
    )
    begin = "&%^`_\\"
    spelled = "".join(spell[1 if sign in begin else way or 1](sign) for way, sign in zip(ways, text, strict=False))
    assert Masker([Secret(text)])(f"<{spelled}>") == f"<{MASK}>"


@pytest.mark.parametrize("coding", ["utf-8", "utf-16-le", "latin-1", "cp1252"])
@pytest.mark.parametrize("spell", [str, lambda text: json.dumps(text)[1:-1]], ids=["plain", "json"])
def test_base64_in_lines(coding: str, spell: Callable[[str], str]) -> None:
    """A line ends where it has to, also in the middle of the secret."""
    for before in range(40, 60):
        lines = base64.encodebytes(b"A" * before + "hünter-and-gatherer".encode(coding) + b"B" * 80).decode()
        for text in (lines, lines.replace("\n", "\r\n")):
            shown = Masker([Secret("hünter-and-gatherer")])(spell(text))
            assert MASK in shown
            assert len(shown) - len(MASK) <= len(spell(text)) - len("hünter-and-gatherer".encode(coding))


@pytest.mark.parametrize("number", ["23456789", "4096"])
def test_a_number_is_masked_as_registries_show_it(number: str) -> None:
    """In hexadecimal, as the reports and registry files write it; small ones only as the data of a value."""
    shown = Masker([Secret(int(number))])(f"0x{int(number):08X} ({number}) dword:{int(number):08x} build 1000")
    assert shown == f"0x{MASK} ({MASK}) dword:{MASK} build 1000"


def test_many_secrets_that_begin_alike_are_learnt_and_masked() -> None:
    """However many are known already, one more costs the same."""
    mask = Masker(Secret(f"common-prefix-{number:05}") for number in range(3000))
    assert mask("common-prefix-02999 common-prefix-03000") == f"{MASK} common-prefix-03000"


def test_other_escapes_stay() -> None:
    """What holds no secret comes out as it was, escapes and all."""
    text = r"C:\new\table \u00e4 &amp;#39; %2541 &nosuch; &#99999999; \x &#1114112;"
    assert Masker([Secret("hunter2")])(text) == text


def test_a_line_of_a_secret_of_many_lines_is_masked() -> None:
    """A key of many lines is seldom shown as a whole."""
    mask = Masker([Secret("first line of it\nsecond line of it\n")])
    assert mask("  2 | second line of it") == f"  2 | {MASK}"


def test_bytes_that_are_no_text_are_masked() -> None:
    """A vault password of random bytes is a secret like any other."""
    secret = Secret(b"key\xff\x80key".decode("utf-8", "surrogateescape"))
    assert secret == Secret(secret.reveal())
    assert MASK in Masker([secret])(f"it is {secret.reveal()}")


@pytest.mark.parametrize(
    "spell",
    [
        lambda data: data.hex(),
        lambda data: data.hex().upper(),
        lambda data: data.hex(","),
        lambda data: data.hex(",").upper(),
        lambda data: "hex(2):" + data.hex(",")[:11] + ",\\\n  " + data.hex(",")[12:] + ",00,00",
        lambda data: data.hex(",")[:5] + ",\\\r\n  " + data.hex(",")[6:],
        lambda data: data.hex(" "),
        lambda data: data.hex("-").upper(),
        lambda data: ",".join(f"0x{each:02x}" for each in data),
        lambda data: "ff:" + data.hex(":") + ":00",
    ],
)
@pytest.mark.parametrize("coding", ["utf-8", "utf-16-le", "utf-16-be", "cp1252"])
def test_bytes_in_hexadecimal(spell: Callable[[bytes], str], coding: str) -> None:
    """As registry files, `hex(2):` with its continued lines, and dumps write a text."""
    spelled = spell("hüntér".encode(coding))
    shown = Masker([Secret("hüntér"), Secret("another one")])(f"a=1 {spelled} b")
    assert MASK in shown
    assert "74" not in shown
    assert (shown[:4], shown[-2:]) == ("a=1 ", " b")


def test_other_bytes_in_hexadecimal_stay() -> None:
    """Numbers, dates and the bytes of other texts are none of the secret's."""
    text = "2004-03-16 14:15:16 de,ad,be,ef,00 0x12345678 {6B29FC40-CA47-1067-B31D-00DD010662DA}"
    assert Masker([Secret("hunter2")])(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://svc:x@proxy:3128/a", f"http://svc:{MASK}@proxy:3128/a"),
        ("'https://ACME\\svc:p@ss:w/rd@proxy', a@b", f"'https://ACME\\svc:{MASK}@proxy', a@b"),
        ("http://a:b@c,ftp://d:e@f", f"http://a:{MASK}@c,ftp://d:{MASK}@f"),
        ("redis://:pw@h", f"redis://:{MASK}@h"),
        ("http://u:p@[::1]:80/ http://u:p@h: refused", f"http://u:{MASK}@[::1]:80/ http://u:{MASK}@h: refused"),
        ("http://proxy:3128/a@b http://svc@proxy http://[::1]:80/a:b@c", ""),
    ],
)
def test_a_password_in_an_address_is_masked_though_nobody_knew_it(text: str, shown: str) -> None:
    """However short it is; the user, the host and the rest of the address stay."""
    assert Masker()(text) == (shown or text)
