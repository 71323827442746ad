"""Findings about runs stand where the run's own tasks do, or in the run's file where that is not certain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ndrfix import cli
from ndrfix.lint import rules as rules_of

PLAY = """\
- name: Look at the servers
  hosts: all
  tasks:
    - name: Service pack
      check_service_pack: {minimum: 4}
"""
INVENTORY = "all: {hosts: {ex01: {ansible_connection: simulated}}}\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, text: str) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def saved(*tasks: list[dict[str, Any]], **changes: object) -> None:
    """A run with a play for each list of tasks, each of which failed."""
    run = json.loads(rules_of.BY_ID["result[failed]"].bad)
    (play,) = run["plays"]
    (host,) = play["hosts"]
    (task,) = host["tasks"]
    hosts = [[{**host, "tasks": [{**task, "name": "Service pack", **each} for each in found]}] for found in tasks]
    run["plays"] = [{**play, "hosts": each} for each in hosts]
    write("plan.json", json.dumps(run | changes))


def places(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """Where something about a task is found, in order."""
    capsys.readouterr()
    assert cli.run(["lint", "-f", "pep8", *arguments]) == 1
    return [line.split(" ")[0] for line in capsys.readouterr().out.splitlines() if "result[failed]" in line]


def test_a_plan_is_never_laid_at_another_clients_door(capsys: pytest.CaptureFixture[str]) -> None:
    """Of two playbooks of one name nothing in the run tells which it was: the finding stands in the run's file."""
    write("acme/site.yml", PLAY)
    write("zorg/site.yml", f"\n# zorg\n{PLAY}")
    saved([{}])
    assert places(capsys, "acme", "zorg", "plan.json") == ["plan.json:1:1:"]
    assert places(capsys, "acme", "plan.json") == ["acme/site.yml:4:13:"]


def test_the_client_of_a_run_tells_its_playbook(capsys: pytest.CaptureFixture[str]) -> None:
    """By its name of today or a former one; the playbook of another client is none of it, even when it is alone."""
    for folder, text in (("acme", "name: ACME Ltd\nformerly: [Apex]\n"), ("zorg", "name: Zorg\n")):
        write(f"{folder}/client.yml", text)
        write(f"{folder}/site.yml", PLAY)
    for client in ("ACME Ltd", "Apex"):
        saved([{}], client=client)
        assert places(capsys, "acme", "zorg", "plan.json") == ["acme/site.yml:4:13:"]
        assert places(capsys, "zorg", "plan.json") == ["plan.json:1:1:"]


def test_each_playbook_has_the_findings_of_its_own_plan(capsys: pytest.CaptureFixture[str]) -> None:
    """Plans on recorded hosts are of one file, whatever another is called."""
    write("acme/site.yml", PLAY)
    write("zorg/site.yml", f"\n# zorg\n{PLAY}")
    write("inventory.yml", INVENTORY)
    write("states.yml", "ex01: {computer: {name: EX01}}\n")
    found = places(capsys, "acme", "zorg", "-i", "inventory.yml", "--hosts", "states.yml")
    assert found == ["acme/site.yml:4:13:", "zorg/site.yml:6:13:"]


def test_tasks_of_one_name_are_told_apart_by_their_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    """Those of two plays, of one play, and without a name; handlers count on."""
    play = PLAY + "    - name: Service pack\n      check_service_pack: {minimum: 3}\n"
    play += "    - check_service_pack: {minimum: 2}\n    - check_service_pack: {minimum: 1}\n"
    play += "  handlers:\n    - name: Service pack\n      manual: {instruction: Look}\n"
    write("site.yml", play + play)
    unnamed = {"name": "check_service_pack"}
    saved([{}, {"index": 4}], [{"index": 1}, {"index": 2, **unnamed}, {"index": 3, **unnamed}])
    for host in (run := json.loads(Path("plan.json").read_text()))["plays"]:
        for number, task in enumerate(host["hosts"][0]["tasks"]):
            task["message"] = f"reason {number}"
    write("plan.json", json.dumps(run))
    wanted = ["4:13:", "11:13:", "18:13:", "20:7:", "21:7:"]
    assert places(capsys, "site.yml", "plan.json") == [f"site.yml:{each}" for each in wanted]


def test_a_run_of_an_older_version_of_the_playbook(capsys: pytest.CaptureFixture[str]) -> None:
    """A task that has moved is known by its name while that is the only one; else nothing is certain."""
    write("site.yml", PLAY)
    saved([{"index": 7}])
    assert places(capsys, "site.yml", "plan.json") == ["site.yml:4:13:"]
    write("site.yml", PLAY + PLAY)
    assert places(capsys, "site.yml", "plan.json") == ["plan.json:1:1:"]
