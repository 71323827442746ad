"""One pass over files: each is read once, every rule that is asked for looks at it, waivers are taken off."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from ndrfix.errors import InputError, TemplateError
from ndrfix.excerpt import Excerpts
from ndrfix.lint.document import Document, read_document, sort_of
from ndrfix.lint.hiding import secrets_of
from ndrfix.lint.inventories import (
    ClientView,
    InventoryView,
    SimulationView,
    VariablesView,
    read_client,
    read_inventory,
    read_simulation,
    read_variables,
)
from ndrfix.lint.model import Finding, Profile, Remark, Rule, Severity, Sort
from ndrfix.lint.playbooks import PlaybookView, read_view
from ndrfix.lint.results import ResultView, read_result, written_tasks
from ndrfix.lint.rules import BY_ID, RULES
from ndrfix.lint.waivers import waived, waivers_of
from ndrfix.playbook.templating import template_faults
from ndrfix.secrets import Secret

if TYPE_CHECKING:
    from ndrfix.lint.recorded import Recorded

View = PlaybookView | InventoryView | VariablesView | ClientView | SimulationView | ResultView
_SHAPES = {
    Sort.INVENTORY: "inventory[shape]",
    Sort.CLIENT: "client[shape]",
    Sort.SIMULATION: "simulation[shape]",
    Sort.RESULT: "result[shape]",
}
_UNPLANNED = "result[not-evaluated]"
_GENERAL = frozenset({"wrong-argument[value]", "wrong-shape[value]"})


class RuleCrashError(Exception):
    """A rule failed on a file: a bug of the rule, which must not pass for a clean file."""

    def __init__(self, rule: str, file: str) -> None:
        super().__init__(f"the rule {rule} failed on {file}")
        self.rule = rule
        self.file = file


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What a file is seen beside: the inventories by their file, the names of the variables in them (None without any),
    the playbooks, the variables files, and recorded hosts.
    """

    inventories: Mapping[Path, InventoryView]
    variables: frozenset[str] | None
    playbooks: tuple[Document, ...]
    files: tuple[Document, ...]
    recorded: Recorded | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
    """What a pass found. `findings` in order; `waived` those taken off by a `# noqa`; `files` all that were looked at,
    with what each is; `encrypted` those of which nothing could be looked at, `passed` those in folders that are none of
    ours. `secrets` stand in the files, and are not to be shown.
    """

    findings: tuple[Finding, ...]
    waived: tuple[Finding, ...]
    files: tuple[tuple[str, Sort], ...]
    encrypted: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    secrets: tuple[Secret, ...] = ()

    def worst(self) -> Severity | None:
        """The highest severity found, None when nothing was."""
        return max((finding.severity for finding in self.findings), default=None)


def asked_for(profile: Profile, ignore: Collection[str] = ()) -> tuple[Rule, ...]:
    """The rules of a profile without those to be ignored, by id or by the part before the bracket."""
    return tuple(
        rule
        for rule in RULES
        if rule.profile <= profile and rule.id not in ignore and rule.id.partition("[")[0] not in ignore
    )


def lint_files(
    files: Iterable[tuple[Path, str]],
    rules: Sequence[Rule],
    *,
    variables: frozenset[str] | None = None,
    named: Collection[Path] = (),
    recorded: Recorded | None = None,
) -> Linted:
    """Every finding of the rules in the files, each a path and how it is called.

    A file that is none of ours is left out, unless it is `named`: then that is a finding. `variables` are the names
    that an inventory gives to some host; without it those of the inventories among the files count. With `recorded`
    each playbook that can be read is planned on these hosts, and its plan is looked at as a saved one.

    Raises:
        RuleCrashError: a rule failed.
    """
    documents = [(document, _sort(document, document.path in named)) for document in _documents(files)]
    ours = [(document, sort) for document, sort in documents if sort is not None and not document.vaulted]
    findings: list[Finding] = []
    gone: list[Finding] = []
    secrets: dict[Secret, None] = {}
    excerpts = Excerpts()
    inventories = {document.path: read_inventory(document) for document, sort in ours if sort is Sort.INVENTORY}
    around = _Around(
        inventories=inventories,
        variables=variables if variables is not None else _variables(inventories.values()),
        playbooks=tuple(document for document, sort in ours if sort is Sort.PLAYBOOK),
        files=tuple(document for document, sort in ours if sort is Sort.VARIABLES),
        recorded=recorded,
    )
    for document, sort in ours:
        held = tuple(secrets_of(document.node))
        secrets |= dict.fromkeys(secret for secret, _ in held)
        lines = {line for _, line in held}
        found = tuple(_covered(each, lines, excerpts) for each in _of_file(document, sort, rules, around))
        left, waived_here = waived(
            found, waivers_of(document), known=BY_ID, asked=frozenset(rule.id for rule in rules if sort in rule.sorts)
        )
        findings += [each for each in left if _is_asked(each.rule, rules)]
        gone += waived_here
    return Linted(
        findings=tuple(sorted(dict.fromkeys(findings), key=lambda each: each.order)),
        waived=tuple(gone),
        files=tuple((document.shown, sort) for document, sort in ours),
        encrypted=tuple(document.shown for document, _ in documents if document.vaulted),
        passed=tuple(document.shown for document, sort in documents if sort is None and not document.vaulted),
        secrets=tuple(secrets),
    )


