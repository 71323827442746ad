"""What lies in a client's folder is for that client alone: each way in which a file of another could come along."""

from __future__ import annotations

import json

import pytest

from ndrfix.secrets import Secret
from ndrfix.vault import seal
from tests.cli.conftest import BOOK, INVENTORY, Ended, Folder

_CERTIFICATE = "ansible_psrp_auth: certificate\nansible_psrp_protocol: https\nansible_psrp_certificate"
_RUN = "runs/20261125-1200-book-0001"


@pytest.fixture
def two(folder: Folder) -> Folder:
    """The folders of two clients, side by side, and a playbook of nobody."""
    book = BOOK.replace("  tasks:", "  vars_files: [vars.yml]\n  tasks:", 1)
    for name, client in (("acme", "ACME Ltd"), ("nw", "Northwind")):
        place = folder.path / name
        for below in ("group_vars", "sub", _RUN):
            (place / below).mkdir(parents=True)
        files = {
            "client.yml": f"name: {client}\n",
            "inventory.yml": INVENTORY.replace("hosts.yml", "../hosts.yml"),
            "group_vars/all.yml": f"whose: {name}\n",
            "vars.yml": f"whose: {name}\n",
            "book.yml": book,
            "sub/book.yml": BOOK,
            "hosts.txt": "ex01\n",
            "pass": f"password of {name}\n",
            "settings.cfg": "[defaults]\nforks = 2\n",
            f"{_RUN}/journal.jsonl": json.dumps({"event": "run", "schema": "ndrfix.journal/1", "client": "ACME Ltd"})
            + "\n",
        }
        for path, text in files.items():
            (place / path).write_text(text)
    return folder


def refused(ended: Ended, what: str) -> None:
    """The file is said to be Northwind's, with both clients and their places; nothing was done."""
    assert (ended.code, ended.out) == (1, "")
    first, *rest = ended.err.splitlines()
    assert first == f"error: {what} is of client Northwind (nw/client.yml), and this is for ACME Ltd (acme/client.yml)"
    assert "of Northwind alone." in rest[-2] or "of that run." in rest[-2] or "another folder" in rest[-2]
    assert rest[-1] == "client ACME Ltd"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("plan nw/book.yml", "nw/book.yml"),
        ("plan nw/sub/book.yml", "nw/sub/book.yml"),
        ("apply acme/../nw/book.yml --yes", "acme/../nw/book.yml"),
        ("inventory --graph --playbook-dir nw", "nw/group_vars/all.yml"),
        ("inventory --graph -l @nw/hosts.txt", "nw/hosts.txt"),
        ("plan book.yml -l @nw/hosts.txt", "nw/hosts.txt"),
        ("plan book.yml -l ex02,@nw/hosts.txt", "nw/hosts.txt"),
        ("plan book.yml -e @nw/vars.yml", "nw/vars.yml"),
        ("inventory --host ex01 -e @nw/vars.yml", "nw/vars.yml"),
        ("plan book.yml --vault-id x@nw/pass", "the vault password file nw/pass"),
        ("plan book.yml --vault-password-file nw/pass", "the vault password file nw/pass"),
        ("inventory --graph --vault-id nw/pass", "the vault password file nw/pass"),
        ("apply book.yml --yes --runs-dir nw/runs", "the folder of runs nw/runs"),
        ("apply book.yml --yes --runs-dir nw/elsewhere", "the folder of runs nw/elsewhere"),
        ("plan book.yml --json nw/out.json", "the file of --json nw/out.json"),
        (f"undo nw/{_RUN} --yes", f"the run in nw/{_RUN}"),
        (f"resume nw/{_RUN} --yes", f"the run in nw/{_RUN}"),
        ("resume --yes --runs-dir nw/runs", "the folder of runs nw/runs"),
    ],
)
def test_what_the_command_line_names(two: Folder, line: str, what: str) -> None:
    """A file of another client is refused by its name, whichever flag names it."""
    refused(two(f"{line} -i acme/inventory.yml"), what)
    assert two.hosts.host("ex01").writes == ()


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"own.yml": BOOK.replace("  tasks:", "  vars_files: [nw/vars.yml]\n  tasks:", 1)}, "nw/vars.yml"),
        ({"own.yml": BOOK.replace("data: 2", "data: \"{{ lookup('file', 'nw/vars.yml') }}\"")}, "nw/vars.yml"),
        ({"own.yml": BOOK.replace("data: 2", "data: \"{{ lookup('file', '{here}/nw/pass') }}\"")}, "{here}/nw/pass"),
        (
            {"own.yml": BOOK, "nw/sim.yml": "x: {}", "acme/host_vars/ex01.yml": "ndrfix_simulation: ../nw/sim.yml"},
            "acme/../nw/sim.yml",
        ),
        (
            {
                "own.yml": BOOK,
                "acme/host_vars/ex02.yml": f"{_CERTIFICATE}_pem: a.pem\nansible_psrp_certificate_key_pem: nw/key.pem",
            },
            "the certificate nw/key.pem of ex02",
        ),
        (
            {"own.yml": BOOK, "nw/ca.pem": "", "acme/host_vars/ex01.yml": "ansible_psrp_ca_cert: nw/ca.pem"},
            "the certificate nw/ca.pem of ex01",
        ),
        (
            {"own.yml": BOOK, "acme/host_vars/ex01.yml": "ndrfix_password_command: [nw/pass, ex01]"},
            "the password program's file nw/pass of ex01",
        ),
        (
            {
                "own.yml": BOOK,
                "acme/host_vars/ex01.yml": f"ndrfix_password_command: [pw, nw, {'x' * 300}, --from=nw/pass]",
            },
            "the password program's file nw/pass of ex01",
        ),
    ],
)
def test_what_a_file_names(two: Folder, files: dict[str, str], what: str) -> None:
    """The same holds for what playbooks and variables bring along; a place is where they name it."""
    for name, text in files.items():
        path = two.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace("{here}", str(two.path)))
    refused(two("plan own.yml -i acme/inventory.yml"), what.replace("{here}", str(two.path)))


