"""Reading one task or handler."""

from __future__ import annotations

from collections.abc import Mapping

from ndrfix.errors import TemplateError, did_you_mean
from ndrfix.playbook import keywords, reading
from ndrfix.playbook.model import StepSchema, Task
from ndrfix.playbook.reading import Faults
from ndrfix.playbook.templating import is_single
from ndrfix.source import Entry, List, Map, Node, Scalar, kind


class TaskReader:
    """Reads the tasks of a play, with what the play says for all of them."""

    def __init__(self, steps: Mapping[str, StepSchema], faults: Faults, *, ignore_errors: bool, no_log: bool) -> None:
        self._steps = steps
        self._faults = faults
        self._ignore_errors = ignore_errors
        self._no_log = no_log

    def task(self, node: Node, *, handler: bool = False) -> Task | None:
        """The task, None when it is so faulty that nothing can be said about it; every fault is noted."""
        word = "a handler" if handler else "a task"
        if not isinstance(node, Map):
            self._faults.add(f"{word} must be a mapping with the name of a step, not {kind(node)}", node.place)
            return None
        with self._faults.hiding(reading.flag(node, "no_log", Faults(), default=self._no_log)):
            return self._read(node, word, handler=handler)

    def _read(self, node: Map, word: str, *, handler: bool) -> Task | None:
        step = self._step(node, word)
        if handler and (entry := node.entry("notify")):
            text = "a handler cannot notify another one"
            self._faults.add(text, entry.key.place, "Write both after the task.", rule="notify[chain]")
        read = self._keywords(node, step)
        return read if step is not None else None

    def _keywords(self, node: Map, step: Entry | None) -> Task:
        faults = self._faults
        name = reading.plain_text(node.get("name"), "the name of a task", faults)
        args = self._args(step) if step else Map(node.place, ())
        step_name = self._known(step.key) or step.key.text if step else ""
        return Task(
            place=node.place,
            name=name or step_name,
            step=step_name,
            step_place=step.key.place if step else node.place,
            args=args,
            when=reading.conditions(node, faults),
            register=self._register(node),
            notify=tuple(str(each.value) for each in notified(node, faults)),
            loop=self._loop(node),
            tags=reading.tags(node, faults),
            vars=reading.variables(node, faults),
            ignore_errors=reading.flag(node, "ignore_errors", faults, default=self._ignore_errors),
            no_log=reading.flag(node, "no_log", faults, default=self._no_log),
            node=node,
        )

    def _known(self, key: Scalar) -> str | None:
        """The step that a key names, by its own name or by that of the module it stands for."""
        name = keywords.STEP_ALIASES.get(key.text, key.text)
        return name if name in self._steps else None

    def _step(self, node: Map, word: str) -> Entry | None:
        """The entry that names the step, or seems to; notes every key that is none and no keyword."""
        others = [entry for entry in node.entries if entry.key.value not in keywords.TASK_KEYWORDS]
        steps = [entry for entry in others if self._known(entry.key)]
        unknown = [entry for entry in others if not self._known(entry.key)]
        for entry in unknown:
            self._unknown(entry.key, has_step=bool(steps))
        for entry in steps[1:]:
            self._faults.add(
                f"{word} has one step; this one has {steps[0].key.text} and {entry.key.text}",
                entry.key.place,
                "Make two of it.",
                rule="wrong-shape[steps]",
            )
        if not others:
            text = f"{word} without a step"
            self._faults.add(text, node.place, "Name a step; 'ndrfix steps' lists them.", rule="wrong-shape[steps]")
        return next(iter((*steps, *unknown)), None)

    def _unknown(self, key: Scalar, *, has_step: bool) -> None:
        advice = keywords.TASK_REFUSED.get(key.text, "")
        if not advice and key.text.startswith(keywords.WITH_PREFIX):
            advice = keywords.WITH_ADVICE
        if advice:
            self._faults.add(f"ndrfix has no {key.text!r}", key.place, advice, rule="ansible-only[keyword]")
            return
        bare = keywords.bare_module(key.text)
        if bare in keywords.MODULES_REFUSED:
            advice = keywords.MODULES_REFUSED[bare]
            self._faults.add(f"ndrfix has no step {key.text!r}", key.place, advice, rule="ansible-only[module]")
            return
        known = (*self._steps, *keywords.TASK_KEYWORDS)
        what = "keyword" if has_step else "step"
        reading.unknown_key(key, what, known, self._faults)

    def _args(self, step: Entry) -> Map:
        name, node = self._known(step.key), step.value
        if name is None:
            reading.values(node, self._faults)
            return node if isinstance(node, Map) else Map(node.place, ())
        if isinstance(node, Scalar) and node.value is None:
            return Map(node.place, ())
        if not isinstance(node, Map):
            self._faults.add(
                f"the arguments of {name} must be a mapping, not {kind(node)}",
                node.place,
                "Write each argument on a line of its own below the step's name, as 'name: value'.",
            )
            return Map(node.place, ())
        known = self._steps[name].argument_names
        for entry in node.entries:
            if entry.key.value not in known:
                what = f"unknown argument {entry.key.text!r} of step {name}"
                text = f"{what}{did_you_mean(entry.key.text, sorted(known))}"
                self._faults.add(text, entry.key.place, _takes(known), rule="unknown-name[argument]")
        reading.values(node, self._faults)
        return node

    def _register(self, node: Map) -> str:
        value = node.get("register")
        name = reading.plain_text(value, "'register'", self._faults)
        if name and isinstance(value, Scalar):
            reading.check_variable_name(value, self._faults)
        return name

    def _loop(self, node: Map) -> List | Scalar | None:
        value = node.get("loop")
        if isinstance(value, List):
            reading.values(value, self._faults)
            return value
        if isinstance(value, Scalar):
            try:
                if is_single(value):
                    return value
            except TemplateError as error:
                self._faults.note(error)
                return None
        if value is not None:
            self._faults.add(
                f"'loop' must be a list or exactly one {{{{ expression }}}}, not {kind(value)}", value.place
            )
        return None


def _takes(known: frozenset[str]) -> str:
    return f"It takes: {', '.join(sorted(known))}." if known else "It takes no arguments."


def notified(node: Map, faults: Faults) -> tuple[Scalar, ...]:
    """The names under a task's `notify`."""
    value = node.get("notify")
    return tuple(reading.texts(value, "the name of a handler", faults)) if value is not None else ()
