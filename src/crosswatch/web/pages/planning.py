"""Previews: made from a button, shown title by title, and applied exactly as they were shown."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    asked = _Asked(lane_of(lane), cursor, rest_only=only == _ONLY_REST)
    view = await _view(parts, show, shown, asked)
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
        view = await _view(parts, show, await parts.plans.show(wanted), _Asked())
        view = replace(view, notice=notice_of(refused))
        return show.page(request, "plan.html", view, area=Area.HOME, error=refused)
    return to(request, f"/runs/{run_id}")


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which titles of a plan a page shows."""

    lane: Feature | None = None
    cursor: str | None = None
    rest_only: bool = False


@dataclass(frozen=True, slots=True)
class _Titles:
    """The titles of one page, and how many there are of each kind; ``next`` is the cursor of the next page."""

    writes: Sequence[PlanItem]
    rest: Sequence[PlanItem]
    write_count: int
    rest_count: int
    next: str


async def _titles(parts: Parts, plan_id: int, asked: _Asked) -> _Titles:
    """What is not written stands below the first page of what is, or alone."""
    after = position(asked.cursor) or 0
    writes = Wanted(feature=asked.lane, state=ItemState.WRITE)
    others = Wanted(feature=asked.lane, but=ItemState.WRITE)
    found, total = await parts.plans.items(
        plan_id, after=after, limit=TITLES + 1, wanted=others if asked.rest_only else writes
    )
    some = found[:TITLES]
    following = str(some[-1].seq) if len(found) > TITLES else ""
    if asked.rest_only:
        return _Titles((), some, 0, total, following)
    rest, rest_count = await parts.plans.items(plan_id, after=0, limit=REST, wanted=others)
    return _Titles(some, () if after else rest, total, rest_count, following)


async def _view(parts: Parts, show: Shower, report: PlanReport, asked: _Asked) -> PlanView:
    row, tried = report.plan, report.tried
    source, target = await _sides(parts, report)
    labels, titles = called(source, target), await _titles(parts, row.id, asked)
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
        lane=asked.lane.value if asked.lane is not None else "",
        writes=tuple(_row(one, labels, show.zone) for one in titles.writes),
        write_count=titles.write_count,
        rest=tuple(_row(one, labels, show.zone) for one in titles.rest),
        rest_count=titles.rest_count,
        rest_only=asked.rest_only,
        next=titles.next,
        first=asked.cursor is None,
    )


async def _sides(parts: Parts, report: PlanReport) -> tuple[SideView, SideView]:
    """Both ends of the pair; without names where it is gone."""
    if report.pair is None:
        return SideView("", "the source", ""), SideView("", "the target", "")
    names = Names(tuple(await parts.overview.providers()))
    return names.apart(report.pair.source, report.pair.target)


def _notice(report: PlanReport) -> Notice | None:
    """Why it cannot be applied; or what had moved when that was tried last."""
    if report.stale is not None:
        return None if report.stale.params["why"] == "applied" else notice_of(report.stale)
    tried = report.tried
    return notice(tried.code, tried.params) if tried is not None and tried.code == "plan_stale" else None


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
