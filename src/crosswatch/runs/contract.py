"""The promise of a plan: kept to the letter by the run that applies it, or the run does nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from crosswatch.engine.base import BaseRow, Key
from crosswatch.engine.planned import PlannedWrite
from crosswatch.errors import Refused
from crosswatch.model.kinds import Feature, Side
from crosswatch.model.readings import Reading
from crosswatch.model.values import Value
from crosswatch.runs.context import Context
from crosswatch.runs.deriving import Derived
from crosswatch.store import accounts, plans, titles
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
        state, there, here = ItemState.CONFLICT, clash.target, clash.source
        yield Promise(feature, state, clash.key, reason="conflict", before=there, other_value=here)
    for held in made.held:
        yield Promise(feature, ItemState.HELD, held.key, side=held.side, reason=held.why.value)
    for state, keys in ((ItemState.KEPT, made.kept), (ItemState.CLEARED, made.cleared)):
        for key in keys:
            yield _stays(feature, state, key, made.rows.get(key) or derived.rows.get(key))


def _stays(feature: Feature, state: ItemState, key: Key, row: BaseRow | None) -> Promise:
    """A title that one side lacks and the other one keeps; ``side`` is the one that keeps it."""
    for side in Side:
        if row is not None and row.agreed(side.other).value is None and row.agreed(side).value is not None:
            value = row.agreed(side).value
            return Promise(feature, state, key, side=side, before=value, wanted=value, reason=state.value)
    return Promise(feature, state, key, reason=state.value)


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


def refuse_if_stale(connection: Connection, plan: PlanRow, pair: PairRow | None, now: int) -> None:
    """Raises Refused ``plan_stale`` where a plan can no longer be applied, as far as that is known without reading.

    ``why``: it was ``applied``, has ``expired``, its pair is ``gone``, the user has ``changed`` the rules, or another
    ``account`` is behind a connection.
    """
    why = ""
    if plan.applied_by is not None:
        why = "applied"
    elif plan.expires_at <= now:
        why = "expired"
    elif pair is None or plan.pair != pair.id:
        why = "gone"
    elif _rules_then(connection, plan) != _rules_now(pair):
        why = "changed"
    elif _uids_then(connection, plan) - {_uids_now(connection, pair)}:
        why = "account"
    if why:
        raise Refused("plan_stale", plan_id=str(plan.id), pair=str(plan.pair), why=why)


def _rules_then(connection: Connection, plan: PlanRow) -> dict[int, str]:
    return {lane.lane: lane.rules for lane in plans.lanes_of(connection, plan.id)}


def _rules_now(pair: PairRow) -> dict[int, str]:
    return {lane.id: rules_of(pair, lane) for lane in pair.lanes if lane.settings.enabled}


def _uids_then(connection: Connection, plan: PlanRow) -> set[tuple[str, str]]:
    return {(lane.source_uid, lane.target_uid) for lane in plans.lanes_of(connection, plan.id)}


def _uids_now(connection: Connection, pair: PairRow) -> tuple[str, str]:
    source, target = (accounts.find(connection, name) for name in (pair.source, pair.target))
    return (source.uid if source else "", target.uid if target else "")


def _named(connection: Connection, keys: Sequence[Key]) -> list[str]:
    """Titles as people write them: ``Heat (1995)``, ``The Wire S01E02``."""
    rows = titles.by_keys(connection, keys)
    shows = titles.by_keys(connection, [row.show for row in rows.values() if row.show is not None])

    def name(row: TitleRow) -> str:
        if row.season is not None and row.number is not None and row.show in shows:
            return f"{shows[row.show].hints.name or 'Show'} S{row.season:02d}E{row.number:02d}"
        called = row.hints.name or "Untitled"
        return f"{called} ({row.hints.year})" if row.hints.year else called

    return [name(rows[key]) for key in keys if key in rows]


@dataclass(slots=True)
class Contract:
    """A stored plan while it is applied."""

    plan_id: int
    pair_id: int
    _promised: dict[Feature, set[_Line]] = field(default_factory=dict)

    def load(self, connection: Connection, run: Context, lanes: Sequence[LaneRow]) -> None:
        """Reads what was promised. Raises Refused ``plan_stale`` where it was for other rules or other people."""
        plan = plans.find(connection, self.plan_id)
        if plan is None:
            raise Refused("not_found", what=f"plan {self.plan_id}")
        refuse_if_stale(connection, plan, run.pair, run.tools.clock.now_ms())
        for one in lanes:
            self._promised[one.feature] = {
                (write.title, write.side, write.native_id, write.before, write.wanted)
                for write in plans.writes_of(connection, self.plan_id, one.feature)
                if write.side is not None
            }

    def refuse_if_moved(self, connection: Connection, found: Iterable[Derived]) -> None:
        """Raises Refused ``plan_stale`` with the first titles whose write does not come out any more.

        ``why``: they have ``moved``, or all of them ``wait`` now: so much came since that the guard holds them.
        """
        lanes = list(found)
        moved = [key for derived in lanes for key in derived.missing]
        if not moved:
            return
        waiting = all(
            set(derived.missing) <= {write.key for write in derived.made.waiting} for derived in lanes
        )
        named = _named(connection, moved[:_NAMED])
        if len(moved) > _NAMED:
            named.append(f"{len(moved) - _NAMED} more")
        raise Refused(
            "plan_stale",
            plan_id=str(self.plan_id),
            pair=str(self.pair_id),
            why="wait" if waiting else "moved",
            count=len(moved),
            titles=", ".join(named),
        )

    def keep_only_promised(self, feature: Feature, derived: Derived) -> None:
        """Takes out of a plan what was not promised, which waits for the next run; tells what no longer comes out."""
        promised, made = self._promised.get(feature, set()), derived.made
        derived.later = {write.key for write in made.writes if _line(write) not in promised}
        made.writes = [write for write in made.writes if _line(write) in promised]
        derived.missing = sorted(line[0] for line in promised.difference(map(_line, made.writes)))


def _line(write: PlannedWrite) -> _Line:
    return write.key, write.side, write.native_id, write.expected, write.wanted
