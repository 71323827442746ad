"""A marked secret in every place where one can go, every verb and verbosity: nothing that ndrfix writes holds it.

What was written is searched by decoding whatever may be an encoding, not with the mask's own list of spellings, and for
the middle of each secret alone, so that one that is cut in two is found as well.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import sys
import urllib.parse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ndrfix.cli.job import Job
from ndrfix.connections.simulated import Simulation
from ndrfix.resources import ABSENT, RegistryData, RegistryKey, RegistryType, RegistryValue
from ndrfix.secrets import Secret
from ndrfix.steps import STEPS
from ndrfix.steps.base import Observed, StepPlan
from ndrfix.steps.set_registry import STEP as SET_REGISTRY
from ndrfix.testing import Account, Scheme, WinRMEndpoint
from ndrfix.vault import seal
from tests.cli.conftest import Folder

CHANNELS = (
    *("vaultpw", "vaultvalue", "vaultfile", "environment", "prompt", "extra", "hostvar", "program", "wrong"),
    *("nologold", "nolognew", "mixed", "vaulted2", "proxy"),
    *("sealedfile", "tokenfile", "unsigned", "named", "address", "setting"),
)
CORES = {name: f"Zq7k{name}Xv9w" for name in CHANNELS}
MARKS = {name: Secret(f"p <\"{core}'&%> ü") for name, core in CORES.items()}
KEY = RegistryKey.parse(r"HKLM\SOFTWARE\Acme")
BOOK = r"""
- name: Everything that is secret
  hosts: all
  vars_files: [sealed.yml]
  tasks:
    - name: An encrypted value
      set_registry: {path: 'HKLM\SOFTWARE\Acme', name: One, type: string, data: '{{ own }}'}
    - name: A part of a longer text
      set_registry: {path: 'HKLM\SOFTWARE\Acme', name: Two, type: string, data: 'user={{ api_token }};x'}
    - name: Its bytes
      set_registry: {path: 'HKLM\SOFTWARE\Acme', name: Blob, type: binary, data: 'hex:00'}
    - name: In a loop
      set_registry: {path: 'HKLM\SOFTWARE\Acme', name: Loop, type: string, data: '{{ item }}'}
      loop: ['{{ from_file }}', '{{ extra_token }}']
    - name: Encoded on the way
      set_registry: {path: 'HKLM\SOFTWARE\Acme', name: Encoded, type: string, data: '{{ own | urlencode }}'}
    - name: From files
      vars: {both: "{{ lookup('file', 'note') }} {{ smtp_token }}"}
      set_registry: {path: 'HKLM\SOFTWARE\Acme', name: Files, type: string, data: '{{ both }}'}
    - name: From a file in a condition
      manual: {instruction: x}
      when: lookup('file', 'note') | length > 1000
    - name: Not to be logged
      set_registry: {path: 'HKLM\SOFTWARE\Acme', name: Hidden, type: string, data: NOLOGNEW}
      no_log: true
      register: secretly
      notify: Restart
    - name: What a hidden task found
      manual: {instruction: 'It was {{ secretly.before["HKLM\\SOFTWARE\\Acme\\Hidden"].data }}.'}
    - name: The same in another way
      manual: {instruction: "{{ secretly.before.values() | map(attribute='data') | join(',') | upper }}"}
    - name: A check that fails
      check_registry: {path: 'HKLM\SOFTWARE\Acme', name: Old, data: '{{ own }}', advice: 'Set it to {{ own }}.'}
      ignore_errors: true
    - name: A hidden check that fails
      check_registry: {path: 'HKLM\SOFTWARE\Acme', name: Old, type: string, data: NOLOGNEW}
      ignore_errors: true
      no_log: true
      register: looked
    - name: What a hidden check said
      manual: {instruction: "{{ looked.checks[0].text }}"}
    - name: By hand
      manual: {instruction: 'Type {{ api_token }} into the form.'}
    - name: A condition
      manual: {instruction: x}
      when: own == 'something else'
  handlers:
    - name: Restart
      restart_service: {name: MSExchangeIMC}
