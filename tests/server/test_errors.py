"""Every way to fail has the one shape, and none of them is a fault of the server's own."""

from __future__ import annotations

import http.client
import json
import logging
import sqlite3
from typing import Any

import pytest
import requests

from server_stub.errors import Unavailable
from server_stub.store.tickets import Tickets
from tests.server.rig import Device, Server, attachment, digest, manifest, png

UUID = "6f1c8a52-3c0e-4c5f-9d0e-2f4b8d7a1c33"


def code(answer: requests.Response) -> tuple[int, str]:
    """Status and code of an answer that must have the one shape."""
    body = answer.json()
    assert list(body) == ["error"]
    assert sorted(body["error"]) == ["code", "detail", "title"]
    assert all(isinstance(words, str) and words for words in body["error"].values())
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status_code, body["error"]["code"]


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/v1/nowhere", (404, "not_found")),
        ("GET", "/nowhere", (404, "not_found")),
        ("GET", "/api/v1/desk/", (404, "not_found")),
        ("GET", "/api/v1/tickets/%00", (422, "invalid")),
        ("POST", "/healthz", (405, "method_not_allowed")),
        ("DELETE", f"/api/v1/tickets/{UUID}", (405, "method_not_allowed")),
        ("BREW", "/api/v1/desk", (405, "method_not_allowed")),
        ("GET", "/static/../server_stub/app.py", (404, "not_found")),
        ("GET", "/static/%2e%2e/pages.py", (404, "not_found")),
    ],
)
def test_a_wrong_address_or_method_has_the_one_shape(
    device: Device, method: str, path: str, expected: tuple[int, str]
) -> None:
    answer = requests.request(method, device.server.url + path, headers=device.headers, timeout=20)
    assert code(answer) == expected
    if answer.status_code == 405:
        assert answer.headers["Allow"]


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        (f"/api/v1/tickets/{UUID}", "GET, PUT"),
        (f"/api/v1/tickets/{UUID}/attachments/{'a' * 64}", "GET, PUT"),
        (f"/api/v1/tickets/{UUID}/comments/{UUID}", "PUT"),
        ("/api/v1/desk", "GET"),
        ("/healthz", "GET"),
        ("/console/login", "GET, HEAD, POST"),
        ("/console/duty", "POST"),
        ("/static/deskbell.css", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_every_right_one(shared: Server, path: str, allow: str) -> None:
    answer = requests.delete(shared.url + path, timeout=20)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allow)


@pytest.mark.parametrize(
    "credential",
    [
        None,
        "",
        "Bearer",
        "Bearer x",
        "Basic YTpi",
        f"Bearer {UUID}.{'A' * 43}",
        f"Bearer {UUID}.{'A' * 42}",
        f"Bearer {UUID}.{'A' * 5000}",
        f"Bearer {'9' * 36}.{'A' * 43}",
        "Bearer é.ü",
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", f"/api/v1/tickets/{UUID}"),
        ("GET", f"/api/v1/tickets/{UUID}"),
        ("PUT", f"/api/v1/tickets/{UUID}/attachments/{'a' * 64}"),
        ("GET", "/api/v1/desk"),
        ("PUT", f"/api/v1/devices/{UUID}"),
    ],
)
def test_without_a_known_credential_nothing_opens(
    shared: Server, method: str, path: str, credential: str | None
) -> None:
    connection = http.client.HTTPConnection(shared.url.removeprefix("http://"), timeout=20)
    try:
        headers = {} if credential is None else {"Authorization": credential.encode()}
        body = json.dumps({"site_key": "dbk_x", "client": "c"}) if "devices" in path else "{}"
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        said = json.loads(answer.read())["error"]["code"]
    finally:
        connection.close()
    if "devices" in path and credential == f"Bearer {UUID}.{'A' * 43}":
        assert (answer.status, said) == (403, "unknown_site")
    else:
        assert (answer.status, said) == (401, "sign_in")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_wrong_secret_opens_nothing(device: Device) -> None:
    impostor = Device(device.server, device.id)
    assert code(impostor.get("/api/v1/desk")) == (401, "sign_in")


