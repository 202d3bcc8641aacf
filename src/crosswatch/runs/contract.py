"""The promise of a plan: kept to the letter by the run that applies it, or the run does nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from crosswatch.engine.base import Key
from crosswatch.engine.planned import Plan, PlannedWrite
from crosswatch.errors import Refused
from crosswatch.model.kinds import Feature, Side
from crosswatch.model.readings import Reading
from crosswatch.model.values import Value
from crosswatch.runs.context import Context
from crosswatch.runs.deriving import Derived
from crosswatch.store import plans, titles
from crosswatch.store.database import Connection
from crosswatch.store.pairs import LaneRow, PairRow
from crosswatch.store.plans import ItemState, PlanRow, Promise
from crosswatch.store.titles import TitleRow

_NAMED = 5
"""So many titles are named where a plan is stale."""

_Line = tuple[Key, Side, str, Value | None, Value | None]


def rules_of(pair: PairRow, lane: LaneRow) -> str:
    """A digest of all that the user set for a lane: another one makes its plans stale."""
    kinds = ",".join(sorted(pair.kinds))
    return sha256(f"{pair.mode}|{kinds}|{lane.settings}".encode()).hexdigest()


def promises(feature: Feature, derived: Derived, aside: set[Key]) -> Iterator[Promise]:
    """Every title of a lane's plan as it is shown and stored, the writes first; ``aside`` ones are not tried yet."""
    made = derived.made
    for write in made.writes:
        yield _write(feature, ItemState.HELD if write.key in aside else ItemState.WRITE, write, aside)
    for write in made.waiting:
        yield _write(feature, ItemState.WAITS, write, aside)
    for clash in made.conflicts:
        yield Promise(
            feature,
            ItemState.CONFLICT,
            clash.key,
            None,
            None,
            "",
            clash.target,
            None,
            clash.source,
            "conflict",
        )
    for held in made.held:
        yield Promise(
            feature, ItemState.HELD, held.key, held.side, None, "", None, None, None, held.why.value
        )
    for key in made.kept:
        yield Promise(feature, ItemState.KEPT, key, None, None, "", None, None, None, "kept")
    for key in made.cleared:
        yield Promise(feature, ItemState.CLEARED, key, None, None, "", None, None, None, "cleared")


def _write(feature: Feature, state: ItemState, write: PlannedWrite, aside: set[Key]) -> Promise:
    return Promise(
        feature=feature,
        state=state,
        title=write.key,
        side=write.side,
        action=write.action,
        native_id=write.native_id,
        before=write.expected,
        wanted=write.wanted,
        other_value=write.other.value,
        reason="unmatched" if write.key in aside else write.cause.value,
        proof=_proof(write.other),
        proved_at=write.other.taken_at,
    )


def _proof(reading: Reading) -> str:
    return "list" if reading.mark is None else "lookup"


def refuse_if_stale(connection: Connection, plan: PlanRow, pair: PairRow, now: int) -> None:
    """Raises Refused ``plan_stale`` where a plan expired, was applied, or the user has set something else since."""
    why = ""
    if plan.applied_by is not None:
        why = "applied"
    elif plan.expires_at <= now:
        why = "expired"
    elif plan.pair != pair.id or _rules_then(connection, plan) != _rules_now(pair):
        why = "changed"
    if why:
        raise Refused("plan_stale", plan_id=str(plan.id), why=why)


def _rules_then(connection: Connection, plan: PlanRow) -> dict[int, str]:
    return {lane.lane: lane.rules for lane in plans.lanes_of(connection, plan.id)}


def _rules_now(pair: PairRow) -> dict[int, str]:
    return {lane.id: rules_of(pair, lane) for lane in pair.lanes if lane.settings.enabled}


def _named(row: TitleRow) -> str:
    name = row.hints.name or "Untitled"
    return f"{name} ({row.hints.year})" if row.hints.year else name


@dataclass(slots=True)
class Contract:
    """A stored plan while it is applied."""

    plan_id: int
    _promised: dict[Feature, set[_Line]] = field(default_factory=dict)

    def load(self, connection: Connection, run: Context, lanes: Sequence[LaneRow]) -> None:
        """Reads what was promised. Raises Refused ``plan_stale`` where it was for other rules or other people."""
        plan = plans.find(connection, self.plan_id)
        if plan is None:
            raise Refused("not_found", what=f"plan {self.plan_id}")
        refuse_if_stale(connection, plan, run.pair, run.tools.clock.now_ms())
        for lane in plans.lanes_of(connection, self.plan_id):
            if (lane.source_uid, lane.target_uid) != (run.uids[Side.SOURCE], run.uids[Side.TARGET]):
                raise Refused("plan_stale", plan_id=str(self.plan_id), why="changed")
        for one in lanes:
            self._promised[one.feature] = {
                (write.title, write.side, write.native_id, write.before, write.wanted)
                for write in plans.writes_of(connection, self.plan_id, one.feature)
                if write.side is not None
            }

    def refuse_if_moved(self, connection: Connection, moved: Sequence[Key]) -> None:
        """Raises Refused ``plan_stale`` with the first titles whose write does not come out any more."""
        if not moved:
            return
        rows = titles.by_keys(connection, moved[:_NAMED])
        named = [_named(rows[key]) for key in moved[:_NAMED] if key in rows]
        if len(moved) > _NAMED:
            named.append(f"{len(moved) - _NAMED} more")
        raise Refused(
            "plan_stale",
            plan_id=str(self.plan_id),
            why="moved",
            count=len(moved),
            titles=", ".join(named),
        )

    def keep_only_promised(self, feature: Feature, made: Plan) -> list[Key]:
        """Takes out of a plan what was not promised: it waits for the next run.

        Returns the titles that were promised, and that this plan does not write so any more.
        """
        promised = self._promised.get(feature, set())
        made.writes = [write for write in made.writes if _line(write) in promised]
        return sorted(line[0] for line in promised.difference(map(_line, made.writes)))


def _line(write: PlannedWrite) -> _Line:
    return write.key, write.side, write.native_id, write.expected, write.wanted
