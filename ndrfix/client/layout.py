"""A client's folder laid out: files that teach, and that are right as they are."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ndrfix.errors import InputError

_SKELETON = Path(__file__).resolve().parent / "skeleton"
_HIDDEN = "gitignore"
_SETTINGS = "ndrfix.cfg"
_EXAMPLE = "inventory.yml"
# They speak of the example's hosts; where the client's own are, their variables would be those of real hosts.
_OF_EXAMPLE = (_EXAMPLE, "README.md", "group_vars/", "host_vars/")


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidOut:
    """The files of a folder, by their paths in it: those that were `written`, those that were there and `kept`, and the
    `inventories` that were there.
    """

    written: tuple[str, ...]
    kept: tuple[str, ...]
    inventories: tuple[str, ...] = ()


def lay_out(
    folder: Path,
    name: str,
    playbooks: Mapping[str, Path],
    *,
    add: bool = False,
    find: Callable[[Path], Sequence[Path]] = lambda _folder: (),
) -> LaidOut:
    """Make the folder of a client with that name, with copies of the playbooks. No file is ever overwritten; with `add`
    the folder may hold something, and gets what it lacks. Where `find` gives inventories in it, it gets no example of
    one, and the settings name it; which of several is meant they leave to the user.

    Raises:
        InputError: the name is not one line of text, the folder is not empty, or cannot be read or written.
    """
    if not name.strip() or not name.isprintable():
        raise InputError("the client's name must be a text of one line", next_step="Give one with --name.")
    written: list[str] = []
    kept: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not add and any(folder.iterdir()):
            raise InputError(
                f"the folder {folder} is not empty",
                next_step="Name another one, or add what is missing with --add: nothing is overwritten.",
            )
        inventories = tuple(each.relative_to(folder).as_posix() for each in find(folder))
        for path, text in _texts(name.strip(), playbooks, inventories).items():
            (written if _written(folder / path, text) else kept).append(path)
    except OSError as error:
        raise InputError(
            f"cannot write {error.filename or folder}: {error.strerror or error}",
            next_step="What was written before stays there; `--add` goes on with it.",
        ) from error
    return LaidOut(written=tuple(written), kept=tuple(kept), inventories=inventories)


def _texts(name: str, playbooks: Mapping[str, Path], inventories: Sequence[str]) -> dict[str, str]:
    """The content of each file, by its path in the folder."""
    marks = {"@NAME@": json.dumps(name, ensure_ascii=False), "@TITLE@": name, "@LABEL@": json.dumps(label_of(name))}
    texts: dict[str, str] = {}
    for source in sorted(path for path in _SKELETON.rglob("*") if path.is_file()):
        path = source.relative_to(_SKELETON).as_posix()
        if not (inventories and path.startswith(_OF_EXAMPLE)):
            texts[f".{path}" if path == _HIDDEN else path] = _filled(source.read_text(encoding="utf-8"), marks)
    if inventories:
        line = "\n".join(f"{'# ' if inventories[1:] else ''}inventory = {each}" for each in inventories)
        texts[_SETTINGS] = texts[_SETTINGS].replace(f"inventory = {_EXAMPLE}", line)
    for stem, source in playbooks.items():
        texts[f"playbooks/{stem}.yml"] = source.read_text(encoding="utf-8")
    return texts


def _filled(text: str, marks: Mapping[str, str]) -> str:
    """A text with what stands for its marks; what looks like a mark in that is none."""
    return re.sub("|".join(marks), lambda found: marks[found[0]], text)


def label_of(name: str) -> str:
    """The label that vault passwords of a client with that name get: what of it a label may hold, in small letters."""
    bare = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    return re.sub(r"\W+", "-", unicodedata.normalize("NFC", bare).casefold()).strip("-") or "client"


def _written(path: Path, text: str) -> bool:
    """Whether the file was written; one that is there is left as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True
