"""The folder of runs of a command, and whose runs count there: hosts of two clients may have one name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ndrfix.client import Home
from ndrfix.engine.damage import Damages
from ndrfix.engine.history import first_entry, read_each
from ndrfix.errors import InputError
from ndrfix.report.text import visible


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs for the client of `home`, in the folder that the command line names, or in the client's.

    Raises:
        InputError: the folder is another client's, be it that a link leads there.
    """

    home: Home
    given: Path | None

    def __post_init__(self) -> None:
        instead = "" if self.given else f"Make {self.folder} a folder of its own, or name another one with --runs-dir."
        self.home.admit(self.folder, f"the folder of runs {self.folder}", instead)

    @property
    def folder(self) -> Path:
        """Where run folders go."""
        return self.given or self.home.runs

    @property
    def whose(self) -> tuple[str, ...]:
        """The names of clients whose runs count there."""
        return self.home.names_in(self.folder)

    def named(self, text: str, inventories: Sequence[str]) -> Path:
        """The folder of a run by its id, or by its path.

        Raises:
            InputError: it is the run of another client.
        """
        folder = Path(text) if Path(text).is_dir() else self.folder / text
        self.home.admit(folder, f"the run in {folder}", "Give the inventory of that run.")
        journal = folder / "journal.jsonl"
        was = _client_of(journal) if journal.is_file() else None
        if was is not None and was not in self.home.names_in(folder.parent):
            own = f"client {self.home.name}" if self.home.name else "no client"
            raise InputError(
                f"the run in {folder} was for {_told(was)}, and {', '.join(inventories)} is of {own}",
                next_step=self._instead(was) if self._may_be_own(folder.parent, was) else _ANOTHER_INVENTORY,
            )
        return folder

    def passed_over(self) -> Iterator[str]:
        """What is said of runs in the folder that do not count, though they may be the client's."""
        heads = read_each(self.folder, None, Damages(), first_entry)
        for was in dict.fromkeys(_name_in(head) for _, head in heads if head):
            if was not in self.whose and self._may_be_own(self.folder, was):
                yield f"runs in {self.folder} that were for {_told(was)} do not count here. {self._instead(was)}"

    def _may_be_own(self, folder: Path, was: str) -> bool:
        """Whether runs for somebody, which do not count in a folder, may be the client's nevertheless."""
        return not was or self.home.keeps(folder)

    def _instead(self, was: str) -> str:
        if not was:
            return f"Move what is of {self.home.name} to {self.home.runs}."
        away = f"move what is of {visible(was)} to its folder"
        if self.home.client is None:
            return f"If there was a client.yml with that name, put it back; if not, {away}."
        formerly = f"add 'formerly: {visible(was)}' to {self.home.client.file}"
        return f"If {self.home.name} had that name, {formerly}; if not, {away}."


def other_inventory(folder: Path, inventories: Sequence[str]) -> str:
    """What is said of a run that was made with inventories which are there, and are not these; else nothing. One
    client may have hosts of the same names in two inventories.
    """
    journal = folder / "journal.jsonl"
    was = first_entry(journal).get("inventory") if journal.is_file() else None
    texts = [str(each) for each in was] if isinstance(was, list) else []
    then, now = ([Path(each).resolve() for each in sources if Path(each).exists()] for sources in (texts, inventories))
    if len(then) < len(texts) or len(now) < len(inventories) or not then:
        return ""
    if any(one.is_relative_to(other) or other.is_relative_to(one) for one in then for other in now):
        return ""
    return (
        f"made with the inventory {', '.join(texts)}, and this is {', '.join(inventories)}: "
        "see that its hosts are the same machines"
    )


_ANOTHER_INVENTORY = "Give the inventory of that run."


def _client_of(journal: Path) -> str:
    return _name_in(first_entry(journal))


def _name_in(head: dict[str, object]) -> str:
    return str(head.get("client", ""))


def _told(name: str) -> str:
    return f"client {visible(name)}" if name else "nobody who is named"
