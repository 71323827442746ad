"""What a pipeline does on a simulated host: the two functions of ndrfix's agent, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ndrfix.connections import far_side
from ndrfix.connections.base import OutcomeStatus, Progress
from ndrfix.connections.far_side import Row
from ndrfix.connections.simulated import SimulatedHost
from ndrfix.connections.wire_text import WireError
from ndrfix.errors import FarSideError, UnreachableError

_PARAMETERS = {"Read-Ndrfix": "Request", "Invoke-Ndrfix": "Item"}


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


@cache
def agent_text() -> str:
    """The script that ndrfix sends first in every session."""
    return files("ndrfix.connections").joinpath("agent.ps1").read_text(encoding="ascii")


def _rows(step: Step) -> list[Row]:
    wanted = _PARAMETERS[step.text]
    found = [value for name, value in step.parameters if name.removeprefix("-").rstrip(":") == wanted]
    if len(found) != 1 or not isinstance(found[0], Sequence | Mapping) or isinstance(found[0], str):
        message = f"{step.text} takes one parameter -{wanted}, a list of tables."
        raise TerminatingError(message, f"ParameterBindingFailed,{step.text}")
    # A list of one is unrolled by some clients.
    rows = [found[0]] if isinstance(found[0], Mapping) else found[0]
    return [{str(key): value for key, value in row.items()} for row in rows]


class Agent:
    """ndrfix's agent in one shell of a simulated host. Its functions exist once its text was sent, as on Windows."""

    def __init__(self, host: SimulatedHost) -> None:
        self._host = host
        self._defined = False

    def run(self, steps: Sequence[Step]) -> Iterator[tuple[str, ...]]:
        """Carry a pipeline out and yield its output in the portions that a client sees at a time.

        A portion ends with a sign of life: a real host would let the client wait there.

        Raises:
            TerminatingError: the pipeline fails; also for every script but the agent's, of which nothing is run.
            LinkLostError: the simulation says so.
        """
        for step in steps:
            if step.script and step.text.strip() != agent_text().strip():
                raise TerminatingError("A simulated host runs no scripts but ndrfix's own.", "ScriptRefused")
        for step in steps:
            if step.script:
                self._defined = True
                continue
            if step.text not in _PARAMETERS or not self._defined:
                message = f"The term '{step.text}' is not recognized as the name of a cmdlet, function or script."
                raise TerminatingError(message, "CommandNotFoundException")
            yield from self._call(step)

    def _call(self, step: Step) -> Iterator[tuple[str, ...]]:
        rows = _rows(step)
        try:
            yield from self._read(rows) if step.text == "Read-Ndrfix" else self._apply(rows)
        except (WireError, FarSideError) as error:
            raise TerminatingError(str(error), f"RuntimeException,{step.text}") from error
        except UnreachableError as error:
            raise LinkLostError(str(error)) from error

    def _read(self, rows: list[Row]) -> Iterator[tuple[str, ...]]:
        wanted = [far_side.requested_resource(row) for row in rows]
        readings = self._host.read_all(wanted)
        lines = (far_side.state_line(index, readings[resource]) for index, resource in enumerate(wanted))
        # The agent answers a read by one text that holds all lines.
        yield ("".join(f"{line}\n" for line in lines),)

    def _apply(self, rows: list[Row]) -> Iterator[tuple[str, ...]]:
        lines: list[str] = []
        for index, item in enumerate([far_side.requested_item(row) for row in rows]):
            told: list[Progress] = []
            try:
                outcome = self._host.carry_out(item, told.append, first=index == 0)
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
