"""The flags that several verbs share, by the names that Ansible users know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ndrfix.config.settings import BY_NAME, Kind

F = TypeVar("F", bound=Callable[..., Any])


def _many(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def setting_option(name: str) -> Callable[[F], F]:
    """The flag of a setting, as the table of settings describes it."""
    setting = BY_NAME[name]
    more: dict[Kind, dict[str, Any]] = {
        Kind.WHOLE: {"type": click.IntRange(setting.least, setting.most), "show_default": True},
        Kind.COUNT: {"count": True},
        Kind.FLAG: {"is_flag": True},
        Kind.FILES: {"multiple": True, "required": True},
        Kind.FOLDER: {"type": click.Path(path_type=Path, file_okay=False)},
    }
    options = {"default": setting.default, "metavar": setting.metavar or None, **more.get(setting.kind, {})}
    return click.option(*setting.flags, setting.parameter, help=setting.meaning, **options)


def inventory_option(function: F) -> F:
    """`-i`, repeatable."""
    return setting_option("inventory")(function)


def variable_options(function: F) -> F:
    """`-l` and `-e`."""
    return _many(
        click.option(
            "-l", "--limit", metavar="PATTERN", help="Only these hosts: names, groups, globs; a:b, a:&b, a:!b, @file."
        ),
        click.option(
            "-e",
            "--extra-vars",
            "extra_vars",
            multiple=True,
            metavar="VARS",
            help="k=v, JSON or YAML, or @file; they always win.",
        ),
    )(function)


def vault_options(function: F) -> F:
    """Where the passwords of ansible-vault are; by Ansible's names."""
    return _many(
        click.option(
            "--vault-id",
            "vault_ids",
            multiple=True,
            metavar="LABEL@SOURCE",
            help="Vault password: SOURCE is prompt, a file, or a program that prints it; repeatable.",
        ),
        click.option(
            "--vault-password-file",
            "--vault-pass-file",
            "vault_password_files",
            multiple=True,
            metavar="FILE",
            help="File with the vault password, or a program that prints it.",
        ),
        click.option(
            "-J",
            "--ask-vault-pass",
            "--ask-vault-password",
            "ask_vault_pass",
            is_flag=True,
            help="Ask for the vault password.",
        ),
    )(function)


def undo_options(function: F) -> F:
    """What every verb shares that reaches hosts."""
    return _many(
        inventory_option,
        variable_options,
        vault_options,
        setting_option("forks"),
        setting_option("timeout"),
        setting_option("remote_user"),
        setting_option("ask_pass"),
        setting_option("verbosity"),
        click.option(
            "--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Also write the run as JSON."
        ),
        setting_option("runs_dir"),
        setting_option("detailed_exitcode"),
    )(function)


def run_options(function: F) -> F:
    """Everything that `plan` and `apply` share."""
    return _many(
        undo_options,
        click.option(
            "-t", "--tags", multiple=True, metavar="TAGS", help="Only tasks with these tags; comma list, repeatable."
        ),
        click.option("--skip-tags", multiple=True, metavar="TAGS", help="Not the tasks with these tags."),
        click.option("--list-hosts", is_flag=True, help="Print the hosts of each play and stop."),
        click.option("--list-tasks", is_flag=True, help="Print the tasks of each play and stop."),
        click.option("--list-tags", is_flag=True, help="Print the tags of each play and stop."),
    )(function)


def changing_options(function: F) -> F:
    """What the verbs share that change something."""
    return _many(
        click.option("--yes", is_flag=True, help="Do not ask; needed where nobody can answer."),
        click.option("--until", metavar="TIME", help="Begin no host after HH:MM (or YYYY-MM-DDTHH:MM)."),
        click.option("--outside-window", is_flag=True, help="Also while the client's change window is closed."),
    )(function)
