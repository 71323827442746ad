"""From an inventory and a playbook to work: which hosts, which tasks, with which variables and settings. No host is
reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ndrfix.engine.binding import Numbered, distinct, parts_of
from ndrfix.engine.history import HostHistory
from ndrfix.engine.pending import NO_DEBT, Owed
from ndrfix.engine.planning import HostPlanner, tasks_of
from ndrfix.engine.resume import resume_planners
from ndrfix.engine.run import PlayJob, batches
from ndrfix.engine.undo import undo_planners
from ndrfix.engine.via import with_management_hosts
from ndrfix.errors import InputError, InventoryError, did_you_mean
from ndrfix.inventory import (
    ConnectionSettings,
    Decrypt,
    Host,
    Inventory,
    Variable,
    connection_aliases,
    is_secret_name,
    secrets_in,
    select,
)
from ndrfix.place import Place
from ndrfix.playbook import NotKnownYetError, Play, Playbook, Scope, StepSchema, check_tags, selected
from ndrfix.resources import Quarantine
from ndrfix.secrets import Secret
from ndrfix.steps.base import AnyStep

_FETCHED = ("ndrfix_password_keyring", "ndrfix_password_command")
_TIMEOUT = "ansible_psrp_connection_timeout"
_CONNECTION_PREFIXES = ("ansible_psrp_", "ansible_winrm_", "ndrfix_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What the command line narrows a run to, and what it adds. `user`, `password` and `timeout` (seconds for a
    connection) stand in where a host has none; `decrypt` opens encrypted values.
    """

    limit: str | None = None
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    extra: Mapping[str, Variable]
    environment: Mapping[str, str]
    user: str | None = None
    password: Secret | None = None
    timeout: int | None = None
    decrypt: Decrypt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run that may begin: nothing in it is known to be wrong."""

    jobs: tuple[PlayJob, ...]
    settings: Mapping[str, ConnectionSettings]
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
        raise InventoryError(f"no host matches: {what} no host of {', '.join(inventory.files)} for any play")
    hosts = {host.name: host for _, found in chosen for host in found}
    scopes = {name: _scope(host, inventory, selection) for name, host in hosts.items()}
    settings = _all_settings(hosts, scopes, inventory, selection)
    jobs = tuple(
        _job(play, [(host, scopes[host.name], settings[host.name]) for host in found], steps, selection, owed)
        for play, found in chosen
    )
    if not any(_tasks(play, selection) for play, hosts in chosen if hosts):
        raise InputError("no task is selected by the tags", next_step="`--list-tasks` shows the tasks with their tags.")
    _check_extra(chosen, scopes, selection.extra)
    known = {secret for scope in _play_scopes(chosen, scopes) for secret in _secrets(scope)}
    known |= set(_of_settings(settings))
    return Prepared(jobs=jobs, settings=settings, secrets=(*inventory.secrets(), *known))


def prepare_undo(
    histories: Sequence[HostHistory],
    name: str,
    inventory: Inventory,
    steps: Mapping[str, AnyStep],
    selection: Selection,
    owed: Owed,
    removed: Mapping[str, Mapping[Quarantine, str]],
    left_out: Sequence[str] = (),
) -> Prepared:
    """The way back from a run, for the hosts that it changed and that the limit leaves; `removed` are the quarantines
    on each host that are gone by now.

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
        raise InventoryError("there is nothing to take back: the run changed none of these hosts")
    hosts = {each.host: hosts[each.host] for each in wanted}
    scopes = {name: _scope(host, inventory, selection) for name, host in hosts.items()}
    settings = _all_settings(hosts, scopes, inventory, selection)
    known = set(_of_settings(settings))
    known |= {secret for scope in scopes.values() for secret in _secrets(scope)}
    job = PlayJob(name=name, batches=(undo_planners(wanted, steps, owed, removed),), left_out=tuple(left_out))
    return Prepared(jobs=(job,), settings=settings, secrets=(*inventory.secrets(), *known))


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
    scopes = {name: _scope(host, inventory, selection) for name, host in hosts.items()}
    settings = _all_settings(hosts, scopes, inventory, selection)
    computers = {name: each.computer_name for name, each in settings.items() if each.computer_name}
    computers |= {each.host: each.computer for each in histories if run and each.computer}
    only = {each.host: each.quarantines for each in histories} if run else None
    returned = {each.host: each.returned for each in histories} if run else last
    planners = resume_planners(tuple(hosts), computers, known, only, returned)
    known_secrets = set(_of_settings(settings))
    known_secrets |= {secret for scope in scopes.values() for secret in _secrets(scope)}
    job = PlayJob(name=f"Finish {run or 'what broke off'}", batches=(planners,))
    return Prepared(jobs=(job,), settings=settings, secrets=(*inventory.secrets(), *known_secrets))


