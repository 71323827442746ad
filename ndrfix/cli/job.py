"""What `plan`, `apply` and `demo` have in common: read the input, make the plan, show a result, keep its files."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from ndrfix import __version__
from ndrfix.cli import clock
from ndrfix.cli.connecting import Connector
from ndrfix.cli.live import LiveRun
from ndrfix.cli.passwords import asked_password, vault_of
from ndrfix.cli.request import Request
from ndrfix.cli.result_file import require_writable, write_document
from ndrfix.cli.runs import Runs, other_inventory
from ndrfix.cli.scope import enter
from ndrfix.cli.state import safe
from ndrfix.cli.terminal import MASKER, say_aside, say_masked, say_warning, show_error, wants_colour
from ndrfix.client import Hours, Zone, hours_of, until_of
from ndrfix.engine.choice import Choice
from ndrfix.engine.damage import Damages
from ndrfix.engine.history import HostHistory, read_history, removals
from ndrfix.engine.pending import Owed, owed_handlers
from ndrfix.engine.plan import Plan
from ndrfix.engine.preparation import Prepared, prepare, prepare_resume, prepare_undo, schemas
from ndrfix.engine.recorder import Journal, RecordError
from ndrfix.engine.result import RunContext, RunResult
from ndrfix.engine.resume import known_quarantines, returned_last
from ndrfix.engine.run import result_of
from ndrfix.engine.selection import Selection
from ndrfix.errors import ExitCode, InputError, NdrfixError, OutputError
from ndrfix.inventory import Inventory, load_inventory, parse_extra_vars, secrets_in
from ndrfix.nodes import Vaulted
from ndrfix.place import Place
from ndrfix.playbook import Playbook, load_playbook
from ndrfix.report import NO_COMMANDS, Commands, exit_code, render
from ndrfix.report.text import visible
from ndrfix.secrets import MASK, Secret
from ndrfix.shipped import find_playbook
from ndrfix.steps import STEPS
from ndrfix.vault import Vault

_NARROWEST = 80


class Job:
    """Work that is read and checked, to be planned and applied. `title` is what run ids and the journal call it.

    `again`: it is an undo, and its own undo does again what it took back.

    Args:
        request: The command line.
        title: The playbook's name without suffix.
        shown: The playbook's name as the report shows it.
    """

    again = False

    def __init__(self, request: Request, title: str, shown: str) -> None:
        self.request = request
        self.title = title
        self.shown = shown
        own_runs = request.runs_dir is None and not request.lists_only
        self.home = enter(request.inventories, settings=request.settings, own_runs=own_runs)
        self.runs = Runs(self.home, request.runs_dir)
        if request.json_file:
            self.home.admit(request.json_file, f"the file of --json {request.json_file}")
        self.until = self._until()
        self.steps = {step.name: step for step in STEPS}
        self.vault: Vault = vault_of(request.vault_options, self.home)
        self.damages = Damages()
        self.owed: Owed = self._owed()
        self.prepared: Prepared
        self.connector: Connector

    def selection(self) -> Selection:
        """What the command line narrows and adds; asks for a password when it is to.

        Raises:
            InputError: extra variables that are none.
        """
        request = self.request
        password = asked_password() if request.ask_pass and not request.lists_only else None
        extra = parse_extra_vars(request.extra_vars, decrypt=self.vault)
        for secret in secrets_in([password, *(variable.value for variable in extra.values())]):
            MASKER.add(secret)
        return Selection(
            limit=request.limit,
            tags=request.tags,
            skip_tags=request.skip_tags,
            extra=extra,
            environment=os.environ,
            user=request.user,
            password=password,
            timeout=request.timeout,
            decrypt=self.vault if self.vault.identities or not request.lists_only else _left_closed,
        )

    def ready(self, prepared: Prepared) -> None:
        """Take over what is to be done; from here on its secrets are masked everywhere. Damaged journals are told.

        Raises:
            InputError: a simulated host that is not there; or nothing can be done, since no host is open.
        """
        if not self.request.lists_only:
            prepared.access.require_one()
        for secret in prepared.secrets:
            MASKER.add(secret)
        for text in (*self.damages.texts(), *self.runs.passed_over(), *self._owed_elsewhere(prepared)):
            say_aside(f"warning: {visible(text)}")
        self.prepared = prepared
        self.connector = Connector(
            prepared.access.settings,
            self.home.folder,
            warn=lambda text: say_aside(f"warning: {text}"),
            closed=prepared.access.closed,
        )
        self.connector.check()
        for settings in prepared.access.settings.values():
            for what, path in settings.files:
                self.home.admit(Path(path), f"the {what} {path} of {settings.inventory_name}")

    def _owed_elsewhere(self, prepared: Prepared) -> Iterator[str]:
        """What is said of runs that left handlers owed to these hosts, if they were for hosts of another inventory."""
        debts = (self.owed[host] for host in prepared.access.settings if host in self.owed)
        for run in dict.fromkeys(run for debt in debts for run in debt.handlers.values()):
            if text := other_inventory(self.runs.folder / run, self.request.inventories):
                yield f"handlers are owed since run {run}, which was {text}"

    def _until(self) -> datetime | None:
        """What `--until` means, told once: its time of day may pass while somebody reads the plan."""
        zone = self.home.client.zone if self.home.client else Zone()
        return until_of(self.request.until, clock.now(), zone) if self.request.until is not None else None

    def hours(self) -> Hours:
        """What the clock and the client's change window allow now.

        Raises:
            UsageError: `--until` is later than the window closes.
        """
        return hours_of(self.home.client, clock.now(), self.until, outside=self.request.outside_window)

    def look(self) -> int:
        """Make the plan and show it, with what the clock would say about applying it; gives the exit code."""
        hours = self.hours()
        _, result = self.plan()
        code = self.finish(result, show=True)
        if note := hours.note(clock.now()):
            say_aside(note)
        return code

    def run_folder(self) -> Path:
        """The folder of the run that the request names.

        Raises:
            InputError: it is the run of another client.
        """
        folder = self.runs.named(self.request.playbook, self.request.inventories)
        if text := other_inventory(folder, self.request.inventories):
            say_aside(visible(f"warning: run {folder.resolve().name} was {text}"))
        return folder

    def _owed(self) -> Owed:
        return owed_handlers(self.runs.folder, self.title, self.runs.whose, self.damages)

    def plan(self) -> tuple[Plan, RunResult]:
        """The plan, and the result that shows it. Writes nothing; its secrets are masked from here on.

        Raises:
            InputError: the file of `--json` cannot be written.
        """
        if self.request.json_file:
            require_writable(self.request.json_file)
        context = clock.new_context(self.title, self.shown, self.request.inventories, self.home.client)
        with self._run(context) as run:
            began = time.monotonic()
            plan = run.value.plan(self.prepared.jobs)
            seconds = time.monotonic() - began
        for secret in plan.secrets:
            MASKER.add(secret)
        return plan, result_of(plan, seconds, interrupted=run.value.fleet.interrupt())

    def apply(self, plan: Plan, hours: Hours | None = None) -> RunResult:
        """What came of carrying the plan out, as far as the hours allow; its run folder holds journal and backups.

        Raises:
            InputError: there can be no run folder; nothing was changed.
            click.Abort: a second Ctrl-C.
        """
        folder = self.runs.folder / plan.context.run_id
        self.owed = self._owed()  # another run may have paid since the plan
        journal = Journal(folder=folder, clock=clock.utc_now, mask=MASKER, seal=safe().seal)
        try:
            journal.open(
                schema="ndrfix.journal/1",
                run_id=plan.context.run_id,
                client=plan.context.client,
                playbook=self.title,
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
                if hours:
                    run.value.closed = lambda: hours.closed(clock.now())
                result = run.value.apply(plan, journal)
            with suppress(RecordError):  # a journal without an end can still be read; the result must be shown
                journal.write("end", interrupted=result.interrupted)
        except KeyboardInterrupt as error:
            text = f"left at once; what was sent to a host is in {folder / 'journal.jsonl'}"
            text += f"\nFinish work on a message queue: {self.resume_command(plan.context.run_id)}"
            raise click.Abort(f"{text}\nTake it back: {self.undo_command(str(folder))}") from error
        finally:
            journal.close()
        return result

    def _run(self, context: RunContext) -> LiveRun:
        return LiveRun(context, self.request.forks, self.connector, self.owed, self.resume_command(context.run_id))

    def show(self, result: RunResult, commands: Commands = NO_COMMANDS) -> None:
        """Print the report.

        Raises:
            OutputError: it cannot be printed.
        """
        width = (
            max(_NARROWEST, shutil.get_terminal_size((_NARROWEST, 24)).columns) if sys.stdout.isatty() else _NARROWEST
        )
        text = render(
            result,
            width=width,
            colour=wants_colour(sys.stdout),
            verbosity=self.request.verbose,
            masker=MASKER,
            commands=commands,
        )
        say_masked(text)  # by `render`, text by text

    def undo_command(self, folder: str) -> str:
        """The command line that takes back the apply with this run folder."""
        return f"ndrfix undo {shlex.quote(folder)} {self._inventory_options()}"

    def resume_command(self, run: str) -> str:
        """The command line that finishes what this run left half done in a message queue."""
        runs = self.request.runs_dir
        where = f" --runs-dir {shlex.quote(str(runs))}" if runs else ""
        return f"ndrfix resume {run} {self._inventory_options()}{where}"

    def commands(self, result: RunResult) -> Commands:
        """The command lines for what this run has done."""
        resume = self.resume_command(result.context.run_id)
        return Commands(undo=self.undo_command(result.folder), resume=resume, again=self.again)

    def _inventory_options(self) -> str:
        return " ".join(f"-i {shlex.quote(each)}" for each in self.request.inventories)

    def finish(self, result: RunResult, *, show: bool = False, commands: Commands = NO_COMMANDS) -> int:
        """Show the result if that is still to be done, then write the files that are to hold it; gives the exit code.

        Whatever of this fails is said, and does not hide what the run came to: only instead of 0 the code is then 1.
        """
        code = int(exit_code(result, self.request.detailed_exitcode))
        targets = (Path(result.folder) / "run.json" if result.folder else None, self.request.json_file)
        works: list[Callable[[], None]] = [lambda: self.show(result, commands)] if show else []
        works += [partial(write_document, result, path) for path in targets if path]
        for work in works:
            try:
                work()
            except NdrfixError as error:
                if not (isinstance(error, OutputError) and error.gone):
                    show_error(error)
                    code = code or int(ExitCode.WRONG_INPUT)
        return code


class PlaybookJob(Job):
    """A playbook over the hosts of an inventory.

    Raises (when made):
        InputError: something in the inventory, the playbook or the variables is wrong.
    """

    def __init__(self, request: Request) -> None:
        self.path = find_playbook(request.playbook)
        super().__init__(request, self.path.stem, self.path.name)
        self.playbook: Playbook = load_playbook(self.path, schemas(self.steps), decrypt=self.vault)
        self.inventory: Inventory = inventory_of(request, self.vault, beside=(self.path.parent,))
        self.ready(prepare(self.playbook, self.inventory, self.steps, self.selection(), self.owed))


class UndoJob(Job):
    """The way back from a run.

    Raises (when made):
        InputError: there is no such run, or something in the inventory is wrong.
    """

    again = True

    def __init__(self, request: Request) -> None:
        folder = Job(request, "undo", "undo").run_folder()
        choice = Choice(only=request.tasks, skip=request.skip_tasks)
        histories = choice.histories(folder, safe().open)
        run = folder.resolve().name
        # Date and ending tell runs apart, and an undo of an undo gets no longer.
        super().__init__(request, f"undo-{run[:13]}-{run[-4:]}", f"undo of {run}")
        inventory = inventory_of(request, self.vault)
        name = f"Take back {run}"
        removed = removals(self.runs.folder, self.runs.whose, self.damages)
        left_out = choice.left_out(folder)
        self.ready(prepare_undo(histories, name, inventory, self.steps, self.selection(), self.owed, removed, left_out))


class ResumeJob(Job):
    """Finishing what a run, or any run, left half done in the message queues.

    Raises (when made):
        InputError: there is no such run, or something in the inventory is wrong.
    """

    def __init__(self, request: Request) -> None:
        run = ""
        histories: tuple[HostHistory, ...] = ()
        if request.playbook:
            folder = Job(request, "resume", "resume").run_folder()
            histories, run = read_history(folder), folder.resolve().name
        super().__init__(request, "resume", f"resume of {run or 'what broke off'}")
        inventory = inventory_of(request, self.vault)
        known = known_quarantines(self.runs.folder, self.runs.whose, self.damages)
        last = returned_last(self.runs.folder, self.runs.whose, self.damages)
        self.ready(prepare_resume(histories, known, last, run, inventory, self.selection()))


def inventory_of(request: Request, vault: Vault, beside: tuple[Path, ...] = ()) -> Inventory:
    """The inventory of a request; its secrets are masked from here on. Files that are encrypted as a whole are opened
    if the vault has their password; a single value when something needs it.

    Raises:
        InputError: something in it is wrong.
    """
    inventory = load_inventory(request.inventories, beside=beside, decrypt=vault)
    for secret in inventory.secrets():
        MASKER.add(secret)
    for fault in inventory.unused:
        say_warning(fault)
    return inventory


def _left_closed(_vaulted: Vaulted, _place: Place) -> Secret:
    """What stands for an encrypted value in a listing: it shows no values, and needs no vault password."""
    return Secret(MASK)
