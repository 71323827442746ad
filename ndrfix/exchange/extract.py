r"""What is cut out of a queue file, so that a message can be told by it: header fields, and where some texts stand.

Files of the outbound queue are many and large, and the far side is an old PowerShell: so it cuts by a procedure that
takes no decisions, and all knowledge is in `ndr.py`. `Extract.of` is that procedure; the far side does the same with
the parameters in `CUT` and returns the text of `Extract.encode`. How the part before the header of a queue file looks
is documented nowhere; that there is one follows from how files are put back (Q192540, Q197792).

The procedure. `T` is the first LIMIT bytes of the file as Latin-1, one character a byte; offsets count from 0. "Find X
from P" is the lowest offset >= P of the whole of X, ordinal. "Any case" is ordinal without regard to case. A *blank* is
the lower of find LF LF and find LF CR LF; one is two characters long, the other three.

1. START: for each of the names STARTS, find LF NAME `:` in LF + T[0:NEAR], any case. The lowest offset found is START
   (the LF that was put in front makes it the offset in T). None found: START, BODY and INNER are none, the rest is
   empty, HIDDEN is 0.
2. HIDDEN is 1 when there is a blank in LF + T[0:START], else 0.
3. The blank from START in T: H is LF + T[START:blank], BODY is the offset behind the blank. No blank: H is
   LF + T[START:], BODY is none. All CR are taken out of H.
4. Fields: for each of the names NAMES, find LF NAME `:` in H, any case. From behind the colon to the next LF that is
   followed by neither space nor tab (or to the end of H): space, tab and LF are trimmed off both ends, then the first
   FIELD characters count. Steps 5 to 8 only when there is a BODY.
5. PARTS: the offsets of the first PARTS of find LF `--` in T from BODY - 1, each behind the start of the one before.
6. INNER: the offset behind the blank from the first of PARTS in T; none without PARTS, or without such a blank.
7. Marks: for each of MARKS, find in T from BODY - 1, any case.
8. Lines, when the first of MARKS was found, at M: from A, the greater of BODY and M - BEFORE, to Z, the lowest of
   M + AFTER, the end of T, and find LF `--` in T from M. T[A:Z] without CR is split at LF; when A > BODY the first
   piece is dropped. Of each piece, spaces and tabs are trimmed off both ends, then the first LINE characters count; it
   is kept when it holds one of KEEP (ordinal). The first LINES kept pieces count.

The text: SIZE `*` TAKEN `*` START `*` HIDDEN `*` BODY `*` INNER `*` PARTS `*` FIELDS `*` MARKS `*` LINES. SIZE is the
file's size, TAKEN the length of T, numbers are decimal, "none" is empty. PARTS are joined with `,`, FIELDS and LINES
with `^`, MARKS with `,`. A field is a letter (`a` for the first of NAMES) and its text, a mark a letter and its offset;
what was not found is left out. Texts are escaped: LF is `\n`, tab `\t`; all outside of space to `~`, and each of
`\ | * ^ < > &`, is `\` and two hexadecimal digits in lower case; so is `_` in front of `x` or `X`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LIMIT = 16384
"""Bytes of a file that are looked at."""
NEAR = 4096
"""Bytes from the start of a file within which its header must begin."""
FIELD = 240
"""Characters of a header field that count."""
BEFORE = 400
AFTER = 1600
"""Characters before and behind the first mark among which lines are looked for."""
LINE = 120
LINES = 12
PARTS = 3

STARTS = ("received", "return-path", "message-id", "from", "to", "subject", "date", "mime-version", "x-mailer")
NAMES = (
    "from",
    "to",
    "subject",
    "content-type",
    "x-ms-embedded-report",
    "return-path",
    "auto-submitted",
    "precedence",
    "x-auto-response-suppress",
    "x-failed-recipients",
)
DIAGNOSTIC = "MSEXCH:"
# "Your message" in other languages of the server, as their clients show it; for none of these is there an article.
OTHER_OPENINGS = (
    "\nIhre Nachricht",
    "\nVotre message",
    "\nSu mensaje",
    "\nIl messaggio",
    "\nSua mensagem",
    "\nUw bericht",
    "\nDitt meddelande",
)
MARKS = (
    DIAGNOSTIC,
    "\ndid not reach",
    "\nYour message did not reach",
    "\nThe following recipient(s) could not be reached",
    "\nThe following recipients did not receive",
    "\nwas delivered to",
    "\nwas read on",
    "\nwas deleted without being read",
    "\nYour message",
    "\n>",
    "Original Message-----",
    "\nContent-Type: message/",
    "message/delivery-status",
    "\nContent-Type: multipart/alternative",
    "<!DOCTYPE HTML",
    "<BODY>",
    "<P><FONT SIZE=2>Your message<BR>",
    "\n  ",
    *OTHER_OPENINGS,
)
KEEP = ("@", DIAGNOSTIC, "(00", "cn=")

_ESCAPED = {chr(code): f"\\{code:02x}" for code in (*range(32), *range(127, 256), *b"\\|*^<>&")}
_ESCAPES = str.maketrans({**_ESCAPED, "\n": "\\n", "\t": "\\t"})
_UNDERSCORE = re.compile(r"_(?=[xX])")
_ESCAPE = re.compile(r"\\(?:([0-9a-f]{2})|([nt]))?")
_NUMBER = re.compile(r"[0-9]{1,19}", re.ASCII)
_PLAIN = re.compile(r"[ -~]*")
_CELLS = 10
_TRIMMED = " \t\n"


def _escape(text: str) -> str:
    return _UNDERSCORE.sub(r"\\5f", text.translate(_ESCAPES))


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    if match[2]:
        return "\n" if match[2] == "n" else "\t"
    raise ValueError("a backslash begins no escape")


def _unescape(text: str) -> str:
    return _ESCAPE.sub(_unescaped, text) if "\\" in text else text


def _cut() -> str:
    numbers = (LIMIT, NEAR, FIELD, BEFORE, AFTER, LINE, LINES, PARTS)
    lists = ("^".join(texts).replace("\n", "\\n") for texts in (STARTS, NAMES, MARKS, KEEP))
    return "*".join((*map(str, numbers), *lists))


CUT = _cut()
"""The parameters as the far side gets them: LIMIT `*` NEAR `*` FIELD `*` BEFORE `*` AFTER `*` LINE `*` LINES `*` PARTS
`*` STARTS `*` NAMES `*` MARKS `*` KEEP. Lists are joined with `^`; the only escape in them is `\\n`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """What was cut out of a file of `size` bytes, of which `taken` were looked at.

    `start` and `body` are the offsets of the header and of what follows it, `hidden` tells that a blank line stands
    before the header, `parts` are offsets of lines that begin with two dashes (of the LF before them), `inner` is where
    the text behind the first of them begins. `fields` are raw values (folded, encoded) by index into `NAMES`, `marks`
    are offsets by index into `MARKS`, `lines` those near the first mark. What was not found is None, or not there.
    """

    size: int
    taken: int
    start: int | None = None
    hidden: bool = False
    body: int | None = None
    inner: int | None = None
    parts: tuple[int, ...] = ()
    fields: tuple[tuple[int, str], ...] = ()
    marks: tuple[tuple[int, int], ...] = ()
    lines: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: bytes, size: int) -> Extract:
        """The extract of a file of `size` bytes that begins with `data`; more than `LIMIT` bytes are not looked at."""
        return _extract(data[:LIMIT].decode("latin-1"), size)

    @property
    def complete(self) -> bool:
        """True when all of the file was looked at."""
        return self.taken >= self.size

    def header(self, name: str) -> str | None:
        """The raw value of a header field of `NAMES`; None when it is not there."""
        return dict(self.fields).get(NAMES.index(name))

    def mark(self, text: str) -> int | None:
        """The first offset of a mark of `MARKS`; None when it is not there."""
        return dict(self.marks).get(MARKS.index(text))

    def encode(self) -> str:
        """The extract as one line of printable ASCII without `|`."""
        return "*".join(
            (
                str(self.size),
                str(self.taken),
                _number_text(self.start),
                str(int(self.hidden)),
                _number_text(self.body),
                _number_text(self.inner),
                ",".join(map(str, self.parts)),
                "^".join(f"{_letter(index)}{_escape(value)}" for index, value in self.fields),
                ",".join(f"{_letter(index)}{offset}" for index, offset in self.marks),
                "^".join(map(_escape, self.lines)),
            )
        )

    @classmethod
    def decode(cls, text: str) -> Extract:
        """The extract that was encoded.

        Raises:
            ValueError: the text is not one that `encode` makes.
        """
        cells = text.split("*")
        if len(cells) != _CELLS or not _PLAIN.fullmatch(text):
            raise ValueError(f"not an extract of a message: {text[:80]!r}")
        size, taken, start, hidden, body, inner, parts, fields, marks, lines = cells
        if hidden not in {"0", "1"}:
            raise ValueError(f"neither 0 nor 1: {hidden!r}")
        made = cls(
            size=_number(size),
            taken=_number(taken),
            start=_number_or_none(start),
            hidden=hidden == "1",
            body=_number_or_none(body),
            inner=_number_or_none(inner),
            parts=tuple(map(_number, _pieces(parts, ","))),
            fields=tuple((_index(one, NAMES), _unescape(one[1:])) for one in _pieces(fields, "^")),
            marks=tuple((_index(one, MARKS), _number(one[1:])) for one in _pieces(marks, ",")),
            lines=tuple(map(_unescape, _pieces(lines, "^"))),
        )
        made._check_bounds()
        return made

    def _check_bounds(self) -> None:
        longest = max((len(value) for _, value in self.fields), default=0), max(map(len, self.lines), default=0)
        counts = len(self.fields), len(self.marks), len(self.lines), len(self.parts)
        limits = FIELD, LINE, len(NAMES), len(MARKS), LINES, PARTS
        if any(found > limit for found, limit in zip((*longest, *counts), limits, strict=True)):
            raise ValueError("not an extract of a message: more than was asked for")


