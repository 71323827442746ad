"""The format of ansible-vault: files and values that ansible-vault made open, and every damage is told."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndrfix.encrypted import is_encrypted
from ndrfix.errors import InputError
from ndrfix.nodes import Map, Scalar, Vaulted
from ndrfix.place import Place
from ndrfix.secrets import Secret
from ndrfix.source import load_file, load_text
from ndrfix.vault import Envelope, seal

DATA = Path(__file__).parent / "data"
PLAIN, PROD = Secret("opal-lantern-42"), Secret("copper-meadow-17")
HERE = Place(file="hosts.yml", line=7, column=24)


def values() -> dict[str, str]:
    """The encrypted texts in the file of values, by name."""
    root = load_file(DATA / "values.yml")
    assert isinstance(root, Map)
    found = {}
    for entry in root.entries:
        assert isinstance(entry.value, Scalar)
        assert isinstance(entry.value.value, Vaulted)
        found[entry.key.text] = entry.value.value.text
    return found


@pytest.mark.parametrize(
    ("name", "password", "label", "text"),
    [
        ("plain", PLAIN, "default", "Gl4ss-Harbor"),
        ("labelled", PROD, "prod", "Tin-Orchard-5"),
        ("odd", PLAIN, "default", 'pässwörd: "x" #1\n'),
        ("block", PLAIN, "default", "0123456789abcdef"),
    ],
)
def test_values_of_ansible_vault_open(name: str, password: Secret, label: str, text: str) -> None:
    """What ansible-vault wrote opens to exactly the text that was given to it; another password opens nothing."""
    envelope = Envelope.parse(values()[name], HERE)
    assert envelope.label == label
    assert envelope.open(password) == text.encode()
    assert envelope.open(Secret(password.reveal() + "x")) is None


def test_files_of_ansible_vault_open() -> None:
    """Whole files open in both versions of the format, bytes that are no text too."""
    first = Envelope.parse((DATA / "file-1.1.yml").read_text(), HERE).open(PLAIN)
    second = Envelope.parse((DATA / "file-1.2-prod.yml").read_text(), HERE).open(PROD)
    assert first == second
    assert first is not None
    assert b"Gl4ss-Harbor" in first
    assert Envelope.parse((DATA / "bytes.vault").read_text(), HERE).open(PLAIN) == b"\xff\xfe\x00\x01binary\n"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "  \t\n"),
        lambda text: "\n\n" + text.replace("\n", "\n\n") + "\n \n",
        lambda text: text.rstrip("\n"),
        lambda text: text.replace(";", " ; "),
        lambda text: text.upper(),
    ],
    ids=["windows line ends", "byte order mark", "trailing blanks", "blank lines", "no end", "blanks", "capitals"],
)
def test_what_editors_do_is_no_damage(change: object) -> None:
    """Line ends, blanks and a byte order mark, as editors and mail leave them, are no matter."""
    assert callable(change)
    text = change(values()["plain"])
    assert is_encrypted(text)
    assert Envelope.parse(text, HERE).open(PLAIN) == b"Gl4ss-Harbor"


@given(text=st.binary(max_size=200), password=st.text(min_size=1).filter(lambda each: each.isprintable()))
@settings(max_examples=40)
def test_what_is_sealed_opens(text: bytes, password: str) -> None:
    """What `seal` writes opens to the same bytes, in lines of 80 that YAML keeps, and no two writings are alike."""
    sealed = seal(text, Secret(password), "lab")
    assert max(map(len, sealed.splitlines())) <= 80
    envelope = Envelope.parse(sealed, HERE)
    assert (envelope.label, envelope.open(Secret(password))) == ("lab", text)
    assert seal(text, Secret(password), "lab") != sealed


def test_a_label_makes_version_1_2() -> None:
    """Without a label the old header is written, which every version of Ansible reads."""
    assert seal(b"x", PLAIN).startswith("$ANSIBLE_VAULT;1.1;AES256\n")
    assert seal(b"x", PLAIN, "prod").startswith("$ANSIBLE_VAULT;1.2;AES256;prod\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hunter2-hunter2", "does not begin with"),
        ("$ANSIBLE_VAULT;1.0;AES\n6162\n", "not known"),
        ("$ANSIBLE_VAULT;1.1;AES128\n6162\n", "not known"),
        ("$ANSIBLE_VAULT\n6162\n", "not known"),
        ("$ANSIBLE_VAULT;1.1;AES256\n", "damaged"),
        ("$ANSIBLE_VAULT;1.1;AES256\nzz\n", "damaged"),
        ("$ANSIBLE_VAULT;1.1;AES256\n616\n", "damaged"),
        ("$ANSIBLE_VAULT;1.1;AES256\n" + b"61\n62\n63".hex() + "\n", "damaged"),
        ("$ANSIBLE_VAULT;1.1;AES256\n" + b"61\n62".hex() + "\n", "damaged"),
        ("$ANSIBLE_VAULT;1.1;AES256\n" + b"\n".join((b"61", b"62" * 32, b"63" * 15)).hex() + "\n", "damaged"),
        ("$ANSIBLE_VAULT;1.1;AES256\nhunter2-\u00e9\n", "damaged"),
    ],
)
def test_what_is_no_envelope_is_told(text: str, says: str) -> None:
    """Each damage is one sentence at the value's place, and nothing of the text is in it or in its traceback."""
    with pytest.raises(InputError, match=says) as caught:
        Envelope.parse(text, HERE)
    assert caught.value.place == HERE
    assert caught.value.next_step
    assert "hunter2" not in "".join(traceback.format_exception_only(caught.value)) + caught.value.next_step


@given(at=st.integers(min_value=0, max_value=10_000), bit=st.sampled_from([1, 2, 4, 8]))
@settings(max_examples=40)
def test_no_altered_digit_passes(at: int, bit: int) -> None:
    """Whatever digit of the block is altered: it does not open, unless only a small letter became a capital."""
    text = values()["plain"]
    header, digits = text.split("\n", 1)
    at %= len(digits)
    if digits[at] == "\n":
        return
    altered = f"{int(digits[at], 16) ^ bit:x}"
    try:
        opened = Envelope.parse(f"{header}\n{digits[:at]}{altered}{digits[at + 1 :]}", HERE).open(PLAIN)
    except InputError:
        return
    assert opened in (None, b"Gl4ss-Harbor")


def test_yaml_reads_what_seal_writes() -> None:
    """A sealed text under `!vault |` comes back as it was written."""
    block = "".join(f"  {line}\n" for line in seal("ä".encode(), PLAIN).splitlines())
    root = load_text(f"p: !vault |\n{block}", "x.yml")
    assert isinstance(root, Map)
    node = root.get("p")
    assert isinstance(node, Scalar)
    assert Envelope.parse(node.value.text, HERE).open(PLAIN) == "ä".encode()
