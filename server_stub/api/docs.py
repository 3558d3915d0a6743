"""``/api/docs``: the OpenAPI document as a page for people, drawn here and loading nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from server_stub.parts import Parts
from server_stub.words import Words


class Drawing(Protocol):
    """Draws a page from a template."""

    def draw(self, name: str, words: Words, **values: Any) -> str:
        """The page as HTML."""


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One answer of a route; `shape` names its body, empty for none."""

    status: str
    meaning: str
    shape: str


@dataclass(frozen=True, slots=True)
class RouteView:
    """One route."""

    tag: str
    method: str
    path: str
    summary: str
    text: str
    needs_device: bool
    parameters: tuple[tuple[str, str], ...]
    body: str
    answers: tuple[AnswerView, ...]


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field of a shape."""

    name: str
    type: str
    is_required: bool


@dataclass(frozen=True, slots=True)
class ShapeView:
    """The shape of a body."""

    name: str
    text: str
    fields: tuple[FieldView, ...]


class DocsRoutes:
    """The page about the API."""

    def __init__(self, app: FastAPI, parts: Parts, pages: Drawing) -> None:
        self._app = app
        self._parts = parts
        self._pages = pages

    def routes(self) -> list[Route]:
        """The table of routes."""
        return [Route("/api/docs", self.docs, methods=["GET"])]

    async def docs(self, request: Request) -> Response:
        """Every route with its answers, and every shape with its fields."""
        described = self._app.openapi()
        words = self._parts.words(request)
        html = self._pages.draw(
            "docs.html", words, agent=None, routes=list(routes(described)), shapes=list(shapes(described))
        )
        return HTMLResponse(html, headers={"Content-Language": words.language})


def routes(described: Mapping[str, Any]) -> Iterator[RouteView]:
    """The routes of an OpenAPI document, in its order."""
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield RouteView(
                tag=operation["tags"][0],
                method=method.upper(),
                path=path,
                summary=operation["summary"],
                text=operation.get("description", ""),
                needs_device=bool(operation.get("security")),
                parameters=tuple((p["name"], p.get("description", "")) for p in operation.get("parameters", ())),
                body=_content(operation.get("requestBody", {})),
                answers=tuple(
                    AnswerView(status, answer["description"], _content(answer))
                    for status, answer in sorted(operation["responses"].items())
                ),
            )


def shapes(described: Mapping[str, Any]) -> Iterator[ShapeView]:
    """The shapes of an OpenAPI document, by name."""
    for name, shape in sorted(described["components"]["schemas"].items()):
        required = shape.get("required", ())
        fields = tuple(
            FieldView(key, type_of(value), key in required) for key, value in shape.get("properties", {}).items()
        )
        yield ShapeView(name, shape.get("description", ""), fields)


def type_of(schema: Mapping[str, Any]) -> str:
    """A JSON schema in a word or two: ``string``, ``list of Fact``, ``integer or null``."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(type_of(option) for option in schema["anyOf"])
    if "const" in schema:
        return f"always {schema['const']}"
    if schema.get("type") == "array":
        return f"list of {type_of(schema['items'])}"
    return str(schema.get("format") or schema.get("type") or "anything")


def _content(described: Mapping[str, Any]) -> str:
    for media_type, content in described.get("content", {}).items():
        shape = content.get("schema", {})
        return type_of(shape) if "$ref" in shape else media_type
    return ""
