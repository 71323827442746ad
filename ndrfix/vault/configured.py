"""Which vault passwords a run has: from the command line, the environment, and `ansible.cfg`."""

from __future__ import annotations

import configparser
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from ndrfix.errors import InputError
from ndrfix.place import Place
from ndrfix.secrets import Secret
from ndrfix.vault.envelope import DEFAULT_LABEL
from ndrfix.vault.sources import PROMPT, Identity

_PREFIXES = ("NDRFIX", "ANSIBLE")
_YES = frozenset({"1", "true", "yes", "on", "y", "t"})


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultOptions:
    """What the command line says: `LABEL@SOURCE` texts, files with the password of the label `default`, and whether to
    ask for that password.
    """

    ids: tuple[str, ...] = ()
    password_files: tuple[str, ...] = ()
    ask: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Configured:
    """A setting with what its relative file names start from."""

    text: str
    folder: Path


def identities_of(
    options: VaultOptions,
    environment: Mapping[str, str],
    ask: Callable[[str], Secret],
    *,
    warn: Callable[[str], None],
    folder: Path | None = None,
) -> tuple[Identity, ...]:
    """The identities; no password is fetched yet. Those that the command line names are marked, and their files exist.

    In Ansible's order: the configured list, then `--vault-id`, then `--vault-password-file`, then the configured file,
    then the question. `NDRFIX_…` variables hide the `ANSIBLE_…` ones, which hide `ansible.cfg`; `folder` is the current
    one. `ask` gives what is typed after its argument.

    Raises:
        InputError: a text that names no source, a file that does not exist, an `ansible.cfg` that cannot be read.
    """
    here = folder or Path()
    config = _Config(environment, here, warn)
    found = []
    if (listed := config.setting("VAULT_IDENTITY_LIST", "vault_identity_list")) is not None:
        texts = (text.strip() for text in listed.text.split(","))
        found += [Identity.of(text, ask, folder=listed.folder, warn=warn) for text in texts if text]
    named = [Identity.of(text, ask, folder=here, warn=warn) for text in options.ids]
    named += [_file(name, here, ask, warn) for name in options.password_files]
    for identity in named:
        identity.source.check()
        identity.named = True
    found += named
    if (file := config.setting("VAULT_PASSWORD_FILE", "vault_password_file")) is not None:
        found.append(_file(file.text, file.folder, ask, warn))
    wanted = config.setting("ASK_VAULT_PASS", "ask_vault_pass")
    if options.ask or (wanted is not None and wanted.text.strip().lower() in _YES):
        found.append(Identity.of(PROMPT, ask))
    return tuple(found)


def encryption_label(
    environment: Mapping[str, str], *, warn: Callable[[str], None], folder: Path | None = None
) -> str | None:
    """The vault id that new values are encrypted for by configuration, None when there is none.

    Raises:
        InputError: an `ansible.cfg` that cannot be read.
    """
    found = _Config(environment, folder or Path(), warn).setting("VAULT_ENCRYPT_IDENTITY", "vault_encrypt_identity")
    return found.text.strip() if found else None


def _file(name: str, folder: Path, ask: Callable[[str], Secret], warn: Callable[[str], None]) -> Identity:
    return Identity.of(f"{DEFAULT_LABEL}@{name}", ask, folder=folder, warn=warn)


class _Config:
    """Settings of the environment and of the first `ansible.cfg` that Ansible itself would read."""

    def __init__(self, environment: Mapping[str, str], folder: Path, warn: Callable[[str], None]) -> None:
        self._environment = environment
        self._folder = folder
        self._file = next(filter(_is_there, _candidates(environment, folder, warn)), None)
        self._defaults = _defaults(self._file) if self._file else {}

    def setting(self, variable: str, key: str) -> _Configured | None:
        """The setting, None when nothing sets it or what sets it is empty."""
        for prefix in _PREFIXES:
            if text := self._environment.get(f"{prefix}_{variable}"):
                return _Configured(text=text, folder=self._folder)
        text = Template(self._defaults.get(key, "")).safe_substitute(self._environment)
        return _Configured(text=text, folder=self._file.parent) if text and self._file else None


def _is_there(path: Path) -> bool:
    """Whether there is such a file, as far as this user may know: a home may be another user's, as in containers."""
    try:
        return path.is_file()
    except PermissionError:
        return False


def _candidates(environment: Mapping[str, str], folder: Path, warn: Callable[[str], None]) -> Iterator[Path]:
    if named := environment.get("ANSIBLE_CONFIG"):
        path = folder / Path(named).expanduser()
        yield path / "ansible.cfg" if path.is_dir() else path
    here = folder / "ansible.cfg"
    if here.is_file() and folder.stat().st_mode & stat.S_IWOTH:
        warn(f"{here} is not read: everybody may write to its folder; name it in ANSIBLE_CONFIG if it is yours")
    else:
        yield here
    yield Path.home() / ".ansible.cfg"
    yield Path("/etc/ansible/ansible.cfg")


def _defaults(path: Path) -> Mapping[str, str]:
    """The section [defaults]."""
    parser = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(";",))
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"), source=str(path))
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        line = getattr(error, "lineno", None) or 1
        raise InputError(
            "the configuration of Ansible cannot be read",
            place=Place(file=str(path), line=line),
            next_step="Mend it, or name another one in ANSIBLE_CONFIG: vault passwords may be configured there.",
        ) from error
    return dict(parser["defaults"]) if parser.has_section("defaults") else {}
