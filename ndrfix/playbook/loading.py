"""Reading a playbook file: everything that can be known to be wrong without a host is found here, in one pass."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ndrfix.encrypted import Decrypt, is_encrypted
from ndrfix.errors import InputError, PlaybookError, did_you_mean
from ndrfix.place import Place
from ndrfix.playbook import keywords, reading
from ndrfix.playbook.model import Batch, Play, Playbook, StepSchema, Task, VarsFile
from ndrfix.playbook.numbers import number_faults
from ndrfix.playbook.reading import Faults
from ndrfix.playbook.tasks import TaskReader, notified
from ndrfix.playbook.templating import is_template
from ndrfix.secrets import Secret, sealed
from ndrfix.shipped import shipped_playbooks
from ndrfix.source import Entry, List, Map, Node, Scalar, Vaulted, kind, load_text, parse_text, raise_faults, read_text

_HANDLERS_NAMED = 20
_PERCENT = re.compile(r"([0-9]{1,3})\s*%")


def load_playbook(path: Path, steps: Mapping[str, StepSchema], *, decrypt: Decrypt | None = None) -> Playbook:
    """The playbook in a file, with its `vars_files`.

    `steps` is the catalogue by name. `decrypt` opens a variables file that is vaulted as a whole, all texts of which
    become secrets; single `!vault` values stay encrypted until they are used.

    Raises:
        InputError: the file or a variables file is missing, is no YAML, or is faulty; all faults in one error with its
            `others`.
    """
    shipped = sorted(shipped_playbooks())
    next_step = f"Name a file, or one that comes with ndrfix: {', '.join(shipped)}."
    require_file(path, "playbook", Place(file=str(path)), known=shipped, next_step=next_step)
    root, unreadable = parse_text(read_text(path), str(path))
    playbook, faults = read_playbook(path, root, steps, decrypt=decrypt)
    raise_faults((*unreadable, *faults))
    return playbook


def read_playbook(
    path: Path, root: Node | None, steps: Mapping[str, StepSchema], *, decrypt: Decrypt | None = None
) -> tuple[Playbook, tuple[InputError, ...]]:
    """What can be read of a playbook's document, and every fault in it; plays and tasks that are too faulty are left
    out. `path` is its file, beside which `vars_files` are looked for.

    Raises:
        InputError: it is no list of plays.
    """
    if not isinstance(root, List) or not root.items:
        raise PlaybookError(
            f"a playbook must be a list of plays, not {kind(root)}" if root is not None else "the playbook is empty",
            place=root.place if root is not None else Place(file=str(path)),
            next_step="A play begins with '- name: …' at the left margin, then hosts and tasks.",
        )
    faults = Faults()
    reader = _PlayReader(path.parent, steps, faults, decrypt)
    plays = [reader.play(node) for node in root.items]
    playbook = Playbook(path=path, place=root.place, plays=tuple(play for play in plays if play is not None))
    return playbook, faults.in_order(root.place.file)


def require_file(
    path: Path, what: str, place: Place, *, known: Sequence[str] = (), next_step: str = "Check the name."
) -> None:
    """Nothing, when the file exists.

    Raises:
        PlaybookError: it does not, or is a folder; names the nearest file of the same folder, or of the `known` names.
    """
    if path.is_file():
        return
    if path.is_dir():
        raise PlaybookError(f"the {what} {path} is a folder", place=place, next_step="Name a file in it.")
    folder = path.parent
    if not folder.is_dir():
        why = f": the folder {folder} does not exist"
    else:
        here = sorted(each.name for each in folder.iterdir() if each.is_file())
        why = did_you_mean(path.name, here) or did_you_mean(path.stem, known)
    raise PlaybookError(f"there is no {what} {path}{why}", place=place, next_step=next_step)


class _PlayReader:
    """Reads the plays of one file."""

    def __init__(self, folder: Path, steps: Mapping[str, StepSchema], faults: Faults, decrypt: Decrypt | None) -> None:
        self._folder = folder
        self._steps = steps
        self._faults = faults
        self._decrypt = decrypt

    def play(self, node: Node) -> Play | None:
        """The play, None when it is no mapping; every fault is noted."""
        faults = self._faults
        if not isinstance(node, Map) or not node.entries:
            faults.add(f"a play must be a mapping with hosts and tasks, not {kind(node)}", node.place)
            return None
        refused = self._check_keys(node)
        hosts, hosts_place = self._hosts(node, refused=refused)
        ignore_errors = reading.flag(node, "ignore_errors", faults, default=False)
        no_log = reading.flag(node, "no_log", faults, default=False)
        reader = TaskReader(self._steps, faults, ignore_errors=ignore_errors, no_log=no_log)
        tasks = self._tasks(node, reader, refused=refused)
        handlers = self._handlers(node, reader)
        self._check_notifications(node, handlers)
        return Play(
            place=node.place,
            name=reading.plain_text(node.get("name"), "the name of a play", faults) or hosts,
            hosts=hosts,
            hosts_place=hosts_place,
            vars=reading.variables(node, faults),
            vars_files=tuple(self._vars_files(node)),
            tags=reading.tags(node, faults),
            serial=tuple(self._serial(node)),
            max_fail_percentage=self._max_fail_percentage(node),
            ignore_errors=ignore_errors,
            tasks=tasks,
            handlers=handlers,
            node=node,
        )

    def _check_keys(self, node: Map) -> bool:
        """Whether the play has a keyword of Ansible that is refused; notes every key that is no keyword."""
        refused = False
        for entry in node.entries:
            key = entry.key
            if key.value in keywords.PLAY_KEYWORDS:
                continue
            if key.text in keywords.PLAY_REFUSED:
                refused = True
                advice = keywords.PLAY_REFUSED[key.text]
                self._faults.add(f"ndrfix has no {key.text!r}", key.place, advice, rule="ansible-only[keyword]")
            elif key.text in self._steps:
                refused = True
                self._faults.add(f"the step {key.text} stands outside 'tasks'", key.place, "Put it under 'tasks:'.")
            else:
                reading.unknown_key(key, "play keyword", keywords.PLAY_KEYWORDS, self._faults)
        if reading.flag(node, "gather_facts", self._faults, default=False):
            self._faults.add(
                "ndrfix gathers no facts",
                (node.get("gather_facts") or node).place,
                "Remove it; ndrfix_host.computer_name and ndrfix_host.os_version are there anyway.",
                rule="ansible-only[keyword]",
            )
        return refused

    def _hosts(self, node: Map, *, refused: bool) -> tuple[str, Place]:
        value = node.get("hosts")
        if value is None:
            if not refused:
                self._faults.add(
                    "a play without 'hosts'", node.place, "Say which hosts or groups, as 'hosts: exchange'."
                )
            return "", node.place
        found = tuple(reading.texts(value, "'hosts'", self._faults))
        if isinstance(value, List) and not value.items:
            self._faults.add("'hosts' is empty", value.place)
        return ",".join(str(each.value) for each in found), found[0].place if found else value.place

    def _tasks(self, node: Map, reader: TaskReader, *, refused: bool) -> tuple[Task, ...]:
        value = node.get("tasks")
        if isinstance(value, List) and value.items:
            return tuple(task for item in value.items if (task := reader.task(item)) is not None)
        empty = value is None or (isinstance(value, Scalar) and value.value is None) or isinstance(value, List)
        if value is not None and not empty:
            self._faults.add(f"'tasks' must be a list, not {kind(value)}", value.place, "Each begins with '- name: …'.")
        elif not refused:
            self._faults.add("a play without tasks", (value or node).place, "Write at least one under 'tasks:'.")
        return ()

    def _handlers(self, node: Map, reader: TaskReader) -> tuple[Task, ...]:
        value = node.get("handlers")
        if value is None or (isinstance(value, Scalar) and value.value is None):
            return ()
        if not isinstance(value, List):
            self._faults.add(f"'handlers' must be a list, not {kind(value)}", value.place)
            return ()
        found: dict[str, Task] = {}
        for item in value.items:
            handler = reader.task(item, handler=True)
            if handler is None:
                continue
            if handler.name in found:
                first = found[handler.name].place.line
                self._faults.add(
                    f"a second handler {handler.name!r}, the first is in line {first}",
                    (handler.node.get("name") or handler.node).place,
                    "Give each its own name.",
                    rule="duplicate-name[handler]",
                )
            found.setdefault(handler.name, handler)
        return tuple(found.values())

    def _check_notifications(self, node: Map, handlers: tuple[Task, ...]) -> None:
        known = sorted({handler.name for handler in handlers} | set(_named(node.get("handlers"))))
        has = ", ".join(map(repr, known[:_HANDLERS_NAMED]))
        more = f" and {len(known) - _HANDLERS_NAMED} more" if len(known) > _HANDLERS_NAMED else ""
        advice = f"The handlers of this play are: {has}{more}." if has else "Write it under 'handlers:' of the play."
        names = frozenset(known)
        tasks = node.get("tasks")
        for task in tasks.items if isinstance(tasks, List) else ():
            for name in notified(task, Faults()) if isinstance(task, Map) else ():
                if name.value not in names:
                    what = f"there is no handler {name.value!r}{did_you_mean(name.value, known)}"
                    self._faults.add(what, name.place, advice, rule="notify[no-handler]")

    def _vars_files(self, node: Map) -> Iterator[VarsFile]:
        value = node.get("vars_files")
        if value is None:
            return
        for each in reading.texts(value, "the name of a variables file", self._faults):
            path = self._folder / str(each.value)
            try:
                root = self._load_variables(path, each.place)
            except InputError as error:
                error.place = error.place or each.place
                self._faults.note(error)
                continue
            if root is not None:
                found = reading.checked_variables(root, f"the variables file {path}", self._faults)
                yield VarsFile(place=each.place, path=path, variables=found)

    def _load_variables(self, path: Path, place: Place) -> Node | None:
        require_file(path, "variables file", place)
        text = read_text(path)
        if not is_encrypted(text):
            return load_text(text, str(path))
        if self._decrypt is None:
            raise PlaybookError(
                f"the variables file {path} is encrypted (ansible-vault), and no vault password was given",
                place=place,
                next_step="Give --vault-password-file FILE, --vault-id LABEL@SOURCE or --ask-vault-pass.",
            )
        file = Place(file=str(path))
        opened = load_text(self._decrypt(Vaulted(text, whole=True), file).reveal(), f"{path} (decrypted)")
        if opened is None:
            return None
        self._faults.note(*number_faults(opened, shown=False))
        return _secret(opened)

    def _serial(self, node: Map) -> Iterator[Batch]:
        value = node.get("serial")
        if value is None:
            return
        for each in value.items if isinstance(value, List) else (value,):
            batch = _batch(each)
            if batch is None:
                self._faults.add(
                    "'serial' must be a number of hosts, a percentage such as \"30%\", or a list of them", each.place
                )
            else:
                yield batch

    def _max_fail_percentage(self, node: Map) -> float | None:
        value = node.get("max_fail_percentage")
        if value is None:
            return None
        number = value.value if isinstance(value, Scalar) else None
        if isinstance(number, int | float) and not isinstance(number, bool) and 0 <= number <= 100:
            return float(number)
        self._faults.add("'max_fail_percentage' must be a number from 0 to 100", value.place)
        return None


def _secret(node: Node) -> Node:
    """The node with what it holds made secret; templates are left, they are no secrets yet."""
    if isinstance(node, Map):
        return Map(node.place, tuple(Entry(entry.key, _secret(entry.value)) for entry in node.entries))
    if isinstance(node, List):
        return List(node.place, tuple(_secret(item) for item in node.items))
    value = node.value if is_template(node.value) else sealed(node.value)
    return Scalar(node.place, value, "", node.quoted) if isinstance(value, Secret) else node


def _named(handlers: Node | None) -> Iterator[str]:
    """The names of handlers as written, faulty ones too: a notification of such a one is not a second fault."""
    for item in handlers.items if isinstance(handlers, List) else ():
        name = item.get("name") if isinstance(item, Map) else None
        if isinstance(name, Scalar) and isinstance(name.value, str):
            yield name.value


def _batch(node: Node) -> Batch | None:
    value = node.value if isinstance(node, Scalar) and not isinstance(node.value, bool | Vaulted) else None
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value)
    if isinstance(value, int) and value > 0:
        return Batch(place=node.place, amount=value)
    percent = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if percent and 0 < int(percent[1]) <= 100:
        return Batch(place=node.place, amount=int(percent[1]), percent=True)
    return None
