"""The line of a file below an error: useful, and without what may be a secret, however broken the file is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ndrfix.cli import terminal
from ndrfix.excerpt import Excerpts, excerpt
from ndrfix.place import Place
from ndrfix.secrets import Masker
from tests.cli.conftest import Folder

BROKEN = {
    "a colon and a blank": "ansible_password: hunter2: x",
    "a sign that needs quotes": "ansible_password: @hunter2",
    "a mistyped tag": "ansible_password: !vualt hunter2",
    "an alias": "ansible_password: *hunter2",
    "an octal number": "ansible_password: 0123456hunter2: x",
    "a key that is there twice": "ansible_password: hunter2\n    ansible_password: hunter2",
    "an open quote": 'ansible_password: "hunter2',
    "no blank after the colon": "ansible_password:hunter2",
    "a mistyped name": "ansible_passwrod: hunter2",
    "a name with a dash": "smtp-pass: hunter2: x",
    "a block with a bad line": "ansible_password: |\n        hunter2\n    hunter2",
    "a nested mapping": "smtp_secret:\n          first: @hunter2",
    "an explicit key": "? ansible_password\n    : hunter2: x",
    "a text of two lines": "ansible_password: 'a\n      hunter2' x",
    "a list": "api_tokens: [a,\n    hunter2 @",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=list(BROKEN))
@pytest.mark.parametrize("form", ["block", "flow"])
def test_no_error_shows_a_password(folder: Folder, text: str, form: str) -> None:
    """Whatever is wrong with a password's line, or near it in the file, the password is in no output."""
    before, after = ("      ", "\n") if form == "block" else ("      a: {x: 1, ", "}\n")
    folder.write("bad.yml", f"all:\n  hosts:\n    ex01:\n{before}{text}{after}")
    for line in ("plan book.yml -i bad.yml", "inventory -i bad.yml --graph"):
        ended = folder(line)
        assert "hunter2" not in ended.out + ended.err


def shown(folder: Path, text: str, line: int, column: int, *, hidden: bool = False) -> list[str]:
    (folder / "f.yml").write_text(text)
    return excerpt(Place(file=str(folder / "f.yml"), line=line, column=column), hidden=hidden)


@pytest.mark.parametrize(
    ("text", "column", "wanted"),
    [
        ("password: hunter2: x", 18, ["    1 | password: ********", "      |           ^"]),
        ("password: hunter2", 1, ["    1 | password: ********", "      | ^"]),
        ("{a_token: hunter2, dta: 1}", 20, ["    1 | {a_token: ********, dta: 1}", "      |                     ^"]),
        ("{a_token: 'a, b: c', d: 1}", 22, ["    1 | {a_token: ********, d: 1}", "      |                     ^"]),
        ('{"api_key":"x","b":1}', 16, ['    1 | {"api_key":********,"b":1}', "      |                     ^"]),
        ("a_pass: hunter, two: x", 20, ["    1 | a_pass: ********", "      |         ^"]),
        ("dta: hunter2", 1, ["    1 | dta: hunter2", "      | ^"]),
        (
            r"{path: 'HKLM\Password', nme: x}",
            24,
            [r"    1 | {path: 'HKLM\Password', nme: x}", "      | " + " " * 23 + "^"],
        ),
        ("{name: Password, tpe: x}", 18, ["    1 | {name: Password, tpe: x}", "      | " + " " * 17 + "^"]),
        (
            "{name: '{{ a_token }}', tpe: x}",
            25,
            ["    1 | {name: '{{ a_token }}', tpe: x}", "      | " + " " * 24 + "^"],
        ),
    ],
)
def test_the_caret_stays_useful(tmp_path: Path, text: str, column: int, wanted: list[str]) -> None:
    """It stands below what it is about, at the mask's beginning when that is masked; other values stay."""
    assert shown(tmp_path, text, 1, column) == wanted


