"""The messages and cases of `cases/messages.yml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).parent / "cases" / "messages.yml"


@dataclass(frozen=True, slots=True)
class Case:
    """A message and what is expected of it; fields that a case does not name are not compared."""

    name: str
    data: bytes
    kind: str
    why: str
    expected: dict[str, Any]


def _data(text: str, swaps: list[list[str]]) -> bytes:
    for old, new in swaps:
        assert old in text, f"{old!r} is not in the message"
        text = text.replace(old, new)
    return text.encode("latin-1")


def _case(messages: dict[str, str], raw: dict[str, Any]) -> Case:
    data = _data(messages[raw.pop("of")], raw.pop("swap", []))
    return Case(raw.pop("name"), data, raw.pop("kind"), raw.pop("why"), raw)


def load() -> tuple[dict[str, bytes], list[Case]]:
    """The whole messages by name, and the cases."""
    document = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    messages: dict[str, str] = document["messages"]
    return {name: text.encode("latin-1") for name, text in messages.items()}, [
        _case(messages, dict(raw)) for raw in document["cases"]
    ]


MESSAGES, CASES = load()
