"""How runs end when something is in their way: connection, account, limits, other runs, and the user's own stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import pytest

from crosswatch.errors import HouseError, Refused
from crosswatch.model.accounts import AccountName
from crosswatch.services.connect import ConnectTmdb
from crosswatch.services.running import RunReport
from crosswatch.simulators.tmdb import DEMO_KEY, Key
from crosswatch.store import journal, leases, runs
from crosswatch.store.pairs import PairRow
from tests.system.books import StubbornBook, use_book
from tests.system.world import LANE_TABLES, World, lane

SECOND = AccountName("tmdb", "second")
SLOWEST_STOP = 5.0
"""Seconds. A stop takes less than two; the rest is for a machine that is busy with other tests."""


def nothing_happened(world: World, before: Mapping[str, object]) -> None:
    assert world.dump(*LANE_TABLES) == before
    assert world.rows("SELECT * FROM lease WHERE holder != ''") == []
    assert world.rows("SELECT * FROM journal WHERE state IN ('planned', 'sent')") == []


def connect(world: World, user: str, instance: str = "default") -> None:
    session = world.sim.add_session(user)
    world.run(ConnectTmdb(world.house).save(instance, api_key=DEMO_KEY, session_id=session))


def test_a_session_that_was_revoked_fails_the_run_and_says_so(world: World) -> None:
    world.library()
    before = world.dump()
    world.sim.revoke_session(world.session)
    report = world.sync()
    assert (report.run.status, report.run.code, report.lanes) == ("failed", "session_ended", {})
    nothing_happened(world, before)
    connect(world, world.user)
    assert world.sync().run.status == "succeeded"
    assert world.ratings == world.true_ratings()


@pytest.mark.parametrize(("after", "status"), [(2, "failed"), (7, "partial")])
def test_a_session_that_ends_in_the_middle_stores_nothing_of_that_lane(
    world: World, after: int, status: str
) -> None:
    """Seven list reads are the ratings lane; what it did stays done."""
    world.library(movies=10)
    world.sim.after_list_reads(after, lambda: world.sim.revoke_session(world.session))
    report = world.sync()
    assert (report.run.status, report.run.code) == (status, "session_ended")
    assert world.ratings == ({} if status == "failed" else world.true_ratings())
    assert world.watchlist == set()


def test_another_account_behind_the_connection_is_neither_read_nor_written(world: World) -> None:
    world.library()
    world.sync()
    world.sim.add_user("bob")
    world.sim.fill_ratings("bob", [(key, 1.0) for key in world.movies(5)])
    before = world.dump()
    connect(world, "bob")
    world.sim.traffic.reset()
    for _ in range(2):
        report = world.sync()
        assert (report.run.status, report.run.code) == ("failed", "account_changed")
        assert report.run.params == {"account": "tmdb", "now": "bob", "then": "alice"}
    assert world.asked("rated") == world.asked("watchlist") == 0
    nothing_happened(world, before)
    connect(world, world.user)
    world.edit("rate", world.movies(1)[0], 9.0)
    assert lane(world.sync()) == {"added": 1}


def test_a_connection_that_turns_out_to_be_another_account_stops_before_it_reads(world: World) -> None:
    """The document was edited by hand: only TMDb itself says whose session it is."""
    world.library()
    world.sync()
    before = world.dump()
    world.sim.add_user("bob")
    world.house.config.save_tmdb_account("default", session_id=world.sim.add_session("bob"))
    report = world.sync()
    assert (report.run.status, report.run.code) == ("failed", "account_changed")
    assert report.run.params == {"account": "tmdb", "now": "bob", "then": "alice"}
    nothing_happened(world, before)


def test_a_disconnected_account_does_not_run_and_goes_on_when_it_is_back(world: World) -> None:
    world.library()
    world.sync()
    before = world.dump()
    world.run(ConnectTmdb(world.house).disconnect("default"))
    report = world.sync()
    assert (report.run.status, report.run.code) == ("failed", "not_connected")
    nothing_happened(world, before)
    connect(world, world.user)
    assert lane(world.sync()) == {}


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "html"}, "blocked"),
        ({"kind": "redirect"}, "blocked"),
        ({"kind": "status", "status": 503}, "tmdb_error"),
        ({"kind": "reset"}, "unreachable"),
        ({"kind": "empty_body"}, "tmdb_error"),
    ],
)
def test_no_answer_from_tmdb_at_all_fails_and_changes_nothing(
    world: World, fault: dict[str, object], code: str
) -> None:
    world.library()
    world.sync()
    before = world.dump()
    world.clock.hasty = True
    world.fault(**fault)
    report = world.sync()
    assert (report.run.status, report.run.code) == ("failed", code)
    nothing_happened(world, before)


def test_lists_that_answer_nothing_while_the_rest_does_fail_too(world: World) -> None:
    world.library()
    world.sync()
    before = world.dump()
    world.fault(kind="html", path="rated|watchlist")
    report = world.sync()
    assert (report.run.status, report.run.code) == ("failed", "blocked")
    nothing_happened(world, before)


def test_a_storm_of_429_is_waited_out(world: World) -> None:
    world.library()
    world.clock.hasty = True
    world.fault(kind="rate_limited", path="rated", nth=tuple(range(2, 30, 2)))
    report = world.sync()
    assert report.run.status == "succeeded"
    assert world.ratings == world.true_ratings()


def test_a_429_that_asks_for_a_day_ends_the_run_at_once(world: World) -> None:
    world.library()
    world.sim.knobs.retry_after = "86400"
    world.fault(kind="rate_limited")
    report = world.sync()
    assert (report.run.status, report.run.code, report.run.requests) == ("failed", "rate_limited", 1)
    assert report.run.params["seconds"] == 86400
    assert world.rows("SELECT * FROM lease WHERE holder != ''") == []


def test_one_pair_runs_once_at_a_time(world: World) -> None:
    world.library()

    async def two() -> None:
        run_id, pair = await world.running.begin(world.pair.id, trigger="test")
        with pytest.raises(Refused, match="already_running") as refused:
            await world.running.begin(world.pair.id, trigger="test")
        assert refused.value.params == {"run_id": str(run_id)}
        assert (await world.running.carry_out(run_id, pair)).run.status == "succeeded"

    world.run(two())
    assert world.sync().run.status == "succeeded"


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Waits for something that has to happen; the test's own time limit ends what never does."""
    while True:
        met = condition()
        if met if isinstance(met, bool) else await met:
            return
        await asyncio.sleep(0.05)


