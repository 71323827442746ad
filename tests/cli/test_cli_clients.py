"""A run is for one client: it says so everywhere, and keeps clients apart."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ndrfix.secrets import Secret
from ndrfix.vault import seal
from tests.cli.conftest import BOOK, HOSTS, INVENTORY, Folder


@pytest.fixture
def acme(folder: Folder) -> Folder:
    """The folder is that of a client; one of another lies in `nw`, with hosts of the same names."""
    folder.write("client.yml", "name: ACME Ltd\n")
    other = folder.path / "nw"
    other.mkdir()
    for name, text in (("hosts.yml", HOSTS), ("inventory.yml", INVENTORY), ("client.yml", "name: Northwind\n")):
        (other / name).write_text(text)
    return folder


def run_of(folder: Path) -> Path:
    """The one run below a folder."""
    [run] = folder.glob("2*")
    return run


def left_owing(runs: Path) -> Path:
    """The one run of a folder, made to look as if it had broken off before its handler."""
    run = run_of(runs)
    lines = (run / "journal.jsonl").read_text().splitlines()
    kept = [line for line in lines if '"MSExchangeIMC"' not in line and '"handled"' not in line]
    (run / "journal.jsonl").write_text("\n".join(kept) + "\n")
    return run


def test_every_page_and_file_names_the_client(acme: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Screens, question, result and journal."""
    assert " · client ACME Ltd · playbook book.yml" in acme("plan book.yml -i inventory.yml").out.splitlines()[0]
    applied = acme("apply book.yml -i inventory.yml --yes")
    assert applied.out.count(" · client ACME Ltd · ") == 2
    run = run_of(Path("runs"))
    assert json.loads((run / "run.json").read_text())["client"] == "ACME Ltd"
    assert json.loads((run / "journal.jsonl").read_text().splitlines()[0])["client"] == "ACME Ltd"
    asked: list[str] = []

    def answer(question: str, **_: object) -> str:
        asked.append(question)
        return ""

    monkeypatch.setattr("click.prompt", answer)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    undo = acme(f"undo {run.name} -i inventory.yml")
    assert " · client ACME Ltd · playbook undo of " in undo.out.splitlines()[0]
    assert "to 2 hosts of ACME Ltd (ex01, ex02)?" in asked[0]


def test_reports_carry_what_the_client_wants(acme: Folder) -> None:
    """Contact and footer on the screen, in every file also the picture and the colour."""
    acme.write("acme.png", "")
    report = '{logo: acme.png, colour: "#1F4E79", footer: Confidential}'
    acme.write("client.yml", f"name: ACME Ltd\ncontact: Ann Example, 1234\nreport: {report}\n")
    lines = acme("apply book.yml -i inventory.yml --yes").out.splitlines()
    assert lines[1] == "Contact of ACME Ltd: Ann Example, 1234"
    assert (lines[-2], lines.count("Confidential")) == ("Confidential", 2)
    carried = {"contact": "Ann Example, 1234", "logo": "acme.png", "colour": "#1f4e79", "footer": "Confidential"}
    assert json.loads((run_of(Path("runs")) / "run.json").read_text())["letterhead"] == carried


def test_without_a_client_nothing_is_said(folder: Folder) -> None:
    """The result has the field, empty."""
    assert "client" not in folder("plan book.yml -i inventory.yml --json run.json").out
    assert json.loads(Path("run.json").read_text())["client"] == ""


def test_two_clients_in_one_call_are_refused(acme: Folder) -> None:
    """In every verb that takes inventories; nothing is done."""
    for line in ("apply book.yml --yes", "plan book.yml", "inventory --graph", "resume --yes", "undo nothing --yes"):
        ended = acme(f"{line} -i inventory.yml -i nw/inventory.yml")
        assert ended.code == 1
        assert "inventory.yml (ACME Ltd) and nw/inventory.yml (Northwind) belong to different clients" in ended.err
    assert acme.hosts.host("ex01").writes == ()


