"""The line that an error is about, with a caret, and without what may be a secret.

The file may be broken, and nothing of it may be known to the mask yet: what is hidden is decided by the text alone,
rather too much than too little. Behind a name that may be a secret's nothing is shown, whatever stands between: the
colon may be what is missing.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from ndrfix.place import Place
from ndrfix.secret_names import secret_word_end
from ndrfix.secrets import MASK, Masker, Secret

_WIDTH = 110
_KEY = re.compile(r"""(?P<key>[^\W\d][\w.-]*)["']?\s*[:=]\s*""")
_NAME = re.compile(r"[^\W\d]\w*(?:[.-][^\W\d]\w*)*")
_BEHIND = re.compile(r"""["']?\s*(?P<sign>[:=]\s*)?""")
_REST = re.compile(r"\w+")
_CLOSED = re.compile(r"""[\s"'\])}]*[,:]?\s*""")
_TEMPLATE = re.compile(r"\{\{-?\s*[\w.]+\s*-?\}\}")
_INDENT = re.compile(r"\s*([-?] +)*")
_NEXT_KEY = re.compile(r"""\s*,\s*(?=["']?[^\W\d][\w.-]*["']?\s*:\s)""")
_IN_FLOW = re.compile(r"[{,]\s*[\"']?$")
_KEYED = re.compile(r"""\s*(- +)*["']?[^\W\d][\w. -]*["']?\s*:(\s|$)""")
_EXPLICIT_VALUE = re.compile(r"\s*:\s")
_SIGN_BEFORE = re.compile(r"[:=]\s*$")
_SIGNS = re.compile(r"[:=,;{}\[\]\"'\\]")
_AROUND = " \t\"'"
_BEFORE = " \t:=,;{}[]\"'\\->"
_VALUE_OF = re.compile(r"""\w["']?\s*:\s+["']?$""")
_ENDED = re.compile(r"""["']?\s*[,}\]]""")
_QUOTED = re.compile(r"""(?<!\w)(?P<quote>['"])(?P<text>(?:\\.|(?!(?P=quote)).)*)(?P=quote)(?!\w)""")
_GLUED = re.compile(r"([^\W\d][\w.-]*)([:=])([^\s'\"]+)")

_INI_SUFFIXES = (".ini", ".cfg")
_SECTION = re.compile(r"\s*\[[^\[\]{},\"']+\]\s*([#;].*)?")
_INI_INDENT = re.compile(r"\s*")
_COMMENT = re.compile(r"\s*([#;]|$)")
_ASSIGNED = re.compile(r"\s*[\[#;]|\s*(\w[^\s=]*\s+)?[\w.]+\s*=")
_ANY = re.compile("")


class Excerpts:
    """What files hold at the places of errors: each file is read once, as it is when it is first asked for. `mask`
    takes known secrets out of a line.
    """

    def __init__(self, mask: Callable[[str], str] = str) -> None:
        self._mask = mask
        self._texts: dict[str, _Text] = {}

    def at(self, place: Place, *, hidden: bool = False) -> list[str]:
        """The line at a place and a caret below it; nothing when the file cannot be read or the place lies outside.

        Values under keys that look like secrets are masked, with `hidden` those under any key.
        """
        line = self._line(place, hidden=hidden)
        if line is None or not line.written.strip():
            return []
        column = line.column(place.column - 1)
        if place.column > len(line.written) + 1 or column >= _WIDTH:
            return []
        number = f"{place.line:>5} | "
        shown = self._mask(line.text)[:_WIDTH].replace("\t", " ")
        return [f"{number}{shown}", " " * (len(number) - 2) + "| " + " " * column + "^"]

    def sentence(self, text: str, place: Place | None) -> str:
        """A sentence about a place without what is masked there, without what is stuck to a name that looks like a
        secret's, as in `ansible_password:hunter2`, and without what stands behind one in quotes.
        """
        text = _GLUED.sub(lambda found: f"{found[1]}{found[2]}{MASK}" if secret_word_end(found[1]) else found[0], text)
        text = _QUOTED.sub(lambda found: found[0].replace(found["text"], _of_one(found["text"]).text), text)
        line = self._line(place, hidden=False) if place else None
        return Masker(Secret(each.strip(_AROUND)) for each in line.hidden())(text) if line and line.spans else text

    def _line(self, place: Place, *, hidden: bool) -> _Line | None:
        text = self._texts.get(place.file) or self._texts.setdefault(place.file, _Text.of(place.file))
        return text.masked(place.line - 1, hidden=hidden) if 0 < place.line <= len(text.lines) else None


