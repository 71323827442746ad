"""The content of a simulated registry value, from YAML."""

from __future__ import annotations

import re

from ndrfix.connections.rules import invalid_data
from ndrfix.errors import InputError, did_you_mean
from ndrfix.resources import RegistryData, RegistryType
from ndrfix.source import List, Map, Node, Scalar, kind

_NUMBERS = (RegistryType.DWORD, RegistryType.QWORD)
_BYTES = (RegistryType.BINARY, RegistryType.NONE)


def registry_data(node: Node) -> RegistryData:
    """Return what the registry holds: text is a string, a whole number a dword, a list a multistring, and
    `{type: …, data: …}` says the type.

    Raises:
        InputError: no such type, or the data does not fit it.
    """
    if isinstance(node, Map):
        data = _typed(node)
    elif isinstance(node, List):
        data = RegistryData(RegistryType.MULTISTRING, _texts(node))
    elif isinstance(node.value, str):
        data = RegistryData(RegistryType.STRING, node.value)
    elif isinstance(node.value, int) and not isinstance(node.value, bool):
        data = RegistryData(RegistryType.DWORD, node.value)
    else:
        hint = "Put a text in quotes, or write {type: …, data: …}."
        raise InputError(f"a registry value cannot be {kind(node)}", place=node.place, next_step=hint)
    problem = invalid_data(data)
    if problem:
        hint = "Write {type: qword, data: …} for a larger number." if data.type is RegistryType.DWORD else ""
        raise InputError(problem, place=node.place, next_step=hint)
    return data


def _typed(node: Map) -> RegistryData:
    for entry in node.entries:
        if entry.key.text not in ("type", "data"):
            guess = did_you_mean(entry.key.text, ("type", "data"))
            raise InputError(f"a registry value has no {entry.key.text!r}{guess}", place=entry.key.place)
    name, content = node.get("type"), node.get("data")
    if name is None or content is None:
        raise InputError("a registry value needs both type and data", place=node.place)
    known = [each.value for each in RegistryType]
    if not isinstance(name, Scalar) or name.value not in known:
        text = name.text if isinstance(name, Scalar) else kind(name)
        raise InputError(f"{text!r} is not one of {', '.join(known)}{did_you_mean(text, known)}", place=name.place)
    type_ = RegistryType(str(name.value))
    return RegistryData(type_, _content(type_, content))


def _content(type_: RegistryType, node: Node) -> str | int | bytes | tuple[str, ...]:
    if type_ in _BYTES:
        return _bytes(node)
    if type_ is RegistryType.MULTISTRING:
        if isinstance(node, List):
            return _texts(node)
        raise InputError(f"a list is needed for a multistring, not {kind(node)}", place=node.place)
    wanted = int if type_ in _NUMBERS else str
    if isinstance(node, Scalar) and isinstance(node.value, wanted) and not isinstance(node.value, bool):
        return node.value
    what = "a whole number" if wanted is int else "a text (in quotes)"
    raise InputError(f"{what} is needed for a {type_}, not {kind(node)}", place=node.place)


def _texts(node: List) -> tuple[str, ...]:
    for item in node.items:
        if not isinstance(item, Scalar) or not isinstance(item.value, str):
            raise InputError(f"a list of texts is needed, not {kind(item)} in it", place=item.place)
    return tuple(str(item.value) for item in node.items if isinstance(item, Scalar))


def _bytes(node: Node) -> bytes:
    if isinstance(node, List):
        numbers = [item.value if isinstance(item, Scalar) else None for item in node.items]
        if all(type(number) is int and 0 <= number <= 0xFF for number in numbers):
            return bytes(number for number in numbers if isinstance(number, int))
    elif isinstance(node, Scalar) and isinstance(node.value, str):
        digits = re.sub(r"[,\s]", "", node.value.lower().removeprefix("hex:"))
        if re.fullmatch(r"(?:[0-9a-f]{2})*", digits):
            return bytes.fromhex(digits)
    raise InputError("bytes are written as 'hex:00,01,ff' or as a list of numbers from 0 to 255", place=node.place)
