"""The agent reads files, versions and paths that it works out itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ndrfix.connections.winrm import WinRM
from ndrfix.resources import (
    ABSENT,
    Change,
    File,
    FileState,
    FileVersion,
    FileVersionState,
    Located,
    RegistryData,
    RegistryKey,
    RegistryType,
    RegistryValue,
    Service,
    Unreadable,
)

pytestmark = pytest.mark.lab
Connect = Callable[..., WinRM]
IMC = Service("MSExchangeIMC")
ROOT = RegistryValue(RegistryKey.parse(rf"HKLM\SYSTEM\CurrentControlSet\Services\{IMC}\Parameters"), "RootDir")
PLACE = RegistryKey.parse(r"HKLM\SOFTWARE\ndrfix file tests")


@pytest.fixture
def connection(lab_connect: Connect) -> WinRM:
    return lab_connect()


@pytest.fixture(scope="module")
def drive(lab: dict[str, Any]) -> Path:
    return Path(lab["drive_c"])


def _read(connection: WinRM, resource: File | FileVersion) -> object:
    return connection.read([resource])[resource]


def test_a_file_is_read_with_size_time_and_attributes(connection: WinRM, drive: Path) -> None:
    """Odd characters in a name are literal; the time is UTC to the second."""
    import os

    path = drive / "ndrfix [1] ü'$x.txt"
    path.write_bytes(b"12345")
    os.utime(path, (1_078_000_000, 1_078_000_000))
    path.chmod(0o444)
    assert _read(connection, File(rf"C:\{path.name}")) == FileState(
        path=rf"C:\{path.name}", size=5, modified="2004-02-28T20:26:40Z", read_only=True
    )


def test_a_folder_is_told_from_a_file(connection: WinRM) -> None:
    """A folder has no size, and a slash at its end changes nothing."""
    for spelling in ("C:\\windows", "C:/windows/", "C:\\windows\\system32\\.."):
        state = _read(connection, File(spelling))
        assert isinstance(state, FileState)
        assert (state.path.casefold(), state.size, state.directory) == ("c:\\windows", 0, True)


def test_what_does_not_exist_is_absent(connection: WinRM) -> None:
    """A missing file, a missing folder on the way, and patterns."""
    for path in (r"C:\nope.txt", r"C:\nope\x\y.txt", r"C:\win*"):
        assert _read(connection, File(path)) in (ABSENT, Unreadable(reason=_reason(connection, path))), path
        assert not isinstance(_read(connection, File(path)), FileState)


def _reason(connection: WinRM, path: str) -> str:
    state = _read(connection, File(path))
    return state.reason if isinstance(state, Unreadable) else ""


def test_a_path_that_is_not_full_is_unreadable(connection: WinRM) -> None:
    """Nothing is looked up relative to the folder that PowerShell happens to be in."""
    for path in ("x.txt", "\\x.txt", "C:x.txt", ""):
        state = _read(connection, File(path))
        assert isinstance(state, Unreadable)
        assert "no full path" in state.reason


def test_a_version_is_its_four_numbers(connection: WinRM) -> None:
    """The program of a service is found by its name, and its version read as numbers."""
    state = _read(connection, FileVersion(Located(IMC)))
    assert isinstance(state, FileVersionState)
    assert state.version == "5.5.2658.10"
    assert state.path.casefold() == r"c:\exchsrvr\connect\msexcimc\bin\msexcimc.exe"
    neighbour = _read(connection, FileVersion(Located(IMC, r"\..\msexcimc.exe")))
    assert neighbour == state


def test_a_file_without_a_version_has_an_empty_one(connection: WinRM, drive: Path) -> None:
    """A text file has none; a folder is no program."""
    (drive / "plain.txt").write_bytes(b"x")
    state = _read(connection, FileVersion(r"C:\plain.txt"))
    assert isinstance(state, FileVersionState)
    assert (state.version, state.size) == ("", 1)
    assert isinstance(_read(connection, FileVersion(r"C:\windows")), Unreadable)
    assert _read(connection, FileVersion(r"C:\nope.dll")) == ABSENT


def test_a_path_is_worked_out_from_a_registry_value(connection: WinRM) -> None:
    """The value's content, then the tail; absent when the value is missing, unreadable when it is no text."""
    state = _read(connection, File(Located(ROOT, r"\out")))
    assert isinstance(state, FileState)
    assert (state.path, state.directory) == (r"C:\exchsrvr\imcdata\out", True)
    missing = Located(RegistryValue(ROOT.key, "Nope"), r"\out")
    assert _read(connection, File(missing)) == ABSENT
    assert _read(connection, File(Located(Service("Nobody"), ""))) == ABSENT
    number = Located(RegistryValue(ROOT.key, "RelayFlags"), r"\out")
    assert isinstance(_read(connection, File(number)), Unreadable)


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        (RegistryType.EXPANDSTRING, r"%SystemDrive%\windows" + "\\", True),
        (RegistryType.STRING, r"%SystemDrive%\windows", False),
        (RegistryType.STRING, r"C:\windows", True),
    ],
)
def test_only_expandable_texts_are_expanded(connection: WinRM, kind: RegistryType, text: str, found: bool) -> None:
    """A string is taken as it stands, as Windows programs take it."""
    value = RegistryValue(PLACE, f"{kind} {text}")
    change = Change(resource=value, before=ABSENT, after=RegistryData(kind, text))
    assert all(connection.apply([change], on_event=lambda _progress: None))
    state = _read(connection, File(Located(value, r"\system32")))
    assert isinstance(state, FileState) is found


@pytest.mark.parametrize(
    ("image", "program"),
    [
        (r'"C:\Program Files\a b\x.exe" -k "y z"', r"C:\Program Files\a b\x.exe"),
        (r"C:\Program Files\a b\x.EXE /service", r"C:\Program Files\a b\x.EXE"),
        (r"C:\x.exe.d\y.exe", r"C:\x.exe.d\y.exe"),
        (r"\??\C:\drivers\x.sys", r"C:\drivers\x.sys"),
        (r"\SystemRoot\system32\x.sys", r"C:\windows\system32\x.sys"),
        (r"system32\drivers\x.sys", r"C:\windows\system32\drivers\x.sys"),
        (r"%SystemRoot%\system32\svchost.exe -k netsvcs", r"C:\windows\system32\svchost.exe"),
        (r"C:\noext arg", r"C:\noext"),
    ],
)
def test_the_program_of_a_service_is_cut_out(lab_script: Callable[[str], list[str]], image: str, program: str) -> None:
    """Quotes, arguments, variables and the kernel's spellings are taken away."""
    from importlib.resources import files

    agent = files("ndrfix.connections").joinpath("agent.ps1").read_text(encoding="ascii")
    (path,) = lab_script(f"{agent}\nGet-NdrfixProgramPath '{image}'")
    assert path == program
