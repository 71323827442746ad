"""JSON Schemas for editors: of playbooks, inventories and client files, made from the steps' models and the names that
are known. A template may stand where a value may, so they are wider than the linter.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ndrfix.client.loading import KEYS as CLIENT_KEYS
from ndrfix.inventory.names import KNOWN_NAMES
from ndrfix.playbook.keywords import STEP_ALIASES
from ndrfix.steps import STEPS
from ndrfix.steps.base import AnyStep

Schema = dict[str, Any]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEMPLATE: Schema = {"type": "string", "pattern": r"\{[{%]"}
_TEXT: Schema = {"type": "string", "minLength": 1}
_NAMES: Schema = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_FLAG: Schema = {"type": "boolean"}
_VARIABLES: Schema = {"type": ["object", "null"], "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}}
_CONDITION: Schema = {"type": ["string", "boolean"]}
_WHEN: Schema = {"anyOf": [_CONDITION, {"type": "array", "items": _CONDITION}]}
_BATCH: Schema = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": r"^\s*[0-9]+\s*%?\s*$"}]}

_TASK: dict[str, Schema] = {
    "name": _TEXT | {"description": "What is true after the task; people read it in plan and report."},
    "when": _WHEN | {"description": "The task is done only where this holds; written without braces."},
    "register": {"type": "string", "description": "The name under which later tasks find the result."},
    "notify": _NAMES | {"description": "Handlers that run once at the end, if the task changed something."},
    "loop": {"anyOf": [{"type": "array"}, _TEMPLATE], "description": "One round for each item, as {{ item }}."},
    "tags": _NAMES | {"description": "Words for --tags and --skip-tags."},
    "vars": _VARIABLES,
    "ignore_errors": _FLAG | {"description": "Go on with the host when the task fails."},
    "no_log": _FLAG | {"description": "Show that the task was done, not with what."},
}
_PLAY: dict[str, Schema] = {
    "name": _TEXT,
    "hosts": _NAMES | {"description": "Hosts, groups and patterns, as in `exchange:!test`."},
    "gather_facts": {"const": False},
    "vars": _VARIABLES,
    "vars_files": _NAMES,
    "tags": _NAMES,
    "serial": {"anyOf": [_BATCH, {"type": "array", "items": _BATCH}]},
    "max_fail_percentage": {"type": "number", "minimum": 0, "maximum": 100},
    "ignore_errors": _FLAG,
    "no_log": _FLAG,
    "tasks": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/task"}},
    "handlers": {"type": ["array", "null"], "items": {"$ref": "#/$defs/task"}},
}


def playbook_schema() -> Schema:
    """The schema of a playbook, with every step and argument."""
    definitions: dict[str, Schema] = {}
    steps = {step.name: _step(step, definitions) for step in STEPS}
    steps |= {alias: steps[name] for alias, name in STEP_ALIASES.items()}
    task = _closed(_TASK | steps)
    task["oneOf"] = [{"required": [name]} for name in steps]
    play = _closed(_PLAY, required=["hosts", "tasks"])
    return {
        "$schema": _DIALECT,
        "title": "ndrfix playbook",
        "type": "array",
        "minItems": 1,
        "items": {"$ref": "#/$defs/play"},
        "$defs": {"play": play, "task": task, **definitions},
    }


def _closed(properties: Mapping[str, Schema], *, required: list[str] | None = None) -> Schema:
    made: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return made | ({"required": required} if required else {})


def _step(step: AnyStep, definitions: dict[str, Schema]) -> Schema:
    """A step's arguments under all their names; what the model defines on the side goes to `definitions`."""
    model = step.args.model_json_schema(by_alias=False, ref_template="#/$defs/{model}")
    definitions |= model.get("$defs", {})
    spellings = step.args.spellings()
    properties: dict[str, Schema] = {}
    for name, field in model["properties"].items():
        shown = {"description": field["description"]} if "description" in field else {}
        wide = {"anyOf": [_typed(field), _TEMPLATE]} | shown
        properties |= dict.fromkeys((name, *spellings[name]), wide)
    required = [
        {"anyOf": [{"required": [each]} for each in (name, *spellings[name])]} for name in model.get("required", ())
    ]
    made = _closed(properties) | {"description": step.summary}
    if required:
        return made | {"allOf": required}
    return {"anyOf": [made, {"type": "null"}], "description": step.summary}


def _typed(field: Schema) -> Schema:
    """A field's schema without what stands beside its type; where text is wanted some steps take a number for it."""
    made = {name: value for name, value in field.items() if name not in ("title", "description", "default")}
    return made | {"type": ["string", "number"]} if made.get("type") == "string" else made


def inventory_schema() -> Schema:
    """The schema of a YAML inventory: groups in groups, hosts, and variables of which the connection's are named."""
    named: dict[str, Schema] = {name: {} for name in sorted(KNOWN_NAMES)}
    variables: Schema = {
        "type": ["object", "null"],
        "properties": named,
        "propertyNames": {"anyOf": [{"enum": sorted(KNOWN_NAMES)}, {"not": {"pattern": "^(ansible_psrp_|ndrfix_)"}}]},
    }
    hosts: Schema = {"type": ["object", "null"], "additionalProperties": {"$ref": "#/$defs/variables"}}
    children: Schema = {"type": ["object", "null"], "additionalProperties": {"$ref": "#/$defs/group"}}
    group = {
        "type": ["object", "null"],
        "properties": {"hosts": hosts, "vars": {"$ref": "#/$defs/variables"}, "children": children},
        "additionalProperties": False,
    }
    return {
        "$schema": _DIALECT,
        "title": "ndrfix inventory",
        "type": "object",
        "additionalProperties": {"$ref": "#/$defs/group"},
        "$defs": {"group": group, "variables": variables},
    }


def client_schema() -> Schema:
    """The schema of `client.yml`."""
    days = {"enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}
    span = _closed({"days": {"anyOf": [days, {"type": "array"}, _TEXT]}, "from": _TEXT, "until": _TEXT})
    known: dict[str, Schema] = {
        "name": _TEXT | {"description": "Who is worked for; stands on every screen and in every file of a run."},
        "formerly": _NAMES
        | {"description": "Names that the client had before; runs under them are the client's, too."},
        "contact": _TEXT | {"description": "Whom to call."},
        "vault_id": _NAMES | {"description": "The labels of the client's vault passwords."},
        "report": _closed({"logo": _TEXT, "colour": _TEXT, "footer": _TEXT}),
        "time_zone": _TEXT,
        "change_window": {"anyOf": [span, {"type": "array", "items": span}]},
    }
    return {
        "$schema": _DIALECT,
        "title": "ndrfix client",
        **_closed({name: known[name] for name in CLIENT_KEYS}, required=["name"]),
    }


SCHEMAS = {
    "ndrfix.playbook.schema.json": playbook_schema,
    "ndrfix.inventory.schema.json": inventory_schema,
    "ndrfix.client.schema.json": client_schema,
}


def schema_text(name: str) -> str:
    """The text of a schema's file."""
    return json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False, sort_keys=False) + "\n"


def write(folder: Path) -> None:
    """Write every schema to a folder."""
    for name in SCHEMAS:
        (folder / name).write_text(schema_text(name), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write(Path("docs/schemas"))
