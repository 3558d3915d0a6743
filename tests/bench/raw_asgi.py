"""The floor of polling: an application that answers 304 to everything, under uvicorn as our server sets it up."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn

HEADERS = [
    (b"etag", b'"0123456789abcdef0123456789abcdef"'),
    (b"cache-control", b"private, no-cache"),
    (b"vary", b"Accept-Language, Authorization"),
]


async def app(scope: dict[str, Any], _receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 304, "headers": HEADERS})
        await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    uvicorn.run(
        app, port=int(sys.argv[1]), log_config=None, access_log=False, server_header=False, ws="none", lifespan="off",
        proxy_headers=False, backlog=2048,
    )  # fmt: skip
