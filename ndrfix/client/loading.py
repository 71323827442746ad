"""`client.yml` read: whatever it holds that is not known is an error with its place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ndrfix.client.model import Branding, Client
from ndrfix.client.window import DAYS, EVERY_DAY, ChangeWindow, Span, Zone
from ndrfix.errors import InputError, did_you_mean
from ndrfix.owner import FILE, Owners
from ndrfix.place import Place
from ndrfix.source import List, Map, Node, Scalar, kind, load_file, raise_faults, read_text

_SPELLINGS = (FILE, "client.yaml")
_LIKE = 0.8
_ENDINGS = ("", ".yml", ".yaml", ".json", ".txt")
_NAMED = re.compile(r"^name\s*:", re.MULTILINE)
KEYS = ("name", "formerly", "contact", "vault_id", "report", "time_zone", "change_window")
_REPORT = ("logo", "colour", "footer")
_WINDOW = ("from", "until", "days")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_LABEL = re.compile(r"[\w.\-]+")
_LOGOS = (".png", ".jpg", ".jpeg", ".svg", ".gif")
_TEXTS = (str, int, float, date)

T = TypeVar("T")


def load_client(folder: Path) -> Client | None:
    """The client whose folder this is, None when it holds no `client.yml`.

    Raises:
        InputError: the file cannot be read, or holds what is not known or does not fit; `others` holds further faults.
    """
    path = folder / FILE
    if not path.is_file():
        if other := _misnamed(folder):
            what = f"{other.name} is not read, the file that names the client is {FILE}"
            raise InputError(what, place=Place(file=str(other)), next_step=f"Name it {FILE}.")
        return None
    root = load_file(path)
    if not isinstance(root, Map):
        what = "nothing" if root is None else kind(root)
        raise InputError(
            f"{FILE} is {what}, a mapping is needed",
            place=root.place if root else Place(file=str(path)),
            next_step="Begin with 'name: ' and the client's name.",
        )
    return _Reader(path).client(root)


def _misnamed(folder: Path) -> Path | None:
    """A file whose name is nearly right: by its case or ending, or a little misspelt if it begins like a client's."""
    there = sorted(folder.iterdir()) if folder.is_dir() else []
    near = [path for path in there if path.suffix.lower() in _ENDINGS and _is_near(path.name) and path.is_file()]
    return next((path for path in near if path.name.casefold() in _SPELLINGS or _names_somebody(path)), None)


def _is_near(name: str) -> bool:
    stem = name.partition(".")[0].casefold()
    return stem.isalpha() and bool(difflib.get_close_matches(stem, (Path(FILE).stem,), cutoff=_LIKE))


def _names_somebody(path: Path) -> bool:
    try:
        return _NAMED.search(read_text(path)) is not None
    except InputError:
        return False


@dataclass(slots=True)
class _Reader:
    """Reads one file; what is wrong with a part is kept, and the rest is looked at as well."""

    path: Path
    faults: list[InputError] = field(default_factory=list)

    def client(self, root: Map) -> Client:
        known = self._known(root, KEYS, FILE)
        if "name" not in known:
            self._fault(f"{FILE} needs the client's name", root.place, "Add 'name: ' and the name.")
        zone = self._read(known, "time_zone", _zone, Zone())
        client = Client(
            name=self._read(known, "name", _line, ""),
            file=self.path,
            formerly=self._read(known, "formerly", _lines, ()),
            contact=self._read(known, "contact", _line, ""),
            vault_ids=self._read(known, "vault_id", _labels, ()),
            branding=self._read(known, "report", self._branding, Branding()),
            zone=zone,
            window=self._read(known, "change_window", lambda node: self._window(node, zone), None),
        )
        raise_faults(self.faults)
        return client

    def _branding(self, node: Node) -> Branding:
        known = self._known(_map(node, "report"), _REPORT, "report")
        return Branding(
            logo=self._read(known, "logo", self._logo, None),
            colour=self._read(known, "colour", _colour, ""),
            footer=self._read(known, "footer", _line, ""),
        )

    def _logo(self, node: Node) -> Path:
        path = self.path.parent / _line(node)
        if path.suffix.lower() not in _LOGOS:
            raise InputError("logo is no picture file", place=node.place, next_step=f"It may be {', '.join(_LOGOS)}.")
        if not path.is_file():
            raise InputError(
                f"there is no file {path}", place=node.place, next_step=f"The path begins beside {self.path.name}."
            )
        if any(folder != self.path.parent.resolve() for folder in Owners()(path)):
            raise InputError(
                f"the logo {path} lies in the folder of another client",
                place=node.place,
                next_step="Copy the picture into this client's folder.",
            )
        return path

    def _window(self, node: Node, zone: Zone) -> ChangeWindow:
        nodes = node.items if isinstance(node, List) else (node,)
        if not nodes:
            raise InputError(
                "change_window is an empty list: changes would never be allowed",
                place=node.place,
                next_step='Give hours, as in {from: "22:00", until: "05:00"}, or leave it out.',
            )
        return ChangeWindow(tuple(self._span(each) for each in nodes), zone)

    def _span(self, node: Node) -> Span:
        known = self._known(_map(node, "change_window"), _WINDOW, "change_window")
        for name in ("from", "until"):
            if name not in known:
                self._fault(f"change_window needs {name!r}", node.place, 'As in {from: "22:00", until: "05:00"}.')
        begins = self._read(known, "from", _time, time(1))
        ends = self._read(known, "until", _end, time())
        if begins == ends and "until" in known and not _is_midnight(known["until"]):
            next_step = 'For a whole day: {from: "00:00", until: "24:00"}.'
            self._fault("from and until are the same time", known["until"].place, next_step)
        return Span(begins=begins, ends=ends, days=self._read(known, "days", _days, EVERY_DAY))

    def _known(self, node: Map, names: tuple[str, ...], where: str) -> dict[str, Node]:
        """The mapping's values by key; an unknown key is a fault."""
        found: dict[str, Node] = {}
        for entry in node.entries:
            name = entry.key.text
            if name in names:
                found[name] = entry.value
            else:
                what = f"unknown key {name!r} in {where}{did_you_mean(name, names)}"
                self._fault(what, entry.key.place, f"It takes {', '.join(names)}.")
        return found

    def _read(self, known: dict[str, Node], name: str, read: Callable[[Node], T], default: T) -> T:
        node = known.get(name)
        if node is None:
            return default
        try:
            return read(node)
        except InputError as fault:
            self.faults.append(fault)
            return default

    def _fault(self, what: str, place: Place, next_step: str) -> None:
        self.faults.append(InputError(what, place=place, next_step=next_step))