def test_a_run_is_not_undone_on_the_hosts_of_another_client(acme: Folder) -> None:
    """Although they have the same names; the own inventory takes it back."""
    acme("apply book.yml -i inventory.yml --yes")
    run = run_of(Path("runs"))
    for verb in ("undo", "resume"):
        ended = acme(f"{verb} {run} -i nw/inventory.yml --yes")
        assert ended.code == 1
        assert f"the run in {run} is of client ACME Ltd (client.yml), and this is for Northwind" in ended.err
    assert acme(f"undo {run} -i inventory.yml --yes").code == 0


def test_a_client_may_get_another_name(acme: Folder) -> None:
    """It says so; a run under another name may have been copied from elsewhere, and is refused."""
    acme("apply book.yml -i inventory.yml --yes")
    run = run_of(Path("runs"))
    for text, told in (("name: ACME plc\n", "is of client ACME plc"), ("", "is of no client")):
        (acme.path / "client.yml").unlink()
        if text:
            acme.write("client.yml", text)
        for verb in ("undo", "resume"):
            ended = acme(f"{verb} {run.name} -i inventory.yml --yes")
            assert f"the run in {run} was for client ACME Ltd, and inventory.yml {told}" in ended.err
            assert ("add 'formerly: ACME Ltd' to client.yml" in ended.err) == bool(text)
        acme.write("client.yml", text)
    acme.write("client.yml", "name: ACME plc\nformerly: [ACME, ACME Ltd]\n")
    assert acme(f"undo {run.name} -i inventory.yml --yes").code == 0


def test_a_folder_of_runs_for_several_clients_keeps_them_apart(acme: Folder) -> None:
    """A handler that is owed to one client's host is not shown for the other's host of that name."""
    every = f"../{acme.path.name}-runs"
    (acme.path / "nw" / "book.yml").write_text(BOOK)
    acme(f"apply book.yml -i inventory.yml --yes --runs-dir {every}")
    run = left_owing(Path(every))
    assert "owed since run" in acme(f"plan book.yml -i inventory.yml --runs-dir {every}").out
    assert "owed since run" not in acme(f"plan nw/book.yml -i nw/inventory.yml --runs-dir {every}").out
    assert "was for client ACME Ltd" in acme(f"undo {run.name} -i nw/inventory.yml --runs-dir {every} --plan").err
    assert acme(f"undo {run.name} -i inventory.yml --runs-dir {every} --plan").code == 0


def test_a_folder_of_runs_that_two_clients_link_to_keeps_them_apart(acme: Folder) -> None:
    """As one that `--runs-dir` names; what names nobody may be the other's."""
    (acme.path / "nw" / "book.yml").write_text(BOOK)
    every = acme.path.with_name(f"{acme.path.name}-every")
    every.mkdir()
    for place in (acme.path, acme.path / "nw"):
        (place / "runs").symlink_to(every)
    acme("apply book.yml -i inventory.yml --yes")
    journal = left_owing(every) / "journal.jsonl"
    assert "owed since run" in acme("plan book.yml -i inventory.yml").out
    other = acme("plan nw/book.yml -i nw/inventory.yml")
    assert ("owed since run" in other.out, "do not count" in other.err) == (False, False)
    journal.write_text(journal.read_text().replace("ACME Ltd", ""))
    for line in ("book.yml -i inventory.yml", "nw/book.yml -i nw/inventory.yml"):
        ended = acme(f"plan {line}")
        assert "owed since run" not in ended.out
        assert "that were for nobody who is named do not count here. Move what is of " in ended.err


@pytest.mark.parametrize("verb", ["plan nw/book.yml", "apply nw/book.yml --yes", "resume --plan"])
def test_runs_are_not_kept_in_the_folder_of_another_client(acme: Folder, verb: str) -> None:
    """Although only a link leads there, which nobody named."""
    (acme.path / "runs").mkdir()
    (acme.path / "nw" / "book.yml").write_text(BOOK)
    (acme.path / "nw" / "runs").symlink_to("../runs")
    ended = acme(f"{verb} -i nw/inventory.yml")
    assert ended.code == 1
    assert "the folder of runs nw/runs is of client ACME Ltd (client.yml), and this is for Northwind" in ended.err
    assert "or name another one with --runs-dir" in ended.err
    assert not list((acme.path / "runs").iterdir())


