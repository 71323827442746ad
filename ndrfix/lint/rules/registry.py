"""Rules about the registry: documented values, and what belongs around a change."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ndrfix.errors import did_you_mean
from ndrfix.exchange import suppression
from ndrfix.exchange.services import IMC
from ndrfix.exchange.values import DOCUMENTED, EXTENSION, PARAMETERS, DocumentedValue, documented
from ndrfix.lint.model import Profile, Remark, Rule, Severity
from ndrfix.lint.playbooks import Argument, PlaybookView, PlayView, TaskView
from ndrfix.lint.rules.names import NOTIFIED
from ndrfix.lint.rules.paths import misspelt
from ndrfix.resources import RegistryKey, RegistryType, RegistryValue, fold
from ndrfix.source import List, Scalar
from ndrfix.steps.registry_data import registry_data

_DEEPEST = 512  # Windows has no deeper keys
_SERVICE_KEY = fold(PARAMETERS.path.removesuffix(r"\Parameters"))
_OF_THE_SERVICE = tuple(each for each in DOCUMENTED if each.key in (PARAMETERS, EXTENSION))
SUPPRESSION = next(each for each in DOCUMENTED if each.name == suppression.VALUE_NAME)
_HEX = re.compile(r"0[xX][0-9a-fA-F]+")


def key_of(task: TaskView) -> RegistryKey | None:
    """The key that a task is about, None where it is not known or none."""
    path = task.value("path")
    try:
        return RegistryKey.parse(path) if isinstance(path, str) else None
    except ValueError:
        return None


def value_of(task: TaskView) -> RegistryValue | None:
    """The value that a task is about, None where it is not known."""
    key, name = key_of(task), task.value("name")
    return RegistryValue(key, str(name)) if key is not None and isinstance(name, str | int) and name != "" else None


def _changes(view: PlaybookView) -> Iterator[TaskView]:
    return (task for play in view.plays for task in _changes_in(play))


def _changes_in(play: PlayView) -> Iterator[TaskView]:
    return (task for task in play.all if task.step == "set_registry")


def _unknown_value(view: PlaybookView) -> Iterator[Remark]:
    for task in view.tasks:
        key, value = key_of(task), value_of(task)
        may_be_absent = task.step == "check_registry" and (_is_absent(task) or task.value("or_absent") is not False)
        if task.step not in ("set_registry", "check_registry") or may_be_absent:
            continue
        if value is None or key not in (PARAMETERS, EXTENSION) or documented(value) is not None:
            continue
        names = sorted(each.name for each in DOCUMENTED if each.key == key)
        yield Remark(
            message=f"{value.name!r} is no documented value of {key.path.rpartition(chr(92))[2]} of {IMC.name}"
            f"{did_you_mean(value.name, names)}",
            place=task.place("name"),
            help="The service does not read what it does not know; the steps page lists the documented ones.",
        )


def _is_absent(task: TaskView) -> bool:
    return str(task.value("state")) == "absent"


def _other_key(view: PlaybookView) -> Iterator[Remark]:
    for task in view.tasks:
        key, name = key_of(task), task.value("name")
        if task.step not in ("set_registry", "check_registry") or key is None or not isinstance(name, str):
            continue
        known = next((each for each in _OF_THE_SERVICE if fold(each.name) == fold(name)), None)
        near = fold(key.path).startswith(_SERVICE_KEY) and not misspelt(f"{key}")
        if known is None or key in (known.key, PARAMETERS, EXTENSION) or not near:
            continue
        yield Remark(
            message=f"{known.name} is read from {known.key} ({known.source}), not from here",
            place=task.place("path"),
            help=f"Write path: {known.key}",
        )


def _known_data(view: PlaybookView) -> Iterator[tuple[TaskView, DocumentedValue]]:
    for task in view.tasks:
        if task.step not in ("set_registry", "check_registry") or task.value("allow_undocumented") is True:
            continue
        value = value_of(task)
        known = documented(value) if value is not None else None
        if known is not None:
            yield task, known


def _type(view: PlaybookView) -> Iterator[Remark]:
    for task, known in _known_data(view):
        given = task.arguments.get("type")
        if task.step == "check_registry" and given is None:
            continue
        kind = given.value if given and given.known else None if given else RegistryType.STRING.value
        if kind is not None and not _is_absent(task) and str(kind).casefold() != known.type.value:
            yield Remark(
                message=f"{known.name} is a {known.type} ({known.source}), not {kind}",
                place=task.place("type"),
                help=f"Write type: {known.type}.",
            )


def _range(view: PlaybookView) -> Iterator[Remark]:
    bounds = {"dword": 32, "qword": 64}
    for task in view.tasks:
        data = task.arguments.get("data")
        bits = bounds.get(str(task.value("type")).casefold()) if task.step == "set_registry" else None
        number = _number(data) if data is not None and bits else None
        if bits and data is not None and number is not None and not 0 <= number < 2**bits:
            yield Remark(
                message=f"{number} does not fit a {task.value('type')}: 0 to {2**bits - 1} (0x{2**bits - 1:X})",
                place=data.place,
                help="Write the number as regedit shows it, unsigned.",
            )


def _number(data: Argument) -> int | None:
    """The number that known data are for a dword, None for anything else."""
    if not data.known or isinstance(data.value, bool):
        return None
    if isinstance(data.value, int):
        return data.value
    try:
        return int(str(data.value).strip(), 0)
    except ValueError:
        return None


def _suppression(view: PlaybookView) -> Iterator[tuple[Argument, int]]:
    for task, known in _known_data(view):
        if known is SUPPRESSION:
            yield from numbers(task, known)


def numbers(task: TaskView, known: DocumentedValue) -> Iterator[tuple[Argument, int]]:
    """The numbers that a task gives a documented dword, with their places, as far as they are known."""
    for data in (*_given(task, "data"), *_items(task, "data_in")):
        try:
            number = registry_data(RegistryType.DWORD, data.value, known).data
        except ValueError:
            continue
        if isinstance(number, int):
            yield data, number


def _given(task: TaskView, name: str) -> tuple[Argument, ...]:
    """The argument if it is given and known."""
    given = task.arguments.get(name)
    return (given,) if given is not None and given.known else ()


def _items(task: TaskView, name: str) -> Iterator[Argument]:
    """Every item of a list that is written out, as if it were the argument."""
    for given in _given(task, name):
        if isinstance(given.written, List) and isinstance(given.value, list):
            for node, value in zip(given.written.items, given.value, strict=True):
                yield Argument(name=name, written=node, known=True, value=value)


def _in_wrong_base(data: Argument, number: int) -> bool:
    """Whether 10 or 100 is written as a decimal number."""
    return number in (10, 100) and not _HEX.fullmatch(data.written.text if isinstance(data.written, Scalar) else "")


def _base(view: PlaybookView) -> Iterator[Remark]:
    for data, number in _suppression(view):
        if _in_wrong_base(data, number):
            wanted = int(str(number), 16)
            yield Remark(
                message=f"{number} is decimal, the article means hexadecimal {number}: 0x{number} ({wanted})",
                place=data.place,
                help=f"Write 0x{number}, or the mode by its name: {suppression.label(wanted)}.",
            )


def _combination(view: PlaybookView) -> Iterator[Remark]:
    for data, number in _suppression(view):
        if not suppression.is_documented(number) and not _in_wrong_base(data, number):
            yield Remark(
                message=f"0x{number:X} ({number}) is {suppression.label(number)}",
                place=data.place,
                help="The article names 0x1, 0x10 and 0x100, and never says that they add up: choose one.",
            )


def _first_backups(play: PlayView) -> dict[RegistryKey | None, int]:
    """The number of the first task that saves each key; a path that is not known, or is faulty, counts as None."""
    return {key_of(task): task.number for task in reversed(play.tasks) if task.step == "backup_registry"}


def _and_above(key: RegistryKey) -> Iterator[RegistryKey]:
    """A key, and those that hold it."""
    parts = key.path.split("\\", _DEEPEST)
    return (RegistryKey(key.hive, "\\".join(parts[:depth])) for depth in range(len(parts), 0, -1))


def _no_backup(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        first = _first_backups(play)
        for task in _changes_in(play):
            key = key_of(task)
            if key is None or any(first.get(each, task.number) < task.number for each in (None, *_and_above(key))):
                continue
            yield Remark(
                message="a registry change with no backup of the key before it",
                place=task.task.step_place,
                help=f"Add a task before it: backup_registry with path: {key}",
            )


def _no_restart(view: PlaybookView) -> Iterator[Remark]:
    for play in view.plays:
        last = max((task.number for task in play.tasks if _restarts(task)), default=-1)
        handlers = {handler.task.name for handler in play.handlers if _restarts(handler)}
        for task in _changes_in(play):
            if key_of(task) not in (PARAMETERS, EXTENSION) or last > task.number or handlers & set(task.task.notify):
                continue
            yield Remark(
                message=f"a value of {IMC.name} is changed and the service is not restarted: "
                "it reads it when it starts",
                place=task.task.step_place,
                help="Add 'notify' with a handler that has restart_service, name: MSExchangeIMC.",
            )


def _restarts(task: TaskView) -> bool:
    name = task.value("name") if "name" in (task.arguments or {}) else None
    about = name is None or str(name).casefold() == IMC.name.casefold()
    if task.step == "restart_service":
        return about
    return task.step == "set_service" and about and str(task.value("state")) == "started"


_PATH = r"HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters"
_SUPPRESSED = (
    NOTIFIED.replace("AlwaysSuppressDR", "SuppressNDROptions")
    .replace("data: 1", "data: 0x100")
    .replace("Receipts are suppressed", "Non-delivery reports are suppressed")
)

RULES: tuple[Rule, ...] = (
    Rule(
        id="registry-value[undocumented]",
        severity=Severity.WARNING,
        tags=("registry",),
        summary="A value below the Internet Mail Service's key that no article documents.",
        why="Most often a misspelling: the service reads the documented name, finds nothing and goes on as before.",
        bad=NOTIFIED.replace("AlwaysSuppressDR", "AlwaysSupressDR"),
        good=NOTIFIED,
        fix="Correct the name; for a value that support named, write `# noqa` with the reason.",
        check=_unknown_value,
    ),
    Rule(
        id="registry-value[other-key]",
        tags=("registry",),
        summary="A value of the Internet Mail Service under a key from which it does not read it.",
        why="The service finds nothing where it looks, and goes on as before.",
        bad=NOTIFIED.replace("MSExchangeIMC\\Parameters", "MSExchangeIMC"),
        good=NOTIFIED,
        fix="Write the documented key.",
        check=_other_key,
    ),
    Rule(
        id="registry-value[type]",
        tags=("registry",),
        summary="A documented value with another type than the documented one.",
        why="The service reads a number where the article says dword; text in its place counts as nothing.",
        bad=NOTIFIED.replace("type: dword", "type: string").replace("data: 1", 'data: "1"'),
        good=NOTIFIED,
        fix="Write the documented type.",
        check=_type,
    ),
    Rule(
        id="registry-value[range]",
        tags=("registry",),
        summary="A number that does not fit the type.",
        why="A dword is an unsigned number of 32 bits; a negative or larger one cannot be stored.",
        bad=NOTIFIED.replace("data: 1", "data: -1"),
        good=NOTIFIED,
        fix="Write the number as regedit shows it, unsigned.",
        check=_range,
    ),
    Rule(
        id="registry-value[base]",
        tags=("registry",),
        summary="Decimal 10 or 100 for `SuppressNDROptions`, where hexadecimal is meant.",
        why="Hexadecimal 1, 10 and 100 are meant, which are 1, 16 and 256. Decimal 10 and 100 mean nothing: reports go "
        "on, and everybody believes that they are suppressed.",
        bad=_SUPPRESSED.replace("data: 0x100", "data: 100"),
        good=_SUPPRESSED,
        fix="Write `0x10` or `0x100`, or the name of the mode.",
        source="KB 837794",
        check=_base,
    ),
    Rule(
        id="registry-value[combination]",
        severity=Severity.WARNING,
        tags=("registry",),
        summary="A number for `SuppressNDROptions` that the article does not name.",
        why="The article names three alternatives and never says that they add up: what a sum does is not known.",
        bad=_SUPPRESSED.replace("data: 0x100", "data: 0x110"),
        good=_SUPPRESSED,
        fix="Choose one of `0x1`, `0x10` and `0x100`.",
        source="KB 837794",
        check=_combination,
    ),
    Rule(
        id="registry-change[no-backup]",
        severity=Severity.WARNING,
        profile=Profile.SAFETY,
        tags=("registry",),
        summary="A change of the registry without a backup of the key before it.",
        why="A way back that needs nothing but regedit; the articles ask for it before every edit.",
        bad="\n".join(line for line in NOTIFIED.splitlines() if "Save" not in line and "backup" not in line).replace(
            f"  tasks:\n        path: {_PATH}\n", "  tasks:\n"
        ),
        good=NOTIFIED,
        fix="Add `backup_registry` for the key, or one above it, before the change.",
        source="KB 256986",
        check=_no_backup,
    ),
    Rule(
        id="registry-change[no-restart]",
        severity=Severity.WARNING,
        profile=Profile.SAFETY,
        tags=("registry",),
        summary="A value of the Internet Mail Service is changed, and the service is not restarted.",
        why="The service reads its values when it starts: the change has no effect, for weeks perhaps, and then comes "
        "by surprise.",
        bad=NOTIFIED.partition("  handlers:")[0].replace("      notify: Restart the Internet Mail Service\n", ""),
        good=NOTIFIED,
        fix="Notify a handler with `restart_service`.",
        source="KB 837794",
        check=_no_restart,
    ),
)