def test_a_list_of_secrets_may_stand_below_its_key(tmp_path: Path) -> None:
    """Items are hidden also where they are indented no deeper than their key, as YAML allows."""
    text = "a_tokens:\n- value: hunter2\n- hunter2\ndata: 1\n"
    assert [shown(tmp_path, text, line, 1)[0] for line in (2, 3, 4)] == [
        "    2 | ********",
        "    3 | ********",
        "    4 | data: 1",
    ]


def test_a_hidden_line_shows_keys_only(tmp_path: Path) -> None:
    """Under `no_log` no value is shown, whatever its key."""
    text = "data: geheim\nother:\n  geheim\nlong: |\n  a: geheim\n"
    assert shown(tmp_path, text, 1, 7, hidden=True)[0] == "    1 | data: ********"
    assert shown(tmp_path, text, 3, 3, hidden=True)[0] == "    3 |   ********"
    assert shown(tmp_path, text, 5, 3, hidden=True)[0] == "    5 |   ********"


def test_after_a_secret_the_file_is_shown_again(tmp_path: Path) -> None:
    """Only the value is hidden, not what stands below it."""
    text = "password: |\n  hunter2\n\n  hunter2\ndata: 1\nsecret: 'a\n b'\nmore: 2\n"
    assert shown(tmp_path, text, 4, 3)[0] == "    4 |   ********"
    assert shown(tmp_path, text, 5, 1)[0] == "    5 | data: 1"
    assert shown(tmp_path, text, 8, 1)[0] == "    8 | more: 2"


def test_a_sentence_loses_what_sticks_to_a_password() -> None:
    """A value that was glued to its key, and so became part of it, is not said either."""
    assert (
        Excerpts().sentence("unknown key 'ansible_password:hunter2'", None) == "unknown key 'ansible_password:********'"
    )
    assert Excerpts().sentence("book.yml:3:4 is wrong: token: none", None) == "book.yml:3:4 is wrong: token: none"


def test_a_sentence_keeps_its_words(tmp_path: Path) -> None:
    """What is masked in a sentence is what stood behind the name in the line, not each word that stands there, too."""
    (tmp_path / "f.yml").write_text("- name: Set the password once, type it again\n  x: a_token hunter2, data: 5\n")
    first, second = (Place(file=str(tmp_path / "f.yml"), line=line) for line in (1, 2))
    said = Excerpts().sentence
    assert said("It takes: data, type, name", first) == "It takes: data, type, name"
    assert said("It takes: data, type, name; not hunter2", second) == "It takes: data, type, name; not ********"


KEYS = (
    *("ansible_password", "ansible_passwrod", "adminPassword", "smtp-pass", "api_key", "my_pw", "ansible_password_old"),
    *("'x_secret'", '"a_token"', "pass_phrase", "credentials", "password2"),
)
ON_THE_LINE = (
    *("", " ", ":", ": ", " : ", "=", " = ", ":=", " => ", "::", ": : ", ";", "; ", "-", "- ", " -> ", ".", ",", ", "),
    *(
        "|",
        " | ",
        "/",
        "!",
        " !vault ",
        ": !vualt ",
        ": @",
        ": *",
        ": &a ",
        "\t",
        ":\t",
        " is ",
        " (",
        "[",
        " [",
        ": [",
    ),
    *(" '", ' "', ": '", ': "', "{", " {x: ", ": {x: ", ": - ", "#", " #", "~", "\\", "'", '"'),
)
BELOW = (
    *(
        "\n            ",
        ":\n            ",
        ": \n              - ",
        ": |\n            ",
        " |\n            ",
        ": >-\n            a\n\n            ",
    ),
    *(
        ": 'a\n            ",
        ': "a\n  ',
        ": a\n            ",
        " a\n            ",
        ": [a,\n            ",
        ": {x: 1,\n            y: ",
        "=\n            ",
    ),
    *(
        ":\n            - x\n            - ",
        "=>\n            ",
        ": !!binary |\n            ",
        "\n      : ",
        ": &a\n            ",
    ),
)
BEFORE = (
    "      ",
    "      - ",
    "      a: {x: 1, ",
    "      ? ",
    "      name: it, ",
    "      a: 'x' ",
    "      a: [1, ",
    "      #",
)
AFTER = ("", ": x", " @", "'", '"', "}", "]", ": {", " x", "=1", ": x: y", ", b: 1}")
MARKED = st.text("hunter27", min_size=7, max_size=9).map(lambda text: f"QZ{text}QZ")


