"""Activity: what runs did, title by title, and the button that stops one."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.responses import Response

from crosswatch.errors import Refused
from crosswatch.model.kinds import Feature, Mode, Side
from crosswatch.services.following import follow as followed
from crosswatch.services.plans import headline
from crosswatch.services.running import RunReport
from crosswatch.store.runs import PLAN
from crosswatch.web.api.fields import number
from crosswatch.web.api.paging import Cursor, position
from crosswatch.web.pages.forms import read_form
from crosswatch.web.pages.home import to
from crosswatch.web.pages.labels import FEATURES
from crosswatch.web.pages.making import Names, item_view, lane_view, progress, run_notice, run_row
from crosswatch.web.pages.showing import ShowDep, Shower
from crosswatch.web.pages.views import Area, Notice, RunListView, RunView, SideView, Status
from crosswatch.web.parts import Parts, PartsDep
from crosswatch.web.rendering import number as grouped
from crosswatch.web.streams import fragment_stream

router = APIRouter(include_in_schema=False)

_FIGURE = re.compile(r"(\d) (?=[a-z])")

RUNS, TITLES = 30, 100
"""How many a page shows."""


@router.api_route("/runs", methods=["GET", "HEAD"])
async def runs(request: Request, parts: PartsDep, show: ShowDep, cursor: Cursor = None) -> Response:
    """All runs, the newest first."""
    found = await parts.running.every(limit=RUNS + 1, before=position(cursor))
    rows = found[:RUNS]
    view = RunListView(
        runs=tuple(run_row(report) for report in rows),
        total=await parts.running.count(),
        next=str(rows[-1].run.id) if len(found) > RUNS else "",
        first=cursor is None,
    )
    return show.page(request, "runs.html", view, area=Area.ACTIVITY)


@router.api_route("/runs/{run_id}", methods=["GET", "HEAD"])
async def run(
    request: Request,
    parts: PartsDep,
    show: ShowDep,
    run_id: str,
    lane: str = "",
    cursor: Cursor = None,
    follow: str = "",
) -> Response:
    """One run with its titles. ``follow=plan`` leads on to the plan that it made, once it is made."""
    report = await parts.running.show(number("run", run_id))
    follows = follow == PLAN and report.run.kind == PLAN
    if follows and report.run.plan is not None and not report.running:
        return to(request, f"/plans/{report.run.plan}")
    view = replace(await run_view(parts, report, lane=lane_of(lane), cursor=cursor), follow=follows)
    return show.page(request, "run.html", view, area=Area.ACTIVITY)


@router.get("/runs/{run_id}/stream")
async def stream(request: Request, parts: PartsDep, show: ShowDep, run_id: str, follow: str = "") -> Response:
    """The run's live part whenever it moves, until it has ended."""
    report = await parts.running.show(number("run", run_id))
    return fragment_stream(parts, _fragments(request, parts, show, report.run.id, follow=follow == PLAN))


@router.post("/runs/{run_id}/cancel")
async def cancel(request: Request, parts: PartsDep, run_id: str) -> Response:
    """Asks the run to stop; one that has ended stays as it is."""
    form = await read_form(request)
    report = await parts.running.cancel(number("run", run_id))
    return to(request, f"/runs/{report.run.id}" if form.get("back") == "run" else "/")


async def run_view(
    parts: Parts, report: RunReport, *, lane: Feature | None = None, cursor: str | None = None
) -> RunView:
    """A run as its page shows it; titles from the cursor on, of one lane or all."""
    run = report.run
    source, target, mode = await _sides(parts, report)
    items, total = await parts.running.items(
        run.id, after=position(cursor) or 0, limit=TITLES + 1, feature=lane
    )
    rows = items[:TITLES]
    plan, plan_words = await _plan(parts, report, called(source, target))
    by_name = {Side.SOURCE.value: source, Side.TARGET.value: target}
    return RunView(
        id=str(run.id),
        pair=run.pair_name,
        source=source,
        target=target,
        kind=run.kind,
        status=Status(run.status),
        trigger=run.trigger,
        started_at=run.started_at,
        finished_at=run.finished_at,
        requests=run.requests,
        progress=progress(report, source, parts.house.clock.now_ms()) if report.running else None,
        notice=None if report.running else _notice(report),
        lanes=()
        if run.kind == PLAN
        else tuple(
            lane_view(
                feature,
                report.lanes[feature.value],
                status=Status(run.status),
                code=run.code,
                mode=mode,
            )
            for feature in FEATURES
            if feature.value in report.lanes
        ),
        items=tuple(item_view(item, by_name) for item in rows),
        total=total,
        next=str(rows[-1].seq) if len(items) > TITLES else "",
        first=cursor is None,
        lane=lane.value if lane is not None else "",
        plan=plan,
        plan_words=plan_words,
    )


def _notice(report: RunReport) -> Notice | None:
    """What is wrong with a run; where it is that a plan no longer holds, with the way to that plan."""
    told = run_notice(report)
    if told is None or report.run.code != "plan_stale":
        return told
    return replace(told, href=f"/plans/{report.run.plan}", label="Go to the preview")


async def _plan(parts: Parts, report: RunReport, labels: dict[Side, str]) -> tuple[str, str]:
    """The plan that the run made or applied, and what it writes; empty where it is kept no more."""
    if report.run.plan is None or report.run.code == "plan_stale":
        return "", ""
    try:
        made = await parts.plans.show(report.run.plan)
    except Refused:
        return "", ""
    return str(made.plan.id), unbroken(headline(made.writes, labels, number=grouped))


def called(source: SideView, target: SideView) -> dict[Side, str]:
    """What the two sides are called in sentences: ``TMDb (alice)`` where their services are the same."""
    sides = {Side.SOURCE: source, Side.TARGET: target}
    return {
        name: side.label.replace(f", {side.account}", f" ({side.account})") if side.account else side.label
        for name, side in sides.items()
    }


def unbroken(text: str) -> str:
    """The same, with each figure on the line of its word."""
    return _FIGURE.sub("\\1\u00a0", text)


async def _sides(parts: Parts, report: RunReport) -> tuple[SideView, SideView, Mode | None]:
    """Both ends of the run's pair and its mode; without names, and None, where the pair is gone."""
    try:
        pair = await parts.pairs.show(report.run.pair)
    except Refused:
        return SideView("", "the source", ""), SideView("", "the target", ""), None
    names = Names(tuple(await parts.overview.providers()))
    return *names.apart(pair.source, pair.target), pair.mode


def lane_of(lane: str) -> Feature | None:
    """The lane that an address asks for, None for all. Raises Refused ``not_found``."""
    if not lane:
        return None
    try:
        return Feature(lane)
    except ValueError:
        raise Refused("not_found", what=f"lane {lane[:40]}") from None


async def _fragments(
    request: Request, parts: Parts, show: Shower, run_id: int, *, follow: bool
) -> AsyncIterator[str]:
    async for report in followed(parts.house, run_id, after_version=-1, closing=parts.closing):
        view = replace(await run_view(parts, report), follow=follow)
        yield show.fragment(request, "run_live.html", view)
