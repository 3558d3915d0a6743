"""A server that was restored from yesterday's backup: what it lost comes again, once and whole."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.core.client import Client
from tests.rigs.desk_server import DeskServer


def test_a_server_restored_from_yesterdays_backup_gets_what_it_lost_once(tmp_path: Path) -> None:
    with DeskServer(tmp_path) as server:
        known = Client(tmp_path / "known", server.url, server.site_key)
        new = Client(tmp_path / "new", server.url, server.site_key)
        kept = known.report("yesterday")
        server.stop()
        shutil.copytree(server.data, tmp_path / "backup")
        server.start()
        lost = [known.report("today"), new.report("today, from a device that the backup does not know")]
        new.set_up("http://127.0.0.1:9", server.site_key)
        new.engine = new.assemble()
        waits = new.report("made while the server was away")
        server.stop()
        shutil.rmtree(server.data)
        shutil.copytree(tmp_path / "backup", server.data)
        server.start()

        new.set_up(server.url, server.site_key)
        new.restart()
        fresh = known.report("after it")
        assert new.delivered()[-1] == waits
        assert known.delivered()[-1] == fresh
        for person, report_id in zip((known, new), lost, strict=True):
            person.unsend(report_id)  # as the administrator's guide says
            person.restart()
            assert person.delivered()[-1] == report_id
        assert {row[0] for row in server.rows("select id from tickets")} == {kept, waits, fresh, *lost}
        assert server.rows("select count(*) from attachments where received_at is null") == [(0,)]
        held = {path.name for path in (server.data / "blobs").rglob("*") if path.is_file()}
        assert {row[0] for row in server.rows("select sha256 from attachments")} == held
