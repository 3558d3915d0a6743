"""``/healthz`` and ``/metrics``: for probes, without a credential and without personal data."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, PlainTextResponse

from server_stub.api import schema
from server_stub.errors import Unavailable
from server_stub.parts import Parts
from server_stub.tally import Tally

_HELP = {
    "deskbell_tickets": "gauge Tickets by status.",
    "deskbell_devices": "gauge Devices that ever enrolled.",
    "deskbell_attachments_missing": "gauge Attachments that reports announced and that have not arrived.",
    "deskbell_responses_total": "counter Answers since the start, by class of status.",
    "deskbell_start_time_seconds": "gauge When this process started.",
}


class HealthRoutes:
    """Probes."""

    def __init__(self, parts: Parts, tally: Tally) -> None:
        self._parts = parts
        self._tally = tally

    def router(self) -> APIRouter:
        """The table of routes."""
        router = APIRouter(tags=["Probes"], redirect_slashes=False)
        router.add_api_route(
            "/healthz",
            self.health,
            methods=["GET"],
            summary="Is it up?",
            responses=schema.answers({200: schema.HealthBody}, 503),
        )
        router.add_api_route(
            "/metrics",
            self.metrics,
            methods=["GET"],
            summary="Figures for Prometheus",
            response_class=PlainTextResponse,
            responses=schema.answers({}, 503),
        )
        return router

    async def health(self) -> JSONResponse:
        """200 when the database answers."""
        try:
            await self._parts.aside(self._parts.figures.probe)
        except SQLAlchemyError as error:
            raise Unavailable from error
        return JSONResponse({"status": "ok", "service": "deskbell"}, headers={"Cache-Control": "no-store"})

    async def metrics(self) -> PlainTextResponse:
        """A few gauges and counters in Prometheus’ text format."""
        values: dict[str, float] = {}
        values.update(await self._parts.aside(self._parts.figures.counts))
        values.update(self._tally.values())
        lines: list[str] = []
        for name, described in _HELP.items():
            kind, _, text = described.partition(" ")
            lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
            lines += [f"{key} {value}" for key, value in values.items() if key.partition("{")[0] == name]
        return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")
