"""Plans by example: what a lane does to single titles, and small histories that once lost or resurrected data."""

from typing import Any

import pytest

from crosswatch.engine.base import Agreed, Answer, BaseRow, LastWrite, Rules, SideView
from crosswatch.engine.plan import plan, to_look_up
from crosswatch.engine.planned import Clash, Held, Plan
from crosswatch.model.capabilities import Stamps
from crosswatch.model.kinds import Action, Conflict, Feature, Mode, Precision, Side
from crosswatch.model.readings import Date, Reading, Seen, Unknown, Why
from crosswatch.model.values import Grid, Value
from tests.engine.rest import comes_to_rest
from tests.engine.samples import NOW, TMDB, TRACKER, TRAKT
from tests.engine.services import Service
from tests.engine.world import World

S, T = Side.SOURCE, Side.TARGET
TWO_WAY = Rules(Feature.RATINGS, Mode.TWO_WAY, remove=True)
ONE_WAY = Rules(Feature.RATINGS, Mode.ONE_WAY, remove=True)


def rated(value: Value | None, stamp: int | None = None, native_id: str = "") -> Reading:
    return Reading(value, NOW, stamp, None, native_id)


def side(said: dict[int, Seen], grid: Grid = TRACKER, **more: Any) -> SideView:
    return SideView(said, **{"whole": True, "taken_at": NOW, "grid": grid, **more})


def row(source: Value | None, target: Value | None, **more: Any) -> BaseRow:
    return BaseRow(Agreed(source), Agreed(target), **{"since": 0, **more})


def planned(base: dict[int, BaseRow], source: SideView, target: SideView, rules: Rules = TWO_WAY) -> Plan:
    return plan(base, source, target, rules, now=NOW)


def written(made: Plan) -> list[tuple[int, Side, Action, Value | None, Value | None]]:
    return [(write.key, write.side, write.action, write.expected, write.wanted) for write in made.writes]


def test_a_first_run_joins_both_lists() -> None:
    made = planned({}, side({1: rated(800), 2: rated(700)}), side({2: rated(700), 3: rated(600)}))
    assert written(made) == [(1, T, Action.ADD, None, 800), (3, S, Action.ADD, None, 600)]
    assert made.rows == {2: row(700, 700, since=NOW)}
    assert (made.adopted, made.left, made.kept) == (1, 0, [])


def test_writes_keep_the_order_of_the_lists_and_removals_come_last() -> None:
    base = {9: row(800, 800)}
    source = side({9: rated(None), 5: rated(800), 2: rated(800)})
    made = planned(base, source, side({9: rated(800), 7: rated(800)}))
    assert [write.key for write in made.writes] == [5, 2, 7, 9]
    assert made.writes[-1].action is Action.REMOVE


@pytest.mark.parametrize(("dates", "order"), [((30, 10, 20), [2, 3, 1]), ((30, None, 20), [1, 2, 3])])
def test_what_all_have_dates_is_written_by_them(dates: tuple[int | None, ...], order: list[int]) -> None:
    said: dict[int, Seen] = {
        key: Reading(800, NOW, date=None if at is None else Date(at)) for key, at in enumerate(dates, start=1)
    }
    assert [write.key for write in planned({}, side(said), side({})).writes] == order


@pytest.mark.parametrize("can", [{Action.ADD}, {Action.CHANGE}, set()])
def test_what_a_service_cannot_do_is_left(can: set[Action]) -> None:
    base = {2: row(700, 700), 3: row(600, 600)}
    target = side({2: rated(700), 3: rated(600)}, can=frozenset(can))
    made = planned(base, side({1: rated(800), 2: rated(750), 3: rated(None)}), target)
    assert {write.action for write in made.writes} == can
    assert made.left == 3 - len(can)