def test_runs_that_came_with_a_copied_folder_do_not_count(acme: Folder) -> None:
    """They are told: the client may have had that name. With `formerly` they count."""
    acme("apply book.yml -i inventory.yml --yes")
    left_owing(acme.path / "runs")
    assert "owed since run" in acme("plan book.yml -i inventory.yml").out
    acme.write("client.yml", "name: Contoso\n")
    for line in ("plan book.yml", "resume --plan"):
        ended = acme(f"{line} -i inventory.yml")
        assert "owed since run" not in ended.out
        assert "warning: runs in runs that were for client ACME Ltd do not count here. If Contoso had" in ended.err
        assert "add 'formerly: ACME Ltd' to client.yml; if not, move what is of ACME Ltd to its folder." in ended.err
    acme.write("client.yml", "name: Contoso\nformerly: ACME Ltd\n")
    ended = acme("plan book.yml -i inventory.yml")
    assert ("owed since run" in ended.out, "do not count" in ended.err) == (True, False)


def test_runs_of_nobody_count_in_the_clients_own_folder_only(folder: Folder) -> None:
    """One that was made before there was a client.yml: elsewhere it may be anybody's."""
    every = folder.path.with_name(f"{folder.path.name}-all")
    folder("apply book.yml -i inventory.yml --yes")
    own = left_owing(folder.path / "runs")
    shared = shutil.copytree(folder.path / "runs", every) / own.name
    folder.write("client.yml", "name: ACME Ltd\n")
    assert "owed since run" in folder("plan book.yml -i inventory.yml").out
    assert folder(f"undo {own.name} -i inventory.yml --plan").code == 0
    ended = folder(f"plan book.yml -i inventory.yml --runs-dir {every}")
    assert "owed since run" not in ended.out
    assert f"runs in {every} that were for nobody who is named do not count here." in ended.err
    for line in (f"undo {shared.name} --runs-dir {every}", f"undo {shared}", f"resume {shared}"):
        ended = folder(f"{line} -i inventory.yml --yes")
        assert ended.code == 1
        assert f"the run in {shared} was for nobody who is named, and inventory.yml is of client ACME" in ended.err
        assert "Move what is of ACME Ltd to runs." in ended.err


@pytest.fixture
def estates(folder: Folder) -> Folder:
    """Two inventories with hosts of the same names, each in a folder of its own, below one folder."""
    for name in ("prod", "test"):
        place = folder.path / "acme" / name
        place.mkdir(parents=True)
        hosts = INVENTORY.replace("hosts.yml", str(folder.path / "hosts.yml"))
        (place / "inventory.yml").write_text(hosts)
    return folder


def test_runs_from_before_the_client_was_named_above_are_not_forgotten(estates: Folder) -> None:
    """They lie beside the inventory, and from now on runs are kept elsewhere: what they left owed would go unseen."""
    estates("apply book.yml -i acme/prod/inventory.yml --yes")
    run = left_owing(Path("acme/prod/runs"))
    estates.write("acme/client.yml", "name: ACME Ltd\n")
    for line in ("plan book.yml", "apply book.yml --yes", f"undo {run.name} --plan", "resume --yes"):
        ended = estates(f"{line} -i acme/prod/inventory.yml")
        assert ended.code == 1
        assert (
            "there are runs in acme/prod/runs, and those of ACME Ltd (acme/client.yml) are kept in acme/r" in ended.err
        )
        assert "Move them there, or give --runs-dir acme/prod/runs to go on in that folder." in ended.err
    assert estates("plan book.yml --list-hosts -i acme/prod/inventory.yml").code == 0
    assert "owed since" in estates("plan book.yml -i acme/prod/inventory.yml --runs-dir acme/prod/runs").out
    (estates.path / "acme/prod/runs").rename(estates.path / "acme/runs")
    assert "owed since" in estates("plan book.yml -i acme/prod/inventory.yml").out


