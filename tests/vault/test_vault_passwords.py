"""Where vault passwords come from, and what opens with them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from ndrfix.errors import InputError
from ndrfix.nodes import Vaulted
from ndrfix.place import Place
from ndrfix.secrets import Secret
from ndrfix.vault import FileSource, Identity, PromptSource, ScriptSource, Vault, VaultOptions, identities_of, seal

HERE = Place(file="hosts.yml", line=7, column=24)


def no_one(question: str) -> Secret:
    """Nobody is to be asked."""
    raise AssertionError(f"asked: {question}")


def ignored(secret: Secret) -> None:
    """Learn nothing."""


def script(path: Path, body: str) -> Path:
    """A program in Python."""
    path.write_text(f"#!{sys.executable}\n{body}")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "written", [b"blue nine", b"blue nine\n", b"blue nine\r\n", b"\xef\xbb\xbfblue nine\n", b"  blue nine \n\n"]
)
def test_what_stands_around_a_password_is_no_part_of_it(tmp_path: Path, written: bytes) -> None:
    """Line ends, blanks around, and a byte order mark do not count; a blank inside does."""
    path = tmp_path / "pw"
    path.write_bytes(written)
    assert Identity.of(str(path), no_one).password().reveal() == "blue nine"


def test_password_that_is_no_text(tmp_path: Path) -> None:
    """Random bytes are a password, too."""
    path = tmp_path / "pw"
    path.write_bytes(b"\xff\x80key")
    password = Identity.of(f"lab@{path}", no_one).password()
    assert Vault([Identity.of(f"lab@{path}", no_one)], ignored)(Vaulted(seal(b"abc", password)), HERE).reveal() == "abc"


def test_identity_texts(tmp_path: Path) -> None:
    """`LABEL@SOURCE` is a question, a program or a file; without a label it is for `default`."""
    program = script(tmp_path / "pw.py", "print('x')")
    (tmp_path / "plain").write_text("x")
    kinds = {
        "prod@prompt": ("prod", PromptSource),
        "prompt": ("default", PromptSource),
        "@prompt": ("default", PromptSource),
        "a@plain": ("a", FileSource),
        "a@pw.py": ("a", ScriptSource),
        f"a@{program}": ("a", ScriptSource),
        "a@b@c": ("a", FileSource),
    }
    for text, (label, kind) in kinds.items():
        identity = Identity.of(text, no_one, folder=tmp_path)
        assert (identity.label, type(identity.source)) == (label, kind), text
    assert str(Identity.of("a@b@c", no_one, folder=tmp_path).source) == str(tmp_path / "b@c")
    for text in ("", "a@", "a;b@prompt"):
        with pytest.raises(InputError, match="LABEL@SOURCE"):
            Identity.of(text, no_one)


def test_scripts(tmp_path: Path) -> None:
    """A program's output is the password; one called `…-client` is told the label."""
    tell = "import sys; print(' '.join(['got', *sys.argv[1:]]))"
    plain = Identity.of(f"prod@{script(tmp_path / 'tell.py', tell)}", no_one)
    client = Identity.of(f"prod@{script(tmp_path / 'tell-client.py', tell)}", no_one)
    assert plain.password().reveal() == "got"
    assert client.password().reveal() == "got --vault-id prod"


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("pw.py", "import sys; print('hunter2'); sys.exit(3)", "exit code 3"),
        ("pw-client.py", "import sys; print('hunter2'); sys.exit(2)", "knows no password for 'lab'"),
        ("pw.py", "", "printed nothing"),
    ],
)
def test_scripts_that_fail(tmp_path: Path, name: str, body: str, says: str) -> None:
    """A program that fails is told by its exit code; what it printed is not."""
    with pytest.raises(InputError, match=says) as caught:
        Identity.of(f"lab@{script(tmp_path / name, body)}", no_one).password()
    assert "hunter2" not in str(caught.value)


def test_script_that_is_none(tmp_path: Path) -> None:
    """A password file with an executable bit is told as such, without its content."""
    path = tmp_path / "pw"
    path.write_text("hunter2\n")
    path.chmod(0o755)
    with pytest.raises(InputError, match="cannot be run") as caught:
        Identity.of(str(path), no_one).password()
    assert "chmod -x" in caught.value.next_step
    assert "hunter2" not in str(caught.value)


def test_script_that_does_not_end(tmp_path: Path) -> None:
    """A program that does not end is given up."""
    path = script(tmp_path / "pw.py", "import time; time.sleep(60)")
    with pytest.raises(InputError, match="did not end within"):
        ScriptSource(path, "lab", patience=0.05).password()


