"""Pairs: made, looked at, changed and deleted, by plain forms."""

from dataclasses import replace
from enum import StrEnum
from typing import TypeVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from crosswatch.errors import Refused
from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Conflict, Feature, Mode
from crosswatch.services.pairs import NewPair, lane_defaults
from crosswatch.store.pairs import LaneRow, LaneSettings, PairRow
from crosswatch.web.api.fields import number
from crosswatch.web.pages.form_views import MakeView
from crosswatch.web.pages.forms import Form, read_form
from crosswatch.web.pages.home import stands_of, to
from crosswatch.web.pages.labels import FEATURES
from crosswatch.web.pages.making import make_view
from crosswatch.web.pages.pair_views import NewPairView, PairView
from crosswatch.web.pages.planning import to_preview
from crosswatch.web.pages.showing import ShowDep, notice_of
from crosswatch.web.pages.views import Area
from crosswatch.web.parts import Parts, PartsDep

router = APIRouter(include_in_schema=False)
Word = TypeVar("Word", bound=StrEnum)
_LONGEST_NAME = 200


@router.api_route("/pairs/new", methods=["GET", "HEAD"])
async def new_pair(request: Request, parts: PartsDep, show: ShowDep) -> Response:
    """The form; on to Home where nothing is connected, which says what to do."""
    form = await _form(parts)
    if form is None:
        return to(request, "/")
    return show.page(request, "pair_new.html", NewPairView(form), area=Area.HOME)


@router.post("/pairs/new")
async def make(request: Request, parts: PartsDep, show: ShowDep) -> Response:
    """Makes a pair and begins its first run, or a preview of it. Sent twice it is one pair.

    What is refused is shown with its form.
    """
    sent = await read_form(request)
    new = _wanted(sent)
    try:
        pair = await parts.pairs.add(new)
        if sent.get("then") == "preview":
            return to_preview(request, await parts.plans.start(pair.id, trigger="page"))
        await parts.running.start(pair.id, trigger="page")
    except Refused as refused:
        if refused.code == "pair_exists" and await _is_there(parts, new):
            return to(request, "/")
        form = await _form(parts)
        if form is None:
            raise
        view = NewPairView(_chosen(form, new, sent), notice_of(refused))
        return show.page(request, "pair_new.html", view, area=Area.HOME, error=refused)
    return to(request, "/")


@router.api_route("/pairs/{pair_id}", methods=["GET", "HEAD"])
async def show_pair(request: Request, parts: PartsDep, show: ShowDep, pair_id: str) -> Response:
    """What can be changed in a pair."""
    pair = await parts.pairs.show(number("pair", pair_id))
    return show.page(request, "pair.html", await _pair_view(parts, pair), area=Area.HOME)


@router.post("/pairs/{pair_id}")
async def change(request: Request, parts: PartsDep, show: ShowDep, pair_id: str) -> Response:
    """Stores name, switch, features, whose rating counts, and where it removes.

    Leads to the inbox where titles are asked about because of that.
    """
    pair = await parts.pairs.show(number("pair", pair_id))
    form = await read_form(request)
    lanes = {lane.feature: _changed(lane, form) for lane in pair.lanes}
    kept = await parts.pairs.kept(pair)
    try:
        await parts.pairs.change(
            pair.id, name=_name(form.get("name")), enabled=bool(form.get("enabled")), features=lanes
        )
    except Refused as refused:
        view = replace(await _pair_view(parts, pair), notice=notice_of(refused))
        return show.page(request, "pair.html", view, area=Area.HOME, error=refused)
    asked = any(lanes[feature].remove and count for feature, count in kept.items())
    return to(request, "/attention" if asked else "/")


@router.api_route("/pairs/{pair_id}/delete", methods=["GET", "HEAD"])
async def ask_delete(request: Request, parts: PartsDep, show: ShowDep, pair_id: str) -> Response:
    """Says what is lost with a pair, and what is not, before it is deleted."""
    pair = await parts.pairs.show(number("pair", pair_id))
    return show.page(request, "pair_delete.html", await _pair_view(parts, pair), area=Area.HOME)


