"""The words of a playbook: those that it understands, and those of Ansible that it deliberately does not."""

from __future__ import annotations

PLAY_KEYWORDS = (
    "name",
    "hosts",
    "gather_facts",
    "vars",
    "vars_files",
    "tags",
    "serial",
    "max_fail_percentage",
    "ignore_errors",
    "no_log",
    "tasks",
    "handlers",
)
TASK_KEYWORDS = ("name", "when", "register", "notify", "loop", "tags", "vars", "ignore_errors", "no_log")
SELECTION_WORDS = frozenset({"all", "tagged", "untagged"})

# Names that ndrfix itself gives a value; a playbook can use them but not set them.
RESERVED_NAMES = frozenset({"inventory_hostname", "group_names", "groups", "ndrfix_host", "item", "lookup"})

_ACCOUNT = "Set ansible_user and ansible_password in the inventory."
_FLAT = "Write the tasks one after the other, each with its own 'when'."
_ONE_FILE = "Write the tasks into this playbook, or run several playbooks."
_CHECKS = "A step decides from what it reads on the host: use a check_… step before, or 'ignore_errors'."
_WAITS = "Steps wait by themselves until the new state is reached; most take 'timeout'."
_INVENTORY = "Set it in the inventory, as a variable of the host or group."

# Keyword → what to do instead.
_REFUSED_ANYWHERE = {
    "become": _ACCOUNT,
    "become_user": _ACCOUNT,
    "become_method": _ACCOUNT,
    "become_flags": _ACCOUNT,
    "remote_user": _ACCOUNT,
    "connection": _INVENTORY,
    "port": _INVENTORY,
    "environment": "No step runs a command, so there is no environment to set; give the values as arguments.",
    "check_mode": "Run 'ndrfix plan' for a dry run; a playbook cannot tell the two apart.",
    "diff": "Differences are always shown.",
    "run_once": "Write a play of its own for that host.",
    "throttle": "Use 'serial' on the play.",
    "timeout": "Most steps take 'timeout' as an argument.",
    "any_errors_fatal": "Use 'max_fail_percentage: 0' on the play.",
    "ignore_unreachable": "A host that cannot be reached never stops the others.",
    "module_defaults": "Write the arguments in each task, or share them by a variable.",
    "collections": "All steps are built in; 'ndrfix steps' lists them.",
    "debugger": "Run 'ndrfix plan': it shows every task with what it saw.",
}
PLAY_REFUSED = _REFUSED_ANYWHERE | {
    "roles": _ONE_FILE,
    "import_playbook": "Run the playbooks one after the other.",
    "pre_tasks": "Write them first under 'tasks'.",
    "post_tasks": "Write them last under 'tasks'.",
    "vars_prompt": "Give the value with --extra-vars, or read it from the environment with lookup('env', NAME).",
    "strategy": "Remove it.",
    "order": "Hosts go in the order of the inventory.",
    "force_handlers": "Remove it: a notification that was not carried out is kept and shown by the next plan.",
    "gather_subset": "Remove it: no facts are gathered.",
    "gather_timeout": "Remove it: no facts are gathered.",
    "fact_path": "Remove it: no facts are gathered.",
}
TASK_REFUSED = _REFUSED_ANYWHERE | {
    "block": _FLAT,
    "rescue": _FLAT,
    "always": _FLAT,
    "include": _ONE_FILE,
    "include_tasks": _ONE_FILE,
    "import_tasks": _ONE_FILE,
    "include_role": _ONE_FILE,
    "import_role": _ONE_FILE,
    "include_vars": "Name the file under 'vars_files' of the play.",
    "delegate_to": "Write a play of its own for that host.",
    "delegate_facts": "Remove it: no facts are gathered.",
    "local_action": "Nothing runs on the machine that ndrfix runs on.",
    "action": "Write the step's name as the key.",
    "args": "Write the arguments below the step's name.",
    "until": _WAITS,
    "retries": _WAITS,
    "delay": _WAITS,
    "async": _WAITS,
    "poll": _WAITS,
    "changed_when": _CHECKS,
    "failed_when": _CHECKS,
    "loop_control": "Remove it: the item is always called 'item'.",
    "listen": "Notify the handler by its name.",
}
WITH_PREFIX = "with_"
WITH_ADVICE = "Use 'loop' with a list or one expression."

MODULE_PREFIXES = ("ansible.windows.", "community.windows.", "ansible.builtin.", "ansible.legacy.")
# Modules of Ansible that playbooks may go on naming.
STEP_ALIASES = {"win_regedit": "set_registry", "ansible.windows.win_regedit": "set_registry"}

_NO_COMMANDS = "What cannot be read cannot be planned: use a step that names the state, or 'manual' for a person."
_NO_FILES = "Use 'manual' to have a person do it."
_NO_OUTPUT = "Run 'ndrfix plan': it shows what each task saw."
_NO_FACTS = "Set variables under 'vars'; 'register' keeps what a task found."

# Module → what to do instead.
MODULES_REFUSED = {
    "win_service": "Use set_service for its state and start type, restart_service in a handler.",
    "service": "Use set_service for its state and start type, restart_service in a handler.",
    "win_service_info": "Use set_service: a plan shows how the service is.",
    "win_reg_stat": "Use check_registry.",
    "win_regmerge": "Use set_registry, one task a value.",
    "win_hotfix": "Use check_hotfix, and 'manual' for the installation.",
    "win_package": "Use check_hotfix or check_service_pack, and 'manual' for the installation.",
    "win_updates": "Use check_hotfix, and 'manual' for the installation.",
    "shell": _NO_COMMANDS,
    "command": _NO_COMMANDS,
    "raw": _NO_COMMANDS,
    "script": _NO_COMMANDS,
    "win_shell": _NO_COMMANDS,
    "win_command": _NO_COMMANDS,
    "win_powershell": _NO_COMMANDS,
    "win_psexec": _NO_COMMANDS,
    "win_dsc": _NO_COMMANDS,
    "win_file": _NO_FILES,
    "win_copy": _NO_FILES,
    "win_template": _NO_FILES,
    "win_get_url": _NO_FILES,
    "copy": _NO_FILES,
    "template": _NO_FILES,
    "win_reboot": "Use 'manual': restarting a mail server is a person's decision.",
    "debug": _NO_OUTPUT,
    "set_fact": _NO_FACTS,
    "setup": _NO_FACTS,
    "gather_facts": _NO_FACTS,
    "assert": "Use a check_… step: it stops the host when what it finds is not right.",
    "fail": "Use a check_… step: it stops the host when what it finds is not right.",
    "pause": _WAITS,
    "wait_for": _WAITS,
    "wait_for_connection": _WAITS,
    "meta": "Handlers run at the end of the play.",
}


def bare_module(name: str) -> str:
    """A module's name without the collections that Ansible users put in front."""
    for prefix in MODULE_PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name
