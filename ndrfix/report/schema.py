"""The models of `ndrfix.run/1`, the document in `--json FILE` and `run.json`; its JSON Schema comes from them."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import Field

from ndrfix.connections.base import OutcomeStatus
from ndrfix.engine.result import Mode, Status
from ndrfix.report.model import Model, Natural
from ndrfix.report.queue_schema import (
    BacklogDocument,
    FolderDocument,
    MovedDocument,
    QuarantineDocument,
    QuarantineResource,
    QuarantinesDocument,
    QueueDocument,
    QueueResource,
)
from ndrfix.report.queue_schema import (
    RiskDocument as RiskDocument,
)
from ndrfix.resources import ServiceStatus, StartType, Verb
from ndrfix.steps.base import Verdict

SCHEMA_NAME = "ndrfix.run/1"

Mask = Literal["********"]


# --- states ---------------------------------------------------------------------------------------------------------


class PlainState(Model):
    """Existence without content, or its absence."""

    state: Literal["absent", "present"]


class UnreadableState(Model):
    """The state could not be read, and why."""

    state: Literal["unreadable"]
    reason: str
    denied: bool


class NumberData(Model):
    """A dword or qword, unsigned; the mask stands for a number that is a secret."""

    type: Literal["dword", "qword"]
    data: Natural | Mask


class TextData(Model):
    """A string, or an expandstring before its variables are replaced."""

    type: Literal["string", "expandstring"]
    data: str


class BytesData(Model):
    """Bytes as lower-case hexadecimal digits."""

    type: Literal["binary", "none"]
    data: str


class ListData(Model):
    """A multistring."""

    type: Literal["multistring"]
    data: tuple[str, ...]


class ServiceDocument(Model):
    """A service that exists."""

    status: ServiceStatus
    start: StartType
    display_name: str
    image_path: str
    dependents: tuple[str, ...]


class FileDocument(Model):
    """A file or folder that exists; `size` in bytes, `modified` UTC."""

    path: str
    size: Natural
    modified: str
    read_only: bool
    directory: bool


class FileVersionDocument(Model):
    """A program file; `version` is empty when it has no version resource."""

    path: str
    version: str
    size: Natural
    modified: str


class ComputerDocument(Model):
    """The computer that answered; `bits` are those of the session's process."""

    computer: str
    os_version: str
    powershell: str
    administrator: bool
    bits: int


class TreeDocument(Model):
    """A registry key with all below it, as the number of keys and values."""

    keys: Natural
    values: Natural


StateDocument = (
    PlainState
    | UnreadableState
    | NumberData
    | TextData
    | BytesData
    | ListData
    | ServiceDocument
    | FileDocument
    | FileVersionDocument
    | ComputerDocument
    | TreeDocument
    | QueueDocument
    | FolderDocument
    | QuarantineDocument
    | QuarantinesDocument
    | MovedDocument
)


# --- items and outcomes ---------------------------------------------------------------------------------------------


class ValueResource(Model):
    """A registry value; `name` is empty for the default value."""

    kind: Literal["registry_value"]
    key: str
    name: str


class KeyResource(Model):
    """A registry key."""

    kind: Literal["registry_key"]
    key: str


class ServiceResource(Model):
    """A service by its short name."""

    kind: Literal["service"]
    name: str


ResourceDocument = Annotated[
    ValueResource | KeyResource | ServiceResource | QuarantineResource | QueueResource, Field(discriminator="kind")
]


class ChangeDocument(Model):
    """A state to be replaced by another; `meaning_*` say what they mean to Exchange."""

    item: Literal["change"]
    resource: ResourceDocument
    before: StateDocument
    after: StateDocument
    meaning_before: str
    meaning_after: str


class ActionDocument(Model):
    """Something to do that is no state."""

    item: Literal["action"]
    verb: Verb
    resource: ServiceResource


class ArtifactDocument(Model):
    """A file for the run folder: its relative path, size in bytes, and digest; the content is in the file."""

    item: Literal["artifact"]
    path: str
    size: Natural
    sha256: str