def test_links_do_not_lead_out(two: Folder) -> None:
    """A link in the client's folder to another's file, and one in another's folder to the client's."""
    (two.path / "acme/host_vars").symlink_to("../nw/group_vars")
    (two.path / "nw/host_vars").mkdir()
    (two.path / "nw/group_vars/ex01.yml").write_text("whose: nw\n")
    leads = "acme/host_vars/ex01.yml, which leads to nw/group_vars/ex01.yml,"
    refused(two("plan book.yml -i acme/inventory.yml"), leads)
    (two.path / "acme/host_vars").unlink()
    (two.path / "nw/linked.yml").symlink_to("../acme/book.yml")
    refused(two("plan nw/linked.yml -i acme/inventory.yml"), "nw/linked.yml")
    (two.path / "acme/hosts.yml").symlink_to("../nw/inventory.yml")
    both = (
        "acme/hosts.yml (ACME Ltd) and acme/hosts.yml, which leads to nw/inventory.yml, (Northwind) belong to different"
    )
    assert both in two("inventory -i acme/hosts.yml --graph").err


def test_two_folders_for_one_name_are_told_to_have_one_client_file(two: Folder) -> None:
    """Where the names alone would say nothing."""
    (two.path / "nw/client.yml").write_text("name: ACME Ltd\n")
    ended = two("plan nw/book.yml -i acme/inventory.yml")
    assert "nw/book.yml is of client ACME Ltd (nw/client.yml), and this is for ACME Ltd (acme/client.yml)" in ended.err
    assert "If both are one client's: keep one client.yml, in a folder above both." in ended.err
    ended = two("plan book.yml -i acme/inventory.yml -i nw/inventory.yml")
    assert "nw/inventory.yml (ACME Ltd) belong to two folders for ACME Ltd" in ended.err
    assert "keep one client.yml, in a folder above both." in ended.err


def test_listings_take_an_inventory_of_nobody_whose_folder_has_runs(two: Folder) -> None:
    """As that of jump hosts: a listing has no runs. For others `--runs-dir` says where they are kept."""
    jumps = two.path / "jump/jump.yml"
    (jumps.parent / "runs").mkdir(parents=True)
    jumps.write_text("jumps: {hosts: {jump01: {ansible_connection: simulated, ndrfix_simulation: ../jumps.yml}}}\n")
    (two.path / "jumps.yml").write_text("jump01: {}\n")
    inventories = "-i acme/inventory.yml -i jump/jump.yml"
    for line in ("inventory --graph", "plan book.yml --list-hosts"):
        assert "jump01" in two(f"{line} {inventories}").out
    ended = two(f"plan book.yml -l ex01 {inventories}")
    assert "acme/inventory.yml (ACME Ltd) and jump/jump.yml belong to folders that keep their runs apart" in ended.err
    assert "Say where runs are kept, as in --runs-dir acme/runs, or" in ended.err
    assert two(f"plan book.yml -l ex01 {inventories} --runs-dir acme/runs").code == 0


