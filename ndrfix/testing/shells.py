"""A remote shell: the server's side of a PSRP session, with output that waits to be received."""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Iterator
from uuid import UUID

from psrpcore import (
    CreatePipelineEvent,
    GetCommandMetadataEvent,
    PowerShell,
    PSRPCoreError,
    PSRPPayload,
    ServerPipeline,
    ServerRunspacePool,
    StreamType,
)
from psrpcore.types import (
    ErrorCategory,
    ErrorCategoryInfo,
    ErrorRecord,
    NETException,
    PipelineState,
    PSInvocationState,
    PSRPMessageType,
    PSString,
)

from ndrfix.testing.pipelines import Agent, LinkLostError, Step, TerminatingError

# The bytes of PSRP that go into one answer: in base64, with an envelope around them, less than the 150 KB that clients
# of old hosts allow.
_PORTION = 110_000
_FRAGMENT = struct.Struct(">QQBI")

# What psrpcore raises at bytes that are no PSRP.
_MALFORMED = (PSRPCoreError, ValueError, LookupError, TypeError, AttributeError, struct.error, SyntaxError)


class BrokenPsrpError(Exception):
    """The client's bytes follow no rules of PSRP."""


class Outbox:
    """Output of a pipeline, or of the pool itself, in the portions in which it is received.

    `done` tells that nothing is added any more, `lost` that the link is lost where the portions end.
    """

    def __init__(self) -> None:
        self._portions: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self.done = False
        self.lost = False

    def put(self, payloads: Iterator[bytes]) -> None:
        """Add payloads of whole fragments as one portion, or as several where they are too many."""
        portion = b""
        for payload in payloads:
            if portion and len(portion) + len(payload) > _PORTION:
                self._portions.append(portion)
                portion = b""
            portion += payload
        if portion:
            self._portions.append(portion)
        self._changed.set()

    def end(self, *, lost: bool = False) -> None:
        """Add nothing more."""
        self.done, self.lost = not lost, lost
        self._changed.set()

    async def take(self, timeout: float) -> bytes | None:
        """The next portion, empty if none will come; None when none came within `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while not self._portions and not self.done and not self.lost:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return None
        return self._portions.popleft() if self._portions else b""

    @property
    def empty(self) -> bool:
        """Whether everything that was put in was taken."""
        return not self._portions


def _fragments(data: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(data):
        end = at + _FRAGMENT.size + _FRAGMENT.unpack_from(data, at)[3]
        found.append(data[at:end])
        at = end
    return found


def _record(error: TerminatingError) -> ErrorRecord:
    exception = NETException(Message=str(error), HResult=-2146233087)
    kinds = ["System.Management.Automation.RuntimeException", "System.SystemException"]
    exception.PSObject.type_names = [*kinds, *exception.PSTypeNames]
    return ErrorRecord(
        Exception=exception,
        CategoryInfo=ErrorCategoryInfo(Category=ErrorCategory.OperationStopped, Reason="RuntimeException"),
        FullyQualifiedErrorId=error.identity,
    )


class Shell:
    """One shell with its runspace pool. `open` must come first."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._pool = ServerRunspacePool()
        self._boxes: dict[UUID | None, Outbox] = {None: Outbox()}

    def open(self, creation: bytes) -> None:
        """Take what Create carries. Windows says that the pool is open in an answer of its own; so does this.

        Raises:
            BrokenPsrpError: the bytes are no PSRP.
        """
        self._feed(None, creation)
        *before, opened = _fragments(b"".join(self._sendable())) or [b""]
        self._boxes[None].put(iter(before))
        self._boxes[None].put(iter([opened]))

    def command(self, pipeline: UUID, fragment: bytes) -> None:
        """Begin a pipeline with the first piece of its description.

        Raises:
            BrokenPsrpError: the bytes are no PSRP.
        """
        ServerPipeline(self._pool, pipeline)
        self._boxes[pipeline] = Outbox()
        self._feed(pipeline, fragment)

    def send(self, pipeline: UUID | None, data: bytes) -> None:
        """Take more of a pipeline's description, or what is for the pool: the exchange of a key for SecureStrings.

        Raises:
            BrokenPsrpError: the bytes are no PSRP.
        """
        self._feed(pipeline, data)
        self._boxes[None].put(self._sendable())

    def stop(self, pipeline: UUID) -> None:
        """Forget a pipeline with all that it would still say."""
        self._pool.pipeline_table.pop(pipeline, None)
        if box := self._boxes.pop(pipeline, None):
            box.end()

    def box(self, pipeline: UUID | None) -> Outbox | None:
        """The output of a pipeline, of the pool for None; None when there is no such pipeline."""
        return self._boxes.get(pipeline)

    def kill(self) -> None:
        """End everything; whoever waits for output waits no longer."""
        for box in self._boxes.values():
            box.end()

    def _sendable(self) -> Iterator[bytes]:
        while payload := self._pool.data_to_send(_PORTION):
            yield payload.data

    def _feed(self, pipeline: UUID | None, data: bytes) -> None:
        try:
            self._pool.receive_data(PSRPPayload(data, StreamType.default, pipeline))
            events = list(iter(self._pool.next_event, None))
        except _MALFORMED as error:
            raise BrokenPsrpError(str(error)) from error
        for event in events:
            if isinstance(event, CreatePipelineEvent | GetCommandMetadataEvent) and event.pipeline_id is not None:
                self._run(self._pool.pipeline_table[event.pipeline_id])

    def _run(self, pipeline: ServerPipeline) -> None:
        """Carry the pipeline out at once and as a whole: simulated hosts take no time."""
        box = self._boxes[pipeline.pipeline_id]
        pipeline.state = PSInvocationState.Running
        last: tuple[str, ...] = ()
        try:
            for portion in self._agent.run(_steps(pipeline)):
                box.put(self._written(pipeline, last))
                last = portion
        except TerminatingError as error:
            box.put(self._written(pipeline, last, PSInvocationState.Failed, _record(error)))
        except LinkLostError:
            box.put(self._written(pipeline, last))
            box.end(lost=True)
            return
        else:
            box.put(self._written(pipeline, last, PSInvocationState.Completed))
        box.end()
        pipeline.close()

    def _written(
        self,
        pipeline: ServerPipeline,
        lines: tuple[str, ...],
        state: PSInvocationState | None = None,
        error: ErrorRecord | None = None,
    ) -> Iterator[bytes]:
        for line in lines:
            pipeline.prepare_message(PSString(line), message_type=PSRPMessageType.PipelineOutput)
            yield from self._sendable()
        if state is not None:
            pipeline.prepare_message(PipelineState(PipelineState=int(state), ExceptionAsErrorRecord=error))
            pipeline.state = state
            yield from self._sendable()


def _steps(pipeline: ServerPipeline) -> list[Step]:
    described = pipeline.metadata
    if not isinstance(described, PowerShell):
        raise TerminatingError("A simulated host knows nothing of its commands.", "GetCommandMetadata")
    return [
        Step(
            text=str(command.command_text),
            script=bool(command.is_script),
            parameters=tuple((str(name), value) for name, value in command.parameters),
        )
        for command in described.commands
    ]
