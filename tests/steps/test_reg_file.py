"""Registry backups: what regedit would import is what was read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from ndrfix.resources import Hive, RegistryData, RegistryKey, RegistryType, TreeKey, TreeState
from ndrfix.steps.reg_file import RegFormat, reg_file

KEY = RegistryKey(Hive.HKLM, r"SOFTWARE\Some Key")
TOP = r"HKEY_LOCAL_MACHINE\SOFTWARE\Some Key"
HEX_TYPES = {
    "hex(0)": RegistryType.NONE,
    "hex(1)": RegistryType.STRING,
    "hex(2)": RegistryType.EXPANDSTRING,
    "hex": RegistryType.BINARY,
    "hex(7)": RegistryType.MULTISTRING,
    "hex(b)": RegistryType.QWORD,
}
VALUE = re.compile(r'(@|"(?:\\.|[^"\\])*")=(.*)')


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _joined(lines: list[str]) -> Iterator[str]:
    """The lines with folded ones put together, as regedit reads them."""
    held = ""
    for line in lines:
        held += line.lstrip(" ") if held else line
        if held.endswith("\\") and "=hex" in held:
            held = held[:-1]
            continue
        yield held
        held = ""


def _of_bytes(kind: RegistryType, raw: bytes, encoding: str) -> RegistryData:
    if kind in (RegistryType.NONE, RegistryType.BINARY):
        return RegistryData(kind, raw)
    if kind is RegistryType.QWORD:
        assert len(raw) == 8
        return RegistryData(kind, int.from_bytes(raw, "little"))
    text = raw.decode(encoding, "surrogatepass" if encoding == "utf-16-le" else "strict")
    assert text.endswith("\0")
    text = text[:-1]
    if kind is RegistryType.MULTISTRING:
        assert text == "" or text.endswith("\0")
        return RegistryData(kind, tuple(text.split("\0")[:-1]))
    return RegistryData(kind, text)


def _data(text: str, encoding: str) -> RegistryData:
    if text.startswith('"'):
        return RegistryData(RegistryType.STRING, _unquoted(text))
    prefix, _, rest = text.partition(":")
    if prefix == "dword":
        assert re.fullmatch("[0-9a-f]{8}", rest)
        return RegistryData(RegistryType.DWORD, int(rest, 16))
    return _of_bytes(HEX_TYPES[prefix], bytes(int(part, 16) for part in rest.split(",") if part), encoding)


def _import(content: bytes, encoding: str) -> TreeState:
    """What regedit makes of a `.reg` file."""
    if encoding == "utf-16-le":
        assert content[:2] == b"\xff\xfe"
        text = content[2:].decode(encoding, "surrogatepass")
    else:
        text = content.decode(encoding)
    assert "\n" not in text.replace("\r\n", "")
    header, blank, *lines = text.split("\r\n")
    assert header in ("Windows Registry Editor Version 5.00", "REGEDIT4")
    assert blank == ""
    keys: list[tuple[str, list[tuple[str, RegistryData]]]] = []
    for line in _joined(lines):
        if line.startswith(";"):
            continue
        if line.startswith("[" + TOP):
            keys.append((line[len(TOP) + 1 : -1].removeprefix("\\"), []))
        elif line:
            match = VALUE.fullmatch(line)
            assert match, line
            name = "" if match[1] == "@" else _unquoted(match[1])
            keys[-1][1].append((name, _data(match[2], encoding)))
    return TreeState(keys=tuple(TreeKey(path=path, values=tuple(values)) for path, values in keys))


def _trees(wide: bool) -> st.SearchStrategy[TreeState]:
    """Trees of every type; characters of the ANSI code page only when not wide."""
    codec = None if wide else "cp1252"
    contents = st.characters(codec=codec, exclude_characters="\0", exclude_categories=())
    names = st.characters(codec=codec, exclude_characters="\0\r\n\\", exclude_categories=("Cs", "Cc", "Zl", "Zp"))
    value_names = st.characters(codec=codec, exclude_characters="\0\r\n", exclude_categories=("Cs", "Cc", "Zl", "Zp"))
    data = st.one_of(
        st.builds(RegistryData, st.just(RegistryType.STRING), st.text(contents)),
        st.builds(RegistryData, st.just(RegistryType.EXPANDSTRING), st.text(contents)),
        st.builds(RegistryData, st.just(RegistryType.DWORD), st.integers(0, 2**32 - 1)),
        st.builds(RegistryData, st.just(RegistryType.QWORD), st.integers(0, 2**64 - 1)),
        st.builds(RegistryData, st.sampled_from([RegistryType.BINARY, RegistryType.NONE]), st.binary(max_size=120)),
        st.builds(
            RegistryData,
            st.just(RegistryType.MULTISTRING),
            st.lists(st.text(contents, min_size=1), max_size=4).map(tuple),
        ),
    )
    values = st.lists(st.tuples(st.text(value_names), data), max_size=4, unique_by=lambda pair: pair[0])
    keys = st.builds(
        TreeKey,
        path=st.lists(st.text(names, min_size=1), max_size=3).map("\\".join),
        values=values.map(tuple),
    )
    return st.builds(TreeState, keys=st.lists(keys, max_size=4).map(tuple))


@given(_trees(wide=True))
def test_version_5_comes_back_as_it_was(tree: TreeState) -> None:
    """A 5.00 file holds every key, name, type and content exactly."""
    assert _import(reg_file(KEY, tree, form=RegFormat.VERSION_5), "utf-16-le") == tree


@given(_trees(wide=False))
def test_regedit4_comes_back_as_it_was(tree: TreeState) -> None:
    """A REGEDIT4 file holds the same for all text of the code page."""
    assert _import(reg_file(KEY, tree, form=RegFormat.REGEDIT4), "cp1252") == tree


@given(_trees(wide=False), st.lists(st.text(max_size=20), max_size=3), st.sampled_from(RegFormat))
def test_comments_change_nothing_that_is_imported(tree: TreeState, about: list[str], form: RegFormat) -> None:
    """Whatever a client is called, its name ends no line and is no value; the file begins as regedit wants it."""
    encoding = "utf-16-le" if form is RegFormat.VERSION_5 else "cp1252"
    content = reg_file(KEY, tree, form=form, about=about)
    assert _import(content, encoding) == tree
    lines = content.decode(encoding, "surrogatepass").removeprefix("\ufeff").split("\r\n")
    assert sum(line.startswith("; ") for line in lines) == len(about)


@given(st.binary(max_size=400), st.integers(1, 30))
def test_lines_are_folded_at_80_columns(raw: bytes, length: int) -> None:
    """No line of bytes is longer than 80 columns, and every folded one but the last ends in a comma and a backslash."""
    data = RegistryData(RegistryType.BINARY, raw)
    tree = TreeState(keys=(TreeKey(path="", values=(("n" * length, data),)),))
    lines = reg_file(KEY, tree, form=RegFormat.REGEDIT4).decode("cp1252").split("\r\n")
    (start,) = (index for index, line in enumerate(lines) if line.startswith('"n'))
    folded = lines[start:-2]
    assert all(len(line) <= 80 for line in folded)
    assert all(line.endswith(",\\") for line in folded[:-1])
    assert all(line.startswith("  ") for line in folded[1:])


def test_a_small_file_is_written_as_regedit_writes_it() -> None:
    """The file looks as regedit's own export does, to the character."""
    values = (
        ("", RegistryData(RegistryType.STRING, "unnamed")),
        ("RootDir", RegistryData(RegistryType.STRING, 'C:\\imc "data"')),
        ("SuppressNDROptions", RegistryData(RegistryType.DWORD, 0x100)),
        ("Path", RegistryData(RegistryType.EXPANDSTRING, "%A%")),
        ("List", RegistryData(RegistryType.MULTISTRING, ("a", "b"))),
        ("Big", RegistryData(RegistryType.QWORD, 1)),
        ("None", RegistryData(RegistryType.NONE, b"")),
        ("Lines", RegistryData(RegistryType.STRING, "a\n")),
    )
    tree = TreeState(keys=(TreeKey(path="", values=values), TreeKey(path="Sub\\Key")))
    assert reg_file(KEY, tree, form=RegFormat.VERSION_5).decode("utf-16").split("\r\n") == [
        "Windows Registry Editor Version 5.00",
        "",
        r"[HKEY_LOCAL_MACHINE\SOFTWARE\Some Key]",
        '@="unnamed"',
        r'"RootDir"="C:\\imc \"data\""',
        '"SuppressNDROptions"=dword:00000100',
        '"Path"=hex(2):25,00,41,00,25,00,00,00',
        '"List"=hex(7):61,00,00,00,62,00,00,00,00,00',
        '"Big"=hex(b):01,00,00,00,00,00,00,00',
        '"None"=hex(0):',
        '"Lines"=hex(1):61,00,0a,00,00,00',
        "",
        r"[HKEY_LOCAL_MACHINE\SOFTWARE\Some Key\Sub\Key]",
        "",
        "",
    ]


def test_regedit4_holds_text_in_the_ansi_code_page() -> None:
    """In REGEDIT4 texts and lists are single bytes of the host's code page."""
    tree = TreeState(
        keys=(
            TreeKey(
                path="",
                values=(
                    ("Umlaut", RegistryData(RegistryType.STRING, "ä")),
                    ("List", RegistryData(RegistryType.MULTISTRING, ("ä",))),
                ),
            ),
        )
    )
    content = reg_file(KEY, tree, form=RegFormat.REGEDIT4)
    assert content.startswith(b"REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\")
    assert b'"Umlaut"="\xe4"\r\n"List"=hex(7):e4,00,00\r\n' in content
