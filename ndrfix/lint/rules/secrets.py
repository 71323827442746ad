"""Rules about secrets."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ndrfix.lint.document import Document
from ndrfix.lint.expressions import literals, uses_in
from ndrfix.lint.inventories import InventoryView, VariablesView, definitions
from ndrfix.lint.model import Profile, Remark, Rule, Severity, Sort
from ndrfix.lint.playbooks import PlaybookView, PlayView
from ndrfix.place import Place
from ndrfix.playbook.templating import is_template
from ndrfix.secret_names import is_secret_name
from ndrfix.secrets import in_url
from ndrfix.source import List, Map, Node, Scalar, Vaulted

_VAULTED = "vault_"  # how the vaulted value of a variable is called, by Ansible's advice
_WITH_DATA = frozenset({"set_registry", "check_registry"})
_EVERYWHERE = (Sort.INVENTORY, Sort.VARIABLES, Sort.PLAYBOOK)


def _literal(view: PlaybookView | InventoryView | VariablesView) -> Iterator[Remark]:
    for name, text, kept in _plain(view):
        if kept is None and is_secret_name(name):
            yield _readable(f"{name!r} holds a secret", text.place)
        elif in_url(str(text.value)):
            yield _readable(f"{name!r} holds an address with a password", text.place)
    if isinstance(view, PlaybookView):
        yield from _in_data(view)


def _in_data(view: PlaybookView) -> Iterator[Remark]:
    """What is written out as the data of a registry value that is called as secrets are."""
    for task in view.tasks:
        name, data = task.value("name"), task.arguments.get("data")
        secret = task.step in _WITH_DATA and isinstance(name, str) and is_secret_name(name)
        if secret and data is not None and _is_plain(data.written):
            yield _readable(f"the data of {name!r} are a secret", data.place)


def _readable(what: str, place: Place) -> Remark:
    advice = "Encrypt it with `ansible-vault encrypt_string`, or take it from lookup('env', …)."
    return Remark(message=f"{what} in plain text", place=place, help=advice, hidden=True)


def _plain(view: PlaybookView | InventoryView | VariablesView) -> Iterator[tuple[str, Scalar, Place | None]]:
    """Every value that is written out, or an item of a list that is, by the variable's name, with the place where the
    same is vaulted: in the file, or in one for the same group or host.
    """
    others = view.beside if isinstance(view, VariablesView) else ()
    vaulted = _vaulted(view.document, *others)
    for entry in definitions(view.document.node):
        name = entry.key.text
        for text in entry.value.items if isinstance(entry.value, List) else (entry.value,):
            if isinstance(text, Scalar) and _is_plain(text):
                kept = None if is_template(text.value) else vaulted.get(name) or vaulted.get(_VAULTED + name)
                yield name, text, kept


def _is_plain(node: Node) -> bool:
    """Whether a value is text or a number that is written out, all of it or part of a template."""
    if not isinstance(node, Scalar) or isinstance(node.value, Vaulted | bool) or node.value is None:
        return False
    if not is_template(node.value):
        return str(node.value) != ""
    return any(character.isalnum() for text in literals(str(node.value)) for character in text)


def _beside_vault(view: PlaybookView | InventoryView | VariablesView) -> Iterator[Remark]:
    for name, text, kept in _plain(view):
        if kept is not None:
            where = f"line {kept.line}" if kept.file == view.document.shown else f"{kept.file}:{kept.line}"
            yield Remark(
                message=f"{name!r} is encrypted in {where} and here in plain text",
                place=text.place,
                help="Encrypt this one too, or remove it; change the password, since it was readable.",
                hidden=True,
            )


def _vaulted(*documents: Document) -> dict[str, Place]:
    """Where each name is vaulted first."""
    vaulted: dict[str, Place] = {}
    for document in documents:
        for entry in definitions(document.node):
            if isinstance(entry.value, Scalar) and isinstance(entry.value.value, Vaulted):
                vaulted.setdefault(entry.key.text, document.called(entry.key.place))
    return vaulted


def _secret_names(play: PlayView) -> frozenset[str]:
    """The names of the play's variables that are encrypted."""
    layers: tuple[Map, ...] = (play.play.vars, *(each.variables for each in play.play.vars_files))
    return frozenset(
        entry.key.text
        for layer in layers
        for entry in layer.entries
        if isinstance(entry.value, Scalar) and isinstance(entry.value.value, Vaulted)
    )


