"""What a client shows of the desk, and the probes."""

from __future__ import annotations

import pytest

from tests.server.rig import Agent, Device, Server, command, manifest

pytestmark = pytest.mark.both


def test_the_desk_says_who_is_there_and_how_to_reach_them(device: Device) -> None:
    assert device.get("/api/v1/desk").json() == {
        "site": {"name": "Example Ltd"},
        "phone": "5500",
        "on_duty": [],
        "first_answer_s": None,
        "categories": [
            {"id": "app", "label": "App not working"},
            {"id": "slow", "label": "Slow"},
            {"id": "signin", "label": "Sign-in"},
            {"id": "printer", "label": "Printer"},
            {"id": "network", "label": "Network"},
            {"id": "other", "label": "Other"},
        ],
        "incidents": [],
    }


def test_an_unchanged_desk_costs_a_304_and_a_changed_one_is_sent(device: Device, agent: Agent) -> None:
    first = device.get("/api/v1/desk")
    tag = first.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        same = device.get("/api/v1/desk", headers={"If-None-Match": known})
        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)

    assert agent.post("/console/duty", {"on": "yes"}).status_code == 303
    changed = device.get("/api/v1/desk", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.json()["on_duty"] == [{"name": "Anna Kern"}]

    agent.post("/console/duty", {"on": "no"})
    assert device.get("/api/v1/desk").headers["ETag"] == tag


def test_a_device_that_was_told_before_is_still_asked_for_its_secret(device: Device) -> None:
    tag = device.get("/api/v1/desk").headers["ETag"]
    thief = Device(device.server, device.id)
    assert thief.get("/api/v1/desk", headers={"If-None-Match": tag}).status_code == 401
    assert device.get("/api/v1/desk", headers={"If-None-Match": tag}).status_code == 304
    assert command("revoke-device", device.id, "--data", str(device.server.data)).returncode == 0
    assert device.get("/api/v1/desk", headers={"If-None-Match": tag}).status_code == 403


def test_an_agent_who_is_shut_out_is_on_duty_no_more(device: Device, agent: Agent) -> None:
    agent.post("/console/duty", {"on": "yes"})
    assert command("disable-agent", "Anna", "--data", str(device.server.data)).returncode == 0
    assert device.get("/api/v1/desk").json()["on_duty"] == []
    assert agent.get("/console/").status_code == 303


def test_an_incident_is_told_to_every_device_until_it_ends(device: Device) -> None:
    data = ("--data", str(device.server.data))
    before = device.get("/api/v1/desk").headers["ETag"]
    added = command("add-incident", "Mail is down", "--text", "Back at noon.", *data)
    number = int(added.stdout)
    later = command("add-incident", "Printers on floor 2", *data)

    told = device.get("/api/v1/desk", headers={"If-None-Match": before}).json()["incidents"]
    assert [(each["id"], each["title"], each["text"]) for each in told] == [
        (int(later.stdout), "Printers on floor 2", ""),
        (number, "Mail is down", "Back at noon."),
    ]
    assert command("list-incidents", *data).stdout.count("\n") == 2

    assert command("end-incident", str(number), *data).returncode == 0
    assert [each["title"] for each in device.get("/api/v1/desk").json()["incidents"]] == ["Printers on floor 2"]
    again = command("end-incident", str(number), *data)
    assert (again.returncode, again.stderr) == (1, f"deskbell-server: No incident {number} goes on.\n")


def test_a_phone_number_that_is_taken_away_is_null(device: Device) -> None:
    assert command("set-site", "Example Ltd", "--phone", "", "--data", str(device.server.data)).returncode == 0
    assert device.get("/api/v1/desk").json()["phone"] is None


def test_health_needs_no_credential(server: Server) -> None:
    answer = server.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "service": "deskbell"})


def test_metrics_count_and_name_nobody(device: Device) -> None:
    device.submit(manifest())
    text = device.server.get("/metrics").text
    assert 'deskbell_tickets{status="new"} 1\n' in text
    assert "deskbell_devices 1\n" in text
    assert 'deskbell_responses_total{class="2xx"} 2\n' in text
    for personal in ("anna", "LAP", "Outlook", device.id, "Example"):
        assert personal not in text


def test_the_page_about_the_api_shows_every_route_and_loads_nothing_from_elsewhere(server: Server) -> None:
    page = server.get("/api/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    described = server.get("/api/openapi.json").json()
    for path in described["paths"]:
        assert path in page.text
    for shape in described["components"]["schemas"]:
        assert f'id="shape-{shape}"' in page.text
    assert "<script" not in page.text
    assert "http://" not in page.text.replace(server.url, "")
    assert "https://" not in page.text
