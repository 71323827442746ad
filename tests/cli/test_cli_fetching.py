"""Passwords from the keyring and from programs: when they are fetched, how often, and what is said when not."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from ndrfix.cli.connecting import Connector
from ndrfix.cli.fetching import Passwords
from ndrfix.connections.endpoint import Endpoint
from ndrfix.errors import InventoryError, UnreachableError
from ndrfix.inventory import ConnectionSettings, KeyringEntry
from ndrfix.place import Place
from ndrfix.secrets import Secret
from ndrfix.testing import Account, Scheme, WinRMEndpoint
from tests.cli.conftest import Folder

RIGHT = Secret(str(16**9))
PLACE = Place(file="hosts.yml")


def of(**values: object) -> ConnectionSettings:
    """The settings of a host with these variables."""
    return ConnectionSettings.of("mail01", values, dict.fromkeys(values, PLACE))


def printing(code: str) -> list[str]:
    """A password command: Python code."""
    return [sys.executable, "-c", code]


class Rings(dict[tuple[str, str], str]):
    """A keyring."""

    class KeyringError(Exception):
        """Its errors."""


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> Rings:
    """The system's keyring for the test; the service `locked` cannot be read."""
    rings = Rings()

    def get_password(service: str, user: str) -> str | None:
        if service == "locked":
            raise Rings.KeyringError("hunter2 is locked")
        return rings.get((service, user))

    for name, member in (("keyring", get_password), ("keyring.errors", Rings.KeyringError)):
        module = ModuleType(name)
        setattr(module, member.__name__, member)
        monkeypatch.setitem(sys.modules, name, module)
    return rings


@pytest.mark.parametrize(
    ("values", "entry"),
    [
        ({"ndrfix_password_keyring": "acme/svc"}, ("acme", "svc")),
        ({"ndrfix_password_keyring": "acme", "ansible_user": "ACME\\svc"}, ("acme", "ACME\\svc")),
        ({"ndrfix_password_keyring": "https://acme.example/svc"}, ("https://acme.example", "svc")),
    ],
)
def test_keyring_entries(values: dict[str, object], entry: tuple[str, str]) -> None:
    """An entry is a service and a user, which may be that of the connection."""
    assert of(**values).password_keyring == KeyringEntry(service=entry[0], user=entry[1])


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"ndrfix_password_keyring": "acme"}, "SERVICE/USER"),
        ({"ndrfix_password_keyring": "acme/"}, "SERVICE/USER"),
        ({"ndrfix_password_command": "pass show x"}, "must be a list of the program"),
        ({"ndrfix_password_command": []}, "must be a list of the program"),
        ({"ndrfix_password_command": ["pass", 5]}, "must hold texts"),
        ({"ndrfix_password_command": ["pass", ""]}, "must hold texts"),
        ({"ndrfix_password_command": ["pass", Secret("hunter2")]}, "holds a secret"),
        ({"ndrfix_password_command": ["x"], "ansible_password": "hunter2"}, "second password: ansible_password"),
        ({"ndrfix_password_command": ["x"], "ndrfix_password_keyring": "a/b"}, "second password: ndrfix_password_key"),
    ],
)
def test_sources_that_are_none(values: dict[str, object], says: str) -> None:
    """What names no source, or a second one, is an error at its place."""
    with pytest.raises(InventoryError, match=says) as caught:
        of(**values)
    assert caught.value.place == PLACE
    assert "hunter2" not in f"{caught.value} {caught.value.next_step}"


def test_an_empty_one_takes_away_what_a_group_gives() -> None:
    """So that a host may have another source than its group."""
    settings = of(ndrfix_password_command=["x"], ndrfix_password_keyring="", ansible_password="")
    assert settings.password_command == ("x",)


