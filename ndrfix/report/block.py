"""What is said about one task on one host: its line, and below it the diff with what became of each item."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ndrfix.connections.base import Outcome, OutcomeStatus
from ndrfix.engine.result import Mode, Status, TaskResult
from ndrfix.report.backlog import backlog_lines
from ndrfix.report.diff import DiffLine, change_text, diff, item_lines, state_text
from ndrfix.report.rounds import Entry, entries, set_aside
from ndrfix.report.text import Colour, Pen, amount
from ndrfix.report.total import verified
from ndrfix.resources import BAD, Artifact, Change, Move, MoveState
from ndrfix.steps.base import Check

_WORDS = {
    Status.OK: ("ok", Colour.GREEN),
    Status.CHANGED: ("changed", Colour.YELLOW),
    Status.WOULD_CHANGE: ("would change", Colour.YELLOW),
    Status.FAILED: ("failed", Colour.RED),
    Status.UNREACHABLE: ("unreachable", Colour.RED),
    Status.SKIPPED: ("skipping", Colour.CYAN),
    Status.NOT_EVALUATED: ("not evaluated", Colour.CYAN),
    Status.MANUAL: ("manual", Colour.YELLOW),
    Status.DRIFTED: ("drifted", Colour.RED),
}
_WIDEST_NAME = 44
_WIDEST_HEADING = 60
_NARROWEST_TEXT = 40
_LEFT_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Draws one task result. Texts begin at `column`, instructions are broken at `width`; witnesses are shown when
    `witnesses` is set.
    """

    pen: Pen
    mode: Mode
    column: int
    width: int
    witnesses: bool = False

    def lines(self, hosts: Sequence[str], task: TaskResult) -> Iterator[str]:
        """The lines, the first of which begins with the status and the hosts (several when all is the same on them)."""
        heading = self.heading(hosts, task)
        texts = tuple(self._texts(task))
        beside = len(hosts) == 1 or (len(texts) == 1 and len(heading) < _WIDEST_HEADING)
        names = [heading]
        if not beside:
            names = textwrap.wrap(
                heading, self.width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
            )
        gap = " " * max(2, self.column - len(heading))
        for name in names:
            yield self.pen.paint(name, _WORDS[task.status][1]) + (gap + texts[0] if beside and texts else "")
        yield from (" " * self.column + text for text in texts[beside:])
        if not task.hidden:
            yield from self._queue(task)
            yield from self._changes(task)
            yield from self._left(task)
        if task.ignored:
            yield self.pen.paint("...ignoring", Colour.CYAN)

    def heading(self, hosts: Sequence[str], task: TaskResult) -> str:
        """`ok: [ex01] => (item=…)`, or `manual: [ex01, ex02]`."""
        label = "hidden by no_log" if task.hidden else self.pen.line(task.label)
        names = ", ".join(map(self.pen.line, hosts))
        return f"{_WORDS[task.status][0]}: [{names}]" + (f" => (item={label})" if task.label else "")

    def _texts(self, task: TaskResult) -> Iterator[str]:
        """The lines of text, what went wrong first."""
        if task.hidden:
            yield "hidden by no_log"
            return
        checks = [check for phase in task.phases for check in phase.plan.checks]
        failed = [check for check in checks if not check.ok]
        aside = [name for name in set_aside(task) if name not in task.message] if self.mode is Mode.APPLY else []
        if aside:
            yield from self.pen.whole().lines(
                f"set aside in `{BAD}`, as the service stops with them: {', '.join(aside)}"
            )
        if task.message != "; ".join(check.text for check in failed):
            yield from self.pen.lines(task.message)
        for check in failed:
            yield from self._check(check)
        if task.next_step not in {check.next_step for check in failed}:
            yield from self._next(task.next_step)
        for check in checks:
            if check.ok:
                yield from self._check(check)
        for phase in task.phases:
            yield from self.pen.lines(phase.plan.note)
            for line in self.pen.whole().lines(phase.plan.instruction):
                room = max(_NARROWEST_TEXT, self.width - self.column)
                yield from textwrap.wrap(line, room, break_long_words=False, break_on_hyphens=False) or [""]

    def _check(self, check: Check) -> Iterator[str]:
        lines = self.pen.lines(check.text)
        yield from (self.pen.paint(line, Colour.RED) for line in lines) if check.standstill else lines
        if self.witnesses:
            for witness in check.witnesses:
                yield f"  {self.pen.line(witness.source)}: {self.pen.line(witness.value)}"
        if not check.ok:
            yield from self._next(check.next_step)

    def _next(self, text: str) -> Iterator[str]:
        for number, line in enumerate(self.pen.whole().lines(text)):
            yield f"{'      ' if number else 'Next: '}{line}"

    def _queue(self, task: TaskResult) -> Iterator[str]:
        """What was found in the message queue first, and the risks of working on it."""
        plans = [phase.plan for phase in task.phases]
        moves = any(isinstance(item, Move) for plan in plans for item in plan.items)
        found = next((plan.backlog for plan in plans if plan.backlog), None)
        if found is not None:
            yield from backlog_lines(found, self.mode, self.pen, moves=moves)
        for risk in (risk for plan in plans for risk in plan.risks):
            lines = textwrap.wrap(f"Risk: {self.pen.line(risk.text)}", self.width - 4, break_long_words=False)
            colour = Colour.RED if risk.grave else Colour.YELLOW
            yield from (
                self.pen.paint(f"  {'' if not number else '      '}{line}", colour) for number, line in enumerate(lines)
            )

    def _left(self, task: TaskResult) -> Iterator[str]:
        """The files that a move left where they were."""
        states = [outcome.after for phase in task.phases for outcome in phase.outcomes]
        left = list(dict.fromkeys(file for state in states if isinstance(state, MoveState) for file in state.left))
        for file in left[:_LEFT_SHOWN]:
            yield self.pen.paint(f"    left: {self.pen.line(file.name)} {self.pen.line(file.reason)}", Colour.RED)
        if len(left) > _LEFT_SHOWN:
            yield f"    left: {amount(len(left) - _LEFT_SHOWN, 'more file')}, all in the journal"

    def _changes(self, task: TaskResult) -> Iterator[str]:
        fold = self.mode is Mode.APPLY and not self.witnesses
        told = [line for entry in entries(task, fold=fold) for line in self._entry(entry, task)]
        width = min(_WIDEST_NAME, max((len(self._name(line)) for line, _ in told), default=0))
        subject = ""
        for line, remarks in told:
            if line.subject != subject and line.subject:
                yield f"  {self.pen.line(line.subject)}"
            subject = line.subject
            yield f"{self._name(line):<{width}}  {change_text(line, self.pen)}{remarks[0]}"
            yield from (f"{' ' * width}  {text}" for text in (*self._list_lines(line), *remarks[1:]))

    def _name(self, line: DiffLine) -> str:
        return f"{'    ' if line.subject else '  '}{self.pen.line(line.name)}"

    def _list_lines(self, line: DiffLine) -> Iterator[str]:
        colours = {"-": Colour.RED, "+": Colour.GREEN}
        for text in item_lines(line, self.pen):
            yield self.pen.paint(text, colours[text[0]]) if text[0] in colours else text

    def _entry(self, entry: Entry, task: TaskResult) -> Iterator[tuple[DiffLine, tuple[str, ...]]]:
        """Each line of an item's diff with what is to be said beside it and below it (outcomes: in an apply)."""
        remarks = [""]
        if self.mode is Mode.APPLY and not isinstance(entry.item, Artifact):
            remarks = list(self._outcome(entry.outcome, task))
        if entry.times > 1:
            remarks[0] = f"   {entry.times:,} times{remarks[0]}"
        lines = diff(entry.item)
        yield from ((line, ("",)) for line in lines[:-1])
        yield lines[-1], tuple(remarks)

    def _outcome(self, outcome: Outcome | None, task: TaskResult) -> Iterator[str]:
        if outcome is None:
            yield self.pen.paint(
                "   no answer about it" if task.status is Status.UNREACHABLE else "   not carried out", Colour.RED
            )
            return
        if verified(outcome):
            yield self.pen.paint("   read back, verified", Colour.GREEN)
            return
        if outcome.status is OutcomeStatus.DONE:
            yield from self._unproved(outcome)
            return
        drifted = outcome.status is OutcomeStatus.DRIFTED
        yield self.pen.paint("   drifted, nothing was written" if drifted else "   failed", Colour.RED)
        if outcome.message not in task.message:
            yield from self.pen.lines(outcome.message)
        found = outcome.before if drifted else outcome.after
        if found is not None:
            yield f"{'found' if drifted else 'read back'}: {state_text(found, self.pen)}"

    def _unproved(self, outcome: Outcome) -> Iterator[str]:
        if isinstance(outcome.after, MoveState):
            left = bool(outcome.after.left)
            yield self.pen.paint(f"   {state_text(outcome.after, self.pen)}", Colour.RED if left else Colour.GREEN)
        elif not isinstance(outcome.item, Change):
            yield "   done"
        elif outcome.after is None:
            yield self.pen.paint("   done, not read back", Colour.YELLOW)
        else:
            yield self.pen.paint(f"   read back otherwise: {state_text(outcome.after, self.pen)}", Colour.RED)
