"""`--list-hosts`, `--list-tasks`, `--list-tags`, in the format of `ansible-playbook`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ndrfix.cli.job import PlaybookJob
from ndrfix.cli.scope import tell
from ndrfix.cli.terminal import say
from ndrfix.engine.planning import tasks_of
from ndrfix.engine.preparation import hosts_of
from ndrfix.playbook import Play, selected


def show_listings(job: PlaybookJob) -> int:
    """Print the listings that the request asks for, and give the exit code. No host is reached."""
    request = job.request
    parts = ((request.list_hosts, _hosts), (request.list_tasks, _tasks), (request.list_tags, _tags))
    pages = ["\n".join(_plays(job, part)) for asked, part in parts if asked]
    tell(job.home.client)
    for page in pages:
        say(page)
    return 0


def _plays(job: PlaybookJob, part: Callable[[PlaybookJob, Play], Iterator[str]]) -> Iterator[str]:
    yield from ("", f"playbook: {job.path}")
    for number, play in enumerate(job.playbook.plays, start=1):
        yield from ("", f"  play #{number} ({play.hosts}): {play.name}\tTAGS: [{', '.join(sorted(play.tags))}]")
        yield from part(job, play)


def _hosts(job: PlaybookJob, play: Play) -> Iterator[str]:
    hosts = hosts_of(play, job.inventory, job.request.limit)
    yield f"    pattern: [{play.hosts!r}]"
    yield f"    hosts ({len(hosts)}):"
    yield from (f"      {host.name}" for host in hosts)


def _tasks(job: PlaybookJob, play: Play) -> Iterator[str]:
    yield "    tasks:"
    for each in tasks_of(play, lambda tags: selected((), tags, job.request.tags, job.request.skip_tags)):
        yield f"      {each.task.name}\tTAGS: [{', '.join(sorted(each.task.tags | play.tags))}]"


def _tags(job: PlaybookJob, play: Play) -> Iterator[str]:
    del job
    yield f"      TASK TAGS: [{', '.join(sorted(play.tags.union(*(task.tags for task in play.tasks))))}]"
