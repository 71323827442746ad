"""Law 5: wrong input never passes silently. Good files are broken in one random place; the error names that place."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndrfix.engine.preparation import Prepared, prepare, schemas
from ndrfix.engine.selection import Selection
from ndrfix.errors import InputError
from ndrfix.inventory import load_inventory, parse_extra_vars
from ndrfix.playbook import load_playbook
from ndrfix.steps import STEPS

BOOK = r"""- name: Set the mode
  hosts: exchange:!old
  vars:
    mode: 2
  tags: [all-of-it]
  serial: 1
  max_fail_percentage: 10
  ignore_errors: false
  tasks:
    - name: Mode is two
      set_registry:
        path: HKLM\SOFTWARE\Acme
        name: Mode
        type: dword
        data: "{{ mode }}"
      register: result
      notify: Restart
      tags: suppress
      no_log: false
    - name: Look
      check_registry:
        path: HKLM\SOFTWARE\Acme
        name: Mode
        type: dword
        data: 2
      when: mode == 2
      loop: [1]
      vars:
        other: 3
    - name: By hand
      manual:
        instruction: "to {{ mode }}"
  handlers:
    - name: Restart
      restart_service:
        name: MSExchangeIMC
        timeout: 10
"""
INVENTORY = """all:
  vars:
    ansible_connection: psrp
    ansible_psrp_auth: ntlm
    ndrfix_os: '4.0'
  children:
    exchange:
      hosts:
        ex01:
          ansible_psrp_read_timeout: 60
        ex02:
    old:
      hosts:
        ex02:
"""
OPEN = {"all", "mode", "other", "ex01", "ex02", "exchange", "old", "ansible_connection"}
"""Keys that the user may name freely: a change of them is another file, not a wrong one."""


def keys(text: str) -> list[int]:
    """The lines, counted from 0, that begin with a key whose name is not free."""
    lines = text.splitlines()
    return [number for number, line in enumerate(lines) if line.strip(" -").split(":")[0] not in OPEN and ":" in line]


def checked(book: str, inventory: str, *, limit: str | None = None, tags: tuple[str, ...] = ()) -> Prepared:
    """All that is checked before any host is reached."""
    steps = {step.name: step for step in STEPS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "book.yml").write_text(book)
        (folder / "inventory.yml").write_text(inventory)
        selection = Selection(extra=parse_extra_vars([]), environment={}, limit=limit, tags=tags)
        playbook = load_playbook(folder / "book.yml", schemas(steps))
        return prepare(playbook, load_inventory([folder / "inventory.yml"]), steps, selection, {})


def places(error: InputError) -> set[tuple[str, int]]:
    """The files and lines that an error and its others name."""
    found = [each.place for each in (error, *error.others) if each.place]
    return {(Path(place.file).name, place.line) for place in found}


def test_the_good_files_are_good() -> None:
    """Unbroken, the files pass."""
    assert checked(BOOK, INVENTORY).jobs[0].batches[0][0].name == "ex01"


@settings(max_examples=150, deadline=None)
@given(line=st.sampled_from(keys(BOOK)), letters=st.text("qxzkv", min_size=1, max_size=3), data=st.data())
def test_a_misspelt_key_of_a_playbook_is_an_error_there(line: int, letters: str, data: st.DataObject) -> None:
    """A letter too many in any keyword, step or argument is found, in its line."""
    lines = BOOK.splitlines()
    start = len(lines[line]) - len(lines[line].lstrip(" -"))
    end = lines[line].index(":", start)
    at = data.draw(st.integers(start, end))
    lines[line] = lines[line][:at] + letters + lines[line][at:]
    with pytest.raises(InputError) as caught:
        checked("\n".join(lines) + "\n", INVENTORY)
    assert ("book.yml", line + 1) in places(caught.value)


@settings(max_examples=80, deadline=None)
@given(line=st.sampled_from(keys(INVENTORY)), letters=st.text("qxzkv", min_size=1, max_size=3))
def test_a_misspelt_key_of_an_inventory_is_an_error_there(line: int, letters: str) -> None:
    """A letter too many in any group key or connection variable is found, in its line."""
    lines = INVENTORY.splitlines()
    name, colon, rest = lines[line].partition(":")
    lines[line] = name + letters + colon + rest
    with pytest.raises(InputError) as caught:
        checked(BOOK, "\n".join(lines) + "\n")
    assert ("inventory.yml", line + 1) in places(caught.value)


@settings(max_examples=120, deadline=None)
@given(line=st.sampled_from(keys(BOOK)), of_inventory=st.booleans(), data=st.data())
def test_a_key_given_twice_is_an_error_there(line: int, of_inventory: bool, data: st.DataObject) -> None:
    """A key that stands twice in a mapping is found, in the line of the second."""
    text = INVENTORY if of_inventory else BOOK
    lines = text.splitlines()
    if of_inventory:
        line = data.draw(st.sampled_from(keys(INVENTORY)))
    indent = len(lines[line]) - len(lines[line].lstrip(" -"))
    end = next(
        (n for n in range(line + 1, len(lines)) if len(lines[n]) - len(lines[n].lstrip(" ")) < indent), len(lines)
    )
    key = lines[line].strip(" -").split(":")[0]
    lines.insert(end, " " * indent + key + ": again")
    broken = "\n".join(lines) + "\n"
    with pytest.raises(InputError) as caught:
        checked(*((BOOK, broken) if of_inventory else (broken, INVENTORY)))
    assert ("inventory.yml" if of_inventory else "book.yml", end + 1) in places(caught.value)


@settings(max_examples=80, deadline=None)
@given(name=st.text("abcxyz019_-", min_size=1, max_size=6))
def test_a_pattern_limit_or_tag_that_matches_nothing_is_an_error(name: str) -> None:
    """What names no host, group or tag is never taken for an empty selection."""
    if name in {"all", "ungrouped", "exchange", "old", "ex01", "ex02"} or name.startswith("-"):
        return
    for wrong in ({"limit": name}, {"tags": (name,)}):
        with pytest.raises(InputError):
            checked(BOOK, INVENTORY, **wrong)
    with pytest.raises(InputError) as caught:
        checked(BOOK.replace("exchange:!old", f'"{name}"'), INVENTORY)
    assert ("book.yml", 2) in places(caught.value)


def test_missing_files_are_errors(tmp_path: Path) -> None:
    """A playbook, inventory or variables file that is not there is an error that names it."""
    with pytest.raises(InputError, match=r"no\.yml"):
        load_playbook(tmp_path / "no.yml", {})
    with pytest.raises(InputError, match=r"no\.yml"):
        load_inventory([tmp_path / "no.yml"])
    with pytest.raises(InputError) as caught:
        checked(BOOK.replace("  tags: [all-of-it]", "  vars_files: [no.yml]"), INVENTORY)
    assert ("book.yml", 5) in places(caught.value)
