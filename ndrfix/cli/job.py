"""What `plan`, `apply` and `demo` have in common: read the input, make the plan, show a result, keep its files."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from ndrfix import __version__
from ndrfix.cli.connecting import Connector
from ndrfix.cli.terminal import MASKER, say, show_bug_texts, wants_colour
from ndrfix.engine.fleet import Fleet
from ndrfix.engine.pending import owed_handlers
from ndrfix.engine.plan import Plan
from ndrfix.engine.planning import tasks_of
from ndrfix.engine.preparation import Prepared, Selection, hosts_of, prepare, schemas
from ndrfix.engine.recorder import Journal
from ndrfix.engine.result import RunContext, RunResult
from ndrfix.engine.run import Run, result_of
from ndrfix.errors import InputError, did_you_mean
from ndrfix.inventory import Inventory, load_inventory, parse_extra_vars
from ndrfix.playbook import Playbook, load_playbook, selected
from ndrfix.report import Live, exit_code, render
from ndrfix.secrets import Secret
from ndrfix.shipped import shipped_playbooks
from ndrfix.steps import STEPS

_NARROWEST = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A command line of `plan` or `apply`, as given."""

    playbook: str
    inventories: tuple[str, ...]
    limit: str | None = None
    extra_vars: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    forks: int = 10
    user: str | None = None
    ask_pass: bool = False
    verbose: int = 0
    json_file: Path | None = None
    runs_dir: Path | None = None
    detailed_exitcode: bool = False
    list_hosts: bool = False
    list_tasks: bool = False
    list_tags: bool = False

    @classmethod
    def of(cls, options: dict[str, Any]) -> Request:
        """The request of Click's parameters: comma lists of tags are taken apart."""
        for name in ("tags", "skip_tags"):
            words = (word.strip() for text in options[name] for word in text.split(","))
            options[name] = tuple(word for word in words if word)
        return cls(**options)

    @property
    def lists_only(self) -> bool:
        """Whether only a listing is wanted."""
        return self.list_hosts or self.list_tasks or self.list_tags


class Job:
    """The input of a request, read and checked; then its plan and its apply.

    Raises (when made):
        InputError: something in the inventory, the playbook or the variables is wrong.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.playbook_path = find_playbook(request.playbook)
        steps = {step.name: step for step in STEPS}
        self.playbook: Playbook = load_playbook(self.playbook_path, schemas(steps))
        self.inventory: Inventory = load_inventory(request.inventories, beside=(self.playbook_path.parent,))
        for secret in self.inventory.secrets():
            MASKER.add(secret)
        password = Secret(click.prompt("Password", hide_input=True, err=True)) if request.ask_pass else None
        selection = Selection(
            limit=request.limit,
            tags=request.tags,
            skip_tags=request.skip_tags,
            extra=parse_extra_vars(request.extra_vars),
            environment=os.environ,
            user=request.user,
            password=password,
        )
        self.owed = owed_handlers(self.runs_dir, self.playbook_path.stem)
        self.prepared: Prepared = prepare(self.playbook, self.inventory, steps, selection, self.owed)
        for secret in self.prepared.secrets:
            MASKER.add(secret)
        self.connector = Connector(self.prepared.settings, self._inventory_folder())
        self.connector.check()

    @property
    def runs_dir(self) -> Path:
        """Where run folders go."""
        return self.request.runs_dir or self._inventory_folder() / "runs"

    def _inventory_folder(self) -> Path:
        first = Path(self.request.inventories[0])
        return first if first.is_dir() else first.parent

    def plan(self) -> tuple[Plan, RunResult]:
        """The plan, and the result that shows it. Writes nothing."""
        context = new_context(self.playbook_path, self.request.inventories)
        with self._run(context) as run:
            began = time.monotonic()
            plan = run.value.plan(self.prepared.jobs)
            seconds = time.monotonic() - began
        return plan, result_of(plan, seconds, interrupted=run.value.fleet.interrupt())

    def apply(self, plan: Plan) -> RunResult:
        """What came of carrying the plan out; its run folder holds journal, backups and result."""
        folder = self.runs_dir / plan.context.run_id
        journal = Journal(folder=folder, clock=utc_now, mask=MASKER)
        try:
            journal.open(
                schema="ndrfix.journal/1",
                run_id=plan.context.run_id,
                playbook=self.playbook_path.stem,
                inventory=list(self.request.inventories),
                version=__version__,
            )
        except OSError as error:
            raise InputError(
                f"cannot write the run folder {folder}: {error.strerror}",
                next_step="Nothing was changed. Free the place, or name another with --runs-dir.",
            ) from error
        try:
            with self._run(plan.context) as run:
                result = run.value.apply(plan, journal)
            journal.write("end", interrupted=result.interrupted)
        finally:
            journal.close()
        write_document(result, folder / "run.json")
        return result

    def _run(self, context: RunContext) -> _Live:
        return _Live(context, self.request.forks, self.connector, self.owed)

    def show(self, result: RunResult, undo: str = "") -> None:
        """Print the report."""
        width = (
            max(_NARROWEST, shutil.get_terminal_size((_NARROWEST, 24)).columns) if sys.stdout.isatty() else _NARROWEST
        )
        text = render(
            result,
            width=width,
            colour=wants_colour(sys.stdout),
            verbosity=self.request.verbose,
            masker=MASKER,
            undo=undo,
        )
        click.echo(text, nl=False, color=wants_colour(sys.stdout))  # masked by `render`, text by text

    def finish(self, result: RunResult) -> int:
        """Write what the request asks for and give the exit code."""
        if self.request.json_file:
            write_document(result, self.request.json_file)
        return int(exit_code(result, self.request.detailed_exitcode))


class _Live:
    """A run with its progress on standard error, as a context manager; `value` is the run."""

    def __init__(self, context: RunContext, forks: int, connector: Connector, owed: Any) -> None:
        self._live = Live(sys.stderr, terminal=sys.stderr.isatty(), now=time.monotonic, masker=MASKER)
        self.value = Run(
            context=context,
            fleet=Fleet(forks=forks),
            connect=connector,
            clock=time.monotonic,
            listen=lambda host, _task, progress: self._live.show(host, progress),
            finished=self._live.done,
            owed=owed,
        )

    def __enter__(self) -> _Live:
        self._live.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._live.__exit__(*error)
        show_bug_texts(self.value.fleet.bugs)


def find_playbook(name: str) -> Path:
    """The playbook file: a path, or the name of one that comes with ndrfix (`reverse-ndr`).

    Raises:
        InputError: there is none.
    """
    path = Path(name)
    if path.is_file():
        return path
    shipped = shipped_playbooks()
    stem = name.removesuffix(".yml")
    if stem in shipped:
        return shipped[stem]
    if path.parent == Path() and not path.suffix:
        raise InputError(
            f"there is no playbook {name!r}{did_you_mean(stem, shipped)}",
            next_step=f"Name a file, or one that comes with ndrfix: {', '.join(sorted(shipped))}.",
        )
    return path


def utc_now() -> str:
    """The time as `YYYY-MM-DDTHH:MM:SSZ`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_context(playbook: Path, inventories: tuple[str, ...]) -> RunContext:
    """A context with a fresh run id."""
    now = datetime.now(UTC)
    return RunContext(
        run_id=f"{now:%Y%m%d-%H%M}-{playbook.stem}-{secrets.token_hex(2)}",
        started=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        playbook=playbook.name,
        inventory=inventories,
    )


