"""Variables as written: from YAML nodes and from `--extra-vars`, with passwords wrapped as soon as they are read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ndrfix.encrypted import Decrypt, is_encrypted, refuse_vaulted
from ndrfix.errors import InputError, InventoryError, SealedError
from ndrfix.inventory.model import Host, Variable
from ndrfix.inventory.names import KNOWN_NAMES
from ndrfix.place import Place
from ndrfix.secret_names import is_account_name, is_secret_name
from ndrfix.secrets import Secret, sealed
from ndrfix.source import (
    Entry,
    List,
    Map,
    Node,
    Scalar,
    UnsafeText,
    Vaulted,
    kind,
    load_text,
    raise_faults,
    read_text,
)

PASSWORD_NAMES = ("ansible_ssh_pass", "ansible_password", "ansible_winrm_pass", "ansible_winrm_password")
_JINJA = re.compile(r"\{\{|\{%|\{#")
_NAME = re.compile(r"[^\W\d]\w*")
_KEY = re.compile(r"[\w.-]*")


def decrypted(text: str, place: Place, decrypt: Decrypt | None) -> str:
    """Return the text of a file that is encrypted as a whole, which begins at `place`.

    Raises:
        SealedError: it cannot be opened.
    """
    try:
        return (decrypt or refuse_vaulted)(Vaulted(text, whole=True), place).reveal()
    except SealedError as error:
        error.place = error.place or place
        raise


def has_jinja(text: str) -> bool:
    """Tell whether a text holds Jinja markup that is still to be evaluated."""
    return not isinstance(text, UnsafeText) and _JINJA.search(text) is not None


def variables_of(node: Map, faults: list[InputError]) -> dict[str, Variable]:
    """Return the variables that a mapping defines; what is wrong with one of them is appended to `faults`."""
    variables: dict[str, Variable] = {}
    for entry in node.entries:
        name = entry.key.value
        if not isinstance(name, str) or not name:
            faults.append(
                InventoryError(
                    f"the variable name {entry.key.text!r} is not text, YAML reads {kind(entry.key)}",
                    place=entry.key.place,
                    next_step=f'Put it in quotes: "{entry.key.text}".',
                )
            )
            continue
        if _holds_more(entry, faults):
            continue
        value = _value(entry.value, faults, name, secret=is_secret_name(name))
        variables[name] = Variable(value=value, place=entry.value.place)
    return variables


def _holds_more(entry: Entry, faults: list[InputError]) -> bool:
    """Tell whether a key is a secret's name with something behind it, which may be the secret; then it is a fault."""
    more = not _KEY.fullmatch(entry.key.text) and is_secret_name(entry.key.text)
    if more:
        what = f"{entry.key.text!r} is no name: something stands behind it"
        faults.append(InventoryError(what, place=entry.key.place, next_step="Write it as 'name: value'."))
    return more


def _value(node: Node, faults: list[InputError], name: str, *, secret: bool) -> Any:
    if isinstance(node, Map):
        below = {entry.key.value: entry for entry in node.entries if not _holds_more(entry, faults)}
        return {
            key: _value(entry.value, faults, str(key), secret=_is_secret(str(key), below=secret))
            for key, entry in below.items()
        }
    if isinstance(node, List):
        return [_value(item, faults, name, secret=secret) for item in node.items]
    return _secret(node, faults, name) if secret else node.value


def _is_secret(key: str, *, below: bool) -> bool:
    """Tell whether the value of a key is a secret, where the keys above make it one or not."""
    return is_secret_name(key) or (below and not is_account_name(key))


def _secret(node: Scalar, faults: list[InputError], name: str) -> Any:
    value = node.value
    if value is None or isinstance(value, Vaulted):
        return value
    if isinstance(value, str):
        return value if has_jinja(value) else Secret(str(value))
    if isinstance(value, bool) and name not in PASSWORD_NAMES:
        return value  # `require_password: yes` is a question, not a password
    if str(value) == node.text:
        return Secret(node.text)
    faults.append(
        InventoryError(
            f"the value of {name!r} is read as {kind(node)}, which loses how it was written",
            place=node.place,
            next_step="Put the value in quotes.",
        )
    )
    return None


