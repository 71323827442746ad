"""Variables by name and from `--extra-vars`."""

from pathlib import Path

import pytest

from ndrfix.errors import InputError, SealedError
from ndrfix.inventory import Host, Variable, combine, parse_extra_vars
from ndrfix.place import Place
from ndrfix.secrets import Secret


def plain(*texts: str) -> dict[str, object]:
    return {name: variable.value for name, variable in parse_extra_vars(texts).items()}


FORMS = {
    "words are text": (["a=1 b=yes c="], {"a": "1", "b": "yes", "c": ""}),
    "quotes": (["a='x y' b=\"it's\""], {"a": "x y", "b": "it's"}),
    "backslashes stay": ([r"user=CORP\svc d=D:\new"], {"user": r"CORP\svc", "d": r"D:\new"}),
    "an equals sign in the value": (["a=b=c d=e#f"], {"a": "b=c", "d": "e#f"}),
    "JSON keeps types": (['{"a": 1, "b": [true, null]}'], {"a": 1, "b": [True, None]}),
    "YAML": (["{a: 1, b: x}"], {"a": 1, "b": "x"}),
    "later wins": (["a=1", "{a: 2}"], {"a": 2}),
    "secrets": (["ansible_password=p1 x_token={{t}}", "{a_secret: 12}"], None),
}


@pytest.mark.parametrize(("texts", "wanted"), FORMS.values(), ids=FORMS.keys())
def test_forms_of_extra_vars(texts: list[str], wanted: dict[str, object] | None) -> None:
    """Words, JSON and YAML give variables; passwords are wrapped unless they hold Jinja."""
    secrets = {"ansible_password": Secret("p1"), "x_token": "{{t}}", "a_secret": Secret("12")}
    assert plain(*texts) == (secrets if wanted is None else wanted)


def test_extra_vars_know_their_place(tmp_path: Path) -> None:
    """A word is placed by the number of its text, a file's variable in its file."""
    path = tmp_path / "vars.yml"
    path.write_text("# first\nb: 2\n", encoding="utf-8")
    found = parse_extra_vars(["x=1", "a=1", f"@{path}"])
    assert found["a"].place == Place(file="-e", line=2)
    assert found["b"] == Variable(value=2, place=Place(file=str(path), line=2, column=4))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "hunter2",
            "ansible_password=my hunter2",
            "a='hunter2",
            "=hunter2",
            "",
            "[hunter2]",
            "{a: hunter2",
            "my-var=hunter2",
        ),
        *("{ansible_password: 0123457}", "{1: hunter2}", "@missing-hunter.yml"),
    ],
)
def test_wrong_extra_vars_show_no_value(text: str) -> None:
    """What is no extra variable is an error with a place, and no part of a value is shown."""
    with pytest.raises(InputError) as caught:
        parse_extra_vars([text])
    assert caught.value.place is not None
    assert "hunter2" not in str(caught.value) + caught.value.next_step
    assert "0123457" not in str(caught.value) + caught.value.next_step


def test_an_encrypted_extra_file(tmp_path: Path) -> None:
    """A file that is encrypted as a whole needs a decryptor."""
    path = tmp_path / "vault.yml"
    path.write_text("$ANSIBLE_VAULT;1.1;AES256\n00\n", encoding="utf-8")
    with pytest.raises(SealedError, match="no vault password was given"):
        parse_extra_vars([f"@{path}"])
    assert parse_extra_vars([f"@{path}"], decrypt=lambda *_: Secret("a: 1"))["a"].value == Secret(1)


def test_extra_vars_are_on_top() -> None:
    """Extra variables win over those of the play, these over the host's."""
    place = Place(file="f")

    def layer(value: int, *names: str) -> dict[str, Variable]:
        return {name: Variable(value=value, place=place) for name in names}

    host = Host(name="h", groups=("all",), variables=layer(1, "a", "b", "c"), place=place)
    found = combine(host, play=layer(2, "b", "c"), extra=layer(3, "c"))
    assert {name: variable.value for name, variable in found.items()} == {"a": 1, "b": 2, "c": 3}
