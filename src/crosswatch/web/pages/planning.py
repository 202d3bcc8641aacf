"""Previews: made from a button, shown title by title, and applied exactly as they were shown."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo

from fastapi import APIRouter, Request
from starlette.responses import Response

from crosswatch import words
from crosswatch.errors import Refused
from crosswatch.model.kinds import Action, Feature, Kind, Side
from crosswatch.services.plans import LaneFigures, PlanReport, headline, proof, why
from crosswatch.store.plans import ItemState, PlanItem, Wanted
from crosswatch.store.runs import RUNNING
from crosswatch.web.api.fields import number
from crosswatch.web.api.paging import Cursor, position
from crosswatch.web.pages.activity import called, lane_of, unbroken
from crosswatch.web.pages.home import home_again, to
from crosswatch.web.pages.labels import ACTIONS, COUNTS, FEATURES
from crosswatch.web.pages.making import Names
from crosswatch.web.pages.plan_views import PlanLaneView, PlanLine, PlanRow, PlanView
from crosswatch.web.pages.showing import ShowDep, Shower, notice, notice_of
from crosswatch.web.pages.views import Area, Notice, SideView
from crosswatch.web.parts import Parts, PartsDep
from crosswatch.web.rendering import number as grouped

router = APIRouter(include_in_schema=False)

TITLES, REST = 100, 20
"""How many titles a page shows; of those that are not written only the first, until they are asked for."""

_ONLY_REST = "rest"
_COUNTED = {
    ItemState.WAITS: "waiting",
    ItemState.CONFLICT: "conflicts",
    ItemState.HELD: "held",
    ItemState.CLEARED: "cleared",
    ItemState.KEPT: "kept",
}


@router.post("/pairs/{pair_id}/plan")
async def preview(request: Request, parts: PartsDep, show: ShowDep, pair_id: str) -> Response:
    """Begins to make a preview, and leads to the run, which leads on to the preview."""
    try:
        run_id = await parts.plans.start(number("pair", pair_id), trigger="page")
    except Refused as refused:
        if refused.code == "not_found":
            raise
        if refused.code != "already_running":
            return await home_again(request, parts, show, refused)
        run_id = int(refused.params["run_id"])
    return to_preview(request, run_id)


def to_preview(request: Request, run_id: int) -> Response:
    """On to a run that leads to its preview as soon as it has ended."""
    return to(request, f"/runs/{run_id}?follow=plan")


@router.api_route("/plans/{plan_id}", methods=["GET", "HEAD"])
async def plan(
    request: Request,
    parts: PartsDep,
    show: ShowDep,
    plan_id: str,
    lane: str = "",
    only: str = "",
    cursor: Cursor = None,
) -> Response:
    """What exactly would happen; with ``only=rest`` what is not written alone."""
    shown = await parts.plans.show(number("plan", plan_id))
    feature = lane_of(lane)
    view = await _view(parts, show, shown, feature, cursor, rest_only=only == _ONLY_REST)
    return show.page(request, "plan.html", view, area=Area.HOME)


@router.post("/plans/{plan_id}/apply")
async def apply(request: Request, parts: PartsDep, show: ShowDep, plan_id: str) -> Response:
    """Begins to write exactly this, and leads to that run. What cannot be is told on the page of the plan."""
    wanted = number("plan", plan_id)
    try:
        run_id = await parts.plans.apply(wanted, trigger="page")
    except Refused as refused:
        if refused.code == "not_found":
            raise
        view = await _view(parts, show, await parts.plans.show(wanted), None, None, rest_only=False)
        told = view if view.notice else replace(view, notice=notice_of(refused))
        return show.page(request, "plan.html", told, area=Area.HOME, error=refused)
    return to(request, f"/runs/{run_id}")


async def _view(
    parts: Parts,
    show: Shower,
    report: PlanReport,
    lane: Feature | None,
    cursor: str | None,
    *,
    rest_only: bool,
) -> PlanView:
    row, tried = report.plan, report.tried
    writes: Sequence[PlanItem]
    rest: Sequence[PlanItem]
    source, target = await _sides(parts, report)
    labels = called(source, target)
    wanted = Wanted(feature=lane, state=ItemState.WRITE)
    others = Wanted(feature=lane, but=ItemState.WRITE)
    after, size = position(cursor) or 0, TITLES + 1
    if rest_only:
        paged, rest_count = await parts.plans.items(row.id, after=after, limit=size, wanted=others)
        writes, rest, write_count = (), paged, 0
    else:
        paged, write_count = await parts.plans.items(row.id, after=after, limit=size, wanted=wanted)
        rest, rest_count = await parts.plans.items(row.id, after=0, limit=REST, wanted=others)
        writes, rest = paged, () if after else rest  # below the first page of what is written
    doing = tried is not None and tried.id == row.applied_by and tried.status == RUNNING
    return PlanView(
        id=str(row.id),
        pair=str(row.pair) if report.pair is not None else "",
        pair_name=row.pair_name,
        source=source,
        target=target,
        headline=unbroken(headline(report.writes, labels, number=grouped)),
        made_at=row.made_at,
        expires_at=row.expires_at,
        button=_button(report.writes),
        removes=any(report.writes[side, Action.REMOVE] for side in Side),
        can_apply=report.stale is None,
        notice=_notice(report),
        done=str(row.applied_by) if row.applied_by is not None else "",
        doing=doing,
        lanes=tuple(
            _lane(figures, labels)
            for feature in FEATURES
            for figures in report.lanes
            if figures.lane.feature is feature
        ),
        lane=lane.value if lane is not None else "",
        writes=tuple(_row(one, labels, show.zone) for one in writes[:TITLES]),
        write_count=write_count,
        rest=tuple(_row(one, labels, show.zone) for one in rest[:TITLES]),
        rest_count=rest_count,
        rest_only=rest_only,
        next=str(paged[TITLES - 1].seq) if len(paged) > TITLES else "",
        first=cursor is None,
    )


async def _sides(parts: Parts, report: PlanReport) -> tuple[SideView, SideView]:
    """Both ends of the pair; without names where it is gone."""
    if report.pair is None:
        return SideView("", "the source", ""), SideView("", "the target", "")
    names = Names(tuple(await parts.overview.providers()))
    return names.apart(report.pair.source, report.pair.target)


def _notice(report: PlanReport) -> Notice | None:
    """Why it cannot be applied; or what was in the way when that was tried last."""
    if report.stale is not None:
        return None if report.stale.params["why"] == "applied" else notice_of(report.stale)
    tried = report.tried
    if tried is None or not tried.code:
        return None
    return notice(tried.code, tried.params)


def _button(writes: Counter[tuple[Side, Action]]) -> str:
    """What applying it does, both sides together: ``12 added, 3 removed``."""
    sums = [(action, sum(writes[side, action] for side in Side)) for action in Action]
    return unbroken(", ".join(words.written(action, grouped(count), "") for action, count in sums if count))


def _lane(figures: LaneFigures, labels: Mapping[Side, str]) -> PlanLaneView:
    counts = figures.lane.counts
    lines = [
        PlanLine(count, words.written(action, "", labels[name]).strip(), ACTIONS[action])
        for name in (Side.TARGET, Side.SOURCE)
        for action in Action
        if (count := figures.writes[name, action])
    ]
    lines += [
        PlanLine(count, COUNTS[name].word, COUNTS[name])
        for state, name in _COUNTED.items()
        if (count := figures.states[state])
    ]
    lines += [
        PlanLine(counts[name], COUNTS[name].word, COUNTS[name])
        for name in ("adopted", "left")
        if counts[name]
    ]
    return PlanLaneView(
        feature=figures.lane.feature,
        read_source=counts["read"]["source"],
        read_target=counts["read"]["target"],
        lines=tuple(lines),
        incomplete=tuple(
            f"The list of {labels[Side(side)]} is not complete: {reason}."
            for side, reason in counts["incomplete"].items()
        ),
    )


def _row(item: PlanItem, labels: Mapping[Side, str], zone: tzinfo) -> PlanRow:
    one, name = item.promise, item.name or "Untitled"
    at = datetime.fromtimestamp(one.proved_at / 1000, UTC).astimezone(zone).strftime("%H:%M")
    both = (one.other_value, one.before) if one.state is ItemState.CONFLICT else None
    return PlanRow(
        title=f"{item.show}: {name}" if item.show else name,
        kind=Kind(item.kind),
        feature=one.feature,
        state="" if one.state is ItemState.WRITE else one.state.value,
        reason=why(one, labels),
        proof=proof(one, labels, at),
        side=labels[one.side] if one.side is not None and one.action is not None else "",
        action=one.action,
        before=one.before,
        after=one.wanted,
        both=both,
        year=item.year,
        season=item.season,
        number=item.number,
    )
