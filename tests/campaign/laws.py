"""What must hold for every host after every run, whatever went wrong on the wire. Each law gives complaints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ndrfix.connections.base import OutcomeStatus
from ndrfix.engine.history import HostHistory
from ndrfix.engine.result import HostResult, Status, TaskResult
from ndrfix.resources import Action, RegistryData, RegistryType, RemoteItem, ServiceState, ServiceStatus
from tests.campaign.ground import Look

WANTED = RegistryData(RegistryType.DWORD, 0x100)
BAD = (Status.FAILED, Status.UNREACHABLE, Status.DRIFTED)
_UNKNOWN = re.compile(r"not known whether it was carried out: ([^;]+)")
_NOT_SENT = re.compile(r"not sent: ([^;]+)")
_CERTAIN = re.compile(r"done and read back before: ([^;]+)")


def named(item: RemoteItem) -> str:
    """An item as messages name it."""
    return f"the restart of {item.resource}" if isinstance(item, Action) else str(item.resource)


def ended(host: HostResult) -> Status:
    """What became of a host as a whole: the status of the task that stopped it, else `ok`."""
    return next((task.status for task in host.tasks if task.status in BAD), Status.OK)


def said(host: HostResult) -> Iterator[str]:
    """One task at most says what is wrong, in a sentence and with a next step; those after it were not evaluated."""
    bad = [number for number, task in enumerate(host.tasks) if task.status in BAD]
    if len(bad) > 1:
        yield f"{len(bad)} tasks went wrong"
    for number in bad[:1]:
        task = host.tasks[number]
        if not task.message or "bug in ndrfix" in task.message or "Traceback" in task.message:
            yield f"says {task.message!r}"
        if not task.next_step:
            yield f"has no next step for {task.message!r}"
        rest = {each.status for each in host.tasks[number + 1 :]}
        if rest - {Status.NOT_EVALUATED}:
            yield f"went on after {task.message!r}: {sorted(rest)}"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a result says of single items, by their names."""

    done: tuple[str, ...]
    unknown: frozenset[str]
    not_sent: frozenset[str]
    certain: frozenset[str]

    @classmethod
    def of(cls, tasks: Sequence[TaskResult]) -> Claims:
        """The claims of a host's tasks."""
        outcomes = [each for task in tasks for phase in task.phases for each in phase.outcomes]
        texts = [task.message for task in tasks]
        return cls(
            done=tuple(named(each.item) for each in outcomes if each.status is OutcomeStatus.DONE),
            unknown=_listed(_UNKNOWN, texts),
            not_sent=_listed(_NOT_SENT, texts),
            certain=_listed(_CERTAIN, texts),
        )


def _listed(pattern: re.Pattern[str], texts: Sequence[str]) -> frozenset[str]:
    found = (match for text in texts for match in pattern.findall(text))
    return frozenset(name for names in found for name in names.split(", "))


def nothing_sent(host: HostResult, written: Sequence[RemoteItem]) -> Iterator[str]:
    """A plan, and an apply that passes a host over, change nothing."""
    if written:
        yield f"was changed: {[named(item) for item in written]} ({ended(host)})"


def true(host: HostResult, written: Sequence[RemoteItem], look: Look, history: HostHistory | None) -> Iterator[str]:
    """Result, journal and host agree on what an apply did; of what they cannot know they say so. `written` is what the
    run wrote on the host.
    """
    claims = Claims.of(host.tasks)
    there = [named(item) for item in written]
    if len(set(there)) < len(there):
        yield f"was sent an item twice: {there}"
    if missing := (set(claims.done) | claims.certain) - set(there):
        yield f"reported as done, but not there: {missing}"
    if secret := set(there) - set(claims.done) - claims.unknown:
        yield f"done, but not reported: {secret}"
    if false := set(there) & claims.not_sent:
        yield f"reported as not sent, but there: {false}"
    for task in host.tasks:
        if task.status is Status.CHANGED and task.step == "set_registry" and look.value != WANTED:
            yield f"reported as changed, but is {look.value}"
    yield from _recorded(claims, history)


def _recorded(claims: Claims, history: HostHistory | None) -> Iterator[str]:
    restarts = {f"the restart of {service}" for service in history.restarted} if history else set()
    broken = {f"the restart of {service}" for service in history.broken} if history else set()
    sure = {named(change) for change in history.changes} | restarts if history else set()
    unsure = {named(change) for change in history.unsure} | broken if history else set()
    if sure != set(claims.done):
        yield f"the journal is sure of {sure}, the result of {set(claims.done)}"
    # An intent is on record before it is sent, so the journal may doubt what the result knows was not sent.
    if not claims.unknown <= unsure <= claims.unknown | claims.not_sent:
        yield f"the journal doubts {unsure}, the result {claims.unknown}"


def converged(host: HostResult, look: Look) -> Iterator[str]:
    """After an apply without faults the value is there and the service was restarted after it was set."""
    if ended(host) is not Status.OK:
        task = next(task for task in host.tasks if task.status in BAD)
        yield f"does not converge: {task.name} {task.status}: {task.message}"
        return
    if look.value != WANTED:
        yield f"does not converge: the value is {look.value}"
    service = look.service
    if not isinstance(service, ServiceState) or service.status is not ServiceStatus.RUNNING:
        yield f"does not converge: the service is {service}"
    writes = look.writes
    if not writes or not isinstance(writes[-1], Action):
        yield f"the last item is no restart: {[named(item) for item in writes]}"