"""
NAMES = ("ex01", "ex02", "ex03", "ex04", "ex05", "ex06", "ex07", "ex08")


def decoded(data: bytes) -> Iterator[bytes]:
    """The data, and whatever in it can be read as base64 or hexadecimal digits, those of registry files too."""
    yield data
    for run in set(re.findall(rb"[A-Za-z0-9+/_-]{10,}", data)):
        plain = run.replace(b"-", b"+").replace(b"_", b"/")
        for start in range(4):
            piece = plain[start:]
            yield base64.b64decode(piece[: len(piece) // 4 * 4])
    spaced = re.findall(rb"(?:[0-9A-Fa-f]{2}(?:,\s*\\?\s*(?:0x)?|[ :-])){6,}[0-9A-Fa-f]{2}", data)
    for run in {*re.findall(rb"[0-9A-Fa-f]{12,}", data), *(re.sub(rb"0x|[^0-9A-Fa-f]", b"", each) for each in spaced)}:
        for start in range(2):
            piece = run[start:]
            yield binascii.unhexlify(piece[: len(piece) // 2 * 2])


def found_in(data: bytes) -> set[str]:
    """The channels whose secret the data hold, in whatever encoding."""
    found = set()
    for form in decoded(data):
        lower = form.lower()
        for name, core in CORES.items():
            spelled = core.lower()
            if any(spelled.encode(coding) in lower for coding in ("utf-8", "utf-16-le", "utf-16-be")):
                found.add(name)
    return found


def test_the_search_finds() -> None:
    """The search knows each encoding, amid other text and in the middle of other bytes."""
    core = CORES["extra"]
    for coding in ("utf-8", "utf-16-le", "utf-16-be"):
        raw = core.encode(coding)
        for before in range(3):
            framed = b"x" * before + raw + b"yz"
            listed = b"hex(2):" + framed.hex(",").encode().replace(b",", b",\\\r\n  ", 1)
            for spelled in (
                listed,
                framed.hex(" ").encode(),
                framed,
                base64.b64encode(framed),
                base64.urlsafe_b64encode(framed),
                framed.hex().encode(),
            ):
                assert found_in(b'{"a": "' + spelled + b'"}') == {"extra"}
    assert found_in(core.upper().encode()) == {"extra"}
    assert found_in(core[1:].encode()) == set()


def block(name: str) -> str:
    """A secret as an encrypted value."""
    lines = seal(MARKS[name].reveal().encode(), MARKS["vaultpw"], "prod").splitlines()
    return "!vault |\n" + "".join(f"  {line}\n" for line in lines)


class Scene:
    """Hosts behind WinRM, each with its password from elsewhere, and a playbook full of secrets."""

    def __init__(self, folder: Folder, endpoint: WinRMEndpoint) -> None:
        self.folder = folder
        self.endpoint = endpoint
        self.inputs: set[Path] = set()
        self.said: dict[str, str] = {}

    def write(self, name: str, text: str) -> None:
        """Write a file that is the user's, not ndrfix's."""
        path = self.folder.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.inputs.add(path)

    def run(self, line: str, *codes: int) -> None:
        """Run a command line that ends with one of these codes, and keep what it says."""
        ended = self.folder(line)
        self.said[line] = ended.out + ended.err
        assert ended.code in (codes or (0,)), self.said[line]

    def leaks(self) -> set[tuple[str, str]]:
        """Where which secret was written: command lines, and files that are not the user's; but for backups."""
        found = {(line, name) for line, text in self.said.items() for name in found_in(text.encode())}
        for path in self.folder.path.rglob("*"):
            if path.is_file() and path not in self.inputs and "backup" not in path.parts:
                found |= {(path.name, name) for name in found_in(path.read_bytes())}
        return found


def simulation() -> str:
    """Hosts whose registry holds what must not be logged."""
    services = {"MSExchangeIMC": {"status": "running", "start": "automatic", "image": r"C:\x.exe"}}
    blob = MARKS["mixed"].reveal().encode("utf-16-le").hex(",")
    values = {"Hidden": MARKS["nologold"].reveal(), "Old": "plain", "Blob": {"type": "binary", "data": f"hex:{blob}"}}
    first = {
        "computer": {"name": "EX01", "os_version": "5.0.2195"},
        "registry": {str(KEY): values},
        "services": services,
    }
    return yaml.safe_dump({name: first | {"computer": {"name": name.upper()}} for name in NAMES}, allow_unicode=True)


