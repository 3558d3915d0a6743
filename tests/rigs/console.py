"""Pictures of the agents' pages, by a real browser that is logged in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests

from tests.rigs.desk_server import LOGIN, PASSWORD
from tests.rigs.deskbell import Filed, Server
from tests.rigs.session import Session


def picture_of_ticket(server: Server, ticket: Filed, session: Session, browser: str, path: Path) -> None:
    """The page of a ticket as an agent sees it, written to ``path``."""
    picture_of_page(server, f"/console/tickets/{ticket.report_id}", session, browser, path)


def picture_of_page(
    server: Server,
    page: str,
    session: Session,
    browser: str,
    path: Path,
    *,
    size: tuple[int, int] = (1280, 1600),
    language: str = "en",
    is_logged_in: bool = True,
) -> None:
    """A page of the console, of that size, written to ``path``."""
    with _door(server, language, is_logged_in=is_logged_in) as url:
        command = [
            *(browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
            *(f"--user-data-dir={session.folder / 'browser'}", f"--window-size={size[0]},{size[1]}"),
            *(f"--screenshot={path}", f"{url}{page}"),
        ]
        process = session.processes.start("browser", command, session.env)
        process.wait(60)
    if not path.is_file():
        raise AssertionError(f"no picture of {page}:\n{session.processes.log('browser').read_text()[-1000:]}")


@contextmanager
def _door(server: Server, language: str, *, is_logged_in: bool) -> Iterator[str]:
    """The address of a door to the server behind which one is logged in: a browser's command line takes no cookie."""
    agent = requests.Session()
    agent.trust_env = False
    form = {"login": LOGIN, "password": PASSWORD, "back": ""}
    if is_logged_in:
        answer = agent.post(f"{server.url}/console/login", data=form, headers={"Origin": server.url}, timeout=20)
        if "deskbell_session" not in agent.cookies:
            raise AssertionError(f"the agent could not log in: {answer.status_code}")

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            passed = agent.get(server.url + self.path, headers={"Accept-Language": language}, timeout=20)
            self.send_response(passed.status_code)
            for name, value in passed.headers.items():
                if name.lower() not in ("content-length", "content-encoding", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(passed.content)))
            self.end_headers()
            self.wfile.write(passed.content)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as door:
        thread = threading.Thread(target=door.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.server_address[1]}"
        finally:
            door.shutdown()
            thread.join()
