"""What a pipeline does on a simulated host: the functions of ndrfix's agent, and nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from psrpcore import PSRPCoreError
from psrpcore.types import PSSecureString

from ndrfix.connections import far_side
from ndrfix.connections.agent import ROWS, TARGET, agent_text, needs_queue, opening, queue_text
from ndrfix.connections.base import Outcome, OutcomeStatus, Progress
from ndrfix.connections.far_side import Row
from ndrfix.connections.protocol import (
    TARGET_COMMAND,
    TARGET_END,
    TARGET_PASSWORD,
    TargetLine,
)
from ndrfix.connections.simulated import SimulatedHost
from ndrfix.connections.wire_text import WireError
from ndrfix.errors import FarSideError, UnreachableError
from ndrfix.resources import RemoteItem, Resource
from ndrfix.testing.mail import MailTeller, Portion
from ndrfix.testing.targets import BlockedError, Facts, Network, Target

_READ, _APPLY = "Read-Ndrfix", "Invoke-Ndrfix"
_PARAMETERS = {_READ: "Request", _APPLY: "Item", TARGET_COMMAND: TARGET}


class TerminatingError(Exception):
    """The pipeline ends with an error; `identity` is PowerShell's FullyQualifiedErrorId."""

    def __init__(self, message: str, identity: str) -> None:
        super().__init__(message)
        self.identity = identity


class LinkLostError(Exception):
    """The simulated host loses the link to its client now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command of a pipeline: the text of a script, or a name with parameters."""

    text: str
    script: bool
    parameters: tuple[tuple[str, object], ...] = ()


def taken_apart(step: Step) -> tuple[Step, ...]:
    """An opening script as the agent and the calls that it makes; every other step as it is.

    Raises:
        TerminatingError: a script that is not ndrfix's own.
    """
    if not step.script or step.text in (agent_text(), queue_text()):
        return (step,)
    given = dict(step.parameters)
    ways = itertools.product((_READ, _APPLY), ("", TARGET_COMMAND), ((True, False), (True, True), (False, True)))
    for command, connect, (agent, queue) in ways:
        parameter = _PARAMETERS[command]
        if step.text == opening(command, parameter, connect=connect, agent=agent, queue=queue):
            calls = [(connect, TARGET, given.get(TARGET))] if connect else []
            calls.append((command, parameter, given.get(ROWS)))
            texts = [agent_text()] * agent + [queue_text()] * queue
            defined = (Step(text=text, script=True) for text in texts)
            called = (Step(text=text, script=False, parameters=((name, value),)) for text, name, value in calls)
            return *defined, *called
    raise TerminatingError("A simulated host runs no scripts but ndrfix's own.", "ScriptRefused")


def _rows(step: Step) -> list[Row]:
    wanted = _PARAMETERS[step.text]
    found = [value for name, value in step.parameters if name.removeprefix("-").rstrip(":") == wanted]
    if len(found) != 1 or not isinstance(found[0], Sequence | Mapping) or isinstance(found[0], str):
        message = f"{step.text} takes one parameter -{wanted}, a list of tables."
        raise TerminatingError(message, f"ParameterBindingFailed,{step.text}")
    # A list of one is unrolled by some clients.
    rows = [found[0]] if isinstance(found[0], Mapping) else found[0]
    return [{str(key): value for key, value in row.items()} for row in rows]


def _password(cell: object) -> str | None:
    """The password of a target's table.

    Raises:
        BlockedError: it is none that can be decrypted.
    """
    if cell is None:
        return None
    if not isinstance(cell, PSSecureString):
        raise BlockedError("logon", 0, "the password is no SecureString")
    try:
        return cell.decrypt()
    except PSRPCoreError as error:
        raise BlockedError("logon", 0, str(error)) from error


class Here:
    """The computer to which the session was opened."""

    def __init__(self, host: SimulatedHost) -> None:
        self._host = host
        self._mail = MailTeller(host)

    def read(self, resources: Sequence[Resource]) -> Iterator[str]:
        """The lines that answer a read."""
        readings = self._host.read_all(resources)
        for index, resource in enumerate(resources):
            yield from self._mail.lines(index, resource, readings[resource])
            yield far_side.state_line(index, readings[resource])

    def carry_out(self, item: RemoteItem, tell: Callable[[Progress], None], *, first: bool) -> Outcome:
        """Carry out one item; see `SimulatedHost.carry_out`."""
        return self._host.carry_out(item, tell, first=first)


