"""What guards removals asks of the store: what was done lately, and what other lanes want."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from crosswatch.engine.base import Agreed, BaseRow
from crosswatch.identity.resolver import resolve
from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Action, Feature, Kind, Mode, Side
from crosswatch.model.refs import Ref, ids
from crosswatch.model.writes import Done
from crosswatch.store import accounts, base, journal, pairs
from crosswatch.store.database import Connection, Database
from crosswatch.store.journal import Entry, State
from crosswatch.store.pairs import LaneSettings
from tests.unit.test_store_runs import entry, new_run

WATCHLIST, RATINGS = Feature.WATCHLIST, Feature.RATINGS
ADD, CHANGE, REMOVE = Action.ADD, Action.CHANGE, Action.REMOVE
SINCE = 100


@pytest.fixture
def titles(database: Database) -> list[int]:
    films = [Ref(Kind.MOVIE, ids(tmdb=number)) for number in range(9)]
    return database.write_now(lambda connection: resolve(connection, films))


def done(run: int, seq: int, title: int, **more: Any) -> Entry:
    """A removal from the target that was sent lately and answered."""
    given: dict[str, Any] = {
        "action": REMOVE,
        "wanted": None,
        "state": State.DONE,
        "sent_at": SINCE,
        "done_at": SINCE + 1,
        "outcome": Done.APPLIED.value,
    }
    return entry(run, seq, title, **(given | more))


def lately(database: Database, lane: int = 1) -> dict[tuple[Side, Action], int]:
    return database.read_now(lambda connection: journal.lately(connection, lane, SINCE))


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        ({}, True),
        ({"outcome": Done.ALREADY.value}, True),
        ({"state": State.SENT, "outcome": "", "done_at": None}, True),
        ({"state": State.IN_DOUBT, "outcome": Done.IN_DOUBT.value}, True),
        ({"sent_at": SINCE - 1}, False),
        ({"sent_at": None, "state": State.PLANNED, "outcome": ""}, False),
        ({"sent_at": None, "state": State.DROPPED, "outcome": Done.NOT_SENT.value}, False),
        ({"state": State.DROPPED, "outcome": Done.NOT_SENT.value}, False),
        ({"outcome": Done.UNMATCHED.value}, False),
        ({"outcome": Done.REJECTED.value}, False),
        ({"outcome": Done.MOVED.value}, False),
        ({"outcome": Done.RETRY_LATER.value}, False),
        ({"approved": True}, False),
        ({"lane": 2}, False),
    ],
    ids=str,
)
def test_what_may_have_been_done_lately_counts_and_nothing_else(
    database: Database, titles: list[int], more: dict[str, Any], counts: bool
) -> None:
    run = new_run(database)
    database.write_now(lambda connection: journal.enter(connection, [done(run, 1, titles[0], **more)]))
    assert lately(database) == ({(Side.TARGET, REMOVE): 1} if counts else {})
    removed = database.read_now(lambda connection: journal.removed(connection, 1, SINCE))
    assert removed == ({titles[0]} if counts or "approved" in more else set())


def test_each_title_of_a_side_counts_once_over_all_runs(database: Database, titles: list[int]) -> None:
    one, two = new_run(database), new_run(database)
    entries = [
        done(one, 1, titles[0]),
        done(one, 2, titles[1]),
        done(one, 3, titles[0], side=Side.SOURCE),
        done(one, 4, titles[2], action=CHANGE, wanted=850),
        done(one, 5, titles[3], action=ADD, wanted=850),
        done(two, 1, titles[0], state=State.IN_DOUBT, outcome=Done.IN_DOUBT.value),
        done(two, 2, titles[4]),
        done(two, 3, titles[5], lane=2),
    ]
    database.write_now(lambda connection: journal.enter(connection, entries))
    assert lately(database) == {
        (Side.TARGET, REMOVE): 3,
        (Side.SOURCE, REMOVE): 1,
        (Side.TARGET, CHANGE): 1,
        (Side.TARGET, ADD): 1,
    }
    assert lately(database, 2) == {(Side.TARGET, REMOVE): 1}
    removed = database.read_now(lambda connection: journal.removed(connection, 1, SINCE))
    assert removed == {titles[0], titles[1], titles[4]}, "what was changed or added is there"


def test_cause_and_approval_are_kept(database: Database, titles: list[int]) -> None:
    run = new_run(database)
    sent = replace(
        entry(run, 1, titles[0], state=State.SENT, sent_at=5), cause="approved", approved=True, wanted=None
    )
    database.write_now(lambda connection: journal.enter(connection, [sent, entry(run, 2, titles[1])]))
    assert database.read_now(lambda connection: journal.unsettled(connection, "tracker:1")) == [sent]
    items = database.read_now(lambda connection: journal.items(connection, run, after=0, limit=9))
    assert [item.cause for item in items] == ["approved", ""]


@dataclass
class Houses:
    """Several pairs of one installation; each has lanes for both features."""

    database: Database

    def lane(
        self,
        name: str,
        *,
        source: str = "tmdb:1",
        target: str = "tmdb:2",
        mode: Mode = Mode.ONE_WAY,
        enabled: bool = True,
        on: bool = True,
        feature: Feature = WATCHLIST,
    ) -> int:
        """The lane of that feature of a new pair that has run between these two accounts."""

        def make(connection: Connection) -> int:
            ends = [
                accounts.keep(
                    connection, AccountName("tmdb", f"{name}{uid[-1]}"), uid=uid, label="", state=""
                )
                for uid in (source, target)
            ]
            made = pairs.add(
                connection,
                name=name,
                source=ends[0].id,
                target=ends[1].id,
                mode=mode,
                kinds=[Kind.MOVIE],
                lanes={feature: LaneSettings(enabled=on)},
                now=1,
                enabled=enabled,
            )
            found = pairs.find(connection, made)
            assert found is not None
            pairs.pin(connection, found.lanes[0].id, *ends)
            return found.lanes[0].id

        return self.database.write_now(make)

    def agreed(self, lane: int, rows: dict[int, tuple[int | None, int | None]]) -> None:
        stored: dict[int, BaseRow | None] = {
            key: BaseRow(Agreed(source), Agreed(target), since=1) for key, (source, target) in rows.items()
        }
        self.database.write_now(lambda connection: base.keep(connection, lane, stored))

    def wanted(self, lane: int, uid: str = "tmdb:2", feature: Feature = WATCHLIST) -> set[int]:
        return self.database.read_now(
            lambda connection: base.wanted_by_others(connection, lane, feature, uid)
        )


@pytest.fixture
def houses(database: Database) -> Houses:
    return Houses(database)


def test_another_lane_wants_what_its_source_has_on_the_account(houses: Houses, titles: list[int]) -> None:
    mine, other = houses.lane("mine"), houses.lane("other", source="tmdb:3")
    absences: dict[int, tuple[int | None, int | None]] = {
        titles[0]: (1, 1),
        titles[1]: (None, 1),
        titles[2]: (1, None),
        titles[3]: (None, None),
    }
    houses.agreed(other, absences)
    houses.agreed(mine, {titles[4]: (1, 1)})
    assert houses.wanted(mine) == {titles[0]}
    assert houses.wanted(other) == {titles[4]}
    assert houses.wanted(mine, "tmdb:3") == set(), "the source of the other lane, which nothing writes"
    assert houses.wanted(mine, feature=RATINGS) == set()


@pytest.mark.parametrize(
    "other",
    [
        {"mode": Mode.TWO_WAY},
        {"enabled": False},
        {"on": False},
        {"target": "tmdb:4"},
        {"feature": RATINGS},
    ],
    ids=str,
)
def test_a_lane_that_would_not_put_it_back_wants_nothing(
    houses: Houses, titles: list[int], other: dict[str, Any]
) -> None:
    mine = houses.lane("mine")
    lane = houses.lane("other", **({"source": "tmdb:3"} | other))
    houses.agreed(lane, {titles[0]: (1, 1)})
    assert houses.wanted(mine) == set()
