"""Plans: what exactly would happen, page by page, and the call that makes exactly that happen."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from crosswatch.model.kinds import Action, Feature, Side
from crosswatch.services.shapes import plan_item_shape, plan_shape
from crosswatch.store.plans import ItemState, Wanted
from crosswatch.web.api.errors import told
from crosswatch.web.api.fields import Id, number
from crosswatch.web.api.paging import DEFAULT_PAGE, Cursor, Limit, Listed, position
from crosswatch.web.api.pairs import Begun
from crosswatch.web.api.runs import Sides, Title, WrittenTo
from crosswatch.web.parts import PartsDep

router = APIRouter(prefix="/api/plans", tags=["Plans"])


class PlanLane(BaseModel):
    """What would happen in one lane; counts of titles."""

    to: WrittenTo = Field(description="What would be written to which side.")
    waiting: int = Field(description="Not written before you allow it.")
    conflicts: int = Field(description="Both sides changed; you decide.")
    held: int = Field(description="Not written, because not enough is known at this moment.")
    kept: int = Field(
        description="Taken off on one side; it stays on the other, for the lane does not remove."
    )
    cleared: int = Field(description="Taken off by a service itself; nothing is done about it.")
    adopted: int = Field(description="Found to agree already.")
    left: int = Field(description="Differences that stay as you left them.")
    read: Sides
    gap: Sides = Field(description="Rows that a service counts and does not deliver.")
    incomplete: dict[str, str] = Field(description="Side to the reason why its list was not whole.")


class Plan(BaseModel):
    """What a run would write, title by title. It can be applied once, within a day. Times are UTC."""

    id: str
    pair_id: str
    pair_name: str
    run_id: str = Field(description="The run that made it.")
    hash: str = Field(
        description="Covers the settings, both accounts and every write; the same state has the same."
    )
    made_at: str
    expires_at: str
    applied: str | None = Field(description="The run that applied it.")
    can_apply: bool
    why_not: str = Field(description="Empty, or applied, expired, changed, account or gone.")
    error: str = Field(description="The same as a sentence to show.")
    summary: str = Field(description="What would be written, in a line.")
    lanes: dict[str, PlanLane]


class Has(BaseModel):
    """What both sides have."""

    source: float | bool | None
    target: float | bool | None


class Proof(BaseModel):
    """On what a write rests."""

    kind: str = Field(description="`lookup`: the service's own word on this title; `list`: its whole list.")
    at: str
    words: str


class PlanItem(BaseModel):
    """One title. Ratings are points out of ten, true is a title on a list, null one that is not there."""

    seq: int
    feature: Feature
    state: ItemState = Field(
        description="`write`: it is written when the plan is applied. All others are not: `waits` for you to allow it, "
        "`conflict` for you to decide, `held` because not enough is known, `kept` because the lane does not remove, "
        "`cleared` because the service took it off itself."
    )
    side: Side | None = Field(description="The side that is written; null where that is not known.")
    action: Action | None
    title: Title
    ids: dict[str, str] = Field(description='By what services know the title, such as `{"tmdb": "603"}`.')
    before: float | bool | None
    after: float | bool | None
    has: Has | None = Field(description="What both sides have; null where nothing is concluded.")
    cause: str
    reason: str = Field(description="The same as a sentence to show.")
    proof: Proof | None


@router.get("/{plan_id}", summary="One plan", responses=told("not_found"))
async def show_plan(parts: PartsDep, plan_id: Id) -> Plan:
    """What it would do in figures, and whether it can still be applied."""
    return Plan.model_validate(plan_shape(await parts.plans.show(number("plan", plan_id))))


@router.get(
    "/{plan_id}/items", summary="What a plan would write", responses=told("not_found", "invalid_request")
)
async def list_plan_items(
    parts: PartsDep,
    plan_id: Id,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    lane: Annotated[Feature | None, Query(description="Of this lane only.")] = None,
    action: Annotated[Action | None, Query(description="With this action only.")] = None,
    state: Annotated[ItemState | None, Query(description="In this state only.")] = None,
) -> Listed[PlanItem]:
    """Every title in the order in which it would be written; then those that are not, with the reason."""
    plan = number("plan", plan_id)
    wanted = Wanted(lane, action, state)
    found, total = await parts.plans.items(plan, after=position(cursor) or 0, limit=limit, wanted=wanted)
    ids, labels = await parts.plans.ids(found), await parts.plans.labels(plan)
    last = found[-1].seq if len(found) == limit else None
    more = last is not None and (await parts.plans.items(plan, after=last, limit=1, wanted=wanted))[0]
    return Listed[PlanItem](
        items=[
            PlanItem.model_validate(plan_item_shape(one, labels, ids[one.promise.title])) for one in found
        ],
        total=total,
        next=str(last) if more else None,
    )


@router.post(
    "/{plan_id}/apply",
    status_code=202,
    summary="Apply a plan",
    responses=told("not_found", "plan_stale", "already_running", "pair_disabled", "nothing_to_sync"),
)
async def apply_plan(parts: PartsDep, plan_id: Id) -> Begun:
    """Begins a run that reads again and writes exactly this: where a title has moved, it fails and writes nothing."""
    run_id = await parts.plans.apply(number("plan", plan_id), trigger="api")
    return Begun(run_id=str(run_id))
