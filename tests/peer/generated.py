"""Inventories made up by Hypothesis: trees of groups, ranges, priorities, variables that collide at every level."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

T = TypeVar("T")

PATTERNS = 30
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
WINNER = "level"
"""A variable that is given on many levels, with the name of what gives it."""


def examples(strategy: st.SearchStrategy[T], count: int, *, new: bool) -> list[T]:
    """`count` examples of a strategy, collected before anything is asked: Ansible starts too slowly to be asked for
    each by itself. Unless they are to be `new`, they are the same ones each time: then no run hangs on chance.
    """
    found: list[T] = []

    @settings(
        max_examples=count,
        database=None,
        derandomize=not new,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
    )
    @given(strategy)
    def collect(example: T) -> None:
        found.append(example)

    collect()
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An inventory as the texts of its files by relative name: what `-i` names (a file, a folder, names with commas),
    the folder of the playbook if there is one, and patterns to try.
    """

    files: Mapping[str, str]
    sources: tuple[str, ...]
    playbook_dir: str | None
    patterns: tuple[str, ...]

    def written(self, folder: Path) -> Made:
        """The same in a folder, the files written."""
        for name, text in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        return Made(
            files=self.files,
            sources=tuple(source if "," in source else str(folder / source) for source in self.sources),
            playbook_dir=str(folder / self.playbook_dir) if self.playbook_dir else None,
            patterns=self.patterns,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """A group of one source: hosts and ranges with their variables, names of groups below, variables."""

    hosts: Mapping[str, Mapping[str, Any]]
    children: tuple[str, ...]
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tree:
    """The groups of one source, a host of its own with its variables, and variables of `all`."""

    groups: Mapping[str, _Group]
    loose: str
    loose_variables: Mapping[str, Any]
    all_variables: Mapping[str, Any]


def _variables(level: str, most: int) -> st.SearchStrategy[dict[str, Any]]:
    """Variables of few names, often with the winner."""
    some = st.dictionaries(st.sampled_from(VARIABLES), st.sampled_from(VALUES), max_size=most)
    return st.builds(lambda found, winner: {**found, **winner}, some, st.sampled_from(({}, {WINNER: level})))


_HOSTS: Mapping[str, tuple[str, ...]] = {
    **{f"{c}{n}": (f"{c}{n}",) for c in "abc" for n in range(1, 7)},
    **{f"{c}{n}.example": (f"{c}{n}.example",) for c in "abc" for n in range(1, 7)},
    **{f"{c}{n}-[01:03]": tuple(f"{c}{n}-{i:02}" for i in (1, 2, 3)) for c in "abc" for n in range(1, 4)},
    **{f"{c}{n}-[8:12:2].x": tuple(f"{c}{n}-{i}.x" for i in (8, 10, 12)) for c in "abc" for n in range(1, 4)},
    **{f"{c}{n}-[a:b][0:1]": tuple(f"{c}{n}-{x}{i}" for x in "ab" for i in "01") for c in "abc" for n in range(1, 4)},
}
"""Names and ranges, each with the hosts that it stands for; few, so that groups share hosts."""


@st.composite
def _trees(draw: st.DrawFn, names: Sequence[str], number: int) -> _Tree:
    """Groups of which each has some of those after it as children: deep, wide, joined again, but without loops."""
    groups = {}
    for index, name in enumerate(names):
        patterns = draw(st.lists(st.sampled_from(sorted(_HOSTS)), max_size=3, unique=True))
        later = names[index + 1 :]
        children = draw(st.lists(st.sampled_from(later), max_size=3, unique=True)) if later else []
        priority = draw(st.one_of(st.just({}), st.just({}), st.builds(lambda n: {PRIORITY: n}, st.integers(-2, 9))))
        groups[name] = _Group(
            hosts={pattern: draw(_variables(f"host {pattern}", 2)) for pattern in patterns},
            children=tuple(children),
            variables={**draw(_variables(f"group {name} of {number}", 3)), **priority},
        )
    loose = f"loose{number}"
    return _Tree(
        groups=groups,
        loose=loose,
        loose_variables=draw(_variables(f"host {loose}", 1)),
        all_variables=draw(_variables(f"group all of {number}", 2)),
    )


PRIORITY = "ansible_group_priority"


def _yaml(tree: _Tree) -> st.SearchStrategy[str]:
    """The tree as JSON, which YAML contains. Each group's body stands where it is named first, its parts in any
    order.
    """
    told: set[str] = set()

    def body(name: str, orders: Mapping[str, Sequence[str]]) -> Any:
        if name in told:
            return None
        told.add(name)
        group = tree.groups[name]
        parts = {
            "hosts": {pattern: dict(found) or None for pattern, found in group.hosts.items()} or None,
            "vars": dict(group.variables) or None,
            "children": {child: body(child, orders) for child in group.children} or None,
        }
        return {part: parts[part] for part in orders[name]}

    def text(orders: Mapping[str, Sequence[str]]) -> str:
        told.clear()
        top = {name: body(name, orders) for name in tree.groups}
        rest = {"vars": tree.all_variables, "hosts": {tree.loose: tree.loose_variables}}
        return json.dumps({**top, "all": rest}, indent=2, ensure_ascii=False)

    order = st.permutations(("hosts", "vars", "children"))
    return st.fixed_dictionaries(dict.fromkeys(tree.groups, order)).map(text)


def _ini(tree: _Tree) -> st.SearchStrategy[str]:
    """The tree as INI, its sections in any order."""
    remark = st.sampled_from(("", "  # a remark"))

    def text(sections: Sequence[Sequence[str]]) -> str:
        top = ["; made up", f"{tree.loose}:5985 {_words(tree.loose_variables)}", ""]
        every = ["[all:vars]", *(f"{key}={_whole(value)}" for key, value in tree.all_variables.items()), "# the end"]
        return "\n".join(line for section in (top, *sections, every) for line in (*section, "")) + "\n"

    return remark.flatmap(lambda behind: st.permutations(list(_sections(tree, behind)))).map(text)


def _sections(tree: _Tree, remark: str) -> Iterator[list[str]]:
    for name, group in tree.groups.items():
        lines = (f"{pattern} {_words(found)}{remark}".strip() for pattern, found in group.hosts.items())
        yield [f"[{name}]", *lines]
        if group.children:
            yield [f"[{name}:children]", *group.children]
        if group.variables:
            yield [f"[{name}:vars]", *(f"{key} = {_whole(value)}" for key, value in group.variables.items())]


_KINDS: Mapping[str, Callable[[_Tree], st.SearchStrategy[str]]] = {
    **dict.fromkeys(("hosts.ini", "hosts", "fleet.cfg2"), _ini),
    **dict.fromkeys(("hosts.yml", "tree", "h.yaml"), _yaml),
}


@st.composite
def _beside(draw: st.DrawFn, base: str, names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """`group_vars` and `host_vars` below a folder for some of the names, each in one of the forms."""
    files: dict[str, str] = {}
    for kind, known in names.items():
        for name in draw(st.lists(st.sampled_from(known), max_size=4, unique=True)):
            form = draw(st.sampled_from(("", ".yml", ".yaml", ".json", "/")))
            path = f"{base}/{kind}/{name}"
            if form != "/":
                files[path + form] = json.dumps(draw(_variables(path, 3)))
                continue
            for part in ("10-first.yml", "20/deep", "30.json", "9.yaml"):
                files[f"{path}/{part}"] = json.dumps(draw(_variables(f"{path}/{part}", 2)))
            for part in (".hidden.yml", "99.yml~", "99.yml.bak", "README.md", "50.yml.orig"):
                files[f"{path}/{part}"] = json.dumps(dict.fromkeys((*VARIABLES, WINNER), "wrong"))
    return files


@st.composite
def _patterns(draw: st.DrawFn, groups: Sequence[str], hosts: Sequence[str]) -> str:
    group, other = draw(st.sampled_from([*groups, "all"])), draw(st.sampled_from([*groups, "ungrouped"]))
    host = draw(st.sampled_from(hosts))
    forms = (
        *(group, host, f"{group}:{other}", f"{group},{host}", f"{group}:&{other}", f"{group}:!{other}", f"!{other}"),
        *(f"{host[0]}*", f"?{host[1:]}", f"{host[:-1]}[{host[-1]}z]", f"~{host[0]}[0-9]", f"~^({group}|{host})$"),
        *(f"{group}[0]", f"{group}[-1]", f"{group}[1:2]", f"{group}[1:]", f"{group}[0:0]", f"{host}[0]"),
        *(f"{group}:{other}:&{group}:!{host}", f"{group}, !{other}, {host}", f"*{host[-1]}:&{group}", "*"),
    )
    return draw(st.sampled_from(forms))


@st.composite
def inventories(draw: st.DrawFn) -> Made:
    """An inventory of one to three sources, YAML and INI, with files of variables beside them and the playbook."""
    groups = draw(st.lists(st.sampled_from(NAMES), min_size=3, unique=True))
    files: dict[str, str] = {}
    sources: list[str] = []
    hosts: list[str] = []
    for number in range(draw(st.sampled_from((1, 1, 1, 2, 3)))):
        tree = draw(_trees(groups, number))
        kind = draw(st.sampled_from(sorted(_KINDS)))
        sources.append(f"part{draw(st.sampled_from((0, number)))}/{number}-{kind}")
        files[sources[-1]] = draw(_KINDS[kind](tree))
        hosts += [
            tree.loose,
            *(host for group in tree.groups.values() for each in group.hosts for host in _HOSTS[each]),
        ]
    if draw(st.integers(0, 4)) == 4:
        sources = ["part0", *(each for each in sources if not each.startswith("part0/"))]
    if draw(st.integers(0, 4)) == 4:
        sources.append("inline1,inline2:5985,")
        hosts += ["inline1", "inline2"]
    hosts = sorted(set(hosts))
    playbook = draw(st.sampled_from((None, "book")))
    bases = {source.partition("/")[0] for source in sources if "," not in source} | ({playbook} if playbook else set())
    for base in sorted(bases):
        files |= draw(_beside(base, {"group_vars": ["all", *groups], "host_vars": hosts}))
    return Made(
        files=files | ({f"{playbook}/site.yml": "[]\n"} if playbook else {}),
        sources=tuple(sources),
        playbook_dir=playbook,
        patterns=tuple(draw(st.lists(_patterns(groups, hosts), min_size=PATTERNS, max_size=PATTERNS, unique=True))),
    )


_SCRAPS = (
    *("a", "b", "5", "0x1f", "012", "1_0", "1e3", ".5", "True", "None", "yes", "-", "+", "j", "'", '"', "\\", "\\n"),
    *("[", "]", "{", "}", "(", ")", ",", ":", "=", " ", "  ", "#", " # ", ";", "{{ x }}", "ä", "...", "u'", "r'", "%"),
)


def ini_lines() -> st.SearchStrategy[str]:
    """An INI inventory with values made of scraps, one behind a host and one of a group; it may be wrong."""
    scraps = st.lists(st.sampled_from(_SCRAPS), max_size=6).map("".join)
    return st.builds("h one={}\n[all:vars]\ntwo = {}\n".format, scraps, scraps)


def _whole(value: Any) -> str:
    """The value behind `name =` in a section of variables."""
    if isinstance(value, str) and value.replace(" ", "").isalpha():
        return value
    return repr(value)


def _words(variables: Mapping[str, Any]) -> str:
    """Variables behind a host, quoted as for a shell."""
    return " ".join(f"{name}={_quoted(_whole(value))}" for name, value in variables.items())


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'" if set(text) - set("abcdefghijklmnopqrstuvwxyz0123456789.-") else text
