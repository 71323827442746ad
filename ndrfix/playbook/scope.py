"""The variables that one task on one host sees, in layers of which the stronger hide the weaker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, Protocol

from ndrfix.encrypted import Decrypt, refuse_vaulted
from ndrfix.errors import SealedError, TemplateError, did_you_mean
from ndrfix.place import Place
from ndrfix.playbook.files import content
from ndrfix.playbook.model import Expression, Play
from ndrfix.playbook.templating import UndefinedNameError, evaluate, is_template, program
from ndrfix.secret_names import is_account_name, is_secret_name
from ndrfix.secrets import Secret, sealed
from ndrfix.source import List, Map, Node, Scalar, UnsafeText, Vaulted

# Names of Ansible that have no value here → why.
NOT_HERE = {
    "ansible_check_mode": "A playbook cannot tell a dry run from a real one, so that both take the same way.",
    "ansible_diff_mode": "Differences are always shown.",
    "ansible_facts": "No facts are gathered; ndrfix_host has computer_name and os_version.",
    "hostvars": "A host sees its own variables only; put what is shared into a group.",
    "vars": "Name the variable itself.",
    "omit": "Write two tasks, one with the argument and one without.",
}


class HasValue(Protocol):
    """A variable as the inventory hands it in."""

    @property
    def value(self) -> Any:
        """The value: plain data, a node, or a `Secret`."""

    @property
    def place(self) -> Place | None:
        """Where it was set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A value and the place where it was set; templates in it are resolved when it is used."""

    value: Any
    place: Place | None = None


class Level(IntEnum):
    """The layers, weakest first; `label` is how messages call them."""

    INVENTORY = 1
    PLAY = 2
    VARS_FILES = 3
    TASK = 4
    RUNTIME = 5
    EXTRA = 6
    BUILT_IN = 7

    @property
    def label(self) -> str:
        """The layer's name for people."""
        return _LABELS[self]


_LABELS = {
    Level.INVENTORY: "the inventory",
    Level.PLAY: "the play's vars",
    Level.VARS_FILES: "vars_files",
    Level.TASK: "the task's vars",
    Level.RUNTIME: "results of earlier tasks",
    Level.EXTRA: "--extra-vars",
    Level.BUILT_IN: "built-in names",
}
_LONGEST_CHAIN = 25
_FINAL = frozenset({Level.RUNTIME, Level.BUILT_IN})  # data, never templates: some of it comes from hosts


@dataclass(frozen=True, slots=True)
class _Layer:
    level: Level
    variables: Mapping[str, HasValue]


