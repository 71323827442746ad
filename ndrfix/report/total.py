"""The lines below the recap: the whole fleet in one sentence, then what this run has done to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ndrfix.connections.base import Outcome, OutcomeStatus
from ndrfix.engine.result import Mode, RunResult, Status, TaskResult
from ndrfix.errors import ExitCode
from ndrfix.report.diff import same
from ndrfix.report.exit import CHANGES, FAILURES, exit_code
from ndrfix.report.recap import by_task
from ndrfix.report.standstill import standstill_lines
from ndrfix.report.text import Colour, Pen, amount, duration
from ndrfix.report.way_back import Commands, lost_hosts, outcomes, way_back_lines
from ndrfix.resources import Action, Change, MoveState, Verb

_REASONS_SHOWN = 2
_HOSTS_SHOWN = 12


def verified(outcome: Outcome) -> bool:
    """True when the new state was read back and is what was wanted. An action is no state: never verified."""
    done = outcome.status is OutcomeStatus.DONE
    return done and isinstance(outcome.item, Change) and same(outcome.item.after, outcome.after)


@dataclass(slots=True)
class _Fleet:
    """Names of hosts by what became of them, and tasks by what is still to be said about them."""

    hosts: dict[str, None] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    failed_otherwise: set[str] = field(default_factory=set)
    drifted: set[str] = field(default_factory=set)
    ignored: set[str] = field(default_factory=set)
    unreachable: set[str] = field(default_factory=set)
    unseen: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, None] = field(default_factory=dict)
    manual: dict[str, int] = field(default_factory=dict)

    def add(self, host: str, results: list[TaskResult]) -> None:
        """Count one task of a host, given as the results of its loop."""
        statuses = {result.status for result in results}
        for found, places in (
            (CHANGES, self.changed),
            ({Status.NOT_EVALUATED}, self.unseen),
            ({Status.MANUAL}, self.manual),
        ):
            if statuses & found:
                places[host] = places.get(host, 0) + 1
        for result in results:
            self._add_one(host, result)

    def _add_one(self, host: str, result: TaskResult) -> None:
        if result.status is Status.UNREACHABLE:
            self.unreachable.add(host)
        if result.status is Status.NOT_EVALUATED and not result.hidden:
            self.reasons[result.message] = None
        if result.status not in FAILURES:
            return
        if result.ignored:
            self.ignored.add(host)
        elif result.status is Status.DRIFTED:
            self.drifted.add(host)
        else:
            self.failed.add(host)
            if not any(phase.plan.failed for phase in result.phases):
                self.failed_otherwise.add(host)

    @property
    def untouched(self) -> int:
        """How many hosts were looked at to the end and need nothing."""
        told = {*self.changed, *self.failed, *self.drifted, *self.ignored, *self.unreachable, *self.unseen}
        return len(self.hosts.keys() - told)


def _fleet(result: RunResult) -> _Fleet:
    fleet = _Fleet()
    for play in result.plays:
        for host in play.hosts:
            fleet.hosts[host.host] = None
            for results in by_task(host.tasks).values():
                fleet.add(host.host, results)
    return fleet


def total_lines(result: RunResult, pen: Pen) -> Iterator[str]:
    """What became of all hosts together, and what is left for a person."""
    fleet = _fleet(result)
    total = f"{amount(len(fleet.hosts), 'host')}: {', '.join(_parts(fleet, result.mode))}."
    if fleet.unseen:
        reasons = _reasons(fleet.reasons, pen)
        total += (
            f" Not evaluated: {amount(sum(fleet.unseen.values()), 'task')} on {host_names(fleet.unseen, pen)}{reasons}."
        )
    yield total
    if fleet.manual:
        tasks = amount(sum(fleet.manual.values()), "task")
        yield f"By hand: {tasks} on {host_names(fleet.manual, pen)}, see the instructions above."


def _parts(fleet: _Fleet, mode: Mode) -> Iterator[str]:
    changed, tasks = len(fleet.changed), sum(fleet.changed.values())
    word = "would change" if mode is Mode.PLAN else "changed"
    yield f"{changed} {word}" + (f" ({amount(tasks, 'task')})" if tasks else "")
    if fleet.untouched:
        yield f"{fleet.untouched} {'needs' if fleet.untouched == 1 else 'need'} no change"
    yield _failed(len(fleet.failed), len(fleet.failed) - len(fleet.failed_otherwise))
    if fleet.ignored:
        yield f"{len(fleet.ignored)} with ignored failures"
    if fleet.drifted:
        yield f"{len(fleet.drifted)} drifted from the plan"
    yield f"{len(fleet.unreachable)} unreachable"


def _failed(hosts: int, at_a_check: int) -> str:
    """`2 failed a check`, or `3 failed (2 a check)` when others failed otherwise."""
    if not at_a_check:
        return f"{hosts} failed"
    return f"{hosts} failed a check" if hosts == at_a_check else f"{hosts} failed ({at_a_check} a check)"


def _reasons(reasons: Iterable[str], pen: Pen) -> str:
    texts = [pen.line(reason) for reason in reasons if reason]
    if not texts:
        return ""
    more = f"; {amount(len(texts) - _REASONS_SHOWN, 'more reason')}, see above" if len(texts) > _REASONS_SHOWN else ""
    return f" ({'; '.join(texts[:_REASONS_SHOWN])}{more})"


def host_names(hosts: Iterable[str], pen: Pen) -> str:
    """The names, or the first dozen of them and how many more there are."""
    names = [pen.line(host) for host in hosts]
    more = len(names) - _HOSTS_SHOWN
    return ", ".join(names[:_HOSTS_SHOWN]) + (f" and {more} more" if more > 0 else "")


def last_lines(result: RunResult, pen: Pen, commands: Commands) -> Iterator[str]:
    """Where mail stands still, in red; where the run's files are; the way back; and last what the run did to the
    hosts.
    """
    yield from (pen.paint(line, Colour.RED) for line in standstill_lines(result, pen, commands.resume))
    if result.folder:
        yield f"Files of this run: {pen.line(result.folder)}"
    yield from way_back_lines(result, pen, commands)
    parts = ["DRY RUN", "nothing was changed"] if result.mode is Mode.PLAN else ["APPLY", *_done(result)]
    yield " · ".join([*parts, *_warnings(result), duration(result.seconds)])


def _done(result: RunResult) -> Iterator[str]:
    done = [(host, outcome) for host, outcome in outcomes(result) if outcome.status is OutcomeStatus.DONE]
    proved = [host for host, outcome in done if verified(outcome)]
    actions = [host for host, outcome in done if _is_restart(outcome)]
    changes = sum(isinstance(outcome.item, Change) for _, outcome in done)
    unproved = changes - len(proved)
    moves = [(host, outcome.after.moved) for host, outcome in done if isinstance(outcome.after, MoveState)]
    if proved:
        yield f"{amount(len(proved), 'change')} on {amount(len(set(proved)), 'host')}, read back and verified"
    if unproved:
        yield f"{amount(unproved, 'change')} not confirmed by reading back"
    if messages := sum(moved for _, moved in moves):
        yield f"{amount(messages, 'file')} moved on {amount(len({host for host, _ in moves}), 'host')}"
    if actions:
        yield f"{amount(len(actions), 'restart')} on {amount(len(set(actions)), 'host')}"
    if lost := lost_hosts(result):
        yield f"{amount(len(lost), 'host')} lost on the way, see above what is not known"
    half = {host for host, each in outcomes(result) if each.status is OutcomeStatus.FAILED and _moved(each)}
    if half:
        yield f"{amount(len(half), 'host')} changed half way, see the failure above"
    if not done and not lost and not half:
        yield "nothing was changed"


def _is_restart(outcome: Outcome) -> bool:
    return isinstance(outcome.item, Action) and outcome.item.verb is Verb.RESTART


def _moved(outcome: Outcome) -> bool:
    """True when the state read after an item is another than the one before it."""
    return outcome.after is not None and outcome.after != outcome.before


def _warnings(result: RunResult) -> Iterator[str]:
    code = exit_code(result, detailed=False)
    fleet = _fleet(result)
    failed = fleet.failed | fleet.drifted | fleet.ignored
    told = [f"{amount(len(failed), 'host')} failed"] if failed else []
    told += [f"{len(fleet.unreachable)} unreachable"] if fleet.unreachable else []
    told += [f"{amount(len(result.not_begun), 'host')} not begun"] if result.not_begun else []
    if code is ExitCode.INTERRUPTED:
        told = ["interrupted, this is what is known"]
    if told:
        yield f"{' and '.join(told)} (exit code {code})"
