"""Variables and templates as one task on one host sees them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ndrfix.errors import InputError, SealedError, TemplateError
from ndrfix.place import Place
from ndrfix.playbook import (
    Expression,
    NotKnownYetError,
    Play,
    Registered,
    Scope,
    StepSchema,
    Variable,
    load_playbook,
)
from ndrfix.secrets import Secret
from ndrfix.source import List, Map, Scalar, load_text

HERE = Place(file="inventory.yml", line=3, column=5)
RESULT = Registered(name="r", changed=True, verdict="absent", before={"HKLM\\X": "dword 1"}, checks=({"ok": False},))


def scope(
    variables: Mapping[str, object] | None = None,
    *,
    extra: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    **runtime: object,
) -> Scope:
    def layer(values: Mapping[str, object] | None) -> dict[str, Variable]:
        return {name: Variable(value=value, place=HERE) for name, value in (values or {}).items()}

    made = Scope.for_host(
        "ex01",
        variables=layer(variables),
        group_names=["exchange"],
        groups={"exchange": ["ex01", "ex02"]},
        extra=layer(extra),
        environment=environment or {},
    )
    return made.child(runtime=runtime)


def node(text: str, file: str = "play.yml") -> Any:
    found = load_text(text, file)
    assert found is not None
    return found


def condition(text: str) -> Expression:
    return Expression(text=text, place=HERE)


# --- what a template gives ------------------------------------------------------------------------------------------

VARIABLES: dict[str, object] = {
    "number": 5,
    "text": "abc",
    "digits": "0100",
    "yes": True,
    "nothing": None,
    "many": [1, "{{ number }}"],
    "tree": {"a": {"b": "{{ number }}"}},
    "via": "{{ number }}",
    "long": "v{{ via }}",
    "faulty": "{{ nowhere }}",
    "one": "{{ two }}",
    "two": "{{ one }}",
    "itself": "x{{ itself }}",
}


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("plain", "plain"),
        ("{123} }} %}", "{123} }} %}"),
        ("{{ number }}", 5),
        ("{{ digits }}", "0100"),
        ("{{ '1' }}", "1"),
        ("{{ '[1]' }}", "[1]"),
        ("{{ yes }}", True),
        ("{{ nothing }}", None),
        ("{{ many }}", [1, 5]),
        ("{{ tree.a }}", {"b": 5}),
        ("{{ via }}", 5),
        ("{{ long }}", "v5"),
        ("{{ number }} ", "5 "),
        ("{# only #}{{ number }}", "5"),
        ("{{ number }}{# only #}", "5"),
        ("{{ number }}{{ number }}", "55"),
        ("is {{ yes }}", "is True"),
        ("a\n{{ number }}\n", "a\n5\n"),
        ("{% if yes %}on{% endif %}", "on"),
        ("{{ '}}' }}", "}}"),
        ("{{ many | map('int') }}", [1, 5]),
        ("{{ range(3) }}", [0, 1, 2]),
        ("{{ text | upper }}", "ABC"),
        ("{{ [1, 2] | join('-') }}", "1-2"),
        ("{{ many | length }}", 2),
        ("{{ '7' | int }}", 7),
        ("{{ '0x100' | int(base=16) }}", 256),
        ("{{ text | int(3) }}", 3),
        ("{{ '1.5' | float }}", 1.5),
        ("{{ 'Yes' | bool }}", True),
        ("{{ 0 | bool }}", False),
        ("{{ nowhere | default(1) }}", 1),
        ("{{ nowhere.a['b'].c | default(1) }}", 1),
        ("{{ tree.z | default(1) }}", 1),
        ("{{ '' | default('x', true) }}", "x"),
        ("{{ '' | default('x') }}", ""),
        ("{{ faulty | default(1) }}", 1),
        ("{{ nowhere is defined }}", False),
        ("{{ number is defined }}", True),
        ("{{ nowhere is undefined }}", True),
        ("{{ number if yes else nowhere }}", 5),
        ("{{ number if yes else one }}", 5),
        ("{{ inventory_hostname }}", "ex01"),
        ("{{ groups.exchange | first }} of {{ group_names[0] }}", "ex01 of exchange"),
        ("{{ lookup('env', 'HOME') }}", "/home/me"),
        ("{{ lookup('env', 'NO', default='x') }}", "x"),
        ("{{ lookup('env', 'NO') | default('y') }}", "y"),
        ("{{ lookup('ansible.builtin.env', 'HOME') }}", "/home/me"),
        ("{{ lookup('ansible.builtin.env', 'NO', default='x') }}", "x"),
        ("{{ lookup('env', 'HOME', 'USER') }}", "/home/me,me"),
        ("{{ lookup('env', 'HOME', wantlist=true) }}", ["/home/me"]),
        ("{{ query('env', 'HOME', 'USER') }}", ["/home/me", "me"]),
        ("{{ query('ansible.builtin.env', 'HOME') | first }}", "/home/me"),
        ("{{ q('ansible.legacy.env', 'NO', default='x') }}", ["x"]),
        ("{{ r.changed }}", True),
        ("{{ r is changed and r is not failed and r is succeeded }}", True),
        ("{{ r['verdict'] }}", "absent"),
        ("{{ r.before['HKLM\\\\X'] }}", "dword 1"),
        ("{{ r.checks[0].ok }}", False),
        ("{% for each in r %}{{ each }} {% endfor %}", " ".join([*RESULT.keys(), ""])),
    ],
)
def test_renders(template: str, value: object) -> None:
    """One expression keeps its type, anything else is text, and nothing is read as a literal."""
    rendered = scope(VARIABLES, environment={"HOME": "/home/me", "USER": "me"}, r=RESULT).render(template)
    assert rendered == value
    assert type(rendered) is type(value)


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{{ nubmer }}", "the variable 'nubmer' is not defined, did you mean 'number'?"),
        ("{{ nowhere() }}", "the variable 'nowhere' is not defined"),
        ("x{{ nowhere }}", "the variable 'nowhere' is not defined"),
        ("{{ [nowhere] }}", "the variable 'nowhere' is not defined"),
        ("{{ nowhere.part }}", "the variable 'nowhere' is not defined"),
        ("{{ faulty }}", "the variable 'nowhere' is not defined"),
        ("{{ one }}", "variables refer to each other in a circle: one → two → one"),
        ("{{ itself }}", "variables refer to each other in a circle: itself → itself"),
        ("{{ one | default(1) }}", "variables refer to each other in a circle: one → two → one"),
        ("{{ one is defined }}", "variables refer to each other in a circle: one → two → one"),
        ("{{ tree.aa.x }}", "a mapping has no 'aa', did you mean 'a'?"),
        ("{{ r.chnged }}", "the result 'r' has no 'chnged', did you mean 'changed'?"),
        ("{{ number is changed }}", "a number is no registered result"),
        ("{{ ", "not valid Jinja"),
        ("{{ 1 | nofilter }}", "not valid Jinja: No filter named 'nofilter'"),
        ("{{ [1] | random }}", "not valid Jinja: No filter named 'random'"),
        ("{{ lookup('pipe', 'x') }}", r"lookup\('pipe', …\) is not there: a playbook runs no programs"),
        ("{{ lookup('pipe', 'x') | default(1) }}", r"lookup\('pipe', …\) is not there"),
        (
            "{{ lookup('ansible.builtin.pipe', 'x') }}",
            r"lookup\('ansible.builtin.pipe', …\) is not there: a playbook runs",
        ),
        ("{{ query('pipe', 'x') }}", r"lookup\('pipe', …\) is not there: a playbook runs no programs"),
        ("{{ lookup('ansible.builtin.fiel', 'x') }}", r"…\) is not there, did you mean 'file'\?: a playbook"),
        ("{{ q('evn', 'x') }}", r"lookup\('evn', …\) is not there, did you mean 'env'\?: a playbook"),
        ("{{ lookup('community.general.env', 'HOME') }}", r"lookup\('community.general.env', …\) is not there: "),
        ("{{ q('env', 'HOEM') }}", "the environment variable 'HOEM' is not set, did you mean 'HOME'?"),
        ("{{ lookup(many) }}", "this lookup is not there"),
        ("{{ lookup('file') }}", "takes paths"),
        ("{{ lookup('file', 'a', default='b') }}", "takes paths"),
        ("{{ lookup('file', 'no/such.txt') }}", "the file 'no/such.txt' is not there"),
        ("{{ lookup('env') }}", "takes names"),
        ("{{ lookup('env', 5) }}", "takes names"),
        ("{{ lookup('env', 'A', strict=1) }}", "takes names"),
        ("{{ lookup('env', 'HOEM') }}", "the environment variable 'HOEM' is not set, did you mean 'HOME'?"),
        ("{{ lookup('env', nowhere) }}", "the variable 'nowhere' is not defined"),
        ("x{{ nothing }}", r"gives nothing \(null\)"),
        ("x{{ many }}", r"a list cannot stand inside a text: use \| join"),
        ("x{{ r }}", "the result 'r' cannot stand inside a text"),
        ("{{ lookup }}", "gives a function"),
        ("{{ 'x'.upper }}", "gives a function"),
        ("{{ text | int }}", "text that is no int"),
        ("{{ 'maybe' | bool }}", "neither yes nor no"),
        ("{{ ''.__class__ }}", "unsafe"),
        ("{{ many.append(1) }}", "unsafe|not safely callable"),
        ("{{ 9 ** 9 ** 9 }}", "too large"),
        ("{{ 'x' * 10 ** 9 }}", "too long"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{% include 'x' %}", "no loader"),
        ("{{ " + "(" * 400 + "1" + ")" * 400 + " }}", "nested too deeply"),
    ],
)
def test_refuses(template: str, says: str) -> None:
    """What cannot be evaluated is a TemplateError that says what is wrong and where the text stands."""
    with pytest.raises(TemplateError, match=says) as raised:
        scope(VARIABLES, environment={"HOME": "/"}, r=RESULT).render(template, Place(file="none.yml", line=9))
    assert raised.value.place in (Place(file="none.yml", line=9), HERE)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere", "Searched: built-in names, results of earlier tasks, the inventory (host ex01)."),
        ("ansible_check_mode", "A playbook cannot tell a dry run from a real one"),
        ("hostvars", "A host sees its own variables only"),
    ],
)
def test_undefined_says_what_next(name: str, says: str) -> None:
    """An undefined variable tells where it was searched for, or why a name of Ansible has no value."""
    with pytest.raises(TemplateError) as raised:
        scope({"a": 1}, r=RESULT).resolve(name)
    assert says in raised.value.next_step


@given(st.text().filter(lambda text: not any(opening in text for opening in ("{{", "{%", "{#"))))
@example("a\r\nb\x85{}")
def test_text_without_jinja_is_itself(text: str) -> None:
    """A text without Jinja comes out unchanged, line ends included."""
    assert scope().render(text) == text


_FRAGMENTS = """
{{ }} {% %} {# #} if for in else end set import macro r .outcome number item | ( ) [ ] { } ' " + - * ** ~ == : , . \\
default lookup map join attr 1 é _
"""
_fragments = st.sampled_from(_FRAGMENTS.split())


@given(st.text() | st.lists(_fragments, max_size=14).map(" ".join) | st.text().map(lambda text: f"{{{{ {text} }}}}"))
@settings(max_examples=400, deadline=None)
def test_any_text_renders_or_is_refused(text: str) -> None:
    """Whatever a text holds, rendering gives a value or an error for the user; a condition likewise."""
    here = scope({"number": 1}, r=RESULT)
    for attempt in (lambda: here.render(text), lambda: here.test(condition(text)), lambda: here.names_needed(text)):
        with contextlib.suppress(InputError, NotKnownYetError):
            attempt()


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(alphabet="ab{ %}'"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(_values)
def test_single_expression_keeps_the_value(value: object) -> None:
    """A value of the run passes through a single expression with its type, and is never taken for a template."""
    rendered = scope(found=value).render("{{ found }}")
    assert rendered == value
    assert repr(rendered) == repr(value)


# --- layers ---------------------------------------------------------------------------------------------------------


def play_with(tmp_path: Path, text: str) -> Play:
    (tmp_path / "play.yml").write_text(text)
    steps = {"set_registry": StepSchema(name="set_registry", argument_names=frozenset({"path", "data", "name"}))}
    return load_playbook(tmp_path / "play.yml", steps).plays[0]


def test_stronger_layers_hide_weaker(tmp_path: Path) -> None:
    """Inventory < play vars < vars_files (later ones first) < task vars < results < extra vars < built-in names."""
    (tmp_path / "one.yml").write_text("c: one\nd: one\ne: one\nf: one\ng: one\n")
    (tmp_path / "two.yml").write_text("d: two\ne: two\nf: two\ng: two\n")
    play = play_with(
        tmp_path,
        """
- hosts: all
  vars: {b: play, c: play, d: play, e: play, f: play, g: play}
  vars_files: [one.yml, two.yml]
  tasks: [{set_registry: , vars: {e: task, f: task, g: task}}]
""",
    )
    inventory = {**dict.fromkeys("abcdefg", "inventory"), "inventory_hostname": "forged"}
    base = scope(inventory, extra={"g": "extra", "groups": "forged"})
    here = base.for_play(play).child(variables=play.tasks[0].vars, runtime={"f": "run", "g": "run"})
    assert [here.resolve(name) for name in "abcdefg"] == ["inventory", "play", "one", "two", "task", "run", "extra"]
    assert here.resolve("inventory_hostname") == "ex01"
    assert here.resolve("groups") == {"exchange": ["ex01", "ex02"]}
    assert base.resolve("e") == "inventory"


def test_weaker_variables_see_stronger_ones() -> None:
    """A variable's template is resolved where it is used, so it sees the task's own variables and results."""
    assert scope({"path": "{{ item }}\\x"}, item="HKLM").render("{{ path }}") == "HKLM\\x"


def test_data_of_the_run_is_never_templated() -> None:
    """Braces in results, loop items and !unsafe values stay what they are."""
    here = scope({"raw": node("!unsafe '{{ a }}'"), "via": "{{ raw }}{{ item }}"}, item="{{ a }}")
    assert here.render("{{ item }}") == "{{ a }}"
    assert here.render("{{ via }}") == "{{ a }}{{ a }}"
    assert here.names_needed("{{ via }}") == {"via", "raw", "item"}


def test_renders_nodes_deeply() -> None:
    """A task's arguments come out as plain values, every leaf rendered, types of YAML kept."""
    args = node("path: HKLM\\{{ a }}\nlist: ['{{ n }}', 0x10, true]\nsub: {x: '{{ n }}'}\nkeep: !unsafe '{{ n }}'\n")
    rendered = scope({"a": "X", "n": 7}).render(args)
    assert rendered == {"path": "HKLM\\X", "list": [7, 16, True], "sub": {"x": 7}, "keep": "{{ n }}"}
    assert type(rendered["keep"]) is str


# --- conditions and loops -------------------------------------------------------------------------------------------


def test_condition_must_be_boolean() -> None:
    """A condition gives true or false; any other value is refused with what it is and what to write."""
    here = scope({"word": "no", "many": [1], "yes": True}, r=RESULT)
    assert here.test(condition("yes and word == 'no' and r.verdict in ['absent']"))
    assert not here.test(condition("not yes"))
    for text, kind in {
        "word": "text",
        "many": "a list",
        "1": "a number",
        "none": "nothing",
        "r": "the result 'r'",
    }.items():
        with pytest.raises(TemplateError, match=f"this one gives {kind}") as raised:
            here.test(condition(text))
        assert raised.value.place == HERE
        assert "| bool" in raised.value.next_step


def test_loop_items() -> None:
    """A loop gives the rendered items of its list or of the list that its expression gives."""
    here = scope({"many": ["a", "b"], "n": 1})
    listed, single, text = node("['{{ n }}', x]"), node("'{{ many }}'"), node("'{{ n }}'")
    assert isinstance(listed, List)
    assert isinstance(single, Scalar)
    assert here.items(listed) == (1, "x")
    assert here.items(single) == ("a", "b")
    with pytest.raises(TemplateError, match="a loop needs a list, this is a number"):
        here.items(text)


# --- results and what is not known yet ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "template",
    [
        "{{ r.outcome }}",
        "{{ r.outcome.count | default(0) }}",
        "{{ r.outcome is defined }}",
        "{{ r['outcome'].a }}",
        "{{ via }}",
        "{{ via | default(1) }}",
        "x{{ r.outcome.count }}",
    ],
)
def test_outcome_is_not_known_in_a_dry_run(template: str) -> None:
    """Reading an outcome that only a real run brings says so; no default can hide it."""
    with pytest.raises(NotKnownYetError, match=r"r\.outcome is not known while a plan is made"):
        scope({"via": "{{ r.outcome.count }}"}, r=RESULT).render(template)