def write_document(result: RunResult, path: Path) -> None:
    """Write the run as `ndrfix.run/1`.

    Raises:
        InputError: the file cannot be written.
    """
    from ndrfix.report.document import document

    try:
        path.write_text(document(result, MASKER), encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error


def listing(job: Job, part: Callable[[Any], list[str]]) -> str:
    """The plays of a playbook with one part of each, in the format of `ansible-playbook --list-…`."""
    lines = ["", f"playbook: {job.playbook_path}"]
    for number, play in enumerate(job.playbook.plays, start=1):
        tags = ", ".join(sorted(play.tags))
        lines += ["", f"  play #{number} ({play.hosts}): {play.name}\tTAGS: [{tags}]", *part(play)]
    return "\n".join(lines)


def list_hosts(job: Job) -> str:
    """`--list-hosts`."""

    def part(play: Any) -> list[str]:
        hosts = hosts_of(play, job.inventory, job.request.limit)
        names = [f"      {host.name}" for host in hosts]
        return [f"    pattern: {json.dumps([play.hosts])}".replace('"', "'"), f"    hosts ({len(names)}):", *names]

    return listing(job, part)


def list_tasks(job: Job) -> str:
    """`--list-tasks`: the tasks that the tags select."""

    def part(play: Any) -> list[str]:
        tasks = tasks_of(play, lambda tags: selected((), tags, job.request.tags, job.request.skip_tags))
        lines = [f"      {each.task.name}\tTAGS: [{', '.join(sorted(each.task.tags | play.tags))}]" for each in tasks]
        return ["    tasks:", *lines]

    return listing(job, part)


def list_tags(job: Job) -> str:
    """`--list-tags`."""

    def part(play: Any) -> list[str]:
        tags = sorted(play.tags.union(*(task.tags for task in play.tasks)))
        return [f"      TASK TAGS: [{', '.join(tags)}]"]

    return listing(job, part)


def show_listings(job: Job) -> int:
    """Print the listings that the request asks for and give the exit code."""
    request = job.request
    wanted = ((request.list_hosts, list_hosts), (request.list_tasks, list_tasks), (request.list_tags, list_tags))
    for asked, text in wanted:
        if asked:
            say(text(job))
    return 0
