"""`ndrfix vault`: values and files for ansible-vault, in both directions."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from ndrfix.cli.configured import environment
from ndrfix.cli.options import vault_options
from ndrfix.cli.passwords import (
    asked,
    asked_new_vault_password,
    identities_for,
    named_files,
    or_asked,
    require_own,
    require_own_label,
    tell_unnamed,
    vault_of,
    warn,
)
from ndrfix.cli.scope import enter_files, tell
from ndrfix.cli.terminal import MASKER, say, say_aside, written_out
from ndrfix.cli.verb import Verb
from ndrfix.client import Home
from ndrfix.errors import InputError, UsageError, did_you_mean
from ndrfix.secrets import Secret
from ndrfix.vault import Identity, VaultOptions, encryption_label, seal

_NAME = re.compile(r"[^\W\d]\w*")
_INDENT = " " * 10


_OF_ANSIBLE = ("create", "decrypt", "edit", "encrypt")


class Verbs(Verb, click.Group):
    """The group, whose help page is one of a verb; `encrypt_string`, as Ansible spells it, is known, too."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As Click does it; what only ansible-vault can do is said."""
        if args and args[0] in _OF_ANSIBLE:
            raise UsageError(
                f"ndrfix vault cannot {args[0]}",
                next_step=f"`ansible-vault {args[0]}` can, and what it writes opens here.",
            )
        return super().resolve_command(ctx, [args[0].replace("_", "-"), *args[1:]] if args else args)


@click.group(name="vault", cls=Verbs, no_args_is_help=False)
def command() -> None:
    """Encrypt values, show encrypted files, and change their password; compatible with ansible-vault."""


@command.command(name="encrypt-string", cls=Verb)
@click.argument("text", metavar="[TEXT]", required=False)
@click.option("-n", "--name", metavar="NAME", help="The variable that the value is for.")
@click.option("--stdin-name", metavar="NAME", help="Read the text from standard input; the variable is NAME.")
@click.option("--encrypt-vault-id", "label", metavar="LABEL", help="Which of several vault ids to encrypt for.")
@vault_options
def encrypt_string(
    text: str | None,
    name: str | None,
    stdin_name: str | None,
    label: str | None,
    vault_ids: tuple[str, ...],
    vault_password_files: tuple[str, ...],
    ask_vault_pass: bool,
) -> int:
    """Print a text as an encrypted value to paste into an inventory or variables file.

    The text is asked for; TEXT `-` and --stdin-name read standard input instead, line ends included. A TEXT of its own
    can be read by others in the list of processes, and stays in the shell's history.
    """
    if stdin_name is not None and (name is not None or text not in (None, "-")):
        raise UsageError("--stdin-name goes with neither --name nor a text")
    variable = stdin_name or name
    if variable is not None and not _NAME.fullmatch(variable):
        raise UsageError("the name of a variable may only hold letters, digits and _")
    options = VaultOptions(ids=vault_ids, password_files=vault_password_files, ask=ask_vault_pass)
    home = _home([Path()], named_files(options))
    identity = _for_encryption(options, label, home)
    content = _content(text, from_stdin=stdin_name is not None or text == "-")
    lines = seal(content, identity.password(), identity.label).splitlines()
    tell(home.client)
    say("\n".join((f"{variable}: !vault |" if variable else "!vault |", *(f"{_INDENT}{line}" for line in lines))))
    return 0


@command.command(name="view", cls=Verb)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@vault_options
def view(
    files: tuple[Path, ...], vault_ids: tuple[str, ...], vault_password_files: tuple[str, ...], ask_vault_pass: bool
) -> int:
    """Print what is in encrypted files, in clear text."""
    from ndrfix.vault.rekeying import opened_files

    options = VaultOptions(ids=vault_ids, password_files=vault_password_files, ask=ask_vault_pass)
    home = _home(files, named_files(options))
    opened = opened_files(files, vault_of(or_asked(options, home), home))
    tell(home.client)
    for file in opened:
        with written_out():  # unmasked: it is what was asked for
            click.echo(file.content, nl=False)
    return 0


