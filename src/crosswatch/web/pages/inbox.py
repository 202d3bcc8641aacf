"""The inbox: what only the user can decide, with the answers as buttons, and a way back from each of them."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TypeVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from crosswatch.errors import Refused
from crosswatch.model.kinds import Feature, Side
from crosswatch.services.attention import OfPair
from crosswatch.store.attention import Question
from crosswatch.store.inbox import Which
from crosswatch.web.api.fields import number
from crosswatch.web.api.paging import Cursor, position
from crosswatch.web.pages.blocks import ALL, CHOSEN, block_view, pair_view
from crosswatch.web.pages.forms import Form, read_form
from crosswatch.web.pages.home import stands_of, to
from crosswatch.web.pages.inbox_views import InboxView, PairBlocks
from crosswatch.web.pages.showing import ShowDep, notice_of
from crosswatch.web.pages.views import Area
from crosswatch.web.parts import Parts, PartsDep
from crosswatch.web.rendering import address

router = APIRouter(include_in_schema=False)
Word = TypeVar("Word", bound=StrEnum)

FIRST = 5
"""How many questions of a block the whole inbox shows; the block by itself shows all, page by page."""

QUESTIONS = 50
"""How many a page of one block shows."""

_FIELDS = ("pair", "kind", "feature", "side", "said")
_MOST_FIELDS = QUESTIONS + 20


@router.api_route("/attention", methods=["GET", "HEAD"])
async def inbox(
    request: Request,
    parts: PartsDep,
    show: ShowDep,
    cursor: Cursor = None,
    pair: str = "",
    kind: str = "",
    feature: str = "",
    side: str = "",
    said: str = "",
) -> Response:
    """All that waits, pair by pair; with ``kind`` one block of it, page by page."""
    if not kind:
        return show.page(request, "attention.html", await inbox_view(parts), area=Area.INBOX)
    which = _which({"pair": pair, "kind": kind, "feature": feature, "side": side, "said": said})
    view = await _block_view(parts, which, cursor)
    if view is None:
        return to(request, "/attention")
    return show.page(request, "attention.html", view, area=Area.INBOX)


@router.post("/attention")
async def answer(request: Request, parts: PartsDep, show: ShowDep) -> Response:
    """Stores what was said: to one question, to those that are ticked, or to all of a block."""
    form = await read_form(request, most=_MOST_FIELDS)
    said, _, to_what = form.get("say").partition(":")
    try:
        if not said:
            return to(request, _back(form))
        if to_what in (ALL, CHOSEN):
            await parts.attention.answer_all(
                _which({**_fields(form), "until": form.get("until")}), said, items=_items(form, to_what)
            )
        else:
            await parts.attention.answer(number("question", to_what), said)
    except Refused as refused:
        view = replace(await inbox_view(parts), notice=notice_of(refused))
        return show.page(request, "attention.html", view, area=Area.INBOX, error=refused)
    return to(request, _back(form))


def _fields(form: Form) -> dict[str, str]:
    return {name: form.get(name) for name in _FIELDS}


def _items(form: Form, to_what: str) -> list[str] | None:
    """The titles that are ticked; None for all. Raises Refused ``nothing_chosen``."""
    if to_what == ALL:
        return None
    items = form.all("items")
    if not items:
        raise Refused("nothing_chosen")
    return items


def _which(fields: dict[str, str]) -> Which:
    """The block that these fields name. Raises Refused ``invalid_request`` for words that no page of ours has."""
    return Which(
        pair=number("pair", fields["pair"]) if fields["pair"] else None,
        kind=_word(Question, fields["kind"]),
        feature=_word(Feature, fields["feature"]),
        side=_word(Side, fields["side"]),
        answered=bool(fields["said"]),
        said=fields["said"],
        until=number("question", fields["until"]) if fields.get("until") else None,
    )


def _word(words: type[Word], text: str) -> Word | None:
    try:
        return words(text) if text else None
    except ValueError:
        raise Refused("invalid_request", reason=f"there is no {words.__name__.lower()} like that") from None


def _back(form: Form) -> str:
    """To the page where the button stood: the whole inbox, or one block of it."""
    cursor = form.get("cursor")
    if not form.get("whole"):
        return "/attention"
    query = {name: value for name, value in _fields(form).items() if value}
    return address("/attention", {**query, "cursor": cursor if cursor.isascii() and cursor.isdigit() else ""})


async def inbox_view(parts: Parts) -> InboxView:
    """All that waits, with the first questions of each block."""
    newest = await parts.attention.newest()
    found = await parts.attention.blocks(first=FIRST)
    pairs = await _pairs(parts, found)
    total = sum(block.count for one in found for block in one.blocks if not block.said)
    return InboxView(pairs=tuple(pairs), total=total, newest=str(newest))


async def _block_view(parts: Parts, which: Which, cursor: str | None) -> InboxView | None:
    """One block by itself; None where nothing of it is left."""
    after = position(cursor) or 0
    newest = await parts.attention.newest()
    block = await parts.attention.block(which, limit=QUESTIONS + 1, after=after)
    if not block.asked:
        return None
    some = replace(block, asked=block.asked[:QUESTIONS])
    pair = some.asked[0].pair
    names, _ = await stands_of(parts)
    view = replace(block_view(pair, some, names), why="" if after else block_view(pair, some, names).why)
    return InboxView(
        pairs=(PairBlocks("" if pair is None else str(pair.id), "" if pair is None else pair.name, (view,)),),
        total=block.count,
        whole=True,
        next=str(some.asked[-1].question.id) if len(block.asked) > QUESTIONS else "",
        here=cursor or "",
        newest=str(newest),
    )


async def _pairs(parts: Parts, found: Sequence[OfPair]) -> list[PairBlocks]:
    names, stands = await stands_of(parts)
    shown = []
    for one in found:
        ends = () if one.pair is None else (one.pair.source, one.pair.target)
        usable = all(name in stands and stands[name].error is None for name in ends)
        can_run = one.pair is not None and one.pair.enabled and usable
        shown.append(pair_view(one, names, can_run=can_run))
    return shown