@router.post("/pairs/{pair_id}/delete")
async def delete(request: Request, parts: PartsDep, show: ShowDep, pair_id: str) -> Response:
    """Deletes a pair; both accounts keep all their titles."""
    pair = await parts.pairs.show(number("pair", pair_id))
    try:
        await parts.pairs.remove(pair.id)
    except Refused as refused:
        if refused.code == "not_found":
            raise
        view = replace(await _pair_view(parts, pair), notice=notice_of(refused))
        return show.page(request, "pair.html", view, area=Area.HOME, error=refused)
    return to(request, "/")


async def _form(parts: Parts) -> MakeView | None:
    names, stands = await stands_of(parts)
    used = {name for pair in await parts.pairs.every() for name in (pair.source, pair.target)}
    return make_view(names, stands, used)


def _wanted(form: Form) -> NewPair:
    """The pair that a form asks for. Raises Refused ``invalid_request`` for words that no form of ours has."""
    mode = _word(Mode, form.get("mode")) or Mode.ONE_WAY
    settings, conflict = lane_defaults(mode), _word(Conflict, form.get("conflict"))
    if mode is Mode.TWO_WAY and conflict is not None:
        settings = replace(settings, conflict=conflict)
    chosen = set(form.all("features"))
    return NewPair(
        AccountName.parse(form.get("source")),
        AccountName.parse(form.get("target")),
        mode=mode,
        features={feature: replace(settings, enabled=feature.value in chosen) for feature in Feature},
    )


def _chosen(form: MakeView, new: NewPair, sent: Form) -> MakeView:
    """The form as it was sent."""
    return replace(
        form,
        source=str(new.source),
        target=str(new.target),
        mode=new.mode,
        conflict=_word(Conflict, sent.get("conflict")) or form.conflict,
        features=tuple(feature for feature, lane in (new.features or {}).items() if lane.enabled),
    )


def _changed(lane: LaneRow, form: Form) -> LaneSettings:
    """The settings of a lane as the form has them; what is not ticked is off."""
    removes = lane.feature.value in form.all("removes")
    rated = removes and lane.feature is Feature.WATCHLIST and bool(form.get("when_rated"))
    return replace(
        lane.settings,
        enabled=lane.feature.value in form.all("features"),
        conflict=_word(Conflict, form.get("conflict")) or lane.settings.conflict,
        remove=removes,
        remove_when_rated=rated,
    )


async def _is_there(parts: Parts, new: NewPair) -> bool:
    wanted = (new.source, new.target, new.mode)
    return any((pair.source, pair.target, pair.mode) == wanted for pair in await parts.pairs.every())


def _word(words: type[Word], text: str) -> Word | None:
    """The word of that set, None where none was sent."""
    try:
        return words(text) if text else None
    except ValueError:
        raise Refused(
            "invalid_request", reason=f"there is no {words.__name__.lower()} of that name"
        ) from None


def _name(text: str) -> str:
    if len(text) > _LONGEST_NAME or not text.isprintable():
        raise Refused("invalid_request", reason=f"a name has at most {_LONGEST_NAME} characters, in one line")
    return text


async def _pair_view(parts: Parts, pair: PairRow) -> PairView:
    names, _ = await stands_of(parts)
    lanes = {lane.feature: lane.settings for lane in pair.lanes}
    return PairView(
        id=str(pair.id),
        name=pair.name,
        source=names.side(pair.source),
        target=names.side(pair.target),
        mode=pair.mode,
        enabled=pair.enabled,
        shared=tuple(feature for feature in FEATURES if feature in lanes),
        features=tuple(feature for feature, lane in lanes.items() if lane.enabled),
        conflict=lanes[Feature.RATINGS].conflict if Feature.RATINGS in lanes else Conflict.ASK,
        removes=tuple(feature for feature, lane in lanes.items() if lane.remove),
        when_rated=any(lane.remove_when_rated for lane in lanes.values()),
        kept=sum((await parts.pairs.kept(pair)).values()),
        undated=" and ".join(parts.pairs.undated(pair.source, pair.target)),
    )