DEEP = b'{"a":' * 40_000
GOOD = json.dumps(manifest(report_id=UUID)).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"nonsense",
        DEEP,
        b"[" * 100_000,
        b"\xff\xfe{}",
        '{"a": 1}'.encode("utf-16"),
        b"\xef\xbb\xbf" + GOOD,
        GOOD.replace(b'"facts":', b'"x": NaN, "facts":'),
        GOOD.replace(b'"facts":', b'"x": -Infinity, "facts":'),
        GOOD.replace(b'"facts":', b'"text": "twice", "facts":'),
        GOOD.replace(b'"facts":', b'"x": {"a": 1, "a": 2}, "facts":'),
        GOOD.replace(b'"facts":', b'"x": ' + b"9" * 5000 + b', "facts":'),
        GOOD.replace(b"Outlook", b"\\ud800"),
        GOOD.replace(b"Outlook", b"\xed\xa0\x80"),
        GOOD.replace(b"Outlook", b"\x00"),
        GOOD + b"{}",
    ],
    ids=range(17),
)
def test_json_that_could_mean_two_things_is_refused(shared_device: Device, raw: bytes) -> None:
    assert code(shared_device.submit(raw, UUID)) == (400, "bad_json")


def changed(**changes: Any) -> dict[str, Any]:
    return {**manifest(report_id=UUID), **changes}


def without(key: str) -> dict[str, Any]:
    made = changed()
    del made[key]
    return made


def with_attachment(**changes: Any) -> dict[str, Any]:
    return changed(attachments=[attachment(b"x", **changes)])


