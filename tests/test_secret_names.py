"""Which names are those of secrets: the table of `secret_names.yml`."""

from pathlib import Path

import pytest
import yaml

from ndrfix.secret_names import is_secret_name, secret_word_end

TABLE = yaml.safe_load((Path(__file__).parent / "secret_names.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [name for row in TABLE["secret"] for name in row])
def test_names_of_secrets(name: str) -> None:
    """Whatever the case, the number behind it, what it is the password of, or a slip of the hand."""
    assert is_secret_name(name)


@pytest.mark.parametrize("name", [name for row in TABLE["other"] for name in row])
def test_names_of_others(name: str) -> None:
    """Words that only look alike, and what is about a secret without being one."""
    assert not is_secret_name(name)


@pytest.mark.parametrize(("name", "word"), TABLE["ends"].items())
def test_where_the_word_for_a_secret_ends(name: str, word: str) -> None:
    """What is stuck to it may be the secret itself."""
    assert name[: secret_word_end(name)] == word
