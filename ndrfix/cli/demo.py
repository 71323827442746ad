"""`ndrfix demo`: the reverse-NDR remediation on simulated hosts, nothing but Python needed."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import click

from ndrfix.cli.terminal import say
from ndrfix.cli.verb import Verb
from ndrfix.errors import InputError


@click.command(name="demo", cls=Verb)
@click.option("--apply", "with_apply", is_flag=True, help="Also apply the plan and show the result.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the demo's files go (default: a new temporary folder).",
)
@click.option("-v", "--verbose", count=True, help="Show the evidence of checks.")
def command(with_apply: bool, folder: Path | None, verbose: int) -> int:
    """Plan the reverse-NDR remediation on seven simulated hosts of different health; with --apply carry it out too.

    Nothing outside the demo's folder is touched. The exit code is 0 when the demo ran as it should, although some of
    its hosts fail on purpose.
    """
    from ndrfix.cli import job

    place = _laid_out(folder)
    request = job.Request(playbook="reverse-ndr", inventories=(str(place / "inventory.yml"),), verbose=verbose)
    work = job.PlaybookJob(request)
    say(f"$ ndrfix plan reverse-ndr -i {place / 'inventory.yml'}")
    plan, shown = work.plan()
    work.show(shown)
    if with_apply:
        say(f"\n$ ndrfix apply reverse-ndr -i {place / 'inventory.yml'} --yes")
        work.finish(work.apply(plan), show=True)
    say(f"\nThe demo's inventory and hosts are in {place}; `ndrfix demo --help` says more.")
    return 0


def _laid_out(folder: Path | None) -> Path:
    """The demo's files, copied to where the user may look at them and change them."""
    from ndrfix.shipped import demo_folder

    place = folder or Path(tempfile.mkdtemp(prefix="ndrfix-demo-"))
    try:
        place.mkdir(parents=True, exist_ok=True)
        for source in sorted(demo_folder().glob("*.yml")):
            if not (place / source.name).exists():
                shutil.copyfile(source, place / source.name)
    except OSError as error:
        raise InputError(f"cannot write the demo's files to {place}: {error.strerror}") from error
    return place
