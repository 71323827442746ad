"""Reading playbooks: what is understood, and what every fault says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ndrfix.errors import InputError
from ndrfix.playbook import Batch, Playbook, StepSchema, load_playbook
from ndrfix.secrets import Secret
from ndrfix.source import Scalar, plain

_ARGUMENTS = {
    "check_service_pack": ["accept"],
    "set_registry": ["path", "key", "name", "entry", "value", "data", "type", "datatype", "state"],
    "restart_service": ["name"],
    "set_service": ["name", "start"],
}
STEPS = {name: StepSchema(name=name, argument_names=frozenset(args)) for name, args in _ARGUMENTS.items()}
CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("faults.yml").read_text())


def load(folder: Path, text: str, **files: str) -> Playbook:
    for name, content in files.items():
        (folder / f"{name}.yml").write_text(content)
    path = folder / "play.yml"
    path.write_text(text)
    return load_playbook(path, STEPS)


def faults(raised: pytest.ExceptionInfo[InputError]) -> list[InputError]:
    return [raised.value, *raised.value.others]


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_faults(tmp_path: Path, case: dict[str, Any]) -> None:
    """A faulty playbook is refused with all its faults, each with its place, in the order of the file."""
    with pytest.raises(InputError) as raised:
        load(tmp_path, case["playbook"])
    found = [f"{fault.place.line}:{fault.place.column} {fault.what}" for fault in faults(raised) if fault.place]
    assert len(found) == len(faults(raised)), "a fault without a place"
    assert len(found) == len(case["says"]), found
    for said, wanted in zip(found, case["says"], strict=True):
        assert said.startswith(wanted)
    assert case.get("next", "") in raised.value.next_step


def test_a_number_that_may_be_secret_is_not_said(tmp_path: Path) -> None:
    """Under the name of a secret, and under no_log, the fault says no value, and its line is not to be shown."""
    task = "    - set_registry: {path: x, data: 0777}\n      no_log: true\n"
    text = f"- hosts: all\n  vars: {{api_token: 0777}}\n  tasks:\n{task}"
    with pytest.raises(InputError) as raised:
        load(tmp_path, text)
    found = faults(raised)
    assert ["511" in fault.next_step for fault in found] == [False, False]
    assert [fault.hidden for fault in found] == [False, True]


FULL = r"""
- name: Stop it
  hosts: [exchange, "!old"]
  gather_facts: false
  vars: {limit: 5}
  vars_files: client.yml
  tags: ims
  serial: [1, "30%", "4"]
  max_fail_percentage: 12.5
  ignore_errors: true
  tasks:
    - name: Suppress
      ansible.windows.win_regedit:
        path: HKLM\X
        data: "{{ limit }}"
      when: limit > 3
      register: done
      notify: Restart
      tags: queue, fast
      vars: {a: b}
      loop: "{{ list }}"
      no_log: true
      ignore_errors: false
    - check_service_pack:
      when: [true, limit == 5]
      loop: [1, 2]
      notify: [Restart]
      tags: [a, "b,c"]
      register: done
  handlers:
    - name: Restart
      restart_service: {name: MSExchangeIMC}
- hosts: all
  tasks:
    - win_regedit: {key: HKLM\Y}
