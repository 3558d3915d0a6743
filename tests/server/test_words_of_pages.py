"""Pages and answers speak the reader's language, from the catalogue that the client shares."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import assets
from server_stub.words import preferences
from tests.server.rig import Agent, FakeClock, Server, Threads, manifest, settings

GERMAN = {
    "Queue": "Warteschlange",
    "Printer": "Drucker",
    "Disk": "Festplatte",
    "low": "knapp",
    "Not here": "Nicht hier",
    "Ticket {number}": "Ticket {number}!",
}


@pytest.fixture
def german(
    threads: Threads,
    data: Path,
    prepared: tuple[Path, str],
    tmp_path: Path,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Server]:
    """A server whose catalogue knows some German."""
    folder = tmp_path / "locale" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    entries = "".join(f'\nmsgid "{text}"\nmsgstr "{german}"\n' for text, german in GERMAN.items())
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n'
    with (folder / "deskbell.mo").open("wb") as file:
        write_mo(file, read_po(io.BytesIO((head + entries).encode()), "de"))
    monkeypatch.setattr(assets, "locale_dir", lambda: tmp_path / "locale")
    with threads.serve(settings(data), prepared[1], clock) as server:
        yield server


def test_pages_desk_and_errors_come_in_the_readers_language(german: Server, clock: FakeClock) -> None:
    device, agent = german.device(), Agent(german)
    report = manifest(category="printer")
    device.submit(report)
    clock.forward(hours=3)
    wanted = {"Accept-Language": "fr;q=0.2, de-AT, en;q=0.5"}
    with agent.session:
        agent.log_in()
        queue = agent.get("/console/", headers=wanted)
        ticket = agent.get(f"/console/tickets/{report['report_id']}", headers=wanted).text
    assert '<html lang="de">' in queue.text
    assert "<h1>Warteschlange</h1>" in queue.text
    assert "vor 3 Stunden" in queue.text
    assert queue.headers["Content-Language"] == "de"
    for shown in ("Drucker", "Festplatte", "knapp", "Ticket 1001!"):
        assert shown in ticket, shown
    labels = {c["id"]: c["label"] for c in device.get("/api/v1/desk", headers=wanted).json()["categories"]}
    assert (labels["printer"], labels["app"]) == ("Drucker", "App not working")
    assert device.get("/nowhere", headers=wanted).json()["error"]["title"] == "Nicht hier"


def test_a_fact_without_words_does_not_show_the_catalogues_head(german: Server) -> None:
    device, agent = german.device(), Agent(german)
    report = manifest(facts=[{"key": "k", "label": "", "value": "v", "alarm": ""}])
    device.submit(report)
    with agent.session:
        agent.log_in()
        page = agent.get(f"/console/tickets/{report['report_id']}", headers={"Accept-Language": "de"}).text
    assert "charset" not in page.replace('<meta charset="utf-8">', "")
    assert 'class="alarm"' not in page


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("", []),
        ("*", []),
        ("de", ["de"]),
        ("en;q=0.1, de", ["de", "en"]),
        ("de;q=0, en", ["en"]),
        ("de;q=x, en", ["en"]),
        (" , ;q=1,de-CH ; q=0.5", ["de-CH"]),
    ],
)
def test_the_readers_preferences_are_read_best_first(header: str, tags: list[str]) -> None:
    assert preferences(header) == tags