def _scope(host: Host, inventory: Inventory, selection: Selection) -> Scope:
    host.require_open()
    return Scope.for_host(
        host.name,
        variables=host.variables,
        group_names=[group for group in host.groups if group != "all"],
        groups=inventory.memberships(),
        extra=selection.extra,
        environment=selection.environment,
        decrypt=selection.decrypt,
    )


def _all_settings(
    hosts: Mapping[str, Host], scopes: Mapping[str, Scope], inventory: Inventory, selection: Selection
) -> dict[str, ConnectionSettings]:
    settings: dict[str, ConnectionSettings] = {}
    faults: list[InputError] = []
    for name, host in hosts.items():
        try:
            settings[name] = settings_of(host, scopes[name], selection)
        except InputError as error:
            faults.append(error)
    if faults:
        raise distinct(faults)
    return with_management_hosts(
        settings,
        inventory,
        place_of=lambda name, variable: _place(hosts[name], variable, selection),
        reach=lambda host: settings_of(host, _scope(host, inventory, selection), selection),
    )


def _place(host: Host, variable: str, selection: Selection) -> Place | None:
    """Where the value of a connection setting was written, under whichever of its names."""
    places = {name: each.place for name, each in {**host.variables, **selection.extra}.items()}
    return next((places[name] for name in reversed(connection_aliases(variable)) if name in places), host.place)


def settings_of(host: Host, scope: Scope, selection: Selection) -> ConnectionSettings:
    """How a host is reached, its templates evaluated.

    Raises:
        InputError: an unknown name, or a value that does not fit.
    """
    places = {name: variable.place for name, variable in {**host.variables, **selection.extra}.items()}
    names = [name for name in places if connection_aliases(name) or name.startswith(_CONNECTION_PREFIXES)]
    values = {name: scope.resolve(name, places[name]) for name in names}
    # `-u` and `-k` are for the host that is logged on to. Behind a management host that is not this one: a password is
    # never handed on to an old server unless the inventory says so.
    given = () if values.get("ndrfix_via") else (selection.user, selection.password)
    for default, value in zip(("ansible_user", "ansible_password"), given, strict=False):
        named = (*connection_aliases(default), *(_FETCHED if default == "ansible_password" else ()))
        if value is not None and not any(values.get(name) for name in named):
            values[default] = value
    if selection.timeout and not any(values.get(name) for name in connection_aliases(_TIMEOUT)):
        values[_TIMEOUT] = selection.timeout
    return ConnectionSettings.of(host.name, values, places)


def _tasks(play: Play, selection: Selection) -> tuple[Numbered, ...]:
    return tasks_of(play, lambda tags: selected((), tags, selection.tags, selection.skip_tags))


def _job(
    play: Play,
    hosts: Sequence[tuple[Host, Scope, ConnectionSettings]],
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
            scope=scope.for_play(play),
            steps=steps,
            computer_name=settings.computer_name or "",
            owed=owed.get(host.name, NO_DEBT),
        )
        for host, scope, settings in hosts
    ]
    _prepare_all(planners)
    chosen = {each.index for each in tasks}
    return PlayJob(
        name=play.name,
        batches=batches(planners, play),
        max_fail_percentage=play.max_fail_percentage,
        left_out=tuple(task.name for index, task in enumerate(play.tasks) if index not in chosen),
    )


def _prepare_all(planners: Sequence[HostPlanner]) -> None:
    faults: list[InputError] = []
    for planner in planners:
        try:
            planner.prepare()
        except InputError as error:
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
    asked |= {name for name in typed if connection_aliases(name) or name.startswith(_CONNECTION_PREFIXES)}
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


def _of_settings(settings: Mapping[str, ConnectionSettings]) -> Iterator[Secret]:
    """The secrets in settings: passwords, those of proxies too."""
    for each in settings.values():
        yield from secrets_in([each.password, each.proxy])
