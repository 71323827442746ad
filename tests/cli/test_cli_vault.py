"""`ndrfix vault`: what it prints opens again, what it rewrites keeps its rights, and no password is said."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ndrfix.errors import ExitCode
from ndrfix.nodes import Map, Scalar
from ndrfix.place import Place
from ndrfix.secrets import Secret
from ndrfix.source import load_text
from ndrfix.vault import Envelope, seal
from tests.cli.conftest import Folder

OLD, NEW = Secret("opal-lantern-42"), Secret("copper-meadow-17")
ROOT = Path(__file__).parents[2]
HERE = Place(file="x")
posix = pytest.mark.skipif(os.name != "posix", reason="needs rights of POSIX")


@pytest.fixture
def desk(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A folder with two password files; no vault is configured."""
    monkeypatch.setenv("ANSIBLE_CONFIG", str(folder.path / "none"))
    folder.write("old", "opal-lantern-42\n")
    folder.write("new", "copper-meadow-17\n")
    return folder


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the user types, in turn; the list ends with the questions asked."""
    answers: list[str] = []
    questions: list[str] = []

    def answer(question: str, *, hide_input: bool, **_: object) -> str:
        assert hide_input
        questions.append(question)
        return answers.pop(0)

    monkeypatch.setattr("click.prompt", answer)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    return answers


def given(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """What comes on standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


def beside() -> list[str]:
    """The names in the current folder."""
    return sorted(path.name for path in Path().iterdir())


def value(text: str, name: str) -> Envelope:
    """The encrypted value of a variable in YAML."""
    root = load_text(text, "x.yml")
    assert isinstance(root, Map)
    node = root.get(name)
    assert isinstance(node, Scalar)
    return Envelope.parse(node.value.text, HERE)