def test_two_pairs_that_share_the_tracker_wait_for_each_other(world: World) -> None:
    keys = world.library()
    world.sim.add_user("bob")
    world.sim.fill_ratings("bob", [(keys[0], 10.0)])
    connect(world, "bob", "second")
    second = world.add_pair(SECOND, name="bob's")
    gate = StubbornBook(world.book)
    use_book(world, gate)
    gate.close()

    async def both() -> tuple[RunReport, RunReport]:
        first = asyncio.create_task(world.started())
        await until(lambda: gate.waiting > 0)
        other = asyncio.create_task(world.started(second))

        async def waits() -> bool:
            row = await world.house.database.read(lambda connection: runs.find(connection, 2))
            return row is not None and "run 1 of the test" in row.waiting_for

        await until(waits)
        assert gate.waiting == 1
        gate.open()
        return await first, await other

    for report in world.run(both()):
        assert report.run.status == "succeeded"
    assert world.ratings == world.true_ratings() | {keys[0]: 1000}
    assert lane(world.sync()) == {"left": 1}


async def _stopped(world: World, hit: Callable[[], bool | Awaitable[bool]], pair: PairRow) -> RunReport:
    """A run that is asked to stop as soon as it is where ``hit`` says, and did so quickly."""
    run_id, fresh = await world.running.begin(pair.id, trigger="test")
    task = asyncio.create_task(world.running.carry_out(run_id, fresh))
    await until(hit)
    asked = time.monotonic()
    await world.running.cancel(run_id)
    report = await task
    assert time.monotonic() - asked < SLOWEST_STOP
    assert (report.run.status, report.run.code, report.run.phase) == ("cancelled", "cancelled", "")
    assert world.rows("SELECT * FROM lease WHERE holder != ''") == []
    return report


@pytest.mark.parametrize("path", ["/account$", "rated/movies", "account_states"])
def test_a_run_stops_while_it_waits_for_an_answer(world: World, path: str) -> None:
    """While it asks who the account is, while it reads, and while it proves a removal."""
    films = world.library()
    world.sync()
    world.edit("unrate", films[0])
    before = world.dump()
    world.fault(kind="hang", path=path, seconds=60)
    world.sim.traffic.reset()
    world.run(_stopped(world, lambda: world.sim.traffic.at_once > 0, world.pair))
    nothing_happened(world, before)
    world.sim.knobs.faults = []
    assert lane(world.sync()) == {"kept": 1}


def test_a_run_stops_while_it_waits_for_the_service(world: World) -> None:
    world.library()
    world.fault(kind="rate_limited", path="rated")

    async def waits() -> bool:
        row = await world.house.database.read(lambda connection: runs.find(connection, 1))
        return row is not None and row.waiting_for.startswith("the service: ")

    world.run(_stopped(world, waits, world.pair))
    assert world.ratings == {}