class Agent:
    """ndrfix's agent in one shell of a simulated host. Its functions exist once its text was sent, as on Windows.

    After Connect-Ndrfix the shell is about a target, of the `network` around the host; about nothing when the way to it
    is blocked, or was taken down.
    """

    def __init__(self, host: SimulatedHost, network: Network) -> None:
        self._host, self._network = host, network
        self._about: Here | Target | None = Here(host)
        self._defined: set[str] = set()

    def run(self, steps: Sequence[Step]) -> Iterator[tuple[str, ...]]:
        """Carry a pipeline out and yield its output in the portions that a client sees at a time.

        A portion ends with a sign of life: a real host would let the client wait there.

        Raises:
            TerminatingError: the pipeline fails; also for every script but the agent's, of which nothing is run.
            LinkLostError: the simulation says so.
        """
        for step in itertools.chain.from_iterable([taken_apart(given) for given in steps]):
            if step.script:
                self._defined.add(step.text)
                continue
            if step.text not in (*_PARAMETERS, TARGET_END) or agent_text() not in self._defined:
                message = f"The term '{step.text}' is not recognized as the name of a cmdlet, function or script."
                raise TerminatingError(message, "CommandNotFoundException")
            yield from self._call(step)

    def _call(self, step: Step) -> Iterator[tuple[str, ...]]:
        if step.text == TARGET_END:
            self._about = None
            return
        rows = _rows(step)
        if step.text != TARGET_COMMAND and needs_queue(rows) and queue_text() not in self._defined:
            raise TerminatingError("the far side's part for the queue was not sent", "CommandNotFoundException")
        try:
            if step.text == TARGET_COMMAND:
                yield self._connect(rows[0])
            elif self._about is not None:
                yield from _read(self._about, rows) if step.text == _READ else _apply(self._about, rows)
        except (WireError, FarSideError) as error:
            raise TerminatingError(str(error), f"RuntimeException,{step.text}") from error
        except UnreachableError as error:
            raise LinkLostError(str(error)) from error

    def _connect(self, row: Row) -> tuple[str, ...]:
        """The line about the way to a target; none when it is open and there is nothing to say about the host."""
        self._about = None
        stage, code, message = "", 0, ""
        try:
            password = _password(row.get(TARGET_PASSWORD))
            self._about = Target(self._host, self._network, far_side.requested_target(row), password)
        except BlockedError as error:
            stage, code, message = error.stage, error.code, str(error)
        facts = Facts.of(self._host)
        if not stage and facts.pipes:
            return ()
        said = TargetLine(stage=stage, code=code, message=message, smb1=facts.smb1, pipes=facts.pipes)
        return (far_side.target_line(said),)


def _read(about: Here | Target, rows: list[Row]) -> Iterator[tuple[str, ...]]:
    # The agent answers a read by one text that holds all lines, but for the messages of a queue: they are packed, and
    # when there are many, each full portion of them is a text of its own.
    lines: list[str] = []
    mail = Portion()
    for line in about.read([far_side.requested_resource(row) for row in rows]):
        if mail.takes(line):
            if mail.full:
                yield (mail.text(),)
            continue
        lines += (mail.text(), f"{line}\n")
    yield ("".join(lines),)


def _apply(about: Here | Target, rows: list[Row]) -> Iterator[tuple[str, ...]]:
    lines: list[str] = []
    for index, item in enumerate([far_side.requested_item(row) for row in rows]):
        told: list[Progress] = []
        try:
            outcome = about.carry_out(item, told.append, first=index == 0)
        except UnreachableError:
            yield tuple(lines)
            raise
        for progress in told:
            yield (*lines, far_side.progress_line(index, progress))
            lines.clear()
        lines.append(far_side.outcome_line(index, outcome))
        if outcome.status is not OutcomeStatus.DONE:
            break
    yield tuple(lines)