def test_outcome_of_a_real_run() -> None:
    """After a real run the outcome can be read; the branch that is not taken needs nothing."""
    real = Registered(name="r", after={"count": 3})
    assert scope(r=real).render("{{ r.outcome.count }}") == 3
    assert scope({"via": "{{ r.outcome.count }}"}, r=RESULT).render("{{ via if false else 1 }}") == 1


def test_names_needed() -> None:
    """The names that a value needs are found through variables, conditions, lists and mappings, in every branch."""
    here = scope({"a": "{{ b }}", "b": {"deep": ["{{ r.changed }}"]}, "circle": "{{ circle }}", "free": 1}, r=RESULT)
    assert here.names_needed("{{ a }}") == {"a", "b", "r"}
    assert here.names_needed(condition("free == 1 or later is changed")) == {"free", "later"}
    assert here.names_needed(node("{x: ['{{ circle }}'], y: plain, z: 5}")) == {"circle"}
    assert here.names_needed("{% for x in free %}{{ x }}{{ lookup('env', 'A') }}{{ range(2) }}{% endfor %}") == {"free"}
    task_vars = node("a: '{{ item }}'")
    assert isinstance(task_vars, Map)
    assert here.child(variables=task_vars).names_needed("{{ a }}") == {"a", "item"}