def test_a_run_stops_while_it_waits_for_another_run(world: World) -> None:
    other = world.add_pair(target=AccountName("tracker", "other"))
    uid = world.run(world.book.uid("default"))

    async def waits() -> bool:
        row = await world.house.database.read(lambda connection: runs.find(connection, 2))
        return row is not None and row.waiting_for.startswith("run 1 of the test")

    async def story() -> None:
        first, _ = await world.running.begin(other.id, trigger="test")
        await world.house.database.write(
            lambda connection: leases.take(
                connection, [uid], holder=world.house.process.id, run=first, is_alive=lambda _: True
            )
        )
        run_id, fresh = await world.running.begin(world.pair.id, trigger="test")
        task = asyncio.create_task(world.running.carry_out(run_id, fresh))
        await until(waits)
        asked = time.monotonic()
        await world.running.cancel(run_id)
        assert (await task).run.status == "cancelled"
        assert time.monotonic() - asked < SLOWEST_STOP

    world.sim.traffic.reset()
    world.run(story())
    assert world.asked() == 0


def test_a_run_that_stops_while_it_writes_keeps_what_is_done_and_doubts_what_was_under_way(
    world: World,
) -> None:
    films: list[Key] = world.movies(1300)
    world.sim.fill_ratings(world.user, [(film, 7.5) for film in films])
    gate = StubbornBook(world.book, free=1)
    use_book(world, gate)
    gate.close()
    report = world.run(_stopped(world, lambda: gate.waiting > 0, world.pair))
    assert lane(report) == {"added": 500, "in_doubt": 500, "not_sent": 300}
    assert len(world.ratings) == len(world.rows("SELECT * FROM base")) == 500
    states = world.rows("SELECT state, count(*) AS rows FROM journal GROUP BY state ORDER BY state")
    assert [tuple(row) for row in states] == [("done", 500), ("dropped", 300), ("in_doubt", 500)]
    gate.open()
    assert lane(world.sync()) == {"added": 800}
    assert world.ratings == world.true_ratings()
    assert len(world.rows("SELECT * FROM last_write")) == 1300


def test_a_run_whose_accounts_were_taken_over_can_store_nothing_more(world: World) -> None:
    films = world.library()
    gate = StubbornBook(world.book)
    use_book(world, gate)
    gate.close()

    async def overtaken() -> RunReport:
        task = asyncio.create_task(world.started())
        await until(lambda: gate.waiting > 0)
        uid = await world.book.uid("default")
        taken = await world.house.database.write(
            lambda connection: leases.take(
                connection, [uid], holder="another", run=99, is_alive=lambda _: False
            )
        )
        assert isinstance(taken, dict)
        gate.open()
        return await task

    report = world.run(overtaken())
    assert (report.run.status, report.run.code) == ("partial", "lease_lost")
    assert world.ratings == {}
    assert world.rows("SELECT * FROM base") == []
    assert [row["holder"] for row in world.rows("SELECT holder FROM lease WHERE holder != ''")] == ["another"]
    assert world.sync().lanes["ratings"]["added"] == len(films)


def test_a_run_whose_end_could_not_be_stored_frees_its_accounts_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk was full at the wrong moment, and is told; the server goes on, and so do later runs."""
    world.library()

    def full(*_: object) -> None:
        raise HouseError("disk_full", path="somewhere")

    with monkeypatch.context() as patched:
        patched.setattr(leases, "give_back", full)
        patched.setattr(journal, "drop_planned", full)
        with pytest.raises(HouseError, match="disk_full"):
            world.sync()
    assert world.rows("SELECT status FROM run")[0]["status"] == "running"
    report = world.sync()
    assert report.run.status == "succeeded"
    assert [row["status"] for row in world.rows("SELECT status FROM run ORDER BY id")] == [
        "interrupted",
        "succeeded",
    ]


def test_a_title_that_the_target_does_not_know_is_set_aside_with_growing_patience(world: World) -> None:
    films = world.library()
    book = StubbornBook(world.book)
    use_book(world, book)
    book.unknown.add(1)
    report = world.sync()
    assert (report.run.status, report.run.attention) == ("partial", 1)
    assert lane(report) == {"added": len(films) - 1, "unmatched": 1}
    asked = book.stored
    for hours, tries in ((1, 2), (2, 3), (4, 4)):
        aside = world.sync()
        assert (aside.run.status, aside.run.attention) == ("succeeded", 1)
        assert lane(aside) == {"unmatched": 1}
        assert book.stored == asked
        world.clock.forward(hours * 3600)
        assert world.sync().run.status == "partial"
        assert [row["tries"] for row in world.rows("SELECT tries FROM unmatched")] == [tries]
        asked = book.stored
    book.unknown.clear()
    world.clock.forward(8 * 3600)
    assert lane(world.sync()) == {"added": 1}
    assert world.rows("SELECT * FROM unmatched") == []
    assert world.ratings == world.true_ratings()
    assert lane(world.sync()) == {}
