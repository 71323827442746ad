"""Secrets: a value that does not show itself, and the mask that takes its text out of anything printed or stored."""

from __future__ import annotations

import base64
import hmac
import re
import threading
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NoReturn

from ndrfix.escapes import readings

MASK = "********"
_SHORTEST_MASKED = 4
_SHORTEST_LINE = 8
_FEW = 200  # so many spellings are sooner looked for one by one in a text that holds none
_HEX = 8  # digits of the shortest secret that is searched for
_IN_URL = re.compile(  # what is behind the user, up to the sign that has a host behind it
    r"""(?<=[\w+.-])://[^\s/?#@:\["'<>]*:(?!\d*[/?#])(?P<password>[^\s"'<>]{1,400}?)@"""
    r"""(?=(\[[^\]\s]*\]|[^\s"'<>,;/?#@:]*)(:\d+)?:?([\s"'<>,;/?#]|$))"""
)
_BYTES = re.compile(r"[0-9A-Fa-f]{2}(?:(?:,\s*\\?\s*|[ :-])?(?:0x)?[0-9A-Fa-f]{2}){3,}")
_BETWEEN = re.compile("0x|[^0-9A-Fa-f]+")
_DIGIT = re.compile(r"0x|([0-9A-Fa-f])")
_LONGEST_NUMBER = 20  # digits of the largest number that the registry holds

# The first characters of a spelling → its length, the longest first → the spellings: each place of a text is looked at
# once, however many secrets are known.
_Spellings = dict[str, dict[int, set[str]]]


