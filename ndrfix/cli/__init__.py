"""The command line: the only place that prints, reads the environment and exits."""

from __future__ import annotations

import gc
import os
import sys
import threading
from importlib import import_module
from typing import NoReturn

import click

from ndrfix import __version__
from ndrfix.cli.terminal import say_aside, show_bug, show_error
from ndrfix.cli.verb import Verb
from ndrfix.errors import ExitCode, InputError, NdrfixError, OutputError, UsageError, did_you_mean
from ndrfix.fence import FENCE

VERBS = {
    "plan": "Show what a playbook would change, with diffs; change nothing.",
    "apply": "Show the plan, ask, then change exactly that and read it back.",
    "undo": "Take back what a run changed: show it, ask, do it, read it back.",
    "resume": "Finish what an interrupted run left half done in a message queue.",
    "steps": "List the steps that playbooks can use, or show one step's page.",
    "vault": "Encrypt values and files as ansible-vault does, show them, change their password.",
    "lint": "Check playbooks and inventories, in CI too; nothing is reached.",
    "explain": "Show the page of a rule of the linter.",
    "inventory": "Show hosts, groups and variables as ndrfix understands them.",
    "init": "Lay out a folder for a new client: inventory, variables, playbooks.",
    "config": "Show every setting, its value, and where that comes from.",
    "demo": "Plan and apply the reverse-NDR remediation on simulated hosts.",
}


class Verbs(Verb, click.Group):
    """Loads the module of a verb only when that verb is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - Click's signature
        """The verbs in the order of the help page."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - Click's signature
        """The command of a verb, None when there is no such verb."""
        if cmd_name not in VERBS:
            return None
        module = import_module(f"ndrfix.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As Click does it, with the nearest verb in the error."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            raise UsageError(
                f"unknown command {args[0]!r}{did_you_mean(args[0], VERBS)}",
                next_step="`ndrfix --help` lists the commands.",
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The verbs with their summaries, without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="ndrfix")
def root() -> None:
    """Remediation playbooks for Microsoft Exchange 5.5 hosts: plan with diffs, apply, verify, report.

    Exit codes: 0 fine; 1 wrong input; 2 a host failed; 3 hosts were not begun, since the time was up; 4 a host was
    unreachable; 5 wrong usage of the command line; 10 with --detailed-exitcode when changes are pending or were made;
    99 Ctrl-C, or the question was answered with no; 250 a bug.
    """


def main() -> NoReturn:
    """Run the command line and exit with the documented code; no traceback reaches the user."""
    if sys.stdout is None or sys.stderr is None:
        _closed_streams()
    _plain_streams()
    code = run(sys.argv[1:])
    if code == ExitCode.INTERRUPTED and any(thread.name.startswith("ndrfix-host") for thread in threading.enumerate()):
        # A second Ctrl-C: hosts are still at work, and the interpreter would wait for them. The journal is on disk.
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)
    gc.freeze()  # what ends anyway is not searched for garbage first: that takes as long as loading Click
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """The exit code of a command line; what is printed has been printed."""
    try:
        return _code(root.main(arguments, prog_name="ndrfix", standalone_mode=False))
    except OutputError as error:
        if error.gone:  # as with `| head`: who reads no further wants to hear no more
            return ExitCode.FINE
        show_error(error)
        return error.exit_code
    except NdrfixError as error:
        show_error(error)
        return error.exit_code
    except click.UsageError as error:
        show_error(UsageError(error.format_message().splitlines()[0], next_step=_help_hint(error)))
        return ExitCode.WRONG_USAGE
    except click.ClickException as error:
        show_error(InputError(error.format_message()))
        return ExitCode.WRONG_INPUT
    except (click.Abort, KeyboardInterrupt) as error:
        say_aside(f"interrupted: {str(error) or 'nothing was applied'}")
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the outermost edge: a bug is reported as one, not as a traceback
        show_bug(error)
        return ExitCode.BUG
    finally:
        FENCE.lift()


def _code(result: object) -> int:
    return int(result) if isinstance(result, int) else ExitCode.FINE


_A_PROGRAM = "ndrfix_password_command in the inventory names a program that prints the password."
_OF_ANSIBLE = {
    "--check": "A dry run is `ndrfix plan`.",
    "-C": "A dry run is `ndrfix plan`.",
    "--diff": "Differences are always shown.",
    "-D": "Differences are always shown.",
    "--syntax-check": "`ndrfix plan` checks everything before it reaches a host.",
    "--become": "There is no become: ansible_user must have the rights.",
    "-b": "There is no become: ansible_user must have the rights.",
    "--start-at-task": "Select tasks with --tags.",
    "--step": "Select tasks with --tags, hosts with --limit.",
    "--connection-password-file": _A_PROGRAM,
    "--conn-pass-file": _A_PROGRAM,
    "--private-key": "Hosts are reached over WinRM; ansible_psrp_certificate_key_pem names a client certificate's key.",
}


def _help_hint(error: click.UsageError) -> str:
    if isinstance(error, click.NoSuchOption) and error.option_name in _OF_ANSIBLE:
        return _OF_ANSIBLE[error.option_name]
    if error.ctx is not None and error.ctx.info_name == "ndrfix" and not error.ctx.invoked_subcommand:
        return "`ndrfix --help` lists the commands."
    return f"`{error.ctx.command_path} --help` shows what is possible." if error.ctx else ""


def _closed_streams() -> None:
    """End when the caller has closed standard output: nobody could see a plan. A closed standard error goes nowhere."""
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    if sys.stdout is None:
        error = UsageError("standard output is closed", next_step="Send it to a file, or to the null device.")
        show_error(error)
        sys.exit(error.exit_code)


def _plain_streams() -> None:
    """Output is UTF-8 with replacement, so that no character of a host's text can end the run on an old console."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
