"""Texts on the wire: printable ASCII without the separators of `protocol.py`."""

from __future__ import annotations

import re


class WireError(ValueError):
    """An answer that does not follow the wire's rules."""


# Printable ASCII stands for itself but for the five separators and the backslash. `_x` begins an escape of PSRP's own.
_ESCAPED = re.compile(r"[^ !-)+-;=@-\[\]-{}~]|_(?=[xX])")
_ESCAPES = re.compile(r"\\(?:\\|u([0-9a-f]{4}))|\\")


def _escape_match(match: re.Match[str]) -> str:
    char = match[0]
    if char == "\\":
        return "\\\\"
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))


def escape(text: str) -> str:
    """The text in printable ASCII without separators; a backslash is doubled, the rest is UTF-16 units in hex."""
    return _ESCAPED.sub(_escape_match, text)


def _unescape_match(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    if match[0] == "\\":
        raise WireError("a backslash begins no escape")
    return "\\"


def unescape(text: str) -> str:
    """The text that was escaped; surrogate pairs become one character again, lone surrogates stay.

    Raises:
        WireError: a backslash that begins no escape.
    """
    if "\\" not in text:
        return text
    return _ESCAPES.sub(_unescape_match, text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
