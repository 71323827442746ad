"""What a message is: every rule by a case, laws that no message may break, and real mail if there is any."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.exchange.extract import CUT, LIMIT, MARKS, NAMES, NEAR, Extract
from ndrfix.exchange.ndr import Verdict, classify
from ndrfix.resources import MessageKind
from tests.exchange.message_cases import CASES, MESSAGES, Case

DATA = os.environ.get("NDRFIX_DATA")
PAGE = Path(__file__).parents[2] / "docs" / "classifying.md"
NEVER = ("user", "receipt", "other-bounce")
REPORTS = [MESSAGES[name] for name in ("report", "plain", "connector", "hypertext", "both")]
PEOPLE = [MESSAGES[name] for name in ("user", "forward")]


def _told(data: bytes) -> Verdict:
    extract = Extract.of(data, len(data))
    assert Extract.decode(extract.encode()) == extract
    return classify(extract)


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_message_is_told_with_its_reasons(case: Case, ends: bytes) -> None:
    """Each case is of its kind, for the reason named, with either kind of line end."""
    verdict = _told(case.data.replace(b"\n", ends))
    reasons = "; ".join(map(str, verdict.reasons))
    assert verdict.kind == case.kind, reasons
    assert case.why in reasons
    for name, value in case.expected.items():
        found = getattr(verdict, name)
        assert (list(found) if isinstance(found, tuple) else found) == value, name


def test_only_reports_name_recipients() -> None:
    """Whoever is named in a report that was quoted was not failed by this message: its own recipients count."""
    for case in CASES:
        verdict = _told(case.data)
        to = Extract.of(case.data[:LIMIT], len(case.data)).header("to") or ""
        assert verdict.kind is MessageKind.NDR or all(each in to.lower() for each in verdict.recipients)


# --- laws -------------------------------------------------------------------------------------------------------------

SNIPPETS = st.sampled_from(
    [mark.encode() for mark in MARKS]
    + [f"\n{name}: ".encode() for name in NAMES]
    + [line + b"\n" for message in MESSAGES.values() for line in message.split(b"\n")]
    + [b"\n", b"\r\n", b"\r", b"\n\n", b"--", b"\0", b"=?utf-8?B?", b"?=", b"<", b"&#x", b"_x000a_", b"|*^\\!"]
)
MAIL = st.lists(st.one_of(SNIPPETS, st.binary(max_size=20)), max_size=60).map(b"".join)


@given(MAIL, st.integers(0, 10**12))
def test_any_bytes_are_told_and_travel_as_printable_ascii(data: bytes, size: int) -> None:
    """Nothing raises; an extract's text is printable ASCII without what the wire keeps for itself, and leads back."""
    extract = Extract.of(data, size)
    text = extract.encode()
    assert text.isascii()
    assert text.isprintable()
    assert not {"|", "<", ">", "&"} & set(text)
    assert "_x" not in text.lower()
    assert not text.startswith("!")
    assert Extract.decode(text) == extract
    assert classify(extract).reasons


@given(MAIL)
def test_a_text_without_report_in_the_own_header_is_never_taken(text: bytes) -> None:
    """Whatever stands in a person's message, also a whole report, does not make it one."""
    for message in PEOPLE:
        for between in (b"", b"\n", b"\n\n"):
            assert _told(message + between + text).kind is not MessageKind.NDR


@given(st.binary(max_size=NEAR + 10))
def test_bytes_before_the_header_make_no_report(prefix: bytes) -> None:
    """A user's message stays one, whatever the service puts before it."""
    for message in (*PEOPLE, MESSAGES["delivered"], MESSAGES["bounce"]):
        assert _told(prefix + message).kind is not MessageKind.NDR


@pytest.mark.parametrize("quote", [b"> ", b">", b"| ", b"* "])
@pytest.mark.parametrize("report", REPORTS)
def test_a_quoted_report_is_never_taken(report: bytes, quote: bytes) -> None:
    """Not even when a system is the sender: quoted lines are not the message's own."""
    header, _, body = report.partition(b"\n\n")
    quoted = b"".join(quote + line + b"\n" for line in body.split(b"\n"))
    assert _told(header + b"\n\n" + quoted).kind is not MessageKind.NDR


OPENING = re.compile(rb"^(?:<P><FONT SIZE=2>)?Your message", re.MULTILINE)
WORDS = st.lists(
    st.sampled_from(
        (b"Bob,", b"Your message came back:", b"    ", b"\n", b"\n\n", b"| ", b"<P>", b"<BODY>", b"please")
    ),
    max_size=8,
).map(b"".join)


@given(st.sampled_from(REPORTS), WORDS, st.sampled_from((b"", b"    ", b"\t", b"- ")), WORDS)
def test_a_report_below_words_of_somebody_is_never_taken(
    report: bytes, above: bytes, indent: bytes, below: bytes
) -> None:
    """Whoever the header says has sent it, and however the report is set off from the words."""
    words = b"Hello, " + above + b"\n" + indent
    message = OPENING.sub(lambda found: words + found[0], report) + below
    assert _told(message).kind is not MessageKind.NDR


@given(st.sampled_from(REPORTS), st.sampled_from((b"Kim", b"Undeliverable", b"IMS")), WORDS)
def test_a_person_sends_no_report(report: bytes, name: bytes, below: bytes) -> None:
    """Also under the subject of one, with the field of one, and with nothing above it."""
    message = report.replace(b"System Administrator <postmaster@", name + b" <kim@") + below
    assert _told(message).kind is not MessageKind.NDR