def test_a_run_of_another_inventory_of_the_client_is_told(estates: Folder) -> None:
    """Its hosts may have the same names; the same inventory, by its folder too, or one that is gone says nothing."""
    estates.write("acme/client.yml", "name: ACME Ltd\n")
    estates("apply book.yml -i acme/prod/inventory.yml --yes")
    run = run_of(Path("acme/runs")).name
    told = f"warning: run {run} was made with the inventory acme/prod/inventory.yml, and this is acme/test: see that"
    for verb in ("undo", "resume"):
        assert told in estates(f"{verb} {run} -i acme/test --plan").err
        for same in ("acme/prod", "acme/test/../prod/inventory.yml"):
            assert "was made with" not in estates(f"{verb} {run} -i {same} --plan").err
    (estates.path / "acme/prod").rename(estates.path / "acme/old")
    assert "was made with" not in estates(f"undo {run} -i acme/old --plan").err


def test_what_is_owed_since_a_run_of_another_inventory_is_told(estates: Folder) -> None:
    """It is planned, since both may be one host's; who sees that they are not keeps the runs apart."""
    estates.write("acme/client.yml", "name: ACME Ltd\n")
    estates("apply book.yml -i acme/prod/inventory.yml --yes")
    run = left_owing(Path("acme/runs")).name
    told = f"warning: handlers are owed since run {run}, which was made with the inventory acme/prod/inventory.yml"
    for inventory, count in (("acme/test/inventory.yml", 1), ("acme/prod/inventory.yml", 0)):
        ended = estates(f"plan book.yml -i {inventory}")
        assert f"owed since run {run}" in ended.out
        assert ended.err.count("handlers are owed since run") == count
        assert (told in ended.err) == bool(count)


def test_an_inventory_folder_may_hold_the_client(folder: Folder) -> None:
    """`client.yml` is no inventory."""
    place = folder.path / "acme"
    place.mkdir()
    (place / "inventory.yml").write_text(INVENTORY.replace("hosts.yml", "../hosts.yml"))
    (place / "client.yml").write_text("name: ACME Ltd\n")
    assert "client ACME Ltd" in folder("plan book.yml -i acme").out


@pytest.fixture
def sealed(acme: Folder) -> Folder:
    """ACME's host has a password that is encrypted for ACME, another has one of Northwind's."""
    acme.write("client.yml", "name: ACME Ltd\nvault_id: acme\n")
    for name in ("acme", "nw"):
        acme.write(f"{name}-pass", f"password of {name}\n")
    (acme.path / "host_vars").mkdir()
    acme.write("host_vars/ex01.yml", seal(b"mode: 2\n", Secret("password of acme"), "acme"))
    acme.write("host_vars/ex02.yml", seal(b"mode: 2\n", Secret("password of nw"), "nw"))
    return acme


def test_a_vault_id_of_another_client_is_refused(sealed: Folder) -> None:
    """Before its password is fetched; the client's own opens what is the client's."""
    for line in ("plan book.yml -i inventory.yml", "inventory -i inventory.yml --graph"):
        ended = sealed(f"{line} --vault-id nw@nw-pass")
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.startswith(
            "error: --vault-id nw: the vault id 'nw' is not of client ACME Ltd, whose is acme\n"
        )
    assert sealed("plan book.yml -i inventory.yml -l ex01 --vault-id acme@acme-pass").code == 0


