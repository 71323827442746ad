"""The inventory shown as a tree and as a document."""

import json
from pathlib import Path

from ndrfix.inventory import graph, listing, load_inventory

TEXT = """
all:
  hosts: {lone: }
  children:
    exchange:
      hosts:
        ex01: {ansible_password: hunter2, since: 2004-03-16, db: {api_key: hunter2}, v: !vault abc}
      children: {edge: {hosts: {ed01: {x_secret: "hunter2{{ y }}"}}}}
    empty:
"""


def test_the_tree_of_groups(tmp_path: Path) -> None:
    """The tree is drawn as `ansible-inventory --graph` draws it."""
    path = tmp_path / "inventory.yml"
    path.write_text(TEXT, encoding="utf-8")
    assert graph(load_inventory([path])) == (
        "@all:\n"
        "  |--@ungrouped:\n"
        "  |  |--lone\n"
        "  |--@exchange:\n"
        "  |  |--@edge:\n"
        "  |  |  |--ed01\n"
        "  |  |--ex01\n"
        "  |--@empty:\n"
    )


def test_the_document_is_json_and_hides_secrets(tmp_path: Path) -> None:
    """Groups and host variables are listed; passwords are masked at any depth, with Jinja around them too."""
    path = tmp_path / "inventory.yml"
    path.write_text(TEXT, encoding="utf-8")
    document = listing(load_inventory([path]))
    assert "hunter2" not in json.dumps(document)
    assert document == {
        "_meta": {
            "hostvars": {
                "ex01": {
                    "ansible_password": "********",
                    "since": "2004-03-16",
                    "db": {"api_key": "********"},
                    "v": "<vaulted>",
                },
                "ed01": {"x_secret": "********"},
            }
        },
        "all": {"children": ["ungrouped", "exchange", "empty"]},
        "exchange": {"children": ["edge"], "hosts": ["ex01"]},
        "edge": {"hosts": ["ed01"]},
        "ungrouped": {"hosts": ["lone"]},
    }