@pytest.mark.parametrize(
    "line",
    [
        "plan acme/book.yml",
        "plan acme/sub/book.yml",
        "plan book.yml -e @acme/vars.yml -l @acme/hosts.txt --vault-id x@acme/pass --json acme/out.json",
        "plan nw/../acme/book.yml",
        "plan book.yml --runs-dir all",
        "plan audit --list-hosts",
        "inventory --graph --playbook-dir acme/sub",
    ],
)
def test_what_is_the_clients_own_or_nobodys_goes(two: Folder, line: str) -> None:
    """However it is spelled."""
    ended = two(f"{line} -i acme/inventory.yml")
    assert (ended.code, "error" in ended.err, "warning" in ended.err) == (0, False, False)


@pytest.mark.parametrize(
    "line", ["plan acme/book.yml", "plan book.yml -e @acme/vars.yml", "plan book.yml --json acme/o"]
)
def test_a_clients_files_do_not_go_to_hosts_of_nobody(two: Folder, line: str) -> None:
    """Whose they are cannot be told; what to do is."""
    ended = two(f"{line} -i inventory.yml")
    assert ended.code == 1
    assert "is of client ACME Ltd (acme/client.yml), and the inventory is nobody's" in ended.err
    assert ended.err.endswith("  Give one in no client's folder, or work with the files of ACME Ltd alone.\n")


def test_an_inventory_that_is_not_there_is_nobodys_fault_but_that(two: Folder) -> None:
    """A slip in the name of the inventory is told as that, not as files of a client for somebody else."""
    ended = two("plan acme/book.yml -i acme/inventry.yml")
    assert ended.code == 1
    assert ended.err.startswith(
        "error: the file cannot be read: there is no file of that name, did you mean 'inventory.yml'?\n"
        "  acme/inventry.yml:1:1\n"
    )
    elsewhere = two("plan acme/book.yml -i nosuch.yml")
    assert elsewhere.err.startswith("error: the file cannot be read: there is no file of that name")


