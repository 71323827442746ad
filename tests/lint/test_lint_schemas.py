"""The schemas for editors: current, and of one mind with the linter about what exists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import ndrfix
from ndrfix.lint.schemas import SCHEMAS, client_schema, inventory_schema, playbook_schema, schema_text
from ndrfix.playbook.keywords import PLAY_KEYWORDS, TASK_KEYWORDS
from ndrfix.shipped import shipped_playbooks

ROOT = Path(ndrfix.__file__).parents[1]
CORPUS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("corpus.yml").read_text(encoding="utf-8"))
# What a schema can tell; the rest needs to know what a value means.
_STRUCTURE = ("unknown-name", "ansible-only[keyword]", "wrong-shape[steps]", "wrong-argument[missing]")


def valid(schema: dict[str, Any], document: object) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(json.loads(json.dumps(document, default=str))))


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_current_and_schemas(name: str) -> None:
    """What lies in `docs/schemas` is what is made now."""
    assert (ROOT / "docs" / "schemas" / name).read_text(encoding="utf-8") == schema_text(name), "make docs"
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name]())


@pytest.mark.parametrize("path", shipped_playbooks().values(), ids=lambda path: path.name)
def test_shipped_playbooks_are_valid(path: Path) -> None:
    """Editors show no fault where there is none."""
    assert valid(playbook_schema(), yaml.safe_load(path.read_text(encoding="utf-8")))


def test_the_example_inventory_is_valid() -> None:
    """So does the example of an inventory."""
    text = (ROOT / "inventory.example.yml").read_text(encoding="utf-8").replace("!vault", "")
    assert valid(inventory_schema(), yaml.safe_load(text))


def test_every_keyword_is_there() -> None:
    """The schema knows the keywords of the reader, no more and no less."""
    definitions = playbook_schema()["$defs"]
    assert set(definitions["play"]["properties"]) == set(PLAY_KEYWORDS)
    assert set(TASK_KEYWORDS) <= set(definitions["task"]["properties"])


_WRONG = [
    case
    for case in CORPUS["cases"]
    if case["of"] == "remediation" and any(finding.startswith(_STRUCTURE) for finding in case["expect"])
]


@pytest.mark.parametrize("case", _WRONG, ids=[case["name"] for case in _WRONG])
def test_a_wrong_structure_is_not_valid(case: dict[str, Any]) -> None:
    """What the linter says of the structure an editor says too; the clean file is valid."""
    schema, text = playbook_schema(), CORPUS["clean"]["remediation"]
    assert valid(schema, yaml.safe_load(text))
    for old, new in case["swap"].items():
        text = text.replace(old, new, 1)
    assert not valid(schema, yaml.safe_load(text))


@pytest.mark.parametrize(
    ("document", "good"),
    [
        ({"name": "ACME Ltd", "contact": "it@acme.example", "vault_id": "acme"}, True),
        ({"name": "ACME Ltd", "change_window": {"from": "22:00", "until": "05:00"}}, True),
        ({"contact": "nobody"}, False),
        ({"name": "ACME Ltd", "vaultid": "acme"}, False),
    ],
)
def test_client_files(document: dict[str, object], good: bool) -> None:
    """A name is needed, an unknown key is none."""
    assert valid(client_schema(), document) is good


@pytest.mark.parametrize(
    ("document", "good"),
    [
        ({"exchange": {"hosts": {"ex01": None}}}, True),
        ({"exchange": {"hosts": ["ex01"]}}, False),
        ({"exchange": {"host": {"ex01": None}}}, False),
        ({"exchange": {"vars": {"ansible_psrp_autth": "ntlm"}}}, False),
        ({"exchange": {"children": {"edge": {"hosts": {"ex02": {"ndrfix_via": "jump01"}}}}}}, True),
    ],
)
def test_inventories(document: dict[str, object], good: bool) -> None:
    """Shapes and connection names."""
    assert valid(inventory_schema(), document) is good
