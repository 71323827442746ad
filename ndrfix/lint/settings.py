"""What a project says about linting: `.ndrfix-lint.yml`, or `[tool.ndrfix-lint]` in `pyproject.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ndrfix.errors import InputError, did_you_mean
from ndrfix.lint.model import Profile, Severity
from ndrfix.lint.rules import BY_ID
from ndrfix.place import Place
from ndrfix.source import Map, load_file, plain, read_text

FILES = (".ndrfix-lint.yml", ".ndrfix-lint.yaml")
_TABLE = "ndrfix-lint"


@dataclass(frozen=True, slots=True, kw_only=True)
class LintSettings:
    """`profile` says which rules are asked for, `fail_on` from which severity on the exit code is 1.

    `ignore` are rules by id or by the part before the bracket, `exclude` patterns as in `.gitignore`, `inventory` and
    `baseline` files; both are counted from the folder of the settings.
    """

    profile: Profile = Profile.PRODUCTION
    fail_on: Severity = Severity.WARNING
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    inventory: tuple[str, ...] = ()
    baseline: str | None = None


_KEYS = ("profile", "fail_on", "ignore", "exclude", "inventory", "baseline")


def load_settings(folder: Path) -> LintSettings:
    """The settings of the nearest folder that has some, from `folder` upwards to the root of its repository.

    Raises:
        InputError: a file of settings is faulty: an unknown key, a word that is none of those allowed.
    """
    for each in (folder, *folder.parents):
        for name in FILES:
            if (each / name).is_file():
                return _from_yaml(each / name)
        table = _toml_table(each / "pyproject.toml")
        if table is not None:
            return _settings(table, each / "pyproject.toml", {})
        if (each / ".git").exists():
            break
    return LintSettings()


def _from_yaml(path: Path) -> LintSettings:
    node = load_file(path)
    if node is None:
        return LintSettings()
    if not isinstance(node, Map):
        raise InputError("the settings must be a mapping", place=node.place, next_step=f"It takes: {', '.join(_KEYS)}.")
    places = {str(entry.key.value): entry.key.place for entry in node.entries}
    return _settings(plain(node), path, places)


def _toml_table(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    import tomllib

    try:
        tool = tomllib.loads(read_text(path)).get("tool")
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not valid TOML: {error}", place=Place(file=str(path))) from error
    table = tool.get(_TABLE) if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise InputError(f"[tool.{_TABLE}] must be a table", place=Place(file=str(path)))
    return table


def _settings(table: dict[str, Any], path: Path, places: dict[str, Place]) -> LintSettings:
    values: dict[str, Any] = {}
    for key, value in table.items():
        place = places.get(str(key)) or _toml_place(path, str(key))
        name = str(key).replace("-", "_")
        if name not in _KEYS:
            raise InputError(
                f"unknown setting {str(key)!r}{did_you_mean(name, _KEYS)}",
                place=place,
                next_step=f"It takes: {', '.join(_KEYS)}.",
            )
        values[name] = _value(name, value, place)
    folder = path.parent
    if "inventory" in values:
        values["inventory"] = tuple(str(folder / each) for each in values["inventory"])
    if values.get("baseline"):
        values["baseline"] = str(folder / values["baseline"])
    return LintSettings(**values)


def _toml_place(path: Path, key: str) -> Place:
    """Where a key stands in a TOML file: the first line that begins with it."""
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if line.lstrip().startswith((f"{key} ", f"{key}=")):
            return Place(file=str(path), line=number, column=len(line) - len(line.lstrip()) + 1)
    return Place(file=str(path))


def _value(name: str, value: Any, place: Place) -> Any:
    if name == "profile":
        return Profile[_word(name, value, [each.word for each in Profile], place).upper()]
    if name == "fail_on":
        return Severity[_word(name, value, [each.word for each in Severity], place).upper()]
    if name == "baseline":
        return _text(name, value, place)
    texts = tuple(_text(name, each, place) for each in (value if isinstance(value, list) else [value]))
    if name == "ignore":
        for each in texts:
            known_rule(each, place)
    return texts


def _word(name: str, value: Any, words: list[str], place: Place) -> str:
    if value in words:
        return str(value)
    raise InputError(f"{name} must be one of {', '.join(words)}{did_you_mean(str(value), words)}", place=place)


def _text(name: str, value: Any, place: Place) -> str:
    if isinstance(value, str) and value:
        return value
    raise InputError(f"{name} must be text, or a list of texts", place=place)


def known_rule(name: str, place: Place | None = None) -> str:
    """The name, if it is a rule's id or the part before the bracket of one.

    Raises:
        InputError: there is no such rule.
    """
    known = {*BY_ID, *(rule.partition("[")[0] for rule in BY_ID)}
    if name in known:
        return name
    raise InputError(
        f"there is no rule {name!r}{did_you_mean(name, sorted(known))}",
        place=place,
        next_step="`ndrfix explain` lists the rules.",
    )
