"""A run as a document for programs: JSON, the same bytes for the same result, described by `ndrfix.report.schema`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass

from ndrfix import __version__
from ndrfix.connections.base import Outcome, Reading
from ndrfix.engine.result import HostResult, Letterhead, Mode, PhaseResult, PlayResult, RunResult, Status, TaskResult
from ndrfix.report import schema
from ndrfix.report.diff import meaning
from ndrfix.report.exit import exit_code
from ndrfix.report.queue_document import QueueWriter
from ndrfix.report.recap import by_task, counts
from ndrfix.report.standstill import standstills
from ndrfix.report.total import verified
from ndrfix.resources import (
    Absent,
    Action,
    Artifact,
    ComputerState,
    FileState,
    FileVersionState,
    Item,
    MessageQueue,
    Move,
    Present,
    Quarantine,
    RegistryData,
    RegistryKey,
    RegistryType,
    RegistryValue,
    Resource,
    Service,
    ServiceState,
    State,
    TreeState,
    Unreadable,
)
from ndrfix.secrets import MASK
from ndrfix.steps.base import Check


def document(result: RunResult, masker: Callable[[str], str] = str) -> str:
    """The run as JSON text, ended by a line feed; `masker` takes secrets out of every text, number and byte string.

    Times are rounded to milliseconds. A dry run has no outcomes: what was done in memory proves nothing. Half a
    surrogate pair, which Windows allows and UTF-8 does not, is written as a visible escape.
    """
    return _Writer(masker, result.mode).run(result).model_dump_json(indent=2, by_alias=True) + "\n"


@dataclass(frozen=True, slots=True)
class _Writer:
    """Turns results into the models."""

    masker: Callable[[str], str]
    mode: Mode

    def text(self, text: str) -> str:
        return self.masker(text).encode("utf-8", "backslashreplace").decode()

    def texts(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self.text(text) for text in texts)

    # --- the run ----------------------------------------------------------------------------------------------------

    def run(self, result: RunResult) -> schema.RunDocument:
        return schema.RunDocument(
            schema="ndrfix.run/1",
            ndrfix=__version__,
            run_id=self.text(result.context.run_id),
            started=result.context.started,
            client=self.text(result.context.client),
            letterhead=self.letterhead(result.context.letterhead),
            playbook=self.text(result.context.playbook),
            inventory=self.texts(result.context.inventory),
            mode=result.mode,
            seconds=round(result.seconds, 3),
            interrupted=result.interrupted,
            exit_code=exit_code(result, detailed=False),
            folder=self.text(result.folder),
            not_begun=self.texts(result.not_begun),
            hosts=self.hosts(result),
            plays=tuple(self.play(play) for play in result.plays),
        )

    def letterhead(self, letterhead: Letterhead) -> schema.LetterheadDocument:
        return schema.LetterheadDocument(**{key: self.text(text) for key, text in asdict(letterhead).items()})

    def hosts(self, result: RunResult) -> tuple[schema.HostSummary, ...]:
        computers: dict[str, ComputerState | None] = {}
        unseen: dict[str, int] = {}
        stands = {each.host: each for each in standstills(result)}
        for play in result.plays:
            for host in play.hosts:
                computers[host.host] = computers.get(host.host) or host.computer
                unseen[host.host] = unseen.get(host.host, 0) + _unseen(host)
        return tuple(
            schema.HostSummary(
                host=self.text(host),
                computer=None if (computer := computers[host]) is None else self.computer(computer),
                counts=schema.CountsDocument(**asdict(found)),
                not_evaluated=unseen[host],
                standstill=self.text(stands[host].text) if host in stands else "",
            )
            for host, found in counts(result).items()
        )

    def play(self, play: PlayResult) -> schema.PlayDocument:
        hosts = tuple(
            schema.HostDocument(host=self.text(host.host), tasks=tuple(self.task(task) for task in host.tasks))
            for host in play.hosts
        )
        return schema.PlayDocument(
            name=self.text(play.name), hosts=hosts, left_out=tuple(self.text(name) for name in play.left_out)
        )

    def task(self, task: TaskResult) -> schema.TaskDocument:
        hidden = task.hidden
        return schema.TaskDocument(
            index=task.index,
            name=self.text(task.name),
            step=task.step,
            handler=task.handler,
            label="" if hidden else self.text(task.label),
            status=task.status,
            ignored=task.ignored,
            hidden=hidden,
            message="" if hidden else self.text(task.message),
            next_step="" if hidden else self.text(task.next_step),
            seconds=round(task.seconds, 3),
            phases=() if hidden else tuple(self.phase(phase) for phase in task.phases),
        )

    def phase(self, phase: PhaseResult) -> schema.PhaseDocument:
        return schema.PhaseDocument(
            checks=tuple(self.check(check) for check in phase.plan.checks),
            items=tuple(self.item(item) for item in phase.plan.items),
            on_failure=tuple(self.item(item) for item in phase.plan.on_failure),
            outcomes=tuple(self.outcome(outcome) for outcome in phase.outcomes if self.mode is Mode.APPLY),
            note=self.text(phase.plan.note),
            instruction=self.text(phase.plan.instruction),
            backlog=self.queues.backlog(phase.plan.backlog),
            risks=tuple(schema.RiskDocument(text=self.text(risk.text), grave=risk.grave) for risk in phase.plan.risks),
        )

    def check(self, check: Check) -> schema.CheckDocument:
        witnesses = tuple(
            schema.WitnessDocument(source=self.text(witness.source), value=self.text(witness.value))
            for witness in check.witnesses
        )
        return schema.CheckDocument(
            ok=check.ok,
            verdict=check.verdict,
            text=self.text(check.text),
            witnesses=witnesses,
            next_step=self.text(check.next_step),
        )

    # --- items and outcomes -----------------------------------------------------------------------------------------

    @property
    def queues(self) -> QueueWriter:
        return QueueWriter(self.text)

    def move(self, move: Move) -> schema.MoveDocument:
        return schema.MoveDocument(
            item="move",
            resource=self.queues.queue(move.queue),
            quarantine=self.queues.quarantine(move.quarantine),
            at=move.at,
            kept=move.kept,
            back=move.back,
            files=len(move.files),
            size=sum(max(file.size, 0) for file in move.files),
        )

    def item(
        self, item: Item
    ) -> schema.ChangeDocument | schema.ActionDocument | schema.ArtifactDocument | schema.MoveDocument:
        if isinstance(item, Artifact):
            digest = hashlib.sha256(item.content).hexdigest()
            return schema.ArtifactDocument(
                item="artifact", path=self.text(item.path), size=len(item.content), sha256=digest
            )
        if isinstance(item, Action):
            return schema.ActionDocument(item="action", verb=item.verb, resource=self.service(item.resource))
        if isinstance(item, Move):
            return self.move(item)
        return schema.ChangeDocument(
            item="change",
            resource=self.resource(item.resource),
            before=self.state(item.before),
            after=self.state(item.after),
            meaning_before=_meaning(item.resource, item.before),
            meaning_after=_meaning(item.resource, item.after),
        )

    def outcome(self, outcome: Outcome) -> schema.OutcomeDocument:
        return schema.OutcomeDocument(
            resource=self.resource(outcome.item.resource),
            status=outcome.status,
            before=None if outcome.before is None else self.state(outcome.before),
            after=None if outcome.after is None else self.state(outcome.after),
            verified=verified(outcome),
            message=self.text(outcome.message),
            next_step=self.text(outcome.next_step),
        )

    def resource(
        self, resource: RegistryValue | RegistryKey | Service | Quarantine | MessageQueue
    ) -> schema.ResourceDocument:
        if isinstance(resource, Quarantine):
            return self.queues.quarantine(resource)
        if isinstance(resource, MessageQueue):
            return self.queues.queue(resource)
        if isinstance(resource, RegistryValue):
            return schema.ValueResource(
                kind="registry_value", key=self.text(str(resource.key)), name=self.text(resource.name)
            )
        if isinstance(resource, RegistryKey):
            return schema.KeyResource(kind="registry_key", key=self.text(str(resource)))
        return self.service(resource)

    def service(self, service: Service) -> schema.ServiceResource:
        return schema.ServiceResource(kind="service", name=self.text(service.name))

    # --- states -----------------------------------------------------------------------------------------------------

    def state(self, state: Reading) -> schema.StateDocument:
        match state:
            case Absent():
                return schema.PlainState(state="absent")
            case Present():
                return schema.PlainState(state="present")
            case Unreadable():
                return schema.UnreadableState(state="unreadable", reason=self.text(state.reason), denied=state.denied)
            case RegistryData():
                return self.data(state)
            case ServiceState():
                return self.service_state(state)
            case FileState() | FileVersionState():
                return self.file(state)
            case ComputerState():
                return self.computer(state)
            case TreeState():
                values = sum(len(key.values) for key in state.keys)
                return schema.TreeDocument(keys=len(state.keys), values=values)
            case _:
                return self.queues.state(state)

    def data(self, value: RegistryData) -> schema.NumberData | schema.TextData | schema.BytesData | schema.ListData:
        kind = value.type
        match value.data:
            case int() as number:
                secret = self.masker(str(number)) != str(number)
                qword = kind is RegistryType.QWORD
                return schema.NumberData(type="qword" if qword else "dword", data="********" if secret else number)
            case bytes() as raw:
                shown = raw.hex() if self.masker(raw.hex()) == raw.hex() else MASK
                return schema.BytesData(type="none" if kind is RegistryType.NONE else "binary", data=shown)
            case str() as text:
                expand = kind is RegistryType.EXPANDSTRING
                return schema.TextData(type="expandstring" if expand else "string", data=self.text(text))
            case items:
                return schema.ListData(type="multistring", data=self.texts(items))

    def service_state(self, state: ServiceState) -> schema.ServiceDocument:
        return schema.ServiceDocument(
            status=state.status,
            start=state.start,
            display_name=self.text(state.display_name),
            image_path=self.text(state.image_path),
            dependents=self.texts(state.dependents),
        )

    def file(self, state: FileState | FileVersionState) -> schema.FileDocument | schema.FileVersionDocument:
        path, modified = self.text(state.path), self.text(state.modified)
        if isinstance(state, FileVersionState):
            version = self.text(state.version)
            return schema.FileVersionDocument(path=path, version=version, size=state.size, modified=modified)
        return schema.FileDocument(
            path=path, size=state.size, modified=modified, read_only=state.read_only, directory=state.directory
        )

    def computer(self, state: ComputerState) -> schema.ComputerDocument:
        return schema.ComputerDocument(
            computer=self.text(state.name),
            os_version=self.text(state.os_version),
            powershell=self.text(state.powershell),
            administrator=state.administrator,
            bits=state.bits,
        )


def _unseen(host: HostResult) -> int:
    """How many of the host's tasks were not come to."""
    grouped = by_task(host.tasks).values()
    return sum(any(task.status is Status.NOT_EVALUATED for task in results) for results in grouped)


def _meaning(resource: Resource, state: State) -> str:
    return meaning(resource, state) if isinstance(resource, RegistryValue) else ""