# --- the text ---------------------------------------------------------------------------------------------------------


def _letter(index: int) -> str:
    return chr(ord("a") + index)


def _index(text: str, known: tuple[str, ...]) -> int:
    index = ord(text[0]) - ord("a") if text else -1
    if not 0 <= index < len(known):
        raise ValueError(f"no such part of an extract: {text[:80]!r}")
    return index


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"not a number: {text[:80]!r}")
    return int(text)


def _number_or_none(text: str) -> int | None:
    return _number(text) if text else None


def _number_text(number: int | None) -> str:
    return "" if number is None else str(number)


def _pieces(text: str, separator: str) -> list[str]:
    return text.split(separator) if text else []


# --- the procedure ----------------------------------------------------------------------------------------------------


def _extract(text: str, size: int) -> Extract:
    found = [at for at in (f"\n{text[:NEAR]}".lower().find(f"\n{name}:") for name in STARTS) if at >= 0]
    if not found:
        return Extract(size=size, taken=len(text))
    start = min(found)
    end, body = _blank(text, start)
    head = "\n" + text[start : len(text) if body is None else end]
    cut = Extract(
        size=size,
        taken=len(text),
        start=start,
        hidden=_blank(f"\n{text[:start]}", 0)[1] is not None,
        body=body,
        fields=_fields(head.replace("\r", "")),
    )
    return cut if body is None else _with_body(cut, text, body)