@pytest.mark.parametrize("printed", ["b'hunter2\\n'", "b'hunter2\\r\\nuser: x\\n'", "b'\\xef\\xbb\\xbfhunter2'"])
def test_the_first_line_is_the_password(printed: str) -> None:
    """What a password program prints below its first line is not looked at, as with `pass`."""
    learnt: list[Secret] = []
    command = printing(f"import sys; sys.stdout.buffer.write({printed})")
    assert Passwords(learnt.append)(of(ndrfix_password_command=command)) == Secret("hunter2")
    assert learnt == [Secret("hunter2")]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import sys; print('hunter2'); print('hunter2', file=sys.stderr); sys.exit(4)", "failed with exit code 4"),
        ("print()", "printed nothing in its first line"),
        ("import sys; sys.stdout.buffer.write(b'hunter2\\xff')", "not UTF-8"),
        ("import time; print('hunter2', flush=True); time.sleep(60)", "did not end within"),
        ("input()", "failed with exit code 1"),
    ],
)
def test_programs_that_give_none(code: str, says: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A program that fails, asks or hangs is told by its name; nothing that it printed is."""
    patience = 0.5 if "sleep" in code else 60.0
    with pytest.raises(UnreachableError, match=says) as caught:
        Passwords(lambda _: None, patience)(of(ndrfix_password_command=printing(code)))
    assert (caught.value.host, bool(caught.value.next_step)) == ("mail01", True)
    said = capfd.readouterr()
    assert "hunter2" not in f"{caught.value} {caught.value.next_step} {said.out} {said.err}"


@pytest.fixture
def typing() -> Iterator[None]:
    """Somebody has typed something that is not meant for a password program."""
    before = os.dup(0)
    reading, writing = os.pipe()
    os.write(writing, b"hunter2\n")
    os.dup2(reading, 0)
    yield
    os.dup2(before, 0)
    for handle in (before, reading, writing):
        os.close(handle)


@pytest.mark.usefixtures("typing")
def test_programs_cannot_read_what_is_typed() -> None:
    """The answer to a question of ndrfix is no password program's."""
    with pytest.raises(UnreachableError, match="failed with exit code 1"):
        Passwords(lambda _: None)(of(ndrfix_password_command=printing("print(input())")))


@pytest.mark.parametrize("program", ["no-such-program-here", "."])
def test_programs_that_are_none(program: str) -> None:
    """A mistyped program is told."""
    with pytest.raises(UnreachableError, match="cannot be run"):
        Passwords(lambda _: None)(of(ndrfix_password_command=[program]))


def test_each_source_is_asked_once(tmp_path: Path) -> None:
    """Hosts that share a source, at the same time too, ask once; a failure is not tried again."""
    log = tmp_path / "log"
    append = f"open({str(log)!r}, 'a').write('x')"
    passwords = Passwords(lambda _: None)
    good, bad = (of(ndrfix_password_command=printing(f"{append}; print({word})")) for word in ("'moss'", ""))
    threads = [threading.Thread(target=passwords, args=(good,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for _ in range(2):
        with pytest.raises(UnreachableError):
            passwords(bad)
    assert log.read_text() == "xx"


def test_the_keyring(rings: Rings) -> None:
    """What the keyring holds is the password; what it does not hold, or not give, is told without its words."""
    rings["acme", "svc"] = "hunter2"
    passwords = Passwords(lambda _: None)
    assert passwords(of(ndrfix_password_keyring="acme/svc")) == Secret("hunter2")
    for service, says in (("other", "does not hold the password of 'svc' at 'other'"), ("locked", "does not give")):
        with pytest.raises(UnreachableError, match=says) as caught:
            passwords(of(ndrfix_password_keyring=f"{service}/svc"))
        assert "hunter2" not in str(caught.value)


def test_without_the_package_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install is said."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(UnreachableError, match="needs the package keyring") as caught:
        Passwords(lambda _: None)(of(ndrfix_password_keyring="acme/svc"))
    assert caught.value.next_step == "pip install 'ndrfix[keyring]'"


def test_a_password_is_fetched_when_a_host_is_connected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not before; a simulated host needs none."""
    made: list[Endpoint] = []
    monkeypatch.setattr("ndrfix.connections.winrm.WinRM", lambda endpoint, *_, **__: made.append(endpoint))
    asked: list[str] = []

    def fetch(settings: ConnectionSettings) -> Secret:
        asked.append(settings.inventory_name)
        return Secret("moss")

    (tmp_path / "simulation.yml").write_text("sim: {computer: {name: SIM}}\n")
    hosts = {name: {"ndrfix_password_command": ["x"]} for name in ("mail01", "jump")}
    hosts["mail01"] |= {"ndrfix_via": "jump", "ansible_user": "u"}  # type: ignore[dict-item] # variables are of any type
    hosts["sim"] = {"ndrfix_password_command": ["x"], "ansible_connection": "simulated"}  # type: ignore[dict-item]
    settings = {name: ConnectionSettings.of(name, values, {}) for name, values in hosts.items()}
    connector = Connector(settings, tmp_path, passwords=fetch)
    connector.check()
    connector("sim").close()
    assert asked == []
    connector("mail01")
    assert sorted(asked) == ["jump", "mail01"]
    assert [each.password for each in made] == [Secret("moss")]


def test_a_program_gives_the_password_of_a_real_session(folder: Folder) -> None:
    """From the inventory to the log-on; a wrong password is refused without being said."""
    (folder.path / "host_vars").mkdir()
    with WinRMEndpoint(folder.hosts, schemes=[Scheme.NEGOTIATE], accounts={"ex01": Account("svc", RIGHT)}) as endpoint:
        folder.write("wire.yml", endpoint.inventory())
        for number, code in ((9, 0), (8, 4)):
            command = printing(f"print(16**{number})")
            folder.write("host_vars/ex01.yml", f"ansible_password: ''\nndrfix_password_command: {command!r}\n")
            ended = folder("plan book.yml -i wire.yml -l ex01")
            assert ended.code == code, ended.out + ended.err
            assert str(16**number) not in ended.out + ended.err


def test_what_is_typed_stands_in_for_an_empty_password_only(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """-k fills in where the inventory gives none, an empty one included; never for a host with a source of its own."""
    monkeypatch.setattr("click.prompt", lambda *_, **__: RIGHT.reveal())
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    (folder.path / "host_vars").mkdir()
    with WinRMEndpoint(folder.hosts, schemes=[Scheme.NEGOTIATE], accounts={"ex01": Account("svc", RIGHT)}) as endpoint:
        folder.write("wire.yml", endpoint.inventory())
        folder.write("host_vars/ex01.yml", "ansible_password: ''\n")
        assert folder("plan book.yml -i wire.yml -l ex01 -k").code == 0
        command = printing("print('wrong')")
        folder.write("host_vars/ex01.yml", f"ansible_password: ''\nndrfix_password_command: {command!r}\n")
        assert folder("plan book.yml -i wire.yml -l ex01 -k").code == 4
