"""Without a server: the report is saved, survives a restart, and is delivered by itself."""

from __future__ import annotations

import pytest

from tests.e2e import acting
from tests.rigs.desktop import x_desktop
from tests.rigs.waiting import wait_until

pytestmark = pytest.mark.needs("Xvfb", "openbox", "xdotool", "dbus-daemon", "trayer")


def test_a_report_made_offline_is_delivered_by_itself_once_the_server_is_back() -> None:
    with x_desktop() as desktop, acting.desk(desktop.session, is_up=False) as (server, client):
        client.start()
        acting.report_by_two_clicks(desktop)
        (report_id,) = wait_until(client.waiting, "the saved report")
        acting.panel_is_gone_or_done(desktop)
        server.start()
        (ticket,) = server.wait_for_tickets(1, within_s=60)
        assert ticket.report_id == report_id


def test_a_saved_report_is_delivered_after_a_restart_of_the_program() -> None:
    with x_desktop() as desktop, acting.desk(desktop.session, is_up=False) as (server, client):
        tray = client.start()
        acting.report_by_two_clicks(desktop)
        (report_id,) = wait_until(client.waiting, "the saved report")
        desktop.session.processes.stop(tray)
        server.start()
        client.start()
        (ticket,) = server.wait_for_tickets(1, within_s=60)
        assert ticket.report_id == report_id
        wait_until(lambda: not client.waiting(), "the report to leave the outbox")
        assert len(server.filed()) == 1