@settings(deadline=None, max_examples=600, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=MARKED,
    before=st.sampled_from(BEFORE),
    key=st.sampled_from(KEYS),
    between=st.sampled_from((*ON_THE_LINE, *BELOW)),
    after=st.sampled_from(AFTER),
    name=st.sampled_from(["f.yml", "f.ini", "hosts"]),
)
def test_no_line_shows_a_secret(
    tmp_path: Path, value: str, before: str, key: str, between: str, after: str, name: str
) -> None:
    """Law: no line of a file shows what stands behind the name of a secret, whatever stands between, on its line or on
    those that make up its value, wherever the caret is.
    """
    assume(between or after[:1] not in (":", "="))  # else it is another name
    text = f"all:\n  vars:\n{before}{key}{between}{value}{after}\n"
    (tmp_path / name).write_text(text)
    for number, line in enumerate(text.splitlines(), start=1):
        for column in {1, len(line) // 2 + 1, len(line)}:
            assert "QZ" not in "".join(excerpt(Place(file=str(tmp_path / name), line=number, column=column)))


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=MARKED,
    key=st.sampled_from(KEYS),
    between=st.sampled_from((*ON_THE_LINE, *BELOW)),
    after=st.sampled_from(AFTER),
    dress=st.sampled_from(
        [
            ("f.yml", "all:\n  vars:\n      {}\n"),
            ("f.yml", "all:\n  hosts:\n      ex01: {{x: 1, {}}}\n"),
            ("f.yml", "all:\n  hosts:\n      {}\n"),
            ("f.yml", "all:\n  hosts: {}\n"),
            ("f.yml", "all:\n  vars: {}\n"),
            ("f.yml", "- hosts: all\n  vars:\n      {}\n  tasks: []\n"),
            ("f.ini", "[a]\nex01 x=1 {}\nex02\n"),
            ("f.ini", "[a:vars]\n{}\nx = 1\n"),
            ("f.ini", "[a]\n{}\n"),
        ]
    ),
)
def test_no_error_says_a_secret(
    folder: Folder, value: str, key: str, between: str, after: str, dress: tuple[str, str]
) -> None:
    """Law: neither do the sentences of errors and findings, nor what they advise."""
    assume(between)  # else it is another name
    name, form = dress
    folder.write(name, form.format(f"{key}{between}{value}{after}"))
    for line in (f"inventory -i {name} --graph", f"lint {name}", f"lint -f json {name}", f"plan {name} -i {name}"):
        with pytest.MonkeyPatch.context() as patched:  # a mask that knows nothing yet
            for attribute, unused in vars(Masker()).items():
                patched.setattr(terminal.MASKER, attribute, unused)
            ended = folder(line)
        said = ended.err if ended.code == 0 else ended.out + ended.err  # a host may be called anything
        assert "QZ" not in said, said


def test_each_file_is_read_once(tmp_path: Path) -> None:
    """Excerpts of one file show it as it was at the first of them, in any order, masked as alone."""
    file = tmp_path / "vars.yml"
    file.write_text("password: |\n  hunter2\n  hunter3\nuser: x\n", encoding="utf-8")
    places = [Place(file=str(file), line=line, column=1) for line in (3, 1, 4, 2)]
    alone = [excerpt(place) for place in places]
    excerpts = Excerpts()
    first = excerpts.at(places[0])
    file.unlink()
    assert [first, *map(excerpts.at, places[1:])] == alone
    assert "hunter" not in str(alone)
    assert alone[2] == ["    4 | user: x", "      | ^"]
