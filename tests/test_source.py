"""YAML with positions: what is read, what is refused, and where."""

import datetime
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ndrfix import source
from ndrfix.errors import InputError
from ndrfix.place import Place
from ndrfix.source import (
    List,
    Map,
    Scalar,
    UnsafeText,
    Vaulted,
    find,
    kind,
    load_file,
    load_text,
    plain,
    raise_faults,
)


def read(text: str) -> object:
    node = load_text(text, "f.yml")
    assert node is not None
    return plain(node)


def test_every_node_knows_its_place() -> None:
    """Lines and columns count from 1; text, quoting and value are kept."""
    node = load_text("a:\n  - 0x10\n  - 'b'\n", "f.yml")
    assert isinstance(node, Map)
    items = node.get("a")
    assert isinstance(items, List)
    assert items.items == (
        Scalar(Place(file="f.yml", line=2, column=5), 16, "0x10"),
        Scalar(Place(file="f.yml", line=3, column=5), "b", "b", quoted=True),
    )


VALUES = {
    "yes": True,
    "no": False,
    "012": 10,
    "0x10": 16,
    "1_000": 1000,
    "1.5": 1.5,
    "~": None,
    "null": None,
    "": None,
    "2004-03-16": datetime.date(2004, 3, 16),
    "x y": "x y",
    "'012'": "012",
    '"yes"': "yes",
    "=": "=",
    "<<": "<<",
    "!!str 5": "5",
    "!vault x": Vaulted("x"),
    "!unsafe '{{ x }}'": UnsafeText("{{ x }}"),
    r'"\ud83d\ude00"': "\U0001f600",
}


@pytest.mark.parametrize(("text", "value"), VALUES.items(), ids=VALUES.keys())
def test_scalars_are_those_of_yaml_1_1(text: str, value: object) -> None:
    """Values come out as Ansible's users know them."""
    found = read(f"a: {text}\n")
    assert isinstance(found, dict)
    assert found["a"] == value
    assert type(found["a"]) is type(value)


FAULTS = {
    "a: 1\na: 2\n": (2, "given twice, first in line 1"),
    "a: {b: 1, b: 2}": (1, "given twice"),
    "<<: {a: 1}\n<<: {b: 1}\n": (2, "given twice"),
    "a: hunter2 b: c": (1, "mapping values"),
    "a: *hunter2": (1, "without its anchor"),
    "a: !hunter2 b": (1, "tag"),
    "a: !h!hunter2 b": (1, "tag"),
    "a: !!python/name:hunter2 b": (1, "tag"),
    "a: !!set {hunter2: }": (1, "tag"),
    "a: %hunter2": (1, "cannot start any token"),
    "a:\n\tb: hunter2": (2, "cannot start any token"),
    'a: "\\hunter2"': (1, "unknown escape"),
    'a: "\\U00110000"': (1, "no character"),
    'a: "\\ud800"': (1, "surrogate"),
    "a: {{ hunter2 }}": (1, "a key must be text, not a mapping"),
    "a: b\n---\nc: d\n": (2, "second document"),
    "x\n a: \x01": (2, "#x0001 is not allowed"),
    "a: &x [1, *x]": (1, "holds itself"),
    "a: &x\n  <<: *x": (1, "holds itself"),
    "<<: hunter2": (1, "'<<' needs a mapping"),
    "<<: [{a: 1}, hunter2]": (1, "'<<' needs a mapping"),
    "a: 2004-13-45": (1, "looks like a date but is none"),
    "a: 2001-01-01 00:00:00 +99:99": (1, "looks like a date but is none"),
    "a: !!int ''": (1, "looks like a number but is none"),
    "a: " + "9" * 5000: (1, "looks like a number but is none"),
    "a: !!bool hunter2": (1, "looks like a bool but is none"),
    "[" * 101: (1, "more than 100 levels"),
    "[" * 5000: (1, "more than 100 levels"),
}


@pytest.mark.parametrize(("text", "wanted"), FAULTS.items(), ids=[text[:30] for text in FAULTS])
def test_what_is_refused(text: str, wanted: tuple[int, str]) -> None:
    """A fault is an input error at its line, and shows no value."""
    with pytest.raises(InputError) as caught:
        load_text(text, "f.yml")
    line, what = wanted
    assert what in caught.value.what
    assert caught.value.place is not None
    assert (caught.value.place.file, caught.value.place.line) == ("f.yml", line)
    assert "hunter2" not in caught.value.what + caught.value.next_step


