"""The inbox: what only somebody can decide, and the answers to it."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from crosswatch.model.kinds import Feature, Side
from crosswatch.services.shapes import asked_shape
from crosswatch.store.attention import LEAVE, Question
from crosswatch.web.api.errors import told
from crosswatch.web.api.fields import AccountName, Body, Id, Name, number
from crosswatch.web.api.paging import DEFAULT_PAGE, Cursor, Limit, Listed, position
from crosswatch.web.api.runs import Title
from crosswatch.web.parts import PartsDep

router = APIRouter(prefix="/api/attention", tags=["Attention"])

_ANSWER = f"`source` or `target`: that side's value counts. `{LEAVE}`: all stays as it is. See `answers` of the entry."


class OfPair(BaseModel):
    """The pair that asks."""

    id: str
    name: str


class AskedSide(BaseModel):
    """One side of a question. A rating is points out of ten, true a title on a list, null one that is not there."""

    account: AccountName | None = Field(description="null where the pair has been deleted.")
    label: str
    value: float | bool | None = Field(description="What this side said when the question was made.")


class Asked(BaseModel):
    """One question about one title."""

    id: str
    kind: Question = Field(
        description="`conflict`: both sides changed to different values. `doubt`: a write got no clear answer, and "
        "what is there now is neither the old nor the new value."
    )
    pair: OfPair | None = Field(description="null where it has been deleted.")
    feature: Feature | None
    title: Title
    ids: dict[str, str] = Field(description='By what services know the title, such as `{"tmdb": "603"}`.')
    source: AskedSide
    target: AskedSide
    made_at: str
    sentence: str = Field(description="The question in words.")
    answers: list[str] = Field(description="What can be said to it.")


class AnswerBody(Body):
    """What somebody decided."""

    answer: Name = Field(description=_ANSWER, examples=["source"])
    items: list[Name] | None = Field(
        None,
        max_length=500,
        description="The ids of the titles that the answer is for; left out: all of the entry.",
    )


class AnswerAllBody(Body):
    """One answer to all conflicts of a pair."""

    pair: Name = Field(description="The id of the pair.", examples=["1"])
    answer: Side = Field(description="Whose value counts.")


class Answered(BaseModel):
    """It is stored; the pair's next run does it."""

    ok: bool = Field(description="Always true.")
    answered: int = Field(description="How many questions were answered.")


@router.get("", summary="What needs you", responses=told("invalid_request"))
async def list_attention(
    parts: PartsDep,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    pair: Annotated[
        str | None, Query(pattern=r"^[0-9]{1,18}$", description="Of this pair only; left out: of all.")
    ] = None,
) -> Listed[Asked]:
    """Every open question, the oldest first. One that a later run no longer comes to leaves by itself."""
    of_pair = None if pair is None else number("pair", pair)
    found, total = await parts.attention.waiting(
        limit=limit + 1, after=position(cursor) or 0, pair_id=of_pair
    )
    some = found[:limit]
    return Listed[Asked](
        items=[Asked.model_validate(asked_shape(one)) for one in some],
        total=total,
        next=str(some[-1].question.id) if len(found) > limit else None,
    )


@router.post("", summary="Answer all conflicts of a pair", responses=told("not_found", "invalid_request"))
async def answer_all(parts: PartsDep, body: AnswerAllBody) -> Answered:
    """Every open conflict of the pair is answered alike; the pair's next run does it."""
    return Answered(
        ok=True, answered=await parts.attention.answer_conflicts(number("pair", body.pair), body.answer)
    )


@router.post("/{question_id}", summary="Answer one question", responses=told("not_found", "invalid_request"))
async def answer_one(parts: PartsDep, question_id: Id, body: AnswerBody) -> Answered:
    """Holds until one of the two values changes, and can be changed until a run has done it."""
    await parts.attention.answer(number("question", question_id), body.answer, items=body.items)
    return Answered(ok=True, answered=1)
