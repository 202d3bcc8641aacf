"""Lists: how they are asked for in pages, and how they are answered."""

from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from crosswatch.services.running import LARGEST_PAGE

T = TypeVar("T")
DEFAULT_PAGE = 100

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="How many at most.")]
Cursor = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{1,18}$", description="`next` of the page before; left out for the first."),
]


class Listed(BaseModel, Generic[T]):
    """A page of a list."""

    items: list[T]
    total: int = Field(description="How many there are in all pages together.")
    next: str | None = Field(description="The cursor of the next page, null on the last.")


def position(cursor: str | None) -> int | None:
    """The number in a cursor."""
    return None if cursor is None else int(cursor)


def paged(every: Sequence[T], *, limit: int, cursor: str | None) -> dict[str, object]:
    """A page of a list that is at hand as a whole; its cursor counts the items that went before."""
    start = position(cursor) or 0
    end = start + limit
    return {
        "items": list(every[start:end]),
        "total": len(every),
        "next": str(end) if end < len(every) else None,
    }