# --- secrets --------------------------------------------------------------------------------------------------------

SECRET = Secret("hunter2!")


@pytest.mark.parametrize(
    ("template", "plain"),
    [
        ("{{ pw }}", "hunter2!"),
        ("{{ via }}", "hunter2!"),
        ("{{ creds.pw }}", "hunter2!"),
        ("{{ creds['pw'] }}", "hunter2!"),
        ("{{ nowhere | default(pw) }}", "hunter2!"),
        ("u:{{ pw }}", "u:hunter2!"),
        ("{{ pw ~ 'x' }}", "hunter2!x"),
        ("{{ pw | upper }}", "HUNTER2!"),
        ("{{ '%s' % pw }}", "hunter2!"),
        ("{{ (pw ~ '')[0] }}", "h"),
        ("{% for c in pw %}{{ c }}{% endfor %}", "hunter2!"),
        ("{{ later | upper }}", "U:HUNTER2!"),
    ],
)
def test_secret_stays_secret(template: str, plain: str) -> None:
    """Whatever is made from a secret is a secret, with the text that one expects."""
    rendered = scope(
        {"pw": SECRET, "via": "{{ pw }}", "creds": {"user": "me", "pw": SECRET}, "later": "u:{{ via }}"}
    ).render(template)
    assert isinstance(rendered, Secret)
    assert rendered.reveal() == plain


