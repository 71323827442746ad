"""Waivers: `# noqa: rule (reason), rule (reason)` at the end of a line, or on a line of its own above it. At the first
line of a task it holds for the whole task.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from ndrfix.errors import did_you_mean
from ndrfix.lint.comments import comments
from ndrfix.lint.document import Document
from ndrfix.lint.model import Finding, Severity
from ndrfix.place import Place
from ndrfix.source import List, Map

_COMMENT = re.compile(r"(?:^|\s)#\s*(?i:noqa)\b(?P<rest>.*)$")
_ENTRY = re.compile(r"\s*(?P<rule>[\w\[\]*.-]+)\s*(?:\((?P<reason>(?:[^()]|\([^()]*\))*)\))?\s*(?:,|$)")
_TASK_LISTS = frozenset({"tasks", "handlers"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One rule that is waived from `line` to `until`, both included; `place` is where its name stands."""

    rule: str
    reason: str
    line: int
    until: int
    place: Place

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is the one that is waived."""
        same = finding.rule == self.rule or finding.rule.partition("[")[0] == self.rule
        return same and finding.place.file == self.place.file and self.line <= finding.place.line <= self.until


def waivers_of(document: Document) -> tuple[Waiver, ...]:
    """Every waiver in a file's comments; in the text of a value there is none."""
    if "noqa" not in document.text.casefold():
        return ()
    ends = _ends(document)
    found: list[Waiver] = []
    for number, comment in comments(document, _COMMENT):
        begins = number if comment.string[: comment.start()].strip() else _below(document.lines, number)
        found += _entries(document, number, comment, ends.get(begins, begins))
    return tuple(found)


def _entries(document: Document, number: int, comment: re.Match[str], until: int) -> Iterator[Waiver]:
    line, rest = comment.string, comment["rest"]
    at = comment.start("rest") + (len(rest) - len(rest.lstrip(": \t")))
    if not line[at:].strip():
        place = Place(file=document.shown, line=number, column=comment.start("rest"))
        yield Waiver(rule="", reason="", line=number, until=until, place=place)
        return
    while at < len(line):
        entry = _ENTRY.match(line, at)
        rule, reason = (entry["rule"], (entry["reason"] or "").strip()) if entry else (line[at:].strip(), "")
        place = Place(file=document.shown, line=number, column=(entry.start("rule") if entry else at) + 1)
        yield Waiver(rule=rule, reason=reason, line=number, until=until, place=place)
        at = entry.end() if entry else len(line)


def _below(lines: Sequence[str], number: int) -> int:
    """The number of the first line below another one that is neither empty nor a comment."""
    below = (each for each in range(number, len(lines)) if lines[each].strip() and lines[each].lstrip()[0] != "#")
    return next(below, number) + 1


def _ends(document: Document) -> dict[int, int]:
    """The last line of every play's tasks by the first: that before whatever comes next in the play, or in the file."""
    begins: list[int] = []
    tasks: list[int] = []
    for play in document.node.items if isinstance(document.node, List) else ():
        begins.append(play.place.line)
        for entry in play.entries if isinstance(play, Map) else ():
            begins.append(entry.key.place.line)
            if entry.key.value in _TASK_LISTS and isinstance(entry.value, List):
                tasks += [task.place.line for task in entry.value.items]
    lines = sorted({*begins, *tasks, len(document.lines) + 1})
    return {task: lines[bisect.bisect_right(lines, task)] - 1 for task in tasks}


class _Nearby:
    """Waivers by the lines that they hold for, so that a finding is not compared with each."""

    def __init__(self, waivers: Sequence[Waiver]) -> None:
        self._by_line: dict[int, list[int]] = {}
        self._by_end: dict[int, list[int]] = {}  # those of whole tasks, of which no two overlap
        for number, waiver in enumerate(waivers):
            if waiver.until > waiver.line + 1:
                self._by_end.setdefault(waiver.until, []).append(number)
                continue
            for line in range(waiver.line, waiver.until + 1):
                self._by_line.setdefault(line, []).append(number)
        self._ends = sorted(self._by_end)

    def at(self, line: int) -> tuple[int, ...]:
        """The numbers of the waivers that may hold for a line."""
        end = bisect.bisect_left(self._ends, line)
        of_task = self._by_end[self._ends[end]] if end < len(self._ends) else ()
        return (*self._by_line.get(line, ()), *of_task)


def waived(
    findings: Sequence[Finding], waivers: Sequence[Waiver], *, known: Collection[str], asked: Collection[str]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """The findings that are left, with those about the waivers themselves; and the findings that are waived.

    `known` are all rules there are, `asked` those that were looked for: a waiver of another one is not unused.
    """
    used: set[int] = set()
    left: list[Finding] = []
    gone: list[Finding] = []
    nearby = _Nearby(waivers)
    for finding in findings:
        hits = [number for number in nearby.at(finding.place.line) if waivers[number].covers(finding)]
        used.update(hits)
        (gone if hits else left).append(finding)
    groups = {rule.partition("[")[0] for rule in known}
    for number, waiver in enumerate(waivers):
        left += _about(waiver, used=number in used, known={*known, *groups}, asked=asked)
    return tuple(left), tuple(gone)


def _about(waiver: Waiver, *, used: bool, known: Collection[str], asked: Collection[str]) -> Iterator[Finding]:
    if waiver.rule not in known:
        text = f"there is no rule {waiver.rule!r}{did_you_mean(waiver.rule, sorted(known))}"
        if not waiver.rule:
            text = "a waiver of everything: name the rule"
        yield Finding(rule="noqa[unknown-rule]", severity=Severity.ERROR, message=text, place=waiver.place)
        return
    looked_for = any(rule == waiver.rule or rule.partition("[")[0] == waiver.rule for rule in asked)
    if not used and looked_for:
        text = f"{waiver.rule} is waived and not found here"
        yield Finding(
            rule="noqa[unused]", severity=Severity.WARNING, message=text, place=waiver.place, help="Remove the waiver."
        )
    if not waiver.reason:
        text = f"{waiver.rule} is waived without a reason"
        advice = f"Write it in brackets: # noqa: {waiver.rule} (reason)."
        yield Finding(rule="noqa[no-reason]", severity=Severity.WARNING, message=text, place=waiver.place, help=advice)
