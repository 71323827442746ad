"""The procedure by which a queue file is cut: each step, to the letter, as the far side must do it too."""

from __future__ import annotations

import pytest

from ndrfix.exchange.extract import AFTER, BEFORE, FIELD, LIMIT, LINE, LINES, NEAR, Extract

CASES = {
    "nothing": (b"", "0*0**0******"),
    "no header": (b"Dear Bo,\nhello\n", "15*15**0******"),
    "a header alone": (b"Subject: a", "10*10*0*0****ca**"),
    "names in any case": (b"sUBJECT: a\nFROM: b\n\n", "20*20*0*0*20***ab^ca**"),
    "CR LF": (b"Subject: a\r\nFrom: b\r\n\r\nx", "24*24*0*0*23***ab^ca**"),
    "the first field counts": (b"From: a\nFrom: b\n\n", "17*17*0*0*17***aa**"),
    "a name inside of a line": (b"From: a To: b\nX-To: c\n\n", "23*23*0*0*23***aa To: b**"),
    "a field of a name that is longer": (b"From: a\nSubject2: c\n\n", "21*21*0*0*21***aa**"),
    "folds": (b"From: a\n b\n\tc\r\n\t d\nTo: e\n\n", "26*26*0*0*26***aa\\n b\\n\\tc\\n\\t d^be**"),
    "a fold before the value": (b"From:\n a\n\n", "10*10*0*0*10***aa**"),
    "a fold at the end": (b"From: a\n ", "9*9*0*0****aa**"),
    "an empty field": (b"From: \nTo:\n\n", "12*12*0*0*12***a^b**"),
    "escapes": (
        b"From: \\|*^<>&_x_X_y\x00\xe9~\n\n",
        "24*24*0*0*24***a\\5c\\7c\\2a\\5e\\3c\\3e\\26\\5fx\\5fX_y\\00\\e9~**",
    ),
    "bytes before the header": (b"\x00\x01\nFrom: a\n\n", "12*12*3*0*12***aa**"),
    "glued to the first line": (b"\x00From: a\nTo: b\n\n", "16*16*9*0*16***bb**"),
    "LF LF before the header": (b"a\n\nFrom: a\n\n", "12*12*3*1*12***aa**"),
    "LF CR LF before the header": (b"a\n\r\nFrom: a\n\n", "13*13*4*1*13***aa**"),
    "an empty first line": (b"\nFrom: a\n\n", "10*10*1*1*10***aa**"),
    "the earlier of two blanks": (b"From: a\n\r\nTo: b\n\nc", "18*18*0*0*10***aa**"),
    "the earlier of two blanks, LF": (b"From: a\n\nTo: b\n\r\nc", "18*18*0*0*9***aa**"),
    "parts": (b"From: a\n\n--b\nX: y\n\nc\n--b\n--\n--d", "31*31*0*0*9*19*8,20,24*aa**"),
    "a part without a blank": (b"From: a\n\n--b\nX", "14*14*0*0*9**8*aa**"),
    "a mark in the first line of the body": (b"From: a\n\n> b\n>", "14*14*0*0*9***aa*j8*"),
    "a mark of the header does not count": (b"From: a\nX: MSEXCH:\n\nb", "21*21*0*0*20***aa**"),
    "marks in any case": (b"From: a\n\nmsexch: Was\nWAS READ ON", "32*32*0*0*9***aa*a9,g20*"),
    "lines": (b"From: a\n\n \ta@b \nx\n  MSEXCH:1\n>(00\ncn=", "37*37*0*0*9***aa*a20,j28,r17*a@b^MSEXCH:1^\\3e(00^cn="),
    "lines to the next part": (b"From: a\n\nMSEXCH:\na@b\n--\nc@d", "27*27*0*0*9**20*aa*a9*MSEXCH:^a@b"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_step_of_the_procedure(name: str) -> None:
    """The text of the extract is exactly this."""
    data, text = CASES[name]
    extract = Extract.of(data, len(data))
    assert extract.encode() == text
    assert Extract.decode(text) == extract


def test_a_header_begins_near_the_start_or_not_at_all() -> None:
    """The colon must stand within the first characters that are searched."""
    data = b"x" * (NEAR - 6) + b"\nFrom: a\n\n"
    assert Extract.of(data, 0).start == NEAR - 5
    assert Extract.of(b"x" + data, 0).start is None


def test_fields_are_cut() -> None:
    """Only so many characters of a field count, after trimming."""
    extract = Extract.of(b"Subject:   " + b"x" * FIELD + b"y\n\n", 0)
    assert extract.header("subject") == "x" * FIELD
    assert extract.header("from") is None


def test_lines_are_cut_and_counted() -> None:
    """Only so many lines near the mark count, and so many characters of each."""
    extract = Extract.of(b"From: a\n\nMSEXCH:" + b"x" * LINE + b"\n" + b"@\n" * LINES, 0)
    assert extract.lines == (("MSEXCH:" + "x" * LINE)[:LINE], *["@"] * (LINES - 1))


def test_lines_are_looked_for_near_the_mark_only() -> None:
    """A line that begins too far before the mark, or is cut off by the distance, does not count."""
    near = b"near@by " + b"x" * (BEFORE - 10) + b"\n"
    assert Extract.of(b"From: a\n\nzz\n" + near + b"MSEXCH:", 0).lines == (near.decode()[:LINE], "MSEXCH:")
    assert Extract.of(b"From: a\n\nzz\n" + near[:-1] + b"x\nMSEXCH:", 0).lines == ("MSEXCH:",)
    behind = b"x" * (AFTER - 9) + b"\n@"
    assert Extract.of(b"From: a\n\nMSEXCH:\n" + behind, 0).lines == ("MSEXCH:",)
    assert Extract.of(b"From: a\n\nMSEXCH:\n" + behind[1:], 0).lines == ("MSEXCH:", "@")


def test_what_was_looked_at_is_told() -> None:
    """`taken` is what was looked at, never more than the limit."""
    assert Extract.of(b"x" * (LIMIT + 1), LIMIT + 1).taken == LIMIT
    assert not Extract.of(b"x" * (LIMIT + 1), LIMIT + 1).complete
    assert Extract.of(b"x" * LIMIT, LIMIT).complete
