"""Passwords that are asked for, and the vault of a command line; whatever is learnt is masked from then on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from ndrfix.cli.configured import environment
from ndrfix.cli.terminal import MASKER, say_aside
from ndrfix.client import FILE, UNLABELLED, Home
from ndrfix.errors import InputError, UsageError
from ndrfix.secrets import Secret
from ndrfix.vault import Identity, Vault, VaultOptions, identities_of


def asked(question: str, *, otherwise: str, instead: str) -> Secret:
    """What the user types, unseen, after a question; `otherwise` says what is wrong where nobody can type, `instead`
    what to do then.

    Raises:
        UsageError: standard input is not a terminal.
        click.Abort: Ctrl-C, or the end of the input.
    """
    if not sys.stdin.isatty():
        raise UsageError(f"{otherwise}: standard input is not a terminal", next_step=instead)
    secret = Secret(click.prompt(question, hide_input=True, err=True))
    MASKER.add(secret)
    return secret


def asked_password() -> Secret:
    """The password that the user types for hosts without one; see `asked`."""
    return asked(
        "Password for the hosts without ansible_password",
        otherwise="-k cannot ask for a password",
        instead="Set ansible_password, for example to lookup('env', NAME).",
    )


def asked_vault_password(question: str) -> Secret:
    """The vault password that the user types; see `asked`."""
    return asked(
        question,
        otherwise=f"nobody can type the {question[0].lower()}{question[1:]}",
        instead="Name a file that holds it: --vault-password-file FILE, or --vault-id LABEL@FILE.",
    )


def asked_new_vault_password(question: str) -> Secret:
    """The vault password to encrypt with, which the user types twice; see `asked`.

    Raises:
        InputError: the two are not the same.
    """
    typed = asked_vault_password(f"New {question[0].lower()}{question[1:]}")
    if asked_vault_password(f"Repeat the {question[0].lower()}{question[1:]}") != typed:
        raise InputError("the two vault passwords are not the same", next_step="Try again.")
    return typed


def vault_of(options: VaultOptions, home: Home) -> Vault:
    """The vault of a command line, with the passwords that may be used for its client; see `identities_for`."""
    used = identities_for(options, home)
    return Vault(used, MASKER.add, _foreign(home), partial(tell_unnamed, home), left_out(options, home))


def or_asked(options: VaultOptions, home: Home) -> VaultOptions:
    """The options; without a password by them, that it is asked for. Why one that is configured is not used is told."""
    if identities_for(options, home):
        return options
    for reason in left_out(options, home):
        warn(f"not used, though configured: {reason}")
    return VaultOptions(ask=True)


def identities_for(
    options: VaultOptions, home: Home, ask: Callable[[str], Secret] = asked_vault_password
) -> tuple[Identity, ...]:
    """The vault passwords of a command line, fetched when a value needs them. A client that has vault ids uses no
    others, and no client another's files: the command line may not name them, what is configured is left out.

    Raises:
        InputError: a password file that does not exist, a text that names no source, or one of another client.
    """
    identities = identities_of(options, environment(), ask, warn=warn)
    for identity in identities:
        if identity.named:
            require_own(identity, home)
    return tuple(each for each in identities if not _reason(each, home))


def left_out(options: VaultOptions, home: Home) -> tuple[str, ...]:
    """Why which of the configured vault passwords are not used for the client.

    Raises:
        InputError: see `identities_for`.
    """
    identities = identities_of(options, environment(), asked_vault_password, warn=lambda _text: None)
    return tuple(filter(None, (_reason(each, home) for each in identities)))


def _reason(identity: Identity, home: Home) -> str:
    """Why a vault password is not to be used for the client; empty when it may be."""
    try:
        require_own(identity, home)
    except InputError as error:
        return error.what
    return ""


def named_files(options: VaultOptions) -> tuple[Path, ...]:
    """The files with vault passwords that a command line names, as far as they are there.

    Raises:
        InputError: a text that names no source.
    """
    texts = (*options.ids, *(f"{UNLABELLED}@{name}" for name in options.password_files))
    files = (Identity.of(text, asked_vault_password).file for text in texts)
    return tuple(each for each in files if each and each.exists())


def require_own(identity: Identity, home: Home) -> None:
    """Make sure that a vault password may be used for the client.

    Raises:
        InputError: its label or its file is another client's.
    """
    require_own_label("--vault-id" if identity.named else "vault_identity_list", identity.label, home)
    if identity.file:
        home.admit(identity.file, f"the vault password file {identity.file}")


def require_own_label(flag: str, label: str, home: Home) -> None:
    """Make sure that a vault id which a flag, or a setting, names is not another client's.

    Raises:
        InputError: it is.
    """
    if reason := _foreign(home)(label):
        raise InputError(
            f"{flag} {label}: {reason}",
            next_step=f"Give a vault id of the client, or add the label to vault_id in {FILE}.",
        )


def _foreign(home: Home) -> Callable[[str], str]:
    return home.client.foreign if home.client else lambda _label: ""


def tell_unnamed(home: Home, label: str) -> None:
    """Say that a vault id is used which nobody can tell to be the client's, since its `client.yml` names none."""
    if home.client and not home.client.vault_ids and label != UNLABELLED:
        warn(
            f"{home.client.file} names no vault_id, so that of another client would not be refused: "
            f"add 'vault_id: {label}' to it if {label} is of {home.name}"
        )


def warn(text: str) -> None:
    """Tell the user what works, but is worth a look."""
    say_aside(f"warning: {text}")
