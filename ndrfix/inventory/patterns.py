"""Host patterns: `exchange`, `a:b` or `a,b`, `a:&b`, `a:!b`, `ex0*`, `~regex`, `group[0]`, `group[1:3]`, `@file`."""

from __future__ import annotations

import fnmatch
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ndrfix.errors import InventoryError, nearest
from ndrfix.inventory.model import Host, Inventory
from ndrfix.place import Place
from ndrfix.source import read_text

_SUBSCRIPT = re.compile(r"(?P<base>.+)\[(?P<first>-?[0-9]*)(?P<colon>:?)(?P<last>[0-9]*)\]")
_OPEN, _CLOSE = "([{", ")]}"


def select(
    inventory: Inventory, pattern: str, limit: str | None = None, *, place: Place | None = None
) -> tuple[Host, ...]:
    """Return the hosts that a pattern names, of these only those that `limit` names too, in inventory order.

    Parts are joined by `:` or `,`; a known host name that holds a colon (an IPv6 address) is one part. The result may
    be empty when every part is known: an empty group, or a limit that shares no host with the pattern. `place` is where
    the pattern stands.

    Raises:
        InputError: a part that matches no host and no group, a regular expression that is none, a missing `@file`.
    """
    chosen = _evaluate(_Pattern(inventory, pattern, place))
    if limit is not None:
        chosen &= _evaluate_limit(inventory, limit)
    return tuple(host for host in inventory.hosts if host.name in chosen)


