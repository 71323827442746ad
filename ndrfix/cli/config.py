"""`ndrfix config`: which settings hold, and where they come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ndrfix.cli.terminal import say, say_aside
from ndrfix.cli.verb import Verb
from ndrfix.config import FILE, Plain, Value


@click.command(name="config", cls=Verb)
@click.option("--only-changed", is_flag=True, help="Only what is not the default.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(only_changed: bool, as_json: bool) -> int:
    """Show every setting with its value and where that comes from: a line of ndrfix.cfg, a variable, or the default.

    The form is that of ansible-config dump. The command line wins over all of them.
    """
    from ndrfix.cli.configured import here
    from ndrfix.cli.scope import enter_files, tell

    home = enter_files([Path()])
    found = here()
    values = [each for each in found.values.values() if each.changed or not only_changed]
    if as_json:
        file = str(found.file) if found.file else None
        document = {"file": file, "client": home.name, "settings": [_record(each) for each in values]}
        say(json.dumps(document, indent=4, ensure_ascii=False))
        return 0
    tell(home.client)
    say_aside(f"{found.file} is read" if found.file else f"no {FILE} is read")
    if values:
        say("\n".join(f"{each.setting.name}({each.origin}) = {_shown(each.value)}" for each in values))
    return 0


def _record(value: Value) -> dict[str, Any]:
    kind = "variable" if value.variable else "file" if value.place else "default"
    return {"name": value.setting.name, "value": value.value, "origin": kind, "from": value.origin}


def _shown(value: Plain) -> str:
    return json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value