def test_secret_beside_plain_values() -> None:
    """What only stands beside a secret stays plain, and a secret can be compared and kept in lists."""
    here = scope({"pw": SECRET, "creds": {"user": "me", "pw": SECRET}})
    assert here.render("{{ creds.user }}@x") == "me@x"
    assert here.render("{{ creds }}") == {"user": "me", "pw": SECRET}
    assert here.render("{{ [pw] }}") == [SECRET]
    assert here.test(condition("pw == 'hunter2!' and pw | length == 8"))


def test_long_chains_of_variables_end() -> None:
    """A chain of variables is followed 25 deep; a longer one is refused instead of exhausting the stack."""
    chain = {f"v{number}": f"{{{{ v{number + 1} }}}}" for number in range(200)} | {"v200": "end"}
    assert scope(chain).resolve("v176") == "end"
    with pytest.raises(TemplateError, match="'v100' leads over more than 25 variables"):
        scope(chain).resolve("v100")


def test_vaulted_value() -> None:
    """A vaulted value is decrypted when it is used and is a secret; without a password it is refused in place."""
    vaulted = node("pw: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  00\n")
    without = scope().child(variables=vaulted)
    with pytest.raises(SealedError, match=r"pw: the value is encrypted .* no vault password was given") as raised:
        without.render("{{ pw }}")
    assert str(raised.value.place) == "play.yml:1:5"
    with_password = Scope(decrypt=lambda vaulted, place: Secret(f"{place.line} {vaulted.text.splitlines()[1]}")).child(
        variables=vaulted
    )
    assert with_password.render("{{ pw }}") == Secret("1 00")