@pytest.fixture
def scene(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """The scene, with somebody at the keyboard who types one password."""
    own = dict(zip(NAMES, ("vaultvalue", "vaultfile", "environment", "prompt", "hostvar", "program"), strict=False))
    accounts = {host: Account("svc-ndr", MARKS[name]) for host, name in own.items()}
    monkeypatch.setenv("ACME_PASSWORD", MARKS["environment"].reveal())
    monkeypatch.setattr("click.prompt", lambda *_, **__: MARKS["prompt"].reveal())
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    with WinRMEndpoint(Simulation.parse(simulation()), schemes=[Scheme.NEGOTIATE], accounts=accounts) as endpoint:
        scene = Scene(folder, endpoint)
        inventory = yaml.safe_load(endpoint.inventory())
        for variables in inventory["all"]["hosts"].values():
            del variables["ansible_password"]
        scene.inputs |= set(folder.path.iterdir())
        scene.write("wire.yml", yaml.safe_dump(inventory))
        scene.write("pw", MARKS["vaultpw"].reveal() + "\n")
        scene.write("store", MARKS["program"].reveal())
        program = "print(open('store', encoding='utf-8').read())"
        passwords = {
            "ex01": f"ansible_password: {block('vaultvalue')}",
            "ex03": "ansible_password: \"{{ lookup('env', 'ACME_PASSWORD') }}\"\n",
            "ex05": yaml.safe_dump({"ansible_password": MARKS["hostvar"].reveal()}),
            "ex06": yaml.safe_dump({"ndrfix_password_command": [sys.executable, "-X", "utf8", "-c", program]}),
            "ex07": yaml.safe_dump({"ansible_password": MARKS["wrong"].reveal()}),
            "ex08": f"ansible_password: x\nansible_psrp_proxy: http://svc:{CORES['proxy']}%40@127.0.0.1:9\n",
        }
        for host, text in passwords.items():
            scene.write(f"host_vars/{host}.yml", text)
        sealed = yaml.safe_dump({"ansible_password": MARKS["vaultfile"].reveal()}, allow_unicode=True)
        scene.write("host_vars/ex02.yml", seal(sealed.encode(), MARKS["vaultpw"]))
        shared = yaml.safe_dump({"api_token": MARKS["mixed"].reveal()}, allow_unicode=True)
        shared += "smtp_token: \"{{ lookup('file', 'token') }}\"\n"
        scene.write("group_vars/all.yml", f"{shared}own: {block('vaulted2')}")
        variables = yaml.safe_dump({"from_file": MARKS["vaultfile"].reveal()}, allow_unicode=True)
        scene.write("sealed.yml", seal(variables.encode(), MARKS["vaultpw"]))
        scene.write("note", seal(MARKS["sealedfile"].reveal().encode(), MARKS["vaultpw"]))
        scene.write("files/token", MARKS["tokenfile"].reveal())
        scene.write("extra.yml", yaml.safe_dump({"extra_token": MARKS["extra"].reveal()}, allow_unicode=True))
        scene.write("secrets.yml", BOOK.replace("NOLOGNEW", "'" + MARKS["nolognew"].reveal().replace("'", "''") + "'"))
        yield scene


WIRE = "-i wire.yml --vault-id prod@pw -k -e @extra.yml --json out.json"


def test_no_secret_is_written(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plan, apply, undo, resume and inventory, at every verbosity, with and without bugs: no secret anywhere."""
    monkeypatch.setenv("NDRFIX_DEBUG", "1")
    scene.run(f"plan secrets.yml {WIRE} -vvvv", 4)
    for verbosity in ("", " -v", " -vv"):
        scene.run(f"plan secrets.yml {WIRE}{verbosity} -l ex01,ex02,ex03,ex04,ex05,ex06", 2)
    scene.run(f"apply secrets.yml {WIRE} --yes -vvv", 4)
    for name in NAMES[:6]:
        now = scene.endpoint.host(name).host.read(RegistryValue(KEY, "Hidden"))
        assert now == RegistryData(RegistryType.STRING, MARKS["nolognew"].reveal())
    [run] = (scene.folder.path / "runs").glob("2*-secrets-*")
    scene.run(f"undo {run} {WIRE} -vvv --yes")
    for name in NAMES[:6]:
        now = scene.endpoint.host(name).host.read(RegistryValue(KEY, "Hidden"))
        assert now == RegistryData(RegistryType.STRING, MARKS["nologold"].reveal())
        assert scene.endpoint.host(name).host.read(RegistryValue(KEY, "One")) == ABSENT
    scene.run(f"resume {run.name} {WIRE} -vvv --yes", 1)
    scene.run(f"resume {WIRE} --yes", 0, 2, 4)
    for what in ("--list", "--graph", "--host ex01", "--host ex02", "--host ex05", "--host ex08"):
        for vault in ("", " --vault-id prod@pw"):
            scene.run(f"inventory -i wire.yml -e @extra.yml {what}{vault}")
    for what in ("--list-hosts", "--list-tasks", "--list-tags"):
        scene.run(f"plan secrets.yml {WIRE} {what}")
    for what in ("--explain --host ex01", "--explain --host ex05 --vault-id prod@pw -e @extra.yml"):
        scene.run(f"inventory -i wire.yml {what}")
    scene.run("config")
    assert scene.leaks() == set()
    assert "********" in scene.said[f"plan secrets.yml {WIRE} -vvvv"]


SIGNS = {
    "blank.yml": "all:\n  vars:\n    ansible_password CORE\n    x: 1\n",
    "semicolon.yml": "all:\n  vars:\n    ansible_user: u\n    ansible_password;CORE\n",
    "dash.yml": "all:\n  vars:\n    ansible_password- CORE\n    x: 1\n",
    "equals.yml": "all:\n  vars:\n    ansible_password = CORE: x\n    x: @\n",
    "flow.yml": "all: {hosts: {h: {x: 1, ansible_password CORE, y: 2}}}\n",
    "deep.yml": "all: {hosts: {h: {relay: {x: 1, smtp_pass;CORE, y: 2}}}}\n",
    "next.yml": "all:\n  vars:\n    ansible_password\n      CORE\n    x: 1\n",
    "folded.yml": "all:\n  vars:\n    adminPassword: >\n      a\n      CORE\n     CORE: @\n",
    "words.yml": "all:\n  hosts: ansible_password CORE\n",
    "host.yml": "all:\n  hosts:\n    ex01: my_pw CORE x=1\n",
    "colon.ini": "[a]\nex01 ansible_password : CORE\n",
    "blank.ini": "[a]\nex01 ansible_password CORE\nex02\n",
    "vars.ini": "[a:vars]\nansible_password CORE\n",
    "quote.ini": "[a]\nex01 ansible_password='a\nCORE'\n",
    "member.ini": "[a]\nansible_password;CORE\n",
}


@pytest.mark.parametrize("verbosity", ["", " -v", " -vv", " -vvv", " -vvvv"])
def test_no_secret_is_in_an_error_about_its_own_line(scene: Scene, verbosity: str) -> None:
    """Where the colon or the equals sign behind a secret's name is missing or wrong, in YAML and INI."""
    for name, text in SIGNS.items():
        scene.write(name, text.replace("CORE", CORES["unsigned"]))
        scene.run(f"plan secrets.yml -i {name} --vault-id prod@pw -e @extra.yml{verbosity}", 1)
        scene.run(f"inventory -i {name} --list", 1)
        for form in ("text", "json"):
            scene.run(f"lint -f {form} {name}", 1)
    scene.write("sign.yml", f"- hosts: all\n  vars:\n    smtp_pass {CORES['unsigned']}\n  tasks: []\n")
    scene.write("flow_sign.yml", f"- hosts: all\n  vars: {{smtp_pass {CORES['unsigned']}, y: 2}}\n  tasks: []\n")
    for name in ("sign.yml", "flow_sign.yml"):
        scene.run(f"plan {name} {WIRE}{verbosity}", 1)
        scene.run(f"lint {name}", 1)
    assert "ex01 ansible_password ********" in scene.said["inventory -i blank.ini --list"]
    assert scene.leaks() == set()


def test_no_secret_is_shown_by_whatever_name(scene: Scene) -> None:
    """The inventory knows each by its name or, in an address, by its place, however deep."""
    core, address = CORES["named"], f"http://svc:{CORES['address']}@proxy:8080/a"
    names = ("adminPassword", "ansible_password_old", "passwords", "my_pw", "aws_access_key", "relay_pasword", "creds")
    variables = dict.fromkeys(names, core) | {
        "api_tokens": [core],
        "credentials": {"user": "svc", "secretKey": core, "old": [core]},
        "relay": {"smtp-pass": core, "url": address},
        "ansible_psrp_proxy": address,
    }
    scene.write("names.yml", yaml.safe_dump({"all": {"vars": variables, "hosts": {"ex01": None}}}))
    for what in ("--list", "--graph", "--host ex01", "--host ex01 --explain"):
        scene.run(f"inventory -i names.yml {what}")
    host = scene.said["inventory -i names.yml --host ex01"]
    assert '"user": "svc"' in host
    assert '"http://svc:********@proxy:8080/a"' in host
    assert host.count("********") == len(names) + 8  # two are of all hosts
    scene.write("port.yml", f"all: {{hosts: {{h: {{ansible_host: '{address}'}}}}}}\n")
    scene.write("none.yml", "- hosts: all\n  tasks:\n    - manual: {instruction: x}\n      name: x\n")
    scene.run("plan none.yml -i port.yml --vault-id prod@pw", 1)
    assert "Write ansible_host: proxy, ansible_port: 8080" in scene.said["plan none.yml -i port.yml --vault-id prod@pw"]
    scene.run("lint names.yml port.yml", 1)
    assert scene.leaks() == set()


@pytest.mark.parametrize(
    ("variable", "line"),
    [
        ("NDRFIX_ASK_PASS", ""),
        ("NDRFIX_ASK_VAULT_PASS", ""),
        ("", "ask_pass = CORE"),
        ("", "ask_pass CORE"),
        ("", "ask_vault_pass: CORE"),
        ("", "ansible_password = CORE"),
        ("", "vault_password CORE = x"),
        ("", "  ask_pass = CORE"),
    ],
)
def test_no_secret_is_in_an_error_of_the_settings(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, variable: str, line: str
) -> None:
    """A password where a yes was asked for, or under a name that is none, is not repeated."""
    if variable:
        monkeypatch.setenv(variable, CORES["setting"])
    if line:
        monkeypatch.setenv("NDRFIX_CONFIG", "ndrfix.cfg")
        scene.write("ndrfix.cfg", f"[defaults]\n{line.replace('CORE', CORES['setting'])}\n")
    scene.run("plan secrets.yml -i wire.yml", 1)
    scene.run("config", 1)
    assert scene.leaks() == set()


def test_no_secret_is_in_an_error(scene: Scene) -> None:
    """Wrong input near secrets: the line of the file is shown, without them."""
    secret = MARKS["hostvar"].reveal().replace("'", "''")
    scene.write("twice.yml", f"a: {{hosts: {{h: {{ansible_password: '{secret}', ansible_password: '{secret}'}}}}}}\n")
    scene.write("tab.yml", f"a:\n  vars:\n    ansible_password: '{secret}\n\t x: 1\n")
    scene.write("kind.yml", f"a: {{hosts: {{h: {{ansible_password: ['{secret}'], ansible_user: u}}}}}}\n")
    for name in ("twice.yml", "tab.yml", "kind.yml"):
        scene.run(f"plan secrets.yml -i {name} --vault-id prod@pw -e @extra.yml", 1)
    scene.run("plan secrets.yml -i wire.yml --vault-password-file secrets.yml -e @extra.yml", 1)
    scene.run("plan secrets.yml -i wire.yml -k -e @extra.yml", 1)
    scene.write("broken.yml", (scene.folder.path / "secrets.yml").read_text().replace("type: string", "type: dword"))
    scene.run(f"plan broken.yml {WIRE}", 1)
    assert scene.leaks() == set()


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "codeclimate", "junit", "pep8"])
def test_no_secret_is_in_a_finding(scene: Scene, form: str) -> None:
    """A linter shows lines of the user's files: those of secrets without what they hold."""
    secret = MARKS["hostvar"].reveal().replace("'", "''")
    for name, text in {
        "clear.yml": f"all:\n  vars:\n    ansible_password: '{secret}'\n    smtp_token:   '{secret}'  \n",
        "task.yml": "- hosts: all\n  tasks:\n    - name: it\n      no_log: yes\n      set_registry: "
        f"{{path: 'HKLM\\SOFTWARE\\Acme', nmae: x, data: '{secret}'}}\n",
        "twice.yml": f"all: {{vars: {{api_token: '{secret}', api_token: '{secret}'}}}}\n",
        "broken.yml": f"all:\n  vars:\n    ansible_password: '{secret}\n  hosts: {{a: }}\n",
        "address.yml": f"all:\n  hosts:\n    'http://svc:{CORES['proxy']}@ex01':\n",
    }.items():
        scene.write(name, text)
    scene.run(f"lint -f {form}", 0, 1, 2)
    scene.run(f"lint clear.yml task.yml -f {form} -o found", 0, 1, 2)
    scene.run("lint clear.yml task.yml address.yml --write-baseline known", 0, 1, 2)
    fix = "- restart_service: {name: Microsoft Exchange Internet Mail Service}\n      name: it"
    scene.write("fix.yml", f"- hosts: all\n  tasks:\n    {fix}\n  vars:\n    smtp_token: '{secret}'\n")
    scene.run("lint fix.yml --diff")
    assert "smtp_token" in scene.said["lint fix.yml --diff"]
    assert "nmae" in scene.said[f"lint -f {form}"]
    assert scene.leaks() == set()


