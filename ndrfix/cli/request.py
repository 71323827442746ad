"""A command line of a verb that reaches hosts, as given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ndrfix.cli.configured import here
from ndrfix.vault import VaultOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A command line of `plan` or `apply`, as given. `settings` is the file that stood in for flags, if one did."""

    playbook: str
    inventories: tuple[str, ...]
    limit: str | None = None
    extra_vars: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    forks: int = 10
    timeout: int = 30
    user: str | None = None
    ask_pass: bool = False
    vault_ids: tuple[str, ...] = ()
    vault_password_files: tuple[str, ...] = ()
    ask_vault_pass: bool = False
    verbose: int = 0
    json_file: Path | None = None
    runs_dir: Path | None = None
    detailed_exitcode: bool = False
    list_hosts: bool = False
    list_tasks: bool = False
    list_tags: bool = False
    until: str | None = None
    tasks: tuple[str, ...] = ()
    skip_tasks: tuple[str, ...] = ()
    outside_window: bool = False
    settings: Path | None = None

    @classmethod
    def of(cls, options: dict[str, Any]) -> Request:
        """The request of Click's parameters: comma lists of tags are taken apart."""
        for name in options.keys() & {"tags", "skip_tags"}:
            words = (word.strip() for text in options[name] for word in text.split(","))
            options[name] = tuple(word for word in words if word)
        return cls(settings=here().file, **options)

    @property
    def vault_options(self) -> VaultOptions:
        """Where vault passwords are."""
        return VaultOptions(ids=self.vault_ids, password_files=self.vault_password_files, ask=self.ask_vault_pass)

    @property
    def lists_only(self) -> bool:
        """Whether only a listing is wanted."""
        return self.list_hosts or self.list_tasks or self.list_tags
