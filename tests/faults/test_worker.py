"""The worker keeps its word: what it makes is what the seed says, and comes to the desk."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from tests.faults.cases import case
from tests.faults.checker import read_tickets
from tests.faults.ground import Ground
from tests.faults.ledger import read


def test_reports_of_a_seed_come_to_the_desk_and_stand_in_the_ledger(tmp_path: Path) -> None:
    with Ground(tmp_path) as ground:
        profile = ground.profile("profile", ground.server.url)
        command = ground.worker(profile, "--seed", "7", "--first", "2", "--reports", "3")
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        words = [line.split(" ")[0] for line in done.stdout.splitlines()]
        assert [words.count(word) for word in ("begun", "saved", "accepted", "delivered")] == [3, 3, 3, 3]
        assert (words[0], words[-1]) == ("ready", "done")
        texts = {case(7, number).text for number in (2, 3, 4)}
        assert {promise.text for promise in read(ground.ledger.path).saved.values()} == texts
        assert {ticket.body["text"] for ticket in read_tickets(ground.store)} == texts
        assert ground.check(profile).findings == ()
        assert ground.faults_of_the_server() == []


def test_a_report_taken_back_from_the_desk_is_lost(tmp_path: Path) -> None:
    """The whole chain can fail: the client says delivered, and the server does not have it any more."""
    with Ground(tmp_path) as ground:
        profile = ground.profile("profile", ground.server.url)
        command = ground.worker(profile, "--reports", "1")
        assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
        with closing(sqlite3.connect(ground.server.data / "deskbell.sqlite3")) as database, database:
            database.executescript("DELETE FROM manifests; DELETE FROM attachments; DELETE FROM tickets;")
        found = ground.check(profile).findings
        assert [each.partition(":")[0] for each in found] == ["waiting", "unproven"]  # it lies in sent/, at least