def _covered(finding: Finding, lines: Collection[int], excerpts: Excerpts) -> Finding:
    """The finding without what may be a secret, hidden when it is on one of the lines with secrets."""
    message, tip = (excerpts.sentence(text, finding.place) for text in (finding.message, finding.help))
    return replace(finding, message=message, help=tip, hidden=finding.hidden or finding.place.line in lines)


def _documents(files: Iterable[tuple[Path, str]]) -> Iterator[Document]:
    for path, shown in files:
        yield read_document(path, shown)


def _sort(document: Document, named: bool) -> Sort | None:
    """What a file is; one that was named and is none of ours is read as a playbook, which says what is wrong."""
    otherwise = Sort.INVENTORY if document.ini else Sort.PLAYBOOK
    return sort_of(document) or (otherwise if named or (document.faults and document.node is None) else None)


def _variables(views: Iterable[InventoryView]) -> frozenset[str] | None:
    """The names of all variables in the inventories, those of the variables files beside them too; None without any."""
    inventories = [view.inventory for view in views if view.inventory is not None]
    if not inventories:
        return None
    return frozenset(name for each in inventories for host in each.hosts for name in host.variables)


def _view(document: Document, sort: Sort, around: _Around) -> View:
    match sort:
        case Sort.PLAYBOOK:
            return read_view(document, variables=around.variables)
        case Sort.INVENTORY:
            return around.inventories[document.path]
        case Sort.VARIABLES:
            return read_variables(document, around.files)
        case Sort.CLIENT:
            return read_client(document)
        case Sort.SIMULATION:
            return read_simulation(document)
        case Sort.RESULT:
            return read_result(document, around.playbooks)


def _of_file(document: Document, sort: Sort, rules: Sequence[Rule], around: _Around) -> tuple[Finding, ...]:
    view = _view(document, sort, around)
    found = [finding for rule in rules if sort in rule.sorts for finding in _of_rule(rule, view)]
    faults = [*view.faults]
    if sort in (Sort.INVENTORY, Sort.VARIABLES) and document.node is not None:
        faults += template_faults(document.node)
    if isinstance(view, PlaybookView):
        faults += [fault for task in view.tasks for fault in task.faults]
        if around.recorded is not None and not faults:
            found += _of_plan(view, rules, around)
    special = {(finding.place.line, finding.place.column) for finding in found if finding.severity is Severity.ERROR}
    for finding in _of_faults(faults, document, sort):
        at = (finding.place.line, finding.place.column)
        if not (finding.rule in _GENERAL and at in special):
            found.append(finding)
    return tuple(dict.fromkeys(found))


def _of_plan(view: PlaybookView, rules: Sequence[Rule], around: _Around) -> Iterator[Finding]:
    """What the plan of a playbook on the recorded hosts tells; why there is none, at its place."""
    document = view.document
    if around.recorded is None or view.playbook is None:
        return
    try:
        run = around.recorded.plan(view.playbook, PurePath(document.shown).name)
    except InputError as error:
        for fault in (error, *error.others):
            yield Finding(
                rule=_UNPLANNED,
                severity=BY_ID[_UNPLANNED].severity,
                message=f"no plan on the recorded hosts: {fault.what}",
                place=document.called(fault.place) if fault.place else document.top,
                help=fault.next_step,
                hidden=fault.hidden,
            )
        return
    planned = ResultView(document=document, run=run, tasks=tuple(written_tasks(document)), faults=())
    for rule in rules:
        if Sort.RESULT in rule.sorts:
            yield from _of_rule(rule, planned)


def _of_rule(rule: Rule, view: View) -> Iterator[Finding]:
    if rule.check is None:
        return
    try:
        remarks: tuple[Remark, ...] = tuple(rule.check(view))
    except Exception as error:
        raise RuleCrashError(rule.id, view.document.shown) from error
    for remark in remarks:
        yield Finding(
            rule=rule.id,
            severity=rule.severity,
            message=remark.message,
            place=view.document.called(remark.place),
            help=remark.help,
            hidden=remark.hidden,
            edits=remark.edits,
        )


def _of_faults(faults: Iterable[InputError], document: Document, sort: Sort) -> Iterator[Finding]:
    for fault in faults:
        rule = _rule_of(fault, document, sort)
        yield Finding(
            rule=rule,
            severity=BY_ID[rule].severity,
            message=fault.what,
            place=document.called(fault.place) if fault.place else document.top,
            help=fault.next_step,
            hidden=fault.hidden,
        )


def _rule_of(fault: InputError, document: Document, sort: Sort) -> str:
    """The rule that a fault of reading belongs to."""
    if fault.rule in BY_ID:
        return fault.rule
    if isinstance(fault, TemplateError):
        return "jinja[syntax]"
    if sort in _SHAPES and not document.faults:
        return _SHAPES[sort]
    if document.node is None:
        return "file[unreadable]"
    return "wrong-shape[value]"


def _is_asked(rule: str, rules: Sequence[Rule]) -> bool:
    return any(rule == each.id for each in rules)
