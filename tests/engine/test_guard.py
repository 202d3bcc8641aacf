"""What a first meeting of two lists may overwrite, and what is asked about."""

from dataclasses import replace

import pytest

from crosswatch.engine.base import Answer, Rules
from crosswatch.engine.guard import FEWEST, ask_before_overwriting
from crosswatch.engine.plan import plan
from crosswatch.engine.planned import Clash, Plan
from crosswatch.model.kinds import Action, Conflict, Feature, Mode, Side
from crosswatch.model.readings import Seen
from tests.engine.samples import NOW
from tests.engine.test_plan import rated, row, side

SOURCE_WINS = Rules(Feature.RATINGS, Mode.TWO_WAY, conflict=Conflict.SOURCE)


def meeting(titles: int, agreed: int = 0, rules: Rules = SOURCE_WINS) -> Plan:
    """Two lists that differ in so many titles, and agreed on others before; guarded."""
    known = {key: row(700, 700) for key in range(1001, 1001 + agreed)}
    same: dict[int, Seen] = {key: rated(700) for key in known}
    source = side({**same, **{key: rated(800) for key in range(1, titles + 1)}, 500: rated(600)})
    target = side({**same, **{key: rated(300) for key in range(1, titles + 1)}})
    made = plan(known, source, target, rules, now=NOW)
    ask_before_overwriting(made, set(known), rules)
    return made


@pytest.mark.parametrize(
    ("titles", "agreed", "asked"), [(10, 0, 0), (11, 0, 11), (11, 54, 11), (11, 55, 0), (12, 55, 12)]
)
def test_beyond_ten_or_a_fifth_all_of_them_are_asked_about(titles: int, agreed: int, asked: int) -> None:
    made = meeting(titles, agreed)
    assert [write.key for write in made.writes if write.action is Action.ADD] == [500]
    assert len([write for write in made.writes if write.action is Action.CHANGE]) == titles - asked
    assert made.conflicts == [Clash(key, 800, 300) for key in range(1, asked + 1)]


def test_a_question_names_each_sides_own_value_whoever_wins() -> None:
    made = meeting(FEWEST + 1, rules=replace(SOURCE_WINS, conflict=Conflict.TARGET))
    assert {(clash.source, clash.target) for clash in made.conflicts} == {(800, 300)}


def test_what_was_answered_is_done() -> None:
    answers = {key: Answer(800, 300, Side.SOURCE) for key in range(1, 100)}
    made = meeting(99, rules=replace(SOURCE_WINS, answers=answers))
    assert (len(made.writes), made.conflicts) == (100, [])


def test_edits_of_what_was_agreed_are_not_asked_about() -> None:
    base = {key: row(700, 700) for key in range(1, 31)}
    source, target = side({key: rated(800) for key in base}), side({key: rated(700) for key in base})
    made = plan(base, source, target, SOURCE_WINS, now=NOW)
    ask_before_overwriting(made, set(base), SOURCE_WINS)
    assert (len(made.writes), made.conflicts) == (30, [])
