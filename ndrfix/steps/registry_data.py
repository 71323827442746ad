"""Registry data as people write it in YAML, turned into typed data; and the arguments that name a registry value.

Nothing is guessed: a number where text is wanted is refused, since YAML has already turned `0x10` into 16 and `010`
into 8.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from pydantic import AliasChoices, Field, field_validator

from ndrfix.exchange.values import DocumentedValue, documented
from ndrfix.resources import RegistryData, RegistryKey, RegistryType, RegistryValue
from ndrfix.steps.base import Args

_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|0|[1-9][0-9]*", re.ASCII)
_HEX_BYTE = re.compile(r"(?:0[xX])?[0-9a-fA-F]{1,2}", re.ASCII)
_HEX_TEXT = re.compile(r"0[xX]([0-9a-fA-F]+)", re.ASCII)
_DEFAULT_NAMES = ("", "(default)")


class RegistryValueArgs(Args):
    """The arguments that name a registry value; `name` is kept empty for the unnamed value."""

    naming: ClassVar[str] = "name"

    path: str = Field(
        validation_alias=AliasChoices("path", "key"),
        description=r"The registry key: `HKLM\…`, `HKLM:\…` or `HKEY_LOCAL_MACHINE\…`. Only `\` separates.",
    )
    name: str = Field(
        "",
        validation_alias=AliasChoices("name", "entry", "value"),
        coerce_numbers_to_str=True,
        description="The name of the value, always text; `(default)` or empty means the unnamed value.",
    )

    @field_validator("path")
    @classmethod
    def _is_key(cls, value: str) -> str:
        return str(RegistryKey.parse(value))

    @field_validator("name", mode="before")
    @classmethod
    def _is_name(cls, value: object) -> object:
        misread = isinstance(value, bool | float)
        if misread:
            raise ValueError(f"{value!r} was read by YAML as something else than text: write the name in quotes")
        return "" if value is None else value

    @field_validator("name")
    @classmethod
    def _unnamed(cls, value: str) -> str:
        return "" if value.casefold() in _DEFAULT_NAMES else value

    @property
    def key(self) -> RegistryKey:
        """The key as a resource."""
        return RegistryKey.parse(self.path)

    @property
    def resource(self) -> RegistryValue:
        """The value as a resource."""
        return RegistryValue(self.key, self.name)

    @property
    def shown_name(self) -> str:
        """The name for people."""
        return self.name or "(default)"


def registry_data(kind: RegistryType, raw: object, known: DocumentedValue | None = None) -> RegistryData:
    """The data that a YAML value means for a type; for a value with documented names (`known`) also by such a name.

    Raises:
        ValueError: the value does not fit the type; the text says what to write instead.
    """
    if known and known.number and kind is known.type:
        raw = _by_name(raw, known.number)
    if raw is None:
        raise ValueError(f'no data for type {kind}: write "" for an empty text')
    return RegistryData(kind, _CONVERTERS[kind](raw, kind))


def _by_name(raw: object, number: Callable[[str], int]) -> object:
    if raw is False:
        raw = "off"  # YAML 1.1 reads a bare `off` as false
    if isinstance(raw, str) and not _NUMBER.fullmatch(raw.strip()) and raw.strip()[:1].isalpha():
        return number(raw.strip())
    return raw


def _text(raw: object, kind: RegistryType) -> str:
    text = raw if isinstance(raw, str) else None
    if text is None:
        raise ValueError(
            f"{raw!r} is {_kind(raw)}, but type {kind} needs text: write it in quotes, or give another type"
        )
    if "\0" in text:
        raise ValueError(f"type {kind} cannot hold a NUL character")
    return text


def _integer(raw: object, kind: RegistryType) -> int:
    bits = 64 if kind is RegistryType.QWORD else 32
    if isinstance(raw, str) and _NUMBER.fullmatch(raw.strip()):
        number = int(raw.strip(), 0)
    elif isinstance(raw, int) and not isinstance(raw, bool):
        number = raw
    else:
        raise ValueError(f"{raw!r} is not a number for type {kind}: write 256 or 0x100")
    if not 0 <= number < 2**bits:
        raise ValueError(f"{number} does not fit type {kind}: 0 to {2**bits - 1} (0x{2**bits - 1:X})")
    return number


def _bytes(raw: object, kind: RegistryType) -> bytes:
    if isinstance(raw, bytes):
        return raw
    if isinstance(raw, list | tuple):
        return bytes(_byte(item, kind) for item in raw)
    if isinstance(raw, str):
        return _bytes_of_text(raw.strip(), kind)
    # A number is refused, too: YAML has dropped the zeros of 0x0001, so how many bytes are meant cannot be told.
    raise ValueError(
        f'{raw!r} is {_kind(raw)}, type {kind} needs bytes: write hex:00,01, a list of bytes, or "0x0001" in quotes'
    )


def _bytes_of_text(text: str, kind: RegistryType) -> bytes:
    if text == "":
        return b""
    if match := _HEX_TEXT.fullmatch(text):
        digits = match[1]
        return bytes.fromhex("0" * (len(digits) % 2) + digits)
    if text.lower().startswith("hex:"):
        parts = [part for part in re.split(r"[\s,\\]+", text[4:]) if part]
        if all(_HEX_BYTE.fullmatch(part) for part in parts):
            return bytes(int(part, 16) for part in parts)
    raise ValueError(f'{text!r} is not data for type {kind}: write hex:00,01, "0x0001" in quotes or a list of bytes')


def _byte(raw: object, kind: RegistryType) -> int:
    if isinstance(raw, str) and _NUMBER.fullmatch(raw.strip()):
        raw = int(raw.strip(), 0)
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= 0xFF:
        raise ValueError(f"{raw!r} is not a byte for type {kind}: 0 to 255 (0xFF), or write hex:00,01")
    return raw


def _entries(raw: object, kind: RegistryType) -> tuple[str, ...]:
    items = raw if isinstance(raw, list | tuple) else [raw]
    entries = tuple(_text(item, kind) for item in items)
    if "" in entries:
        raise ValueError(f"type {kind} cannot hold an empty entry: it would end the list; write [] for an empty list")
    return entries


def _kind(raw: object) -> str:
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "a yes/no value"),
        (int, "a number"),
        (float, "a number"),
        (list, "a list"),
        (tuple, "a list"),
        (dict, "a mapping"),
        (bytes, "binary data"),
    )
    return next((name for type_, name in kinds if isinstance(raw, type_)), f"a {type(raw).__name__}")


_CONVERTERS: dict[RegistryType, Callable[[object, RegistryType], str | int | bytes | tuple[str, ...]]] = {
    RegistryType.NONE: _bytes,
    RegistryType.STRING: _text,
    RegistryType.EXPANDSTRING: _text,
    RegistryType.BINARY: _bytes,
    RegistryType.DWORD: _integer,
    RegistryType.QWORD: _integer,
    RegistryType.MULTISTRING: _entries,
}


def known_value(path: object, name: object) -> DocumentedValue | None:
    """What is known about the value that validated `path` and `name` arguments mean; None when one is not there."""
    if not isinstance(path, str) or not isinstance(name, str):
        return None
    return documented(RegistryValue(RegistryKey.parse(path), name))
