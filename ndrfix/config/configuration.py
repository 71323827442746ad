"""Which settings hold, and where each comes from: the environment, `ndrfix.cfg`, or the default."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ndrfix.config.reading import Lines
from ndrfix.config.settings import (
    BY_NAME,
    BY_VARIABLE,
    CONFIG,
    OF_TESTS,
    OTHER_VARIABLES,
    PREFIX,
    SETTINGS,
    Kind,
    Plain,
    Setting,
)
from ndrfix.errors import InputError, did_you_mean
from ndrfix.place import Place
from ndrfix.secret_names import is_secret_name
from ndrfix.secrets import MASK

FILE = "ndrfix.cfg"
HIDDEN_FILE = f".{FILE}"
_YES = frozenset({"1", "true", "yes", "on", "y", "t"})
_NO = frozenset({"0", "false", "no", "off", "n", "f"})
_PROMPT = "prompt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A setting with its value and where that stands: a variable, a place in a file (both None: the default)."""

    setting: Setting
    value: Plain
    variable: str | None = None
    place: Place | None = None

    @property
    def changed(self) -> bool:
        """Whether it was set at all."""
        return self.variable is not None or self.place is not None

    @property
    def origin(self) -> str:
        """`default`, the variable, or the place."""
        return self.variable or (str(self.place) if self.place else "default")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Every setting with its value; `file` is the one that was read (None: there is none)."""

    file: Path | None
    values: Mapping[str, Value]

    def __getitem__(self, name: str) -> Plain:
        """The value of a setting."""
        return self.values[name].value

    def parameters(self) -> dict[str, Plain]:
        """What was set, by the names that Click has for it."""
        set_ones = (each for each in self.values.values() if each.changed and each.setting.parameter)
        return {each.setting.parameter: each.value for each in set_ones}

    def variables(self) -> dict[str, str]:
        """What was set and has no flag, as the environment variables that would set it."""
        set_ones = (each for each in self.values.values() if each.changed and not each.setting.parameter)
        return {each.setting.variable: _text(each.value) for each in set_ones}


def configuration(
    environment: Mapping[str, str], *, folder: Path, home: Path, warn: Callable[[str], None]
) -> Configuration:
    """The settings that hold in a folder. `home` is the user's; `warn` is told of a file that is not read.

    Raises:
        InputError: a variable, section or setting that is not known, or a value that does not fit; `others` holds
            further faults.
    """
    from ndrfix.source import raise_faults

    file = _found(environment, folder, home, warn)
    reader = _Reader()
    values = {setting.name: Value(setting=setting, value=setting.default) for setting in SETTINGS}
    if file:
        reader.file(file, values)
    reader.environment(environment, folder, values)
    raise_faults(reader.faults)
    return Configuration(file=file, values=values)


def _found(environment: Mapping[str, str], folder: Path, home: Path, warn: Callable[[str], None]) -> Path | None:
    if named := environment.get(CONFIG):
        try:
            path = _at(folder, named)
        except ValueError as error:
            raise InputError(f"{CONFIG} is {named!r}, {error}") from error
        path = path / FILE if path.is_dir() else path
        if not path.exists():
            raise InputError(f"{CONFIG} names {path}, which does not exist", next_step="Correct or unset the variable.")
        return path
    here = folder / FILE
    if here.is_file():
        if not folder.stat().st_mode & stat.S_IWOTH:
            return here
        warn(f"{here} is not read: everybody may write to its folder; name it in {CONFIG} if it is yours")
    hidden = home / HIDDEN_FILE
    try:
        return hidden if hidden.is_file() else None
    except PermissionError:  # another user's home, as in containers
        return None


@dataclass(slots=True)
class _Reader:
    """Puts what is set over the defaults; what is wrong with a part is kept, and the rest is looked at as well."""

    faults: list[InputError] = field(default_factory=list)

    def file(self, path: Path, values: dict[str, Value]) -> None:
        from ndrfix.source import read_text

        lines = Lines(str(path))
        for line in lines.of(read_text(path)):
            setting = BY_NAME.get(line.key)
            if setting is None:
                what = f"unknown setting {line.key!r}{did_you_mean(line.key, BY_NAME)}"
                self.faults.append(InputError(what, place=line.place, next_step="`ndrfix config` lists the settings."))
            elif (value := self._value(setting, line.value, path.parent, place=line.value_place)) is not None:
                values[setting.name] = Value(setting=setting, value=value, place=line.place)
        self.faults += lines.faults

    def environment(self, environment: Mapping[str, str], folder: Path, values: dict[str, Value]) -> None:
        for name, text in environment.items():
            if not name.startswith(PREFIX) or name in OTHER_VARIABLES or name in OF_TESTS or not text:
                continue
            setting = BY_VARIABLE.get(name)
            if setting is None:
                what = f"unknown environment variable {name}{did_you_mean(name, BY_VARIABLE)}"
                next_step = f"Unset it, or give it another name: those with {PREFIX} are settings."
                self.faults.append(InputError(what, next_step=next_step))
            elif (value := self._value(setting, text, folder)) is not None:
                values[setting.name] = Value(setting=setting, value=value, variable=name)

    def _value(self, setting: Setting, text: str, folder: Path, place: Place | None = None) -> Plain:
        try:
            return _READERS[setting.kind](setting, text.strip(), folder)
        except ValueError as error:
            name = setting.name if place else setting.variable
            what = f"{name} is {_shown(setting, text)}, {error}" if text.strip() else f"{name} has no value"
            give = "Correct it" if text.strip() else "Give one"
            next_step = f"{give}, or {'leave the line out' if place else f'unset {name}'}."
            self.faults.append(InputError(what, place=place, next_step=next_step))
            return None


def _shown(setting: Setting, text: str) -> str:
    """A wrong value; not one of `ask_pass` and its like, which may be the password itself."""
    return MASK if is_secret_name(setting.name) else repr(text)


def _plain_text(_setting: Setting, text: str, _folder: Path) -> str:
    if not text:
        raise ValueError("a text is needed")
    return text


def _whole(setting: Setting, text: str, _folder: Path) -> int:
    if not text.isdecimal() or not setting.least <= int(text) <= setting.most:
        raise ValueError(f"a whole number from {setting.least} to {setting.most} is needed")
    return int(text)


def _flag(_setting: Setting, text: str, _folder: Path) -> bool:
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise ValueError("yes or no is needed")


def _path(_setting: Setting, text: str, folder: Path) -> str:
    if not text:
        raise ValueError("a path is needed")
    return str(_at(folder, text))


def _at(folder: Path, text: str) -> Path:
    try:
        return folder / Path(text).expanduser()
    except RuntimeError as error:
        raise ValueError("there is no such home folder") from error


def _paths(setting: Setting, text: str, folder: Path) -> tuple[str, ...]:
    return tuple(_path(setting, each, folder) for each in _parts(text))


def _identities(setting: Setting, text: str, folder: Path) -> tuple[str, ...]:
    found = []
    for each in _parts(text):
        label, at, source = each.partition("@") if "@" in each else ("", "", each)
        found.append(label + at + (source if source.strip() == _PROMPT else _path(setting, source.strip(), folder)))
    return tuple(found)


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(","))
    if not all(parts):
        raise ValueError("a list without empty parts is needed")
    return parts


_READERS: Mapping[Kind, Callable[[Setting, str, Path], Plain]] = {
    Kind.TEXT: _plain_text,
    Kind.WHOLE: _whole,
    Kind.COUNT: _whole,
    Kind.FLAG: _flag,
    Kind.FILE: _path,
    Kind.FOLDER: _path,
    Kind.FILES: _paths,
    Kind.IDENTITIES: _identities,
}


def _text(value: Plain) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)