# --- places ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("yaml", "line", "column"),
    [
        ("path: a {{ nope }}", 1, 12),
        ("path: 'it''s {{ nope }}'", 1, 17),
        ('path: "\\t{{ nope }}"', 1, 13),
        ("path: 'nope nopes {{ x.nope }} {{ nope }}'", 1, 35),
        ("path: |\n  first\n  second {{ nope }}", 3, 13),
        ("path: >-\n  folded\n  {{ nope }}", 3, 6),
    ],
)
def test_undefined_variable_is_pointed_at(tmp_path: Path, yaml: str, line: int, column: int) -> None:
    """The error for an undefined variable stands at the very word, however the value is written."""
    path = tmp_path / "vars.yml"
    path.write_text(yaml + "\n")
    with pytest.raises(TemplateError, match="'nope' is not defined") as raised:
        scope({"x": {"nope": 1}}).render(node(path.read_text(), str(path)))
    assert raised.value.place == Place(file=str(path), line=line, column=column)


def test_fault_in_a_variable_is_at_the_variable() -> None:
    """A fault in a variable's own text is reported where the variable stands, not where it is used."""
    with pytest.raises(TemplateError) as raised:
        scope({"bad": "{{ 1 / 0 }}"}).render("{{ bad }}", Place(file="play.yml"))
    assert raised.value.place == HERE


# --- cost -----------------------------------------------------------------------------------------------------------


def test_jinja_is_loaded_only_where_used() -> None:
    """Importing the package, and rendering what holds no Jinja, does not import Jinja2."""
    code = (
        "import sys; from ndrfix.playbook import Scope; assert Scope().render('{a} plain') == '{a} plain'; "
        "assert not {'jinja2', 'pydantic', 'pypsrp', 'rich'} & sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
