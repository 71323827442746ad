"""What a message of the outbound queue is, and which evidence says so.

A non-delivery report is told by what a user's message cannot have at the same time: a first text that begins as a
report does and holds the diagnostic line of the Internet Mail Service, and evidence in the message's own header. Texts
inside (an attached original, a quoted report) never count. A null sender proves nothing: receipts have it too
(Q178436), and a queue file need not show it. Whatever remains in doubt is `unknown`, and is left alone as user mail is.
"""

from __future__ import annotations

from dataclasses import dataclass

from ndrfix.exchange.diagnostic import Diagnostic, diagnostic
from ndrfix.exchange.extract import OTHER_OPENINGS, Extract
from ndrfix.exchange.mail_header import Mailbox, addresses, decoded, domain, key, mailbox, media_type
from ndrfix.exchange.wordings import (
    ANSWERS,
    BOUNCES,
    RECEIPTS,
    SYSTEM_LOCALS,
    SYSTEM_NAMES,
    UNDELIVERABLE,
    begins,
)
from ndrfix.resources import MessageKind

_SENTENCES = ("\nYour message did not reach", "\nThe following recipients did not receive")
_OPENINGS = ("\nYour message", *OTHER_OPENINGS)
_HYPERTEXT, _BODY, _OPENING_IN_HTML = "<!DOCTYPE HTML", "<BODY>", "<P><FONT SIZE=2>Your message<BR>"
_INDENTED = "\n  "
_BREAKS = 4  # characters of two line ends
_FAILURES = (
    "\ndid not reach",
    "\nYour message did not reach",
    "\nThe following recipient(s) could not be reached",
    "\nThe following recipients did not receive",
)
_DELIVERIES = ("\nwas delivered to", "\nwas read on", "\nwas deleted without being read")
_QUOTES = ("\n>", "Original Message-----")
_FORMS = frozenset({"", "text/plain", "text/html", "multipart/mixed", "multipart/alternative"})
_ALTERNATIVE = "\nContent-Type: multipart/alternative"
_ATTACHED = "\nContent-Type: message/"
_ALWAYS_CODED = "MSEXCH:IMS:"
_ENOUGH_OF_A_BOUNCE = 2
_ENOUGH = 3


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence, and where it stands: a header field, or an offset in bytes."""

    evidence: str
    where: str

    def __str__(self) -> str:
        return f"{self.evidence} ({self.where})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a message is, and why.

    `recipients` are those who, as a non-delivery report says, could not be reached; of everything else those in To, as
    far as the extract goes. `sender` is the address in
    From, `domain` that of the first address in To: where the message goes. What is not known is empty.
    """

    kind: MessageKind
    reasons: tuple[Reason, ...]
    subject: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()
    domain: str = ""


@dataclass(frozen=True, slots=True)
class _Message:
    """An extract with its header taken apart; `report` is a diagnostic line at the start of a line."""

    extract: Extract
    sender: Mailbox
    subject: str
    media: str
    report: Diagnostic | None

    def header(self, name: str) -> str:
        return self.extract.header(name) or ""

    @property
    def system(self) -> bool:
        """A sender as systems have: postmaster and the like, or none."""
        local = self.sender.local
        return local in SYSTEM_LOCALS or key(local.strip('"')) in SYSTEM_NAMES or self.nobody

    @property
    def nobody(self) -> bool:
        """A From without an address."""
        return not self.sender.address and self.extract.header("from") is not None

    @property
    def depth(self) -> int:
        """How many lines with two dashes lead to the first text: two when its part holds it as plain text and HTML."""
        if not self.media.startswith("multipart/"):
            return 0
        at, parts = self.extract.mark(_ALTERNATIVE), self.extract.parts
        return 2 if at is not None and len(parts) > 1 and parts[0] < at < parts[1] else 1

    @property
    def text(self) -> int | None:
        """Where the first text begins, or its part when that is deeper; None: in no part of a message in parts."""
        inner = (self.extract.body, self.extract.inner)
        return inner[self.depth] if self.depth < len(inner) else self.extract.parts[1] + 2


def classify(extract: Extract) -> Verdict:
    """What the message is that was cut so. Never raises; the same extract always gives the same."""
    sender = mailbox(extract.header("from") or "")
    message = _Message(
        extract=extract,
        sender=sender,
        subject=decoded(extract.header("subject") or ""),
        media=media_type(extract.header("content-type") or ""),
        report=diagnostic(extract),
    )
    kind, reasons = _told(message)
    unreached = message.report.recipients if message.report and kind is MessageKind.NDR else None
    return Verdict(
        kind=kind,
        reasons=reasons,
        subject=message.subject,
        sender=sender.address,
        recipients=addresses(extract.header("to") or "") if unreached is None else unreached,
        domain=domain(extract.header("to") or ""),
    )


