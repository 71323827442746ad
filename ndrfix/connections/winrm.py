"""The connection to a Windows host over WinRM, with `agent.ps1` as its far side."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ndrfix.connections.base import Outcome, OutcomeStatus, Progress, Reading
from ndrfix.connections.endpoint import Endpoint, check_endpoint
from ndrfix.connections.fault_words import Scene
from ndrfix.connections.faults import host_error
from ndrfix.connections.mailbag import Mailbag
from ndrfix.connections.management import Passage
from ndrfix.connections.protocol import (
    Line,
    MessageLine,
    OutcomeLine,
    ProgressLine,
    Request,
    SameLine,
    SlowLine,
    StateLine,
    Target,
    TargetLine,
    apply_request,
    parse_line,
    read_request,
)
from ndrfix.connections.wire_text import WireError
from ndrfix.errors import FarSideError, HostError, UnreachableError
from ndrfix.resources import COMPUTER, Action, ComputerState, RemoteItem, Resource, fold

if TYPE_CHECKING:
    from ndrfix.connections.psrp import Session

# A server closes idle connections, and with message encryption a session does not survive that: after this many seconds
# without a call, items go over a new session.
_STALE = 60.0
# A shell takes a limited number of pipelines (1,000 by default on Windows), and pypsrp frees none while it lives.
_PIPELINES = 500


def _limit(item: RemoteItem) -> float:
    return item.timeout * 2 if isinstance(item, Action) else item.timeout


class WinRM:
    """One host over WinRM: a `Connection`. The session is opened by the first call, and again when it was lost.

    Used by one thread at a time. A lost read is repeated once over a new session; a lost `apply` never is: it raises
    `UnreachableError` with `sent` set.

    With a `target` the endpoint is a management host, and everything is read and written for the target; `warn` is told
    what works, but badly.
    """

    def __init__(
        self, endpoint: Endpoint, target: Target | None = None, *, warn: Callable[[str], None] = lambda _text: None
    ) -> None:
        self._endpoint = endpoint
        self._target = target
        self._passage = Passage(target) if target else None
        self._warn = warn
        self._session: Session | None = None
        self._defined = False
        self._pipelines = 0
        self._last_call = 0.0
        self._deadline = 0.0
        self._end: float | None = None
        self._computer = ""
        self._mailbag = Mailbag()

    def read(self, resources: Sequence[Resource]) -> Mapping[Resource, Reading]:
        """The state of each resource, all of them by one pipeline.

        Raises:
            UnreachableError: there is no session.
            FarSideError: the host refused the request as a whole.
        """
        wanted = list(dict.fromkeys(resources))
        if not wanted:
            return {}
        reused = self._session is not None
        try:
            return self._read(wanted)
        except UnreachableError as error:
            # What took too long once would take too long twice; everything else may be the old session's fault.
            if not reused or self._out_of_time() or type(error.__cause__).__name__ == "DeadlineError":
                raise
            return self._read(wanted)

    def apply(self, items: Sequence[RemoteItem], *, on_event: Callable[[Progress], None]) -> Iterator[Outcome]:
        """Carry the items out in order; see `Connection.apply`.

        Raises:
            UnreachableError: there is no session, or it was lost (`sent` tells whether items may have arrived).
            FarSideError: the host refused the request as a whole.
        """
        if not items:
            return
        if time.monotonic() - self._last_call > _STALE:
            self.close()
        rows = [apply_request(item) for item in items]
        self._start(self._endpoint.call_timeout + _limit(items[0]))
        if self._computer and not self._defined:
            self._read([COMPUTER])  # a new session: the same computer must answer, before anything is sent to it
        for count, outcome in enumerate(self._outcomes(items, rows, on_event), start=1):
            if count < len(items):
                self._extend(self._endpoint.call_timeout + _limit(items[count]))
            yield outcome

    def close(self) -> None:
        """End the session; never raises, may be called twice."""
        session, self._session = self._session, None
        self._defined = False
        self._mailbag = Mailbag()
        if session is not None:
            session.close()

    # --- one call

    def _out_of_time(self) -> bool:
        return self._end is not None and time.monotonic() >= self._end

    def _extend(self, seconds: float) -> None:
        now = time.monotonic()
        if self._end is None:
            self._end = now + self._endpoint.host_timeout
        self._deadline = min(now + seconds, self._end)

    def _start(self, seconds: float) -> None:
        self._extend(seconds)
        if self._out_of_time():
            limit = self._endpoint.host_timeout
            raise UnreachableError(
                f"{self._endpoint.title} took longer than the {limit:g} s allowed for one host",
                next_step="Raise ndrfix_host_timeout, or run fewer tasks at a time.",
            )
        if self._pipelines >= _PIPELINES:
            self.close()
        if self._session is None:
            self._open()

    def _open(self) -> None:
        from ndrfix.connections.psrp import FAILURES, Session

        check_endpoint(self._endpoint)
        session: Session | None = None
        try:
            session = Session(self._endpoint, lambda: self._deadline)
            session.open(secrets=self._target is not None and self._target.password is not None)
        except FAILURES as error:
            offered = session.offered if session else ""
            if session is not None:
                session.close()
            raise host_error(error, Scene(endpoint=self._endpoint, offered=offered)) from error
        self._session = session
        self._pipelines = 0

    def _lines(
        self, command: str, parameter: str, rows: Sequence[Request], *, changes: bool
    ) -> Generator[Line, None, None]:
        """The lines of one call; any error ends the session."""
        from ndrfix.connections.psrp import FAILURES

        session = self._session
        if session is None:
            raise RuntimeError("a call without a session")
        scene = Scene(endpoint=self._endpoint, opened=True, changes=changes)
        complete = False
        closed: HostError | None = None
        try:
            first = not self._defined
            target = self._target if first else None
            self._pipelines += 1
            for text in session.call(command, parameter, rows, first=first, target=target):
                line = parse_line(text)
                if isinstance(line, (TargetLine, SlowLine)):
                    closed = closed or self._told(line)
                else:
                    yield line
            self._defined = complete = closed is None
            self._last_call = time.monotonic()
        except FAILURES as error:
            raise self._slowed(host_error(error, scene), error) from error
        finally:
            if not complete:
                self.close()
        if closed is not None:
            raise closed

    def _told(self, line: TargetLine | SlowLine) -> HostError | None:
        """Take in what is said about the way to the target. The error, if any, means that nothing was read or carried
        out; the far side then ends in order, so it is raised only after that.
        """
        if self._passage is None:
            return host_error(WireError("a line about a target"), Scene(endpoint=self._endpoint, opened=True))
        try:
            if isinstance(line, TargetLine):
                self._passage.open(line)
            elif warning := self._passage.slow(line.seconds):
                self._warn(warning)
        except UnreachableError as error:
            return error
        return None

    def _slowed(self, error: HostError, cause: BaseException) -> HostError:
        """The error; when it is about time and service control takes the long way, that is said as what to do."""
        if self._passage is not None and type(cause).__name__ == "DeadlineError":
            error.next_step = self._passage.late() or error.next_step
        return error

    def _read(self, wanted: list[Resource]) -> dict[Resource, Reading]:
        self._start(self._endpoint.call_timeout)
        if self._computer and not self._defined and COMPUTER not in wanted:
            return {each: found for each, found in self._read([*wanted, COMPUTER]).items() if each != COMPUTER}
        readings: dict[int, Reading] = {}
        rows = [read_request(resource) for resource in wanted]
        mail = self._mailbag.begin(wanted)
        for line in self._lines("Read-Ndrfix", "Request", rows, changes=False):
            if isinstance(line, MessageLine | SameLine):
                if trouble := mail.take(line):
                    raise self._garbled(trouble, changes=False)
                self._extend(self._endpoint.call_timeout)
            if isinstance(line, StateLine):
                reading = mail.whole(line)
                if self._passage is not None and line.index < len(wanted):
                    reading = self._passage.explained(wanted[line.index], reading, line.code)
                readings[line.index] = reading
        if set(readings) != set(range(len(wanted))):
            raise self._garbled(f"{len(readings)} answers to {len(wanted)} requests", changes=False)
        if mail.short:
            raise self._garbled(mail.short, changes=False)
        found = {resource: readings[index] for index, resource in enumerate(wanted)}
        self._check_computer(found.get(COMPUTER))
        return found

    def _check_computer(self, found: Reading | None) -> None:
        """Make sure that every session of this connection is with one computer: a name may lead elsewhere by now.

        Raises:
            FarSideError: another one answers.
        """
        if not isinstance(found, ComputerState):
            return
        if self._computer and fold(self._computer) != fold(found.name):
            self.close()
            raise FarSideError(
                f"{self._endpoint.title}: another computer answers now, {found.name} in place of {self._computer}",
                next_step="Nothing was sent to it. Find out why, then plan again.",
            )
        self._computer = found.name

    def _outcomes(
        self, items: Sequence[RemoteItem], rows: Sequence[Request], on_event: Callable[[Progress], None]
    ) -> Iterator[Outcome]:
        done = 0
        stopped = False
        with contextlib.closing(self._lines("Invoke-Ndrfix", "Item", rows, changes=True)) as lines:
            for line in lines:
                if (
                    not isinstance(line, (ProgressLine, OutcomeLine))
                    or stopped
                    or line.index != done
                    or done == len(items)
                ):
                    raise self._garbled("an answer out of order", changes=True)
                if isinstance(line, ProgressLine):
                    on_event(Progress(item=items[done], text=line.text, elapsed=line.elapsed, limit=line.limit))
                    continue
                stopped = line.status is not OutcomeStatus.DONE
                item = items[done]
                done += 1
                yield _outcome(item, line)
        if not stopped and done < len(items):
            raise self._garbled(f"{done} outcomes of {len(items)} items", changes=True)

    def _garbled(self, what: str, *, changes: bool) -> HostError:
        """The error for answers that do not fit the requests; the session is not trusted any more."""
        self.close()
        return host_error(WireError(what), Scene(endpoint=self._endpoint, opened=True, changes=changes))


def _outcome(item: RemoteItem, line: OutcomeLine) -> Outcome:
    return Outcome(
        item=item,
        status=line.status,
        before=line.before,
        after=line.after,
        message=line.message,
        next_step=line.next_step,
    )
