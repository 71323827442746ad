"""What is sealed for a user: the key is theirs alone, made once, and without it nothing opens."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from ndrfix.cli.state import state_folder
from ndrfix.vault.safe import Safe

posix = pytest.mark.skipif(os.name != "posix", reason="needs rights of POSIX")


def nothing(text: str) -> None:
    """No warning is wanted."""
    raise AssertionError(text)


def test_what_is_sealed_opens_with_the_key(tmp_path: Path) -> None:
    """In another process, too; the text is nowhere to be seen, and no two seals are alike."""
    path = tmp_path / "deep" / "journal.key"
    first, second = Safe(path, nothing), Safe(path, nothing)
    sealed = first.seal("hunter2 ü")
    assert second.open(sealed) == "hunter2 ü"
    assert first.open(second.seal("x")) == "x"
    assert "hunter2" not in sealed
    assert first.seal("hunter2 ü") != sealed


def test_no_key_is_made_to_open(tmp_path: Path) -> None:
    """Without the key, with another one, or with damage: nothing, and no file is made."""
    sealed = Safe(tmp_path / "one", nothing).seal("x")
    assert Safe(tmp_path / "two", nothing).open(sealed) is None
    assert not (tmp_path / "two").exists()
    Safe(tmp_path / "two", nothing).seal("y")
    assert Safe(tmp_path / "two", nothing).open(sealed) is None
    assert Safe(tmp_path / "one", nothing).open(sealed[:-5] + "AAAA=") is None
    assert Safe(tmp_path / "one", nothing).open("ü") is None


@posix
def test_the_key_is_for_its_user_alone(tmp_path: Path) -> None:
    """Neither group nor others may read it, whatever the umask is."""
    before = os.umask(0)
    try:
        Safe(tmp_path / "state" / "key", nothing).seal("x")
    finally:
        os.umask(before)
    assert (tmp_path / "state" / "key").stat().st_mode & 0o077 == 0
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0


def test_many_agree_on_one_key(tmp_path: Path) -> None:
    """Runs that begin at the same time make one key."""
    safes = [Safe(tmp_path / "key", nothing) for _ in range(8)]
    sealed: list[str] = []
    threads = [threading.Thread(target=lambda each=each: sealed.append(each.seal("x"))) for each in safes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [safes[0].open(each) for each in sealed] == ["x"] * 8


@pytest.mark.parametrize("content", [b"", b"no key"])
def test_a_damaged_key_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    """What was sealed with it may still be wanted: it is told once, and nothing is sealed."""
    path = tmp_path / "key"
    path.write_bytes(content)
    warned: list[str] = []
    safe = Safe(path, warned.append)
    assert [safe.seal("x"), safe.seal("y")] == ["", ""]
    assert len(warned) == 1
    assert "it is damaged" in warned[0]
    assert path.read_bytes() == content


def test_where_no_key_can_be_kept(tmp_path: Path) -> None:
    """A folder that cannot be made is told once."""
    (tmp_path / "file").write_text("")
    warned: list[str] = []
    assert Safe(tmp_path / "file" / "key", warned.append).seal("x") == ""
    assert "cannot be used" in warned[0]


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({}, "/h/.local/state/ndrfix"),
        ({"XDG_STATE_HOME": "/s"}, "/s/ndrfix"),
        ({"XDG_STATE_HOME": "s"}, "/h/.local/state/ndrfix"),
        ({"XDG_STATE_HOME": "", "LOCALAPPDATA": "/l"}, "/l/ndrfix"),
    ],
)
@posix
def test_where_the_state_is(environment: dict[str, str], folder: str) -> None:
    """Where each system has it; what is no full path does not count."""
    assert state_folder(environment, Path("/h")) == Path(folder)