def _map(node: Node, name: str) -> Map:
    if not isinstance(node, Map):
        raise InputError(f"{name} is {kind(node)}, a mapping is needed", place=node.place)
    return node


def _line(node: Node) -> str:
    """A text of one line, as it is written."""
    if not isinstance(node, Scalar) or isinstance(node.value, bool) or not isinstance(node.value, _TEXTS):
        raise InputError(f"this is {kind(node)}, a text is needed", place=node.place)
    text = node.text.strip()
    if not text or not text.isprintable():
        raise InputError("a text of one line is needed", place=node.place)
    return text


def _lines(node: Node) -> tuple[str, ...]:
    return tuple(_line(each) for each in (node.items if isinstance(node, List) else (node,)))


def _labels(node: Node) -> tuple[str, ...]:
    nodes = node.items if isinstance(node, List) else (node,)
    if not nodes:
        raise InputError(
            "vault_id is an empty list: no value could be opened",
            place=node.place,
            next_step="Name the labels of the client's vault passwords, or leave it out.",
        )
    return tuple(_label(each) for each in nodes)


def _label(node: Node) -> str:
    text = _line(node)
    if not _LABEL.fullmatch(text):
        raise InputError(
            f"{text!r} is no label of a vault",
            place=node.place,
            next_step="It is made of letters, digits, _, - and .",
        )
    return text


def _colour(node: Node) -> str:
    text = _line(node)
    if not _COLOUR.fullmatch(text):
        raise InputError(f"{text!r} is no colour", place=node.place, next_step='Write it as "#1f4e79", in quotes.')
    return text.lower()


def _time(node: Node) -> time:
    # As it is written: YAML reads an unquoted 22:00 as the number 1320.
    found = _TIME.fullmatch(_line(node))
    if found is None:
        raise InputError(f"{_line(node)!r} is no time of day", place=node.place, next_step='Write it as "22:00".')
    return time(int(found[1]), int(found[2]))


def _end(node: Node) -> time:
    return time() if _is_midnight(node) else _time(node)


def _is_midnight(node: Node) -> bool:
    """Whether the end of the day is written, as against its beginning: only so is a window a whole day."""
    return isinstance(node, Scalar) and node.text.strip() == "24:00"


def _days(node: Node) -> frozenset[int]:
    nodes = node.items if isinstance(node, List) else (node,)
    if not nodes:
        raise InputError("days is empty", place=node.place, next_step=f"Name some of {', '.join(DAYS)}.")
    return frozenset(_day(each) for each in nodes)


def _day(node: Node) -> int:
    text = _line(node)
    if text.lower() not in DAYS:
        raise InputError(
            f"{text!r} is no day{did_you_mean(text, DAYS)}", place=node.place, next_step=f"Days are {', '.join(DAYS)}."
        )
    return DAYS.index(text.lower())


def _zone(node: Node) -> Zone:
    name = _line(node)
    try:
        return Zone(name, ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(
            f"this computer knows no time zone {name!r}",
            place=node.place,
            next_step="Name it as in Europe/Berlin. Windows has no list of them: `pip install tzdata` brings one.",
        ) from error
