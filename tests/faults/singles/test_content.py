"""What people, programs and screens put into a report. What a hostile client sends the server is in tests/server."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from client.core import attachable
from client.core.errors import DeskbellError
from client.core.events import NotSaved, PictureFailed, Saved
from client.core.manifest import MAX_BYTES, clean
from client.core.models import Fact, Requester
from tests.core.client import Client
from tests.core.desk import LoopbackDesk
from tests.core.workshop import Workshop, shot
from tests.faults.singles.naughty import STRINGS
from tests.rigs.desk_server import DeskServer
from tests.server.rig import Agent, Server, png
from tests.server.test_pictures import Shown, chunk

ROOT = Path(__file__).resolve().parents[3]


def test_naughty_strings_anywhere_arrive_as_they_were_approved_and_become_no_markup(
    tmp_path: Path, serving: Callable[..., Server]
) -> None:
    """As the user's words, names of people and machines, a window's title, a file's name."""
    server = serving()
    person = Client(tmp_path / "profile", server.url, server.site_key)
    agent = Agent(server)
    with agent.session:
        agent.log_in()
        ours: list[str] | None = None  # the markup of a page about nothing naughty
        for number, text in enumerate(("The printer jams", *STRINGS)):
            object.__setattr__(person.engine._around, "requester", lambda text=text: Requester(text, text, text))
            draft = person.engine.begin_new("panel")
            draft.set_words(text, None, False)
            draft._facts = (Fact("front_window", "Front window", text),)
            draft.add_file(_named(tmp_path, number, text))
            draft.submit()
            assert person.delivered()[-1] == draft.report_id, text[:50]
            sent = json.loads((person.paths.spool / "sent" / draft.report_id / "manifest.json").read_bytes())
            assert sent["text"] == clean(text.strip()), text[:50]
            page = agent.get(f"/console/tickets/{draft.report_id}")
            assert page.status_code == 200, text[:50]
            found = re.findall(r"<(?:script|img|svg|iframe|plaintext|textarea)", page.text)
            ours = found if ours is None else ours
            assert found == ours, text[:50]
            assert "<script" not in found
        assert agent.get("/console/").status_code == 200


def _named(folder: Path, number: int, text: str) -> Path:
    name = re.sub(r"[/\x00]", "_", text)[:60].encode("utf-8", "surrogatepass")[:200]
    path = Path(os.fsdecode(os.fsencode(folder) + b"/%d-" % number + name))
    path.write_bytes(b"content %d" % number)
    return path


def test_a_text_of_a_million_letters_is_not_cut_but_said(shop: Workshop, desk: LoopbackDesk) -> None:
    draft = shop.engine.begin_new("panel")
    draft.set_words("x" * 1_000_000, None, False)
    draft.submit()
    assert [told.problem.code for told in shop.told(NotSaved)] == ["too_long"]
    assert not shop.told(Saved)
    draft.set_words("shorter", None, False)
    draft.submit()
    shop.deliver()
    assert shop.places() == {draft.report_id: "sent"}
    assert b'"text": "shorter"' in desk.manifests[draft.report_id]


def test_the_largest_report_there_is_arrives(tmp_path: Path, desk_server: DeskServer) -> None:
    person = Client(tmp_path / "profile", desk_server.url, desk_server.site_key)
    files = []
    for number in range(40):
        path = tmp_path / f"{number:02}{'é' * 120}.txt"
        path.write_bytes(bytes([number]))
        files.append(path)
    report_id = person.report("👾" * 20_000, shots=(), files=files)
    assert person.delivered() == [report_id]
    sent = (person.paths.spool / "sent" / report_id / "manifest.json").stat().st_size
    assert 80_000 < sent < MAX_BYTES


def test_a_report_of_nothing_at_all_is_a_ticket(client: Client) -> None:
    report_id = client.report("", shots=())
    assert client.delivered() == [report_id]


