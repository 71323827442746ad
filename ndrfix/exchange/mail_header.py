"""Header fields of messages as people read them: unfolded, decoded, taken apart.

Nothing here raises: a header is whatever a stranger wrote. What cannot be decoded is shown as it stands.
"""

from __future__ import annotations

import binascii
import codecs
import re
from dataclasses import dataclass

_WORD = re.compile(r"=\?([\w.:+-]{1,40})(?:\*[\w-]{1,20})?\?([bBqQ])\?([^?\n]*)\?=", re.ASCII)
_WORDS = re.compile(rf"{_WORD.pattern}(?:[ \t\n]*{_WORD.pattern})*", re.ASCII)
_FOLD = re.compile(r"\n[ \t]*")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_MOST_ADDRESSES = 8
_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"@]{1,120}@[^\s<>()\[\]:;,\"@]{1,120}")
_ANGLE = re.compile(r"\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^<\"]*))\s*<([^<>]*)>")
_COMMENT = re.compile(r"\(([^()]*)\)")
_GROUP = 4

# Encodings of text alone: others that Python knows by name warn, import or fail in ways of their own.
_CHARSETS = re.compile(
    r"(?:ascii|utf-8|utf-16(?:-[bl]e)?|iso8859-\d{1,2}|cp\d{3,4}|koi8-[rtu]|iso2022_jp(?:_\w+)?|iso2022_kr"
    r"|shift_jis(?:_\w+|x0213)?|euc_\w+|gb\w+|big5(?:hkscs)?|johab|hz|tis-620|mac-\w+)"
)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The first mailbox of a field: its display name and address, each may be empty."""

    name: str
    address: str

    @property
    def local(self) -> str:
        """The part of the address before the `@`, in lower case."""
        return self.address.partition("@")[0].lower()


def decoded(raw: str) -> str:
    """The text of a raw field: encoded words (RFC 2047) and raw eight-bit characters decoded, then unfolded.

    A fold becomes one blank, though the Internet Mail Service also folds inside words. Control characters are blanks.
    """
    text = _WORDS.sub(_words, _eight_bit(raw))
    flat = _FOLD.sub(" ", text)
    if not flat.isprintable():
        flat = "".join(char if char.isprintable() else " " for char in flat)
    return flat.strip()


def key(text: str) -> str:
    """The text for comparisons: without blanks, since a fold may stand inside a word, and without regard to case."""
    return "".join(text.split()).casefold()


def mailbox(raw: str) -> Mailbox:
    """The first mailbox of a raw address field. Taken apart before it is decoded: no name can pose as address."""
    text = _FOLD.sub(" ", raw)
    found = _ANGLE.match(text)
    if found:
        return Mailbox(decoded(found[1] or found[2]), decoded(found[3]))
    name, opened, rest = text.rpartition("<")
    if opened:
        return Mailbox(decoded(name), decoded(rest.partition(">")[0]))
    address, comment = _ADDRESS.search(text), _COMMENT.search(text)
    return Mailbox(decoded(comment[1]) if comment else "", decoded(address[0] if address else text))


def domain(raw: str) -> str:
    """The domain of the first address of a raw address field, in lower case; empty when there is none."""
    found = _ADDRESS.search(mailbox(raw).address)
    return found[0].rpartition("@")[2].lower() if found else ""


def addresses(raw: str) -> tuple[str, ...]:
    """The first addresses of a raw address field, in lower case, each once."""
    found = (match[0].lower() for match in _ADDRESS.finditer(_FOLD.sub(" ", raw)))
    return tuple(dict.fromkeys(found))[:_MOST_ADDRESSES]


def media_type(raw: str) -> str:
    """The type of a raw Content-Type field without its parameters: `multipart/mixed`."""
    return "".join(raw.partition(";")[0].split()).lower()


def _eight_bit(raw: str) -> str:
    """UTF-8 where the raw characters are that, else what Western European Windows would show."""
    data = raw.encode("latin-1", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _words(match: re.Match[str]) -> str:
    """A run of encoded words. Neighbours of one charset are decoded together: some split inside a character."""
    runs: list[tuple[str, bytes]] = []
    for charset, encoding, text in _WORD.findall(match[0]):
        try:
            codec = codecs.lookup(charset).name
            data = _bytes(encoding, text)
        except (LookupError, ValueError):
            return match[0]
        if not _CHARSETS.fullmatch(codec):
            return match[0]
        if runs and runs[-1][0] == codec:
            data = runs.pop()[1] + data
        runs.append((codec, data))
    return "".join(data.decode(codec, "replace") for codec, data in runs)


def _bytes(encoding: str, text: str) -> bytes:
    data = text.encode("latin-1", "replace")
    if encoding in "qQ":
        return _HEX.sub(lambda found: bytes((int(found[1], 16),)), data.replace(b"_", b" "))
    # A field that was cut ends anywhere, and some leave the padding out: one character of a group holds no byte.
    whole = data[:-1] if len(data) % _GROUP == 1 else data
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % _GROUP))