def _with_body(cut: Extract, text: str, body: int) -> Extract:
    folded = text.lower()
    parts = _parts(text, body)
    marks = [(index, folded.find(mark.lower(), body - 1)) for index, mark in enumerate(MARKS)]
    return Extract(
        size=cut.size,
        taken=cut.taken,
        start=cut.start,
        hidden=cut.hidden,
        body=body,
        inner=_blank(text, parts[0])[1] if parts else None,
        parts=parts,
        fields=cut.fields,
        marks=tuple((index, at) for index, at in marks if at >= 0),
        lines=() if marks[0][1] < 0 else _lines(text, body, marks[0][1]),
    )


def _blank(text: str, start: int) -> tuple[int, int | None]:
    """Where the first blank line from `start` begins (its LF), and the offset behind it; None when there is none."""
    short, long = text.find("\n\n", start), text.find("\n\r\n", start)
    if short >= 0 and (long < 0 or short < long):
        return short, short + 2
    return (long, long + 3) if long >= 0 else (-1, None)


def _fields(head: str) -> tuple[tuple[int, str], ...]:
    folded = head.lower()
    starts = ((index, folded.find(f"\n{name}:"), len(name) + 2) for index, name in enumerate(NAMES))
    return tuple((index, _value(head, at + length)) for index, at, length in starts if at >= 0)


def _value(head: str, start: int) -> str:
    end = head.find("\n", start)
    while end >= 0 and head[end + 1 : end + 2] in {" ", "\t"}:
        end = head.find("\n", end + 1)
    return head[start : len(head) if end < 0 else end].strip(_TRIMMED)[:FIELD]


def _parts(text: str, body: int) -> tuple[int, ...]:
    found: list[int] = []
    at = text.find("\n--", body - 1)
    while at >= 0 and len(found) < PARTS:
        found.append(at)
        at = text.find("\n--", at + 1)
    return tuple(found)


def _lines(text: str, body: int, mark: int) -> tuple[str, ...]:
    first = max(body, mark - BEFORE)
    part = text.find("\n--", mark)
    last = min(mark + AFTER, len(text) if part < 0 else part)
    pieces = text[first:last].replace("\r", "").split("\n")[1 if first > body else 0 :]
    cut = (piece.strip(" \t")[:LINE] for piece in pieces)
    return tuple([piece for piece in cut if any(kept in piece for kept in KEEP)][:LINES])
