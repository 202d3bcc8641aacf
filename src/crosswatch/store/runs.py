"""Runs: what is going on, what was done, and the request to stop."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Update, bindparam, func, insert, select, update

from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Feature
from crosswatch.store.statements import upsert
from crosswatch.store.tables import account, pair, run, run_lane

RUNNING = "running"
SYNC, PLAN = "sync", "plan"
"""The kinds of a run: it brings a pair in step, or only says what that would write."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as stored. ``done`` and ``total`` count rows or writes of the phase that began at ``phase_at``.

    ``version`` rises with every change, so that whoever follows a run sees each state once.
    """

    id: int
    pair: int
    pair_name: str
    kind: str
    status: str
    phase: str
    feature: str
    waiting_for: str
    done: int
    total: int
    code: str
    params: Mapping[str, Any]
    started_at: int
    phase_at: int
    finished_at: int | None
    trigger: str
    plan: int | None
    requests: int
    attention: int
    cancel: bool
    process: str
    version: int


def _row(found: Any) -> RunRow:
    return RunRow(**found._mapping)


def start(
    connection: Connection,
    *,
    pair: int,
    pair_name: str,
    kind: str,
    trigger: str,
    process: str,
    now: int,
    plan: int | None = None,
) -> int:
    """Enters a run that begins now; returns its id."""
    made = connection.execute(
        insert(run).values(
            pair=pair,
            pair_name=pair_name,
            kind=kind,
            status=RUNNING,
            phase="waiting",
            started_at=now,
            phase_at=now,
            trigger=trigger,
            plan=plan,
            process=process,
        )
    )
    assert made.inserted_primary_key is not None, "a run has an id"
    return int(made.inserted_primary_key[0])


def change(connection: Connection, run_id: int, **values: object) -> None:
    """Stores a new state of a run."""
    connection.execute(_update(*values), {"run": run_id, **_named(values)})


def tell(connection: Connection, run_id: int, **values: object) -> None:
    """Stores where a run is; nothing once it has ended, for what is told late must not open it again."""
    connection.execute(_update(*values, going=True), {"run": run_id, **_named(values)})


@cache
def _update(*columns: str, going: bool = False) -> Update:
    """Sets these columns of a run, to values that are called ``new_`` and their name."""
    query = update(run).where(run.c.id == bindparam("run"))
    if going:
        query = query.where(run.c.status == RUNNING)
    changed = {name: bindparam(f"new_{name}", type_=run.c[name].type) for name in columns}
    return query.values(version=run.c.version + 1, **changed)


def _named(values: Mapping[str, object]) -> dict[str, object]:
    return {f"new_{name}": value for name, value in values.items()}


_GOING_ON = select(run).where(run.c.status == RUNNING).order_by(run.c.id)
_GOING_ON_OF = _GOING_ON.where(run.c.pair == bindparam("pair"))
_IS_GOING_ON = select(run.c.id).where(run.c.id == bindparam("run"), run.c.status == RUNNING)
_FIND = select(run).where(run.c.id == bindparam("run"))


def is_going_on(connection: Connection, run_id: int) -> bool:
    """Whether that run has not ended."""
    return connection.execute(_IS_GOING_ON, {"run": run_id}).first() is not None


def find(connection: Connection, run_id: int) -> RunRow | None:
    """One run."""
    row = connection.execute(_FIND, {"run": run_id}).first()
    return None if row is None else _row(row)


def newest(connection: Connection, *, limit: int, before: int | None = None) -> list[RunRow]:
    """Runs, the newest first, those before that id only."""
    query = select(run).order_by(run.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(run.c.id < before)
    return [_row(row) for row in connection.execute(query)]


def last_ended(connection: Connection) -> dict[int, RunRow]:
    """Pair id -> its newest sync that has ended; what only looked says nothing of how far a pair is in step."""
    ended = (run.c.status != RUNNING) & (run.c.kind == SYNC)
    newest_ids = select(func.max(run.c.id)).where(ended).group_by(run.c.pair)
    return {row.pair: _row(row) for row in connection.execute(select(run).where(run.c.id.in_(newest_ids)))}


def last_with(connection: Connection, name: AccountName) -> RunRow | None:
    """The newest run that has ended of all pairs that use this account."""
    query = (
        select(run)
        .join(pair, pair.c.id == run.c.pair)
        .join(account, account.c.id.in_((pair.c.source, pair.c.target)))
        .where(
            run.c.status != RUNNING, account.c.provider == name.provider, account.c.instance == name.instance
        )
        .order_by(run.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else _row(row)


def last_of_plan(connection: Connection, plan_id: int) -> RunRow | None:
    """The newest run that applied a plan, or wanted to."""
    query = select(run).where(run.c.plan == plan_id, run.c.kind == SYNC).order_by(run.c.id.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else _row(row)


def going_on(connection: Connection, pair_id: int | None = None) -> list[RunRow]:
    """Runs that have not ended, of one pair or all."""
    if pair_id is None:
        return [_row(row) for row in connection.execute(_GOING_ON)]
    return [_row(row) for row in connection.execute(_GOING_ON_OF, {"pair": pair_id})]


def ask_to_stop(connection: Connection, run_id: int) -> bool:
    """Notes that the user wants the run to stop; whether it was still going on."""
    query = update(run).where(run.c.id == run_id, run.c.status == RUNNING)
    return connection.execute(query.values(cancel=True, version=run.c.version + 1)).rowcount > 0


def interrupt(connection: Connection, processes: Collection[str], now: int) -> list[int]:
    """Closes the runs of dead processes as interrupted; returns their ids."""
    query = select(run.c.id).where(run.c.status == RUNNING, run.c.process.in_(processes))
    ids = list(connection.execute(query).scalars())
    for run_id in ids:
        change(
            connection,
            run_id,
            status="interrupted",
            code="interrupted",
            phase="",
            waiting_for="",
            finished_at=now,
        )
    return ids


def keep_lane(connection: Connection, run_id: int, feature: Feature, counts: Mapping[str, object]) -> None:
    """Stores what a run did in one lane."""
    row = {"run": run_id, "feature": feature.value, "counts": dict(counts)}
    connection.execute(upsert(run_lane, "counts"), row)


def lanes_of(connection: Connection, run_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Run id -> feature -> counts."""
    found: dict[int, dict[str, Any]] = {run_id: {} for run_id in run_ids}
    for row in connection.execute(select(run_lane).where(run_lane.c.run.in_(run_ids))):
        found[row.run][row.feature] = row.counts
    return found


def count(connection: Connection) -> int:
    """How many runs there are."""
    return connection.execute(select(func.count()).select_from(run)).scalar_one()
