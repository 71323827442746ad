"""One INI inventory read into a draft, by the rules of Ansible's ini plugin, every fault with its place.

A line is a host with its variables (split as a shell does), a variable of a group (`[group:vars]`, the value is the
whole rest of the line) or the name of a group below (`[group:children]`). A value that is a Python literal counts as
such (`5`, `True`, `'text'`, `[1, 2]`), anything else is text.
"""

from __future__ import annotations

import ast
import re
import shlex
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

from ndrfix.errors import did_you_mean
from ndrfix.inventory.draft import Draft, GroupDraft
from ndrfix.inventory.members import add_host, name_problem
from ndrfix.inventory.model import ALL, UNGROUPED, Variable
from ndrfix.inventory.variables import variables_of
from ndrfix.place import Place
from ndrfix.secret_names import is_secret_name
from ndrfix.source import Entry, List, Map, Node, Scalar, kind

_SECTION = re.compile(r"\[(?P<group>[^:\]\s]+)(?::(?P<kind>\w+))?\]\s*(?:#.*)?")
_GROUP = re.compile(r"(?P<group>[^:\]\s]+)\s*(?:#.*)?")
_NO_SECTION = re.compile(r"\[.*\]|\[[^\]]*\]\s*;.*")
_SECTIONS = "Write [group], [group:vars] or [group:children], and a remark behind it with '#'."
_HOST_LINE = re.compile(r"[^\s=:]+(:[0-9]+)?[ \t]+[\w.]+=")
_OF_VARIABLES = ("ansible_", "ndrfix_")
_AS_VARIABLE = "A variable stands behind its host as name=value, or under [GROUP:vars]."
_KINDS = ("hosts", "vars", "children")
_COMMENTS = (";", "#")