class MoveDocument(Model):
    """Messages moved to a quarantine, or `back`; `at` is the folder in the queue, `kept` that in the quarantine (both
    empty for `queue.dat`). `size` in bytes; the names are in the journal.
    """

    item: Literal["move"]
    resource: QueueResource
    quarantine: QuarantineResource
    at: str
    kept: str
    back: bool
    files: Natural
    size: Natural


ItemDocument = Annotated[ChangeDocument | ActionDocument | ArtifactDocument | MoveDocument, Field(discriminator="item")]


class OutcomeDocument(Model):
    """What became of an item: seen before, read back after (null: not read); `verified`: it is what was wanted."""

    resource: ResourceDocument
    status: OutcomeStatus
    before: StateDocument | None
    after: StateDocument | None
    verified: bool
    message: str
    next_step: str


# --- the run --------------------------------------------------------------------------------------------------------


class WitnessDocument(Model):
    """Where something was read, and what stood there."""

    source: str
    value: str


class CheckDocument(Model):
    """Something looked at; `ok` decides."""

    ok: bool
    verdict: Verdict | None
    text: str
    witnesses: tuple[WitnessDocument, ...]
    next_step: str


class PhaseDocument(Model):
    """One round of looking, planning and (in an apply) carrying out; `on_failure` is tried when an item fails."""

    checks: tuple[CheckDocument, ...]
    items: tuple[ItemDocument, ...]
    on_failure: tuple[ItemDocument, ...]
    outcomes: tuple[OutcomeDocument, ...]
    note: str
    instruction: str
    backlog: BacklogDocument | None
    risks: tuple[RiskDocument, ...]


class TaskDocument(Model):
    """A task, or one item of its loop. A `hidden` one (no_log) has no label, phases and texts.

    `message` says what is wrong, or why the task was skipped or not evaluated; `seconds` is its duration.
    """

    index: Natural
    name: str
    step: str
    handler: bool
    label: str
    status: Status
    ignored: bool
    hidden: bool
    message: str
    next_step: str
    seconds: float
    phases: tuple[PhaseDocument, ...]


class HostDocument(Model):
    """A host in one play, its tasks in the order they came."""

    host: str
    tasks: tuple[TaskDocument, ...]


class PlayDocument(Model):
    """A play, hosts in inventory order; `left_out` are the tasks that the tags asked for do not select."""

    name: str
    hosts: tuple[HostDocument, ...]
    left_out: tuple[str, ...]


class CountsDocument(Model):
    """The recap's counts: `ok` includes `changed`, which in a plan counts what would change."""

    ok: Natural
    changed: Natural
    unreachable: Natural
    failed: Natural
    skipped: Natural
    rescued: Natural
    ignored: Natural


class HostSummary(Model):
    """A host over all plays; `computer` is null when it was never reached, `not_evaluated` counts tasks. `standstill`
    says why its mail stands still, or may (empty: nothing tells that it does).
    """

    host: str
    computer: ComputerDocument | None
    counts: CountsDocument
    not_evaluated: Natural
    standstill: str


class LetterheadDocument(Model):
    """What the client's reports carry: whom to call there, the path of a picture, a colour (`#rrggbb`), a line at the
    foot. Each may be empty.
    """

    contact: str = ""
    logo: str = ""
    colour: str = ""
    footer: str = ""


class RunDocument(Model):
    """A whole run. `exit_code` is that without `--detailed-exitcode`; `folder` is empty when no files were written,
    `client` when the inventory's folder names nobody. `not_begun` are the hosts for which the time was up.
    """

    schema_name: Literal["ndrfix.run/1"] = Field(alias="schema")
    ndrfix: str
    run_id: str
    started: str
    client: str
    letterhead: LetterheadDocument = LetterheadDocument()
    playbook: str
    inventory: tuple[str, ...]
    mode: Mode
    seconds: float
    interrupted: bool
    exit_code: int
    folder: str
    not_begun: tuple[str, ...]
    hosts: tuple[HostSummary, ...]
    plays: tuple[PlayDocument, ...]


def schema_text() -> str:
    """The JSON Schema (draft 2020-12) of the document, as it is kept in `docs/schemas`."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **RunDocument.model_json_schema(mode="serialization"),
        "title": SCHEMA_NAME,
    }
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
