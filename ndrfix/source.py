"""YAML with positions: every value of an inventory or playbook knows where it stands in its file.

PyYAML composes the tree; scalars get their Python values by YAML 1.1 rules as Ansible users expect them. Duplicate keys
are an error that names both places. Only plain YAML is accepted: no tags but `!vault` (kept as an opaque `Vaulted`) and
`!unsafe`. Faults that leave the rest readable are collected and raised together. No message shows a value: it could be
a password.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import yaml

from ndrfix.errors import InputError
from ndrfix.nodes import Entry, List, Map, Node, Scalar, UnsafeText, Vaulted, comparable, find, kind, plain
from ndrfix.place import Place

__all__ = [
    "Entry",
    "List",
    "Map",
    "Node",
    "Scalar",
    "UnsafeText",
    "Vaulted",
    "find",
    "kind",
    "load_file",
    "load_text",
    "parse_text",
    "plain",
    "raise_faults",
    "read_text",
]

_BOM = "\ufeff"
_YAML = "tag:yaml.org,2002:"
_DEEPEST = 100
_LARGEST_EXPANSION = 1_000_000
_SURROGATE = re.compile("[\ud800-\udfff]")


def raise_faults(faults: Sequence[InputError]) -> None:
    """Raise the first fault with the others in its `others`; nothing happens when there are none."""
    found = {id(each): each for fault in faults for each in (fault, *fault.others)}
    if found:
        first, *others = found.values()
        first.others = tuple(others)
        raise first


def load_file(path: Path, *, shown: str | None = None) -> Node | None:
    """The document in a UTF-8 file (a byte order mark is dropped), None when it holds nothing.

    `shown` is the file's name in places, by default the path as given.

    Raises:
        InputError: no such file, not UTF-8, not YAML, more than one document, a duplicate key, an unknown tag.
    """
    name = shown or str(path)
    return load_text(read_text(path, shown=name), name)


def read_text(path: Path, *, shown: str | None = None) -> str:
    """The text of a UTF-8 file without its byte order mark.

    Raises:
        InputError: the file cannot be read or is not UTF-8.
    """
    name = shown or str(path)
    raw = b""
    try:
        raw = path.read_bytes()
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"the file is not UTF-8 text (byte {error.start})",
            place=Place(file=name, line=line),
            next_step="Save it as UTF-8.",
        ) from error
    except OSError as error:
        raise InputError(
            f"the file cannot be read: {error.strerror}",
            place=Place(file=name),
            next_step="Check the name and the rights.",
        ) from error


def load_text(text: str, name: str) -> Node | None:
    """The document in a text; see `load_file`."""
    node, faults = parse_text(text, name)
    raise_faults(faults)
    return node


def parse_text(text: str, name: str) -> tuple[Node | None, tuple[InputError, ...]]:
    """The document in a text as far as it can be read, and the faults that leave the rest readable.

    Raises:
        InputError: it is not YAML, or more than one document.
    """
    text = text.removeprefix(_BOM)
    if name.endswith(".json"):
        text = text.replace("\t", " ")  # JSON may be indented with tabs; inside its strings they cannot stand
    root = _compose(text, name)
    if root is None:
        return None, ()
    builder = _Builder(name)
    node = builder.node(root)
    return node, tuple(builder.faults)


def _compose(text: str, name: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        _raise_marked(name, error)
    except yaml.reader.ReaderError as error:
        code = error.character if isinstance(error.character, int) else ord(error.character)
        raise InputError(
            f"not valid YAML: the character #x{code:04x} is not allowed",
            place=_place_at(name, text, error.position),
            rule="yaml[syntax]",
        ) from error
    except ValueError as error:  # PyYAML hands the number of an escape to chr()
        raise InputError(
            "not valid YAML: a \\U escape that is no character",
            place=Place(file=name),
            next_step="In double quotes a backslash starts an escape: use single quotes.",
            rule="yaml[syntax]",
        ) from error


def _place(name: str, mark: yaml.Mark) -> Place:
    return Place(file=name, line=mark.line + 1, column=mark.column + 1)


def _place_at(name: str, text: str, position: int) -> Place:
    before = text[:position]
    return Place(file=name, line=before.count("\n") + 1, column=position - (before.rfind("\n") + 1) + 1)


# PyYAML's words, ours where its own would quote what may be a password, and what to do about it.
_PROBLEMS: tuple[tuple[str, str, str], ...] = (
    (r"undefined alias", "an alias ('*name') without its anchor ('&name')", "A text that begins with * needs quotes."),
    (r"alphabetic or numeric", "a name is missing after '*' or '&'", "A text that begins with * or & needs quotes."),
    (r"tag handle", "an unknown tag", "A text that begins with ! needs quotes."),
    (r"character '\\t'", "", "YAML is indented with blanks, never with tabs."),
    (r"character '[%@`]'", "", "A text that begins with %, @ or ` needs quotes."),
    (r"mapping values are not", "", "A text that holds ': ' needs quotes; otherwise check the indentation."),
    (r"unknown escape", "", "In double quotes a backslash starts an escape: use single quotes."),
    (r"hexadecimal numbers", "", "In double quotes a backslash starts an escape: use single quotes."),
    (r"indentation indicators", "", "A text that begins with | or > needs quotes."),
    (r"another document", "a second document begins here", "Keep one document in a file."),
    (r"found '<scalar>'", "", "A text that begins with a quote or with {{ needs quotes around the whole of it."),
)


def _raise_marked(name: str, error: yaml.MarkedYAMLError) -> NoReturn:
    problem, hint = str(error.problem or error.context), ""
    for pattern, words, advice in _PROBLEMS:
        if re.search(pattern, problem):
            problem, hint = words or problem, advice
            break
    mark = error.problem_mark or error.context_mark
    place = _place(name, mark) if mark else Place(file=name)
    raise InputError(f"not valid YAML: {problem}", place=place, next_step=hint, rule="yaml[syntax]") from error


class _Loader(yaml.SafeLoader):
    """PyYAML's composer with a limit of depth, so that no input ends in Python's recursion limit."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        if self._depth > _DEEPEST:
            mark = parent.start_mark if parent else None
            raise yaml.composer.ComposerError(None, None, f"more than {_DEEPEST} levels", mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


@dataclass(slots=True)
class _Built:
    """A raw node that was met before: None while it is being built; `weight` counts the nodes it expands to."""

    node: Node | None = None
    weight: int = 0


class _Builder:
    """Turns PyYAML's node tree into ours. An aliased node is built once and shared."""

    def __init__(self, name: str) -> None:
        self.faults: list[InputError] = []
        self._name = name
        self._scalars = yaml.SafeLoader("")
        self._built: dict[int, _Built] = {}
        self._weight = 0

    def node(self, raw: yaml.Node) -> Node:
        """Our node for a raw one; `_weight` grows by the number of nodes that it expands to."""
        known = self._built.get(id(raw))
        if known is None:
            return self._build(raw)
        place = _place(self._name, raw.start_mark)
        if known.node is None:
            raise InputError(
                "an alias that holds itself", place=place, next_step="Write the value out.", rule="yaml[alias]"
            )
        self._weight += known.weight
        if self._weight > _LARGEST_EXPANSION:
            raise InputError(
                "the aliases expand to too many values", place=place, next_step="Use fewer aliases.", rule="yaml[alias]"
            )
        return known.node

    def _build(self, raw: yaml.Node) -> Node:
        built = self._built[id(raw)] = _Built()
        before = self._weight
        self._weight += 1
        place = _place(self._name, raw.start_mark)
        if isinstance(raw, yaml.MappingNode):
            self._check_tag(raw, "map", place)
            built.node = Map(place, self._entries(raw))
        elif isinstance(raw, yaml.SequenceNode):
            self._check_tag(raw, "seq", place)
            built.node = List(place, tuple(self.node(item) for item in raw.value))
        else:
            built.node = self._scalar(raw, place)
        built.weight = self._weight - before
        return built.node

    def _fault(self, what: str, place: Place, next_step: str, rule: str = "yaml[value]") -> None:
        self.faults.append(InputError(what, place=place, next_step=next_step, rule=rule))

    def _check_tag(self, raw: yaml.Node, kind_of_node: str, place: Place) -> None:
        if raw.tag != _YAML + kind_of_node:
            self._fault(
                "a tag ('!…') that is not known here", place, "Remove it; a text that begins with ! needs quotes."
            )

    def _scalar(self, raw: yaml.Node, place: Place) -> Scalar:
        written = not (isinstance(raw, yaml.ScalarNode) and raw.style is None)
        if raw.tag in ("!vault", "!vault-encrypted"):
            return Scalar(place, Vaulted(raw.value), raw.value, quoted=True)
        if raw.tag == "!unsafe":
            return Scalar(place, UnsafeText(self._text(raw.value, place)), raw.value, quoted=True)
        name = raw.tag.removeprefix(_YAML)
        if name in ("str", "value", "merge"):  # a lone `=` or `<<` as a value is text
            text = self._text(raw.value, place)
            return Scalar(place, text, text, quoted=written)
        if name not in ("int", "float", "bool", "null", "timestamp"):
            self._check_tag(raw, "str", place)
            return Scalar(place, raw.value, raw.value, quoted=True)
        return Scalar(place, self._typed(raw, name, place), raw.value, quoted=written)

    def _typed(self, raw: yaml.Node, name: str, place: Place) -> object:
        try:
            return self._scalars.construct_object(raw, deep=True)
        except (ValueError, LookupError, AttributeError, ArithmeticError, yaml.YAMLError):
            # YAML's pattern for the type fits, the value does not exist: 2004-13-45, a number of 5,000 digits.
            named = "date" if name == "timestamp" else "number" if name in ("int", "float") else name
            self._fault(f"this looks like a {named} but is none", place, "Put it in quotes if it is meant as text.")
            return raw.value

    def _text(self, text: str, place: Place) -> str:
        """The text with pairs of surrogate escapes (as JSON writes them) joined."""
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16") if _SURROGATE.search(text) else text
        except UnicodeDecodeError:
            self._fault("half of a surrogate pair (\\ud800 to \\udfff) is no character", place, "Correct the escape.")
            return ""

    def _entries(self, raw: yaml.MappingNode) -> tuple[Entry, ...]:
        own: dict[object, Entry] = {}
        merged: dict[object, Entry] = {}
        merge_key: yaml.Node | None = None
        for key_node, value_node in raw.value:
            if key_node.tag == _YAML + "merge":
                if merge_key is not None:
                    self._twice("<<", key_node, merge_key.start_mark.line + 1)
                merge_key = key_node
                self._merge(merged, self.node(value_node))
                continue
            key, value = self.node(key_node), self.node(value_node)
            if not isinstance(key, Scalar):
                self._fault(
                    f"a key must be text, not {kind(key)}", key.place, "A text that begins with {{ needs quotes."
                )
            elif (first := own.get(comparable(key.value))) is not None:
                self._twice(key.text, key_node, first.key.place.line)
            else:
                own[comparable(key.value)] = Entry(key, value)
        return tuple((merged | own).values())

    def _twice(self, key: str, key_node: yaml.Node, first: int) -> None:
        advice = "Write one '<<' with a list: '<<: [*a, *b]'." if key == "<<" else "Remove one of the two."
        text = f"the key {key!r} is given twice, first in line {first}"
        self._fault(text, _place(self._name, key_node.start_mark), advice, "yaml[duplicate-key]")

    def _merge(self, merged: dict[object, Entry], source: Node) -> None:
        for each in source.items if isinstance(source, List) else (source,):
            if isinstance(each, Map):
                for entry in each.entries:
                    merged.setdefault(comparable(entry.key.value), entry)
            else:
                self._fault(
                    f"'<<' needs a mapping, not {kind(each)}", each.place, "Name an anchored mapping: '<<: *name'."
                )