def test_what_the_user_chose_holds_while_both_readings_do() -> None:
    def asked(answer: Answer, source: Value | None, target: Value | None, mode: Mode = Mode.TWO_WAY) -> Plan:
        rules = Rules(Feature.RATINGS, mode, conflict=Conflict.ASK, answers={1: answer})
        return planned({}, side({1: rated(source)}), side({1: rated(target)}), rules)

    to_target = [(1, T, Action.CHANGE, 500, 800)]
    assert written(asked(Answer(800, 500, S), 800, 500)) == to_target
    assert written(asked(Answer(800, 500, T), 800, 500)) == [(1, S, Action.CHANGE, 800, 500)]
    for source, target in ((810, 500), (800, 510)):
        made = asked(Answer(800, 500, S), source, target)
        assert (written(made), made.conflicts) == ([], [Clash(1, source, target)])
    left = asked(Answer(800, 500, T), 800, 500, Mode.ONE_WAY)
    assert (written(left), left.left, left.rows[1]) == ([], 1, row(800, 500, since=NOW))
    absent = asked(Answer(800, None, T), 800, None)
    assert (written(absent), absent.left, absent.rows[1]) == ([], 1, row(800, None, since=NOW))
    assert written(asked(Answer(800, None, S), 800, None)) == [(1, T, Action.ADD, None, 800)]


def test_an_answer_waits_while_a_side_is_unknown() -> None:
    rules = Rules(Feature.RATINGS, Mode.TWO_WAY, answers={1: Answer(800, 500, S)})
    made = planned({}, side({1: rated(800)}), side({1: Unknown(Why.TWO_ROWS)}), rules)
    assert (written(made), made.held) == ([], [Held(1, T, Why.TWO_ROWS)])


def test_a_write_rounds_to_the_target_and_its_row_holds_both_sides_own_values() -> None:
    made = planned({}, side({1: rated(750, 3, "s1")}, TMDB, stamps=Stamps.USER), side({}, TRAKT))
    (write,) = made.writes
    assert write.wanted == 800
    assert write.row == BaseRow(Agreed(750, 3, "s1"), Agreed(800), since=NOW, ours=True)
    assert write.other == rated(750, 3, "s1")


@pytest.mark.parametrize("mode", Mode)
def test_what_cannot_be_known_is_held_with_its_reason(mode: Mode) -> None:
    base = {1: row(800, 800), 2: row(800, 800), 3: row(800, 800)}
    target = side({1: rated(800), 2: Unknown(Why.GONE), 3: rated(900)}, in_doubt=frozenset({3}))
    made = planned(
        base, side({2: rated(900), 3: rated(900)}), target, Rules(Feature.RATINGS, mode, remove=True)
    )
    assert {(item.key, item.side, item.why) for item in made.held} == {
        (1, S, Why.NOT_PROVED),
        (2, T, Why.GONE),
        (3, T, Why.IN_DOUBT),
    }
    assert not made.writes
    assert not made.rows


def test_a_list_that_is_not_whole_adds_nothing_that_it_may_only_have_lost() -> None:
    made = planned({}, side({1: rated(800)}), side({}, whole=False))
    assert made.held == [Held(1, T, Why.NOT_WHOLE)]
    assert not made.writes


@pytest.mark.parametrize(("mode", "who"), [(Mode.TWO_WAY, S), (Mode.TWO_WAY, T), (Mode.ONE_WAY, S)])
def test_a_removal_that_is_not_allowed_is_kept_and_not_redone(mode: Mode, who: Side) -> None:
    rules, allowed = (Rules(Feature.RATINGS, mode, remove=remove) for remove in (False, True))
    base = {1: row(800, 800, ours=True)}
    gone, there = side({1: rated(None)}), side({1: rated(800)})
    views = (gone, there) if who is S else (there, gone)
    first = planned(base, *views, rules)
    kept = first.rows[1]
    assert (first.kept, first.writes, first.held) == ([1], [], [])
    assert kept is not None
    assert kept.kept
    assert kept.values == ((None, 800) if who is S else (800, None))
    for again in (rules, allowed):
        second = planned({1: kept}, *views, again)
        assert (second.kept, second.writes, second.rows) == ([], [], {})


