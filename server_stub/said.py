"""What a requester says of a ticket after it was filed: comments and operations, checked before anything is stored."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from server_stub.life import Act
from server_stub.manifest import UUID4, WHOLE, Attachment, Part, one_length_for_one_digest
from server_stub.settings import ATTACHMENTS_PER_REPORT

Id = Annotated[str, Field(pattern=UUID4)]
Text = Annotated[str, Field(max_length=20_000)]


class OperationKind(StrEnum):
    """What a requester may do with a ticket by one click."""

    SOLVED = "solved"
    REOPEN = "reopen"
    RATING = "rating"
    WITHDRAW = "withdraw"


ACTS = {
    OperationKind.SOLVED: Act.WORKS,
    OperationKind.REOPEN: Act.STILL_BROKEN,
    OperationKind.RATING: Act.RATE,
    OperationKind.WITHDRAW: Act.WITHDRAW,
}


class Comment(Part):
    """A comment of the requester."""

    format: Annotated[Literal[1], WHOLE]
    id: Id
    report_id: Id
    created_at: AwareDatetime
    text: Text
    language: Annotated[str, Field(max_length=35)]
    attachments: Annotated[list[Attachment], Field(max_length=ATTACHMENTS_PER_REPORT)]

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.text.strip() and not self.attachments:
            raise ValueError("neither text nor attachments")
        one_length_for_one_digest(self.attachments)
        return self


class Operation(Part):
    """What the requester did with a ticket. `stars` are given with a rating, and count with nothing else."""

    format: Annotated[Literal[1], WHOLE]
    id: Id
    report_id: Id
    created_at: AwareDatetime
    language: Annotated[str, Field(max_length=35)]
    kind: OperationKind
    text: Text
    stars: Annotated[Annotated[int, Field(ge=1, le=5), WHOLE] | None, Field()] = None

    @model_validator(mode="after")
    def _rates(self) -> Self:
        if self.kind is OperationKind.RATING and self.stars is None:
            raise ValueError("a rating without stars")
        return self
