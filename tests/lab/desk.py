"""The consultant's side of an end-to-end test: a folder, an inventory in it, and ndrfix started there as a program."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

import ndrfix

Variables = Mapping[str, object]
_PACKAGE = Path(ndrfix.__file__).parents[1]
_OURS = ("NDRFIX_", "ANSIBLE_", "COV_")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> str:
        """What was printed about the apply alone, without the plan before it."""
        return self.out.rpartition("\nAPPLY · ndrfix")[2] if "\nAPPLY · ndrfix" in self.out else ""


@dataclass(slots=True)
class Desk:
    """A folder with an inventory. No command may print or store one of the `secrets`, or show a traceback."""

    folder: Path
    secrets: list[str] = field(default_factory=list)

    def inventory(self, hosts: Mapping[str, Variables]) -> None:
        """Write `inventory.yml`."""
        self.secrets += [str(of["ansible_password"]) for of in hosts.values() if "ansible_password" in of]
        self.write("inventory.yml", yaml.safe_dump({"all": {"hosts": {name: dict(of) for name, of in hosts.items()}}}))

    def playbook(self, name: str, *tasks: Mapping[str, object], handlers: tuple[Mapping[str, object], ...] = ()) -> str:
        """Write a playbook of these tasks for all hosts; gives its name."""
        play = {"name": "Test", "hosts": "all", "tasks": list(tasks), "handlers": list(handlers)}
        self.write(name, yaml.safe_dump([play]))
        return name

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        (self.folder / name).write_text(text, encoding="utf-8")

    def __call__(self, *words: str, code: int = 0) -> Ended:
        """Run `ndrfix WORDS -i inventory.yml`; it must end with `code`."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        # The queue has tests of its own; its pipelines would come between those that are counted.
        more = ("--skip-tags", "queue") if "reverse-ndr" in words else ()
        ended = subprocess.run(
            [sys.executable, "-W", "error::ResourceWarning", "-m", "ndrfix", *words, *more, "-i", "inventory.yml"],
            cwd=self.folder,
            env=environment | {"PYTHONPATH": str(_PACKAGE)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=90,
        )
        said = f"$ ndrfix {' '.join(words)}\n{ended.stdout}\n{ended.stderr}"
        assert ended.returncode == code, f"exit code {ended.returncode} instead of {code}\n{said}"
        assert "Traceback" not in said, said
        self._keeps_secrets(said)
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def apply(self, *words: str, code: int = 0) -> Ended:
        """Run `ndrfix apply WORDS --yes`."""
        return self("apply", *words, "--yes", code=code)

    def runs(self) -> list[Path]:
        """The run folders, oldest first."""
        journals = sorted((self.folder / "runs").glob("*/journal.jsonl"), key=lambda path: path.stat().st_mtime_ns)
        return [journal.parent for journal in journals]

    def _keeps_secrets(self, said: str) -> None:
        stored = {
            path: path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and path.name != "inventory.yml"
        }
        for secret in self.secrets:
            assert secret not in said
            assert not [path for path, content in stored.items() if secret.encode() in content]


def reach(info: Mapping[str, Any], auth: str = "basic", **changes: object) -> dict[str, object]:
    """The connection variables of a lab host; `changes` replace some, those that are None are left out."""
    variables: dict[str, object] = {
        "ansible_host": info["host"],
        "ansible_port": info["port"],
        "ansible_psrp_protocol": "https" if info.get("ca") else "http",
        "ansible_psrp_auth": auth,
        "ansible_psrp_ca_cert": info.get("ca"),
        "ansible_psrp_message_encryption": "never" if auth == "basic" else None,
        "ansible_user": info["user"],
        "ansible_password": info["password"],
        "ndrfix_computer_name": info["name"],
        **changes,
    }
    return {name: value for name, value in variables.items() if value is not None}
