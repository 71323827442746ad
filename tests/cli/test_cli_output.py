"""Outputs that take no more: a pipe without a reader, a full disk, a closed stream, with real processes."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ndrfix.errors import ExitCode
from tests.cli.conftest import BOOK, HOSTS, INVENTORY, Folder

ROOT = Path(__file__).parents[2]
posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with an inventory, hosts and a playbook."""
    for name, text in (("hosts.yml", HOSTS), ("inventory.yml", INVENTORY), ("book.yml", BOOK)):
        (tmp_path / name).write_text(text)
    return tmp_path


def shell(place: Path, line: str) -> subprocess.CompletedProcess[str]:
    """The line in bash; `ndrfix` runs this source tree, and `code` holds its exit code."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHON": sys.executable}
    setup = 'ndrfix() { "$PYTHON" -m ndrfix "$@"; }; set -o pipefail;'
    command = ["bash", "-c", f"{setup} {line}; echo code=$? >&2"]
    # Python ignores SIGPIPE and hands that down; a user's shell does not.
    return subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, timeout=60, restore_signals=True
    )


@posix
@pytest.mark.parametrize(
    "arguments", ["--help", "plan --help", "steps", "steps set_registry", "plan book.yml -i inventory.yml"]
)
@pytest.mark.parametrize("reader", ["true", "head -c 1 >/dev/null"])
def test_a_reader_that_goes_away_is_no_error(place: Path, arguments: str, reader: str) -> None:
    """`| true` and `| head` end quietly with the code of the run itself."""
    assert signal.getsignal(signal.SIGPIPE) is not signal.SIG_DFL
    done = shell(place, f"ndrfix {arguments} | (sleep 0; {reader})")
    assert done.stderr == "code=0\n"


@posix
def test_without_a_reader_the_code_is_that_of_the_run(place: Path) -> None:
    """Pending changes are told by 10 also when the report was not read."""
    assert shell(place, "ndrfix plan book.yml -i inventory.yml --detailed-exitcode | true").stderr == "code=10\n"


@posix
def test_nothing_is_applied_that_nobody_reads(place: Path) -> None:
    """When the plan finds no reader, nothing is applied, and that is said."""
    done = shell(place, "ndrfix apply book.yml -i inventory.yml --yes | true")
    assert "Not applied: nobody reads the plan" in done.stderr
    assert done.stderr.endswith("code=99\n")
    assert not (place / "runs").exists()


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", ["--help", "plan --help", "steps", "plan book.yml -i inventory.yml"])
def test_a_full_disk_is_said_in_one_sentence(place: Path, arguments: str) -> None:
    """No bug is reported, and the code is not 0."""
    done = shell(place, f"ndrfix {arguments} >/dev/full")
    assert done.stderr == f"error: standard output cannot be written: {os.strerror(errno.ENOSPC)}\ncode=1\n"


@posix
def test_a_full_disk_stops_before_the_act(place: Path) -> None:
    """A plan that could not be shown is not applied."""
    done = shell(place, "ndrfix apply book.yml -i inventory.yml --yes >/dev/full")
    assert "Nothing was applied, since the plan could not be shown." in done.stderr
    assert not (place / "runs").exists()


@posix
def test_closed_streams(place: Path) -> None:
    """A closed standard output is wrong usage; a closed standard error takes nothing, and nothing fails for it."""
    done = shell(place, "ndrfix plan book.yml -i inventory.yml >&-")
    assert done.stderr.startswith("error: standard output is closed\n")
    assert done.stderr.endswith("code=5\n")
    closed = shell(place, "ndrfix plan book.yml -i inventory.yml 2>&-")
    assert (closed.stderr, "Mode  dword" in closed.stdout) == ("code=0\n", True)


def test_the_result_of_an_apply_outlives_its_output(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that cannot be printed after the act costs neither the files nor the exit code."""
    from ndrfix.cli import job

    printed: list[str] = []

    def once(text: str) -> None:
        from ndrfix.errors import OutputError

        printed.append(text)
        if len(printed) > 1:
            raise OutputError("standard output cannot be written: no space")

    monkeypatch.setattr(job, "say_masked", once)
    ended = folder("apply book.yml -i inventory.yml --yes --json run.json --detailed-exitcode")
    assert ended.code == ExitCode.CHANGES
    assert ended.err == "error: standard output cannot be written: no space\n"
    assert Path("run.json").read_text() == next(Path("runs").glob("*/run.json")).read_text()


def test_json_is_tried_before_anything_is_changed(folder: Folder) -> None:
    """A file that cannot be written is found before the act."""
    ended = folder("apply book.yml -i inventory.yml --yes --json nowhere/run.json")
    assert ended.code == ExitCode.WRONG_INPUT
    assert "cannot write nowhere/run.json" in ended.err
    assert folder.hosts.host("ex01").writes == ()


def test_trying_json_leaves_an_old_file_and_no_new_one(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the end the old result stays; where there was none, none is left by a run that fails."""
    from ndrfix.engine.run import Run

    folder.write("old.json", "old")
    monkeypatch.setattr(Run, "plan", lambda *_: 1 / 0)
    for name in ("old.json", "new.json"):
        assert folder(f"plan book.yml -i inventory.yml --json {name}").code == ExitCode.BUG
    assert Path("old.json").read_text() == "old"
    assert not Path("new.json").exists()


def test_a_failing_write_does_not_hide_the_run(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report is shown first; the failure is said; the run's own code stays unless it is 0."""
    from ndrfix.cli import job
    from ndrfix.errors import OutputError

    def full(*_: object) -> None:
        raise OutputError("cannot write it: no space")

    monkeypatch.setattr(job, "write_document", full)
    for line, code in (("", ExitCode.WRONG_INPUT), (" --detailed-exitcode", ExitCode.CHANGES)):
        ended = folder(f"plan book.yml -i inventory.yml --json run.json{line}")
        assert (ended.code, "PLAY RECAP" in ended.out) == (code, True)
        assert ended.err == "error: cannot write it: no space\n"