def narrowed(inventory: Inventory, limit: str) -> Inventory:
    """Return the inventory with only the hosts that the limit names; the groups stay, also those that become empty.

    Raises:
        InputError: as `select`.
    """
    kept = select(inventory, "all", limit)
    names = {host.name for host in kept}
    groups = {
        name: replace(group, hosts=tuple(host for host in group.hosts if host in names))
        for name, group in inventory.groups.items()
    }
    return replace(inventory, hosts=kept, groups=groups)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A pattern as the user wrote it, with what an error message needs."""

    inventory: Inventory
    text: str
    place: Place | None

    def error(self, what: str, next_step: str = "") -> InventoryError:
        return InventoryError(what, place=self.place, next_step=next_step)

    def unmatched(self, part: str) -> InventoryError:
        """Return the error for a part that matches nothing, with the nearest group or host."""
        groups, hosts = list(self.inventory.groups), [host.name for host in self.inventory.hosts]
        match = nearest(part, [*hosts, *groups])
        kind = "group" if match in self.inventory.groups else "host"
        hint = f", did you mean {kind} {match!r}?" if match else ""
        step = "" if part == self.text else f"The part {part!r} is neither a host nor a group."
        return self.error(f"no host matches {self.text!r} in {', '.join(self.inventory.files)}{hint}", step)


def _evaluate_limit(inventory: Inventory, limit: str) -> set[str]:
    if not limit.strip().startswith("@"):
        return _evaluate(_Pattern(inventory, limit, None))
    name = limit.strip()[1:]
    chosen: set[str] = set()
    lines = list(_lines(name))
    for number, line in lines:
        chosen |= _evaluate(_Pattern(inventory, line, Place(file=name, line=number)))
    if not lines:
        raise InventoryError(
            "the file names no host", place=Place(file=name), next_step="Write one host or pattern a line."
        )
    return chosen


def _lines(name: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(read_text(Path(name).expanduser(), shown=name).splitlines(), start=1):
        text = line.strip()
        if text and not text.startswith("#"):
            yield number, text


def _evaluate(pattern: _Pattern) -> set[str]:
    """Return the names of the hosts: first all unions, then the intersections, then what is taken away."""
    parts = list(_split(pattern.text, pattern.inventory))
    if not parts:
        raise pattern.error("the host pattern is empty", "Name hosts or groups, or write 'all'.")
    plain = [part for part in parts if part[0] not in "!&"] or ["all"]
    chosen = set().union(*(_match(part, pattern) for part in plain))
    for part in parts:
        if part.startswith("&"):
            chosen &= _match(part[1:], pattern)
    for part in parts:
        if part.startswith("!"):
            chosen -= _match(part[1:], pattern)
    return chosen


def _split(text: str, inventory: Inventory) -> Iterator[str]:
    """Yield the parts; separators inside brackets do not count, nor those inside a known host name."""
    with_colon = sorted((host.name for host in inventory.hosts if ":" in host.name), key=len, reverse=True)
    position = 0
    while position < len(text):
        end = _end_of_known(text, position, with_colon) or _end_of_part(text, position)
        part = text[position:end].strip()
        if part:
            yield part
        position = end + 1


def _end_of_known(text: str, position: int, names: list[str]) -> int | None:
    start = position + len(text[position:]) - len(text[position:].lstrip(" !&"))
    for name in names:
        end = start + len(name)
        if text.startswith(name, start) and text[end : end + 1] in ("", ":", ",", " "):
            return end
    return None


def _end_of_part(text: str, position: int) -> int:
    depth = 0
    regex = text[position:].lstrip(" !&").startswith("~")
    opening, closing = (_OPEN, _CLOSE) if regex else ("[", "]")
    index = position
    while index < len(text):
        char = text[index]
        if regex and char == "\\":
            index += 2
            continue
        depth += (char in opening) - (char in closing)
        if char in ":," and depth <= 0:
            return index
        index += 1
    return len(text)


def _match(part: str, pattern: _Pattern) -> set[str]:
    """Return the hosts that one part names, without its `!` or `&`.

    Raises:
        InventoryError: it names no host and no group.
    """
    part, inventory = part.strip(), pattern.inventory
    if part.startswith("@"):
        raise pattern.error("'@file' stands only in --limit", "Name hosts or groups here.")
    if part in inventory.groups or inventory.find(part) is not None:
        return _named(part, inventory)
    if part.startswith("~"):
        return _by_regex(part, pattern)
    found = _by_glob(part, inventory)
    if found is not None:
        return found
    if subscript := _SUBSCRIPT.fullmatch(part):
        return _by_position(subscript, part, pattern)
    raise pattern.unmatched(part)


def _named(name: str, inventory: Inventory) -> set[str]:
    """Return the members of a group, or the host of that name; a group wins."""
    if name in inventory.groups:
        return {host.name for host in inventory.members(name)}
    return {name}


def _by_regex(part: str, pattern: _Pattern) -> set[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python means to read in another way some day is refused today
            expression = re.compile(part[1:])
    except (re.error, FutureWarning, DeprecationWarning) as error:
        raise pattern.error(f"{part!r} is not a regular expression: {error}", "Correct the part after '~'.") from error
    names = [name for name in _names(pattern.inventory) if expression.match(name)]
    if not names:
        raise pattern.unmatched(part)
    return set().union(*(_named(name, pattern.inventory) for name in names))


def _by_glob(part: str, inventory: Inventory) -> set[str] | None:
    names = [name for name in _names(inventory) if fnmatch.fnmatchcase(name, part)]
    return set().union(*(_named(name, inventory) for name in names)) if names else None


def _names(inventory: Inventory) -> Iterator[str]:
    yield from inventory.groups
    yield from (host.name for host in inventory.hosts)


def _by_position(subscript: re.Match[str], part: str, pattern: _Pattern) -> set[str]:
    """Return the hosts at a position, or from one to another with both, counted from 0 in inventory order."""
    base, first, colon, last = subscript.group("base", "first", "colon", "last")
    if not colon and not first:
        raise pattern.error(f"{part!r} holds no position", "Write group[0] or group[1:3].")
    members = _match(base, pattern)
    hosts = [host.name for host in pattern.inventory.hosts if host.name in members]
    start = int(first or 0)
    end = start + 1 if not colon else int(last) + 1 if last else 0
    found = hosts[start : end or None]
    if not found:
        raise pattern.error(f"{part!r} is beyond the {len(hosts)} hosts of {base!r}", "Positions count from 0.")
    return set(found)
