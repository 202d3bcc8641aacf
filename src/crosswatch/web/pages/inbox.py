"""The inbox: what only the user can decide, with the answers as buttons."""

from collections.abc import Sequence
from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.responses import Response

from crosswatch.errors import Refused
from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Feature, Kind, Side
from crosswatch.services.attention import Asked, Waiting, value_words
from crosswatch.store.attention import LEAVE, Question
from crosswatch.store.pairs import PairRow
from crosswatch.web.api.fields import number
from crosswatch.web.api.paging import Cursor, position
from crosswatch.web.pages.forms import read_form
from crosswatch.web.pages.home import stands_of, to
from crosswatch.web.pages.making import Names, Stand
from crosswatch.web.pages.pair_views import AnswerView, InboxView, PairQuestions, QuestionView
from crosswatch.web.pages.showing import ShowDep, Shower, notice_of
from crosswatch.web.pages.views import Area
from crosswatch.web.parts import Parts, PartsDep

router = APIRouter(include_in_schema=False)

QUESTIONS = 50
"""How many a page shows."""


@router.api_route("/attention", methods=["GET", "HEAD"])
async def inbox(request: Request, parts: PartsDep, show: ShowDep, cursor: Cursor = None) -> Response:
    """Every open question, pair by pair."""
    view = await inbox_view(parts, cursor)
    return show.page(request, "attention.html", view, area=Area.INBOX)


@router.post("/attention/{question_id}")
async def answer(request: Request, parts: PartsDep, show: ShowDep, question_id: str) -> Response:
    """Stores one answer. A question that left meanwhile is told as such."""
    form = await read_form(request)
    try:
        await parts.attention.answer(number("question", question_id), form.get("answer"))
    except Refused as refused:
        return await _again(request, parts, show, refused)
    return to(request, _here(form.get("cursor")))


@router.post("/attention/pairs/{pair_id}")
async def answer_all(request: Request, parts: PartsDep, show: ShowDep, pair_id: str) -> Response:
    """Answers every open conflict of a pair alike."""
    form = await read_form(request)
    try:
        if form.get("answer") not in (Side.SOURCE, Side.TARGET):
            raise Refused("invalid_request", reason="the answer must be source or target")
        await parts.attention.answer_conflicts(number("pair", pair_id), Side(form.get("answer")))
    except Refused as refused:
        return await _again(request, parts, show, refused)
    return to(request, "/attention")


def _here(cursor: str) -> str:
    return f"/attention?cursor={cursor}" if cursor.isascii() and cursor.isdigit() else "/attention"


async def _again(request: Request, parts: Parts, show: Shower, refused: Refused) -> Response:
    view = replace(await inbox_view(parts, None), notice=notice_of(refused))
    return show.page(request, "attention.html", view, area=Area.INBOX, error=refused)


async def inbox_view(parts: Parts, cursor: str | None) -> InboxView:
    """What waits from the cursor on; the first page also says which answers wait for a run."""
    found, total = await parts.attention.waiting(limit=QUESTIONS + 1, after=position(cursor) or 0)
    some = found[:QUESTIONS]
    names, stands = await stands_of(parts)
    groups = [
        _group(
            waits,
            [one for one in some if one.pair is not None and one.pair.id == waits.pair.id],
            names,
            stands,
        )
        for waits in await parts.attention.by_pair()
    ]
    alone = [_question(one, {}) for one in some if one.pair is None]
    return InboxView(
        pairs=(
            *(group for group in groups if group.questions or (cursor is None and group.answered)),
            *([PairQuestions("", "", tuple(alone))] if alone else []),
        ),
        total=total,
        next=str(some[-1].question.id) if len(found) > QUESTIONS else "",
        first=cursor is None,
        here=cursor or "",
    )


def _group(
    waits: Waiting, asked: Sequence[Asked], names: Names, stands: dict[AccountName, Stand]
) -> PairQuestions:
    pair = waits.pair
    called = side_names(pair, names)
    usable = all(name in stands and stands[name].error is None for name in (pair.source, pair.target))
    return PairQuestions(
        id=str(pair.id),
        name=pair.name,
        questions=tuple(_question(one, called) for one in asked),
        conflicts=waits.conflicts,
        answered=waits.answered,
        can_run=pair.enabled and usable,
        every=tuple(AnswerView(side.value, f"Keep {called[side]}’s rating for all") for side in Side),
    )


def side_names(pair: PairRow, names: Names) -> dict[Side, str]:
    """What the two sides are called on buttons: the service, and the account as well where both are of one service."""
    source, target = names.apart(pair.source, pair.target)
    return {Side.SOURCE: source.label, Side.TARGET: target.label}


def _question(asked: Asked, called: dict[Side, str]) -> QuestionView:
    row = asked.question
    name = row.name or "Untitled"
    return QuestionView(
        id=str(row.id),
        title=f"{row.show}: {name}" if row.show else name,
        kind=Kind(row.title_kind),
        made_at=row.made_at,
        answers=tuple(_answer(asked, answer, called) for answer in row.answers),
        sentence="" if row.kind is Question.CONFLICT else asked.sentence,
        year=row.year,
        season=row.season,
        number=row.number,
    )


def _answer(asked: Asked, answer: str, called: dict[Side, str]) -> AnswerView:
    """A button. A side that has nothing cannot win: then both stay as they are."""
    if answer == LEAVE:
        return AnswerView(answer, "Leave it as it is")
    side = Side(answer)
    value = asked.value(side)
    if value is None:
        return AnswerView(answer, "Leave both as they are")
    words = value_words(asked.question.feature, value)
    if asked.question.feature is Feature.WATCHLIST:
        words = f"it {words}"
    return AnswerView(answer, f"Keep {words}", called[side])
