"""`lookup('file', …)`: where a file is sought, what is taken of it, and what becomes of secrets."""

from pathlib import Path

import pytest

from ndrfix.errors import SealedError, TemplateError
from ndrfix.nodes import Vaulted
from ndrfix.place import Place
from ndrfix.playbook.scope import Scope, Variable
from ndrfix.secrets import Secret

SEALED = "$ANSIBLE_VAULT;1.1;AES256\n00\n"


def scope(**variables: Variable) -> Scope:
    return Scope.for_host("ex01", variables=variables, group_names=[], groups={}, extra={}, environment={})


def place(path: Path) -> Place:
    return Place(file=str(path), line=2, column=3)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("book.yml", "in files"),
        ("group_vars/acme/10.yml", "in files"),
        ("host_vars/ex01.yml", "in files"),
        ("deeper/inventory.yml", "deeper"),
    ],
)
def test_a_file_is_sought_beside_what_names_it(where: str, found: str, tmp_path: Path) -> None:
    """First in `files`, then beside it; from files of variables beside their folder; a path from / as it is."""
    for name, text in {"files/note.txt": "in files", "note.txt": "beside", "deeper/note.txt": "deeper"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{text}\r\n \n", encoding="utf-8")
    here = scope(note=Variable(value="{{ lookup('file', 'note.txt') }}", place=place(tmp_path / where)))
    assert here.resolve("note") == found
    for name in (
        "lookup('ansible.builtin.file', 'note.txt')",
        "query('file', 'note.txt')[0]",
        "q('file', 'note.txt')[0]",
    ):
        assert here.render(f"{{{{ {name} }}}}", place(tmp_path / where)) == found
    absolute = f"{{{{ lookup('file', '{tmp_path / 'note.txt'}') }}}}"
    assert here.render(absolute) == "beside"


def test_what_cannot_be_read_is_told_at_the_lookup(tmp_path: Path) -> None:
    """A missing file with all the places sought, one that is no text, one that is too long."""
    (tmp_path / "latin").write_bytes(b"\xe9")
    (tmp_path / "large").write_bytes(b"x" * 1_000_001)
    for name, says in {
        "none": "is not there",
        "latin": "not UTF-8",
        "large": "longer than 1,000,000 characters",
    }.items():
        with pytest.raises(TemplateError, match=says) as caught:
            scope().render(f"{{{{ lookup('file', '{name}') }}}}", place(tmp_path / "book.yml"))
        assert caught.value.place == place(tmp_path / "book.yml")
    with pytest.raises(TemplateError) as caught:
        scope().render("{{ lookup('file', 'none') }}", place(tmp_path / "book.yml"))
    assert caught.value.next_step == f"Sought: {tmp_path / 'files' / 'none'}, {tmp_path / 'none'}."


def test_an_encrypted_file_is_opened_and_secret(tmp_path: Path) -> None:
    """What was encrypted is a secret, also inside a longer text; without a password it is refused."""
    (tmp_path / "pw").write_text(SEALED, encoding="utf-8")
    here = place(tmp_path / "book.yml")
    asked: list[Place] = []

    def decrypt(_: Vaulted, where: Place) -> Secret:
        asked.append(where)
        return Secret("hunter2\n")

    opened = Scope(decrypt=decrypt)
    assert opened.render("{{ lookup('file', 'pw') }}", here) == Secret("hunter2")
    assert opened.render("is {{ lookup('file', 'pw') }}", here) == Secret("is hunter2")
    assert {each.file for each in asked} == {str(tmp_path / "pw")}
    with pytest.raises(SealedError, match="pw: the value is encrypted"):
        scope().render("{{ lookup('file', 'pw') }}", here)

    def refuse(_: Vaulted, where: Place) -> Secret:
        raise SealedError("no password opens it", place=where, next_step="Give another.")

    with pytest.raises(SealedError, match="pw: no password opens it") as caught:
        Scope(decrypt=refuse).render("{{ lookup('file', 'pw') }}", here)
    assert caught.value.next_step == "Give another."


def test_a_password_from_a_file_is_secret_and_no_error_tells_a_secret_name(tmp_path: Path) -> None:
    """A variable whose name says so hides what the file holds; a path made of a secret is not shown."""
    (tmp_path / "pw").write_text("hunter2\n", encoding="utf-8")
    here = place(tmp_path / "book.yml")
    known = scope(
        ansible_password=Variable(value="{{ lookup('file', 'pw') }}", place=here),
        a_token=Variable(value=Secret("hunter3"), place=here),
    )
    assert known.resolve("ansible_password") == Secret("hunter2")
    with pytest.raises(TemplateError) as caught:
        known.render("{{ lookup('file', a_token) }}", here)
    assert "hunter3" not in caught.value.what + caught.value.next_step
