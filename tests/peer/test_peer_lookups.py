"""Lookups as Ansible has them: whatever is taken here has the value that it has there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ndrfix.place import Place
from ndrfix.playbook.scope import Scope
from tests.peer.conftest import Peer

pytestmark = pytest.mark.peer
ENVIRONMENT = {"NDRFIX_TEST_ONE": "first, of two", "NDRFIX_TEST_TWO": " two "}
LOOKUPS = (
    *("lookup('env', 'NDRFIX_TEST_ONE')", "lookup('ansible.builtin.env', 'NDRFIX_TEST_TWO')"),
    *("query('env', 'NDRFIX_TEST_ONE')", "q('ansible.builtin.env', 'NDRFIX_TEST_ONE', 'NDRFIX_TEST_TWO')"),
    *("lookup('env', 'NDRFIX_TEST_ONE', 'NDRFIX_TEST_TWO')", "lookup('env', 'NDRFIX_TEST_TWO', wantlist=true)"),
    *("lookup('env', 'NDRFIX_TEST_NO', default='x')", "q('env', 'NDRFIX_TEST_NO', default=5)"),
    *("lookup('file', here ~ 'note')", "lookup('ansible.builtin.file', here ~ 'note', here ~ 'note')"),
    *("query('ansible.builtin.file', here ~ 'note')", "q('file', here ~ 'note', here ~ 'blank')"),
)


def test_lookups_give_the_same(peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By their short names and by their full ones, of one term and of several, as a text and as a list."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "note").write_text("  a note \n\n", encoding="utf-8")
    (tmp_path / "blank").write_text("\n", encoding="utf-8")
    here = f"{tmp_path}/"
    expressions = ", ".join(text.replace("here ~ ", f"'{here}' ~ ") for text in LOOKUPS)
    said = peer.command(
        "ansible", "-i", "h,", "h", "-o", "-c", "local", "-m", "debug", "-a", f"msg={{{{ [{expressions}] }}}}"
    )
    theirs = json.loads(said.partition("=> ")[2])["msg"]
    scope = Scope(environment=ENVIRONMENT).child(runtime={"here": here})
    place = Place(file=str(tmp_path / "book.yml"))
    ours = [scope.render(f"{{{{ {text} }}}}", place) for text in LOOKUPS]
    assert list(zip(LOOKUPS, ours, strict=True)) == list(zip(LOOKUPS, theirs, strict=True))
