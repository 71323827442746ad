"""What a message queue holds, as people read it: numbers, destinations and a few names, never the body of a message."""

from __future__ import annotations

from collections.abc import Iterator

from ndrfix.engine.result import Mode
from ndrfix.exchange.backlog import Backlog, Share
from ndrfix.report.diff import size_text
from ndrfix.report.text import Colour, Pen, amount
from ndrfix.resources import MessageKind

_NAMES = {
    MessageKind.NDR: "non-delivery reports",
    MessageKind.BOUNCE: "reports of other systems",
    MessageKind.RECEIPT: "receipts and notices",
    MessageKind.USER: "user mail",
    MessageKind.UNKNOWN: "not recognised",
}
_LONGEST_SUBJECT = 60
_MOST = 3


def backlog_lines(found: Backlog, mode: Mode, pen: Pen, *, moves: bool) -> Iterator[str]:
    """The lines, indented like a diff. `moves` tells whether the task takes messages out of the queue."""
    age = f", from {found.oldest} to {found.newest}" if found.oldest else ""
    yield f"  out  {amount(found.messages, 'message')}, {size_text(found.size)}{age}"
    width = max((len(f"{share.messages:,}") for share in found.shares), default=1)
    for share in found.shares:
        yield _share(found, share, width, mode, pen, moves=moves)
    if found.domains:
        more = f" · {amount(found.other_domains, 'more domain')}" if found.other_domains else ""
        yield f"    reports go to: {_top(found.domains, pen)}{more}"
    if mode is Mode.APPLY:
        return  # the plan showed more, and was shown just before
    if found.recipients:
        yield f"    could not be reached: {_top(found.recipients[:_MOST], pen)}"
    for sample in found.samples:
        subject = pen.line(sample.subject[:_LONGEST_SUBJECT])
        to = pen.line(", ".join(sample.recipients[:2]))
        # A report's sender is the system that made it: the same on each line.
        sender = pen.line(sample.sender) if sample.kind is not MessageKind.NDR else ""
        way = (f", from {sender}" if sender else "") + (f" → {to}" if to else "")
        yield f"    {pen.line(sample.name)}  {sample.kind}  {subject}{way}"


def _share(found: Backlog, share: Share, width: int, mode: Mode, pen: Pen, *, moves: bool) -> str:
    taken = moves and share.kind in found.taken
    words = {Mode.PLAN: "would move", Mode.APPLY: "to move"}
    word = words[mode] if taken else "stay" if moves else "there"
    text = f"    {word:<10} {share.messages:>{width},}  {_NAMES[share.kind]}, {size_text(share.size)}"
    return pen.paint(text, Colour.RED) if taken and share.kind is not MessageKind.NDR else text


def _top(counted: tuple[tuple[str, int], ...], pen: Pen) -> str:
    return " · ".join(f"{pen.line(name)} {number:,}" for name, number in counted)
