"""What a step may plan, in order: changes, moves of messages, actions, and files for the run folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ndrfix.resources.kinds import (
    Computer,
    File,
    FileVersion,
    RegistryKey,
    RegistryTree,
    RegistryValue,
    Service,
)
from ndrfix.resources.queue import (
    Folder,
    FolderState,
    MessageQueue,
    Move,
    MoveState,
    Quarantine,
    Quarantines,
    QuarantinesState,
    QuarantineState,
    QueueState,
)
from ndrfix.resources.states import (
    Absent,
    ComputerState,
    FileState,
    FileVersionState,
    Present,
    RegistryData,
    ServiceState,
    TreeState,
)

State = (
    Absent
    | Present
    | RegistryData
    | ServiceState
    | FileState
    | FileVersionState
    | ComputerState
    | TreeState
    | QueueState
    | FolderState
    | QuarantineState
    | QuarantinesState
    | MoveState
)
Resource = (
    RegistryValue
    | RegistryKey
    | RegistryTree
    | Service
    | File
    | FileVersion
    | Computer
    | MessageQueue
    | Folder
    | Quarantine
    | Quarantines
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A state to be replaced by another: written only when `before` is still what is there. Its reverse is the swap.

    Can be written: `RegistryValue` (data or ABSENT; missing keys are made), `RegistryKey` (PRESENT or ABSENT; removed
    only when it has no subkeys), `Service` (status and start type; a status that is to be reached is stopped or
    running), `Quarantine` (opened, closed, opened again; ABSENT removes a closed one with all that lies in it).
    `timeout` is the limit in seconds for reaching the new state.
    """

    resource: RegistryValue | RegistryKey | Service | Quarantine
    before: State
    after: State
    timeout: float = field(default=60.0, compare=False)

    def reversed(self) -> Change:
        """The change that takes this one back."""
        return Change(resource=self.resource, before=self.after, after=self.before, timeout=self.timeout)


class Verb(StrEnum):
    """What an action does."""

    RESTART = "restart"
    WATCH = "watch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something to do that is no state. `timeout`, in seconds, holds for each half of a restart (stop, then start).

    `watch` waits for `timeout` seconds, or until the service does not run any more: what is read after it tells.
    """

    verb: Verb
    resource: Service
    timeout: float = field(default=600.0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file for the run folder on the consultant's machine; `path` is relative with forward slashes."""

    path: str
    content: bytes


RemoteItem = Change | Action | Move
Item = RemoteItem | Artifact
