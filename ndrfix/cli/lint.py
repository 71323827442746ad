"""`ndrfix lint`: what is wrong with playbooks and inventories, before any host is reached."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ndrfix.cli.terminal import MASKER, say, say_aside, say_masked, wants_colour
from ndrfix.cli.verb import Verb
from ndrfix.errors import NdrfixError, OutputError, UsageError
from ndrfix.owner import Owners

if TYPE_CHECKING:
    from ndrfix.inventory import Inventory
    from ndrfix.lint.formats import Printing
    from ndrfix.lint.linting import Linted
    from ndrfix.lint.recorded import Recorded
    from ndrfix.lint.settings import LintSettings

_FORMATS = ("text", "json", "sarif", "github", "codeclimate", "junit", "pep8")
_CLEAN, _FOUND, _NOT_RUN = 0, 1, 2
_WORKS = {"--fix": "fix", "--diff": "diff", "--write-baseline": "write_baseline"}  # of which one can be asked for


@click.command(name="lint", cls=Verb)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("-f", "--format", "form", type=click.Choice(_FORMATS), default="text", help="How findings are written.")
@click.option("-o", "--output-file", metavar="FILE", help="Write them to FILE instead of the screen.")
@click.option(
    "--profile", type=click.Choice(("basic", "safety", "production")), help="Which rules; default production."
)
@click.option(
    "--fail-on",
    type=click.Choice(("note", "warning", "error")),
    help="From which severity the exit code is 1; warning.",
)
@click.option("--ignore", multiple=True, metavar="RULE", help="Leave a rule out; repeatable.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave files out, as in .gitignore; repeatable.")
@click.option("-i", "--inventory", "inventories", multiple=True, metavar="FILE", help="Where variables come from.")
@click.option("--hosts", metavar="FILE", help="Plan on the simulated hosts of FILE too; needs an inventory.")
@click.option("--baseline", metavar="FILE", help="Only findings that are not in FILE count.")
@click.option("--write-baseline", metavar="FILE", help="Write what is found to FILE and end with 0.")
@click.option("--fix", is_flag=True, help="Make the safe fixes; all else in the file stays as it is.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
def command(paths: tuple[str, ...], **options: object) -> int:
    """Check playbooks, inventories and variables files; PATHs are files or folders, by default this one.

    Exit codes: 0 clean; 1 findings at or above --fail-on; 2 the check could not be made.
    """
    from ndrfix.lint.linting import RuleCrashError

    _refuse_mixed(options)
    try:
        return _lint(paths or (".",), options)
    except RuleCrashError as error:
        say_aside(f"error: a bug in ndrfix: {error}: {type(error.__cause__).__name__}: {error.__cause__}")
        say_aside(f"  Please report it. --ignore '{error.rule}' leaves the rule out.")
        return _NOT_RUN
    except NdrfixError as error:
        from ndrfix.cli.terminal import show_error

        show_error(error)
        return _NOT_RUN


def _refuse_mixed(options: Mapping[str, object]) -> None:
    """Each of these does one thing: what another flag asks for would be left out without a word."""
    works = [flag for flag, name in _WORKS.items() if options[name]]
    if len(works) > 1:
        raise UsageError(
            f"{works[0]} and {works[1]} do not go together",
            next_step="--fix changes, --diff shows what --fix would change, --write-baseline notes what there is.",
        )
    silent = next((flag for flag in works if flag != "--fix"), None)
    listing = "--output-file" if options["output_file"] else "--format" if options["form"] != "text" else None
    if silent and listing:
        raise UsageError(
            f"{silent} and {listing} do not go together", next_step=f"{silent} lists no findings: leave one out."
        )


def _lint(paths: tuple[str, ...], options: dict[str, object]) -> int:
    settings = _settings(options)
    hosts = str(options["hosts"] or "")
    result = _run(paths, settings, hosts)
    _tell_clients([Path(name) for name, _ in result.files])
    if options["write_baseline"]:
        _write_baseline(Path(str(options["write_baseline"])), result)
        return _CLEAN
    if options["diff"]:
        _show_fixes(result)
        return _CLEAN
    if options["fix"]:
        _fix(result)
        result = _run(paths, settings, hosts)
    if settings.baseline:
        result = _without_known(Path(settings.baseline), result)
    _print(result, settings, options)
    worst = result.worst()
    return _FOUND if worst is not None and worst >= settings.fail_on else _CLEAN


def _tell_clients(files: Sequence[Path]) -> None:
    owners = Owners()
    if any(owners(file) for file in files):
        from ndrfix.cli.scope import tell
        from ndrfix.client import clients_of

        tell(*clients_of(files, owners))


def _write_baseline(target: Path, result: Linted) -> None:
    from ndrfix.lint.baseline import write_baseline

    write_baseline(target, result.findings, MASKER)
    say_aside(f"{_counted(len(result.findings), 'finding')} written to {target}")


def _without_known(baseline: Path, result: Linted) -> Linted:
    from ndrfix.lint.baseline import read_baseline

    new, known = read_baseline(baseline).split(result.findings)
    say_aside(f"{_counted(len(known), 'finding')} in the baseline {baseline}")
    return replace(result, findings=new)


def _show_fixes(result: Linted) -> None:
    from ndrfix.lint.fixing import fixes

    for each in fixes(result.findings):
        say(each.diff.rstrip("\n"))


def _fix(result: Linted) -> None:
    from ndrfix.lint.fixing import fixes, write

    made = fixes(result.findings)
    for each in made:
        write(each)
    count = sum(len(each.fixed) for each in made)
    say_aside(f"{_counted(count, 'finding')} fixed in {_counted(len(made), 'file')}")


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _settings(options: dict[str, object]) -> LintSettings:
    from ndrfix.lint.model import Profile, Severity
    from ndrfix.lint.settings import known_rule, load_settings

    settings = load_settings(Path.cwd())
    for rule in _texts(options["ignore"]):
        known_rule(rule)
    changes: dict[str, object] = {
        "ignore": (*settings.ignore, *_texts(options["ignore"])),
        "exclude": (*settings.exclude, *_texts(options["exclude"])),
        "inventory": _texts(options["inventories"]) or settings.inventory,
        "baseline": options["baseline"] or settings.baseline,
    }
    if options["profile"]:
        changes["profile"] = Profile[str(options["profile"]).upper()]
    if options["fail_on"]:
        changes["fail_on"] = Severity[str(options["fail_on"]).upper()]
    return replace(settings, **changes)  # type: ignore[arg-type] # the names are those of the fields


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, tuple) else ()


def _inventory(settings: LintSettings) -> Inventory | None:
    """The inventory that is given, its passwords masked from here on."""
    if not settings.inventory:
        return None
    from ndrfix.inventory import load_inventory

    inventory = load_inventory(settings.inventory)
    for secret in inventory.secrets():
        MASKER.add(secret)
    return inventory


def _recorded(inventory: Inventory | None, hosts: str) -> Recorded:
    """The hosts of the inventory as they are recorded.

    Raises:
        UsageError: there is no inventory.
        InputError: the file of hosts is faulty.
    """
    from ndrfix.connections.simulated import Simulation
    from ndrfix.lint.recorded import Recorded

    if inventory is None:
        raise UsageError("--hosts needs an inventory", next_step="Give it with -i, or in .ndrfix-lint.yml.")
    Simulation.load(Path(hosts))
    return Recorded(inventory=inventory, hosts=Path(hosts))


def _run(paths: tuple[str, ...], settings: LintSettings, hosts: str) -> Linted:
    from ndrfix.lint.files import find
    from ndrfix.lint.linting import asked_for, lint_files

    found = find([Path(path) for path in paths], exclude=settings.exclude, here=Path.cwd())
    inventory = _inventory(settings)
    variables = frozenset(name for host in inventory.hosts for name in host.variables) if inventory else None
    rules = asked_for(settings.profile, settings.ignore)
    recorded = _recorded(inventory, hosts) if hosts else None
    result = lint_files(found.files, rules, variables=variables, named=found.named, recorded=recorded)
    for secret in result.secrets:
        MASKER.add(secret)
    return result


def _print(result: Linted, settings: LintSettings, options: dict[str, object]) -> None:
    from ndrfix.lint.formats import Printing, written
    from ndrfix.lint.linting import asked_for

    target = options["output_file"]
    rules = asked_for(settings.profile, settings.ignore)
    colour = target is None and wants_colour(sys.stdout)
    printing = Printing(linted=result, rules=rules, when=datetime.now(UTC), mask=MASKER, colour=colour)
    text = written(str(options["form"]), printing)
    if target is None:
        say_masked(text)
        return
    try:
        Path(str(target)).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error.strerror or error}") from error
    _tell(printing)


def _tell(printing: Printing) -> None:
    from ndrfix.lint.formats.text import closing

    say_aside(closing(printing))
