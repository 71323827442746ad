"""The text of `docs/configuration.md`, made from the table of settings."""

from __future__ import annotations

from pathlib import Path

from ndrfix.config.settings import OF_TESTS, OTHER_VARIABLES, SETTINGS, Kind, Setting

_HEAD = """# Configuration

Settings that would be typed again and again can stand in `ndrfix.cfg` or in the environment. This page is made from the
table of settings (`python -m ndrfix.config.page`); do not edit it by hand.

The strongest wins: the command line, then the environment, then `ndrfix.cfg`, then the default. `ndrfix config` shows
every setting, its value, and where that comes from; `--only-changed` leaves the defaults out, `--json` is for programs.

```ini
[defaults]
inventory = inventory.yml
forks = 5
# remote_user = ACME\\consultant
```

## The file

The first of these is read, and no other:

1. what `NDRFIX_CONFIG` names: a file, or a folder with `ndrfix.cfg`. It must exist; the null device means no file;
2. `ndrfix.cfg` in the current folder, unless everybody may write to that folder: then it is left out with a warning;
3. `.ndrfix.cfg` in the home folder.

It has one section, `[defaults]`, and a setting a line. A line that begins with `#` or `;` is a comment, and so is what
follows ` ;` after a value. Quotes around the whole of a value are taken away. Paths begin beside the file, `~` is the
home folder. No value may be a password. An unknown section or setting, a setting given twice, and a value that does not
fit are errors with their place.

The names are those of `ansible.cfg` where it has the setting. `ansible.cfg` itself is read for
[vault passwords](credentials.md#ansible-vault) only, where neither `NDRFIX_` variables nor `ndrfix.cfg` set them.

## Settings

"""

_VARIABLES = """
A variable that begins with `NDRFIX_` and is not known is an error, for it could be a setting mistyped; an empty one
counts as not set. Paths begin in the current folder. Lists have commas between their parts. A flag that is set here
cannot be taken back on the command line, but by its variable: `NDRFIX_ASK_PASS=no`.

What the [inventory](inventory.md) says about a host wins over `timeout` and `remote_user`. There is no setting for
`--yes`, `--until`, `--outside-window`, `--limit`, `--extra-vars` and tags: they belong to one run.

## Other variables

"""


def configuration_page() -> str:
    """The whole page as Markdown, with one final newline."""
    settings = ["| setting | variable | flag | value | default | meaning |", "|---|---|---|---|---|---|"]
    settings += [_row(each) for each in SETTINGS]
    others = ["| variable | meaning |", "|---|---|"]
    others += [f"| `{name}` | {meaning} |" for name, meaning in OTHER_VARIABLES.items()]
    others.append("| `NO_COLOR`, `ANSIBLE_NOCOLOR` | as `nocolor`, whatever that says |")
    others.append("| `ANSIBLE_FORCE_COLOR` | as `force_color` |")
    others.append(f"| {', '.join(f'`{name}`' for name in sorted(OF_TESTS))} | for the tests of ndrfix itself |")
    return _HEAD + "\n".join(settings) + "\n" + _VARIABLES + "\n".join(others) + "\n"


def _row(setting: Setting) -> str:
    flags = ", ".join(f"`{flag}`" for flag in setting.flags)
    kind = f"{setting.least} to {setting.most}" if setting.kind in (Kind.WHOLE, Kind.COUNT) else setting.kind.value
    default = {True: "yes", False: "no"}.get(setting.default) if isinstance(setting.default, bool) else setting.default
    shown = f"`{default}`" if default not in (None, ()) else ""
    return f"| `{setting.name}` | `{setting.variable}` | {flags} | {kind} | {shown} | {setting.meaning} |"


def write(path: Path) -> None:
    """Write the page to a file."""
    path.write_text(configuration_page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write(Path("docs/configuration.md"))