@pytest.mark.parametrize(
    ("written", "says"),
    [(b"", "is empty"), (b" \n", "is empty"), (b"$ANSIBLE_VAULT;1.1;AES256\n00\n", "is itself encrypted")],
)
def test_files_without_a_password(tmp_path: Path, written: bytes, says: str) -> None:
    """A file that cannot be a password is told."""
    path = tmp_path / "pw"
    path.write_bytes(written)
    with pytest.raises(InputError, match=says):
        Identity.of(str(path), no_one).password()


def test_a_password_file_of_several_lines_is_one_password(tmp_path: Path) -> None:
    """As in Ansible; it is said, since somebody may have meant several passwords."""
    path = tmp_path / "pw"
    path.write_text("prod one\nlab two\n")
    warned: list[str] = []
    assert Identity.of(str(path), no_one, warn=warned.append).password() == Secret("prod one\nlab two")
    assert len(warned) == 1
    assert "several lines" in warned[0]
    assert "one\n" not in warned[0]


def test_a_source_is_asked_once() -> None:
    """The user types a password once, and a question that was left without an answer is not repeated."""
    asked: list[str] = []

    def ask(question: str) -> Secret:
        asked.append(question)
        return Secret(" moss " if "lab" in question else "")

    lab, other = Identity.of("lab@prompt", ask), Identity.of("prompt", ask)
    assert [lab.password().reveal() for _ in range(3)] == ["moss"] * 3
    for _ in range(2):
        with pytest.raises(InputError, match="no vault password was typed"):
            other.password()
    assert asked == ["Vault password (lab)", "Vault password"]


def identities(passwords: dict[str, str]) -> Sequence[Identity]:
    """Identities by label."""
    secrets = {
        f"Vault password ({label})" if label != "default" else "Vault password": Secret(text)
        for label, text in passwords.items()
    }
    return [Identity.of(f"{label}@prompt", secrets.__getitem__) for label in passwords]


def test_a_vault_opens_once_and_tells_what_it_learns() -> None:
    """Password and value are known to the mask when the value is; the same text is opened once."""
    learnt: list[Secret] = []
    vault = Vault(identities({"default": "moss-11"}), learnt.append)
    value = Vaulted(seal(b"hunter2", Secret("moss-11")))
    assert vault(value, HERE) is vault(value, HERE)
    assert learnt == [Secret("moss-11"), Secret("hunter2")]


def test_of_a_whole_file_only_the_password_is_learnt() -> None:
    """A file's text is no secret as such: the mask would look for each of its lines."""
    learnt: list[Secret] = []
    vault = Vault(identities({"default": "moss-11"}), learnt.append)
    vault(Vaulted(seal(b"a: b", Secret("moss-11")), whole=True), HERE)
    assert learnt == [Secret("moss-11")]


def test_the_label_is_a_hint() -> None:
    """The password of the value's own label is tried first, the others after it, in their order."""
    asked: list[str] = []

    def ask(question: str) -> Secret:
        asked.append(question)
        return Secret("right" if "c" in question else "wrong")

    vault = Vault([Identity.of(f"{label}@prompt", ask) for label in ("(a)", "(b)", "(c)")], ignored)
    assert vault(Vaulted(seal(b"x", Secret("right"), "(b)")), HERE).reveal() == "x"
    assert asked == ["Vault password ((b))", "Vault password ((a))", "Vault password ((c))"]


@pytest.mark.parametrize(
    ("known", "label", "says"),
    [
        ({}, "default", "the value is encrypted, and no vault password was given"),
        ({}, "lab", "encrypted for the vault id 'lab', and no vault password was given"),
        ({"default": "other"}, "default", "wrong password, or the value was altered"),
        ({"lab": "other", "prod": "third"}, "lab", "no vault password given opens the value for the vault id 'lab'"),
        ({"prod": "other"}, "lab", "for the vault id 'lab', which has no password here"),
    ],
)
def test_what_does_not_open_is_told(known: dict[str, str], label: str, says: str) -> None:
    """Each reason is one sentence at the value's place, without password or value."""
    with pytest.raises(InputError, match=says) as caught:
        Vault(identities(known), ignored)(Vaulted(seal(b"hunter2", Secret("right"), label)), HERE)
    assert caught.value.place == HERE
    said = f"{caught.value} {caught.value.next_step}"
    assert caught.value.next_step
    assert not [word for word in ("hunter2", "right", "other", "third") if word in said.replace("no other one", "")]


def test_bytes_are_no_value() -> None:
    """What is not UTF-8 text cannot be a variable."""
    with pytest.raises(InputError, match="not UTF-8"):
        Vault(identities({"default": "p"}), ignored)(Vaulted(seal(b"\xff\xfe", Secret("p"))), HERE)


