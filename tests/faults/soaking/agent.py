"""Somebody at the desk who looks at the queue, at the newest ticket and at its picture."""

from __future__ import annotations

import asyncio
import re
import time

import requests

from tests.rigs.desk_server import LOGIN, PASSWORD

_TICKET = re.compile(r'href="(/console/tickets/[0-9a-f-]{36})"')
_PICTURE = re.compile(r'src="(/[^"]+)"')
_TIMEOUT_S = 60


class Agent:
    """A browser at one server, reduced to what it asks for."""

    def __init__(self, url: str) -> None:
        self.pages = 0
        self.findings: list[str] = []
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False

    async def work(self, until_s: float, pace_s: float) -> None:
        """Look again and again, until then (monotonic)."""
        while time.monotonic() < until_s:
            await asyncio.to_thread(self._look)
            await asyncio.sleep(pace_s)
        self._session.close()

    def _look(self) -> None:
        queue = self._get("/console/")
        if "/console/login" in queue.headers.get("Location", ""):
            self._log_in()
            queue = self._get("/console/")
        for link in _TICKET.findall(queue.text)[:1]:
            for picture in _PICTURE.findall(self._get(link).text)[:2]:
                self._get(picture)

    def _log_in(self) -> None:
        fields = {"login": LOGIN, "password": PASSWORD}
        headers = {"Origin": self._url}
        self._session.post(
            f"{self._url}/console/login", data=fields, headers=headers, timeout=_TIMEOUT_S, allow_redirects=False
        )

    def _get(self, path: str) -> requests.Response:
        answer = self._session.get(self._url + path, timeout=_TIMEOUT_S, allow_redirects=False)
        self.pages += 1
        if answer.status_code >= 400:
            self.findings.append(f"the agent got {answer.status_code} for {path.split('/')[1]}")
        return answer
