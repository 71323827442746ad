"""How a task ends before its last phase is through."""

from __future__ import annotations

from ndrfix.engine.recorder import RecordError
from ndrfix.engine.result import Down, Status
from ndrfix.errors import HostError, UnreachableError


class EndedError(Exception):
    """How a task ended before its last phase was through; `told`: how it leaves the host is said already. `first` is
    what has to be done before anything else, `down` are the services that do not run though they were to.
    """

    def __init__(
        self,
        *,
        status: Status,
        message: str,
        next_step: str = "",
        told: bool = False,
        first: str = "",
        down: tuple[Down, ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.next_step = next_step
        self.told = told
        self.first = first
        self.down = down


def ended_by(
    error: HostError, message: str = "", next_step: str = "", *, told: bool = False, down: tuple[Down, ...] = ()
) -> EndedError:
    """The end of a task whose call the host did not answer, or refused."""
    status = Status.UNREACHABLE if isinstance(error, UnreachableError) else Status.FAILED
    return EndedError(
        status=status,
        message=message or error.what,
        next_step=next_step or error.next_step,
        told=told,
        first=error.next_step if isinstance(error, RecordError) else "",
        down=down,
    )
