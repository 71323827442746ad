"""What the reading of a playbook itself finds: YAML that is none, and shapes that no playbook has."""

from __future__ import annotations

from ndrfix.lint.model import Rule

CHECKED = """
- name: Look at the servers
  hosts: exchange
  tasks:
    - name: Exchange 5.5 has Service Pack 4
      check_service_pack:
        minimum: 4
"""


RULES: tuple[Rule, ...] = (
    Rule(
        id="file[unreadable]",
        tags=("syntax",),
        summary="A file that cannot be read, is empty, or is no text in UTF-8.",
        why="Nothing in it takes part in a run, and nobody is told before the run.",
        bad="# nothing here\n",
        good=CHECKED,
        fix="Save the file as UTF-8, or take it out.",
    ),
    Rule(
        id="yaml[syntax]",
        tags=("syntax",),
        summary="Text that is no YAML.",
        why="No playbook can be read from it; `plan` and `apply` end before the first host.",
        bad="""
- name: Look at the servers
  hosts: exchange
  tasks:
    - name: Service Pack: four
      check_service_pack:
""",
        good=CHECKED,
        fix="Most often a text with `: `, or one that begins with `{`, `*`, `&`, `%` or `@`, needs quotes.",
    ),
    Rule(
        id="yaml[duplicate-key]",
        tags=("syntax",),
        summary="A key that is given twice in one mapping.",
        why="YAML keeps one of the two without a word: whoever reads the other one believes what is not so.",
        bad="""
- name: Look at the servers
  hosts: exchange
  tasks:
    - name: Exchange 5.5 has Service Pack 4
      check_service_pack:
        minimum: 3
        minimum: 4
""",
        good=CHECKED,
        fix="Remove one of the two.",
    ),
    Rule(
        id="yaml[value]",
        tags=("syntax",),
        summary="A value or key that YAML lets through and that means nothing here.",
        why="A date that does not exist, a tag nobody knows, a key that is a list: what is used is not what was meant.",
        bad="""
- name: Look at the servers
  hosts: exchange
  vars:
    since: 2004-13-45
  tasks:
    - name: Exchange 5.5 has Service Pack 4
      check_service_pack:
        minimum: 4
""",
        good=CHECKED,
        fix="Put the value in quotes if it is text.",
    ),
    Rule(
        id="yaml[alias]",
        tags=("syntax",),
        summary="Aliases that hold themselves, or that expand to more than a million values.",
        why="Such a file fills the memory of whatever reads it.",
        bad="""
- name: Look at the servers
  hosts: exchange
  vars: &all
    again: *all
  tasks:
    - name: Exchange 5.5 has Service Pack 4
      check_service_pack:
        minimum: 4
""",
        good=CHECKED,
        fix="Write the values out.",
    ),
    Rule(
        id="yaml[number]",
        tags=("syntax",),
        summary="A number that YAML 1.1 reads as another one than people do.",
        why="`010` is eight to YAML, `1:30` is ninety, `1_000` is a thousand. In a registry that is the wrong setting.",
        bad="""
- name: Look at the servers
  hosts: exchange
  tasks:
    - name: The relay flags are as agreed
      check_registry:
        path: HKLM\\SYSTEM\\CurrentControlSet\\Services\\MSExchangeIMC\\Parameters
        name: RelayFlags
        type: dword
        data: 010
""",
        good=CHECKED,
        fix="Write the number that is meant, or put it in quotes if it is text.",
    ),
    Rule(
        id="ansible-only[keyword]",
        tags=("ansible",),
        summary="A keyword of Ansible that ndrfix deliberately does not have.",
        why="What it would do is either always so here, or is done in another way, which the finding names.",
        bad="""
- name: Look at the servers
  hosts: exchange
  become: true
  tasks:
    - name: Exchange 5.5 has Service Pack 4
      check_service_pack:
        minimum: 4
""",
        good=CHECKED,
        fix="Do what the finding says instead.",
    ),
    Rule(
        id="ansible-only[module]",
        tags=("ansible",),
        summary="A module of Ansible that runs what cannot be planned.",
        why="A dry run could not say what it would change; a client would be shown a plan that is not the whole of it.",
        bad="""
- name: Look at the servers
  hosts: exchange
  tasks:
    - name: Look at the service pack
      win_shell: Get-ItemProperty HKLM:\\SOFTWARE\\Microsoft\\Exchange\\Setup
""",
        good=CHECKED,
        fix="Use the step that the finding names.",
    ),
    Rule(
        id="wrong-shape[value]",
        tags=("syntax",),
        summary="A value of another kind than the keyword or the file takes.",
        why="A list where a text is wanted, a play without hosts: the file cannot be run.",
        bad="""
- name: Look at the servers
  hosts: exchange
  tasks:
    exchange: check_service_pack
""",
        good=CHECKED,
        fix="Write it as the finding says; `docs/playbooks.md` shows each keyword.",
    ),
    Rule(
        id="wrong-shape[steps]",
        tags=("syntax",),
        summary="A task with no step, or with more than one.",
        why="A task is one step: with two of them it could not be said which of them a result is about.",
        bad="""
- name: Look at the servers
  hosts: exchange
  tasks:
    - name: Exchange 5.5 has Service Pack 4 and the hotfix
      check_service_pack:
        minimum: 4
      check_hotfix:
        id: 837794
""",
        good=CHECKED,
        fix="Make a task of each.",
    ),
    Rule(
        id="wrong-argument[missing]",
        tags=("syntax",),
        summary="A step without an argument that it needs.",
        why="The run ends at this task, on every host.",
        bad="""
- name: Look at the servers
  hosts: exchange
  tasks:
    - name: The Internet Mail Service runs
      set_service:
        state: started
""",
        good=CHECKED,
        fix="Give the argument; `ndrfix steps STEP` shows them all.",
    ),
    Rule(
        id="wrong-argument[value]",
        tags=("syntax",),
        summary="An argument whose value the step does not take.",
        why="The run ends at this task, on every host.",
        bad="""
- name: Look at the servers
  hosts: exchange
  tasks:
    - name: Exchange 5.5 has Service Pack 4
      check_service_pack:
        minimum: four
""",
        good=CHECKED,
        fix="Give a value of the kind that the finding names; `ndrfix steps STEP` shows what each argument takes.",
    ),
)