def test_aliases_cannot_explode() -> None:
    """Nine levels of ten aliases stand for a thousand million values and are refused; a few thousand are fine."""
    levels = [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 10)]
    with pytest.raises(InputError, match="too many values"):
        load_text("\n".join(("a0: &a0 [x]", *levels)), "f.yml")
    assert load_text("\n".join(("a0: &a0 [x]", *levels[:3])), "f.yml") is not None


def test_merges_cannot_explode() -> None:
    """Mappings that merge each other count as what they expand to."""
    levels = [f"a{i}: &a{i} {{b: [{', '.join([f'{{<<: *a{i - 1}}}'] * 10)}]}}" for i in range(1, 10)]
    with pytest.raises(InputError, match="too many values"):
        load_text("\n".join(("a0: &a0 {x: 1}", *levels)), "f.yml")


def test_independent_faults_come_together() -> None:
    """What leaves the rest readable is collected."""
    with pytest.raises(InputError) as caught:
        load_text("a: 1\na: 2\nb: !x 1\nc: 2004-13-45\n", "f.yml")
    found = (caught.value, *caught.value.others)
    assert [fault.place and fault.place.line for fault in found] == [2, 3, 4]


def test_faults_are_raised_once_each() -> None:
    """A fault that already carries others is not repeated."""
    second = InputError("2")
    first = InputError("1", others=(second,))
    with pytest.raises(InputError) as caught:
        raise_faults([first, second, InputError("3")])
    assert [fault.what for fault in (caught.value, *caught.value.others)] == ["1", "2", "3"]
    raise_faults([])


def test_merge_keys() -> None:
    """Own keys win over merged ones, an earlier mapping of a list over a later one; a quoted '<<' is a key."""
    text = "d: &d {p: 1, q: 1}\ns: &s {p: 2, r: 2}\na: {q: 9, <<: [*s, *d]}\nb: {'<<': 1}\n"
    found = read(text)
    assert isinstance(found, dict)
    assert found["a"] == {"p": 2, "q": 9, "r": 2}
    assert found["b"] == {"<<": 1}


def test_keys_of_different_kind_are_different() -> None:
    """`1`, `true` and `"1"` are three keys, though Python takes the first two for one."""
    node = load_text('1: a\ntrue: b\n"1": c\n', "f.yml")
    assert isinstance(node, Map)
    found = [node.get(key) for key in (1, True, "1")]
    assert [each.value for each in found if isinstance(each, Scalar)] == ["a", "b", "c"]
    assert node.entry(2) is None


def test_find_follows_a_path_as_far_as_it_goes() -> None:
    """The deepest node on the path is found, so that an error can point at it."""
    node = load_text("a:\n  - b: 1\n", "f.yml")
    assert node is not None
    assert find(node, ("a", 0, "b")).place.column == 8
    assert find(node, ("a", 0, "none", "deeper")).place.column == 5
    assert find(node, ("a", 7)).place.line == 2


KINDS = {
    "{}": "a mapping",
    "[]": "a list",
    "": "nothing",
    "x": "text",
    "!unsafe x": "text",
    "5": "a number",
    "1.5": "a number",
    "yes": "a yes/no value",
    "!vault x": "an encrypted value",
    "2004-03-16": "a date",
    "2004-03-16 10:00:00": "a date with a time",
}


@pytest.mark.parametrize(("text", "name"), KINDS.items(), ids=KINDS.keys())
def test_kinds_are_named_for_people(text: str, name: str) -> None:
    """Each kind of node has a name."""
    node = load_text(f"a: {text}", "f.yml")
    assert isinstance(node, Map)
    assert kind(node.entries[0].value) == name