def _told(message: _Message) -> tuple[MessageKind, tuple[Reason, ...]]:
    unread = _unreadable(message.extract)
    if unread:
        return MessageKind.UNKNOWN, (unread,)
    bounce = _delivery_status(message)
    if bounce:
        return MessageKind.BOUNCE, bounce
    receipt = _receipt(message)
    if receipt:
        return MessageKind.RECEIPT, receipt
    if message.report is None:
        return _without_diagnostic(message)
    return _with_diagnostic(message, message.report)


def _unreadable(extract: Extract) -> Reason | None:
    if extract.start is None:
        return Reason("no header found", "whole file" if extract.complete else f"first {extract.taken} bytes")
    if extract.hidden:
        return Reason(
            "a blank line before the header, which may be that of an attached message", f"offset {extract.start}"
        )
    if extract.body is None and not extract.complete:
        return Reason("the header is longer than what was looked at", f"first {extract.taken} bytes")
    if extract.header("from") is None:
        return Reason("no sender", "header From")
    return None


# --- other kinds ------------------------------------------------------------------------------------------------------


def _delivery_status(message: _Message) -> tuple[Reason, ...]:
    """A report in the form of RFC 1894, which the Internet Mail Service does not write."""
    kind = key(message.header("content-type"))
    found = []
    if "report-type=delivery-status" in kind or 'report-type="delivery-status"' in kind:
        found.append(Reason("a delivery status report", "header Content-Type"))
    if message.extract.header("x-failed-recipients") is not None:
        found.append(Reason("recipients that failed", "header X-Failed-Recipients"))
    at = message.extract.mark("message/delivery-status")
    if at is not None and message.media == "multipart/report":
        found.append(Reason("a delivery status part", f"offset {at}"))
    return tuple(found)


def _receipt(message: _Message) -> tuple[Reason, ...]:
    found = []
    if begins(message.subject, RECEIPTS):
        found.append(Reason("the subject of a receipt or automatic reply", "header Subject"))
    if "disposition-notification" in message.header("content-type").lower():
        found.append(Reason("a disposition notification", "header Content-Type"))
    if message.header("auto-submitted").lower().startswith("auto-replied"):
        found.append(Reason("an automatic reply", "header Auto-Submitted"))
    if key(message.header("precedence")) in {"auto_reply", "auto-reply"}:
        found.append(Reason("an automatic reply", "header Precedence"))
    if message.extract.header("x-auto-response-suppress") is not None and not message.system:
        found.append(Reason("an automatic message", "header X-Auto-Response-Suppress"))
    return (*found, *_delivered(message))


def _delivered(message: _Message) -> tuple[Reason, ...]:
    """The words of a delivery or read report, in the first text of what looks like a report."""
    report = message.extract.header("x-ms-embedded-report") is not None or message.system
    end = _text_end(message.extract, message.text)
    if not report or message.text is None:
        return ()
    return tuple(
        Reason(f'"{words.strip()}"', f"offset {at}")
        for words in _DELIVERIES
        if (at := message.extract.mark(words)) is not None and at < end
    )


def _text_end(extract: Extract, text: int | None) -> int:
    """Where the part that begins at `text` ends: at the next line that begins with two dashes."""
    return min((at for at in extract.parts if text is not None and at >= text - 1), default=extract.taken)


def _without_diagnostic(message: _Message) -> tuple[MessageKind, tuple[Reason, ...]]:
    found = []
    if message.system:
        found.append(Reason("a system is the sender", "header From"))
    if begins(message.subject, BOUNCES):
        found.append(Reason("the subject of a bounce", "header Subject"))
    if message.header("return-path") == "<>":
        found.append(Reason("a null sender", "header Return-Path"))
    if len(found) >= _ENOUGH_OF_A_BOUNCE:
        return MessageKind.BOUNCE, tuple(found)
    if message.extract.header("x-ms-embedded-report") is not None:
        found.append(Reason("an embedded report without a diagnostic line", "header X-MS-Embedded-Report"))
    if found and not (len(found) == 1 and begins(message.subject, BOUNCES)):
        return MessageKind.UNKNOWN, tuple(found)
    return MessageKind.USER, (Reason("no evidence of a report", "header and first text"),)


# --- reports with a diagnostic line -----------------------------------------------------------------------------------