def test_ours_ends_when_the_target_changes_or_touches_the_title() -> None:
    user: dict[str, Any] = {"stamps": Stamps.USER}
    ours = BaseRow(Agreed(800), Agreed(800, 1), since=0, ours=True)
    for said in (rated(850, 2), rated(800, 2)):
        made = planned({1: ours}, side({1: rated(800)}), side({1: said}, **user), ONE_WAY)
        stored = made.rows[1]
        assert stored is not None
        assert not stored.ours
        assert made.left == 1
        after = planned({1: stored}, side({1: rated(None)}), side({1: said}, **user), ONE_WAY)
        assert not after.writes
        assert after.left == 1
    untouched = planned({1: ours}, side({1: rated(None)}), side({1: rated(800, 1)}, **user), ONE_WAY)
    assert written(untouched) == [(1, T, Action.REMOVE, 800, None)]


def test_a_one_way_lane_leaves_what_it_finds_on_the_target() -> None:
    made = planned({}, side({}), side({1: rated(800)}), ONE_WAY)
    assert (made.writes, made.rows, made.left) == ([], {}, 1)


def test_what_a_lane_does_not_allow_is_left() -> None:
    no_adds = Rules(Feature.RATINGS, Mode.TWO_WAY, add=False)
    no_changes = Rules(Feature.RATINGS, Mode.TWO_WAY, change=False)
    for rules, base in ((no_adds, {}), (no_changes, {1: row(800, 800)})):
        target = side({1: rated(800)} if base else {})
        made = planned(base, side({1: rated(900)}), target, rules)
        assert (made.writes, made.rows, made.left) == ([], {}, 1)


FIVE, DAY = 300_000, 86_400_000
OLD, NEW, NEWER = Date(0), Date(FIVE), Date(FIVE + 1)


def clash(rule: Conflict, source: Date | None, target: Date | None, **more: Any) -> Plan:
    """Both sides changed: 900 on the source, 700 on the target."""
    rules = Rules(Feature.RATINGS, Mode.TWO_WAY, conflict=rule, own_dates=more.pop("own_dates", True))
    listed: list[dict[int, Seen]] = [
        {1: Reading(value, NOW, None, date)} for value, date in ((900, source), (700, target))
    ]
    return planned({1: row(800, 800)}, side(listed[0]), side(listed[1], **more), rules)


TO_TARGET, TO_SOURCE = [(1, T, Action.CHANGE, 700, 900)], [(1, S, Action.CHANGE, 900, 700)]


def test_conflicts_end_by_their_rule() -> None:
    assert written(clash(Conflict.SOURCE, None, None)) == TO_TARGET
    assert written(clash(Conflict.TARGET, None, None)) == TO_SOURCE
    assert clash(Conflict.ASK, NEWER, OLD).conflicts == [Clash(1, 900, 700)]
    assert written(clash(Conflict.NEWEST, NEWER, OLD)) == TO_TARGET
    assert written(clash(Conflict.NEWEST, OLD, NEWER)) == TO_SOURCE


@pytest.mark.parametrize(
    ("source", "target", "more"),
    [
        (NEW, OLD, {}),
        (NEWER, None, {}),
        (NEWER, OLD, {"own_dates": False}),
        (Date(DAY, Precision.DAY), OLD, {}),
        (OLD, NEWER, {"last_writes": {1: LastWrite(700, 500)}}),
    ],
    ids=["too near", "one date", "not their own", "a plain day", "the date of our own write"],
)
def test_newest_asks_where_it_cannot_tell(
    source: Date | None, target: Date | None, more: dict[str, Any]
) -> None:
    made = clash(Conflict.NEWEST, source, target, **more)
    assert (made.writes, made.rows) == ([], {})
    assert made.conflicts == [Clash(1, 900, 700)]


def test_a_target_that_wins_a_one_way_lane_is_left_as_it_is() -> None:
    rules = Rules(Feature.RATINGS, Mode.ONE_WAY, conflict=Conflict.TARGET)
    made = planned({1: row(800, 800)}, side({1: rated(900)}), side({1: rated(700)}), rules)
    assert (made.writes, made.left) == ([], 1)
    assert made.rows == {1: row(900, 700, since=NOW, version=2)}


def test_a_title_that_ends_is_remembered_until_late_lists_are_over() -> None:
    made = planned({1: row(800, 800)}, side({1: rated(None)}), side({1: rated(None)}))
    ended = row(None, None, since=NOW, version=2)
    assert made.rows == {1: ended}
    for taken_at, expected in ((NOW + 9, {}), (NOW + 10, {1: None})):
        views = [side({}, taken_at=taken_at, delay=10) for _ in Side]
        assert plan({1: ended}, views[0], views[1], TWO_WAY, now=NOW + 50).rows == expected


