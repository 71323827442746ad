"""Host patterns: `exchange`, `a:b` or `a,b`, `a:&b`, `a:!b`, `ex0*`, `~regex`, `group[0]`, `group[1:3]`, `@file`."""

from __future__ import annotations

import fnmatch
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ndrfix.errors import InventoryError, nearest
from ndrfix.inventory.model import ALL, Host, Inventory
from ndrfix.place import Place
from ndrfix.source import read_text

_SUBSCRIPT = re.compile(r"(?P<base>.+)\[(?P<first>-[0-9]+|[0-9]+)(?P<to>[:-][0-9]*)?\]")
_BRACKET = re.compile(r"(?P<base>.+)\[[^\[\]]*\]")
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
    chosen = _evaluate(_Pattern(inventory, pattern, place).parts())
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

    def parts(self) -> list[_Part]:
        """Return the parts, at least one."""
        parts = [_Part(part, self) for part in _split(self.text, self.inventory)]
        if not parts:
            raise self.error("the host pattern is empty", "Name hosts or groups, or write 'all'.")
        return parts

    def error(self, what: str, next_step: str) -> InventoryError:
        return InventoryError(what, place=self.place, next_step=next_step)

    def unmatched(self, part: str) -> InventoryError:
        """Return the error for a part that matches nothing, with the nearest group or host."""
        match = nearest(part, [*(host.name for host in self.inventory.hosts), *self.inventory.groups])
        kind = "group" if match in self.inventory.groups else "host"
        hint = f", did you mean {kind} {match!r}?" if match else ""
        step = "" if part == self.text else f"The part {part!r} is neither a host nor a group. "
        what = f"no host matches {self.text!r} in {', '.join(self.inventory.files)}{hint}"
        return self.error(what, f"{step}{self.inventory.names_told()}")


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a pattern, with its `!` or `&`."""

    text: str
    pattern: _Pattern

    def matched(self) -> set[str]:
        """Return the names of the hosts that it names, whatever stands before it."""
        return set(_match(self.text.lstrip("!&"), self.pattern))


def _evaluate_limit(inventory: Inventory, limit: str) -> set[str]:
    """Return the hosts of a limit, in which `@file` stands for all the patterns in a file."""
    text = limit.strip()
    whole = text.startswith("@") and Path(text[1:]).expanduser().exists()
    parts: list[_Part] = []
    for each in (text,) if whole or "@" not in text else text.split(","):
        if each.strip().startswith("@"):
            parts.extend(_parts_of_file(inventory, each.strip()[1:]))
        else:
            parts.extend(_Pattern(inventory, each, None).parts())
    return _evaluate(parts)


def _parts_of_file(inventory: Inventory, name: str) -> list[_Part]:
    parts = [
        part
        for number, line in _lines(name)
        for part in _Pattern(inventory, line, Place(file=name, line=number)).parts()
    ]
    if not parts:
        raise InventoryError(
            "the file names no host", place=Place(file=name), next_step="Write one host or pattern a line."
        )
    return parts


def _lines(name: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(read_text(Path(name).expanduser(), shown=name).splitlines(), start=1):
        text = line.strip()
        if text and not text.startswith("#"):
            yield number, text


def _evaluate(parts: list[_Part]) -> set[str]:
    """Return the names of the hosts: first all unions, then the intersections, then what is taken away."""
    plain = [part.matched() for part in parts if part.text[0] not in "!&"]
    pattern = parts[0].pattern
    chosen = set().union(*plain) if plain else _Part(ALL, pattern).matched()
    for part in parts:
        if part.text.startswith("&"):
            chosen &= part.matched()
    for part in parts:
        if part.text.startswith("!"):
            chosen -= part.matched()
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


def _match(part: str, pattern: _Pattern) -> list[str]:
    """Return the hosts that one part names, without its `!` or `&`, in the order in which positions count them.

    Raises:
        InventoryError: it names no host and no group.
    """
    part = part.strip()
    if part.startswith("@"):
        raise pattern.error("'@file' stands only in --limit", "Name hosts or groups here.")
    if part.startswith("~"):
        found = _by_regex(part, pattern)
    else:
        found = _by_position(part, pattern)
        found = _by_name(part, pattern.inventory) if found is None else found
    if found is None:
        bracket = _BRACKET.fullmatch(part)
        if bracket and _by_name(bracket["base"], pattern.inventory) is not None:
            raise _no_position(part, bracket["base"], pattern)
        raise pattern.unmatched(part)
    return found


def _no_position(part: str, base: str, pattern: _Pattern) -> InventoryError:
    return pattern.error(f"{part!r} holds no position", f"Write {base}[0], {base}[-1], {base}[1:3] or {base}[1:].")


def _by_name(part: str, inventory: Inventory) -> list[str] | None:
    """Return the hosts of the group of that name, the host of that name, or what a glob matches; None for nothing."""
    if part in inventory.groups:
        return list(inventory.lined_up(part))
    if inventory.find(part) is not None:
        return [part]
    return _of_names([name for name in _names(inventory) if fnmatch.fnmatchcase(name, part)], inventory)


def _of_names(names: list[str], inventory: Inventory) -> list[str] | None:
    hosts: dict[str, None] = {}
    for name in names:
        hosts.update(dict.fromkeys(inventory.lined_up(name) if name in inventory.groups else (name,)))
    return list(hosts) if names else None


def _names(inventory: Inventory) -> Iterator[str]:
    yield from inventory.groups
    yield from (host.name for host in inventory.hosts)


def _by_regex(part: str, pattern: _Pattern) -> list[str] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python means to read in another way some day is refused today
            expression = re.compile(part[1:])
    except (re.error, FutureWarning, DeprecationWarning) as error:
        raise pattern.error(f"{part!r} is not a regular expression: {error}", "Correct the part after '~'.") from error
    return _of_names([name for name in _names(pattern.inventory) if expression.match(name)], pattern.inventory)


def _by_position(part: str, pattern: _Pattern) -> list[str] | None:
    """Return the hosts at a position, or from one to another with both; None when the part holds no position.

    What stands before the bracket comes first: `ex0[12]` is a glob only if nothing is called `ex0`.
    """
    subscript = _SUBSCRIPT.fullmatch(part)
    hosts = _by_name(subscript["base"], pattern.inventory) if subscript else None
    if subscript is None or hosts is None:
        return None
    base, first, to = subscript.group("base", "first", "to")
    if to and (to[0] == "-" or first.startswith("-")):
        raise _no_position(part, base, pattern)
    start = int(first)
    end = start + 1 if not to else int(to[1:]) + 1 if to[1:] else 0
    found = hosts[start : end or None]
    if not found:
        raise pattern.error(f"{part!r} is beyond the {len(hosts)} hosts of {base!r}", "Positions count from 0.")
    return found