def test_a_value_of_another_client_is_not_opened(sealed: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even by the right password, be it configured or given without a label."""
    monkeypatch.setenv("NDRFIX_VAULT_IDENTITY_LIST", "nw@nw-pass, acme@acme-pass")
    assert sealed("plan book.yml -i inventory.yml -l ex01").code == 0
    for more in ("", " --vault-password-file nw-pass"):
        ended = sealed(f"plan book.yml -i inventory.yml{more}")
        assert (ended.code, ended.out) == (1, "")
        assert "error: the file is not to be opened: the vault id 'nw' is not of client ACME Ltd" in ended.err
        assert "host_vars/ex02.yml:1:1" in ended.err


def test_a_configured_password_of_another_client_is_not_tried(sealed: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not open what has no label, which it could."""
    sealed.write("host_vars/ex02.yml", seal(b"mode: 2\n", Secret("password of nw")))
    monkeypatch.setenv("NDRFIX_VAULT_IDENTITY_LIST", "nw@nw-pass, acme@acme-pass")
    assert "no other one opens it" in sealed("plan book.yml -i inventory.yml").out
    sealed.write("client.yml", "name: ACME Ltd\n")
    assert sealed("plan book.yml -i inventory.yml").code == 0


def test_a_vault_id_that_nobody_can_tell_whose_it_is_is_told(sealed: Folder) -> None:
    """Once, where the client has none: of the value, and of the password, whichever carries it."""
    sealed.write("client.yml", "name: ACME Ltd\n")
    told = "client.yml names no vault_id, so that of another client would not be refused: "
    for line in ("plan book.yml -i inventory.yml -l ex02", "vault view host_vars/ex02.yml"):
        ended = sealed(f"{line} --vault-id nw@nw-pass")
        assert (ended.code, ended.err.count("warning")) == (0, 1)
        assert f"{told}add 'vault_id: nw' to it if nw is of ACME Ltd\n" in ended.err
    sealed.write("host_vars/ex02.yml", seal(b"mode: 2\n", Secret("password of nw")))
    assert told in sealed("plan book.yml -i inventory.yml -l ex02 --vault-id nw@nw-pass").err
    assert "warning" not in sealed("plan book.yml -i inventory.yml -l ex02 --vault-password-file nw-pass").err
    assert told in sealed("vault encrypt-string x -n y --vault-id nw@nw-pass").err
    assert (
        told in sealed("vault rekey host_vars/ex02.yml --vault-password-file nw-pass --new-vault-id acme@acme-pass").err
    )
    sealed.write("client.yml", "name: ACME Ltd\nvault_id: acme\n")
    assert "warning" not in sealed("plan book.yml -i inventory.yml --vault-id acme@acme-pass").err


def test_a_configured_password_that_is_left_out_is_told_where_one_is_missing(sealed: Folder) -> None:
    """Whoever configured it wonders why it does not open, or why it is asked for."""
    sealed.write("nw/pass", "password of nw\n")
    sealed.write("ansible.cfg", "[defaults]\nvault_password_file = nw/pass\nvault_identity_list = nw@nw-pass\n")
    Path().chmod(0o755)
    label = "vault_identity_list nw: the vault id 'nw' is not of client ACME Ltd, whose is acme"
    file = (
        "the vault password file nw/pass is of client Northwind (nw/client.yml), and this is for ACME Ltd (client.yml)"
    )
    ended = sealed("plan book.yml -i inventory.yml -l ex01")
    assert "no vault password was given" in ended.err
    assert f"Not used, though configured: {label}; {file}.\n" in ended.err
    assert (
        f"Tried: acme. Not used, though configured: {label}; {file}."
        in sealed("plan book.yml -i inventory.yml -l ex01 --vault-id acme@nw-pass").err
    )
    assert "configured" not in sealed("plan book.yml -i inventory.yml -l ex01 --vault-id acme@acme-pass").err
    for line in ("view host_vars/ex01.yml", "encrypt-string x -n y"):
        ended = sealed(f"vault {line}")
        assert "nobody can type the" in ended.err
        assert f"warning: not used, though configured: {file}\n" in ended.err


def test_whoever_encrypts_with_a_clients_password_works_for_the_client(acme: Folder) -> None:
    """From the folder above, too; files that are nobody's are the password's client's then, and nobody's else."""
    acme.write("nw/pass", "password of nw\n")
    (acme.path / "client.yml").unlink()
    ended = acme("vault encrypt-string x -n y --vault-id nw@nw/pass")
    assert ended.code == 0, ended.err
    assert ended.out.startswith("y: !vault |\n          $ANSIBLE_VAULT;1.2;AES256;nw\n")
    assert "client Northwind (nw/client.yml)\n" in ended.err
    acme.write("any.yml", seal(b"mode: 2\n", Secret("password of nw")))
    assert acme("vault view any.yml --vault-password-file nw/pass").out == "mode: 2\n"
    (acme.path / "other").mkdir()
    acme.write("other/client.yml", "name: Other\n")
    acme.write("other/pass", "password of nw\n")
    for line in ("view any.yml --vault-id o@other/pass", "rekey any.yml --new-vault-password-file other/pass"):
        ended = acme(f"vault {line} --vault-password-file nw/pass")
        assert ended.code == 1
        assert "belong to different clients\n  Give those of one client, and run again for the other.\n" in ended.err