@pytest.mark.parametrize("message", [*REPORTS, *PEOPLE])
def test_a_message_whose_header_was_not_seen_to_its_end_stays(message: bytes) -> None:
    """A header that fills all that is looked at is no evidence, of a report or of a user's message."""
    verdict = _told(message.replace(b"\n\n", b"\nX-Filler: " + b"x" * LIMIT + b"\n\n", 1))
    assert verdict.kind is MessageKind.UNKNOWN
    assert "longer than what was looked at" in str(verdict.reasons[0])


@given(st.sampled_from(REPORTS), st.integers(0, 3000))
def test_a_report_that_was_cut_off_is_a_report_or_unknown(report: bytes, length: int) -> None:
    """A file that is cut off may be told as less than it is, never as user mail with a report's header."""
    data = report[:length]
    if b"\n\n" in data:
        assert _told(data).kind in {MessageKind.NDR, MessageKind.BOUNCE, MessageKind.UNKNOWN}


# --- bounds -----------------------------------------------------------------------------------------------------------


@given(st.sampled_from([*REPORTS, *PEOPLE]), st.binary(max_size=100))
def test_only_the_first_bytes_are_looked_at(message: bytes, rest: bytes) -> None:
    """What comes behind the limit changes nothing but that the file is known to be longer."""
    whole = message + b"x" * (LIMIT - len(message))
    cut, longer = Extract.of(whole, len(whole)), Extract.of(whole + rest, len(whole))
    assert cut == longer
    assert not Extract.of(whole, len(whole) + 1).complete


@pytest.mark.parametrize(
    "unit", [b"\nFrom: a", b"\n--", b"\n\t", b"\nMSEXCH:@", b"=?utf-8?Q?a?= ", b"<<<", b'"\\', b"\xff"]
)
def test_the_text_is_bounded_whatever_is_repeated(unit: bytes) -> None:
    """An extract is never larger than its limits allow, three characters a byte."""
    for head in (b"Subject: ", b"From: a\nSubject: ", b"From: a\n\n"):
        extract = Extract.of((head + unit * LIMIT)[:LIMIT], LIMIT)
        assert len(extract.encode()) < 3 * (10 * 240 + 12 * 120) + 500
        assert len(classify(extract).subject) <= 240


# --- the text ---------------------------------------------------------------------------------------------------------

GOOD = Extract.of(MESSAGES["report"], 999).encode()


BROKEN = [
    *("", "1", f"{GOOD}*", f"x{GOOD}", f"{GOOD}\\", f"{GOOD}\\zz", f"{GOOD}\n", f"{GOOD}é"),
    *(
        GOOD.replace(old, new, 1)
        for old, new in (("*0*0*", "*0*2*"), ("*0*0*", "*-1*0*"), ("^", "^~"), ("*", "*١"), (",", ",,"))
    ),
]


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (2, "1,2,3,4"),
        (3, "a" + "x" * 241),
        (3, "^".join(["axy"] * 11)),
        (4, ",".join(["a1"] * 27)),
        (5, "x" * 121),
        (5, "^".join(["@"] * 13)),
    ],
)
def test_more_than_was_asked_for_is_refused(part: int, text: str) -> None:
    """A far side cannot make a message take longer than the limits allow."""
    cells = Extract.of(b"From: a\n\nb", 10).encode().split("*")
    cells[part + 4] = text
    with pytest.raises(ValueError, match="more than was asked for"):
        Extract.decode("*".join(cells))


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_no_extract_is_refused(text: str) -> None:
    """A text that is not one of an extract is an error, and not half a message."""
    with pytest.raises(ValueError, match=r"not|neither|no such|begins no escape"):
        Extract.decode(text)


@given(st.text(st.characters(codec="ascii"), max_size=80))
def test_any_text_is_an_extract_or_a_value_error(text: str) -> None:
    """Only ValueError comes out of a broken line, and what is an extract can be told."""
    for candidate in (text, GOOD[:40] + text + GOOD[40:]):
        try:
            extract = Extract.decode(candidate)
        except ValueError:
            continue
        assert classify(extract).reasons


def test_the_parameters_need_no_escape_but_the_line_end() -> None:
    r"""The far side may undo `\n` alone: no other escape and no separator is in the parameters."""
    cells = CUT.split("*")
    assert len(cells) == 12
    assert "\\" not in CUT.replace("\\n", "")
    assert [cell.replace("\\n", "\n") for cell in cells[10].split("^")] == list(MARKS)
    assert len(set(MARKS)) == len(MARKS) <= 26
    assert all(text == text.lower() for text in NAMES)


# --- real mail --------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not DATA, reason="NDRFIX_DATA does not name a folder with mail")
@pytest.mark.parametrize("folder", [*NEVER, "ims-ndr"])
def test_mail_of_real_systems(folder: str) -> None:
    """Nothing but reports of the service is ever taken for one, few of those are missed, and the page says how many."""
    kinds = {file.name: _told(file.read_bytes()).kind for file in (Path(DATA or "") / "mail" / folder).glob("*.eml")}
    reports = {name for name, kind in kinds.items() if kind is MessageKind.NDR}
    assert kinds
    if folder in NEVER:
        assert reports == set()
    else:
        assert len(kinds) - len(reports) <= 2, kinds
    counts = [list(kinds.values()).count(kind) for kind in MessageKind]
    row = " | ".join(map(str, (f"`{folder}`", len(kinds), *counts)))
    assert f"| {row} |" in PAGE.read_text(encoding="utf-8")


def test_mail_is_known_by_its_recipients() -> None:
    """Of a user's message those in To count, each once, names and folded lines left out; of a report they do not."""
    head = (
        b'From: Jo <jo@acme.example>\r\nTo: "A, B" <a@x.example>,\r\n\t C <C@Y.example>, a@x.example\r\n\r\nHello\r\n'
    )
    assert classify(Extract.of(head, len(head))).recipients == ("a@x.example", "c@y.example")
