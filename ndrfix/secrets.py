"""Secrets: a value that does not show itself, and the mask that takes its text out of anything printed or stored."""

from __future__ import annotations

import base64
import hmac
import json
import re
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn
from xml.sax.saxutils import escape

MASK = "********"
_SHORTEST_MASKED = 4
_SECRET_NAME = re.compile(
    r"(.*_)?(password|passwd|pass|passphrase|pwd|secret|token|api_?key|private_key)(_?\d+)?", re.IGNORECASE
)


def is_secret_name(name: str) -> bool:
    """Tell whether a name says that the value is a secret: `ansible_password`, `smtp_secret`, `api_token`."""
    return _SECRET_NAME.fullmatch(name) is not None


class Secret:
    """A text that is only given out by `reveal()`. It has no readable `str`, `repr` or format, and cannot be
    pickled.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; call it only where a foreign library needs it."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled")


def sealed(value: Any) -> Any:
    """The value with every text in it made secret."""
    if isinstance(value, str):
        return Secret(value)
    if isinstance(value, Mapping):
        return {key: sealed(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(sealed(each) for each in value)
    return value


def opened(value: Any) -> tuple[Any, tuple[Secret, ...]]:
    """The value with every secret in it as plain text, and those secrets."""
    if isinstance(value, Secret):
        return value.reveal(), (value,)
    if isinstance(value, Mapping):
        pairs = {key: opened(each) for key, each in value.items()}
        return {key: each for key, (each, _) in pairs.items()}, tuple(
            secret for _, found in pairs.values() for secret in found
        )
    if isinstance(value, list | tuple):
        parts = [opened(each) for each in value]
        return [each for each, _ in parts], tuple(secret for _, found in parts for secret in found)
    return value, ()


def _forms(text: str) -> set[str]:
    """The spellings under which a secret turns up in messages of other programs."""
    encoded = text.encode()
    wide = text.encode("utf-16-le")
    forms = {text, text.strip(), json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    forms |= {urllib.parse.quote(text), urllib.parse.quote_plus(text), urllib.parse.quote(text, safe="")}
    forms |= {escape(text), escape(text, {'"': "&quot;", "'": "&apos;"}), repr(text)[1:-1]}
    for raw in (encoded, wide):
        forms |= {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode(), raw.hex()}
    return forms


class Masker:
    """Replaces every known secret, in its usual spellings, by a mask; secrets may be added while it is in use."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._forms: dict[str, None] = {}
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Secret) -> None:
        """Know one more secret. A text shorter than four characters is not searched for: it would mask ordinary
        words.
        """
        if len(secret.reveal()) >= _SHORTEST_MASKED:
            forms = (form for form in _forms(secret.reveal()) if len(form) >= _SHORTEST_MASKED)
            found = self._forms | dict.fromkeys(forms)
            self._forms = dict.fromkeys(sorted(found, key=len, reverse=True))

    def __call__(self, text: str) -> str:
        """The text with every known secret masked."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text
