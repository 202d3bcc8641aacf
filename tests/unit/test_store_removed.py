"""Which removals still belong to the base of a lane: a tenth of it may be removed in a day unasked."""

from functools import partial
from typing import Any

import pytest

from crosswatch.identity.resolver import resolve
from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Feature, Kind, Mode
from crosswatch.model.refs import Ref, ids
from crosswatch.store import accounts, journal, pairs, runs
from crosswatch.store.database import Connection, Database
from crosswatch.store.pairs import LaneSettings, PairRow
from tests.unit.test_store_guarded import SINCE, done


def a_pair(database: Database) -> PairRow:
    def make(connection: Connection) -> PairRow:
        ends = [
            accounts.keep(connection, AccountName("tmdb", name), uid=f"tmdb:{name}", label="", state="").id
            for name in ("one", "two")
        ]
        made = pairs.add(
            connection,
            name="one to two",
            source=ends[0],
            target=ends[1],
            mode=Mode.TWO_WAY,
            kinds=[Kind.MOVIE],
            lanes={Feature.WATCHLIST: LaneSettings()},
            now=1,
            enabled=True,
        )
        found = pairs.find(connection, made)
        assert found is not None
        return found

    return database.write_now(make)


def a_run(database: Database, pair: int, kind: str = "sync", **ended: Any) -> int:
    """A run of a pair; ``ended``: how it came to its end, if it did."""

    def enter(connection: Connection) -> int:
        made = runs.start(
            connection, pair=pair, pair_name="one to two", kind=kind, trigger="test", process="p", now=1
        )
        if ended:
            runs.change(connection, made, **ended)
        return made

    return database.write_now(enter)


WHOLE = {"status": "succeeded", "code": ""}
CUT_OFF = {"status": "interrupted", "code": "interrupted"}


@pytest.mark.parametrize(
    ("first", "second", "belongs"),
    [
        (CUT_OFF, None, True),
        ({"status": "partial", "code": "rate_limited"}, None, True),
        ({"status": "cancelled", "code": "cancelled"}, CUT_OFF, True),
        (CUT_OFF, {"kind": "plan", **WHOLE}, True),
        (CUT_OFF, {"of_another": True, **WHOLE}, True),
        (CUT_OFF, WHOLE, False),
        (WHOLE, None, False),
        ({"status": "partial", "code": ""}, CUT_OFF, False),
    ],
    ids=str,
)
def test_what_was_allowed_belongs_to_the_base_until_a_sync_has_come_to_its_end(
    database: Database, first: dict[str, Any], second: dict[str, Any] | None, belongs: bool
) -> None:
    pair = a_pair(database)
    lane = pair.lanes[0].id
    films = [Ref(Kind.MOVIE, ids(tmdb=number)) for number in range(2)]
    titles = database.write_now(lambda connection: resolve(connection, films))
    run = a_run(database, pair.id, **first)
    entries = [done(run, 1, titles[0], lane=lane, approved=True), done(run, 2, titles[1], lane=lane)]
    database.write_now(partial(journal.enter, entries=entries))
    if second is not None:
        how = dict(second)
        of = pair.id + 1 if how.pop("of_another", False) else pair.id
        a_run(database, of, **how)
    a_run(database, pair.id)
    removed = database.read_now(lambda connection: journal.removed(connection, lane, SINCE))
    assert removed == (set(titles) if belongs else {titles[1]}), "what nobody was asked about belongs to it"
