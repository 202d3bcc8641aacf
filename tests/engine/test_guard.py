"""How much a lane may remove or overwrite before it asks, what always waits, and what was allowed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from crosswatch.engine.base import Answer, Approval, BaseRow, Rules, SideView
from crosswatch.engine.guard import FEWEST_OVERWRITES, WINDOW_MS, Bounds, guard, is_allowed
from crosswatch.engine.plan import plan
from crosswatch.engine.planned import Clash, Plan
from crosswatch.model.kinds import Action, Conflict, Feature, Mode, Side
from crosswatch.model.readings import Seen, Unknown, Why
from tests.engine.samples import NOW
from tests.engine.test_plan import rated, row, side

S, T = Side.SOURCE, Side.TARGET
REMOVES = Rules(Feature.RATINGS, Mode.TWO_WAY, remove=True)
SOURCE_WINS = Rules(Feature.RATINGS, Mode.TWO_WAY, conflict=Conflict.SOURCE)


def guarded(
    base: dict[int, BaseRow],
    source: SideView,
    target: SideView,
    rules: Rules,
    lately: Mapping[tuple[Side, Action], int] | None = None,
) -> Plan:
    """A plan as a lane makes it: planned, and held back where it is too much."""
    made = plan(base, source, target, rules, now=NOW)
    guard(made, base, {S: source, T: target}, rules, Bounds(len(base), lately or {}))
    return made


TO_REMOVE = Approval(1, 800, None)
"""The user said yes to that."""


@dataclass
class Loss:
    """A lane that agreed on so many titles, of which each side now lacks some; ``keeps`` are edits and adds."""

    agreed: int
    off_source: Iterable[int] = ()
    off_target: Iterable[int] = ()
    rules: Rules = REMOVES
    lately: Mapping[tuple[Side, Action], int] = field(default_factory=dict)
    more: dict[Side, dict[str, Any]] = field(default_factory=dict)

    def planned(self) -> Plan:
        """What the lane does about it. Title 900 is new on the source."""
        base = {key: row(800, 800) for key in range(1, self.agreed + 1)}
        lacks = {S: set(self.off_source), T: set(self.off_target)}
        views = {}
        for at in Side:
            said: dict[int, Seen] = {key: rated(None if key in lacks[at] else 800) for key in base}
            if at is S and len(lacks[S]) < self.agreed:
                said[900] = rated(600)
            views[at] = side(said, **self.more.get(at, {}))
        return guarded(base, views[S], views[T], self.rules, self.lately)


def removed(made: Plan) -> list[tuple[int, Side]]:
    return [(write.key, write.side) for write in made.writes if write.action is Action.REMOVE]


def waiting(made: Plan) -> list[tuple[int, Side]]:
    return [(write.key, write.side) for write in made.waiting]


def gone(number: int, written: Side = T) -> list[tuple[int, Side]]:
    """The first so many titles, taken off that side."""
    return [(key, written) for key in range(1, number + 1)]


@pytest.mark.parametrize(
    ("agreed", "missing", "waits"),
    [
        (5, 3, False),
        (5, 4, True),
        (39, 3, False),
        (39, 4, True),
        (40, 4, False),
        (40, 5, True),
        (49, 4, False),
        (49, 5, True),
        (50, 5, False),
    ],
)
def test_three_or_a_tenth_of_the_base_are_removed_and_beyond_it_all_wait(
    agreed: int, missing: int, waits: bool
) -> None:
    made = Loss(agreed, off_source=range(1, missing + 1)).planned()
    assert removed(made) == ([] if waits else gone(missing))
    assert waiting(made) == (gone(missing) if waits else [])
    assert [write.key for write in made.writes if write.action is Action.ADD] == [900]


def test_too_many_on_one_side_hold_the_removals_of_both() -> None:
    made = Loss(20, off_source=[1, 2, 3, 4], off_target=[5]).planned()
    assert removed(made) == []
    assert waiting(made) == [*gone(4), (5, S)]
    apart = Loss(20, off_source=[1, 2, 3], off_target=[5, 6, 7]).planned()
    assert (len(removed(apart)), waiting(apart)) == (6, [])


@pytest.mark.parametrize(
    ("lately", "waits"),
    [
        ({(T, Action.REMOVE): 1}, False),
        ({(T, Action.REMOVE): 2}, True),
        ({(S, Action.REMOVE): 9}, False),
        ({(T, Action.CHANGE): 9}, False),
    ],
)
def test_what_was_removed_on_that_side_lately_counts(
    lately: dict[tuple[Side, Action], int], waits: bool
) -> None:
    made = Loss(20, off_source=[1, 2], lately=lately).planned()
    assert (removed(made) == []) == waits
    assert waiting(made) == (gone(2) if waits else [])


def test_a_side_that_has_spent_its_share_holds_only_where_something_more_is_to_be_removed_there() -> None:
    made = Loss(20, off_target=[1], lately={(T, Action.REMOVE): 99}).planned()
    assert removed(made) == gone(1, S)


@pytest.mark.parametrize("emptied", Side)
def test_nothing_is_removed_on_the_word_of_a_side_that_became_empty(emptied: Side) -> None:
    missing: dict[str, Any] = {f"off_{emptied.value}": [1, 2]}
    made = Loss(2, **missing).planned()
    assert (removed(made), waiting(made)) == ([], gone(2, emptied.other))


def test_an_empty_side_does_not_hold_what_the_other_one_lacks() -> None:
    """Its own titles are held: they are not proved absent. What is agreed to differ can still be taken off."""
    base = {1: row(800, 800), 2: row(None, 800, kept=True)}
    source, target = side({1: rated(None), 2: rated(None)}), side({1: rated(800), 2: rated(800)})
    made = guarded(base, source, target, REMOVES)
    assert (removed(made), waiting(made)) == ([], gone(1))


@pytest.mark.parametrize("said", [Unknown(Why.NOT_PROVED), Unknown(Why.GONE), replace(rated(800), mark="")])
def test_lookups_do_not_fill_an_empty_list(said: Seen) -> None:
    base = {1: row(800, 800), 2: row(800, 800)}
    made = guarded(base, side({1: rated(None), 2: said}), side({1: rated(800), 2: rated(800)}), REMOVES)
    assert (removed(made), waiting(made)) == ([], gone(1))


@pytest.mark.parametrize("there", [rated(800), Unknown(Why.TWO_ROWS), None])
def test_a_list_with_anything_else_on_it_is_not_an_empty_one(there: Seen | None) -> None:
    base = {1: row(800, 800), 2: row(800, 800)}
    target = side({1: rated(800), 2: rated(800)})
    source = side({1: rated(None)} if there is None else {1: rated(None), 2: there})
    made = guarded(base, source, target, REMOVES)
    assert waiting(made) == (gone(1) if there is None else [])


def test_removals_of_a_service_that_cannot_be_asked_about_single_titles_always_wait() -> None:
    made = Loss(20, off_source=[1], off_target=[2], more={S: {"looks_up": False}}).planned()
    assert (removed(made), waiting(made)) == ([(2, S)], [(1, T)])


def test_what_waited_goes_on_waiting_however_few_are_left() -> None:
    made = Loss(20, off_source=[1, 2], rules=replace(REMOVES, waiting=frozenset({(1, T)}))).planned()
    assert (removed(made), waiting(made)) == ([(2, T)], [(1, T)])
    other_side = Loss(20, off_source=[1], rules=replace(REMOVES, waiting=frozenset({(1, S)}))).planned()
    assert removed(other_side) == gone(1)


def test_what_was_allowed_is_done_and_does_not_count() -> None:
    approved = {(key, T): TO_REMOVE for key in range(1, 8)}
    made = Loss(20, off_source=range(1, 11), rules=replace(REMOVES, approved=approved)).planned()
    assert (removed(made), waiting(made)) == (gone(10), [])
    one_more = Loss(20, off_source=range(1, 12), rules=replace(REMOVES, approved=approved)).planned()
    assert (removed(one_more), waiting(one_more)) == (gone(7), [(key, T) for key in range(8, 12)])
    waited = replace(REMOVES, approved={(1, T): TO_REMOVE}, waiting=frozenset({(1, T)}))
    assert removed(Loss(20, off_source=[1], rules=waited).planned()) == gone(1)


def test_what_was_allowed_runs_even_where_the_list_is_empty_or_its_share_is_spent() -> None:
    approved = replace(REMOVES, approved={(1, T): TO_REMOVE, (2, T): TO_REMOVE})
    assert removed(Loss(2, off_source=[1, 2], rules=approved).planned()) == gone(2)
    spent = {(T, Action.REMOVE): 99}
    assert removed(Loss(20, off_source=[1, 2], rules=approved, lately=spent).planned()) == gone(2)


@pytest.mark.parametrize(("asked", "side_asked"), [(0, T), (2, T), (1, S)])
def test_leave_for_another_state_of_the_title_or_its_other_side_is_none(asked: int, side_asked: Side) -> None:
    rules = replace(
        REMOVES, approved={(key, side_asked): replace(TO_REMOVE, version=asked) for key in range(1, 5)}
    )
    made = Loss(20, off_source=range(1, 5), rules=rules).planned()
    assert (removed(made), waiting(made)) == ([], gone(4))
    assert not any(is_allowed(write, rules) for write in made.waiting)


def test_the_window_is_a_day() -> None:
    assert WINDOW_MS == 86_400_000


def meeting(titles: int, agreed: int = 0, rules: Rules = SOURCE_WINS, **more: Any) -> Plan:
    """Two lists that differ in so many titles, and agreed on others before; guarded."""
    known = {key: row(700, 700) for key in range(1001, 1001 + agreed)}
    same: dict[int, Seen] = {key: rated(700) for key in known}
    source = side({**same, **{key: rated(800) for key in range(1, titles + 1)}, 500: rated(600)})
    target = side({**same, **{key: rated(300) for key in range(1, titles + 1)}})
    return guarded(known, source, target, rules, **more)


@pytest.mark.parametrize(
    ("titles", "agreed", "asked"), [(10, 0, 0), (11, 0, 11), (11, 54, 11), (11, 55, 0), (12, 55, 12)]
)
def test_beyond_ten_or_a_fifth_all_of_a_first_meeting_are_asked_about(
    titles: int, agreed: int, asked: int
) -> None:
    made = meeting(titles, agreed)
    assert [write.key for write in made.writes if write.action is Action.ADD] == [500]
    assert len([write for write in made.writes if write.action is Action.CHANGE]) == titles - asked
    assert made.conflicts == [Clash(key, 800, 300) for key in range(1, asked + 1)]
    assert made.waiting == []


def test_a_question_names_each_sides_own_value_whoever_wins() -> None:
    made = meeting(FEWEST_OVERWRITES + 1, rules=replace(SOURCE_WINS, conflict=Conflict.TARGET))
    assert {(clash.source, clash.target) for clash in made.conflicts} == {(800, 300)}


def test_what_was_answered_is_done_and_does_not_count() -> None:
    answers = {key: Answer(800, 300, Side.SOURCE) for key in range(1, 100)}
    made = meeting(109, rules=replace(SOURCE_WINS, answers=answers))
    assert (len(made.writes), made.conflicts) == (110, [])
    one_more = meeting(110, rules=replace(SOURCE_WINS, answers=answers))
    assert (len(one_more.writes), len(one_more.conflicts)) == (100, 11)


def test_an_answer_about_other_values_lets_nothing_pass() -> None:
    stale = {key: Answer(750, 300, Side.SOURCE) for key in range(1, 100)}
    made = meeting(99, rules=replace(SOURCE_WINS, answers=stale))
    assert (len(made.writes), len(made.conflicts)) == (1, 99)


def edits(number: int, agreed: int, rules: Rules = SOURCE_WINS, **more: Any) -> Plan:
    """So many of the agreed ratings were changed on the source."""
    base = {key: row(700, 700) for key in range(1, agreed + 1)}
    source = side({key: rated(800 if key <= number else 700) for key in base})
    return guarded(base, source, side({key: rated(700) for key in base}), rules, **more)


@pytest.mark.parametrize(
    ("number", "agreed", "waits"),
    [(10, 30, False), (11, 30, True), (11, 54, True), (11, 55, False), (12, 59, True), (12, 60, False)],
)
def test_edits_beyond_the_bound_wait_all_of_them(number: int, agreed: int, waits: bool) -> None:
    made = edits(number, agreed)
    assert (len(made.writes), len(made.waiting), made.conflicts) == (
        (0, number, []) if waits else (number, 0, [])
    )


def test_overwrites_lately_count_and_those_allowed_do_not() -> None:
    assert len(edits(8, 30, lately={(T, Action.CHANGE): 2}).writes) == 8
    assert len(edits(8, 30, lately={(T, Action.CHANGE): 3}).waiting) == 8
    assert len(edits(8, 30, lately={(S, Action.CHANGE): 3, (T, Action.REMOVE): 3}).writes) == 8
    allowed = replace(SOURCE_WINS, approved={(1, T): Approval(1, 700, 800)})
    assert len(edits(11, 30, allowed).writes) == 11
    assert [write.key for write in edits(12, 30, allowed).writes] == [1]
    waited = replace(SOURCE_WINS, waiting=frozenset({(1, T)}))
    assert waiting(edits(2, 30, waited)) == gone(1)


def test_overwrites_do_not_hold_removals_nor_adds() -> None:
    base = {key: row(700, 700) for key in range(1, 31)}
    source = side({**{key: rated(800) for key in base}, 30: rated(None), 31: rated(900)})
    made = guarded(base, source, side({key: rated(700) for key in base}), REMOVES)
    assert [(write.key, write.action) for write in made.writes] == [(31, Action.ADD), (30, Action.REMOVE)]
    assert len(made.waiting) == 29
