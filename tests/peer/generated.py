"""Inventories made up from a seed: trees of groups, ranges, priorities, variables that collide at every level."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VARIABLES = ("site", "tier", "port", "note", "ring", "path")
NAMES = ("acme", "branch", "core", "depot", "edge", "fleet", "globex", "hub")
VALUES: tuple[Any, ...] = (
    *(
        1,
        5986,
        -3,
        2.5,
        True,
        False,
        None,
        "text",
        "two words",
        "",
        "yes",
        "0123",
        "a=b",
        "it's",
        'say "x"',
        "D:\\mail",
    ),
    *(["a", 1], [], {"k": "v", "n": {"deep": [1, 2]}}, "{{ site }}-x", "#no", "x # y", "ä", "1_000", "12:30", "~"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An inventory in a folder: what `-i` names, the folder of the playbook if there is one, and patterns to try."""

    sources: tuple[str, ...]
    playbook_dir: str | None
    patterns: tuple[str, ...]


class Maker:
    """Makes one inventory; the same seed makes the same."""

    def __init__(self, seed: int, folder: Path) -> None:
        self._random = random.Random(seed)  # not for secrets
        self._folder = folder
        count = self._random.randint(3, len(NAMES))
        self._groups = self._random.sample(NAMES, count)
        self._hosts: list[str] = []

    def made(self) -> Made:
        """Write the files and return what is to be asked."""
        sources = []
        for number in range(self._random.choice((1, 1, 1, 2, 3))):
            part = self._folder / f"part{self._random.choice((0, number))}"
            ini = self._random.random() < 0.45
            name = self._random.choice(
                ("hosts.ini", "hosts", "fleet.cfg2") if ini else ("hosts.yml", "hosts", "h.yaml")
            )
            _write(part / f"{number}-{name}", self._ini(number) if ini else self._yaml(number))
            sources.append(str(part / f"{number}-{name}"))
        if self._random.random() < 0.2:
            sources = [str(self._folder / "part0"), *(each for each in sources if "part0" not in each)]
        if self._random.random() < 0.2:
            sources.append("inline1,inline2:5985,")
            self._hosts += ["inline1", "inline2"]
        playbook = self._folder / "book" if self._random.random() < 0.5 else None
        for base in {str(Path(each).parent if Path(each).is_file() else each) for each in sources if "," not in each}:
            self._beside(Path(base))
        if playbook:
            playbook.mkdir()
            self._beside(playbook)
        return Made(
            sources=tuple(sources),
            playbook_dir=str(playbook) if playbook else None,
            patterns=tuple(dict.fromkeys(self._pattern() for _ in range(40)))[:30],
        )

    def _variables(self, most: int) -> dict[str, Any]:
        names = self._random.sample(VARIABLES, self._random.randint(0, most))
        return {name: self._random.choice(VALUES) for name in names}

    def _range(self, number: int) -> tuple[str, list[str]]:
        """A host or a range, and the hosts that it stands for."""
        where = f"{self._random.choice('abc')}{number}"
        return self._random.choice(
            (
                (f"{where}.example", [f"{where}.example"]),
                (f"{where}", [where]),
                (f"{where}-[01:03]", [f"{where}-{n:02}" for n in (1, 2, 3)]),
                (f"{where}-[8:12:2].x", [f"{where}-{n}.x" for n in (8, 10, 12)]),
                (f"{where}-[a:b][0:1]", [f"{where}-{c}{n}" for c in "ab" for n in "01"]),
            )
        )

    def _children(self) -> dict[str, list[str]]:
        """For each group some of those that come later: no loops."""
        return {
            name: [each for each in self._groups[index + 1 :] if self._random.random() < 0.35]
            for index, name in enumerate(self._groups)
        }

    def _members(self) -> dict[str, dict[str, dict[str, Any]]]:
        """For each group hosts or ranges with their variables; some hosts come up in several groups."""
        members: dict[str, dict[str, dict[str, Any]]] = {}
        for name in self._groups:
            found: dict[str, dict[str, Any]] = {}
            for _ in range(self._random.randint(0, 3)):
                pattern, hosts = self._range(self._random.randint(1, 6))
                found[pattern] = self._variables(2)
                self._hosts += hosts
            members[name] = found
        return members

    def _priority(self) -> dict[str, int]:
        return {"ansible_group_priority": self._random.randint(-2, 9)} if self._random.random() < 0.3 else {}

    def _yaml(self, number: int) -> str:
        """YAML is written as JSON, which it contains; each group's body stands where it is named first."""
        children, members, told = self._children(), self._members(), set[str]()

        def body(name: str) -> Any:
            if name in told:
                return None
            told.add(name)
            parts: list[tuple[str, Any]] = [
                ("hosts", {pattern: found or None for pattern, found in members[name].items()} or None),
                ("vars", {**self._variables(3), **self._priority()} or None),
                ("children", {child: body(child) for child in children[name]} or None),
            ]
            self._random.shuffle(parts)
            return dict(parts)

        tree = {name: body(name) for name in self._groups if self._random.random() < 0.8 or not told}
        loose = f"loose{number}"
        self._hosts.append(loose)
        tree["all"] = {"vars": self._variables(2), "hosts": {loose: self._variables(1)}}
        return json.dumps(tree, indent=2, ensure_ascii=False)

    def _ini(self, number: int) -> str:
        loose = f"loose{number}"
        self._hosts.append(loose)
        sections = [list(self._section(name, members)) for name, members in self._members().items()]
        for name, children in self._children().items():
            if children:
                sections.append([f"[{name}:children]", *children])
            if given := {**self._variables(3), **self._priority()}:
                sections.append([f"[{name}:vars]", *(f"{key} = {_whole(value)}" for key, value in given.items())])
        self._random.shuffle(sections)
        top = ["; made up", f"{loose}:5985 {_words(self._variables(1))}", ""]
        every = ["[all:vars]", *(f"{key}={_whole(value)}" for key, value in self._variables(2).items()), "# the end"]
        return "\n".join(line for section in (top, *sections, every) for line in (*section, "")) + "\n"

    def _section(self, name: str, members: dict[str, dict[str, Any]]) -> Iterator[str]:
        yield f"[{name}]"
        for pattern, found in members.items():
            yield f"{pattern} {_words(found)}{self._random.choice(('', '  # a remark'))}".strip()

    def _beside(self, base: Path) -> None:
        """Files of variables for some groups and hosts, in every form."""
        for name in ("all", *self._groups):
            if self._random.random() < 0.4:
                self._file(base / "group_vars" / name)
        for name in sorted(set(self._hosts)):
            if self._random.random() < 0.15:
                self._file(base / "host_vars" / name)

    def _file(self, path: Path) -> None:
        form = self._random.choice(("", ".yml", ".yaml", ".json", "/"))
        if form != "/":
            _write(path.with_name(path.name + form), json.dumps(self._variables(3)))
            return
        for name in ("10-first.yml", "20/deep", "30.json", "9.yaml"):
            _write(path / name, json.dumps(self._variables(2)))
        for name in (".hidden.yml", "99.yml~", "99.yml.bak", "README.md", "50.yml.orig"):
            _write(path / name, json.dumps(dict.fromkeys(VARIABLES, "wrong")))

    def _pattern(self) -> str:
        one = self._random.choice
        group, host = one([*self._groups, "all"]), one(self._hosts)
        other = one([*self._groups, "ungrouped"])
        forms = (
            *(
                group,
                host,
                f"{group}:{other}",
                f"{group},{host}",
                f"{group}:&{other}",
                f"{group}:!{other}",
                f"!{other}",
            ),
            *(f"{host[0]}*", f"?{host[1:]}", f"{host[:-1]}[{host[-1]}z]", f"~{host[0]}[0-9]", f"~^({group}|{host})$"),
            *(f"{group}[0]", f"{group}[-1]", f"{group}[1:2]", f"{group}[1:]", f"{group}[0:0]", f"{host}[0]"),
            *(f"{group}:{other}:&{group}:!{host}", f"{group}, !{other}, {host}", f"*{host[-1]}:&{group}", "*"),
        )
        return one(forms)


_SCRAPS = (
    *("a", "b", "5", "0x1f", "012", "1_0", "1e3", ".5", "True", "None", "yes", "-", "+", "j", "'", '"', "\\", "\\n"),
    *("[", "]", "{", "}", "(", ")", ",", ":", "=", " ", "  ", "#", " # ", ";", "{{ x }}", "ä", "...", "u'", "r'", "%"),
)


def ini_lines(seed: int) -> str:
    """An INI inventory with values made of scraps, one behind a host and one of a group; it may be wrong."""
    choice = random.Random(seed)  # not for secrets
    behind, below = ("".join(choice.choices(_SCRAPS, k=choice.randint(0, 6))) for _ in range(2))
    return f"h one={behind}\n[all:vars]\ntwo = {below}\n"


def _whole(value: Any) -> str:
    """The value behind `name =` in a section of variables."""
    if isinstance(value, str) and value.replace(" ", "").isalpha():
        return value
    return repr(value)


def _words(variables: dict[str, Any]) -> str:
    """Variables behind a host, quoted as for a shell."""
    return " ".join(f"{name}={_quoted(_whole(value))}" for name, value in variables.items())


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'" if set(text) - set("abcdefghijklmnopqrstuvwxyz0123456789.-") else text


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
