"""What runs rest on: leases, fences, the journal, the last snapshot, and approvals that are asked for once."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from sqlalchemy import text

from crosswatch.errors import Refused
from crosswatch.identity.resolver import resolve
from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Action, Feature, Kind, Side
from crosswatch.model.readings import ReadEnd, Reading
from crosswatch.model.refs import Ref, ids
from crosswatch.store import accounts, journal, leases, pending, readings, runs
from crosswatch.store.database import Connection, Database
from crosswatch.store.journal import Ended, Entry, State
from crosswatch.store.leases import Holder
from crosswatch.store.pending import PendingRow
from tests.unit.stored import counted, dump

RATINGS = Feature.RATINGS
TMDB = AccountName("tmdb")
UID = "tmdb:1"


@pytest.fixture
def titles(database: Database) -> list[int]:
    films = [Ref(Kind.MOVIE, ids(tmdb=number)) for number in range(5)]
    return database.write_now(lambda connection: resolve(connection, films))


def new_run(database: Database, process: str = "p") -> int:
    return database.write_now(
        lambda connection: runs.start(
            connection, pair=1, pair_name="a to b", kind="sync", trigger="test", process=process, now=1
        )
    )


def take(
    database: Database, run: int, *uids: str, holder: str = "p", alive: bool = True
) -> dict[str, int] | Holder:
    return database.write_now(
        lambda connection: leases.take(
            connection, list(uids), holder=holder, run=run, is_alive=lambda _: alive
        )
    )


def check(database: Database, fences: dict[str, int] | Holder) -> None:
    assert isinstance(fences, dict)
    database.write_now(lambda connection: leases.check(connection, fences))


def test_a_lease_is_for_one_run_until_it_is_given_back(database: Database) -> None:
    one, two = new_run(database), new_run(database)
    held = take(database, one, "a", "b")
    assert held == {"a": 1, "b": 1}
    refused = take(database, two, "b", "c")
    assert isinstance(refused, Holder)
    assert (refused.process, refused.run) == ("p", one)
    assert {row[0]: row[2] for row in dump(database, "lease")["lease"]} == {"a": "p", "b": "p"}
    database.write_now(lambda connection: leases.give_back(connection, held))
    assert take(database, two, "b", "c") == {"b": 2, "c": 1}


@pytest.mark.parametrize("how", ["dead", "ended"])
def test_an_overtaken_run_can_commit_nothing_and_gives_nothing_back(database: Database, how: str) -> None:
    one, two = new_run(database), new_run(database, "q")
    old = take(database, one, "a", "b")
    if how == "ended":
        database.write_now(lambda connection: runs.change(connection, one, status="failed"))
    new = take(database, two, "b", holder="q", alive=how == "ended")
    assert new == {"b": 2}
    check(database, new)
    with pytest.raises(Refused, match="lease_lost") as lost:
        check(database, old)
    assert lost.value.params == {"account": "b"}
    assert isinstance(old, dict)
    database.write_now(lambda connection: leases.give_back(connection, old))
    check(database, new)
    assert {row[0]: row[2] for row in dump(database, "lease")["lease"]} == {"a": "", "b": "q"}


def test_nothing_of_a_commit_stays_that_came_too_late(database: Database) -> None:
    one, two = new_run(database), new_run(database, "q")
    old = take(database, one, "a")
    take(database, two, "a", holder="q", alive=False)

    def late(connection: Connection) -> None:
        connection.execute(text("INSERT INTO title (kind, name, poster) VALUES ('movie', '', '')"))
        assert isinstance(old, dict)
        leases.check(connection, old)

    with pytest.raises(Refused, match="lease_lost"):
        database.write_now(late)
    assert dump(database, "title")["title"] == []


def test_what_is_told_late_does_not_open_a_run_again(database: Database) -> None:
    one = new_run(database)
    database.write_now(lambda connection: runs.tell(connection, one, phase="reading"))
    database.write_now(lambda connection: runs.change(connection, one, status="succeeded", phase=""))
    before = dump(database, "run")
    database.write_now(lambda connection: runs.tell(connection, one, phase="writing", done=5))
    assert dump(database, "run") == before
    assert not database.write_now(lambda connection: runs.ask_to_stop(connection, one))


def entry(run: int, seq: int, title: int, **more: object) -> Entry:
    values: dict[str, object] = {
        "run": run,
        "seq": seq,
        "lane": 1,
        "feature": RATINGS,
        "side": Side.TARGET,
        "account_uid": "tracker:1",
        "title": title,
        "native_id": "",
        "action": Action.ADD,
        "before": None,
        "expected": None,
        "wanted": 850,
        "other_value": 850,
        "other_stamp": None,
        "other_native": "603",
        "ours": True,
    }
    return Entry(**(values | more))  # type: ignore[arg-type]


def test_only_what_was_sent_and_not_ended_is_unsettled(database: Database, titles: list[int]) -> None:
    one, two = new_run(database), new_run(database)

    def story(connection: Connection) -> None:
        journal.enter(connection, [entry(one, seq, titles[seq]) for seq in range(5)])
        journal.enter(connection, [entry(two, 0, titles[0], account_uid="another")])
        journal.mark_sent(connection, one, [0, 1, 2], 77)
        journal.mark_sent(connection, two, [0], 77)
        done = Ended(0, State.DONE, "applied")
        journal.end(connection, one, [done, Ended(1, State.IN_DOUBT, "in_doubt", "no_answer")], 88)
        assert journal.drop_planned(connection, one) == 2

    database.write_now(story)
    waiting = database.read_now(lambda connection: journal.unsettled(connection, "tracker:1"))
    assert [(one.seq, one.state, one.sent_at) for one in waiting] == [
        (1, State.IN_DOUBT, 77),
        (2, State.SENT, 77),
    ]
    assert (waiting[1].other_value, waiting[1].other_native, waiting[1].ours) == (850, "603", True)
    items = database.read_now(lambda connection: journal.items(connection, one, after=1, limit=2))
    assert [(item.seq, item.state) for item in items] == [(2, State.SENT), (3, State.DROPPED)]


def test_a_write_cannot_be_entered_twice(database: Database, titles: list[int]) -> None:
    run = new_run(database)
    database.write_now(lambda connection: journal.enter(connection, [entry(run, 1, titles[0])]))
    with pytest.raises(Exception, match="UNIQUE"):
        database.write_now(lambda connection: journal.enter(connection, [entry(run, 1, titles[1])]))


def keep_account(database: Database, uid: str, *, name: AccountName = TMDB) -> None:
    database.write_now(
        lambda connection: accounts.keep(connection, name, uid=uid, label="a", state="connected")
    )


def snapshot(
    database: Database,
    now: dict[int, Reading],
    *,
    whole: bool = True,
    unclear: tuple[int, ...] = (),
    at: int = 5,
    uid: str = UID,
    name: AccountName = TMDB,
) -> list[str]:
    """Stores a list; gives the statements that it took."""
    keep_account(database, uid, name=name)
    end = ReadEnd(whole=whole, gap=0, total=len(now))
    with counted(database) as statements:
        database.write_now(
            lambda connection: readings.keep(connection, uid, RATINGS, now, end, taken_at=at, unclear=unclear)
        )
    return statements


def values(database: Database) -> dict[int, int]:
    return database.read_now(lambda connection: readings.values(connection, UID, RATINGS))


def test_an_unchanged_list_writes_no_row(database: Database, titles: list[int]) -> None:
    now = {title: Reading(850, 5, native_id=str(title)) for title in titles}
    snapshot(database, now)
    before = dump(database, "reading")
    later = {title: Reading(850, 9, native_id=str(title)) for title in titles}
    statements = snapshot(database, later, at=9)
    assert dump(database, "reading") == before
    assert [one.split()[0] for one in statements] == ["SELECT", "INSERT"]
    assert "INTO snapshot" in statements[1]


@pytest.mark.parametrize("whole", [True, False])
def test_a_snapshot_loses_only_what_is_surely_gone(
    database: Database, titles: list[int], whole: bool
) -> None:
    """Unlisted in a whole list, or looked up and absent; never what is unclear or was not asked for."""
    snapshot(database, {title: Reading(850, 5) for title in titles})
    proved, unclear, unlisted, changed, same = titles
    now = {proved: Reading(None, 9), changed: Reading(900, 9), same: Reading(850, 9)}
    snapshot(database, now, whole=whole, unclear=(unclear,), at=9)
    left = {unclear: 850, changed: 900, same: 850} | ({} if whole else {unlisted: 850})
    assert values(database) == left


def test_it_is_known_since_when_each_title_is_shown_as_it_is(database: Database, titles: list[int]) -> None:
    same, changed, unlisted, written = titles[:4]
    snapshot(database, {same: Reading(850, 5), changed: Reading(850, 5), unlisted: Reading(850, 5)})
    snapshot(database, {same: Reading(850, 9), changed: Reading(900, 9)}, whole=False, at=9)
    database.write_now(
        lambda connection: readings.learn(connection, UID, RATINGS, {written: Reading(50, 11)})
    )
    found = database.read_now(lambda connection: readings.shown_since(connection, UID, RATINGS))
    assert found == {same: 5, changed: 9, unlisted: 5, written: 11}
    others = [("tmdb:2", RATINGS), (UID, Feature.WATCHLIST)]
    for uid, feature in others:
        assert database.read_now(partial(readings.shown_since, uid=uid, feature=feature)) == {}


def test_what_was_written_is_in_the_snapshot(database: Database, titles: list[int]) -> None:
    snapshot(database, {titles[0]: Reading(850, 5), titles[1]: Reading(850, 5)})
    said = {titles[0]: Reading(None, 9), titles[1]: Reading(900, 9), titles[2]: Reading(50, 9)}
    database.write_now(lambda connection: readings.learn(connection, UID, RATINGS, said))
    assert values(database) == {titles[1]: 900, titles[2]: 50}


def test_what_was_read_belongs_to_a_person_not_to_a_connection(database: Database, titles: list[int]) -> None:
    """Else what only the first one's list held would count as taken off the second one's, or the other way round."""
    snapshot(database, {titles[0]: Reading(850, 5)})
    keep_account(database, "tmdb:2")
    shown = partial(readings.shown_since, feature=RATINGS)
    assert database.read_now(partial(shown, uid="tmdb:2")) == {}
    assert database.read_now(partial(readings.snapshots, uid="tmdb:2")) == {}
    keep_account(database, UID)
    assert database.read_now(partial(shown, uid=UID)) == {titles[0]: 5}


def test_what_was_read_goes_with_the_account_that_is_forgotten(database: Database, titles: list[int]) -> None:
    """Also that of whoever was behind it before; of the others nothing."""
    second = AccountName("tmdb", "second")
    said = {titles[0]: Reading(850, 5)}
    for uid in ("tmdb:2", UID):
        snapshot(database, said, uid=uid)
    snapshot(database, said, uid="tmdb:3", name=second)
    database.write_now(lambda connection: accounts.forget(connection, TMDB))
    for uid, left in ((UID, {}), ("tmdb:2", {}), ("tmdb:3", {titles[0]: 5})):
        shown = partial(readings.shown_since, uid=uid, feature=RATINGS)
        assert database.read_now(shown) == left
        assert len(database.read_now(partial(readings.snapshots, uid=uid))) == len(left)


@pytest.fixture
def asked(database: Database) -> PendingRow:
    row = PendingRow(TMDB, "token", "key", "hash", pending.WAITING, 9_000_000)
    database.write_now(lambda connection: pending.keep(connection, row))
    return row


def claim(database: Database, row: PendingRow, *, now: int, who: str = "me", until: int = 60_000) -> bool:
    return database.write_now(
        lambda connection: pending.claim(
            connection, row, finisher=who, now=now, until=now + until, apart=2_000
        )
    )


def test_of_many_who_want_to_finish_at_once_exactly_one_does(database: Database, asked: PendingRow) -> None:
    won: list[str] = []
    gate = threading.Barrier(8)

    def race(who: str) -> None:
        gate.wait()
        if claim(database, asked, now=10_000, who=who):
            won.append(who)

    threads = [threading.Thread(target=race, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_the_session_is_asked_for_every_two_seconds_at_most(database: Database, asked: PendingRow) -> None:
    assert claim(database, asked, now=10_000)
    database.write_now(lambda connection: pending.release(connection, TMDB, "me"))
    assert not claim(database, asked, now=11_999)
    assert claim(database, asked, now=12_000)


def test_one_who_died_while_asking_is_waited_for_and_then_overtaken(
    database: Database, asked: PendingRow
) -> None:
    assert claim(database, asked, now=10_000, who="dead")
    assert not claim(database, asked, now=69_999)
    assert claim(database, asked, now=70_000, who="next")
    database.write_now(lambda connection: pending.release(connection, TMDB, "dead"))
    assert not claim(database, asked, now=80_000)


def test_an_approval_that_ended_or_was_replaced_is_not_claimed(database: Database, asked: PendingRow) -> None:
    database.write_now(lambda connection: pending.conclude(connection, asked, "approval_denied"))
    assert not claim(database, asked, now=10_000)
    new = PendingRow(TMDB, "new token", "key", "hash", pending.WAITING, 9_000_000)
    database.write_now(lambda connection: pending.keep(connection, new))
    assert not claim(database, asked, now=10_000)
    assert claim(database, new, now=10_000)
