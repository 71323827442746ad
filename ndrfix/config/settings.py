"""Every setting that can be given once and for all: the one table from which the flags, `ndrfix config` and the page on
configuration come.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PREFIX = "NDRFIX_"


class Kind(StrEnum):
    """What a setting's value is."""

    TEXT = "text"
    WHOLE = "whole number"
    COUNT = "whole number, or as many -v"
    FLAG = "yes or no"
    FILE = "file"
    FOLDER = "folder"
    FILES = "files, with commas"
    IDENTITIES = "LABEL@SOURCE, with commas"


Plain = str | int | bool | tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting by its name in `ndrfix.cfg`.

    `flags` set it on the command line, where Click calls it `parameter` (both empty: no flag stands in for it).
    `meaning` is one sentence, the flag's help too; `metavar` stands for the value in it. A number lies between `least`
    and `most`.
    """

    name: str
    kind: Kind
    meaning: str
    flags: tuple[str, ...] = ()
    parameter: str = ""
    metavar: str = ""
    default: Plain = None
    least: int = 0
    most: int = 0

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + self.name.upper()


SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="inventory",
        kind=Kind.FILES,
        flags=("-i", "--inventory"),
        parameter="inventories",
        metavar="FILE",
        default=(),
        meaning="Inventory file; repeatable.",
    ),
    Setting(
        name="forks",
        kind=Kind.WHOLE,
        flags=("-f", "--forks"),
        parameter="forks",
        default=10,
        least=1,
        most=500,
        meaning="Hosts worked on at a time.",
    ),
    Setting(
        name="timeout",
        kind=Kind.WHOLE,
        flags=("-T", "--timeout"),
        parameter="timeout",
        default=30,
        least=1,
        most=3600,
        meaning="Seconds to wait for a connection to hosts without ansible_psrp_connection_timeout.",
    ),
    Setting(
        name="remote_user",
        kind=Kind.TEXT,
        flags=("-u", "--user"),
        parameter="user",
        metavar="NAME",
        meaning="User for hosts that have no ansible_user.",
    ),
    Setting(
        name="ask_pass",
        kind=Kind.FLAG,
        flags=("-k", "--ask-pass"),
        parameter="ask_pass",
        default=False,
        meaning="Ask for the password of hosts that have no ansible_password.",
    ),
    Setting(
        name="verbosity",
        kind=Kind.COUNT,
        flags=("-v", "--verbose"),
        parameter="verbose",
        default=0,
        most=4,
        meaning="More: the evidence of checks; -vv: long texts uncut.",
    ),
    Setting(
        name="runs_dir",
        kind=Kind.FOLDER,
        flags=("--runs-dir",),
        parameter="runs_dir",
        metavar="FOLDER",
        meaning="Where run folders are (default: runs/ beside the inventory).",
    ),
    Setting(
        name="detailed_exitcode",
        kind=Kind.FLAG,
        flags=("--detailed-exitcode",),
        parameter="detailed_exitcode",
        default=False,
        meaning="Exit with 10 when changes are pending or were made.",
    ),
    Setting(name="nocolor", kind=Kind.FLAG, default=False, meaning="No colours; wins over force_color."),
    Setting(name="force_color", kind=Kind.FLAG, default=False, meaning="Colours also where the output is no terminal."),
    Setting(
        name="vault_identity_list",
        kind=Kind.IDENTITIES,
        default=(),
        meaning="Vault passwords by label; those of --vault-id come to them.",
    ),
    Setting(
        name="vault_password_file",
        kind=Kind.FILE,
        meaning="File with the vault password, or a program that prints it; tried after those of --vault-id.",
    ),
    Setting(
        name="vault_encrypt_identity",
        kind=Kind.TEXT,
        meaning="Vault id that `ndrfix vault encrypt-string` encrypts for, where there are several.",
    ),
    Setting(name="ask_vault_pass", kind=Kind.FLAG, default=False, meaning="Ask for the vault password."),
)

BY_NAME = {setting.name: setting for setting in SETTINGS}
BY_VARIABLE = {setting.variable: setting for setting in SETTINGS}

CONFIG = f"{PREFIX}CONFIG"
"""Names the file, or its folder, that is read instead of the one that would be found."""

OTHER_VARIABLES = {
    CONFIG: "the `ndrfix.cfg` to read, or its folder; the null device for none",
    f"{PREFIX}DEBUG": "show the details of a bug",
}
"""Variables with our prefix that are no settings."""

_OF_TESTS = ("ANSIBLE_LINT", "DATA", "LAB", "LAB_REQUIRED", "PEER", "PEER_EXAMPLES", "SOAK")
OF_TESTS = frozenset(PREFIX + name for name in (*_OF_TESTS, "UPDATE_GOLDEN", "UPDATE_SCHEMAS"))
"""Variables with our prefix for the tests of ndrfix itself."""