def _of(variables: Map) -> dict[str, Variable]:
    return {entry.key.value: Variable(value=entry.value, place=entry.value.place) for entry in variables.entries}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What expressions can name. Frozen: `for_play` and `child` give a new scope with more in it.

    `environment` are the environment variables that `lookup('env', …)` sees; `decrypt` opens a vaulted
    value; without it such a value is refused when it is used.
    """

    host: str = ""
    layers: tuple[_Layer, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    decrypt: Decrypt | None = field(default=None, repr=False)

    @classmethod
    def for_host(
        cls,
        host: str,
        *,
        variables: Mapping[str, HasValue],
        group_names: Sequence[str],
        groups: Mapping[str, Sequence[str]],
        extra: Mapping[str, HasValue],
        environment: Mapping[str, str],
        decrypt: Decrypt | None = None,
    ) -> Scope:
        """The scope of a host before any play: its inventory variables, `--extra-vars` and the built-in names."""
        names = {
            "inventory_hostname": host,
            "group_names": list(group_names),
            "groups": groups,
        }
        layers = (
            _Layer(Level.INVENTORY, variables),
            _Layer(Level.EXTRA, extra),
            _Layer(Level.BUILT_IN, {name: Variable(value=value) for name, value in names.items()}),
        )
        return cls(host=host, layers=layers, environment=environment, decrypt=decrypt)

    def for_play(self, play: Play) -> Scope:
        """The scope with the play's `vars` and `vars_files`, of which later files hide earlier ones."""
        files = (_Layer(Level.VARS_FILES, _of(each.variables)) for each in play.vars_files)
        return self._with(_Layer(Level.PLAY, _of(play.vars)), *files)

    def child(self, *, variables: Map | None = None, runtime: Mapping[str, object] | None = None) -> Scope:
        """The scope with a task's `vars`, and with values of the run: registered results, `item`, `ndrfix_host`."""
        added = [_Layer(Level.TASK, _of(variables))] if variables is not None else []
        if runtime is not None:
            added.append(_Layer(Level.RUNTIME, {name: Variable(value=value) for name, value in runtime.items()}))
        return self._with(*added)

    def _with(self, *added: _Layer) -> Scope:
        layers = sorted((*self.layers, *added), key=lambda layer: layer.level)  # stable: the later of one level is last
        return replace(self, layers=tuple(layers))

    def names(self) -> tuple[str, ...]:
        """Every name that has a value here, sorted."""
        return tuple(sorted({name for layer in self.layers for name in layer.variables}))

    def resolve(self, name: str, place: Place | None = None) -> Any:
        """The value of a variable, its templates resolved; `place` is where it is used.

        Raises:
            TemplateError: there is no such variable, or its value cannot be had.
            SealedError: it needs an encrypted value that cannot be opened.
            NotKnownYetError: it needs what only a real run brings.
        """
        return _Reader(self, place).value(name)

    def render(self, value: Any, place: Place | None = None) -> Any:
        """A node or plain value with all templates in it resolved; a mapping's keys are left as they are.

        `place` stands for values that have none of their own.

        Raises:
            TemplateError: a template cannot be evaluated.
            SealedError: one needs an encrypted value that cannot be opened.
            NotKnownYetError: one needs what only a real run brings.
        """
        return _Reader(self, place).rendered(value)

    def test(self, condition: Expression) -> bool:
        """Whether a condition holds.

        Raises:
            TemplateError: it cannot be evaluated, or gives anything but true or false.
            NotKnownYetError: it needs what only a real run brings.
        """
        from ndrfix.playbook.expressions import describe

        value = evaluate(condition.text, _Reader(self, condition.place), condition.place, condition=True)
        if isinstance(value, bool):
            return value
        raise TemplateError(
            f"a condition must give true or false, this one gives {describe(value)}",
            place=condition.place,
            next_step="Compare it (name == 'value', name | length > 0), or use | bool for a yes/no word.",
        )

    def items(self, loop: List | Scalar) -> tuple[Any, ...]:
        """The items of a loop.

        Raises:
            TemplateError: an item cannot be evaluated, or the expression gives no list.
            NotKnownYetError: it needs what only a real run brings.
        """
        from ndrfix.playbook.expressions import describe

        value = self.render(loop)
        if isinstance(value, list | tuple):
            return tuple(value)
        raise TemplateError(f"a loop needs a list, this is {describe(value)}", place=loop.place)

    def names_needed(self, value: Any) -> frozenset[str]:
        """Every name that a value, node or condition needs, also by way of the variables that it names.

        Names without a value are among them; so a task can be bound before its host is reached if none of the names is
        one that only the run brings.

        Raises:
            TemplateError: a template is not valid.
        """
        needed: set[str] = set()
        waiting = list(_free(value, None))
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                level, found = self.find(name)
                if found is not None and level not in _FINAL:
                    waiting += _free(found.value, found.place)
        return frozenset(needed)

    def find(self, name: str) -> tuple[Level, HasValue | None]:
        """The strongest variable of that name with its level, or None; its value is raw."""
        for layer in reversed(self.layers):
            if name in layer.variables:
                return layer.level, layer.variables[name]
        return Level.INVENTORY, None

    def undefined(self, name: str, place: Place | None) -> UndefinedNameError:
        """The error for a name that nothing defines."""
        searched = dict.fromkeys(layer.level.label for layer in reversed(self.layers) if layer.variables)
        why = NOT_HERE.get(name, "")
        return UndefinedNameError(
            f"the variable {name!r} is not defined{'' if why else did_you_mean(name, self.names())}",
            name=name,
            place=place,
            next_step=why or f"Searched: {', '.join(searched)}{f' (host {self.host})' if self.host else ''}.",
        )


