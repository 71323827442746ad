"""From an inventory and a playbook to work: which hosts, which tasks, with which variables and settings. No host is
reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ndrfix.engine.access import CONNECTION_PREFIXES, Access
from ndrfix.engine.binding import Numbered, distinct, parts_of
from ndrfix.engine.history import HostHistory
from ndrfix.engine.pending import NO_DEBT, Owed
from ndrfix.engine.planning import HostPlanner, tasks_of
from ndrfix.engine.removal import Removal
from ndrfix.engine.resume import resume_planners
from ndrfix.engine.run import PlayJob, batches
from ndrfix.engine.selection import Selection
from ndrfix.engine.undo import undo_planners
from ndrfix.errors import InputError, InventoryError, did_you_mean
from ndrfix.inventory import (
    Host,
    Inventory,
    Variable,
    connection_aliases,
    secrets_in,
    select,
)
from ndrfix.playbook import NotKnownYetError, Play, Playbook, Scope, StepSchema, check_tags, selected
from ndrfix.resources import Quarantine
from ndrfix.secret_names import is_secret_name
from ndrfix.secrets import Secret
from ndrfix.steps.base import AnyStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run that may begin: nothing in it is known to be wrong but what concerns single hosts (`access.closed`)."""

    jobs: tuple[PlayJob, ...]
    access: Access
    secrets: tuple[Secret, ...]


def schemas(steps: Mapping[str, AnyStep]) -> dict[str, StepSchema]:
    """What the playbook loader must know of each step."""
    return {
        name: StepSchema(name=name, argument_names=frozenset(step.args.argument_names()))
        for name, step in steps.items()
    }


def hosts_of(play: Play, inventory: Inventory, limit: str | None) -> tuple[Host, ...]:
    """The hosts of a play, in inventory order; none when the limit leaves none.

    Raises:
        InputError: a part of the pattern or of the limit matches nothing.
    """
    return select(inventory, play.hosts, limit, place=play.hosts_place)


def prepare(
    playbook: Playbook, inventory: Inventory, steps: Mapping[str, AnyStep], selection: Selection, owed: Owed
) -> Prepared:
    """Everything bound that can be bound before a host is reached.

    Raises:
        InputError: a pattern, limit or tag that matches nothing; a host whose settings are wrong; a variable or
        argument
            that is wrong. Faults of all hosts are collected.
    """
    check_tags(playbook, selection.tags, selection.skip_tags)
    chosen = [(play, hosts_of(play, inventory, selection.limit)) for play in playbook.plays]
    if not any(hosts for _, hosts in chosen):
        what = f"the limit {selection.limit!r} leaves" if selection.limit else "the playbook's patterns give"
        raise InventoryError(
            f"no host matches: {what} no host of {', '.join(inventory.files)} for any play",
            next_step="`ndrfix inventory --graph` shows which hosts are in which group.",
        )
    hosts = {host.name: host for _, found in chosen for host in found}
    access = Access.of(hosts, inventory, selection)
    jobs = tuple(_job(play, found, access, steps, selection, owed) for play, found in chosen)
    if not any(_tasks(play, selection) for play, hosts in chosen if hosts):
        raise InputError("no task is selected by the tags", next_step="`--list-tasks` shows the tasks with their tags.")
    if not any(host.sealed for host in hosts.values()):  # nobody knows which names are in a file that is closed
        _check_extra(chosen, access.scopes, selection.extra)
    return _prepared(jobs, access, inventory, _play_scopes(chosen, access.scopes))


def prepare_undo(
    histories: Sequence[HostHistory],
    name: str,
    inventory: Inventory,
    steps: Mapping[str, AnyStep],
    selection: Selection,
    owed: Owed,
    removed: Mapping[str, Sequence[Removal]],
    left_out: Sequence[str] = (),
) -> Prepared:
    """The way back from a run, for the hosts that it changed and that the limit leaves; `removed` is what was
    removed of quarantines on each host.

    Raises:
        InputError: the run changed nothing there; a host of it is not in the inventory; settings that are wrong.
    """
    chosen = select(inventory, "all", selection.limit)
    hosts = {host.name: host for host in chosen}
    changed = [each for each in histories if not each.empty]
    missing = [each.host for each in changed if inventory.find(each.host) is None]
    if missing and selection.limit is None:
        raise InventoryError(
            f"the run changed {', '.join(missing)}, not in {', '.join(inventory.files)}",
            next_step="Give the inventory of that run, or name the hosts to take back with --limit.",
        )
    by_host = {each.host: each for each in changed}
    wanted = [by_host[name] for name in hosts if name in by_host]
    if not wanted:
        raise InventoryError(
            "there is nothing to take back: the run changed none of these hosts",
            next_step=f"It changed {', '.join(by_host) or 'no host'}.",
        )
    hosts = {each.host: hosts[each.host] for each in wanted}
    access = Access.of(hosts, inventory, selection)
    job = PlayJob(name=name, batches=(undo_planners(wanted, steps, owed, removed),), left_out=tuple(left_out))
    return _prepared((job,), access, inventory, access.scopes.values())


