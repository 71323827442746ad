"""The tree of a YAML document built from the events of a parser: values by YAML 1.1, places, merge keys, faults."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from ndrfix.errors import InputError
from ndrfix.nodes import Entry, List, Map, Node, Scalar, UnsafeText, Vaulted, comparable, kind
from ndrfix.place import Place

_YAML = "tag:yaml.org,2002:"
_DEEPEST = 100
_LARGEST_EXPANSION = 1_000_000
_SURROGATE = re.compile("[\ud800-\udfff]")
_VAULT = ("!vault", "!vault-encrypted")
_UNSAFE = "!unsafe"
_TEXTS = ("str", "value", "merge")  # a lone `=` or `<<` as a value is text
_TYPES = ("int", "float", "bool", "null", "timestamp")
_UNKNOWN_TAG = "a tag ('!…') that is not known here"
_REMOVE_TAG = "Remove it; a text that begins with ! needs quotes."


@dataclass(slots=True)
class _Anchored:
    """What an anchor names: no node while that is being built; `weight` counts the nodes that it expands to."""

    mark: Any
    node: Node | None = None
    weight: int = 0


class Builder:
    """Builds the one document of the file `name`. An aliased node is built once and shared.

    `faults` are what is wrong without making the rest unreadable. `read` gives the next event, of PyYAML's parser or of
    libyaml's, and raises what the parser raises; so do the methods.
    """

    def __init__(self, name: str, read: Callable[[], Any]) -> None:
        self.faults: list[InputError] = []
        self._name = name
        self._read = read
        self._values: Any = yaml.SafeLoader("")
        self._plain: dict[str, tuple[str, object]] = {}
        self._anchors: dict[str, _Anchored] = {}
        self._weight = 0

    def document(self) -> Node | None:
        """The document, None when there is none.

        Raises:
            yaml.YAMLError: the text is no YAML, or holds more than one document.
            InputError: its aliases cannot be followed.
        """
        self._read()  # the stream begins
        start = self._read()
        if isinstance(start, StreamEndEvent):
            return None
        node = self._node(self._read(), start, 1)
        self._read()  # the document ends
        after = self._read()
        if not isinstance(after, StreamEndEvent):
            what = "expected a single document in the stream"
            raise ComposerError(what, start.start_mark, "but found another document", after.start_mark)
        return node

    def _node(self, event: Any, parent: Any, depth: int) -> Node:
        if depth > _DEEPEST:
            raise ComposerError(None, None, f"more than {_DEEPEST} levels", parent.start_mark)
        if event.anchor is not None:
            return self._alias(event) if isinstance(event, AliasEvent) else self._anchored(event, depth)
        return self._plain_node(event, depth)

    def _plain_node(self, event: Any, depth: int) -> Node:
        self._weight += 1
        if isinstance(event, ScalarEvent):
            return self._scalar(event)
        mark = event.start_mark
        place = Place(file=self._name, line=mark.line + 1, column=mark.column + 1)
        if isinstance(event, MappingStartEvent):
            return Map(place, self._entries(event, place, depth + 1))
        return List(place, self._items(event, place, depth + 1))

    def _anchored(self, event: Any, depth: int) -> Node:
        known = self._anchors.get(event.anchor)
        if known is not None:
            what = f"found duplicate anchor {event.anchor!r}; first occurrence"
            raise ComposerError(what, known.mark, "second occurrence", event.start_mark)
        anchored = self._anchors[event.anchor] = _Anchored(event.start_mark)
        before = self._weight
        anchored.node = self._plain_node(event, depth)
        anchored.weight = self._weight - before
        return anchored.node

    def _alias(self, event: Any) -> Node:
        """The node that an alias stands for; the weight grows by what it expands to."""
        known = self._anchors.get(event.anchor)
        if known is None:
            raise ComposerError(None, None, f"found undefined alias {event.anchor!r}", event.start_mark)
        place = _place(self._name, known.mark)
        if known.node is None:
            what = "an alias that holds itself"
            raise InputError(what, place=place, next_step="Write the value out.", rule="yaml[alias]")
        self._weight += known.weight
        if self._weight > _LARGEST_EXPANSION:
            what = "the aliases expand to too many values"
            raise InputError(what, place=place, next_step="Use fewer aliases.", rule="yaml[alias]")
        return known.node

    def _fault(self, what: str, place: Place, next_step: str, rule: str = "yaml[value]") -> None:
        self.faults.append(InputError(what, place=place, next_step=next_step, rule=rule))

    def _scalar(self, event: Any) -> Scalar:
        mark, text = event.start_mark, event.value
        place = Place(file=self._name, line=mark.line + 1, column=mark.column + 1)
        tag = event.tag
        if (tag is None or tag == "!") and event.implicit[0]:
            found = self._plain.get(text)
            if found is not None:
                return Scalar(place, found[1], text)
            tag = self._values.resolve(yaml.ScalarNode, text, event.implicit)
        elif tag is None or tag == "!":
            text = self._text(text, place)
            return Scalar(place, text, text, quoted=bool(event.style))
        return self._tagged(event, tag, place)

    def _tagged(self, event: Any, tag: str, place: Place) -> Scalar:
        text, quoted = event.value, bool(event.style)
        if tag in _VAULT:
            return Scalar(place, Vaulted(text), text, quoted=True)
        if tag == _UNSAFE:
            return Scalar(place, UnsafeText(self._text(text, place)), text, quoted=True)
        name = tag.removeprefix(_YAML)
        if name in _TEXTS:
            text = self._text(text, place)
            value: object = text
        elif name in _TYPES:
            value = self._typed(event, tag, place)
        else:
            self._fault(_UNKNOWN_TAG, place, _REMOVE_TAG)
            return Scalar(place, text, text, quoted=True)
        if event.tag is None and not quoted and not self.faults:
            self._plain[event.value] = (tag, value)
        return Scalar(place, value, text, quoted=quoted)

    def _typed(self, event: Any, tag: str, place: Place) -> object:
        try:
            return self._values.construct_object(yaml.ScalarNode(tag, event.value, event.start_mark), deep=True)
        except (ValueError, LookupError, AttributeError, ArithmeticError, yaml.YAMLError):
            # YAML's pattern for the type fits, the value does not exist: 2004-13-45, a number of 5,000 digits.
            name = tag.removeprefix(_YAML)
            named = "date" if name == "timestamp" else "number" if name in ("int", "float") else name
            self._fault(f"this looks like a {named} but is none", place, "Put it in quotes if it is meant as text.")
            return event.value

    def _text(self, text: str, place: Place) -> str:
        """The text with pairs of surrogate escapes (as JSON writes them) joined."""
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16") if _SURROGATE.search(text) else text
        except UnicodeDecodeError:
            self._fault("half of a surrogate pair (\\ud800 to \\udfff) is no character", place, "Correct the escape.")
            return ""

    def _check_tag(self, event: Any, kind_of_node: str, place: Place) -> None:
        if event.tag in (*_VAULT, _UNSAFE):
            noun = "a list" if kind_of_node == "seq" else "a mapping"
            self._fault(f"{event.tag} stands before {noun}, it is for texts", place, "Put it before each text in it.")
        elif event.tag not in (None, "!", _YAML + kind_of_node):
            self._fault(_UNKNOWN_TAG, place, _REMOVE_TAG)

    def _items(self, start: Any, place: Place, depth: int) -> tuple[Node, ...]:
        self._check_tag(start, "seq", place)
        items = []
        while not isinstance(event := self._read(), SequenceEndEvent):
            items.append(self._node(event, start, depth))
        return tuple(items)

    def _entries(self, start: Any, place: Place, depth: int) -> tuple[Entry, ...]:
        self._check_tag(start, "map", place)
        own: dict[object, Entry] = {}
        merged: dict[object, Entry] = {}
        merge_key: Scalar | None = None
        while not isinstance(event := self._read(), MappingEndEvent):
            key = self._node(event, start, depth)
            value = self._node(self._read(), start, depth)
            if not isinstance(key, Scalar):
                what = f"a key must be text, not {kind(key)}"
                self._fault(what, key.place, "A text that begins with {{ needs quotes.")
            elif key.value == "<<" and _is_merge(event):
                if merge_key is not None:
                    self._twice("<<", key.place, merge_key.place.line)
                merge_key = key
                self._merge(merged, value)
            elif (first := own.setdefault(comparable(key.value), entry := Entry(key, value))) is not entry:
                self._twice(key.text, key.place, first.key.place.line)
        return tuple((merged | own).values()) if merged else tuple(own.values())

    def _twice(self, key: str, place: Place, first: int) -> None:
        advice = "Write one '<<' with a list: '<<: [*a, *b]'." if key == "<<" else "Remove one of the two."
        what = f"the key {key!r} is given twice, first in line {first}"
        self._fault(what, place, advice, "yaml[duplicate-key]")

    def _merge(self, merged: dict[object, Entry], source: Node) -> None:
        for each in source.items if isinstance(source, List) else (source,):
            if isinstance(each, Map):
                for entry in each.entries:
                    merged.setdefault(comparable(entry.key.value), entry)
            else:
                what = f"'<<' needs a mapping, not {kind(each)}"
                self._fault(what, each.place, "Name an anchored mapping: '<<: *name'.")


def _is_merge(event: Any) -> bool:
    return isinstance(event, ScalarEvent) and (not event.style if event.tag is None else event.tag == f"{_YAML}merge")


def _place(name: str, mark: Any) -> Place:
    return Place(file=name, line=mark.line + 1, column=mark.column + 1)