class Secret:
    """A text, number or date that is only given out by `reveal()` and `value()`. It has no readable `str`, `repr` or
    format, and cannot be pickled. Secrets are equal by text.
    """

    __slots__ = ("_text", "_value")

    def __init__(self, value: str | int | float | date) -> None:
        self._text = str(value)
        self._value = self._text if isinstance(value, str) else value

    def reveal(self) -> str:
        """The text itself, a number's or date's too; call it only where a foreign library needs it."""
        return self._text

    def value(self) -> str | int | float | date:
        """What was made secret, a number as number; call it only to calculate, and to hand data to a step."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._text)

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(_raw(self._text), _raw(other._text))

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Secret has no state to give away")


def sealed(value: Any, *, spared: Callable[[str], bool] = lambda _key: False) -> Any:
    """The value with every text, number and date in it made secret, but for those under keys that are `spared`; a yes
    or no tells nothing.
    """
    if isinstance(value, str | int | float | date) and not isinstance(value, bool):
        return Secret(value)
    if isinstance(value, Mapping):
        return {key: each if spared(str(key)) else sealed(each, spared=spared) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(sealed(each, spared=spared) for each in value)
    return value


def opened(value: Any) -> tuple[Any, tuple[Secret, ...]]:
    """The value with every secret in it as it was before, and those secrets."""
    if isinstance(value, Secret):
        return value.value(), (value,)
    if isinstance(value, Mapping):
        pairs = {key: opened(each) for key, each in value.items()}
        return {key: each for key, (each, _) in pairs.items()}, tuple(
            secret for _, found in pairs.values() for secret in found
        )
    if isinstance(value, list | tuple):
        parts = [opened(each) for each in value]
        return [each for each, _ in parts], tuple(secret for _, found in parts for secret in found)
    return value, ()


def in_url(text: str) -> tuple[Secret, ...]:
    """The passwords that stand in addresses within a text, as in `http://user:password@proxy`, also decoded."""
    found = [each["password"] for each in _IN_URL.finditer(text)]
    return tuple(Secret(each) for each in dict.fromkeys((*found, *map(urllib.parse.unquote, found))))


def _raw(text: str) -> bytes:
    """The text as UTF-8; a password file may hold bytes that are none, which Python keeps as half surrogate pairs."""
    return text.encode("utf-8", "surrogatepass")


def _forms(text: str) -> set[str]:
    """The spellings under which a secret turns up in messages of other programs, where their escapes are undone: bytes
    are then characters.
    """
    raw = _raw(text)
    wide = text.encode("utf-16-le", "surrogatepass"), text.encode("utf-16-be", "surrogatepass")
    forms = {text, text.strip(), text.replace("'", "''"), text.replace('"', '""')}
    forms |= {line.strip() for line in text.splitlines() if len(line.strip()) >= _SHORTEST_LINE}
    forms |= {data.decode("latin-1") for data in (raw, *wide)} | _numerals(text)
    forms |= {each.replace(" ", "+") for each in (text, raw.decode("latin-1"))}  # as a form of the web sends it
    for data in {raw, *wide, text.encode("latin-1", "replace"), text.encode("cp1252", "replace")}:
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            forms |= {encode(data).decode(), *(_inside(data, before, encode) for before in range(3))}
    return forms | {reading.text for form in forms for reading in readings(form)}


def _numerals(text: str) -> set[str]:
    """A number as the data of a registry value show it."""
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        return set()
    return {f"{int(text):08x}", f"{int(text):08X}"}


def _inside(data: bytes, before: int, encode: Callable[[bytes], bytes]) -> str:
    """What the data make of a base64 text in which other bytes stand around them, as in `user:password`.

    `before` is how many of those bytes share the first group of three.
    """
    digits = encode(bytes(before) + data + bytes(3)).decode()
    return digits[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]


def _digits(text: str) -> set[str]:
    """The bytes of a secret in hexadecimal, as they stand in registry files and dumps."""
    wide = text.encode("utf-16-le", "surrogatepass"), text.encode("utf-16-be", "surrogatepass")
    return {data.hex() for data in (_raw(text), *wide, text.encode("cp1252", "replace"))}


class Masker:
    """Replaces every known secret, in its usual spellings, by a mask; secrets may be added while it is in use. A
    password in an address is replaced whether it is known or not.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._forms: _Spellings = {}
        self._digits: _Spellings = {}  # of bytes in hexadecimal, whatever separates them
        self._known: set[Secret] = set()
        self._few: tuple[str, ...] | None = ()  # all spellings, while they are few
        self._lock = threading.Lock()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Secret) -> None:
        """Know one more secret. A text shorter than four characters is not searched for: it would mask ordinary
        words.
        """
        if len(secret.reveal()) < _SHORTEST_MASKED:
            return
        with self._lock:
            if secret in self._known:
                return
            found = [form for form in _forms(secret.reveal()) if len(form) >= _SHORTEST_MASKED]
            for form in found:
                _keep(self._forms, form[:_SHORTEST_MASKED], form)
            for digits in _digits(secret.reveal()):
                _keep(self._digits, digits[:_HEX], digits)
            if self._few is not None:
                few = {*self._few, *found}
                self._few = tuple(few) if len(few) <= _FEW else None
            self._known.add(secret)

    def __call__(self, text: str) -> str:
        """The text with every known secret masked, whatever escapes it holds; where two overlap, both are."""
        spans = list(self._found(text))
        # Where nothing is known, only a password in an address is to be found, and that has an @.
        for reading in readings(text) if self._known or "@" in text else ():
            spans += (reading.place(*span) for span in self._found(reading.text))
        return _masked(text, sorted(spans)) if spans else text

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        """Where in a text, read as it stands, something secret begins and ends."""
        few = self._few
        if "://" in text:
            yield from (found.span("password") for found in _IN_URL.finditer(text))
        if self._digits:
            yield from (span for found in _BYTES.finditer(text) for span in self._in_bytes(found))
        if few is None or any(form in text for form in few):
            yield from _places(text, self._forms, _SHORTEST_MASKED)

    def _in_bytes(self, found: re.Match[str]) -> Iterator[tuple[int, int]]:
        """Where in a run of bytes in hexadecimal a secret begins and ends."""
        digits = _BETWEEN.sub("", found[0]).lower()
        if spans := list(_places(digits, self._digits, _HEX)):
            at = [digit.start() for digit in _DIGIT.finditer(found.string, *found.span()) if digit[1]]
            yield from ((at[begin], at[end - 1] + 1) for begin, end in spans)


def _keep(forms: _Spellings, start: str, form: str) -> None:
    """Put a spelling to those that begin like it and are as long."""
    alike = forms.get(start, {})
    if len(form) in alike:
        alike[len(form)].add(form)
    else:  # put in place as a whole, since another thread may be reading
        forms[start] = dict(sorted([*alike.items(), (len(form), {form})], reverse=True))


def _places(text: str, forms: _Spellings, shortest: int) -> Iterator[tuple[int, int]]:
    """Where in a text the longest spellings begin and end, which are known by their first `shortest` characters."""
    for at in [at for at in range(len(text) - shortest + 1) if text[at : at + shortest] in forms]:
        for size, alike in forms[text[at : at + shortest]].items():
            if text[at : at + size] in alike:
                yield at, at + size
                break


def _masked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text with a mask for each span; spans that overlap are one."""
    parts: list[str] = []
    end = 0
    for start, stop in spans:
        if start >= end:
            parts += [text[end:start], MASK]
        end = max(end, stop)
    return "".join((*parts, text[end:]))