def test_files(tmp_path: Path) -> None:
    """A byte order mark is dropped, JSON may hold tabs, an empty file is None, `shown` is the name in places."""
    path = tmp_path / "f.yml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    node = load_file(path, shown="shown.yml")
    assert node is not None
    assert (plain(node), node.place) == ({"a": 1}, Place(file="shown.yml"))
    path.write_bytes(b"\xef\xbb\xbf# nothing\n")
    assert load_file(path) is None
    json_file = tmp_path / "f.json"
    json_file.write_text('{\n\t"a":\t"b"\n}\n', encoding="utf-8")
    found = load_file(json_file)
    assert found is not None
    assert plain(found) == {"a": "b"}


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a folder and a file that is not UTF-8 are input errors."""
    path = tmp_path / "f.yml"
    with pytest.raises(InputError, match="cannot be read"):
        load_file(path)
    with pytest.raises(InputError, match="cannot be read"):
        load_file(tmp_path)
    path.symlink_to("g.yml")
    with pytest.raises(InputError, match=r"there is no file of that name$"):
        load_file(path)
    path.unlink()
    path.write_bytes(b"a: 1\nb: \xe4\n")
    with pytest.raises(InputError, match="not UTF-8") as caught:
        load_file(path)
    assert caught.value.place == Place(file=str(path), line=2)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text("abc<=~1", max_size=5), below, max_size=4),
    max_leaves=20,
)


@given(value=PLAIN)
def test_what_yaml_writes_is_read_back(value: object) -> None:
    """Any plain value survives the way through a YAML text."""
    assert read(yaml.safe_dump({"a": value})) == {"a": value}


@given(text=st.text(alphabet="ab1:-{}[],&*!|>'\"%@#~<=\\ \n\t\ufeff\x01", max_size=40))
def test_any_text_is_yaml_or_an_input_error(text: str) -> None:
    """No text ends in a foreign error, and every fault has a place."""
    faults: tuple[InputError, ...] = ()
    try:
        load_text(text, "f.yml")
    except InputError as error:
        faults = (error, *error.others)
    assert all(fault.place for fault in faults)


ROOT = Path(__file__).parents[1]
FILES = sorted(path for folder in ("ndrfix", "playbooks", "tests", "docs") for path in (ROOT / folder).rglob("*.yml"))
# Where a value is left out, libyaml's place is that of what follows, PyYAML's that behind the colon.
_EMPTY = re.compile(r"place=Place\([^)]*\), value=None, text=''")
WITH_LIBYAML = pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML was built without libyaml")


def same_both_ways(text: str) -> bool:
    """Whether libyaml reads a text; if so, it must be what PyYAML itself reads, places and faults too."""

    def told(read: Any) -> str:
        node, faults = read
        return _EMPTY.sub("nothing", repr(node)) + "".join(f"{fault} {fault.next_step}" for fault in faults)

    try:
        fast = source._fast(text, "f.yml")
    except InputError as error:
        with pytest.raises(InputError, match=re.escape(str(error))):
            source._careful(text, "f.yml")
        return True
    assert fast is None or told(fast) == told(source._careful(text, "f.yml"))
    return fast is not None


@WITH_LIBYAML
def test_every_yaml_file_here_is_the_same_both_ways() -> None:
    """The fast way reads each of them, and gives what the careful one gives."""
    texts = [path.read_text(encoding="utf-8-sig") for path in FILES]
    read = [same_both_ways(text) for text in texts]
    assert len(FILES) > 20
    assert sum(read) > 0.9 * len(FILES)


DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.dates() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
PIECES = (
    *("a", "b: ", "- ", "\n", "\n  ", "\n    ", "'", '"', "{", "}", "[", "]", ", ", " ", " #", "&a ", "*a", "!vault "),
    *("!unsafe ", "<<: ", "? ", ": ", "|\n", ">#", "1", "0x1f", "yes", "~", "2004-13-02", "---", "é", "\t", "%", "="),
)


@WITH_LIBYAML
@given(value=DATA, flow=st.booleans(), style=st.sampled_from([None, "'", '"', "|", ">"]))
def test_data_of_any_kind_is_the_same_both_ways(value: object, flow: bool, style: str | None) -> None:
    """What PyYAML writes in any style is read alike."""
    text = yaml.safe_dump(value, default_flow_style=flow, default_style=style, allow_unicode=True)
    same_both_ways(text)


@WITH_LIBYAML
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=10), indent=st.sampled_from(["", "k:\n  "]))
def test_any_text_is_the_same_both_ways_or_left_to_the_careful_one(pieces: list[str], indent: str) -> None:
    """Scraps of YAML never mean one thing here and another there, but for '?', which libyaml takes more freely."""
    text = indent + "".join(pieces)
    if "?" not in text and "<<: " not in text:
        same_both_ways(text)


def test_a_text_without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyYAML comes without libyaml it reads everything itself."""
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert source._fast("a: 1\n", "f.yml") is None
    assert read("a: [1, x]\n") == {"a": [1, "x"]}
