"""Host patterns: what they choose, and what they say when a part chooses nothing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfix.errors import InputError, InventoryError
from ndrfix.inventory import Inventory, load_inventory, select
from ndrfix.place import Place

TEXT = """
acme: {hosts: {ex01: , ex02: , ex03: }}
exchange: {hosts: {ex01: , ex02: , gx01: , "2001:db8::25": }}
globex: {hosts: {gx01: , gx02: }}
site: {children: {acme: , globex: }}
idle:
"""
EVERY = ("ex01", "ex02", "ex03", "gx01", "2001:db8::25", "gx02")


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    path = tmp_path_factory.mktemp("patterns") / "inventory.yml"
    path.write_text(TEXT, encoding="utf-8")
    loaded = load_inventory([path])
    return Inventory(hosts=loaded.hosts, groups=loaded.groups, files=("inventory.yml",))


CHOSEN = {
    "all": EVERY,
    "*": EVERY,
    "ex01": ("ex01",),
    "site": ("ex01", "ex02", "ex03", "gx01", "gx02"),
    "globex:acme": ("ex01", "ex02", "ex03", "gx01", "gx02"),
    "globex, ex03": ("ex03", "gx01", "gx02"),
    "acme:&exchange": ("ex01", "ex02"),
    "acme:!exchange": ("ex03",),
    "!exchange:acme": ("ex03",),
    "!site": ("2001:db8::25",),
    "&globex": ("gx01", "gx02"),
    "site:&exchange:!ex02": ("ex01", "gx01"),
    "ex0*": ("ex01", "ex02", "ex03"),
    "ex0[12]": ("ex01", "ex02"),
    "?x01": ("ex01", "gx01"),
    "g*": ("gx01", "gx02"),
    "~ex0[13]$": ("ex01", "ex03"),
    "~(ex|gx)01": ("ex01", "gx01"),
    "~ex0{1,1}[12]:gx02": ("ex01", "ex02", "gx02"),
    "~(?:ex02|nothing)": ("ex02",),
    "~ex01|\\(:gx02": ("ex01", "gx02"),
    "acme[0]": ("ex01",),
    "acme[-1]": ("ex03",),
    "acme[1:2]": ("ex02", "ex03"),
    "acme[1:]": ("ex02", "ex03"),
    "site[3:9]": ("gx01", "gx02"),
    "acme[0]:gx02": ("ex01", "gx02"),
    "2001:db8::25": ("2001:db8::25",),
    "ex01:2001:db8::25:gx02": ("ex01", "2001:db8::25", "gx02"),
    "exchange:!2001:db8::25": ("ex01", "ex02", "gx01"),
    "idle": (),
    "all:!idle": EVERY,
}


@pytest.mark.parametrize(("pattern", "wanted"), CHOSEN.items(), ids=CHOSEN.keys())
def test_a_pattern_chooses(pattern: str, wanted: tuple[str, ...], inventory: Inventory) -> None:
    """Each form chooses its hosts, in inventory order."""
    assert tuple(host.name for host in select(inventory, pattern)) == wanted


WRONG = {
    "acme:&exchagne": "no host matches 'acme:&exchagne' in inventory.yml, did you mean group 'exchange'?",
    "ex1": "no host matches 'ex1' in inventory.yml, did you mean host 'ex01'?",
    "acme:!qqqqqqqq": "no host matches 'acme:!qqqqqqqq' in inventory.yml",
    "zz*": "no host matches 'zz*' in inventory.yml",
    "~zz": "no host matches '~zz' in inventory.yml",
    "~(": "'~(' is not a regular expression: missing ), unterminated subpattern at position 0",
    "acme[7]": "'acme[7]' is beyond the 3 hosts of 'acme'",
    "acme[]": "'acme[]' holds no position",
    "acme[:2]": "'acme[:2]' holds no position",
    "acme[-2:]": "'acme[-2:]' holds no position",
    "acme[1-2]": "'acme[1-2]' holds no position",
    "ACME": "no host matches 'ACME' in inventory.yml, did you mean group 'acme'?",
    "": "the host pattern is empty",
    " , ": "the host pattern is empty",
    "@hosts.txt": "'@file' stands only in --limit",
}


@pytest.mark.parametrize(("pattern", "wanted"), WRONG.items(), ids=WRONG.keys())
def test_a_part_that_matches_nothing_is_an_error(pattern: str, wanted: str, inventory: Inventory) -> None:
    """The message names the whole pattern, the files and the nearest name, at the place of the pattern."""
    place = Place(file="site.yml", line=3, column=10)
    with pytest.raises(InventoryError) as caught:
        select(inventory, pattern, place=place)
    assert (caught.value.what, caught.value.place) == (wanted, place)


def test_a_limit_is_taken_off_the_pattern(inventory: Inventory) -> None:
    """A limit narrows; sharing no host is no error, an unknown name is."""
    assert [host.name for host in select(inventory, "exchange", "acme:!ex01")] == ["ex02"]
    assert select(inventory, "globex", "ex01") == ()
    with pytest.raises(InventoryError, match="did you mean group 'acme'"):
        select(inventory, "all", "acne")


def test_a_limit_from_a_file(inventory: Inventory, tmp_path: Path) -> None:
    """Each line is a pattern; a byte order mark, blank lines and comments do not count; faults name the line."""
    path = tmp_path / "retry"
    path.write_bytes(b"\xef\xbb\xbfex01\r\n\r\n# later\r\n2001:db8::25\r\nglobex\r\n")
    assert [host.name for host in select(inventory, "exchange", f"@{path}")] == ["ex01", "gx01", "2001:db8::25"]
    path.write_text("ex01\nex99999\n", encoding="utf-8")
    with pytest.raises(InventoryError) as caught:
        select(inventory, "all", f"@{path}")
    assert caught.value.place == Place(file=str(path), line=2)
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(InventoryError, match="names no host"):
        select(inventory, "all", f"@{path}")
    with pytest.raises(InputError, match="cannot be read"):
        select(inventory, "all", f"@{path}.none")


def test_a_limit_of_files_and_names_is_one_pattern(inventory: Inventory, tmp_path: Path) -> None:
    """What is taken away in one line of a file is taken from all that the limit names."""
    path = tmp_path / "retry"
    path.write_text("ex02\n!ex01\n", encoding="utf-8")
    assert [host.name for host in select(inventory, "all", f"ex01,@{path},ex03")] == ["ex02", "ex03"]


def test_positions_count_level_by_level(tmp_path: Path) -> None:
    """The hosts of the group itself come first, then those of the groups below, whatever the order of the file."""
    path = tmp_path / "inventory.yml"
    text = "a: {children: {b: {children: {c: {hosts: {h3: }}}, hosts: {h2: }}}, hosts: {h1: }}\n"
    path.write_text(f"{text}ex: {{hosts: {{ex1: , z: }}}}\n", encoding="utf-8")
    loaded = load_inventory([path])
    assert [host.name for host in loaded.hosts][:3] == ["h3", "h2", "h1"]
    assert [select(loaded, f"a[{index}]")[0].name for index in range(3)] == ["h1", "h2", "h3"]
    assert [host.name for host in select(loaded, "ex[1]")] == ["z"]


GROUPS = st.sampled_from(["acme", "exchange", "globex", "site", "ex01", "2001:db8::25", "g*"])


@given(first=GROUPS, second=GROUPS)
def test_operators_are_those_of_sets(inventory: Inventory, first: str, second: str) -> None:
    """Union, intersection and difference are exactly those of the parts, whichever separator joins them."""

    def names(pattern: str) -> set[str]:
        return {host.name for host in select(inventory, pattern)}

    assert names(f"{first}:{second}") == names(f"{first},{second}") == names(first) | names(second)
    assert names(f"{first}:&{second}") == names(first) & names(second)
    assert names(f"{first}:!{second}") == names(first) - names(second)


@given(text=st.text(alphabet="aex01:,!&~*?[]()@ -{}\\.", max_size=12))
def test_any_text_is_a_pattern_or_an_input_error(inventory: Inventory, text: str) -> None:
    """No pattern ends in a foreign error."""
    try:
        chosen = select(inventory, text)
    except InputError:
        return
    assert list(chosen) == [host for host in inventory.hosts if host in chosen]


def test_an_expression_that_python_may_read_otherwise_is_refused(tmp_path: Path) -> None:
    """A regular expression that Python warns about is an error of the pattern, not a warning on the screen."""
    (tmp_path / "inventory.yml").write_text("all:\n  hosts:\n    ex01:\n")
    inventory = load_inventory([tmp_path / "inventory.yml"])
    with pytest.raises(InventoryError, match="is not a regular expression"):
        select(inventory, "~[0--]x")