def test_encrypt_from_standard_input(desk: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The block opens to exactly what came in; a line feed at the end is said."""
    given(monkeypatch, "pässwörd-1\n".encode())
    ended = desk("vault encrypt-string --stdin-name ansible_password --vault-password-file old")
    assert (ended.code, value(ended.out, "ansible_password").open(OLD)) == (0, "pässwörd-1\n".encode())
    assert "ends in a line feed" in ended.err
    assert "rd-1" not in ended.out + ended.err
    given(monkeypatch, b"x1")
    ended = desk("vault encrypt-string - --name p --vault-id prod@old")
    assert (value(ended.out, "p").label, value(ended.out, "p").open(OLD), ended.err) == ("prod", b"x1", "")


def test_encrypt_what_is_typed(desk: Folder, typed: list[str]) -> None:
    """Without a password in a file both are asked for, the password twice."""
    typed += ["opal-lantern-42", "opal-lantern-42", "hunter2-x"]
    ended = desk("vault encrypt-string -n p")
    assert (ended.code, ended.err) == (0, "")
    assert value(ended.out, "p").open(OLD) == b"hunter2-x"
    assert not typed
    typed += ["opal-lantern-42", "opal-lantern-43"]
    wrong = desk("vault encrypt-string -n p")
    assert (wrong.code, "are not the same" in wrong.err) == (1, True)


def test_a_text_on_the_command_line_is_warned_of(desk: Folder) -> None:
    """It works, as with ansible-vault, and is said to be seen by others."""
    ended = desk("vault encrypt-string hunter2-x -n p --vault-password-file old")
    assert value(ended.out, "p").open(OLD) == b"hunter2-x"
    assert "others can read the text" in ended.err
    assert "hunter2" not in ended.err


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("encrypt-string x --vault-id a@old --vault-id b@new", 5, "there are several vault passwords (a, b)"),
        ("encrypt-string x --vault-id a@old --encrypt-vault-id b", 5, "no password for the vault id 'b'"),
        ("encrypt-string x -n a-b --vault-password-file old", 5, "letters, digits and _"),
        ("encrypt-string x --stdin-name p --vault-password-file old", 5, "goes with neither"),
        ("encrypt-string --vault-password-file old", 5, "nobody can type the text"),
        ("encrypt-string x", 5, "nobody can type the new vault password"),
        ("encrypt-string --vault-password-file nosuch", 1, "nosuch does not exist"),
        ("view nosuch --vault-password-file old", 1, "nosuch:1:1"),
        ("view inventory.yml --vault-password-file old", 1, "not encrypted as a whole"),
        ("view old.yml --vault-password-file new", 1, "no vault password given opens the file"),
        ("view old.yml", 5, "nobody can type the vault password"),
        ("rekey old.yml --vault-password-file old --new-vault-id a@new --new-vault-password-file new", 5, "together"),
        ("rekey old.yml --vault-password-file old --new-vault-password-file nosuch", 1, "nosuch does not exist"),
        ("rekey old.yml inventory.yml --vault-password-file old --new-vault-password-file new", 1, "not encrypted"),
        ("rekey old.yml --vault-password-file new --new-vault-password-file new", 1, "no vault password given opens"),
        ("rekyy", 5, "rekyy"),
        ("", 5, "Missing command"),
        ("encrypt old.yml", 5, "`ansible-vault encrypt` can"),
        ("encrypt_string --vault-password-file old", 5, "nobody can type the text"),
    ],
)
def test_what_cannot_be_done_is_told(desk: Folder, line: str, code: int, says: str) -> None:
    """Every fault is one error, and no file is touched."""
    desk.write("old.yml", seal(b"a: hunter2-x\n", OLD))
    before = {path.name: path.read_bytes() for path in desk.path.iterdir()}
    ended = desk(f"vault {line}")
    assert (ended.code, ended.out) == (code, "")
    assert says in ended.err
    assert "hunter2" not in ended.err
    assert {path.name: path.read_bytes() for path in desk.path.iterdir()} == before


@pytest.mark.parametrize(("content", "says"), [(b"", "there is no text"), (b"\xff\xfe", "not UTF-8")])
def test_what_is_no_text_is_not_encrypted(
    desk: Folder, monkeypatch: pytest.MonkeyPatch, content: bytes, says: str
) -> None:
    """Nothing, and what could not be read as a variable."""
    given(monkeypatch, content)
    ended = desk("vault encrypt-string - --vault-password-file old")
    assert (ended.code, ended.out, says in ended.err) == (1, "", True)


def test_the_configured_label(desk: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """ANSIBLE_VAULT_ENCRYPT_IDENTITY chooses among several, --encrypt-vault-id before it."""
    monkeypatch.setenv("ANSIBLE_VAULT_ENCRYPT_IDENTITY", "b")
    monkeypatch.setenv("ANSIBLE_VAULT_IDENTITY_LIST", "a@old,b@new")
    assert value(desk("vault encrypt-string hunter2 -n p").out, "p").label == "b"
    assert value(desk("vault encrypt-string hunter2 -n p --encrypt-vault-id a").out, "p").label == "a"


def test_view_shows_what_was_encrypted(desk: Folder) -> None:
    """To the byte, in the order of the files; a password is shown, since it is asked for."""
    desk.write("a.yml", seal("p: hunter2-é".encode(), OLD))
    desk.write("b.bin", seal(b"\n\xff\x00", OLD, "lab").replace("\n", "\r\n"))
    command = [sys.executable, "-m", "ndrfix", "vault", "view", "a.yml", "b.bin", "--vault-password-file", "old"]
    done = subprocess.run(command, capture_output=True, timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == "p: hunter2-é".encode() + b"\n\xff\x00"


@posix
def test_rekey_keeps_what_a_file_is(desk: Folder) -> None:
    """Content, rights and links stay; only the password is another. No copy is left behind."""
    desk.write("a.yml", seal(b"a: 1\n", OLD))
    desk.write("b.yml", seal(b"\xff", OLD, "prod"))
    for name, mode in (("a.yml", 0o640), ("b.yml", 0o400)):
        Path(name).chmod(mode)
    Path("link.yml").symlink_to("b.yml")
    names = beside()
    ended = desk("vault rekey a.yml link.yml --vault-password-file old --new-vault-id lab@new")
    assert (ended.code, ended.out, ended.err) == (0, "", "rekeyed: a.yml\nrekeyed: link.yml\n")
    for name, content, mode in (("a.yml", b"a: 1\n", 0o640), ("b.yml", b"\xff", 0o400)):
        envelope = Envelope.parse(Path(name).read_text(), HERE)
        assert (envelope.label, envelope.open(NEW), envelope.open(OLD)) == ("lab", content, None)
        assert Path(name).stat().st_mode & 0o777 == mode
    assert Path("link.yml").is_symlink()
    assert beside() == names


def test_rekey_writes_no_label_unless_named(desk: Folder, typed: list[str]) -> None:
    """As ansible-vault does: without --new-vault-id the file is for no vault id; the password is asked for twice."""
    desk.write("a.yml", seal(b"a: 1\n", OLD, "prod"))
    typed += ["copper-meadow-17"] * 2
    assert desk("vault rekey a.yml --vault-id prod@old").code == 0
    envelope = Envelope.parse(Path("a.yml").read_text(), HERE)
    assert (envelope.label, envelope.open(NEW)) == ("default", b"a: 1\n")


@posix
def test_a_file_that_cannot_be_replaced_stays(desk: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk leaves the file as it was, and nothing beside it."""
    desk.write("a.yml", seal(b"a: 1\n", OLD))
    before = Path("a.yml").read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    names = beside()
    ended = desk("vault rekey a.yml --vault-password-file old --new-vault-password-file new")
    assert (ended.code, "No space left" in ended.err) == (ExitCode.WRONG_INPUT, True)
    assert (Path("a.yml").read_bytes(), beside()) == (before, names)


def test_vault_passwords_of_ndrfix_cfg(desk: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ndrfix.cfg says of vault passwords holds for encrypting as well."""
    desk.write("ndrfix.cfg", "[defaults]\nvault_identity_list = a@old, b@new\nvault_encrypt_identity = b\n")
    monkeypatch.setenv("NDRFIX_CONFIG", "ndrfix.cfg")
    envelope = value(desk("vault encrypt-string hunter2 -n p").out, "p")
    assert (envelope.label, envelope.open(NEW)) == ("b", b"hunter2")