def test_settings_of_another_client(two: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ndrfix.cfg` in the current folder, or named; the vault passwords that are configured for all are sorted out."""
    monkeypatch.delenv("NDRFIX_CONFIG", raising=False)
    for line in ("plan ../book.yml", "inventory --graph"):
        monkeypatch.chdir(two.path / "nw")
        (two.path / "nw/ndrfix.cfg").write_text("[defaults]\nforks = 2\n")
        ended = two(f"{line} -i ../acme/inventory.yml")
        assert ended.err.startswith(
            "error: the settings file ndrfix.cfg is of client Northwind (client.yml), and this is"
        )
        assert "NDRFIX_CONFIG" in ended.err
        monkeypatch.setenv("NDRFIX_CONFIG", "/dev/null")
        assert two(f"{line} -i ../acme/inventory.yml").code == 0
        monkeypatch.chdir(two.path)
        monkeypatch.setenv("NDRFIX_CONFIG", "nw/settings.cfg")
        refused(two(f"{line.replace('../', '')} -i acme/inventory.yml"), "the settings file nw/settings.cfg")
        monkeypatch.delenv("NDRFIX_CONFIG")
    monkeypatch.setenv("NDRFIX_VAULT_IDENTITY_LIST", "nw@nw/pass, acme@acme/pass")
    (two.path / "acme/group_vars/all.yml").write_text(seal(b"mode: 2\n", Secret("password of nw"), "acme"))
    assert "no vault password given opens the file" in two("plan book.yml -i acme/inventory.yml").err
    (two.path / "acme/group_vars/all.yml").write_text(seal(b"mode: 2\n", Secret("password of acme"), "acme"))
    assert two("plan book.yml -i acme/inventory.yml").code == 0


def test_nothing_is_kept_after_a_command(two: Folder) -> None:
    """One process may run a command for one client, then one for another."""
    for name in ("acme", "nw", "acme"):
        assert two(f"plan {name}/book.yml -i {name}/inventory.yml").code == 0


def test_a_vault_command_is_for_one_client(two: Folder) -> None:
    """The files are of one, and its passwords are."""
    for name in ("acme", "nw"):
        (two.path / name / "sealed").write_text(seal(b"x", Secret(f"password of {name}")))
    assert two("vault view acme/sealed --vault-id acme/pass").code == 0
    refused(two("vault view acme/sealed --vault-id nw/pass"), "the vault password file nw/pass")
    assert "different clients" in two("vault view acme/sealed nw/sealed --vault-id acme/pass").err


@pytest.fixture
def sealing(two: Folder, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """In ACME's folder, whose vault id is known."""
    (two.path / "acme/client.yml").write_text("name: ACME Ltd\nvault_id: [acme, acme-old]\n")
    monkeypatch.chdir(two.path / "acme")
    return two


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("--vault-id nw@pass", "--vault-id nw: the vault id 'nw' is not of client ACME Ltd, whose is acme or acme-old"),
        (
            "--vault-id acme@pass --encrypt-vault-id nw",
            "--encrypt-vault-id nw: the vault id 'nw' is not of client ACME",
        ),
        (
            "--vault-id acme@../nw/pass",
            "the vault password file ../nw/pass is of client Northwind (",
        ),
    ],
)
def test_nothing_is_encrypted_for_another_client(sealing: Folder, line: str, what: str) -> None:
    """By its label, or by the file of the password; whoever works in the folder of a client works for that client."""
    ended = sealing(f"vault encrypt-string text {line}")
    assert (ended.code, ended.out) == (1, "")
    assert f"error: {what}" in ended.err


def test_a_foreign_vault_id_that_is_configured(sealing: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the one to encrypt for it is refused; among many passwords it is left out."""
    monkeypatch.setenv("NDRFIX_VAULT_IDENTITY_LIST", "nw@../nw/pass, acme@pass")
    assert "$ANSIBLE_VAULT;1.2;AES256;acme\n" in sealing("vault encrypt-string text").out
    monkeypatch.setenv("NDRFIX_VAULT_ENCRYPT_IDENTITY", "nw")
    assert "error: vault_encrypt_identity nw: the vault id 'nw' is not of" in sealing("vault encrypt-string text").err


def test_what_has_no_vault_id(sealing: Folder) -> None:
    """It is told when it is made. It opens with the client's password, or one that is given without a label."""
    ended = sealing("vault encrypt-string text --vault-password-file pass")
    assert "$ANSIBLE_VAULT;1.1;AES256\n" in ended.out
    assert "warning: the value gets no vault id, and ACME Ltd has acme or acme-old: as in --vault-id acme@" in ended.err
    (sealing.path / "acme/group_vars/all.yml").write_text(seal(b"mode: 2\n", Secret("password of acme")))
    for given in ("--vault-id acme@pass", "--vault-id acme-old@pass", "--vault-password-file pass"):
        assert sealing(f"plan book.yml -i inventory.yml {given}").code == 0


def test_a_file_is_not_rekeyed_for_another_client(sealing: Folder) -> None:
    """Neither by label nor by file."""
    text = seal(b"x", Secret("password of acme"), "acme")
    (sealing.path / "acme/sealed").write_text(text)
    for new in ("--new-vault-id nw@pass", "--new-vault-id acme@../nw/pass", "--new-vault-password-file ../nw/pass"):
        ended = sealing(f"vault rekey sealed --vault-id acme@pass {new}")
        assert ended.code == 1
        assert "of client" in ended.err
    assert (sealing.path / "acme/sealed").read_text() == text


_ACME = "client ACME Ltd (acme/client.yml)\n"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("inventory --graph -i acme/inventory.yml", _ACME),
        ("inventory --list -i acme/inventory.yml", _ACME),
        ("inventory --host ex01 -i acme/inventory.yml", _ACME),
        ("inventory --host ex01 --explain -i acme/inventory.yml", _ACME),
        ("plan book.yml --list-hosts -i acme/inventory.yml", _ACME),
        ("apply book.yml --list-tasks --list-tags -i acme/inventory.yml", _ACME),
        ("vault view acme/sealed --vault-id acme/pass", _ACME),
        ("lint acme/book.yml", _ACME),
        ("lint acme nw", "clients ACME Ltd (acme/client.yml), Northwind (nw/client.yml)\n"),
    ],
)
def test_the_client_is_told_where_the_page_has_a_form_of_its_own(two: Folder, line: str, told: str) -> None:
    """On standard error, since others read the page; nothing is said for nobody."""
    (two.path / "acme/sealed").write_text(seal(b"x", Secret("password of acme")))
    ended = two(line)
    assert ended.err.startswith(told)
    assert ended.err.count("client") == told.count("client")


def test_settings_and_new_values_tell_the_client(two: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """In whose folder one is."""
    assert "client" not in two("config").err
    assert json.loads(two("config --json").out)["client"] == ""
    monkeypatch.chdir(two.path / "acme/sub")
    told = f"client ACME Ltd ({two.path / 'acme/client.yml'})\n"
    assert two("config").err.startswith(told)
    assert json.loads(two("config --json").out)["client"] == "ACME Ltd"
    assert told in two("vault encrypt-string x --vault-password-file ../pass").err


@pytest.mark.parametrize("line", ["plan nowhere.yml", "inventory --host nobody", "plan book.yml -l nobody"])
def test_an_error_tells_the_client(two: Folder, line: str) -> None:
    """Whoever sees nothing but the error knows for whom it was."""
    assert two(f"{line} -i acme/inventory.yml").err.endswith("\nclient ACME Ltd\n")
    assert "client" not in two(f"{line} -i inventory.yml").err
