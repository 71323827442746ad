"""What playbooks' expressions work with beyond Jinja's own: missing values, plain data, filters and tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import GeneratorType
from typing import Any, TypeVar

from jinja2 import StrictUndefined
from jinja2.exceptions import FilterArgumentError, UndefinedError
from jinja2.utils import missing

from ndrfix.errors import InputError, did_you_mean
from ndrfix.playbook.registered import NotKnownYetError, Registered
from ndrfix.playbook.templating import UndefinedNameError
from ndrfix.secrets import Secret

_TRUE = frozenset({"yes", "on", "1", "true", "y", "t"})
_FALSE = frozenset({"no", "off", "0", "false", "n", "f", ""})


class Missing(StrictUndefined):
    """What stands for a value that cannot be had until somebody uses it: using it raises the reason.

    An expression may name a variable in a branch that is not taken, or under `default`; so the reason is kept until
    then. A part of a missing value is missing for the same reason.
    """

    __slots__ = ("_reason",)

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[UndefinedError] = UndefinedError,
        *,
        reason: InputError | NotKnownYetError | None = None,
    ) -> None:
        super().__init__(hint=hint, obj=obj, name=name, exc=exc)
        self._reason = reason

    @property
    def _undefined_message(self) -> str:
        if self._reason is not None:
            raise self._reason
        if self._undefined_hint or self._undefined_obj is missing:
            return super()._undefined_message
        owner = self._undefined_obj
        known = [key for key in owner if isinstance(key, str)] if isinstance(owner, Mapping | Registered) else []
        return f"{describe(owner)} has no {self._undefined_name!r}{did_you_mean(str(self._undefined_name), known)}"

    def is_undefined(self) -> bool:
        """Whether the value simply does not exist; raises the reason when it exists but is faulty or not known yet."""
        if self._reason is not None and not isinstance(self._reason, UndefinedNameError):
            raise self._reason
        return True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, *args: Any, **kwargs: Any) -> Any:
        return self


def describe(value: object) -> str:
    """What kind of value it is, in the words of a playbook; never the value, which may be secret."""
    if value is None:
        return "nothing"
    if isinstance(value, Registered):
        return f"the result {value.name!r}"
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "a yes/no value"),
        ((int, float), "a number"),
        (str, "text"),
        (Secret, "a secret"),
        (Mapping, "a mapping"),
        ((list, tuple), "a list"),
    )
    found = next((words for kind, words in kinds if isinstance(value, kind)), None)
    return found or f"a {type(value).__name__}"


def settled(value: Any) -> Any:
    """The value as plain data: generators become lists, sub-types of text become text; whatever is missing fails.

    Raises:
        FilterArgumentError: it is a function or another thing that is no data.
    """
    if isinstance(value, Missing):
        return str(value)  # raises
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, dict):
        return {settled(key): settled(each) for key, each in value.items()}
    if isinstance(value, list | range | GeneratorType | map | filter):
        return [settled(each) for each in value]
    if isinstance(value, tuple):
        return tuple(settled(each) for each in value)
    if callable(value) or type(value).__module__.startswith("jinja2"):
        raise FilterArgumentError("the expression gives a function, not a value")
    return value


def default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    """The value, or the default when it does not exist; with `boolean` also when it is empty."""
    if isinstance(value, Missing):
        value.is_undefined()
        return default_value
    return default_value if boolean and not value else value


def defined(value: Any) -> bool:
    """Whether the value exists."""
    return not (isinstance(value, Missing) and value.is_undefined())


def boolean_word(value: Any) -> bool:
    """The truth of a yes/no word; any other word is refused."""
    if isinstance(value, bool):
        return value
    word = str(value).lower() if isinstance(value, str | int) else None
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise FilterArgumentError(f"{describe(value)} that is neither yes nor no (true, false, on, off, 1, 0)")


_Number = TypeVar("_Number", int, float)


def _number(value: Any, convert: Callable[[], _Number], default: Any, kind: str) -> Any:
    try:
        return convert()
    except (TypeError, ValueError):
        if default is not missing:
            return default
        raise FilterArgumentError(f"{describe(value)} that is no {kind}; {kind}(default) gives a default") from None


def whole_number(value: Any, default: Any = missing, base: int = 10) -> Any:
    """The value as a whole number; what is none is refused unless a default is given."""
    return _number(value, lambda: int(value, base) if isinstance(value, str) else int(value), default, "int")


def decimal_number(value: Any, default: Any = missing) -> Any:
    """The value as a number; what is none is refused unless a default is given."""
    return _number(value, lambda: float(value), default, "float")


def result_test(field: str, wanted: bool) -> Callable[[Any], bool]:
    """A test that a registered result passes when a field of it has the wanted truth."""

    def test(value: Any) -> bool:
        if not isinstance(value, Registered):
            raise FilterArgumentError(f"{describe(settled(value))} is no registered result")
        return getattr(value, field) is wanted

    return test