@pytest.mark.parametrize(
    ("report", "place"),
    [
        ([], "body"),
        ("text", "body"),
        (None, "body"),
        (changed(format=2), "format"),
        (changed(format="1"), "format"),
        (changed(report_id="6f1c8a52-3c0e-4c5f-9d0e-2f4b8d7a1c34"), "report_id"),
        (changed(report_id=UUID.upper()), "report_id"),
        (without("text"), "text"),
        (without("requester"), "requester"),
        (changed(text=5), "text"),
        (changed(text="x" * 20_001), "text"),
        (changed(blocking="yes"), "blocking"),
        (changed(via="mail"), "via"),
        (changed(created_at="yesterday"), "created_at"),
        (changed(created_at="2026-11-23T09:41:07"), "created_at"),
        (changed(created_at="20260-11-23T09:41:07Z"), "created_at"),
        (changed(facts=[{}]), "facts[0].key"),
        (changed(facts=[{"key": "k", "label": "l", "value": "v", "alarm": None}] * 201), "facts"),
        (with_attachment(sha256="A" * 64), "attachments[0].sha256"),
        (with_attachment(sha256="a" * 63), "attachments[0].sha256"),
        (with_attachment(bytes=-1), "attachments[0].bytes"),
        (with_attachment(bytes=1.5), "attachments[0].bytes"),
        (with_attachment(media_type="image/png\r\nX: y"), "attachments[0].media_type"),
        (with_attachment(media_type="png"), "attachments[0].media_type"),
        (with_attachment(kind="virus"), "attachments[0].kind"),
        (with_attachment(name="x" * 256), "attachments[0].name"),
        (with_attachment(display={"number": 0}), "attachments[0].display.number"),
        (changed(attachments=[attachment(bytes([n])) for n in range(41)]), "attachments"),
        (changed(attachments=[attachment(b"x"), attachment(b"x", bytes=2)]), "body"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_contract_does_not_allow_is_named_by_its_place(shared_device: Device, report: Any, place: str) -> None:
    answer = shared_device.submit(json.dumps(report).encode(), UUID)
    assert code(answer) == (422, "invalid")
    assert f"“{place}”" in answer.json()["error"]["detail"]


def test_an_integer_may_be_written_with_a_fraction_of_nothing(device: Device) -> None:
    described = attachment(b"x", bytes=1.0)
    described["display"] |= {"number": 1.0, "x": -0.0, "width": 3840.0}
    assert device.submit(manifest(format=1.0, attachments=[described])).status_code == 201


def test_keys_that_are_not_known_are_tolerated(device: Device) -> None:
    report = manifest(weather="fine", requester={"name": "Anna", "user": "a", "host": "h", "shoe_size": 38})
    assert device.submit(report).status_code == 201


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "a\x00b",
        "a\u202egnp.exe",
        "\U0001f600" * 100,
        "{0} %s {{ 7*7 }} ${x}",
        "=1+1",
        "x\r\nSet-Cookie: a=b",
    ],
)
def test_strange_text_makes_a_ticket_and_no_trouble(device: Device, text: str) -> None:
    report = manifest(text=text, requester={"name": text, "user": text, "host": text})
    assert device.submit(report).status_code == 201
    said = device.read(report["report_id"]).json()["text"]
    assert "\x00" not in said
    assert "\u202e" not in said


def test_a_manifest_beyond_the_limit_is_too_large(shared_device: Device) -> None:
    answer = shared_device.submit(manifest(report_id=UUID, text="x" * 1_000_000))
    assert code(answer) == (413, "too_large")
    assert "256 KiB" in answer.json()["error"]["detail"]


def test_a_manifest_without_a_length_meets_the_same_limit(shared_device: Device) -> None:
    answer = shared_device.put(f"/api/v1/tickets/{UUID}", data=iter([b"x" * 100_000] * 5))
    assert code(answer) == (413, "too_large")


def test_a_report_with_a_larger_attachment_than_is_taken_is_too_large(shared_device: Device) -> None:
    answer = shared_device.submit(with_attachment(bytes=25 * 1024 * 1024 + 1))
    assert code(answer) == (413, "too_large")
    assert "25 MiB" in answer.json()["error"]["detail"]


def test_an_upload_without_a_length_is_refused(shared_device: Device) -> None:
    answer = shared_device.put(f"/api/v1/tickets/{UUID}/attachments/{'a' * 64}", data=iter([b"x"]))
    assert code(answer) == (411, "length_required")


def test_an_upload_beyond_the_limit_is_too_large(shared_device: Device) -> None:
    answer = shared_device.put(f"/api/v1/tickets/{UUID}/attachments/{'a' * 64}", data=bytes(25 * 1024 * 1024 + 1))
    assert code(answer) == (413, "too_large")


@pytest.mark.parametrize(
    "headers", [{"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"},
                {"Content-Encoding": "gzip"}]
)  # fmt: skip
def test_a_body_in_another_form_is_refused(shared_device: Device, headers: dict[str, str]) -> None:
    answer = shared_device.put(f"/api/v1/tickets/{UUID}", data=b"{}", headers=headers)
    assert code(answer) == (415, "unsupported_media_type")


def test_a_compressed_upload_is_refused(shared_device: Device) -> None:
    path = f"/api/v1/tickets/{UUID}/attachments/{'a' * 64}"
    assert code(shared_device.put(path, data=b"x", headers={"Content-Encoding": "br"})) == (
        415,
        "unsupported_media_type",
    )


def test_errors_speak_the_readers_language_or_english(shared_device: Device) -> None:
    for language in ("en", "tlh", "", "*", "de;q=abc", "x" * 5000, "en;q=0.1, zz;q=nan"):
        answer = shared_device.get("/api/v1/nowhere", headers={"Accept-Language": language})
        assert code(answer) == (404, "not_found")
        assert answer.headers["Content-Language"] == "en"


def test_a_fault_of_our_own_is_said_plainly_and_logged_without_the_reports_words(
    device: Device, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_arguments: object) -> None:
        raise RuntimeError("can" + "ary in the exception")

    monkeypatch.setattr(Tickets, "submit", fail)
    with caplog.at_level(logging.DEBUG):
        answer = device.submit(manifest(text="canary-in-the-text"))
    assert code(answer) == (500, "server_fault")
    assert "RuntimeError" in caplog.text
    assert "canary" not in caplog.text + answer.text
    assert device.secret not in caplog.text


def test_a_database_that_does_not_answer_is_unavailable_for_now(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    from server_stub.store import figures

    def fail(*_arguments: object) -> None:
        raise OperationalError("select canary", {}, sqlite3.OperationalError("database is locked"))

    monkeypatch.setattr(Tickets, "submit", fail)
    monkeypatch.setattr(figures, "version", fail)
    for answer in (device.submit(manifest()), device.server.get("/healthz")):
        assert code(answer) == (503, "unavailable")
        assert 5 <= int(answer.headers["Retry-After"]) <= 15
        assert "canary" not in answer.text


def test_no_request_text_reaches_the_log(device: Device, caplog: pytest.LogCaptureFixture) -> None:
    picture = png()
    report = manifest(text="canary-text", attachments=[attachment(picture, name="canary-name")])
    with caplog.at_level(logging.DEBUG, logger="server_stub"):
        device.submit(report)
        device.submit({**report, "text": "canary-other"})
        device.upload(report["report_id"], b"canary", digest(picture))
        device.get("/canary?canary=1")
    assert "canary" not in caplog.text
    assert device.secret not in caplog.text


def test_every_route_of_the_api_says_how_it_fails(server: Server) -> None:
    described = server.get("/api/openapi.json").json()
    for path, methods in described["paths"].items():
        for operation in methods.values():
            failing = [answer for status, answer in operation["responses"].items() if int(status) >= 400]
            assert failing, path
            for answer in failing:
                assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ErrorBody"}


def test_every_reference_in_the_openapi_document_leads_somewhere(server: Server) -> None:
    raw = server.get("/api/openapi.json").text
    shapes = json.loads(raw)["components"]["schemas"]
    named = {part.partition('"')[0] for part in raw.split("#/components/schemas/")[1:]}
    assert named
    assert named <= set(shapes)


def test_those_who_are_refused_in_one_moment_do_not_come_back_in_one() -> None:
    waits = {int(Unavailable().headers["Retry-After"]) for _ in range(500)}
    assert waits == set(range(5, 16))