def configured(folder: Path, environment: dict[str, str], **options: object) -> list[tuple[str, str]]:
    """Label and source of each identity, files by their names."""
    warned: list[str] = []
    made = VaultOptions(**options)  # type: ignore[arg-type] # a test's shorthand
    found = identities_of(made, environment, no_one, warn=warned.append, folder=folder)
    shown = [(each.label, str(each.source).removeprefix(f"{folder}/")) for each in found]
    return [*shown, *(("warned", text) for text in warned)]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with password files and an empty home."""
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    for name in ("one", "two", "three", "four"):
        (tmp_path / name).write_text("x")
    tmp_path.chmod(0o755)
    return tmp_path


def test_order_of_identities(home: Path) -> None:
    """As in Ansible: the configured list, --vault-id, --vault-password-file, the configured file, the question."""
    (home / "ansible.cfg").write_text(
        "[defaults]\nvault_identity_list = a@one, b@two ; lab\nvault_password_file=$WHERE/four\nask_vault_pass=True\n"
    )
    found = configured(home, {"WHERE": "."}, ids=("c@prompt",), password_files=("three",))
    assert found == [
        ("a", "one"),
        ("b", "two"),
        ("c", "prompt"),
        ("default", "three"),
        ("default", "four"),
        ("default", "prompt"),
    ]


def test_environment_hides_configuration(home: Path) -> None:
    """`NDRFIX_…` hides `ANSIBLE_…`, which hides the file."""
    (home / "ansible.cfg").write_text("[defaults]\nvault_password_file = one\n")
    ansible = {"ANSIBLE_VAULT_PASSWORD_FILE": "two", "ANSIBLE_VAULT_IDENTITY_LIST": "a@one"}
    assert configured(home, ansible) == [("a", "one"), ("default", "two")]
    ours = {"NDRFIX_VAULT_PASSWORD_FILE": "three", "NDRFIX_VAULT_IDENTITY_LIST": "b@one,c@two"}
    assert configured(home, ansible | ours) == [("b", "one"), ("c", "two"), ("default", "three")]
    assert configured(home, {"ANSIBLE_VAULT_PASSWORD_FILE": ""}) == [("default", "one")]


def test_the_first_ansible_cfg_counts(home: Path) -> None:
    """ANSIBLE_CONFIG, the current folder, home: the first that is there is read, its paths start beside it."""
    (home / "home").mkdir()
    (home / "home/.ansible.cfg").write_text("[defaults]\nvault_password_file = one\n")
    assert configured(home, {}) == [("default", "home/one")]
    (home / "ansible.cfg").write_text("[galaxy]\nx = 1\n")
    assert configured(home, {}) == []
    (home / "named").mkdir()
    (home / "named/ansible.cfg").write_text("\ufeff[defaults]\nvault_password_file = ../two\n", encoding="utf-8")
    assert configured(home, {"ANSIBLE_CONFIG": "named"}) == [("default", "named/../two")]


def test_ansible_cfg_of_a_folder_that_all_may_write_to(home: Path) -> None:
    """Such a file is not read, and that is said: anybody could have put it there."""
    (home / "ansible.cfg").write_text("[defaults]\nvault_password_file = one\n")
    home.chmod(0o777)
    [(said, text)] = configured(home, {})
    assert said == "warned"
    assert "everybody may write" in text


def test_broken_ansible_cfg(home: Path) -> None:
    """A configuration that cannot be read is an error with its line; it may name the password."""
    (home / "ansible.cfg").write_text("[defaults]\nx = 1\nx = hunter2\n")
    with pytest.raises(InputError, match="configuration of Ansible") as caught:
        configured(home, {})
    assert caught.value.place == Place(file=str(home / "ansible.cfg"), line=3)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("options", [{"ids": ("a@nosuch",)}, {"password_files": ("nosuch",)}, {"ids": ("home",)}])
def test_password_files_of_the_command_line_exist(home: Path, options: dict[str, tuple[str, ...]]) -> None:
    """A mistyped name is told at once, whether anything is encrypted or not."""
    (home / "home").mkdir()
    with pytest.raises(InputError, match="vault password file"):
        configured(home, {}, **options)


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="shells make such pipes there")
def test_a_pipe_is_read_like_a_file() -> None:
    """As in `--vault-password-file <(pass show acme)`."""
    reading, writing = os.pipe()
    try:
        os.write(writing, b"blue nine\n")
        os.close(writing)
        options = VaultOptions(password_files=(f"/dev/fd/{reading}",))
        [identity] = identities_of(options, {"ANSIBLE_CONFIG": os.devnull}, no_one, warn=no_warning)
        assert identity.password().reveal() == "blue nine"
    finally:
        os.close(reading)


def no_warning(text: str) -> None:
    """Nothing is to be told."""
    raise AssertionError(text)
