"""The flags that several verbs share, by the names that Ansible users know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def _many(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def inventory_option(function: F) -> F:
    """`-i`, repeatable."""
    return click.option(
        "-i",
        "--inventory",
        "inventories",
        multiple=True,
        required=True,
        metavar="FILE",
        help="Inventory file; repeatable.",
    )(function)


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
        click.option(
            "-f",
            "--forks",
            type=click.IntRange(1, 500),
            default=10,
            show_default=True,
            help="Hosts worked on at a time.",
        ),
        click.option("-u", "--user", metavar="NAME", help="User for hosts that have no ansible_user."),
        click.option(
            "-k", "--ask-pass", is_flag=True, help="Ask for the password of hosts that have no ansible_password."
        ),
        click.option("-v", "--verbose", count=True, help="More: the evidence of checks; -vv: long texts uncut."),
        click.option(
            "--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Also write the run as JSON."
        ),
        click.option(
            "--runs-dir",
            type=click.Path(path_type=Path, file_okay=False),
            metavar="FOLDER",
            help="Where run folders are (default: runs/ beside the inventory).",
        ),
        click.option("--detailed-exitcode", is_flag=True, help="Exit with 10 when changes are pending or were made."),
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
