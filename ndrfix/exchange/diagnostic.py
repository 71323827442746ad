"""The diagnostic lines of a non-delivery report, and the recipients that stand above them.

A report of the Internet Mail Service lists its recipients in the language of the server; below each stands a line that
does not depend on it (Q251152, Q246881):

    kim@acme.example on Tue, 16 Mar 2004 09:12:42 -0000
        The recipient name is not recognized
        MSEXCH:IMS:ORGANISATION:SITE:SERVER 0 (000C05A6) Unknown Recipient

Version 4.0 writes `MSEXCH:IMC:` and no code, the message transfer agent `MSEXCH:MSExchangeMTA:` (Q229148). A delivery
report can end in such a line too, without a code (Q174039). The line can be wrapped, and stand in HTML.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from ndrfix.exchange.extract import DIAGNOSTIC, Extract

_LINE = re.compile(r"MSEXCH:(?:IMS|IMC|MSExchangeMTA):\S")
_CODE = re.compile(r"\((00[0-9A-Fa-f]{6})\)")
_TAG = re.compile(r"<[^<>]{0,100}>")
_ADDRESS = re.compile(r"[^\s<>:;,\"]+@[^\s<>;,\"]+")
_X400 = re.compile(r";(?:dda:)?(?:smtp|rfc-?822)=([^;\s]+)", re.IGNORECASE)
_DIRECTORY = re.compile(r"<(/o=[^<>]*)>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """A diagnostic line at the start of a line: the `codes` of all of them, and the `recipients` that they are about.

    `offset` is where the first stands.
    """

    offset: int
    line: str
    codes: tuple[str, ...]
    recipients: tuple[str, ...]


def diagnostic(extract: Extract) -> Diagnostic | None:
    """The diagnostic of a message whose first `MSEXCH:` stands at the start of a line, blanks apart; else None."""
    offset = extract.mark(DIAGNOSTIC)
    lines = [_plain(line) for line in extract.lines]
    first = next((line for line in lines if DIAGNOSTIC in line), None)
    if offset is None or first is None or not _LINE.match(first):
        return None
    found = dict.fromkeys(code.upper() for line in _reported(lines) for code in _CODE.findall(line))
    return Diagnostic(offset=offset, line=first, codes=tuple(found), recipients=_recipients(lines))


def _plain(line: str) -> str:
    """A line without HTML, if it has any; names of the directory stand in angle brackets and stay."""
    if _DIRECTORY.match(line) or not ("<" in line or "&" in line):
        return line
    return html.unescape(_TAG.sub("", line)).strip()


def _reported(lines: list[str]) -> list[str]:
    """The lines from the first diagnostic on."""
    starts = [at for at, line in enumerate(lines) if _LINE.match(line)]
    return lines[starts[0] :] if starts else []


def _recipients(lines: list[str]) -> tuple[str, ...]:
    """Those above the last diagnostic line, once each."""
    last = max(at for at, line in enumerate(lines) if _LINE.match(line))
    return tuple(dict.fromkeys(name for line in lines[:last] if (name := _recipient(line))))


def _recipient(line: str) -> str:
    for found in (_DIRECTORY.match(line), _X400.search(line)):
        if found:
            return found[1]
    address = _ADDRESS.match(line)
    return address[0] if address else ""