def test_no_value_under_no_log_is_in_a_bug(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ndrfix does wrong with a hidden task is told by its kind: the error's text may hold its values."""
    monkeypatch.setenv("NDRFIX_DEBUG", "1")
    phase = SET_REGISTRY.phases[0]

    def fail(args: Any, observed: Observed) -> StepPlan:
        if args.name != "Hidden":
            return phase.plan(args, observed)
        raise TypeError(f"{args}")

    broken = replace(SET_REGISTRY, phases=(replace(phase, plan=fail),))
    monkeypatch.setattr("ndrfix.cli.job.STEPS", tuple(broken if each is SET_REGISTRY else each for each in STEPS))
    scene.run(f"plan secrets.yml {WIRE} -l ex01 -vvv", 2, 250)
    assert "TypeError" in scene.said[f"plan secrets.yml {WIRE} -l ex01 -vvv"]
    assert scene.leaks() == set()


def test_no_secret_is_in_a_strange_exception(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that fails with the password in its text, as none should, is a bug or a fault without it."""
    monkeypatch.setenv("NDRFIX_DEBUG", "1")
    secret = MARKS["vaultvalue"].reveal()
    of_powershell = "".join(f"\\u{ord(sign):04x}" if sign in "<>&'" else sign for sign in json.dumps(secret)[1:-1])
    of_dotnet = html.escape(secret).replace("&#x27;", "&#39;").replace("ü", "&#xFC;")
    in_address = urllib.parse.quote(urllib.parse.quote(secret, safe="!'()*"), safe="")
    lines = base64.encodebytes(b"x" * 45 + secret.encode()).decode()
    escaped = f'{{"a": "{of_powershell}\\/"}} <b c="{of_dotnet}"/> https://x/?y={in_address} {lines}'
    texts = [secret, base64.b64encode(f"svc:{secret}".encode()).decode(), escaped, json.dumps(escaped)]
    for kind in (ValueError, OSError, RuntimeError, KeyError):
        for text in texts:

            def fail(*_: object, kind: type[Exception] = kind, text: str = text, **__: object) -> None:
                raise kind(f"Authorization: {text}")

            with monkeypatch.context() as patched:
                patched.setattr("pypsrp.wsman.WSMan.invoke", fail)
                patched.setattr("pypsrp.wsman._TransportHTTP.send", fail)
                scene.run(f"plan secrets.yml {WIRE} -l ex01 -vvv", 2, 4, 250)
    assert scene.leaks() == set()


def test_no_secret_is_in_a_bug(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A traceback of ndrfix itself, asked for with NDRFIX_DEBUG, goes through the mask, too."""
    monkeypatch.setenv("NDRFIX_DEBUG", "1")

    def fail(job: Job, *_: object) -> None:
        raise TypeError(f"{job.vault} {MARKS['vaulted2'].reveal()!r}")

    monkeypatch.setattr(Job, "show", fail)
    scene.run(f"plan secrets.yml {WIRE} -l ex01", 250)
    assert scene.leaks() == set()
