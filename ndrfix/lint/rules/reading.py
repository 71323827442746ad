"""What the reading of a playbook itself finds: YAML that is none, and shapes that no playbook has."""

from __future__ import annotations

from ndrfix.lint.model import Profile, Rule, Severity

CHECKED = """
- name: Look at the servers
  hosts: exchange
  tasks:
    - name: Exchange 5.5 has Service Pack 4
      check_service_pack:
        minimum: 4
"""


def _rule(
    name: str,
    summary: str,
    why: str,
    bad: str,
    fix: str,
    *,
    good: str = CHECKED,
    severity: Severity = Severity.ERROR,
    tags: tuple[str, ...] = ("syntax",),
    source: str = "",
) -> Rule:
    return Rule(
        id=name,
        severity=severity,
        profile=Profile.BASIC,
        tags=tags,
        summary=summary,
        why=why,
        bad=bad,
        good=good,
        fix=fix,
        source=source,
    )


RULES: tuple[Rule, ...] = (
    _rule(
        "file[unreadable]",
        "A file that cannot be read, is empty, or is no text in UTF-8.",
        "Nothing in it takes part in a run, and nobody is told before the run.",
        "# nothing here\n",
        "Save the file as UTF-8, or take it out.",
    ),
    _rule(
        "yaml[syntax]",
        "Text that is no YAML.",
        "No playbook can be read from it; `plan` and `apply` end before the first host.",
        """
- name: Look at the servers
  hosts: exchange
  tasks:
    - name: Service Pack: four
      check_service_pack:
""",
        "Most often a text with `: `, or one that begins with `{`, `*`, `&`, `%` or `@`, needs quotes.",
    ),
    _rule(
        "yaml[duplicate-key]",
        "A key that is given twice in one mapping.",
        "YAML keeps one of the two without a word: whoever reads the other one believes what is not so.",
        """
- name: Look at the servers
  hosts: exchange
  tasks:
    - name: Exchange 5.5 has Service Pack 4
      check_service_pack:
        minimum: 3
        minimum: 4
""",
        "Remove one of the two.",
    ),
    _rule(
        "yaml[value]",
        "A value or key that YAML lets through and that means nothing here.",
        "A date that does not exist, a tag nobody knows, a key that is a list: what is used is not what was meant.",
        """
- name: Look at the servers
  hosts: exchange
  vars:
    since: 2004-13-45
  tasks:
    - name: Exchange 5.5 has Service Pack 4
      check_service_pack:
        minimum: 4
""",
        "Put the value in quotes if it is text.",
    ),
    _rule(
        "yaml[alias]",
        "Aliases that hold themselves, or that expand to more than a million values.",
        "Such a file fills the memory of whatever reads it.",
        """
- name: Look at the servers
  hosts: exchange
  vars: &all
    again: *all
  tasks:
    - name: Exchange 5.5 has Service Pack 4
      check_service_pack:
        minimum: 4
""",
        "Write the values out.",
    ),
    _rule(
        "yaml[number]",
        "A number that YAML 1.1 reads as another one than people do.",
        "`010` is eight to YAML, `1:30` is ninety, `1_000` is a thousand. In a registry that is the wrong setting.",
        """
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
        "Write the number that is meant, or put it in quotes if it is text.",
    ),
    _rule(
        "ansible-only[keyword]",
        "A keyword of Ansible that ndrfix deliberately does not have.",
        "What it would do is either always so here, or is done in another way, which the finding names.",
        """
- name: Look at the servers
  hosts: exchange
  become: true
  tasks:
    - name: Exchange 5.5 has Service Pack 4
      check_service_pack:
        minimum: 4
""",
        "Do what the finding says instead.",
        tags=("ansible",),
    ),
    _rule(
        "ansible-only[module]",
        "A module of Ansible that runs what cannot be planned.",
        "A dry run could not say what it would change; a client would be shown a plan that is not the whole of it.",
        """
- name: Look at the servers
  hosts: exchange
  tasks:
    - name: Look at the service pack
      win_shell: Get-ItemProperty HKLM:\\SOFTWARE\\Microsoft\\Exchange\\Setup
""",
        "Use the step that the finding names.",
        tags=("ansible",),
    ),
    _rule(
        "wrong-shape[value]",
        "A value of another kind than the keyword or the file takes.",
        "A list where a text is wanted, a play without hosts: the file cannot be run.",
        """
- name: Look at the servers
  hosts: exchange
  tasks:
    exchange: check_service_pack
""",
        "Write it as the finding says; `docs/playbooks.md` shows each keyword.",
    ),
    _rule(
        "wrong-shape[steps]",
        "A task with no step, or with more than one.",
        "A task is one step: with two of them it could not be said which of them a result is about.",
        """
- name: Look at the servers
  hosts: exchange
  tasks:
    - name: Exchange 5.5 has Service Pack 4 and the hotfix
      check_service_pack:
        minimum: 4
      check_hotfix:
        id: 837794
""",
        "Make a task of each.",
    ),
    _rule(
        "wrong-argument[missing]",
        "A step without an argument that it needs.",
        "The run ends at this task, on every host.",
        """
- name: Look at the servers
  hosts: exchange
  tasks:
    - name: The Internet Mail Service runs
      set_service:
        state: started
""",
        "Give the argument; `ndrfix steps STEP` shows them all.",
    ),
    _rule(
        "wrong-argument[value]",
        "An argument whose value the step does not take.",
        "The run ends at this task, on every host.",
        """
- name: Look at the servers
  hosts: exchange
  tasks:
    - name: Exchange 5.5 has Service Pack 4
      check_service_pack:
        minimum: four
""",
        "Give a value of the kind that the finding names; `ndrfix steps STEP` shows what each argument takes.",
    ),
)