def _with_diagnostic(message: _Message, report: Diagnostic) -> tuple[MessageKind, tuple[Reason, ...]]:
    doubts = (*_misplaced(message, report), *_contradictions(message, report))
    evidence = _evidence(message)
    if not evidence:
        return MessageKind.USER, (Reason("a report's text, but nothing of a report", "header"), *doubts)
    if doubts:
        return MessageKind.UNKNOWN, doubts
    if len(evidence) >= _ENOUGH:
        code = ", ".join(report.codes) or "failure text"
        return MessageKind.NDR, (Reason(f"diagnostic line, {code}", f"offset {report.offset}"), *evidence)
    return MessageKind.UNKNOWN, (
        Reason("a diagnostic line, but too little in the header", f"offset {report.offset}"),
        *evidence,
    )


def _misplaced(message: _Message, report: Diagnostic) -> tuple[Reason, ...]:
    """Why the diagnostic line does not stand in the first text, as the message's own."""
    extract = message.extract
    found = []
    before = sum(at < report.offset for at in extract.parts)
    if before != message.depth or message.text is None or message.text > report.offset:
        found.append(Reason("the diagnostic line is not in the first part", f"offset {report.offset}"))
    for mark, said in ((_ATTACHED, "an attached message"), *((quote, "quoted text") for quote in _QUOTES)):
        at = extract.mark(mark)
        if at is not None and at < report.offset:
            found.append(Reason(f"{said} before the diagnostic line", f"offset {at}"))
    if message.text is not None and not _opens(message, message.text):
        found.append(Reason("the text does not begin as that of a report", f"offset {message.text}"))
    return tuple(found)


def _opens(message: _Message, text: int) -> bool:
    """True when nothing of a person's stands above the report, as far as the beginnings of reports are known.

    Where a text inside of a choice of texts begins is not told: there both must begin so, of which HTML tells surely.
    """
    extract = message.extract
    begun = _beginnings(extract)
    if message.depth <= 1:
        return any(text - 1 <= at <= text + 1 for at in begun) or _opens_in_html(extract, text, text)
    return any(at > text for at in begun) and _opens_in_html(extract, text, extract.taken)


def _beginnings(extract: Extract) -> list[int]:
    """Where reports may begin: with a sentence, or with two words alone in a line, above what tells of the original."""
    sentences = [at for words in _SENTENCES if (at := extract.mark(words)) is not None]
    indented = extract.mark(_INDENTED)
    if indented is None:
        return sentences
    alone = [
        at
        for words in _OPENINGS
        if (at := extract.mark(words)) is not None and at + len(words) < indented < at + len(words) + _BREAKS
    ]
    return [*sentences, *alone]


def _opens_in_html(extract: Extract, first: int, last: int) -> bool:
    """The same for HTML that begins between two offsets, in the form in which Exchange writes it."""
    html, body, opening = map(extract.mark, (_HYPERTEXT, _BODY, _OPENING_IN_HTML))
    if html is None or body is None or opening is None:
        return False
    return first <= html <= last and html < body < opening <= body + len(_BODY) + _BREAKS


def _contradictions(message: _Message, report: Diagnostic) -> tuple[Reason, ...]:
    """What a report of the Internet Mail Service does not have."""
    found = []
    if message.media not in _FORMS:
        found.append(Reason(f"not the form of such a report: {message.media}", "header Content-Type"))
    path = mailbox(message.header("return-path"))
    if path.local not in SYSTEM_LOCALS | {"", "unknown"}:
        found.append(Reason("a return path that leads to somebody", "header Return-Path"))
    if begins(message.subject, ANSWERS):
        found.append(Reason("the subject of an answer, or of a message passed on", "header Subject"))
    failures = [at for words in _FAILURES if (at := message.extract.mark(words)) is not None and at < report.offset]
    if not report.codes and (report.line.startswith(_ALWAYS_CODED) or not failures):
        found.append(Reason("a diagnostic line without a code, or without a failure", f"offset {report.offset}"))
    return tuple(found)


def _evidence(message: _Message) -> tuple[Reason, ...]:
    """What is of a report in the header. Three of these are enough, so that a system is always the sender: a person who
    writes as postmaster has one or two, and may paste a report.
    """
    found = []
    if message.extract.header("x-ms-embedded-report") is not None:
        found.append(Reason("an embedded report", "header X-MS-Embedded-Report"))
    if message.sender.local in SYSTEM_LOCALS:
        found.append(Reason("a system is the sender", "header From"))
    if key(message.sender.name) in SYSTEM_NAMES:
        found.append(Reason("a system's name", "header From"))
    if begins(message.subject, UNDELIVERABLE):
        found.append(Reason("the subject of a non-delivery report", "header Subject"))
    return tuple(found)