@command.command(name="rekey", cls=Verb)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--new-vault-id", metavar="LABEL@SOURCE", help="The new password, and the vault id to encrypt for.")
@click.option("--new-vault-password-file", "new_file", metavar="FILE", help="File with the new password.")
@vault_options
def rekey(
    files: tuple[Path, ...],
    new_vault_id: str | None,
    new_file: str | None,
    vault_ids: tuple[str, ...],
    vault_password_files: tuple[str, ...],
    ask_vault_pass: bool,
) -> int:
    """Encrypt files with another password. No file is written before all are open; each is replaced at once.

    Without a new password it is asked for. A vault id is written only when --new-vault-id names one.
    """
    from ndrfix.vault.rekeying import opened_files

    if new_vault_id is not None and new_file is not None:
        raise UsageError("--new-vault-id and --new-vault-password-file do not go together")
    text = new_vault_id or (f"default@{new_file}" if new_file else "prompt")
    new = Identity.of(text, asked_new_vault_password)
    new.source.check()
    options = VaultOptions(ids=vault_ids, password_files=vault_password_files, ask=ask_vault_pass)
    home = _home(files, (*named_files(options), *filter(None, (new.file,))))
    require_own(new, home)
    opened = opened_files(files, vault_of(or_asked(options, home), home))
    tell_unnamed(home, new.label)
    MASKER.add(new.password())
    tell(home.client)
    for path, file in zip(files, opened, strict=True):
        file.rekey(new)
        say_aside(f"rekeyed: {path}")
    return 0


def _home(files: Sequence[Path], passwords: Sequence[Path]) -> Home:
    """The folder that files belong to; if it is nobody's that of the vault passwords named, for they are for a client.

    Raises:
        InputError: the files, or then the passwords, are of different clients.
    """
    home = enter_files(files)
    return home if home.client else enter_files([*files, *passwords])


def _for_encryption(options: VaultOptions, label: str | None, home: Home) -> Identity:
    """The identity to encrypt with: the one that the label names, or the only one; asked for when there is none.

    Raises:
        InputError: the label is another client's than the folder's.
    """
    flag = "--encrypt-vault-id" if label else "vault_encrypt_identity"
    label = label or encryption_label(environment(), warn=warn)
    if label is not None:
        require_own_label(flag, label, home)
    known = identities_for(or_asked(options, home), home, asked_new_vault_password)
    labels = list(dict.fromkeys(each.label for each in known))
    if label is None and len(known) > 1:
        raise UsageError(
            f"there are several vault passwords ({', '.join(labels)})",
            next_step="Name the vault id to encrypt for: --encrypt-vault-id LABEL.",
        )
    found = next((each for each in known if label in (None, each.label)), None)
    if found is None:
        raise UsageError(f"there is no password for the vault id {label!r}{did_you_mean(str(label), labels)}")
    _tell_unlabelled(found, home)
    tell_unnamed(home, found.label)
    MASKER.add(found.password())
    return found


def _tell_unlabelled(identity: Identity, home: Home) -> None:
    """Say that a value carries no vault id, where the client has one: nobody can see later whose it is."""
    own = home.client.vault_ids if home.client else ()
    if own and identity.label not in own:
        warn(f"the value gets no vault id, and {home.name} has {' or '.join(own)}: as in --vault-id {own[0]}@prompt")


def _content(text: str | None, *, from_stdin: bool) -> bytes:
    """The text to encrypt.

    Raises:
        InputError: it is empty, or not UTF-8.
        UsageError: nobody can type it.
    """
    if from_stdin:
        content = sys.stdin.buffer.read()
    elif text is not None:
        warn("others can read the text in the list of processes, and it stays in the shell's history")
        content = text.encode("utf-8", "surrogateescape")
    else:
        instead = "Give the text on standard input, with --stdin-name NAME."
        typed = asked("Text to encrypt", otherwise="nobody can type the text", instead=instead)
        content = typed.reveal().encode()
    if not content:
        raise InputError("there is no text to encrypt", next_step="Give it on standard input, or as the argument TEXT.")
    try:
        MASKER.add(Secret(content.decode("utf-8")))
    except UnicodeDecodeError:
        raise InputError(
            "the text to encrypt is not UTF-8", next_step="A variable is text: save it as UTF-8."
        ) from None
    if from_stdin and content.endswith(b"\n"):
        warn("the text ends in a line feed, which is encrypted, too; printf writes none")
    return content