def looks_like_ini(text: str) -> bool:
    """Tell whether a text that is no YAML was meant as an INI inventory."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith(_COMMENTS)]
    return any(map(_SECTION.fullmatch, lines)) or bool(lines and _HOST_LINE.match(lines[0]))


def ini_entries(text: str, name: str) -> tuple[Entry, ...]:
    """Every variable of groups and hosts in the text of the file `name`, each as it is written: passwords too."""
    return tuple(read_ini(text, name, Draft()))


def read_ini(text: str, name: str, draft: Draft) -> list[Entry]:
    """Read the text of the file `name`, and return its variables in order as they are written."""
    reader = _Reader(draft)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's opinion of a backslash in a text is not asked for
        for number, line in enumerate(text.splitlines(), start=1):
            if (stripped := line.strip()) and not stripped.startswith(_COMMENTS):
                reader.line(stripped, Place(file=name, line=number, column=line.index(stripped) + 1))
    reader.finish()
    return reader.entries


@dataclass(slots=True)
class _Reader:
    """The state between lines: the section, and the groups that are named but not declared yet."""

    draft: Draft
    group: str = UNGROUPED
    kind: str = "hosts"
    declared: set[str] = field(default_factory=set)
    settings: dict[str, Place] = field(default_factory=dict)
    parents: dict[str, dict[str, Place]] = field(default_factory=dict)
    given: dict[tuple[str, str], Place] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.declared.update((ALL, UNGROUPED, *self.draft.groups))

    def line(self, line: str, place: Place) -> None:
        """Read a line that is neither blank nor a comment."""
        if line.startswith("[") and (found := _SECTION.fullmatch(line)):
            self._section(found["group"], found["kind"] or "hosts", place)
        elif _NO_SECTION.fullmatch(line):
            self.draft.fault(f"{line!r} is no section", place, _SECTIONS)
            self.kind = "skip"
        elif self.kind == "hosts":
            self._host(line, place)
        elif self.kind == "vars":
            self._variable(line, place)
        elif self.kind == "children":
            self._child(line, place)

    def finish(self) -> None:
        """Report the groups that no section declares."""
        for group, place in self.settings.items():
            if group not in self.declared:
                self._undeclared(f"[{group}:vars] is about a group that is not there", group, place)
        for group, parents in self.parents.items():
            for parent, place in parents.items():
                self._undeclared(f"the group {group!r} below {parent!r} is not there", group, place)

    def _undeclared(self, what: str, group: str, place: Place) -> None:
        hint = did_you_mean(group, self.declared)
        self.draft.fault(f"{what}{hint}", place, f"Declare it in the file: [{group}].")

    def _section(self, group: str, kind: str, place: Place) -> None:
        self.group, self.kind = group, kind
        if kind not in _KINDS:
            hint = did_you_mean(kind, _KINDS)
            what = f"the section [{group}:{kind}] is of no known kind{hint}"
            self.draft.fault(what, place, _SECTIONS)
            self.kind = "skip"
            return
        if problem := name_problem(group):
            self.draft.fault(f"the group name {group!r} {problem}", place, "Use letters, digits, '_' and '-'.")
            self.kind = "skip"
            return
        if kind == "vars":
            self.settings.setdefault(group, place)
            return
        self.draft.group(group, place)
        self.declared.add(group)
        for parent, where in self.parents.pop(group, {}).items():
            self.draft.groups[parent].children.setdefault(group, where)

    def _group(self, place: Place) -> GroupDraft:
        return self.draft.group(self.group, place)

    def _child(self, line: str, place: Place) -> None:
        found = _GROUP.fullmatch(line)
        if not found:
            self.draft.fault(
                f"[{self.group}:children] needs one name of a group a line",
                place,
                f"Hosts belong below [{self.group}].",
            )
        elif not self.draft.may_hold(self.group, found["group"], place):
            return
        elif found["group"] in self.declared or found["group"] in self.settings:
            self.draft.group(found["group"], place)
            self._group(place).children.setdefault(found["group"], place)
        else:
            self.parents.setdefault(found["group"], {}).setdefault(self.group, place)

    def _variable(self, line: str, place: Place) -> None:
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            what = f"[{self.group}:vars] needs lines 'name = value', this is none"
            self.draft.fault(what, place, f"Write it like that; hosts belong below [{self.group}].")
            return
        first = self.given.setdefault((self.group, name.strip()), place)
        if first is not place:
            what = f"{name.strip()!r} of the group {self.group!r} is given twice, first in line {first.line}"
            self.draft.fault(what, place, "Remove one of the two.")
        start = len(name) + 1 + len(value) - len(value.lstrip())
        key = Scalar(place, name.strip(), name.strip())
        variables = self._variables([(key, value.strip(), _shifted(place, start))])
        self.draft.define(self._group(place), variables)

    def _host(self, line: str, place: Place) -> None:
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            self.draft.fault("a quote in the line of a host is not closed", place, "Close it, or escape it with '\\'.")
            return
        if not words:
            return
        pattern, *rest = words
        if pattern in ("---", "...") or pattern.endswith(":"):
            self.draft.fault(
                f"{pattern!r} is no host of an INI inventory", place, "If this is YAML, give the file the ending .yml."
            )
            return
        if pattern.startswith(_OF_VARIABLES) and "=" not in pattern:
            self.draft.fault(f"{pattern!r} is the name of a variable, not of a host", place, _AS_VARIABLE)
            return
        names = add_host(pattern, place, self.draft)
        variables = self._variables(list(self._pairs(rest, line, place)))
        group = self._group(place)
        for name in names:
            group.hosts.setdefault(name, place)
            if variables:
                self.draft.hosts[name].layers.append(variables)

    def _pairs(self, words: list[str], line: str, place: Place) -> Iterator[tuple[Scalar, str, Place]]:
        for word in words:
            name, equals, value = word.partition("=")
            if not equals or not name:
                # The word is not shown: it may be the rest of a password with a blank in it.
                self.draft.fault(
                    "behind a host stand its variables as name=value, something in this line is none",
                    place,
                    "Write each host on a line of its own, and quote a value that holds blanks.",
                )
                return
            found = re.search(rf"(?<!\S)[\"']?{re.escape(name)}=", line)
            end = found.end() if found else 0
            yield Scalar(_shifted(place, max(end - len(name) - 1, 0)), name, name), value, _shifted(place, end)

    def _variables(self, pairs: list[tuple[Scalar, str, Place]]) -> dict[str, Variable]:
        entries: dict[str, Entry] = {}
        for key, text, place in pairs:
            name = key.text
            if name in entries:
                self.draft.fault(f"the variable {name!r} is given twice in one line", place, "Remove one of the two.")
            node = self._value(text, place)
            self.entries.append(Entry(key, node))
            if is_secret_name(name) and _lost(node):
                what = f"the value of {name!r} is read as {kind(node)}, which loses how it was written"
                self.draft.fault(what, place, "Put the value in quotes, behind a host in two kinds of them: \"'…'\".")
                node = Scalar(place, None, "")
            entries[name] = Entry(key, node)
        if not entries:
            return {}
        top = pairs[0][2]
        return variables_of(Map(top, tuple(entries.values())), self.draft.faults)

    def _value(self, text: str, place: Place) -> Node:
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            return Scalar(place, text, text)
        except (TypeError, MemoryError, RecursionError):
            self.draft.fault("the value cannot be read", place, "Put it in quotes if it is meant as text.")
            return Scalar(place, None, "")
        return self._node(value, text, place)

    def _node(self, value: object, text: str, place: Place) -> Node:
        """The value of a Python literal; tuples become lists, what YAML does not know becomes text."""
        if isinstance(value, dict):
            pairs = ((Scalar(place, key, str(key)), self._node(each, str(each), place)) for key, each in value.items())
            return Map(place, tuple(Entry(key, each) for key, each in pairs))
        if isinstance(value, list | tuple):
            return List(place, tuple(self._node(each, str(each), place) for each in value))
        if isinstance(value, set | bytes):
            self.draft.fault("the value is of a kind that YAML does not know", place, "Write a text or a list.")
        elif value is ... or isinstance(value, complex):
            return Scalar(place, "..." if value is ... else str(value), text)
        elif isinstance(value, str) and not value.isascii() and value.encode(errors="ignore").decode() != value:
            what = "half of a surrogate pair (\\ud800 to \\udfff) is no character"
            self.draft.fault(what, place, "Correct the escape.")
        else:
            return Scalar(place, value, text, quoted=isinstance(value, str))
        return Scalar(place, None, "")


def _lost(node: Node) -> bool:
    """Tell whether a value is not text and its spelling is not that of the value."""
    return isinstance(node, Scalar) and not isinstance(node.value, str) and str(node.value) != node.text


def _shifted(place: Place, by: int) -> Place:
    return Place(file=place.file, line=place.line, column=place.column + by)