def excerpt(place: Place, *, hidden: bool = False) -> list[str]:
    """The excerpt at a single place."""
    return Excerpts().at(place, hidden=hidden)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of which the spans (begin, end) are masked."""

    written: str
    spans: tuple[tuple[int, int], ...]

    @property
    def text(self) -> str:
        """The line as it is shown."""
        parts, end = [], 0
        for begin, after in self.spans:
            parts += [self.written[end:begin], MASK]
            end = after
        return "".join((*parts, self.written[end:]))

    def hidden(self) -> Iterator[str]:
        """What is masked; where no sign says where it begins, its first part, which the file's reader may see, too."""
        for begin, after in self.spans:
            text = self.written[begin:after]
            yield text
            if not _SIGN_BEFORE.search(self.written[:begin]):
                yield _SIGNS.split(text.lstrip(_BEFORE))[0]

    def column(self, column: int) -> int:
        """Where a column of the file is in the shown line: one in a masked part is where the mask begins."""
        moved = column
        for begin, after in self.spans:
            if column >= after:
                moved += len(MASK) - (after - begin)
            elif column >= begin:
                moved -= column - begin
        return moved


def _of_one(line: str) -> _Line:
    return _Line(line, tuple(_spans(line, hidden=False)))


class _Text:
    """A file's lines; what belongs to a value that began above it is found out down to where it is asked."""

    def __init__(self, lines: Sequence[str], *, ini: bool) -> None:
        self.lines = lines
        self._ini = ini
        self._continued = {each: (_continued(lines, hidden=each, ini=ini), list[bool]()) for each in (False, True)}

    @classmethod
    def of(cls, file: str) -> _Text:
        """The text of a file; no lines when it cannot be read, or only once, as a pipe."""
        path = Path(file)
        try:
            lines = path.read_bytes().decode("utf-8-sig").splitlines() if path.is_file() else []
        except (OSError, UnicodeDecodeError, ValueError):
            lines = []
        return cls(lines, ini=_is_ini(file, lines))

    def masked(self, number: int, *, hidden: bool) -> _Line:
        """The line of that number, from 0, with its secrets masked, also where they began on a line before it."""
        line = self.lines[number]
        begin = len(line) - len(line.lstrip())
        keyless = (not self._ini and _EXPLICIT_VALUE.match(line)) or (hidden and not _KEY.search(line))
        if keyless or self._continues(number, hidden=hidden):
            return _Line(line, ((begin, len(line)),))
        return _Line(line, tuple(_spans(line, hidden=hidden)))

    def _continues(self, number: int, *, hidden: bool) -> bool:
        more, known = self._continued[hidden]
        known.extend(itertools.islice(more, max(0, number + 1 - len(known))))
        return known[number]


def _is_ini(file: str, lines: Sequence[str]) -> bool:
    """Whether a file is an INI file, by its name or by its first line: there a value seldom has a second line."""
    first = next((line for line in lines if not _COMMENT.match(line)), "")
    return PurePath(file).suffix.casefold() in _INI_SUFFIXES or _SECTION.fullmatch(first) is not None


@dataclass(frozen=True, slots=True)
class _Mention:
    """A name in a line behind which nothing is shown: where it begins and where the rest does, and whether a colon or
    an equals sign stands between.
    """

    start: int
    rest: int
    signed: bool


def _mentions(line: str, begin: int = 0) -> Iterator[_Mention]:
    """The names of secrets in a line from a column on; one that a template alone uses is none."""
    templates = [found.span() for found in _TEMPLATE.finditer(line)]
    for found in _NAME.finditer(line, begin):
        word = found.start() + secret_word_end(found[0])
        if word == found.start() or any(start <= found.start() < after for start, after in templates):
            continue
        name = _REST.match(line, word)
        behind = _BEHIND.match(line, name.end() if name else word)
        if behind and behind["sign"]:
            yield _Mention(found.start(), behind.end(), signed=True)
        elif _is_value(line, found.start(), found.end()):
            continue
        elif _CLOSED.fullmatch(line, word):
            yield _Mention(found.start(), len(line), signed=False)
        else:
            yield _Mention(found.start(), word if name or not behind else behind.end(), signed=False)