def _free(value: Any, place: Place | None) -> Iterator[str]:
    """The names in the templates of a value, however deep."""
    if isinstance(value, Expression):
        yield from program(value.text, value.place, condition=True).free
    elif isinstance(value, Scalar):
        yield from _free(value.value, value.place)
    elif isinstance(value, str):
        yield from program(value, place).free if is_template(value) else ()
    else:
        for each in _parts(value):
            yield from _free(each, place)


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, Map):
        return [entry.value for entry in value.entries]
    if isinstance(value, List):
        return value.items
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


@dataclass(frozen=True, slots=True)
class _Reader:
    """One evaluation: the scope, where the text stands, and the variables whose values are just being worked out."""

    scope: Scope
    place: Place | None
    chain: tuple[str, ...] = ()

    def has(self, name: str) -> bool:
        """Whether there is such a variable."""
        return self.scope.find(name)[1] is not None

    def value(self, name: str) -> Any:
        """The value of a variable, its templates resolved; secret if its name says so."""
        level, found = self.scope.find(name)
        if found is None:
            raise self.scope.undefined(name, self.place)
        if level in _FINAL:
            return found.value
        if name in self.chain:
            circle = " → ".join((*self.chain[self.chain.index(name) :], name))
            raise TemplateError(f"variables refer to each other in a circle: {circle}", place=found.place)
        if len(self.chain) >= _LONGEST_CHAIN:
            raise TemplateError(f"{self.chain[0]!r} leads over more than {_LONGEST_CHAIN} variables", place=found.place)
        value = _Reader(self.scope, found.place, (*self.chain, name)).rendered(found.value)
        return sealed(value, spared=is_account_name) if is_secret_name(name) else value

    def environment(self, name: str) -> str | Secret:
        """The value of an environment variable, secret if its name says so."""
        if name in self.scope.environment:
            value = self.scope.environment[name]
            return Secret(value) if is_secret_name(name) else value
        raise UndefinedNameError(
            f"the environment variable {name!r} is not set{did_you_mean(name, self.scope.environment)}",
            name=name,
            place=self.place,
            next_step=f"Set it before the run, or write lookup('env', '{name}', default='…').",
        )

    def file(self, name: str) -> str | Secret:
        """The text of a file, see `files.content`."""
        return content(name, self.place, self.scope.decrypt)

    def rendered(self, value: Any) -> Any:
        """A node or plain value with its templates resolved."""
        match value:
            case Map() | List() | Scalar():
                return self._node(value)
            case Vaulted():
                return self._decrypted(value)
            case UnsafeText():
                return str.__str__(value)
            case str():
                return evaluate(value, self, self.place) if is_template(value) else value
            case Mapping():
                return {key: self.rendered(each) for key, each in value.items()}
            case list() | tuple():
                return [self.rendered(each) for each in value]
        return value

    def _node(self, node: Node) -> Any:
        here = replace(self, place=node.place)
        if isinstance(node, Map):
            return {entry.key.value: here.rendered(entry.value) for entry in node.entries}
        if isinstance(node, List):
            return [here.rendered(item) for item in node.items]
        return here.rendered(node.value)

    def _decrypted(self, vaulted: Vaulted) -> Secret:
        place = self.place or Place(file=self.scope.host)
        try:
            return (self.scope.decrypt or refuse_vaulted)(vaulted, place)
        except SealedError as error:
            if error.place is None or not self.chain:  # without a place it is about a password's source
                raise
            raise error.of(self.chain[-1]) from error