def load_variables(path: Path, *, shown: str | None = None, decrypt: Decrypt | None = None) -> dict[str, Variable]:
    """Return the variables in a YAML or JSON file; an empty file defines none.

    Raises:
        SealedError: the file is encrypted and cannot be opened.
        InputError: the file cannot be read, or is no mapping of names to values.
    """
    name = shown or str(path)
    text = read_text(path, shown=name)
    if is_encrypted(text):
        text = decrypted(text, Place(file=name), decrypt)
        found = _variables_in(load_text(text, f"{name} (decrypted)"), "the variables file")
        return {key: _hidden(key, variable) for key, variable in found.items()}
    return _variables_in(load_text(text, name), "the variables file")


def _hidden(name: str, variable: Variable) -> Variable:
    """Return a variable of an encrypted file: what it holds is secret, but for connection settings like `ntlm`."""
    if name in KNOWN_NAMES and name not in PASSWORD_NAMES:
        return variable
    return replace(variable, value=_sealed(variable.value))


def _sealed(value: Any) -> Any:
    """Return the value made secret, but for templates, which are no secrets yet."""
    if isinstance(value, Mapping):
        return {key: _sealed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_sealed(each) for each in value]
    return value if isinstance(value, str) and has_jinja(value) else sealed(value)


def _variables_in(node: Node | None, what: str) -> dict[str, Variable]:
    if node is None or (isinstance(node, Scalar) and node.value is None):
        return {}
    if not isinstance(node, Map):
        raise InventoryError(
            f"{what} is {kind(node)}, a mapping of names to values is needed",
            place=node.place,
            next_step="Write each variable as 'name: value'.",
        )
    faults: list[InputError] = []
    variables = variables_of(node, faults)
    raise_faults(faults)
    return variables


def parse_extra_vars(texts: Sequence[str], *, decrypt: Decrypt | None = None) -> dict[str, Variable]:
    """Return the variables that the texts of `-e` define, a later text winning over an earlier one.

    A text is `@file`, a JSON or YAML mapping in braces, or words `name=value` split as a shell does (backslashes are
    kept); the values of words are text. Places are in the file, or `-e:<number of the text>`.

    Raises:
        InputError: a text that is none of these; no value is shown.
    """
    variables: dict[str, Variable] = {}
    for number, text in enumerate(texts, start=1):
        stripped = text.strip()
        if stripped.startswith("@"):
            variables |= load_variables(Path(stripped[1:]).expanduser(), decrypt=decrypt)
        elif stripped.startswith(("{", "[")):
            variables |= _variables_in(load_text(stripped, "-e"), "the text of -e")
        else:
            variables |= _words(stripped, Place(file="-e", line=number))
    for name, variable in variables.items():
        if not _NAME.fullmatch(name):
            raise InventoryError(
                "a name in --extra-vars may only hold letters, digits and _", place=variable.place, next_step=_E_FORM
            )
    return variables


_E_FORM = "Write -e name=value, -e 'name=\"a value with blanks\"', -e '{\"name\": 5}' or -e @file.yml."


def _words(text: str, place: Place) -> dict[str, Variable]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", ""
    variables: dict[str, Variable] = {}
    try:
        words = list(lexer)
    except ValueError as error:
        raise InventoryError("a quote in --extra-vars is not closed", place=place, next_step=_E_FORM) from error
    if not words:
        raise InventoryError("--extra-vars is empty", place=place, next_step=_E_FORM)
    for number, word in enumerate(words, start=1):
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise InventoryError(f"word {number} of --extra-vars is not name=value", place=place, next_step=_E_FORM)
        secret = is_secret_name(name) and not has_jinja(value)
        variables[name] = Variable(value=Secret(value) if secret else value, place=place)
    return variables


def combine(
    host: Host, *, play: Mapping[str, Variable] | None = None, extra: Mapping[str, Variable] | None = None
) -> dict[str, Variable]:
    """Return a host's variables with those of the play above them and the extra ones on top; mappings do not merge."""
    return {**host.variables, **(play or {}), **(extra or {})}
