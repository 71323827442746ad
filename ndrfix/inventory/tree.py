"""One YAML inventory file read into a draft: groups with `hosts`, `vars` and `children`, every fault with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ndrfix.errors import did_you_mean
from ndrfix.inventory.draft import Draft, GroupDraft
from ndrfix.inventory.members import add_host, name_problem
from ndrfix.inventory.variables import variables_of
from ndrfix.secret_names import is_secret_name
from ndrfix.source import Entry, List, Map, Node, Scalar, Vaulted, kind

_SECTIONS = ("hosts", "vars", "children")
_PAIR = re.compile(r"([\w.]+)=('[^']*'|\"[^\"]*\"|\S*)")
_SHOWN_HOSTS = 3


def read_tree(root: Map, draft: Draft) -> None:
    """Read a file's top mapping, each key of which is a group."""
    for entry in root.entries:
        _group(entry, draft)


def _group(entry: Entry, draft: Draft) -> GroupDraft | None:
    name = _text_key(entry, "group", draft)
    if name is None:
        return None
    if problem := name_problem(name):
        draft.fault(f"the group name {name!r} {problem}", entry.key.place, "Use letters, digits, '_' and '-'.")
        return None
    group, body = draft.group(name, entry.key.place), entry.value
    if isinstance(body, Map):
        for section in body.entries:
            _section(group, section, draft)
    elif not _is_nothing(body):
        draft.fault(
            f"the group {name!r} is {kind(body)}, a mapping with {', '.join(_SECTIONS)} is needed",
            body.place,
            _as_hosts(name, body),
        )
    return group


def _section(group: GroupDraft, section: Entry, draft: Draft) -> None:
    name, body = section.key.value, section.value
    if name not in _SECTIONS:
        hint = did_you_mean(str(name), _SECTIONS)
        draft.fault(
            f"{section.key.text!r} is no part of a group{hint}",
            section.key.place,
            f"A group holds hosts, vars and children; write a group below {group.name!r} under 'children:'.",
        )
    elif isinstance(body, Map):
        read = {"hosts": _hosts, "vars": _group_variables, "children": _children}[name]
        read(group, body, draft)
    elif not _is_nothing(body):
        draft.fault(
            f"'{name}' of the group {group.name!r} is {kind(body)}, a mapping is needed",
            body.place,
            "Write each variable as 'name: value'." if name == "vars" else _as_mapping(name, body),
        )


def _hosts(group: GroupDraft, body: Map, draft: Draft) -> None:
    for entry in body.entries:
        pattern = _text_key(entry, "host", draft)
        names = () if pattern is None else add_host(pattern, entry.key.place, draft)
        group.hosts.update((name, entry.key.place) for name in names if name not in group.hosts)
        if isinstance(entry.value, Map):
            variables = variables_of(entry.value, draft.faults)
            for name in names:
                draft.hosts[name].layers.append(variables)
        elif not _is_nothing(entry.value):
            draft.fault(
                f"the host {entry.key.text!r} is {kind(entry.value)}, a mapping of variables is needed",
                entry.value.place,
                _as_variables(str(pattern), entry.value),
            )


def _group_variables(group: GroupDraft, body: Map, draft: Draft) -> None:
    draft.define(group, variables_of(body, draft.faults))


def _children(group: GroupDraft, body: Map, draft: Draft) -> None:
    for entry in body.entries:
        if not draft.may_hold(group.name, str(entry.key.value), entry.key.place):
            continue
        child = _group(entry, draft)
        if child is not None:
            group.children.setdefault(child.name, entry.key.place)


def _text_key(entry: Entry, what: str, draft: Draft) -> str | None:
    """Return the key when it is text; anything else is a fault that shows the quoted form."""
    key = entry.key
    if isinstance(key.value, str):
        return str(key.value)
    if isinstance(key.value, Vaulted):
        draft.fault(f"the {what} name is encrypted", key.place, "Names cannot be encrypted.")
    else:
        draft.fault(
            f"the {what} name {key.text!r} is not text, YAML reads {kind(key)}",
            key.place,
            f'Put it in quotes: "{key.text or "null"}":',
        )
    return None


def _is_nothing(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _listed(node: Node) -> Iterator[str]:
    """Yield the names that a list or a text was meant to give."""
    if isinstance(node, List):
        for item in node.items:
            yield from _listed(item)
    elif isinstance(node, Map):
        yield from (entry.key.text for entry in node.entries)
    elif not isinstance(node.value, Vaulted):
        yield from (word.removesuffix(":") for word in node.text.split())


def _as_mapping(section: str, node: Node) -> str:
    written = list(_listed(node))
    if any(map(is_secret_name, written)):
        return ""  # what stands beside it may be the secret
    names = [name for name in written if "=" not in name]
    lines = [f"  {name}:" for name in names[:_SHOWN_HOSTS]] + (["  …"] if len(names) > _SHOWN_HOSTS else [])
    return "\n".join((f"Write each as a key with a colon:\n{section}:", *lines)) if names else ""


def _as_hosts(group: str, node: Node) -> str:
    """Show the hosts that were meant; a variable that stands where groups stand is told apart, its value not shown."""
    if group.startswith(("ansible_", "ndrfix_")) or is_secret_name(group):
        return "Variables of all hosts stand below 'all:' and there below 'vars:'."
    return _as_mapping("hosts", node)


def _as_variables(host: str, node: Node) -> str:
    """Show `ansible_host=192.0.2.1` as the YAML that was meant, without the values of passwords."""
    text = node.text if isinstance(node, Scalar) and isinstance(node.value, str) else ""
    pairs = _PAIR.findall(text)
    if not pairs or any(map(is_secret_name, (host, *_PAIR.sub("", text).split()))):
        return "Write the host's variables below it, each as 'name: value', or nothing."
    written = (f"  {name}: {'…' if is_secret_name(name) else value}" for name, value in pairs)
    return "\n".join(("Write each variable below the host:", *written))
