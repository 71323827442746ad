"""Ranges in host names: `ex[01:03].corp.example`, `site-[a:c]`, `node[0:8:2]`, several in one name."""

from __future__ import annotations

import itertools
import math
import re
import string

LARGEST = 65_536
_RANGE = re.compile(r"\[([^\[\]]*:[^\[\]]*)\]")
_NUMBER = re.compile(r"[0-9]{1,9}")


def expand(pattern: str) -> tuple[str, ...]:
    """Return the names that a pattern stands for, the last range running fastest; a name without range is itself.

    Leading zeros are kept; both ends belong to the range, as in Ansible.

    Raises:
        ValueError: a range that cannot be read, or more than `LARGEST` names; the message says which.
    """
    if "[" not in pattern and "]" not in pattern:
        return (pattern,)
    pieces = _RANGE.split(pattern)
    texts = pieces[0::2]
    if any("[" in text or "]" in text for text in texts):
        raise ValueError(f"{pattern!r} holds a bracket that is no range like [01:03]")
    choices = [_choices(text) for text in pieces[1::2]]
    count = math.prod(len(choice) for choice in choices)
    if count > LARGEST:
        raise ValueError(f"{pattern!r} stands for {count:,} hosts, more than {LARGEST:,}")
    return tuple(
        texts[0] + "".join(map("".join, zip(chosen, texts[1:], strict=True))) for chosen in itertools.product(*choices)
    )


def _choices(text: str) -> tuple[str, ...]:
    parts = text.split(":")
    step = parts[2] if len(parts) == 3 else "1"
    if len(parts) > 3 or not _NUMBER.fullmatch(step) or int(step) == 0:
        raise ValueError(f"[{text}] is no range")
    first, last = parts[0] or "0", parts[1]
    if _NUMBER.fullmatch(first) and _NUMBER.fullmatch(last):
        chosen = _numbers(first, last, int(step), text)
    else:
        chosen = _letters(first, last, int(step), text)
    if not chosen:
        raise ValueError(f"the range [{text}] runs backwards")
    return chosen


def _numbers(first: str, last: str, step: int, text: str) -> tuple[str, ...]:
    width = len(first) if first.startswith("0") and len(first) > 1 else 0
    if width and len(last) != width:
        raise ValueError(
            f"the ends of the range [{text}] need the same number of digits, since the first begins with 0"
        )
    numbers = range(int(first), int(last) + 1, step)
    if len(numbers) > LARGEST:
        raise ValueError(f"the range [{text}] stands for {len(numbers):,} hosts, more than {LARGEST:,}")
    return tuple(str(number).zfill(width) for number in numbers)


def _letters(first: str, last: str, step: int, text: str) -> tuple[str, ...]:
    alphabet = next((each for each in (string.ascii_lowercase, string.ascii_uppercase) if first in each), "")
    if len(first) != 1 or len(last) != 1 or last not in alphabet:
        raise ValueError(f"[{text}] is no range")
    return tuple(alphabet[alphabet.index(first) : alphabet.index(last) + 1 : step])