def prepare_resume(
    histories: Sequence[HostHistory],
    known: Mapping[str, Sequence[Quarantine]],
    last: Mapping[str, Sequence[Quarantine]],
    run: str,
    inventory: Inventory,
    selection: Selection,
) -> Prepared:
    """The finishing of what broke off in the message queues: in the quarantines that the run worked on of which
    `histories` tell, be they its own or those of an earlier run, or in any that is `known` from journals when `run` is
    empty; on the hosts that the limit leaves. Messages of the quarantines `last` were being put back last.

    Raises:
        InputError: the run did not work on the queue of any of these hosts; settings that are wrong.
    """
    hosts = {host.name: host for host in select(inventory, "all", selection.limit)}
    if run:
        worked_on = {each.host for each in histories if each.quarantines}
        hosts = {name: host for name, host in hosts.items() if name in worked_on}
    if not hosts:
        what = f"run {run} did not work on the queue of any of these hosts" if run else "no host matches"
        raise InventoryError(what, next_step="Name other hosts, or leave the run out: then every host is looked at.")
    access = Access.of(hosts, inventory, selection)
    computers = {name: each.computer_name for name, each in access.settings.items() if each.computer_name}
    computers |= {each.host: each.computer for each in histories if run and each.computer}
    only = {each.host: each.quarantines for each in histories} if run else None
    returned = {each.host: each.returned for each in histories} if run else last
    planners = resume_planners(tuple(hosts), computers, known, only, returned)
    job = PlayJob(name=f"Finish {run or 'what broke off'}", batches=(planners,))
    return _prepared((job,), access, inventory, access.scopes.values())


def _prepared(jobs: tuple[PlayJob, ...], access: Access, inventory: Inventory, scopes: Iterable[Scope]) -> Prepared:
    known = {secret for scope in scopes for secret in _secrets(scope)}
    return Prepared(jobs=jobs, access=access, secrets=(*inventory.secrets(), *{*known, *access.secrets()}))


def _tasks(play: Play, selection: Selection) -> tuple[Numbered, ...]:
    return tasks_of(play, lambda tags: selected((), tags, selection.tags, selection.skip_tags))


def _job(
    play: Play,
    hosts: Sequence[Host],
    access: Access,
    steps: Mapping[str, AnyStep],
    selection: Selection,
    owed: Owed,
) -> PlayJob:
    tasks = _tasks(play, selection)
    planners = [
        HostPlanner(
            name=host.name,
            play=play,
            tasks=tasks,
            scope=access.scopes[host.name].for_play(play),
            steps=steps,
            computer_name=access.computer_name(host.name),
            owed=owed.get(host.name, NO_DEBT),
        )
        for host in hosts
    ]
    _prepare_all(planners, access)
    chosen = {each.index for each in tasks}
    return PlayJob(
        name=play.name,
        batches=batches(planners, play),
        max_fail_percentage=play.max_fail_percentage,
        left_out=tuple(task.name for index, task in enumerate(play.tasks) if index not in chosen),
    )


def _prepare_all(planners: Sequence[HostPlanner], access: Access) -> None:
    """Bind what can be bound; what does not open closes its host."""
    faults: list[InputError] = []
    for planner in planners:
        if planner.name in access.closed:
            continue
        try:
            planner.prepare()
        except InputError as error:
            if error.of_host:
                access.closed[planner.name] = error
            else:
                faults.append(error)
    if faults:
        raise distinct(faults)


def _check_extra(
    chosen: Sequence[tuple[Play, tuple[Host, ...]]], scopes: Mapping[str, Scope], extra: Mapping[str, Variable]
) -> None:
    """Make sure that every variable that was typed after -e is one that something asks for; files may hold more.

    Raises:
        InputError: a name that nothing uses.
    """
    typed = {name: variable for name, variable in extra.items() if variable.place.file == "-e"}
    if not typed:
        return
    asked = {name for scope in scopes.values() for name in scope.names() if name not in extra}
    for play, hosts in chosen:
        parts = [part for task in (*play.tasks, *play.handlers) for part in parts_of(task)]
        for scope in (scopes[host.name].for_play(play) for host in hosts):
            asked |= {name for part in parts for name in scope.names_needed(part)}
    asked |= {name for name in typed if connection_aliases(name) or name.startswith(CONNECTION_PREFIXES)}
    for name, variable in typed.items():
        if name not in asked:
            raise InputError(
                f"nothing uses the extra variable {name!r}{did_you_mean(name, asked)}",
                place=variable.place,
                next_step="Correct the name, or leave it out.",
            )


def _play_scopes(chosen: Sequence[tuple[Play, tuple[Host, ...]]], scopes: Mapping[str, Scope]) -> Iterator[Scope]:
    """Every host's scope in every play, so that the variables of plays are seen too."""
    return (scopes[host.name].for_play(play) for play, hosts in chosen for host in hosts)


def _secrets(scope: Scope) -> Iterator[Secret]:
    """The secrets among a host's variables that are known before the run, for the mask over all output. Nothing is
    decrypted for that: the vault tells the mask of what it opens.
    """
    scope = replace(scope, decrypt=None)
    for name in scope.names():
        if not is_secret_name(name):
            continue
        try:
            value = scope.resolve(name)
        except (InputError, NotKnownYetError):
            continue
        yield from secrets_in(value)
        if isinstance(value, str) and value:
            yield Secret(value)
