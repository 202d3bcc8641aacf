"""Runs: begun, looked at, followed, cancelled."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Header
from pydantic import BaseModel, Field
from starlette.responses import Response

from crosswatch.model.kinds import Action, Feature, Kind, Side
from crosswatch.services.running import RunReport
from crosswatch.services.shapes import item_shape, run_shape
from crosswatch.web.api.errors import told
from crosswatch.web.api.fields import Id, number
from crosswatch.web.api.paging import DEFAULT_PAGE, Cursor, Limit, Listed, position
from crosswatch.web.parts import PartsDep
from crosswatch.web.streams import event_stream, last_version

router = APIRouter(prefix="/api", tags=["Runs"])


class Sides(BaseModel):
    """A figure of either side."""

    source: int
    target: int


class Written(BaseModel):
    """What was written to one side."""

    added: int
    changed: int
    removed: int


class WrittenTo(BaseModel):
    """What was written to which side."""

    source: Written
    target: Written


class Lane(BaseModel):
    """What a run did in one lane; counts of titles."""

    read: Sides
    added: int
    changed: int
    removed: int
    adopted: int = Field(description="Found to agree already; nothing was written.")
    already: int = Field(description="The other side had the value when it was to be written.")
    held: int = Field(description="Not done yet, because not enough is known; `why_held` says why.")
    waiting: int = Field(default=0, description="Of those held: not written before you allow it.")
    cleared: int = Field(default=0, description="Taken off by a service itself; nothing is done about it.")
    kept: int
    left: int
    later: int = Field(default=0, description="Came, or you changed something, after the plan was made.")
    conflicts: int
    replaced: int = Field(
        default=0, description="Of those added: a rating was there that the service had not shown."
    )
    unmatched: int
    rejected: int
    moved: int = Field(description="Changed while the run went on, so nothing was overwritten.")
    retry_later: int
    in_doubt: int
    not_sent: int
    to: WrittenTo
    planned: int
    gap: Sides = Field(description="Rows that a service counts and does not deliver.")
    why_held: dict[str, int]
    incomplete: dict[str, str] = Field(description="Side to the reason why its list was not whole.")


class Run(BaseModel):
    """A run, going on or ended. Times are UTC."""

    id: str
    pair_id: str
    pair_name: str
    kind: str
    status: str = Field(description="running, succeeded, partial, failed, cancelled or interrupted.")
    phase: str = Field(description="waiting, reading, planning or writing; empty once it has ended.")
    feature: Feature | str = Field(description="The lane that it is in.")
    waiting_for: str
    done: int = Field(description="Of `total` rows or writes of this phase.")
    total: int
    stopping: bool
    code: str
    error: str = Field(description="The sentence to show; empty where nothing is wrong.")
    started_at: str
    phase_at: str
    finished_at: str | None
    trigger: str
    plan_id: str | None
    requests: int
    attention: int = Field(description="How many titles want somebody to look.")
    lanes: dict[str, Lane] = Field(description="What was done in each lane, once the run has ended.")


class Title(BaseModel):
    """A title as people know it. Of an episode, `show`, `season` and `number` say where it stands."""

    id: str
    kind: Kind
    name: str
    year: int | None
    show: str
    season: int | None
    number: int | None


class Item(BaseModel):
    """One write of a run. Ratings are points out of ten, true is a title on a list, null one that is not there."""

    seq: int
    feature: Feature
    side: Side = Field(description="The side that was written to.")
    action: Action
    title: Title
    ids: dict[str, str] = Field(description='By what services know the title, such as `{"tmdb": "603"}`.')
    before: float | bool | None
    after: float | bool | None
    outcome: str
    code: str
    reason: str


_EVENT = {
    "type": "object",
    "properties": {
        "event": {"enum": ["phase", "progress", "result"]},
        "id": {"type": "string", "description": "The version of the run's state."},
        "retry": {"type": "integer"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/Run"},
        },
    },
    "required": ["event", "id", "data"],
}
"""One server-sent event, field by field."""


class PairRun(BaseModel):
    """A run of a pair."""

    pair_id: str
    run_id: str


class EveryRun(BaseModel):
    """What began, and which pairs were running already."""

    runs: list[PairRun]
    busy: list[PairRun]


@router.post("/run", status_code=202, summary="Sync every pair now", responses=told("no_pairs"))
async def run_every(parts: PartsDep) -> EveryRun:
    """Begins a run of every pair that is switched on."""
    started = await parts.running.start_every(trigger="api")
    return EveryRun(runs=_pair_runs(started.runs), busy=_pair_runs(started.busy))


@router.get("/runs", summary="All runs", responses=told("invalid_request"))
async def list_runs(parts: PartsDep, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Listed[Run]:
    """The newest first."""
    reports = await parts.running.every(limit=limit, before=position(cursor))
    last = reports[-1].run.id if len(reports) == limit else None
    more = last is not None and await parts.running.every(limit=1, before=last)
    return Listed[Run](
        items=[shown(report) for report in reports],
        total=await parts.running.count(),
        next=str(last) if more else None,
    )


@router.get("/runs/{run_id}", summary="One run", responses=told("not_found"))
async def show_run(parts: PartsDep, run_id: Id) -> Run:
    """A run as it is now."""
    return shown(await parts.running.show(number("run", run_id)))


@router.get(
    "/runs/{run_id}/items", summary="What a run wrote", responses=told("not_found", "invalid_request")
)
async def list_items(
    parts: PartsDep, run_id: Id, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Listed[Item]:
    """Every write in the order in which it was planned, with how it ended."""
    run = number("run", run_id)
    items, total = await parts.running.items(run, after=position(cursor) or 0, limit=limit)
    ids = await parts.running.ids(items)
    last = items[-1].seq if len(items) == limit else None
    more = last is not None and (await parts.running.items(run, after=last, limit=1))[0]
    return Listed[Item](
        items=[Item.model_validate(item_shape(item, ids[item.title])) for item in items],
        total=total,
        next=str(last) if more else None,
    )


@router.post("/runs/{run_id}/cancel", summary="Stop a run", responses=told("not_found"))
async def cancel_run(parts: PartsDep, run_id: Id) -> Run:
    """Asks it to stop, which it does within two seconds; what was done stays done. One that has ended stays so."""
    return shown(await parts.running.cancel(number("run", run_id)))


@router.get(
    "/runs/{run_id}/events",
    summary="Follow a run",
    response_class=Response,
    responses={
        **told("not_found"),
        200: {
            "description": "Server-sent events `phase`, `progress` and, at the end, `result`; the data of each is "
            "the whole run, its id the version of the run's state.",
            "content": {"text/event-stream": {"schema": _EVENT}},
        },
        204: {"description": "The run has ended, and its end was seen already (`Last-Event-ID`)."},
    },
)
async def follow_run(
    parts: PartsDep,
    run_id: Id,
    last_event_id: Annotated[
        str | None, Header(description="The id of the event that was seen last; it is not sent again.")
    ] = None,
) -> Response:
    """Sends each new state of the run until it has ended. A reconnect after the end is answered with 204."""
    run, seen = number("run", run_id), last_version(last_event_id)
    report = await parts.running.show(run)
    if not report.running and report.run.version <= seen:
        return Response(status_code=204)
    return event_stream(parts, run, seen, lambda state: shown(state).model_dump_json())


def shown(report: RunReport) -> Run:
    """A run as the API shows it."""
    return Run.model_validate(run_shape(report))


def _pair_runs(found: Mapping[int, int]) -> list[PairRun]:
    return [PairRun(pair_id=str(pair), run_id=str(run)) for pair, run in found.items()]