def _holds_secret(name: str, play: PlayView, encrypted: Collection[str]) -> bool:
    """Whether a variable holds a secret: one that is a yes or no, as `require_password`, does not."""
    value = play.play.vars.get(name)
    return name in encrypted or (
        is_secret_name(name) and not (isinstance(value, Scalar) and isinstance(value.value, bool))
    )


def _no_log(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        secret = _secret_names(play)
        for task in play.written:
            for use in uses_in(task.args) if not task.no_log and task.step != "manual" else ():
                if _holds_secret(use.name, play, secret):
                    yield Remark(
                        message=f"the secret {use.name!r} is written by a task without no_log",
                        place=use.place,
                        help="Add 'no_log: true' to the task: plan, diff and report then leave its values out.",
                    )


def _in_text(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        secret = _secret_names(play)
        for task in play.written:
            for entry in task.args.entries:
                if task.step == "manual" or entry.key.text == "advice":
                    for use in uses_in(entry.value):
                        if _holds_secret(use.name, play, secret):
                            yield Remark(
                                message=f"the secret {use.name!r} in a text for people",
                                place=use.place,
                                help="Say where the secret is kept, not what it is.",
                            )


_PLAIN = """
exchange:
  hosts:
    ex01:
      ansible_user: CLIENT\\admin
      ansible_password: correct horse
"""
_FROM_OUTSIDE = _PLAIN.replace("correct horse", "\"{{ lookup('env', 'EX01_PASSWORD') }}\"")
_BESIDE = """
exchange:
  vars:
    smtp_password: !vault |
      $ANSIBLE_VAULT;1.1;AES256
      6162636465666768
  hosts:
    ex01:
      smtp_password: correct horse
"""
_LOGGED = """
- name: Set the account
  hosts: exchange
  tasks:
    - name: Save the key
      backup_registry:
        path: HKLM\\SOFTWARE\\Client\\Relay

    - name: The relay's password is set
      set_registry:
        path: HKLM\\SOFTWARE\\Client\\Relay
        name: Password
        data: "{{ relay_password }}"
      no_log: true
"""
_TOLD = """
- name: Ask the client
  hosts: exchange
  tasks:
    - name: Log on at the console
      manual:
        instruction: Log on with the password from the safe.
"""

RULES: tuple[Rule, ...] = (
    Rule(
        id="secret-literal[plain]",
        tags=("security",),
        summary="A password, token or key in plain text.",
        why="A client's folder is copied, mailed and kept in version control; whoever reads it owns the server.",
        bad=_PLAIN,
        good=_FROM_OUTSIDE,
        fix="Encrypt it, or take it from the environment. Change it, since it was readable.",
        sorts=_EVERYWHERE,
        check=_literal,
    ),
    Rule(
        id="secret-literal[beside-vault]",
        tags=("security",),
        summary="A secret that is encrypted in one place and stands in plain text in another.",
        why="The copy gives away what the vault keeps.",
        bad=_BESIDE,
        good=_BESIDE.partition("  hosts:")[0] + "  hosts:\n    ex01:\n",
        fix="Remove the copy, and change the password.",
        sorts=_EVERYWHERE,
        check=_beside_vault,
    ),
    Rule(
        id="secret[no-log]",
        severity=Severity.WARNING,
        profile=Profile.SAFETY,
        tags=("security",),
        summary="A task that writes a secret without `no_log`.",
        why="ndrfix masks what it knows to be a secret; parts of it, or what a template makes of it, it may not know.",
        bad=_LOGGED.replace("      no_log: true\n", ""),
        good=_LOGGED,
        fix="Add `no_log: true` to the task.",
        check=_no_log,
    ),
    Rule(
        id="secret[in-text]",
        tags=("security",),
        summary="A secret in a text that people read: an instruction or an advice.",
        why="It is printed on the screen and into the report that the client gets.",
        bad=_TOLD.replace("the password from the safe", "{{ admin_password }}")
        .replace("Log on with", '"Log on with')
        .replace("}}.", '}}."'),
        good=_TOLD,
        fix="Say where the secret is kept, not what it is.",
        check=_in_text,
    ),
)
