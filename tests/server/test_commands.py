"""``deskbell-server``: every command does what it says, or says why not."""

from __future__ import annotations

import io
import os
import pty
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import trustme

from server_stub.__main__ import main
from tests.server.rig import PASSWORD, REPOSITORY, Agent, Device, Process, Server, command, manifest


def test_the_four_commands_lead_to_a_server_that_takes_a_report(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    assert command("init", "--data", str(data)).returncode == 0
    site = command("add-site", "Café – Zürich", "--phone", "+41 44 000", "--data", str(data))
    assert re.fullmatch(r"dbk_[\w-]{32}\n", site.stdout)
    agent = command("add-agent", "Raj", "--name", "Raj Patel", "--password-stdin", "--data", str(data), stdin=PASSWORD)
    assert (agent.returncode, agent.stdout, agent.stderr) == (0, "", "")

    process = Process(data)
    try:
        server = Server(process.start(), site.stdout.strip(), data)
        device = server.device()
        assert device.submit(manifest()).status_code == 201
        assert device.get("/api/v1/desk").json()["site"] == {"name": "Café – Zürich"}
        person = Agent(server)
        with person.session:
            assert person.log_in(login="raj").status_code == 303
    finally:
        assert process.stop() == (0, "", "")


def test_init_again_keeps_everything(data: Path) -> None:
    key = (data / "links.key").read_bytes()
    before = command("list-sites", "--data", str(data)).stdout
    assert command("init", "--data", str(data)).returncode == 0
    assert (data / "links.key").read_bytes() == key
    assert command("list-sites", "--data", str(data)).stdout == before


def test_the_sites_are_listed_with_their_keys(data: Path, prepared: tuple[Path, str]) -> None:
    command("add-site", "Branch", "--data", str(data))
    command("set-site", "Branch", "--withdraw", "--data", str(data))
    listed = command("list-sites", "--data", str(data)).stdout
    assert listed == f"withdrawn\t\tBranch\n{prepared[1]}\t5500\tExample Ltd\n"


def test_a_signal_ends_the_server_cleanly_and_it_starts_again(process: Process) -> None:
    for _ in range(2):
        assert requests.get(process.start() + "/healthz", timeout=20).status_code == 200
        assert process.stop() == (0, "", "")


def test_nothing_of_a_request_is_written_to_the_log(process: Process, prepared: tuple[Path, str]) -> None:
    device = Server(process.start(), prepared[1], process.data).device()
    report = manifest(text="canary")
    device.submit(report)
    device.submit({**report, "text": "other"})
    device.get("/canary?canary")
    Device(device.server).get("/api/v1/desk")
    assert process.stop() == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add-site", "Example Ltd"], "There is a site called Example Ltd already"),
        (["add-site", "  "], "A site needs a name"),
        (["add-site", "x" * 201], "A site needs a name"),
        (["set-site", "Nowhere", "--phone", "1"], "There is no site called Nowhere"),
        (["add-agent", "ANNA", "--name", "Anna", "--password-stdin"], "There is an agent ANNA already"),
        (["add-agent", "raj", "--name", "Raj"], "Use --password-stdin"),
        (["set-password", "nobody", "--password-stdin"], "There is no agent nobody"),
        (["disable-agent", "nobody"], "There is no agent nobody"),
        (["add-incident", " "], "An incident needs a title"),
        (["add-incident", "x" * 201], "An incident needs a title"),
        (["end-incident", "7"], "No incident 7 goes on"),
        (["revoke-device", "nothing"], "There is no device nothing"),
        (["run", "--tls-cert", "x.pem"], "belong together"),
        (["run", "--tls-cert", "x.pem", "--tls-key", "y.pem"], "There is no file x.pem"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
    monkeypatch.setattr(os, "umask", lambda _mask: 0)  # it would count for the tests after this one
    assert main([*arguments, "--data", str(data)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.startswith("deskbell-server: ")
    assert err.count("\n") == 1


def test_an_address_that_is_not_this_machines_is_said_in_one_line(data: Path) -> None:
    result = command("run", "--host", "203.0.113.77", "--port", "0", "--data", str(data))
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("deskbell-server: Cannot listen on 203.0.113.77, port 0")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["run", "--port", "65536"],
        ["run", "--port", "-1"],
        ["run", "--max-attachment-mib", "0"],
        ["run", "--reports-per-hour", "many"],
        ["add-site"],
        ["add-agent", "raj"],
        ["add-agent", "raj", "--name", "Raj", "--password", "secret"],
        ["set-site", "Example Ltd"],
    ],
)
def test_a_wrong_command_line_is_exit_code_two(data: Path, arguments: list[str]) -> None:
    result = command(*arguments, *(["--data", str(data)] if arguments else []))
    assert (result.returncode, result.stdout) == (2, "")


def test_every_command_but_init_says_where_data_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "umask", lambda _mask: 0)  # it would count for the tests after this one
    for arguments in (["run"], ["add-site", "x"], ["list-sites"], ["disable-agent", "x"], ["revoke-device", "x"]):
        assert main([*arguments, "--data", str(tmp_path)]) == 1
        assert f"Make it with: deskbell-server init --data {tmp_path}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_data_folder_that_is_none_is_said(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    result = command("init", "--data", str(path))
    assert (result.returncode, result.stderr) == (1, f"deskbell-server: {path} is not a folder.\n")


def test_a_database_that_is_none_is_said(data: Path) -> None:
    (data / "deskbell.sqlite3").write_bytes(b"not a database" * 1000)
    result = command("run", "--data", str(data))
    assert result.returncode == 1
    assert "cannot be used: file is not a database" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_said(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = command("run", "--port", str(taken.getsockname()[1]), "--data", str(data))
    assert result.returncode == 1
    assert "Address already in use" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_short_password_is_refused(data: Path) -> None:
    result = command("add-agent", "raj", "--name", "Raj", "--password-stdin", "--data", str(data), stdin="short\n")
    assert (result.returncode, "at least 8 characters" in result.stderr) == (1, True)


def test_a_password_is_asked_twice_and_never_shown(data: Path) -> None:
    def ask(first: str, second: str) -> tuple[int, str]:
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(REPOSITORY)
            arguments = ["-m", "server_stub", "add-agent", "raj", "--name", "Raj", "--data", str(data)]
            os.execv(sys.executable, [sys.executable, *arguments])
        said = b""
        with os.fdopen(terminal, "r+b", buffering=0) as talk:
            for prompt, answer in ((b"Password: ", first), (b"Once more: ", second)):
                while not said.endswith(prompt):
                    said += talk.read(1)
                talk.write(f"{answer}\n".encode())
            try:
                while chunk := talk.read(1000):
                    said += chunk
            except OSError:
                pass
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode()

    code, said = ask("first password", "second password")
    assert (code, "The two passwords differ" in said) == (1, True)
    code, said = ask("first password", "first password")
    assert code == 0
    assert "first password" not in said


def test_https_is_served_with_a_certificate(data: Path, tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    chain, key, trusted = (tmp_path / name for name in ("chain.pem", "key.pem", "ca.pem"))
    issued.cert_chain_pems[0].write_to_path(chain)
    issued.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(trusted)
    process = Process(data, "--tls-cert", str(chain), "--tls-key", str(key))
    try:
        url = process.start()
        assert url.startswith("https://127.0.0.1:")
        assert requests.get(f"{url}/healthz", verify=str(trusted), timeout=20).json()["service"] == "deskbell"
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(f"{url}/healthz", timeout=20)
    finally:
        assert process.stop()[0] == 0


def test_a_bad_certificate_is_said(data: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("nonsense")
    result = command("run", "--tls-cert", str(bad), "--tls-key", str(bad), "--data", str(data))
    assert result.returncode == 1
    assert "The certificate cannot be used" in result.stderr
    assert result.stderr.count("\n") == 1


def imported(*arguments: str) -> set[str]:
    """The top-level modules that a command loads."""
    script = (
        "import sys; from server_stub.__main__ import main; code = main(sys.argv[1:]); "
        "sys.stderr.write('\\n'.join(sorted({name.partition('.')[0] for name in sys.modules}))); sys.exit(code)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return set(result.stderr.split("\n"))


def test_only_run_loads_the_web_server(data: Path) -> None:
    loaded = imported("list-sites", "--data", str(data))
    assert "sqlalchemy" in loaded
    assert not loaded & {"fastapi", "starlette", "uvicorn", "pydantic", "alembic", "jinja2", "PIL", "argon2"}


def test_without_the_servers_packages_it_says_how_to_get_them(tmp_path: Path) -> None:
    (tmp_path / "sqlalchemy.py").write_text("raise ModuleNotFoundError('no', name='sqlalchemy')")
    result = subprocess.run(
        [sys.executable, "-m", "server_stub", "list-sites", "--data", str(tmp_path)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 3
    assert result.stderr == (
        "deskbell-server: The server’s packages are not installed (sqlalchemy is missing). "
        "Install them with: pipx install 'deskbell[server]'\n"
    )


def test_the_usual_data_folder_is_used_where_none_is_named(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "server_stub", "init"],
        cwd=REPOSITORY,
        env={**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "share")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0
    assert "deskbell-server" in result.stdout
    assert (tmp_path / "share" / "deskbell-server" / "deskbell.sqlite3").exists()