def test_a_title_gone_from_both_sides_ends_even_where_a_removal_was_kept() -> None:
    made = planned({1: row(None, 800, kept=True)}, side({}), side({1: rated(None)}))
    assert (made.writes, made.kept) == ([], [])
    assert made.rows == {1: row(None, None, since=NOW, version=2)}


def test_a_value_between_the_points_of_its_service_is_not_written_again_and_again() -> None:
    made = planned({}, side({1: rated(849)}, TRAKT), side({1: rated(850)}, TMDB))
    assert not made.writes
    assert made.rows == {1: row(849, 850, since=NOW)}


def test_a_looked_up_absence_does_not_make_a_row_forget_the_native_id() -> None:
    stored = BaseRow(Agreed(800, None, "s1"), Agreed(800, None, "t1"), since=0)
    made = planned({1: stored}, side({1: rated(None)}), side({1: rated(800, None, "t1")}))
    (write,) = made.writes
    assert (write.native_id, write.row.source.native_id, write.row.target.native_id) == ("t1", "s1", "t1")


def two_services(mode: Mode = Mode.TWO_WAY, **source: Any) -> World:
    return World(
        Rules(Feature.RATINGS, mode, remove=True),
        Service(TMDB, **source),
        Service(TRACKER, delay=40, stamps=Stamps.USER),
    )


def late_list_after_a_removal() -> None:
    """A title is taken off the source and removed on the target; then copies of the source that lag show it again."""
    world = two_services(delay=40)
    world.edit(S, 1, 800)
    world.edit(S, 2, 800)
    for _ in range(2):
        world.wait(50)
        world.run()
    world.edit(S, 1, None)
    assert len(world.run().writes) == 1
    for _ in range(3):
        assert not world.run(lags=(40,)).writes
    comes_to_rest(world)
    assert world.services[T].value(1) is None


def touch_after_quiet_runs() -> None:
    """We add a title; long after, the user takes it off and puts it back there, and takes it off the source."""
    world = two_services()
    world.edit(S, 1, 800)
    for _ in range(3):
        world.run()
        world.wait(50)
    world.edit(T, 1, None)
    world.edit(T, 1, 800)
    world.edit(S, 1, None)
    world.wait(50)
    world.run()
    assert [world.services[at].value(1) for at in Side] == [800, 800]


def stamp_from_before_our_write() -> None:
    """A long run writes well after it planned; a list read soon after still shows the former stamp."""
    stored = BaseRow(Agreed(800), Agreed(800), since=0)
    soon = side(
        {1: Reading(800, 950, stamp=1)}, delay=100, stamps=Stamps.USER, last_writes={1: LastWrite(800, 900)}
    )
    made = planned({1: stored}, side({1: rated(800)}), soon)
    assert not made.rows
    later = side({1: rated(800, 2)}, delay=100, stamps=Stamps.USER, last_writes={1: LastWrite(800, 900)})
    made = planned({1: stored}, side({1: rated(None)}), later)
    assert written(made) == [(1, T, Action.REMOVE, 800, None)]


@pytest.mark.parametrize(
    "history",
    [late_list_after_a_removal, touch_after_quiet_runs, stamp_from_before_our_write],
    ids=lambda h: h.__name__,
)
def test_histories_that_lost_or_resurrected(history: Any) -> None:
    history()


def test_the_longest_waiting_absences_are_looked_up_first() -> None:
    agreed = Agreed(850)
    base = {
        1: BaseRow(agreed, agreed, since=10, looked_at=500),
        2: BaseRow(agreed, agreed, since=30),
        3: BaseRow(agreed, agreed, since=20),
        4: BaseRow(agreed, agreed, since=5, looked_at=400),
    }
    nothing = SideView(listed={}, whole=True, taken_at=1_000)
    assert to_look_up(base, nothing, nothing, TWO_WAY)[Side.SOURCE] == [3, 2, 4, 1]
