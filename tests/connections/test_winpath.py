"""Paths as Windows takes them."""

from __future__ import annotations

import pytest

from ndrfix.connections.rules import RefusedError
from ndrfix.connections.winpath import expand, full, joined, program


@pytest.mark.parametrize(
    ("image_path", "expected"),
    [
        ("C:\\bin\\svc.exe", "C:\\bin\\svc.exe"),
        ("C:\\bin\\svc.exe -k /x", "C:\\bin\\svc.exe"),
        ('"C:\\Program Files\\svc.exe" -k "a b"', "C:\\Program Files\\svc.exe"),
        ("C:\\Program Files\\Exchange Server\\SVC.EXE -k a.exe", "C:\\Program Files\\Exchange Server\\SVC.EXE"),
        ("C:\\my.exe.d\\svc.exe -x", "C:\\my.exe.d\\svc.exe"),
        ("C:\\bin\\noext -x", "C:\\bin\\noext"),
        ("%SystemRoot%\\System32\\svc.exe", "C:\\WINNT\\System32\\svc.exe"),
        ("\\??\\C:\\bin\\svc.exe", "C:\\bin\\svc.exe"),
        ("\\SystemRoot\\System32\\drivers\\x.sys", "C:\\WINNT\\System32\\drivers\\x.sys"),
        ("System32\\DRIVERS\\x.sys", "C:\\WINNT\\System32\\DRIVERS\\x.sys"),
    ],
)
def test_program_of_an_image_path(image_path: str, expected: str) -> None:
    """The program is found without its quotes and arguments, in every spelling that services and drivers have."""
    assert program(image_path) == expected


def test_expand_leaves_the_unknown() -> None:
    """Known variables are replaced without regard to case, all else stays."""
    assert expand("%systemroot%\\%NOSUCH%\\100%") == "C:\\WINNT\\%NOSUCH%\\100%"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("C:\\a\\.\\b\\..\\c\\", "C:\\a\\c"),
        ("c:/a/b", "c:\\a\\b"),
        ("C:\\", "C:\\"),
        ("\\\\EX01\\C$\\a\\..\\b", "\\\\EX01\\C$\\b"),
    ],
)
def test_full_path(path: str, expected: str) -> None:
    """A path is brought to one form."""
    assert full(path) == expected


@pytest.mark.parametrize("path", ["", "a\\b", "C:a", "\\a", "%DATA%\\x"])
def test_path_that_is_not_full(path: str) -> None:
    """A path without a drive's root or a server is refused."""
    with pytest.raises(RefusedError, match="is not a full path"):
        full(path)


def test_joined_doubles_no_backslash() -> None:
    """What follows a path brings its own separator."""
    assert (joined("C:\\a\\", "\\b"), joined("C:\\a\\", "")) == ("C:\\a\\b", "C:\\a\\")