@pytest.mark.parametrize("title", [b"\xff\xfe", b"\xed\xa0\x80", b"caf\xe9", b"-", b"--", b"@file"])
def test_bytes_on_the_command_line_that_are_no_text_are_a_report_all_the_same(client: Client, title: bytes) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "client", "report", "--no-screens", f"--profile={client.paths.data}", "--", title],
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    listed = client.paths.spool / "sent"
    assert len(list(listed.iterdir())) == 1


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
@pytest.mark.parametrize("arguments", [("doctor",), ("outbox",), ("report", "--no-screens", "日本語 👾")], ids=" ".join)
def test_a_terminal_that_knows_few_letters_is_no_crash(
    client: Client, encoding: str, arguments: tuple[str, ...]
) -> None:
    client.set_up("http://127.0.0.1:9", "dbk_any")
    done = subprocess.run(
        [sys.executable, "-m", "client", *arguments, "--profile", str(client.paths.data)],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": encoding, "LANGUAGE": "de"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == {"doctor": 1, "outbox": 0, "report": 3}[arguments[0]], done.stderr
    assert done.stdout
    assert b"Error" not in done.stderr


# Attachments


def test_what_is_much_too_large_to_attach_is_said_at_once(shop: Workshop, tmp_path: Path) -> None:
    huge = tmp_path / "video.mkv"
    with huge.open("wb") as out:
        out.truncate(500 * 1024 * 1024)
    with pytest.raises(DeskbellError, match=r"video\.mkv.*25 MB"):
        shop.engine.begin_new("panel").add_file(huge)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/full", "/dev/stdin", "/proc/self/mem", "socket", "loop", "/"])
def test_what_is_no_file_of_bytes_is_said_and_holds_up_nothing(shop: Workshop, tmp_path: Path, path: str) -> None:
    if path == "socket":
        one = socket.socket(socket.AF_UNIX)
        one.bind(str(tmp_path / path))
        one.close()
    elif path == "loop":
        (tmp_path / path).symlink_to(tmp_path / path)
    draft = shop.engine.begin_new("panel")
    try:
        draft.add_file(tmp_path / path)
    except DeskbellError as error:
        assert error.problem.detail
    else:
        assert len(shop.told(PictureFailed)) == 1
    draft.submit()
    shop.deliver()
    assert shop.places() == {draft.report_id: "sent"}


@pytest.mark.parametrize("fate", ["grows", "vanishes", "becomes a pipe", "becomes a folder"])
def test_a_file_that_changes_while_it_is_attached_costs_that_file_alone(
    shop: Workshop, desk: LoopbackDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fate: str
) -> None:
    path = tmp_path / "error.log"
    path.write_bytes(b"boom")
    real = attachable.attachable

    def change(path: Path, *, room: int) -> object:
        picture = real(path, room=room)
        if fate == "grows":
            with path.open("r+b") as out:
                out.truncate(attachable.MAX_BYTES + 1)
            return picture
        path.unlink()
        if fate == "becomes a pipe":
            os.mkfifo(path)
        elif fate == "becomes a folder":
            path.mkdir()
        return picture

    monkeypatch.setattr("client.core.draft.attachable", change)
    draft = shop.engine.begin_new("panel")
    draft.add_file(path)
    assert len(shop.told(PictureFailed)) == 1
    draft.submit()
    shop.deliver()
    assert shop.places() == {draft.report_id: "sent"}
    assert draft.report_id not in desk.blobs


def test_the_forty_first_attachment_is_said(shop: Workshop, desk: LoopbackDesk, tmp_path: Path) -> None:
    draft = shop.engine.begin_new("panel")
    for number in range(41):
        path = tmp_path / f"{number}.txt"
        path.write_text(str(number))
        if number < 40:
            draft.add_file(path)
        else:
            with pytest.raises(DeskbellError, match="40 attachments at most"):
                draft.add_file(path)
    draft.submit()
    shop.deliver()
    assert len(desk.blobs[draft.report_id]) == 40


def test_the_same_file_twice_and_an_empty_one_arrive(client: Client, tmp_path: Path) -> None:
    log, empty = tmp_path / "error.log", tmp_path / "empty"
    log.write_bytes(b"boom")
    empty.write_bytes(b"")
    report_id = client.report("hello", shots=(), files=[log, log, empty])
    assert client.delivered() == [report_id]


# Displays


def test_twenty_displays_are_twenty_pictures(client: Client) -> None:
    """Small ones: what twenty of 8K each cost is in docs/reliability.md."""
    shots = [shot(number, bytes([number, 2, 3, 255]), 76, 43) for number in range(1, 21)]
    report_id = client.report("all of them", shots=shots)
    assert client.delivered() == [report_id]
    sent = json.loads((client.paths.spool / "sent" / report_id / "manifest.json").read_bytes())
    assert [item["display"]["number"] for item in sent["attachments"]] == list(range(1, 21))


# What the server makes of it


def bomb_in_the_pixels() -> bytes:
    """Ten by ten pixels whose data unpack to a hundred megabytes."""
    import struct
    import zlib

    head = struct.pack(">IIBBBBB", 10, 10, 8, 2, 0, 0, 0)
    packed = zlib.compress(bytes(100_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def bomb_in_the_text() -> bytes:
    """A picture whose comment unpacks to a hundred megabytes."""
    import zlib

    plain = png()
    comment = chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(100_000_000), 9))
    return plain[:33] + comment + plain[33:]


def animated() -> bytes:
    out = io.BytesIO()
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("#ff0000", "#00ff00", "#0000ff")]
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:], duration=50)
    return out.getvalue()


@pytest.mark.parametrize("make", [bomb_in_the_pixels, bomb_in_the_text, animated], ids=["pixels", "text", "animated"])
def test_a_picture_with_more_in_it_than_it_says_is_shown_as_a_still_or_not_at_all(
    serving: Callable[..., Server], make: Callable[[], bytes]
) -> None:
    server = serving()
    agent = Agent(server)
    with agent.session:
        agent.log_in()
        shown = Shown(agent, server.device(), make())
        for path in shown.inline:
            copy = shown.get(path)
            assert copy.status_code in (200, 404)
            if copy.status_code == 200:
                with Image.open(io.BytesIO(copy.content)) as picture:
                    assert getattr(picture, "n_frames", 1) == 1
                    assert len(copy.content) < 100_000
        assert shown.original.status_code == 200
    assert server.get("/healthz").status_code == 200


def test_a_packed_bomb_is_kept_as_it_is_and_never_unpacked(serving: Callable[..., Server]) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        packed.writestr("zeros", bytes(200_000_000))
    server = serving()
    agent = Agent(server)
    with agent.session:
        agent.log_in()
        shown = Shown(
            agent, server.device(), out.getvalue(), name="logs.zip", media_type="application/zip", kind="file"
        )
        assert shown.inline == []
        assert shown.original.content == out.getvalue()
        assert shown.original.headers["Content-Disposition"] == 'attachment; filename="logs.zip"'
    kept = sum(path.stat().st_size for path in server.data.rglob("*") if path.is_file())
    assert kept < 5_000_000


def test_an_attachment_that_calls_itself_something_else_is_never_opened_as_that(serving: Callable[..., Server]) -> None:
    server = serving()
    agent = Agent(server)
    with agent.session:
        agent.log_in()
        shown = Shown(agent, server.device(), b"<script>1</script>", media_type="text/html", name="a.html", kind="file")
        assert shown.original.headers["Content-Type"] == "application/octet-stream"
        assert shown.original.headers["X-Content-Type-Options"] == "nosniff"
