"""A damaged journal is told once, and stops only what needs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Folder


@pytest.fixture
def journal(folder: Folder) -> Path:
    """The journal of an apply, with a line in the middle that is not JSON."""
    folder("apply book.yml -i inventory.yml --yes")
    [path] = Path("runs").glob("*/journal.jsonl")
    lines = path.read_text(encoding="utf-8").split("\n")
    lines.insert(len(lines) // 2, "{broken")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_other_work_goes_on_with_a_warning(folder: Folder, journal: Path) -> None:
    """It names the file, the line, and the hosts of which something may be owed; the plan and the apply are done."""
    line = journal.read_text(encoding="utf-8").split("\n").index("{broken") + 1
    for verb in ("plan book.yml", "apply book.yml --yes", "resume --plan"):
        ended = folder(f"{verb} -i inventory.yml")
        assert "PLAY RECAP" in ended.out, verb
        assert ended.err.count(f"{journal}:{line}:1: the journal cannot be understood") == 1, verb
        assert f"What run {journal.parent.name} left owed or half done on ex01, ex02 is not known" in ended.err


def test_a_journal_of_another_make_is_told_too(folder: Folder, journal: Path) -> None:
    """JSON that is no entry of ndrfix's is as bad as none, for whoever reads it."""
    text = journal.read_text(encoding="utf-8").replace("{broken", '{"event": "intent", "host": "ex01"}')
    journal.write_text(text, encoding="utf-8")
    ended = folder("plan book.yml -i inventory.yml")
    assert ended.code == 0
    assert ended.err.count("the journal cannot be understood") == 1


def test_what_needs_the_run_is_refused(folder: Folder, journal: Path) -> None:
    """Nobody can take back, or finish, what is not known."""
    for verb in ("undo", "resume"):
        refused = folder(f"{verb} {journal.parent.name} -i inventory.yml --plan")
        assert refused.code == 1
        assert "the journal cannot be understood" in refused.err


def test_another_run_is_taken_back(folder: Folder, journal: Path) -> None:
    """A run whose journal is whole is undone beside one whose journal is damaged."""
    text = journal.read_text(encoding="utf-8").replace("{broken\n", "")
    other = journal.parent.parent / "20200101-0000-book-0001"
    other.mkdir()
    (other / "journal.jsonl").write_text("{broken\n" + text, encoding="utf-8")
    journal.write_text(text, encoding="utf-8")
    ended = folder(f"undo {journal.parent.name} -i inventory.yml --yes")
    assert ended.code == 0
    assert "read back, verified" in ended.out
    assert "What run 20200101-0000-book-0001 left owed" in ended.err
