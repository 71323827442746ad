"""How the hosts of a run are reached, and which of them are not, because something encrypted does not open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ndrfix.engine.binding import distinct
from ndrfix.engine.selection import Selection
from ndrfix.engine.via import with_management_hosts
from ndrfix.errors import InputError
from ndrfix.inventory import ConnectionSettings, Host, Inventory, Variable, connection_aliases, secrets_in
from ndrfix.inventory.names import WINRM_ONLY, is_plain, wrong_name
from ndrfix.place import Place
from ndrfix.playbook import Scope
from ndrfix.secrets import Secret

_FETCHED = ("ndrfix_password_keyring", "ndrfix_password_command")
_TIMEOUT = "ansible_psrp_connection_timeout"
CONNECTION_PREFIXES = ("ansible_psrp_", "ansible_winrm_", "ndrfix_")


@dataclass(slots=True, kw_only=True)
class Access:
    """The scopes of a run's hosts and their connection settings, those of management hosts too.

    `closed` tells of each host that cannot be worked on which encrypted value or file it needs. Such a host has no
    settings, or some that are not to be used; what is known of its variables is in its scope.
    """

    scopes: Mapping[str, Scope]
    settings: Mapping[str, ConnectionSettings]
    closed: dict[str, InputError] = field(default_factory=dict)

    @classmethod
    def of(cls, hosts: Mapping[str, Host], inventory: Inventory, selection: Selection) -> Access:
        """The access to the hosts by name.

        Raises:
            InputError: settings that are wrong, or a management host that cannot be one. Faults of all hosts are
                collected.
        """
        scopes = {name: _scope(host, inventory, selection) for name, host in hosts.items()}
        settings: dict[str, ConnectionSettings] = {}
        closed: dict[str, InputError] = {}
        faults: list[InputError] = []

        def reach(host: Host) -> ConnectionSettings:
            host.require_open()
            scope = scopes[host.name] if host.name in scopes else _scope(host, inventory, selection)
            return settings_of(host, scope, selection)

        for name, host in hosts.items():
            try:
                settings[name] = reach(host)
            except InputError as error:
                if error.of_host:
                    closed[name] = error
                else:
                    faults.append(error)
        if faults:
            raise distinct(faults)
        found, behind = with_management_hosts(
            settings, inventory, lambda name, variable: _place(hosts[name], variable, selection), reach
        )
        return cls(scopes=scopes, settings=found, closed=closed | behind)

    def computer_name(self, host: str) -> str:
        """The computer that must answer as the host; empty when any may, or when that is not known."""
        return (host in self.settings and self.settings[host].computer_name) or ""

    def require_one(self) -> None:
        """Make sure that there is a host to work on.

        Raises:
            InputError: every one is closed.
        """
        if self.closed.keys() >= self.scopes.keys():
            raise distinct(tuple(self.closed.values()))

    def secrets(self) -> Iterator[Secret]:
        """The secrets in the settings: passwords, those of proxies too."""
        for each in self.settings.values():
            yield from secrets_in([each.password, each.proxy])


def _scope(host: Host, inventory: Inventory, selection: Selection) -> Scope:
    return Scope.for_host(
        host.name,
        variables=host.variables,
        group_names=[group for group in host.groups if group != "all"],
        groups=inventory.memberships(),
        extra=selection.extra,
        environment=selection.environment,
        decrypt=selection.decrypt,
    )


def _place(host: Host, variable: str, selection: Selection) -> Place | None:
    """Where the value of a connection setting was written, under whichever of its names."""
    places = {name: each.place for name, each in {**host.variables, **selection.extra}.items()}
    return next((places[name] for name in reversed(connection_aliases(variable)) if name in places), host.place)


def _values(scope: Scope, variables: Mapping[str, Variable]) -> dict[str, Any]:
    """The values of connection variables. Of the names of a setting that count only the strongest that is not empty is
    resolved, since another one may be encrypted, and is not needed. What has a wrong name is there as it is written.
    """
    winrm = "ansible_connection" in variables and scope.resolve("ansible_connection") == "winrm"
    values = {
        name: variable.value
        for name, variable in variables.items()
        if wrong_name(name, plain=is_plain(variable.value), winrm=winrm)
    }
    names = [name for name in variables if connection_aliases(name) and (winrm or name not in WINRM_ONLY)]
    for name in sorted(names, key=lambda each: len(_stronger(each))):
        if not any(values.get(each) for each in _stronger(name)):
            values[name] = scope.resolve(name, variables[name].place)
    return values


def _stronger(name: str) -> tuple[str, ...]:
    """The names that win over this one."""
    aliases = connection_aliases(name)
    return aliases[aliases.index(name) + 1 :] if aliases else ()


def settings_of(host: Host, scope: Scope, selection: Selection) -> ConnectionSettings:
    """How a host is reached, its templates evaluated.

    Raises:
        InputError: an unknown name, or a value that does not fit.
    """
    variables = {**host.variables, **selection.extra}
    values = _values(scope, variables)
    # `-u` and `-k` are for the host that is logged on to. Behind a management host that is not this one: a password is
    # never handed on to an old server unless the inventory says so.
    given = () if values.get("ndrfix_via") else (selection.user, selection.password)
    for default, value in zip(("ansible_user", "ansible_password"), given, strict=False):
        named = (*connection_aliases(default), *(_FETCHED if default == "ansible_password" else ()))
        if value is not None and not any(values.get(name) for name in named):
            values[default] = value
    if selection.timeout and not any(values.get(name) for name in connection_aliases(_TIMEOUT)):
        values[_TIMEOUT] = selection.timeout
    return ConnectionSettings.of(host.name, values, {name: each.place for name, each in variables.items()})
