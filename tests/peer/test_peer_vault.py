"""ansible-vault itself: it opens what ndrfix encrypted, and ndrfix opens what it did, however it is told to."""

from __future__ import annotations

from pathlib import Path

import pytest

from ndrfix import cli
from ndrfix.nodes import Vaulted
from ndrfix.place import Place
from ndrfix.secrets import Secret
from ndrfix.vault import Envelope, Identity, Vault, seal
from tests.peer.conftest import Peer

pytestmark = pytest.mark.peer
HERE = Place(file="x")
TEXTS = ["hunter2", "pässwörd: 'x' #1\\n", "0123456789abcdef", " blank \n\n", "{{ no_template }}", "€" * 100]


def nobody(question: str) -> Secret:
    """Nobody is to be asked."""
    raise AssertionError(question)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two password files, entered."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("one", "opal-lantern-42\n"), ("two", "  copper meadow \n\n")):
        (tmp_path / name).write_text(text)
    client = tmp_path / "ask-client"
    client.write_text('#!/bin/sh\necho "for $2"\n')
    client.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize("source", ["one", "prod@one", "prod@two", "prod@ask-client"])
def test_ansible_vault_opens_what_ndrfix_encrypted(peer: Peer, desk: Path, text: str, source: str) -> None:
    """With the same source of the password, and the other way round."""
    at = source.rfind("@") + 1
    named = f"{source[:at]}{desk / source[at:]}"
    identity = Identity.of(named, nobody)
    path = desk / "ours.yml"
    path.write_text(seal(text.encode(), identity.password(), identity.label))
    assert peer.command("ansible-vault", "decrypt", str(path), "--output", "-", "--vault-id", named) == text
    theirs = desk / "theirs.yml"
    theirs.write_text(text, encoding="utf-8", newline="")
    peer.command("ansible-vault", "encrypt", str(theirs), "--vault-id", named)
    vault = Vault([identity], lambda _: None)
    sealed = theirs.read_text()
    assert vault(Vaulted(sealed), HERE).reveal() == text
    assert Envelope.parse(sealed, HERE).label == identity.label
    assert sealed.splitlines()[0] == path.read_text().splitlines()[0]
    assert len(sealed) == len(path.read_text())


@pytest.mark.parametrize(("new", "label"), [("--new-vault-password-file=two", ""), ("--new-vault-id=lab@two", "lab")])
def test_both_rekey_alike(peer: Peer, desk: Path, new: str, label: str) -> None:
    """The same command line gives a file with the same header, which the other opens."""
    option, _, file = new.partition("=")
    for name in ("ours.yml", "theirs.yml"):
        (desk / name).write_text(seal(b"a: 1\n", Secret("opal-lantern-42"), "prod"))
    assert cli.run(["vault", "rekey", "ours.yml", "--vault-id", "prod@one", option, file]) == 0
    full = f"{file[: file.rfind('@') + 1]}{desk / 'two'}"
    words = ["rekey", str(desk / "theirs.yml"), "--vault-id", f"prod@{desk / 'one'}", option, full]
    peer.command("ansible-vault", *words)
    ours, theirs = ((desk / name).read_text() for name in ("ours.yml", "theirs.yml"))
    assert (
        ours.splitlines()[0]
        == theirs.splitlines()[0]
        == f"$ANSIBLE_VAULT;{'1.2' if label else '1.1'};AES256" + (f";{label}" if label else "")
    )
    two = str(desk / "two")
    assert peer.command("ansible-vault", "view", str(desk / "ours.yml"), "--vault-password-file", two).strip() == "a: 1"
    assert Envelope.parse(theirs, HERE).open(Secret("copper meadow")) == b"a: 1\n"


def test_blocks_look_alike(peer: Peer, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`encrypt-string` prints what ansible-vault would, but for the salt."""
    one = str(desk / "one")
    theirs = peer.command("ansible-vault", "encrypt_string", "hunter2", "--name", "p", "--vault-password-file", one)
    assert cli.run(["vault", "encrypt-string", "hunter2", "--name", "p", "--vault-password-file", one]) == 0
    ours = capsys.readouterr().out
    assert ours.splitlines()[:2] == theirs.splitlines()[:2]
    assert [len(line) for line in ours.splitlines()] == [len(line) for line in theirs.splitlines()]
