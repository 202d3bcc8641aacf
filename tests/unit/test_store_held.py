"""What waits to be allowed: it leaves with its reason, an answer lasts until it is done, a stale one does nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from crosswatch.engine.base import Agreed, BaseRow
from crosswatch.engine.guard import APPROVAL_MS
from crosswatch.engine.planned import Cause, PlannedWrite
from crosswatch.identity.resolver import resolve
from crosswatch.model.kinds import Action, Kind, Side
from crosswatch.model.readings import Reading
from crosswatch.model.refs import Ref, ids
from crosswatch.store import attention, base, held
from crosswatch.store.database import Database
from crosswatch.store.held import ALLOW, KEEP, KEPT, OVERWRITE, REMOVAL
from crosswatch.store.tables import attention as table
from tests.unit.stored import counted, dump
from tests.unit.test_store_attention import make_pair

SOURCE, TARGET = Side.SOURCE, Side.TARGET


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database.open(tmp_path / "crosswatch.db")
    yield made
    made.close()


@pytest.fixture
def titles(database: Database) -> list[int]:
    films = [Ref(Kind.MOVIE, ids(tmdb=number)) for number in range(6)]
    return database.write_now(lambda connection: resolve(connection, films))


@pytest.fixture
def lane(database: Database) -> int:
    return database.write_now(make_pair)


def removal(key: int, *, side: Side = TARGET, version: int = 3, value: int = 850) -> PlannedWrite:
    """A title that is no longer on one side, and shall go from the other; the row that it rests on has a version."""
    row = BaseRow(Agreed(None), Agreed(None), since=5, version=version + 1)
    return PlannedWrite(
        key, side, Action.REMOVE, str(key), value, None, Reading(None, 5, mark=""), row, Cause.REMOVED
    )


def overwrite(key: int, *, before: int = 700, wanted: int = 850, version: int = 3) -> PlannedWrite:
    """A rating that was changed on the source, and shall be on the target."""
    row = BaseRow(Agreed(wanted), Agreed(wanted), since=5, version=version + 1)
    other = Reading(wanted, 5)
    return PlannedWrite(key, TARGET, Action.CHANGE, str(key), before, wanted, other, row, Cause.CHANGED)


def keep(
    database: Database,
    lane: int,
    *writes: PlannedWrite,
    allowed: Collection[tuple[int, Side]] = (),
    unclear: Sequence[int] = (),
    now: int = 5,
) -> None:
    database.write_now(
        lambda connection: held.keep(connection, lane, writes, allowed=allowed, unclear=unclear, now=now)
    )


def entries(database: Database, lane: int) -> list[Any]:
    query = select(table).where(table.c.lane == lane).order_by(table.c.title, table.c.id)
    return list(database.read_now(lambda connection: connection.execute(query).all()))


def numbers(database: Database, lane: int) -> dict[int, int]:
    """Title -> number of its entry, which a new question does not share with an older one."""
    return {row.title: row.id for row in entries(database, lane)}


def say(database: Database, lane: int, answer: str, *titles: int, now: int = 9) -> None:
    """What the user says to what waits."""
    query = update(table).where(table.c.lane == lane, table.c.title.in_(titles))
    database.write_now(lambda connection: connection.execute(query.values(answer=answer, answered_at=now)))


def approved(database: Database, lane: int, now: int = 10) -> dict[tuple[int, Side], int]:
    return database.read_now(lambda connection: held.approved(connection, lane, now))


def waiting(database: Database, lane: int, now: int = 10) -> set[tuple[int, Side]]:
    return database.read_now(lambda connection: held.waiting(connection, lane, now))


def agreed(database: Database, lane: int, rows: dict[int, BaseRow | None]) -> None:
    database.write_now(lambda connection: base.keep(connection, lane, rows))


def row_of(database: Database, lane: int, key: int) -> BaseRow | None:
    return database.read_now(lambda connection: base.find(connection, lane, key))


def test_what_waits_stands_with_both_values_and_the_version_that_it_rests_on(
    database: Database, titles: list[int], lane: int
) -> None:
    keep(database, lane, removal(titles[0]), removal(titles[1], side=SOURCE), overwrite(titles[2]))
    found = [(row.kind, row.title, row.data, row.made_at, row.answered_at) for row in entries(database, lane)]
    away = {"version": 3, "wanted": None}
    changed = {"version": 3, "side": "target", "source": 850, "target": 700, "wanted": 850}
    assert found == [
        (REMOVAL, titles[0], {**away, "side": "target", "source": None, "target": 850}, 5, None),
        (REMOVAL, titles[1], {**away, "side": "source", "source": 850, "target": None}, 5, None),
        (OVERWRITE, titles[2], changed, 5, None),
    ]
    assert waiting(database, lane) == {(titles[0], TARGET), (titles[1], SOURCE), (titles[2], TARGET)}
    assert approved(database, lane) == {}


def test_the_same_question_stays_and_another_state_is_asked_anew(
    database: Database, titles: list[int], lane: int
) -> None:
    before_each = [removal(key) for key in titles[:4]] + [overwrite(titles[4])]
    keep(database, lane, *before_each)
    first = numbers(database, lane)
    keep(
        database,
        lane,
        removal(titles[0]),
        removal(titles[1], version=4),
        removal(titles[2], value=900),
        removal(titles[3], side=SOURCE),
        overwrite(titles[4], wanted=900),
        now=8,
    )
    second = numbers(database, lane)
    assert len(entries(database, lane)) == 5
    assert second[titles[0]] == first[titles[0]]
    assert not {second[key] for key in titles[1:5]} & set(first.values())
    assert [row.made_at for row in entries(database, lane)] == [5, 8, 8, 8, 8]


def test_what_is_derived_no_longer_leaves_unless_nothing_is_known_of_it(
    database: Database, titles: list[int], lane: int
) -> None:
    keep(database, lane, *(removal(key) for key in titles[:3]))
    keep(database, lane, removal(titles[0]), unclear=[titles[1]])
    assert waiting(database, lane) == {(titles[0], TARGET), (titles[1], TARGET)}
    keep(database, lane)
    assert entries(database, lane) == []


def test_a_write_that_is_made_without_a_question_takes_its_question_along(
    database: Database, titles: list[int], lane: int
) -> None:
    """As when a value changed and the removal became a change, which the guard lets pass."""
    keep(database, lane, removal(titles[0]))
    keep(database, lane, allowed=[(titles[0], TARGET)])
    assert entries(database, lane) == []


def test_other_lanes_and_other_questions_are_left_alone(
    database: Database, titles: list[int], lane: int
) -> None:
    other = database.write_now(lambda connection: make_pair(connection, "second"))
    keep(database, lane, removal(titles[0]))
    keep(database, other, removal(titles[0], side=SOURCE))
    database.write_now(
        lambda connection: attention.keep_conflicts(connection, lane, {titles[3]: (850, 700)}, (), 5)
    )
    before = entries(database, other)
    keep(database, lane)
    assert entries(database, other) == before
    assert [row.kind for row in entries(database, lane)] == ["conflict"]
    assert waiting(database, other) == {(titles[0], SOURCE)}
    assert waiting(database, lane) == set()


def test_an_answer_lasts_until_it_is_done(database: Database, titles: list[int], lane: int) -> None:
    one, two, three = titles[:3]
    keep(database, lane, removal(one), removal(two, version=7), removal(three, side=SOURCE))
    say(database, lane, ALLOW, one, two, three)
    answers = {(one, TARGET): 3, (two, TARGET): 7, (three, SOURCE): 3}
    assert approved(database, lane) == answers
    assert waiting(database, lane) == set()
    # The next plan writes the first, cannot say anything of the second, and the third is what it was no longer.
    keep(database, lane, allowed=[(one, TARGET)], unclear=[two], now=11)
    assert approved(database, lane) == {(one, TARGET): 3, (two, TARGET): 7}
    # It was killed before it could write, and so the plan after it derives both once more; then they are done.
    keep(database, lane, allowed=[(one, TARGET), (two, TARGET)], now=12)
    assert approved(database, lane) == {(one, TARGET): 3, (two, TARGET): 7}
    keep(database, lane, now=13)
    assert approved(database, lane) == {}
    assert entries(database, lane) == []


def test_an_answer_that_was_given_while_a_plan_was_made_is_for_the_next_one(
    database: Database, titles: list[int], lane: int
) -> None:
    keep(database, lane, removal(titles[0]), removal(titles[1]))
    say(database, lane, ALLOW, titles[0])
    before = entries(database, lane)
    keep(database, lane, removal(titles[0]), removal(titles[1]), now=11)
    assert entries(database, lane) == before
    assert approved(database, lane, now=12) == {(titles[0], TARGET): 3}
    assert waiting(database, lane) == {(titles[1], TARGET)}


def test_an_answer_is_for_one_side(database: Database, titles: list[int], lane: int) -> None:
    keep(database, lane, removal(titles[0]))
    say(database, lane, ALLOW, titles[0])
    keep(database, lane, allowed=[(titles[0], SOURCE)])
    assert approved(database, lane) == {}


def test_an_answer_to_another_state_is_asked_for_again(
    database: Database, titles: list[int], lane: int
) -> None:
    keep(database, lane, removal(titles[0], version=3))
    say(database, lane, ALLOW, titles[0])
    keep(database, lane, removal(titles[0], version=4), now=11)
    assert approved(database, lane, now=12) == {}
    assert waiting(database, lane) == {(titles[0], TARGET)}
    assert len(entries(database, lane)) == 1


def test_what_was_allowed_is_allowed_for_seven_days(database: Database, titles: list[int], lane: int) -> None:
    assert APPROVAL_MS == 7 * 24 * 60 * 60 * 1000
    keep(database, lane, removal(titles[0]))
    say(database, lane, ALLOW, titles[0], now=9)
    assert approved(database, lane, now=9 + APPROVAL_MS - 1) == {(titles[0], TARGET): 3}
    assert approved(database, lane, now=9 + APPROVAL_MS) == {}
    # By then it waits again although a plan might let it pass, and it is asked about anew.
    assert waiting(database, lane, now=9 + APPROVAL_MS - 1) == set()
    assert waiting(database, lane, now=9 + APPROVAL_MS) == {(titles[0], TARGET)}
    keep(database, lane, removal(titles[0]), now=9 + APPROVAL_MS)
    assert waiting(database, lane) == {(titles[0], TARGET)}
    assert len(entries(database, lane)) == 1


@pytest.mark.parametrize("answer", [KEEP, ""])
def test_only_what_was_allowed_is_allowed(
    database: Database, titles: list[int], lane: int, answer: str
) -> None:
    other = database.write_now(lambda connection: make_pair(connection, "second"))
    keep(database, lane, removal(titles[0]), removal(titles[1]))
    keep(database, other, removal(titles[0]))
    say(database, lane, answer, titles[0])
    say(database, other, ALLOW, titles[0])
    assert approved(database, lane) == {}
    assert approved(database, other) == {(titles[0], TARGET): 3}


def kept_row(source: int | None, target: int | None, version: int = 3, **more: Any) -> BaseRow:
    values: dict[str, Any] = {"kept": True, "since": 4} | more
    return BaseRow(Agreed(source, native_id="s"), Agreed(target, native_id="t"), version=version, **values)


def ask(database: Database, lane: int, now: int = 6) -> int:
    return database.write_now(lambda connection: held.ask_about_kept(connection, lane, now))


def test_switching_removals_on_asks_about_what_was_kept_and_does_nothing(
    database: Database, titles: list[int], lane: int
) -> None:
    other = database.write_now(lambda connection: make_pair(connection, "second"))
    rows: dict[int, BaseRow | None] = {
        titles[0]: kept_row(None, 850),
        titles[1]: kept_row(700, None, version=5),
        titles[2]: kept_row(None, 850, kept=False),
    }
    agreed(database, lane, rows)
    agreed(database, other, {titles[3]: kept_row(None, 850)})
    assert ask(database, lane) == 2
    found = [(row.kind, row.title, row.data, row.made_at) for row in entries(database, lane)]
    here = {"version": 3, "side": "target", "source": None, "target": 850, "wanted": None}
    there = {"version": 5, "side": "source", "source": 700, "target": None, "wanted": None}
    assert found == [(KEPT, titles[0], here, 6), (KEPT, titles[1], there, 6)]
    assert entries(database, other) == []
    assert approved(database, lane) == {}
    assert waiting(database, lane) == set(), "nothing waits for the guard"
    for key, row in rows.items():
        assert row_of(database, lane, key) == row
    assert ask(database, other) == 1


def test_what_was_kept_is_asked_about_until_it_is_otherwise(
    database: Database, titles: list[int], lane: int
) -> None:
    one, two, three, four = titles[:4]
    agreed(database, lane, {key: kept_row(None, 850) for key in titles[:4]})
    ask(database, lane)
    before = numbers(database, lane)
    agreed(
        database,
        lane,
        {two: kept_row(None, 900, version=4), three: None, four: kept_row(None, 850, kept=False)},
    )
    keep(database, lane, now=8)
    after = numbers(database, lane)
    assert (set(after), after[one]) == ({one, two}, before[one]), "another state is asked about anew"
    assert after[two] not in before.values()
    say(database, lane, ALLOW, one)
    assert approved(database, lane) == {(one, TARGET): 3}
    keep(database, lane, allowed=[(one, TARGET)], now=9)
    assert approved(database, lane) == {(one, TARGET): 3}
    agreed(database, lane, {one: None, two: None})
    keep(database, lane, now=10)
    assert entries(database, lane) == []


def test_a_lane_that_does_not_remove_asks_no_more(database: Database, titles: list[int], lane: int) -> None:
    other = database.write_now(lambda connection: make_pair(connection, "second"))
    for one in (lane, other):
        agreed(database, one, {titles[0]: kept_row(None, 850)})
        ask(database, one)
        keep(database, one, removal(titles[1]))
    say(database, lane, ALLOW, titles[0])
    database.write_now(lambda connection: held.forget_kept(connection, lane))
    assert [(row.kind, row.title) for row in entries(database, lane)] == [(REMOVAL, titles[1])]
    assert approved(database, lane) == {}
    assert [row.kind for row in entries(database, other)] == [KEPT, REMOVAL]


def refuse(database: Database, lane: int, key: int, data: dict[str, Any], now: int = 20) -> None:
    database.write_now(lambda connection: held.refuse(connection, lane, {key: data}, now))


def test_a_removal_that_is_refused_is_a_difference_that_stays(
    database: Database, titles: list[int], lane: int
) -> None:
    row = BaseRow(
        Agreed(850, stamp=7, native_id="s", mark="r1", gap=2),
        Agreed(850, stamp=8, native_id="t"),
        since=4,
        version=3,
        ours=True,
    )
    agreed(database, lane, {titles[0]: row, titles[1]: row})
    keep(database, lane, removal(titles[0]))
    refuse(database, lane, titles[0], entries(database, lane)[0].data)
    assert row_of(database, lane, titles[0]) == BaseRow(
        Agreed(None, None, native_id="s", mark="r1", gap=2),
        Agreed(850, stamp=8, native_id="t"),
        since=20,
        version=4,
    )
    assert row_of(database, lane, titles[1]) == row
    keep(database, lane, now=21)
    assert entries(database, lane) == []


def test_an_overwrite_that_is_refused_leaves_both_values(
    database: Database, titles: list[int], lane: int
) -> None:
    agreed(database, lane, {titles[0]: BaseRow(Agreed(700, 7), Agreed(700, 8), since=4, version=3)})
    keep(database, lane, overwrite(titles[0], before=700, wanted=850))
    refuse(database, lane, titles[0], entries(database, lane)[0].data)
    assert row_of(database, lane, titles[0]) == BaseRow(Agreed(850), Agreed(700, 8), since=20, version=4)


def test_a_kept_one_that_is_refused_is_kept_no_more_and_never_asked_about_again(
    database: Database, titles: list[int], lane: int
) -> None:
    agreed(database, lane, {titles[0]: kept_row(None, 850)})
    ask(database, lane)
    refuse(database, lane, titles[0], entries(database, lane)[0].data)
    assert row_of(database, lane, titles[0]) == kept_row(None, 850, version=4, kept=False, since=20)
    keep(database, lane, now=21)
    assert entries(database, lane) == []
    assert ask(database, lane) == 0


@pytest.mark.parametrize(
    "now", [None, BaseRow(Agreed(900), Agreed(900), since=9, version=4)], ids=["ended", "changed"]
)
def test_a_refusal_of_what_has_changed_since_does_nothing(
    database: Database, titles: list[int], lane: int, now: BaseRow | None
) -> None:
    agreed(database, lane, {titles[0]: BaseRow(Agreed(850), Agreed(850), since=4, version=3)})
    keep(database, lane, removal(titles[0]))
    data = entries(database, lane)[0].data
    agreed(database, lane, {titles[0]: now})
    before = dump(database, "base", "attention")
    refuse(database, lane, titles[0], data)
    assert dump(database, "base", "attention") == before


def test_ten_thousand_that_wait_are_a_few_statements(database: Database, lane: int) -> None:
    films = [Ref(Kind.MOVIE, ids(tmdb=number)) for number in range(10_000)]
    keys = database.write_now(lambda connection: resolve(connection, films))
    writes = [removal(key) for key in keys]
    for limit, given in ((16, writes), (6, writes), (16, [])):
        with counted(database) as statements:
            keep(database, lane, *given)
        assert len(statements) <= limit
        assert len(waiting(database, lane)) == len(given)
