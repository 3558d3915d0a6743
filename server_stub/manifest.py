"""What a report says: the manifest that a client sends, checked before anything is stored.

Keys that are not known here are tolerated, so that a newer client can talk to an older server: the manifest is kept as
the bytes that arrived.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal, NoReturn, Self, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from server_stub.errors import BadJson, Invalid
from server_stub.settings import ATTACHMENTS_PER_REPORT

UUID4 = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
SHA256 = r"^[0-9a-f]{64}$"
_MEDIA_TYPE = r"^[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,63}/[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,63}$"
# Bidirectional overrides and isolates can make a text read as something else than it says.
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]")
_KEPT_CONTROLS = "\n\t"


def _whole(value: object) -> object:
    """JSON knows one kind of number: 3.0 is the integer 3."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Line = Annotated[str, Field(max_length=255)]
Claim = Annotated[str | None, Field(max_length=255)]
WHOLE = BeforeValidator(_whole)
PIXELS = 1_000_000
Model = TypeVar("Model", bound=BaseModel)


class Kind(StrEnum):
    """What an attachment is."""

    SCREENSHOT = "screenshot"
    FILE = "file"


class Via(StrEnum):
    """How a report was filed."""

    PANEL = "panel"
    CLI = "cli"


class Part(BaseModel):
    """Something that a client sends. Keys that are not known are tolerated."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False)


class Requester(Part):
    """What the machine claims of the person; nobody has verified it."""

    name: Claim = None
    user: Claim = None
    host: Claim = None


class Fact(Part):
    """One fact about the machine. `label` and `alarm` are source strings of the shared catalogue."""

    key: Annotated[str, Field(min_length=1, max_length=64)]
    label: Annotated[str, Field(max_length=200)]
    value: Annotated[str, Field(max_length=4000)]
    alarm: Annotated[str | None, Field(max_length=200)] = None


class Display(Part):
    """The display that a screenshot shows: physical pixels, virtual-desktop position."""

    name: Annotated[str | None, Field(max_length=255)] = None
    number: Annotated[int, Field(ge=1, le=1000), WHOLE]
    x: Annotated[int, Field(ge=-PIXELS, le=PIXELS), WHOLE]
    y: Annotated[int, Field(ge=-PIXELS, le=PIXELS), WHOLE]
    width: Annotated[int, Field(ge=0, le=PIXELS), WHOLE]
    height: Annotated[int, Field(ge=0, le=PIXELS), WHOLE]
    scale: Annotated[float, Field(gt=0, le=100)]
    primary: bool


class Attachment(Part):
    """One attachment that the report announces; its bytes are uploaded on their own."""

    sha256: Annotated[str, Field(pattern=SHA256)]
    bytes: Annotated[int, Field(ge=0, le=2**40), WHOLE]
    name: Line
    media_type: Annotated[str, Field(pattern=_MEDIA_TYPE)]
    kind: Kind
    taken_at: AwareDatetime | None = None
    display: Display | None = None


class Manifest(Part):
    """A report."""

    format: Annotated[Literal[1], WHOLE]
    report_id: Annotated[str, Field(pattern=UUID4)]
    created_at: AwareDatetime
    text: Annotated[str, Field(max_length=20_000)]
    category: Annotated[str | None, Field(max_length=40)]
    blocking: bool
    via: Via
    language: Annotated[str, Field(max_length=35)]
    client: Annotated[str, Field(max_length=100)]
    requester: Requester
    facts: Annotated[list[Fact], Field(max_length=200)]
    attachments: Annotated[list[Attachment], Field(max_length=ATTACHMENTS_PER_REPORT)]

    @model_validator(mode="after")
    def _one_length_for_one_digest(self) -> Self:
        one_length_for_one_digest(self.attachments)
        return self

    @property
    def pictures(self) -> int:
        """How many screenshots the report announces."""
        return sum(attachment.kind is Kind.SCREENSHOT for attachment in self.attachments)


def one_length_for_one_digest(attachments: Sequence[Attachment]) -> None:
    """Raise ValueError where two attachments of one digest claim to have different lengths."""
    lengths: dict[str, int] = {}
    for attachment in attachments:
        if lengths.setdefault(attachment.sha256, attachment.bytes) != attachment.bytes:
            raise ValueError("one digest with two lengths")


class EnrolmentBody(Part):
    """What a device sends to enrol."""

    site_key: Annotated[str, Field(max_length=64)]
    client: Annotated[str, Field(max_length=100)]


def parse(model: type[Model], raw: bytes) -> Model:
    """Read `raw` as `model`. Raises BadJson or Invalid, which names the place and never quotes the value."""
    _refuse_ambiguous(raw)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        raise BadJson
    raise Invalid(place=place(first["loc"]))


def place(loc: tuple[int | str, ...]) -> str:
    """Where in a body something is, as people write it: ``attachments[0].sha256``."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return path.lstrip(".")[:200] or "body"


def cleaned(text: str | None) -> str:
    """A text of unknown origin as it may be stored and shown: no control and no direction-changing characters."""
    if not text:
        return ""
    text = _DIRECTION.sub("", text)
    return "".join(c for c in text if c in _KEPT_CONTROLS or unicodedata.category(c) not in ("Cc", "Cs"))


def _refuse_ambiguous(raw: bytes) -> None:
    try:
        json.loads(raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BadJson from None


def _unique(pairs: list[tuple[str, object]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key twice")


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("NaN or infinity")