def _is_value(line: str, start: int, end: int) -> bool:
    """Whether a name is part of a path, or all of a value in a flow mapping, as in `{name: Password, type: dword}`."""
    ended = _ENDED.match(line, end) is not None
    in_path = line[:start].endswith("\\") and (ended or line[end : end + 1] == "\\")
    return in_path or (ended and "{" in line[:start] and _VALUE_OF.search(line[:start]) is not None)


def _spans(line: str, *, hidden: bool) -> Iterator[tuple[int, int]]:
    """The values on a line that are not to be shown."""
    at = 0
    while (found := next(_found(line, at, hidden=hidden), None)) is not None:
        at = len(line)
        if found.rest < at:
            at = _end(line, found.rest, flow=found.signed and "{" in line[: found.start])
            yield found.rest, at


def _found(line: str, begin: int, *, hidden: bool) -> Iterator[_Mention]:
    """What hides the rest of the line from a column on: names of secrets, with `hidden` every key."""
    mention = next(_mentions(line, begin), None)
    key = _KEY.search(line, begin) if hidden else None
    if key and (mention is None or key.start() < mention.start):
        mention = _Mention(key.start(), key.end(), signed=True)
    if mention is not None:
        yield mention


def _end(line: str, begin: int, *, flow: bool) -> int:
    """Where a value ends: at its closing quote, before the next key of a flow mapping, else with the line."""
    if line[begin] in "\"'":
        close = line.find(line[begin], begin + 1)
        while close != -1 and line[close - 1] == "\\":
            close = line.find(line[begin], close + 1)
        if close != -1 and re.match(r"\s*(,|}|]|$|#)", line[close + 1 :]):
            return close + 1
    following = _NEXT_KEY.search(line, begin) if flow and line[begin] not in "\"'{[" else None
    return following.start() if following else len(line)


@dataclass(frozen=True, slots=True)
class _Open:
    """A value that goes on below its line: up to one of the signs `until`, without any while lines are indented deeper
    than its key, are items of a list below it, or do not begin as `following` says.
    """

    column: int
    until: str
    following: re.Pattern[str]

    def holds(self, line: str) -> bool:
        """Whether a line after the first belongs to the value."""
        indent = len(line) - len(line.lstrip())
        item = indent == self.column and line.lstrip().startswith("- ")
        inside = bool(self.until) or indent > self.column or item or not line.strip()
        return inside or not self.following.match(line)

    def ends_on(self, line: str) -> bool:
        """Whether the value is over after this line."""
        return any(sign in line for sign in self.until)


def _continued(lines: Sequence[str], *, hidden: bool, ini: bool) -> Iterator[bool]:
    """For each line, whether it belongs to a value that began on the lines before it."""
    value: _Open | None = None
    for line in lines:
        held = value is not None and value.holds(line) and not (ini and _SECTION.fullmatch(line))
        yield held
        if not held:
            value = _opened(line, hidden=hidden, ini=ini)
        elif value is not None and value.ends_on(line):
            value = None


def _opened(line: str, *, hidden: bool, ini: bool) -> _Open | None:
    """The value that may go on below this line, None when nothing on it hides anything. What is hidden whatever its key
    goes on only where it is a text of more lines.
    """
    found = list(_mentions(line))
    for key in reversed(list(_KEY.finditer(line)) if hidden else []):
        if line[key.end() : key.end() + 1] in tuple("|>'\""):
            found = [*found, _Mention(key.start(), key.end(), signed=True)]
            break
    if not found:
        return None
    last = max(found, key=lambda each: each.start)
    rest, lead = line[last.rest :].strip(), line[: last.start]
    in_flow = not ini and _IN_FLOW.search(lead) is not None and (last.signed or "{" in lead)
    indent = (_INI_INDENT if ini else _INDENT).match(line)
    column = last.start if in_flow else indent.end() if indent else 0
    return _Open(
        column, _until(rest, in_flow=in_flow), (_ANY if rest and last.signed else _ASSIGNED) if ini else _KEYED
    )


def _until(rest: str, *, in_flow: bool) -> str:
    """The signs of which one ends a value that begins with `rest`; none when indentation does."""
    if rest[:1] in ("'", '"'):
        return rest[0] if rest.count(rest[0]) % 2 else ""
    if rest[:1] in ("{", "["):
        return "" if set(rest) & set("}]") else "}]"
    return ",}]" if in_flow and not set(rest) & set(",}]") else ""
