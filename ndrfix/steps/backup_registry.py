r"""Save a registry key with all below it as a `.reg` file on the consultant's machine.

### Why

A way back that needs nothing but regedit, made before anything is changed (the articles ask for a backup of the
registry before every edit, as KB 837794 does).

### What it looks at

The key and what lies below it, `depth` levels deep. Nothing is changed on the host; the file is written to the run
folder, in `apply` only, and begins with comments that name the client, the host and the run. A missing key is said and
no error.

`format: "5.00"` is for Windows 2000 and later; regedit of NT 4.0 needs `format: REGEDIT4`, which is text in the host's
ANSI code page (`code_page`); a character that this code page lacks fails the check, since the backup would be wrong.

### Example

```yaml
- name: Save the parameters of the Internet Mail Service
  backup_registry:
    path: HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters
```

### Undo

Nothing to undo. To go back to the backup, import the file with regedit on the host and restart the service; an import
adds and changes values, it removes none.
"""

from __future__ import annotations

import codecs
import re
from typing import Self

from pydantic import AliasChoices, Field, field_validator, model_validator

from ndrfix.resources import Artifact, RegistryKey, RegistryTree, Resource, TreeState
from ndrfix.steps.base import Args, Check, InRun, Observed, Phase, Step, StepPlan
from ndrfix.steps.reg_file import RegFormat, reg_file

_DEEPEST = 32
_LONGEST_NAME = 120
_NOT_IN_FILE_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f\s]+')


class BackupRegistryArgs(Args):
    """Arguments of `backup_registry`."""

    path: str = Field(
        validation_alias=AliasChoices("path", "key"), description=r"The registry key: `HKLM\…`, `HKEY_LOCAL_MACHINE\…`."
    )
    depth: int = Field(
        8, ge=0, le=_DEEPEST, description="How many levels of subkeys are saved; 0: the key's own values."
    )
    format: RegFormat = Field(RegFormat.VERSION_5, description="The form of the file; NT 4.0 needs `REGEDIT4`.")
    code_page: str = Field("cp1252", description="The ANSI code page of the host, for REGEDIT4.")
    file: str = Field("", description="The name of the file without folder; by default the key with dashes.")

    @field_validator("path")
    @classmethod
    def _is_key(cls, value: str) -> str:
        return str(RegistryKey.parse(value))

    @field_validator("code_page")
    @classmethod
    def _is_code_page(cls, value: str) -> str:
        try:
            return codecs.lookup(value).name
        except LookupError as error:
            raise ValueError(f"{value!r} is not a code page that Python knows, such as cp1252 or cp1250") from error

    @model_validator(mode="after")
    def _is_file_name(self) -> Self:
        if self.file and (_NOT_IN_FILE_NAMES.search(self.file) or self.file.startswith(".")):
            raise ValueError(f"{self.file!r} is not a plain file name")
        return self

    @property
    def tree(self) -> RegistryTree:
        """What is to be saved."""
        return RegistryTree(RegistryKey.parse(self.path), self.depth)

    @property
    def artifact_path(self) -> str:
        """Where the file goes in the run folder."""
        name = self.file or _NOT_IN_FILE_NAMES.sub("-", self.path)[-_LONGEST_NAME:].strip("-.")
        return f"backup/{name.removesuffix('.reg')}.reg"

    @property
    def about(self) -> tuple[str, ...]:
        """Whose registry this is, and which run saved it; nothing before there is a run."""
        return ()


class BackupInRun(BackupRegistryArgs):
    """The arguments in a run."""

    run_id: str
    host: str
    client: str

    @property
    def about(self) -> tuple[str, ...]:
        """Whose registry this is, and which run saved it."""
        client = (f"client: {self.client}",) if self.client else ()
        return (*client, f"host: {self.host}", f"saved by ndrfix, run {self.run_id}")


def in_run(args: BackupRegistryArgs, run: InRun) -> BackupRegistryArgs:
    """The same arguments in a run."""
    given = args.model_dump(exclude_unset=True, exclude={"run_id", "host", "client"})
    return BackupInRun(**given, run_id=run.run_id, host=run.host, client=run.client)


def _probe(args: BackupRegistryArgs) -> tuple[Resource, ...]:
    return (args.tree,)


def _plan(args: BackupRegistryArgs, observed: Observed) -> StepPlan:
    state = observed.state(args.tree)
    if not isinstance(state, TreeState):
        return StepPlan(note=f"nothing to save: there is no key {args.path}")
    try:
        content = reg_file(args.tree.key, state, form=args.format, code_page=args.code_page, about=args.about)
    except ValueError as error:
        check = Check(
            ok=False,
            text=f"{args.path} cannot be saved as REGEDIT4: {error}",
            next_step='Give the code page of the host as code_page, or use format: "5.00".',
        )
        return StepPlan(checks=(check,))
    count = sum(len(key.values) for key in state.keys)
    check = Check(ok=True, text=f"{_count(len(state.keys), 'key')}, {_count(count, 'value')}{_cut(args, state)}")
    return StepPlan(checks=(check,), items=(Artifact(path=args.artifact_path, content=content),))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _cut(args: BackupRegistryArgs, state: TreeState) -> str:
    deepest = max((key.path.count("\\") + 1 if key.path else 0) for key in state.keys)
    return (
        f"; keys more than {_count(args.depth, 'level')} down, if any, are not saved" if deepest >= args.depth else ""
    )


STEP = Step(
    name="backup_registry",
    args=BackupRegistryArgs,
    phases=(Phase(probe=_probe, plan=_plan),),
    page=__doc__,
    in_run=in_run,
)
