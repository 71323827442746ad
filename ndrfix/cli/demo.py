"""`ndrfix demo`: the reverse-NDR remediation on simulated hosts, over WinRM on this computer or in memory."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import click

from ndrfix.cli.request import Request
from ndrfix.cli.terminal import say
from ndrfix.cli.verb import Verb
from ndrfix.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where the demo plays: the inventory, which of its hosts take part (None: all), what is said before and after."""

    inventory: Path
    limit: str | None = None
    before: str = ""
    after: str = ""


@click.command(name="demo", cls=Verb)
@click.option("--apply", "with_apply", is_flag=True, help="Also apply the plan and show the result.")
@click.option("--in-memory", is_flag=True, help="Without WinRM: seven hosts in memory, nothing listens.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the demo's files go (default: a new temporary folder).",
)
@click.option("-v", "--verbose", count=True, help="Show the evidence of checks.")
def command(with_apply: bool, in_memory: bool, folder: Path | None, verbose: int) -> int:
    """Plan the reverse-NDR remediation on simulated hosts of different health; with --apply carry it out too.

    The hosts speak WinRM on 127.0.0.1 while the command runs, and one is reached through a management host. That needs
    the extra 'demo' (pip install 'ndrfix[demo]'); without it, and with --in-memory, seven hosts are in memory.

    Nothing outside the demo's folder is touched. The exit code is 0 when the demo ran as it should, although some of
    its hosts fail on purpose.
    """
    place = _laid_out(folder)
    wire = not in_memory and find_spec("psrpcore") is not None
    with _on_the_wire(place) if wire else _in_memory(place, asked=in_memory) as scene:
        _play(scene, with_apply=with_apply, verbose=verbose)
    return 0


def _play(scene: Scene, *, with_apply: bool, verbose: int) -> None:
    from ndrfix.cli import job
    from ndrfix.report import Commands

    request = Request(playbook="reverse-ndr", inventories=(str(scene.inventory),), limit=scene.limit, verbose=verbose)
    limited = f" -l {scene.limit}" if scene.limit else ""
    line = f"reverse-ndr -i {shlex.quote(str(scene.inventory))}{limited}"
    work = job.PlaybookJob(request)
    if scene.before:
        say(scene.before)
    say(f"$ ndrfix plan {line}")
    plan, shown = work.plan()
    work.show(shown)
    if with_apply:
        say(f"\n$ ndrfix apply {line} --yes")
        result = work.apply(plan)
        commands = Commands(resume=work.resume_command(result.context.run_id))
        work.finish(result, show=True, commands=commands)
    say(f"\n{scene.after}")


@contextmanager
def _in_memory(place: Path, *, asked: bool) -> Iterator[Scene]:
    """The hosts as ndrfix simulates them, without anything that listens."""
    without = "psrpcore is not installed, so the hosts are in memory; over WinRM: pip install 'ndrfix[demo]'\n"
    yield Scene(
        inventory=place / "inventory.yml",
        before="" if asked else without,
        after=f"The demo's inventory and hosts are in {place}; `ndrfix demo --help` says more.",
    )


@contextmanager
def _on_the_wire(place: Path) -> Iterator[Scene]:
    """The hosts behind an endpoint of this process, which ends with the block."""
    from ndrfix.cli.demo_wire import LIMIT, serving

    inventory, lasting = place / "wire.yml", place / "inventory.yml"
    with serving(place / "hosts.yml", inventory):
        yield Scene(
            inventory=inventory,
            limit=LIMIT,
            before="The hosts speak WinRM on 127.0.0.1 until this command ends: NTLM, messages encrypted.\n",
            after=f"The demo's files are in {place}. The hosts of wire.yml lived only as long as this command;\n"
            f"in memory seven of them are always there: ndrfix plan reverse-ndr -i {shlex.quote(str(lasting))}",
        )


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