"""


def test_reads_everything(tmp_path: Path) -> None:
    """Every keyword of plays and tasks arrives in the model, in its long and short forms."""
    book = load(tmp_path, FULL, client="org: ACME\n")
    play, second = book.plays
    assert (play.name, play.hosts, set(play.tags)) == ("Stop it", "exchange,!old", {"ims"})
    assert (play.max_fail_percentage, play.ignore_errors) == (12.5, True)
    assert [(batch.amount, batch.percent) for batch in play.serial] == [(1, False), (30, True), (4, False)]
    assert plain(play.vars) == {"limit": 5}
    assert [plain(each.variables) for each in play.vars_files] == [{"org": "ACME"}]
    suppress, check = play.tasks
    assert (suppress.name, suppress.step, suppress.register, suppress.notify) == (
        "Suppress",
        "set_registry",
        "done",
        ("Restart",),
    )
    assert (set(suppress.tags), suppress.no_log, suppress.ignore_errors) == ({"queue", "fast"}, True, False)
    assert [each.text for each in suppress.when] == ["limit > 3"]
    assert isinstance(suppress.loop, Scalar)
    assert plain(suppress.args) == {"path": r"HKLM\X", "data": "{{ limit }}"}
    assert plain(suppress.vars) == {"a": "b"}
    assert (check.name, check.ignore_errors, set(check.tags)) == ("check_service_pack", True, {"a", "b", "c"})
    assert [each.text for each in check.when] == ["true", "limit == 5"]
    assert play.handler("Restart").step == "restart_service"
    assert (second.name, second.tasks[0].name, second.tasks[0].step) == ("all", "set_registry", "set_registry")
    assert book.tags == {"ims", "queue", "fast", "a", "b", "c"}


def test_places(tmp_path: Path) -> None:
    """Plays, tasks, conditions and steps know where they stand."""
    play = load(tmp_path, FULL, client="").plays[0]
    task = play.tasks[0]
    places = (play.place, play.hosts_place, task.place, task.step_place, task.args.place, task.when[0].place)
    lines = [(place.line, place.column) for place in places]
    assert lines == [(2, 3), (3, 11), (12, 7), (13, 7), (14, 9), (16, 13)]
    assert {place.file for place in places} == {str(tmp_path / "play.yml")}


def test_play_no_log_is_inherited(tmp_path: Path) -> None:
    """`no_log` on a play holds for its tasks and handlers, unless one says otherwise."""
    text = "- hosts: a\n  no_log: true\n  tasks: [{check_service_pack: }, {check_service_pack: , no_log: false}]\n"
    assert [task.no_log for task in load(tmp_path, text).plays[0].tasks] == [True, False]


def test_faults_of_all_files_together(tmp_path: Path) -> None:
    """Faults of variables files come with those of the playbook, which stand first."""
    text = "- hosts: a\n  vars_files: [one.yml, two.yml]\n  tasks: [{nonsense: }]\n"
    with pytest.raises(InputError) as raised:
        load(tmp_path, text, one="my-var: 1\n", two="a: 1\na: 2\nb: [\n")
    found = [(Path(fault.place.file).name, fault.place.line) for fault in faults(raised) if fault.place]
    assert found == [("play.yml", 3), ("one.yml", 1), ("two.yml", 4)]


def test_missing_playbook_names_the_nearest_file(tmp_path: Path) -> None:
    """A playbook that does not exist is refused with the nearest file of that folder."""
    (tmp_path / "reverse-ndr.yml").write_text("")
    with pytest.raises(InputError, match=r"there is no playbook .*, did you mean 'reverse-ndr.yml'\?"):
        load_playbook(tmp_path / "reverse-nrd.yml", STEPS)
    with pytest.raises(InputError, match="is a folder"):
        load_playbook(tmp_path, STEPS)
    with pytest.raises(InputError, match="does not exist"):
        load_playbook(tmp_path / "no" / "x.yml", STEPS)


def test_vaulted_variables_file(tmp_path: Path) -> None:
    """A variables file vaulted as a whole is opened by the caller's function, its texts secret; refused without one."""
    text = "- hosts: a\n  vars_files: secret.yml\n  tasks: [{check_service_pack: }]\n"
    vault = "$ANSIBLE_VAULT;1.1;AES256\n3132\n"
    with pytest.raises(InputError, match=r"is encrypted .* no vault password was given") as raised:
        load(tmp_path, text, secret=vault)
    assert raised.value.place is not None
    assert raised.value.place.line == 2
    opened = {vault: Secret("a: 1\nb: [x, '{{ a }}']\n")}
    book = load_playbook(tmp_path / "play.yml", STEPS, decrypt=lambda vaulted, _: opened[vaulted.text])
    assert plain(book.plays[0].vars_files[0].variables) == {"a": Secret(1), "b": [Secret("x"), "{{ a }}"]}


@pytest.mark.parametrize(("amount", "percent", "hosts", "size"), [(3, False, 10, 3), (30, True, 9, 2), (1, True, 5, 1)])
def test_batch_size(tmp_path: Path, amount: int, percent: bool, hosts: int, size: int) -> None:
    """A percentage is rounded down and never gives less than one host."""
    place = load(tmp_path, "- hosts: a\n  tasks: [{check_service_pack: }]\n").place
    assert Batch(place=place, amount=amount, percent=percent).size(hosts) == size


_words = st.sampled_from(
    [*_ARGUMENTS, "name", "hosts", "tasks", "when", "loop", "vars", "notify", "tags", "handlers", "x"]
)
_leaves = st.none() | st.booleans() | st.integers() | st.sampled_from(["a", "{{ x", "{{ x }}", "a == 1", "30%", ""])
_trees = st.recursive(
    _leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=4), max_leaves=12
)


@given(_trees)
@settings(deadline=None)
def test_any_yaml_loads_or_is_refused(tmp_path_factory: pytest.TempPathFactory, tree: object) -> None:
    """Whatever stands in a playbook, loading gives a playbook or an error with a place."""
    path = tmp_path_factory.mktemp("any") / "play.yml"
    path.write_text(yaml.safe_dump(tree))
    found: list[InputError] = []
    try:
        load_playbook(path, STEPS)
    except InputError as error:
        found = [error, *error.others]
    assert all(fault.place for fault in found)
