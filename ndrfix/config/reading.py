"""`ndrfix.cfg`: lines of `name = value` below `[defaults]`, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ndrfix.errors import InputError, did_you_mean
from ndrfix.place import Place

SECTION = "defaults"
_HEAD = re.compile(r"\[(?P<name>[^\]]*)\]\s*([#;].*)?")
_ENTRY = re.compile(r"(?P<key>[^=:]*?)\s*[=:]\s*(?P<value>.*)")
_COMMENT = re.compile(r"\s+;.*$")


@dataclass(frozen=True, slots=True)
class Line:
    """A setting as it stands in the file; `place` is where its name begins, `value_place` where its value does."""

    key: str
    value: str
    place: Place
    value_place: Place


@dataclass(slots=True)
class Lines:
    """The settings of a text; what is wrong with it is kept in `faults`."""

    file: str
    faults: list[InputError] = field(default_factory=list)

    def of(self, text: str) -> Iterator[Line]:
        """The settings in the order of the file."""
        section = ""
        seen: dict[str, int] = {}
        for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
            if not line.strip() or line.lstrip().startswith(("#", ";")):
                continue
            if head := _HEAD.fullmatch(line.strip()):
                section = self._section(head["name"].strip(), number)
            elif entry := self._entry(line, number, section):
                if entry.key in seen:
                    what = f"{entry.key!r} is given twice, first in line {seen[entry.key]}"
                    self._fault(what, number, 1, "Remove one of the two.")
                seen.setdefault(entry.key, number)
                yield entry

    def _section(self, name: str, number: int) -> str:
        if name != SECTION:
            what = f"unknown section [{name}]{did_you_mean(name, [SECTION])}"
            self._fault(what, number, 1, f"Settings stand below [{SECTION}].")
        return name

    def _entry(self, line: str, number: int, section: str) -> Line | None:
        found = _ENTRY.fullmatch(line)
        if line[0].isspace():
            self._fault("the line is indented", number, 1, "A setting begins its line, and ends with it.")
        elif found is None or not found["key"]:
            self._fault("this is no setting", number, 1, "Write name = value, a comment after '#'.")
        elif not section:
            self._fault("a setting before the first section", number, 1, f"Write [{SECTION}] above it.")
        elif section == SECTION:
            value = _unquoted(_COMMENT.sub("", found["value"]).strip())
            at = Place(file=self.file, line=number, column=found.start("value") + 1)
            return Line(found["key"], value, Place(file=self.file, line=number), at)
        return None

    def _fault(self, what: str, line: int, column: int, next_step: str) -> None:
        place = Place(file=self.file, line=line, column=column)
        self.faults.append(InputError(what, place=place, next_step=next_step))


def _unquoted(text: str) -> str:
    """Without the quotes that are around the whole of it."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text
