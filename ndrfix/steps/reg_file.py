"""The text of a `.reg` file that regedit imports, from what was read of a registry tree.

Version 5.00 is UTF-16LE with a byte order mark (Windows 2000 and later); REGEDIT4 is text in the ANSI code page, the
only form that NT 4.0 imports. Lines end in CR LF and hexadecimal data are folded at 80 columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from ndrfix.resources import Hive, RegistryData, RegistryKey, RegistryType, TreeState

_COLUMNS = 80
_HIVES = {
    Hive.HKLM: "HKEY_LOCAL_MACHINE",
    Hive.HKCR: "HKEY_CLASSES_ROOT",
    Hive.HKCU: "HKEY_CURRENT_USER",
    Hive.HKU: "HKEY_USERS",
    Hive.HKCC: "HKEY_CURRENT_CONFIG",
}
_HEX_PREFIX = {
    RegistryType.NONE: "hex(0):",
    RegistryType.STRING: "hex(1):",
    RegistryType.EXPANDSTRING: "hex(2):",
    RegistryType.BINARY: "hex:",
    RegistryType.MULTISTRING: "hex(7):",
    RegistryType.QWORD: "hex(b):",
}


class RegFormat(StrEnum):
    """The two forms of `.reg` files, by what stands in their first line."""

    VERSION_5 = "5.00"
    REGEDIT4 = "REGEDIT4"


_HEADERS = {RegFormat.VERSION_5: "Windows Registry Editor Version 5.00", RegFormat.REGEDIT4: "REGEDIT4"}


def reg_file(
    key: RegistryKey, tree: TreeState, *, form: RegFormat, code_page: str = "cp1252", about: Sequence[str] = ()
) -> bytes:
    """The file's content. `code_page` is the ANSI code page of the host, used for REGEDIT4 only; the lines `about` it
    are comments, which regedit skips.

    Raises:
        ValueError: a name or text has a character that REGEDIT4 cannot hold in that code page.
    """
    wide = form is RegFormat.VERSION_5
    encoding = "utf-16-le" if wide else code_page
    comments = [f"; {_printable(line, encoding)}" for line in about]
    lines = [_HEADERS[form], "", *comments, *([""] if comments else []), *_key_lines(key, tree, encoding), ""]
    text = "\r\n".join(lines)
    try:
        return b"\xff\xfe" + text.encode(encoding, "surrogatepass") if wide else text.encode(encoding)
    except UnicodeEncodeError as error:
        raise ValueError(f"{error.object[error.start : error.end]!r} does not exist in {code_page}") from error


def _printable(line: str, encoding: str) -> str:
    """A line of a comment: what would end it, or has no place in the code page, as a question mark."""
    line = "".join(char if char.isprintable() else "?" for char in line)
    return line.encode(encoding, "replace").decode(encoding)


def _key_lines(key: RegistryKey, tree: TreeState, encoding: str) -> Iterator[str]:
    top = f"{_HIVES[key.hive]}\\{key.path}"
    for each in tree.keys:
        yield f"[{top}\\{each.path}]" if each.path else f"[{top}]"
        for name, data in each.values:
            yield from _value_lines(name, data, encoding)
        yield ""


def _value_lines(name: str, data: RegistryData, encoding: str) -> list[str]:
    start = f"{_quoted(name)}=" if name else "@="
    if data.type is RegistryType.DWORD and isinstance(data.data, int):
        return [f"{start}dword:{data.data:08x}"]
    if data.type is RegistryType.STRING and isinstance(data.data, str) and _is_plain(data.data):
        return [start + _quoted(data.data)]
    return _folded(start + _HEX_PREFIX[data.type], _raw(data, encoding))


def _is_plain(text: str) -> bool:
    """True when a text survives between quotes; one with control characters is written as bytes instead."""
    return all(char >= " " and not "\ud800" <= char <= "\udfff" for char in text)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _raw(data: RegistryData, encoding: str) -> bytes:
    content = data.data
    if isinstance(content, bytes):
        return content
    if isinstance(content, int):
        return content.to_bytes(8, "little")
    text = content + "\0" if isinstance(content, str) else "".join(entry + "\0" for entry in content) + "\0"
    if encoding == "utf-16-le":
        return text.encode(encoding, "surrogatepass")
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        raise ValueError(f"{error.object[error.start : error.end]!r} does not exist in {encoding}") from error


def _folded(start: str, raw: bytes) -> list[str]:
    r"""The bytes behind a start, folded so that no line but an overlong start passes 80 columns, `,\` at its end."""
    lines, line = [], start
    for position, byte in enumerate(raw):
        piece = f"{byte:02x}" + ("," if position + 1 < len(raw) else "")
        if len(line) + len(piece) + 1 > _COLUMNS and line != start:
            lines.append(line + "\\")
            line = "  "
        line += piece
    return [*lines, line]
