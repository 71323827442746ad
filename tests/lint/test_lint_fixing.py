"""What `--fix` promises: the finding is gone, no other comes or goes, and every other byte stays as it was."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ndrfix import cli
from ndrfix.lint.fixing import fixes, write
from ndrfix.lint.linting import Linted, asked_for, lint_files
from ndrfix.lint.model import Profile

_RULES = asked_for(Profile.PRODUCTION)
_REMARKS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=12)
_KEY = r"\SYSTEM\CurrentControlSet\Services\MSExchangeIMC"
# What is wrong, with what takes its place; both as plain, single-quoted and double-quoted text.
_WRONG = st.sampled_from(
    [
        ("check_registry", "path", f"{hive}:{_KEY}", f"{hive}{_KEY}")
        for hive in ("HKLM", "hklm", "HKEY_LOCAL_MACHINE", "HKCU")
    ]
    + [
        ("set_service", "name", name, short)
        for name, short in (
            ("Microsoft Exchange Information Store", "MSExchangeIS"),
            ("microsoft exchange  internet mail service", "MSExchangeIMC"),
        )
    ]
)
_QUOTES = st.sampled_from(
    [
        lambda text: text,
        lambda text: f"'{text}'",
        lambda text: '"' + text.replace("\\", "\\\\") + '"',
        lambda text: "! '" + text + "'",
        lambda text: "&anchor " + text,
        lambda text: ">-\n          " + text,
    ]
)
_REST = {"check_registry": "name: Start", "set_service": "state: started"}


@st.composite
def tasks(draw: st.DrawFn) -> tuple[str, str]:
    """A task with something to fix, and the same where all of it is fixed."""
    step, argument, *texts = draw(_WRONG)
    quote, name, remark = draw(_QUOTES), draw(_REMARKS), draw(_REMARKS)
    flow = draw(st.booleans())
    head = f"    - name: 'x{name.replace(chr(39), chr(39) * 2)}'  # {remark}\n      {step}:"
    made = []
    for text in texts:
        value = quote(text)
        block = f"{head}  # {remark}\n        {argument}: {value}\n        {_REST[step]}\n"
        made.append(
            f"{head} {{{argument}: {value}, {_REST[step]}}}  # {remark}\n" if flow and ">" not in value else block
        )
    return made[0], made[1]


def linted(path: Path) -> Linted:
    return lint_files([(path, str(path))], _RULES, named=[path])


def known(found: Linted) -> Counter[tuple[str, int]]:
    return Counter((each.rule, each.place.line) for each in found.findings)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(tasks(), min_size=1, max_size=4), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_a_fix_takes_its_finding_and_nothing_else(
    tmp_path: Path, made: list[tuple[str, str]], end: str, mark: bool, whole: bool
) -> None:
    """In any style of value, beside any remark, with either line end, a byte order mark, and no line end at the end."""
    path = tmp_path / "site.yml"

    def text(number: int) -> bytes:
        lines = "- name: a\n  hosts: exchange\n  tasks:\n" + "".join(task[number] for task in made)
        written = (lines if whole else lines.removesuffix("\n")).replace("\n", end)
        return (b"\xef\xbb\xbf" if mark else b"") + written.encode()

    path.write_bytes(text(0))
    before = linted(path)
    (fixed,) = fixes(before.findings) or (None,)
    if fixed is None:
        return
    write(fixed)
    after = linted(path)
    assert known(after) == known(before) - Counter((each.rule, each.place.line) for each in fixed.fixed)
    assert fixes(after.findings) == ()
    if all(not each.edits for each in after.findings) and len(fixed.fixed) == len(made):
        assert path.read_bytes() == text(1)


def test_the_fixes_are_made_in_every_usual_style(tmp_path: Path) -> None:
    """Plain, in either quotes, folded, with letters outside the first plane before it on the line."""
    path = tmp_path / "site.yml"
    styles = ["{}", "'{}'", '"{}"', "! '{}'"]
    text = "- name: a\n  hosts: exchange\n  tasks:\n"
    for number, style in enumerate(styles):
        name = style.format("Microsoft Exchange Information Store")
        text += f"    - {{name: '𝄞 ä {number}', set_service: {{name: {name}, state: started}}}}\n"
    text += "    - name: f\n      set_service:\n        name: >-\n          Microsoft Exchange Information Store\n"
    text += "        state: started\n"
    path.write_text(text, encoding="utf-8")
    (fixed,) = fixes(linted(path).findings)
    assert fixed.after.decode() == text.replace("Microsoft Exchange Information Store", "MSExchangeIS")


def test_a_link_stays_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is fixed is the file that it leads to, with its rights."""
    monkeypatch.chdir(tmp_path)
    real = tmp_path / "real.yml"
    real.write_text("- name: a\n  hosts: b\n  tasks:\n    - {name: c, check_registry: {path: 'HKLM:\\A', name: d}}\n")
    real.chmod(0o640)
    Path("site.yml").symlink_to("real.yml")
    assert cli.run(["lint", "--fix", "site.yml"]) == 0
    assert Path("site.yml").is_symlink()
    assert "'HKLM\\A'" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(each.name for each in tmp_path.iterdir()) == ["real.yml", "site.yml"]


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("line", ["\n", "\r\n"])
def test_the_diff_is_one_that_git_applies(tmp_path: Path, line: str, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With either line end, other line separators in a text, and nothing behind the last line."""
    monkeypatch.chdir(tmp_path)
    head = "- name: 'a \x85 \u2028 ä'\n  hosts: b\n  tasks:\n    - name: c\n      check_registry:\n        name: d\n"
    text = f"{head}        path: HKLM:\\A{end}".replace("\n", line).encode()
    path = Path("sub/site.yml")
    path.parent.mkdir()
    path.write_bytes(text)
    (fixed,) = fixes(linted(path).findings)
    subprocess.run(["git", "apply", "-"], input=fixed.diff.encode(), check=True)
    assert path.read_bytes() == fixed.after == text.replace(b"HKLM:", b"HKLM")
