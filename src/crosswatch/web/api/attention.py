"""The inbox: what only somebody can decide, and the answers to it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from crosswatch.model.kinds import Feature, Side
from crosswatch.services.shapes import asked_shape
from crosswatch.store.attention import LEAVE, Question
from crosswatch.store.held import ALLOW, KEEP
from crosswatch.store.inbox import START_AFRESH, TAKE_BACK, Which
from crosswatch.store.unmatched import TRY_AGAIN
from crosswatch.web.api.errors import told
from crosswatch.web.api.fields import AccountName, Body, Id, Name, number
from crosswatch.web.api.paging import DEFAULT_PAGE, Cursor, Limit, Listed, position
from crosswatch.web.api.runs import Title
from crosswatch.web.parts import PartsDep

router = APIRouter(prefix="/api/attention", tags=["Attention"])

_KIND = (
    "`conflict`: both sides changed to different values. `doubt`: a write got no clear answer, and what is there now "
    "is neither the old nor the new value. `removal`, `overwrite`: more than people do by hand, so it waits. "
    "`kept`: was removed on one side while the pair removed nothing. `unmatched`: a service does not know the title. "
    "`account`: the pair cannot run before one of its accounts is seen to; `code` says why, and `title` is null."
)
_ANSWER = (
    "`source` or `target`: that side's value counts (conflicts, doubts). "
    f"`{ALLOW}`: the next run does it; `{KEEP}`: both sides stay as they are from now on (removals, overwrites, kept). "
    f"`{TRY_AGAIN}`: the next run tries it; `{LEAVE}`: it is never tried again (unmatched), or all stays as it is. "
    f"`{START_AFRESH}`: what both sides agreed on is forgotten (another account). `{TAKE_BACK}`: the question is open "
    "again, as long as no run has done the answer. See `answers` of the entry."
)


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
    """One question about one title, or about an account."""

    id: str
    kind: Question = Field(description=_KIND)
    pair: OfPair | None = Field(description="null where it has been deleted.")
    feature: Feature | None
    title: Title | None
    ids: dict[str, str] = Field(description='By what services know the title, such as `{"tmdb": "603"}`.')
    source: AskedSide
    target: AskedSide
    side: Side | None = Field(description="The side that would be written, or was to be.")
    code: str = Field(
        description="Why: of an account as in every error, of an unmatched title as in a run's items."
    )
    made_at: str
    next_try_at: str | None = Field(description="When an unmatched title is tried again by itself.")
    sentence: str = Field(description="The question in words.")
    next_step: str = Field(description="What is to be done where an answer alone is not enough.")
    answers: list[str] = Field(description="What can be said to it; empty where it ends by itself.")
    answer: str | None = Field(description="What was said to it, and not done yet.")
    answered_at: str | None


class AnswerBody(Body):
    """What somebody decided."""

    answer: Name = Field(description=_ANSWER, examples=["source"])
    items: list[Name] | None = Field(
        None,
        max_length=500,
        description="The ids of the titles that the answer is for; left out: all of the entry.",
    )


class AnswerAllBody(Body):
    """One answer to many questions of a pair."""

    pair: Name = Field(description="The id of the pair.", examples=["1"])
    kind: Question = Field(Question.CONFLICT, description=f"To questions of this kind. {_KIND}")
    answer: Name = Field(description=_ANSWER, examples=["source"])
    feature: Feature | None = Field(None, description="Only to those of this feature.")
    side: Side | None = Field(None, description="Only to those that would write this side.")
    until: Name | None = Field(
        None, description="Only to questions up to this id: the newest one that was shown.", examples=["41"]
    )
    items: list[Name] | None = Field(
        None,
        max_length=500,
        description="Only to those about the titles of these ids, answered before or not; left out: to all that are "
        "open (with `take_back`: to all that are answered).",
    )


class Answered(BaseModel):
    """It is stored; the pair's next run does it."""

    ok: bool = Field(description="Always true.")
    answered: int = Field(description="How many questions were answered.")


_REFUSED = ("not_found", "invalid_request", "already_running")


@router.get("", summary="What needs you", responses=told("invalid_request"))
async def list_attention(
    parts: PartsDep,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    pair: Annotated[
        str | None, Query(pattern=r"^[0-9]{1,18}$", description="Of this pair only; left out: of all.")
    ] = None,
    kind: Annotated[Question | None, Query(description="Of this kind only; left out: of every kind.")] = None,
    state: Annotated[
        Literal["open", "answered"],
        Query(description="`answered`: those that were answered, and that no run has done yet."),
    ] = "open",
) -> Listed[Asked]:
    """Every open question, the oldest first. One that a later run no longer comes to leaves by itself."""
    of_pair = None if pair is None else number("pair", pair)
    found, total = await parts.attention.waiting(
        Which(pair=of_pair, kind=kind, answered=state == "answered"),
        limit=limit + 1,
        after=position(cursor) or 0,
    )
    some = found[:limit]
    return Listed[Asked](
        items=[Asked.model_validate(asked_shape(one)) for one in some],
        total=total,
        next=str(some[-1].question.id) if len(found) > limit else None,
    )


@router.post("", summary="Answer many questions of a pair", responses=told(*_REFUSED))
async def answer_all(parts: PartsDep, body: AnswerAllBody) -> Answered:
    """Every open question of that kind is answered alike; the pair's next run does it.

    What a run is doing at this moment stays as it is, and is not counted.
    """
    until = None if body.until is None else number("question", body.until)
    which = Which(
        pair=number("pair", body.pair), kind=body.kind, feature=body.feature, side=body.side, until=until
    )
    answered = await parts.attention.answer_all(which, body.answer, items=body.items)
    return Answered(ok=True, answered=answered)


@router.post("/{question_id}", summary="Answer one question", responses=told(*_REFUSED))
async def answer_one(parts: PartsDep, question_id: Id, body: AnswerBody) -> Answered:
    """Holds until one of the two values changes, and can be changed until a run has done it."""
    await parts.attention.answer(number("question", question_id), body.answer, items=body.items)
    return Answered(ok=True, answered=1)
