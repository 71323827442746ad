"""Settings read from variables: looked up under all their names and converted; an error names the place."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from ndrfix.encrypted import is_encrypted
from ndrfix.errors import InventoryError, did_you_mean
from ndrfix.inventory.names import NAMES
from ndrfix.inventory.variables import has_jinja
from ndrfix.place import Place
from ndrfix.secrets import Secret
from ndrfix.source import Vaulted

E = TypeVar("E", bound=StrEnum)

# The words of YAML 1.1, as they come out of a template as text.
_YES = frozenset({"yes", "true", "on", "1", "y", "t"})
_NO = frozenset({"no", "false", "off", "0", "n", "f"})


_NOT_THERE = "Let the program find the secret by itself."


class _Hidden(str):
    """A setting's text that came out of a secret: used, not shown."""

    __slots__ = ()


class Reader:
    """The given values of one host, by setting.

    Every method raises `InventoryError` for a value that does not fit; it names host and variable, never a secret.
    """

    def __init__(self, host: str, values: Mapping[str, object], places: Mapping[str, Place]) -> None:
        self._host = host
        self._values = values
        self._places = places

    def error(self, setting: str, problem: str, next_step: str = "") -> InventoryError:
        """Return the error for a setting, at the place of the variable that sets it."""
        name = self.name(setting) or NAMES[setting][-1]
        return InventoryError(
            f"{self._host}: {name} {problem}", place=self._places.get(name), next_step=next_step or f"Correct {name}."
        )

    def text(self, setting: str) -> str | None:
        """Return a text; a number is taken as it prints."""
        value = self._value(setting)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise self.error(setting, f"must be text, not {_kind(value)}", "Put the value in quotes.")
        return str(value).strip() or None

    def words(self, setting: str) -> tuple[str, ...] | None:
        """Return a program with its arguments. A secret may not be among them: everybody sees what a program is
        called with.
        """
        value = self._value(setting)
        if value is None:
            return None
        if not isinstance(value, list | tuple) or not value:
            problem = "must be a list of the program and its arguments"
            raise self.error(setting, problem, "Write [PROGRAM, ARGUMENT, …]; there is no shell that takes it apart.")
        if any(isinstance(word, Secret | Vaulted) for word in value):
            raise self.error(setting, "holds a secret, which everybody could see in the list of processes", _NOT_THERE)
        if not all(isinstance(word, str) and word for word in value):
            raise self.error(setting, "must hold texts, none of them empty", "Put each of them in quotes.")
        return tuple(str(word) for word in value)

    def given(self, setting: str) -> bool:
        """Tell whether anything gives the setting."""
        return self.name(setting) is not None

    def secret(self, setting: str) -> Secret | None:
        """Return a secret; anything but text has lost how it was written."""
        value = self._value(setting)
        if value is None:
            return None
        if isinstance(value, Secret):
            if is_encrypted(value.reveal()):
                raise self.error(setting, "is an encrypted text without the tag !vault", "Write the tag before it.")
            return value
        if not isinstance(value, str):
            raise self.error(setting, f"must be text, not {_kind(value)}", "Put the value in quotes where it is set.")
        return Secret(str(value))

    def whole(self, setting: str, *, default: int, least: int, most: int | None = None) -> int:
        """Return a whole number between `least` and `most`; the default is not checked."""
        value = self._value(setting)
        if value is None:
            return default
        text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
        if not text.isdecimal() or len(text) > 9:
            raise self.error(setting, f"must be a whole number, not {self._shown(value)}")
        number = int(text)
        if number < least or (most is not None and number > most):
            limits = f"{least} or more" if most is None else f"between {least} and {most}"
            raise self.error(setting, f"must be {limits}, not {number}")
        return number

    def number(self, setting: str, *, default: float) -> float:
        """Return a number that is not negative."""
        value = self._value(setting)
        if value is None:
            return default
        try:
            number = float(str(value)) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else -1.0
        except ValueError:
            number = -1.0
        if not 0 <= number < float("inf"):
            raise self.error(setting, f"must be a number of 0 or more, not {self._shown(value)}")
        return number

    def flag(self, setting: str, *, default: bool) -> bool:
        """Return a yes or no, also when it comes as text."""
        value = self._value(setting)
        if value is None:
            return default
        word = str(value).strip().lower() if isinstance(value, (str, bool, int)) else ""
        if word in _YES:
            return True
        if word in _NO:
            return False
        raise self.error(setting, f"must be yes or no, not {self._shown(value)}")

    def choice(self, setting: str, words: type[E], default: E) -> E:
        """Return one of the words, in any case."""
        value = self._value(setting)
        if value is None:
            return default
        word = str(value).strip().lower() if isinstance(value, str) else ""
        known = [str(each) for each in words]
        if word in known:
            return words(word)
        raise self.error(
            setting,
            f"must be one of {', '.join(known)}, not {self._shown(value)}{did_you_mean(word, known)}",
        )

    def name(self, setting: str) -> str | None:
        """Return the variable that sets the setting: the last of its names that is given."""
        return next((name for name in reversed(NAMES[setting]) if name in self._values), None)

    def _value(self, setting: str) -> object | None:
        name = self.name(setting)
        if name is None:
            return None
        value = self._values[name]
        if isinstance(value, Vaulted):
            raise self.error(setting, "is encrypted (ansible-vault)", "Give its vault password.")
        if isinstance(value, Secret) and setting != "password":
            return _Hidden(value.reveal())
        if isinstance(value, str) and setting != "password" and has_jinja(value):
            raise self.error(setting, "still holds a template", "Check the braces of the expression.")
        return value

    def shown(self, setting: str) -> str:
        """Return a value as an error may show it."""
        return self._shown(self._value(setting))

    def is_hidden(self, setting: str) -> bool:
        """Tell whether a value came out of a secret, and so is not to be shown."""
        return isinstance(self._value(setting), _Hidden)

    @staticmethod
    def _shown(value: object) -> str:
        if isinstance(value, _Hidden):
            return "what is given, which is secret"
        return repr(value) if isinstance(value, (str, int, float)) else _kind(value)


def _kind(value: object) -> str:
    names = {bool: "a yes/no value", int: "a number", float: "a number", dict: "a mapping", list: "a list"}
    return names.get(type(value), "something else")
