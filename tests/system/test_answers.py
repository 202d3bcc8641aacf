"""Answers to what waits: they can be another one until they are done, and nothing goes wrong while a run goes on."""

from __future__ import annotations

from typing import Any

import pytest

from crosswatch.errors import Refused
from crosswatch.model.kinds import Conflict, Feature
from crosswatch.runs.lane import LaneRun
from crosswatch.services.attention import Attention
from crosswatch.simulators.tmdb import Key
from crosswatch.store import answering
from crosswatch.store.attention import Question
from crosswatch.store.inbox import QuestionRow, Which
from tests.system.books import StubbornBook, use_book
from tests.system.removals import (
    BOTH_ACCOUNTS,
    DAY,
    INTO_TRACKER,
    RATINGS,
    THREE,
    WATCHLIST,
    Scene,
    Way,
    scene_of,
    untouched,
)
from tests.system.world import World, lane

REMOVAL, CONFLICT, KEPT, UNMATCHED = Question.REMOVAL, Question.CONFLICT, Question.KEPT, Question.UNMATCHED
WAITS = {"held": 4, "waiting": 4}
BEFORE_THE_PLAN_IS_STORED, WHILE_IT_WRITES = "_commit", "_remember_watchlists"


@pytest.fixture
def world(two_accounts: World) -> World:
    return two_accounts


def four_wait(world: World, way: Way) -> tuple[Scene, list[Key]]:
    """Four of twenty films were taken off one watchlist, and wait to be taken off the other one."""
    scene = scene_of(world, way)
    films = scene.fill(watched=20)
    scene.one.drop(WATCHLIST, *films[:4])
    assert scene.run(WATCHLIST) == WAITS
    return scene, films


def answers(scene: Scene, kind: Question) -> list[QuestionRow]:
    """The questions whose answer no run has done."""
    which = Which(pair=scene.pair.id, kind=kind, answered=True)
    found, _ = scene.world.run(Attention(scene.world.house).waiting(which, limit=500))
    return [one.question for one in found]


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, scene: Scene, when: str, feature: Feature, answer: str, keys: list[Key]
) -> list[Any]:
    """The user says that to these titles while the next run is there; gives how many it was for, or the refusal."""
    world, happened = scene.world, list[Any]()
    which = Which(pair=scene.pair.id, titles=frozenset(map(world.title, keys)), answered=None)
    former = getattr(LaneRun, when)

    def say(kind: Question) -> int:
        wanted, now = Which(which.pair, kind, titles=which.titles, answered=None), world.clock.now_ms()
        return world.house.database.write_now(
            lambda connection: answering.answer_all(connection, wanted, answer, now)
        )

    async def patched(self: LaneRun, *arguments: Any) -> Any:
        if self.feature is feature and not happened:
            try:
                happened.append(say(CONFLICT if feature is RATINGS else REMOVAL))
            except Refused as refused:
                happened.append(refused.code)
        return await former(self, *arguments)

    monkeypatch.setattr(LaneRun, when, patched)
    return happened


@pytest.mark.parametrize("way", THREE, ids=str)
def test_what_was_allowed_and_taken_back_is_not_done(world: World, way: Way) -> None:
    scene, films = four_wait(world, way)
    assert scene.say(REMOVAL, "allow") == 4
    assert (scene.asked(), len(answers(scene, REMOVAL))) == ([], 4)
    assert scene.say(REMOVAL, "take_back", films[:1]) == 1
    assert scene.say(REMOVAL, "take_back") == 3
    assert (len(scene.asked()), answers(scene, REMOVAL)) == (4, [])
    with untouched(scene.other):
        assert scene.run(WATCHLIST) == WAITS


def test_it_is_told_why_removals_wait_also_where_lookups_found_what_an_empty_list_lacked(
    world: World,
) -> None:
    four_wait(world, INTO_TRACKER)

    def why() -> set[str]:
        every = world.run(Attention(world.house).blocks(first=1))
        return {block.why for of_pair in every for block in of_pair.blocks}

    assert why() == {"removal_many"}
    world.change("UPDATE snapshot SET total = 0 WHERE account_uid LIKE 'tmdb:%' AND feature = 'watchlist'")
    assert why() == {"removal_emptied"}


def test_leave_to_remove_is_refused_where_the_pair_does_not_remove_any_more(world: World) -> None:
    """Else the user is told that the next sync does it, and it does nothing."""
    scene, films = four_wait(world, BOTH_ACCOUNTS)
    scene.settings(remove=False)
    question = scene.asked(REMOVAL)[0].question.id
    for answer in (
        lambda: scene.say(REMOVAL, "allow"),
        lambda: scene.say(REMOVAL, "allow", films[:1]),
        lambda: world.run(Attention(world.house).answer(question, "allow")),
    ):
        with pytest.raises(Refused) as refused:
            answer()
        assert "does not remove from the watchlist any more" in str(refused.value.params)
    assert answers(scene, REMOVAL) == []
    assert scene.say(REMOVAL, "keep", films[:1]) == 1, "to keep it is always possible"
    scene.settings(remove=True)
    assert scene.say(REMOVAL, "allow", films[1:4]) == 3
    assert scene.run(WATCHLIST) == {"removed": 3}


@pytest.mark.parametrize("way", THREE, ids=str)
def test_what_was_kept_and_taken_back_can_be_allowed(world: World, way: Way) -> None:
    """The row that both sides agreed on is as it was, whose title it is included; else one way nothing is removed."""
    scene, films = four_wait(world, way)
    rows = "SELECT * FROM base WHERE title = ?"
    before = dict(world.rows(rows, world.title(films[0]))[0])
    assert scene.say(REMOVAL, "keep") == 4
    assert scene.say(REMOVAL, "take_back") == 4
    after = dict(world.rows(rows, world.title(films[0]))[0])
    assert after == {**before, "version": before["version"] + 2}
    with untouched(scene.other):
        assert scene.run(WATCHLIST) == WAITS
    assert scene.say(REMOVAL, "keep") == 4
    assert scene.say(REMOVAL, "allow", films[:4]) == 4, "named ones are answered otherwise at once"
    assert scene.run(WATCHLIST) == {"removed": 4}
    assert scene.equal(WATCHLIST)
    scene.later()
    assert (scene.run(WATCHLIST), scene.asked(), answers(scene, REMOVAL)) == ({}, [], [])


def test_what_was_kept_stays_so_once_a_run_has_seen_it(world: World) -> None:
    scene, films = four_wait(world, BOTH_ACCOUNTS)
    scene.say(REMOVAL, "keep")
    assert {row.answer for row in answers(scene, REMOVAL)} == {"keep"}
    assert scene.run(WATCHLIST) == {}
    assert answers(scene, REMOVAL) == []
    assert scene.say(REMOVAL, "take_back", films[:4]) == 0


@pytest.mark.parametrize("way", THREE, ids=str)
def test_an_approval_given_while_a_run_makes_its_plan_is_for_the_next_one(
    world: World, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, films = four_wait(world, way)
    said = meanwhile(monkeypatch, scene, BEFORE_THE_PLAN_IS_STORED, WATCHLIST, "allow", films[:2])
    with untouched(scene.other):
        assert scene.run(WATCHLIST) == WAITS
    assert (said, len(scene.asked()), len(answers(scene, REMOVAL))) == ([2], 2, 2)
    assert scene.run(WATCHLIST) == {"removed": 2, "held": 2, "waiting": 2}


@pytest.mark.parametrize("way", THREE, ids=str)
def test_an_approval_taken_back_while_a_run_makes_its_plan_is_not_done(
    world: World, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, films = four_wait(world, way)
    scene.say(REMOVAL, "allow")
    said = meanwhile(monkeypatch, scene, BEFORE_THE_PLAN_IS_STORED, WATCHLIST, "take_back", films[:2])
    assert scene.run(WATCHLIST) == {"removed": 2, "later": 2}
    assert said == [2]
    assert set(films[:2]) <= scene.other.has(WATCHLIST).keys()
    assert scene.titles(REMOVAL) == set(map(world.title, films[:2]))
    with untouched(scene.other):
        assert scene.run(WATCHLIST) == {"held": 2, "waiting": 2}


@pytest.mark.parametrize("before", ["", "allow"])
@pytest.mark.parametrize("way", THREE, ids=str)
def test_a_refusal_while_a_run_makes_its_plan_holds_and_the_question_does_not_come_back(
    world: World, way: Way, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, films = four_wait(world, way)
    if before:
        scene.say(REMOVAL, before)
    said = meanwhile(monkeypatch, scene, BEFORE_THE_PLAN_IS_STORED, WATCHLIST, "keep", films[:4])
    with untouched(scene.other):
        scene.run(WATCHLIST)
        assert (said, scene.asked()) == ([4], [])
        scene.later(DAY)
        assert (scene.run(WATCHLIST), scene.asked(), answers(scene, REMOVAL)) == ({}, [], [])


@pytest.mark.parametrize("answer", ["keep", "take_back"])
def test_an_answer_that_is_being_done_cannot_be_another_one(
    world: World, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, films = four_wait(world, BOTH_ACCOUNTS)
    scene.say(REMOVAL, "allow", films[:2])
    said = meanwhile(monkeypatch, scene, WHILE_IT_WRITES, WATCHLIST, answer, films[:2])
    assert scene.run(WATCHLIST) == {"removed": 2, "held": 2, "waiting": 2}
    assert said == ["already_running"]
    assert not set(films[:2]) & scene.other.has(WATCHLIST).keys()
    assert scene.titles(REMOVAL) == set(map(world.title, films[2:4]))


def test_of_many_answers_those_that_are_being_done_are_left_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, films = four_wait(world, BOTH_ACCOUNTS)
    scene.say(REMOVAL, "allow", films[:2])
    said = meanwhile(monkeypatch, scene, WHILE_IT_WRITES, WATCHLIST, "keep", films[:4])
    assert scene.run(WATCHLIST) == {"removed": 2, "held": 2, "waiting": 2}
    assert said == [2]
    with untouched(scene.other):
        assert (scene.run(WATCHLIST), scene.asked()) == ({}, [])


def two_ratings(world: World) -> tuple[Scene, Key]:
    """Both sides changed one rating, and the first answer was that the source's counts."""
    scene = scene_of(world, BOTH_ACCOUNTS, conflict=Conflict.ASK)
    film = scene.fill(rated=3)[0]
    scene.one.put(RATINGS, film, 300)
    scene.other.put(RATINGS, film, 900)
    assert scene.run(RATINGS) == {"conflicts": 1}
    scene.say(CONFLICT, "source")
    return scene, film


@pytest.mark.parametrize(("answer", "then"), [("target", 900), ("take_back", None)])
def test_another_answer_to_a_conflict_while_a_run_makes_its_plan_is_for_the_next_one(
    world: World, answer: str, then: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, film = two_ratings(world)
    said = meanwhile(monkeypatch, scene, BEFORE_THE_PLAN_IS_STORED, RATINGS, answer, [film])
    with untouched(scene.one, scene.other):
        assert scene.run(RATINGS) == {"later": 1}
    assert said == [1]
    assert len(scene.asked(CONFLICT)) == (answer == "take_back")
    report = scene.run(RATINGS)
    assert report == ({"conflicts": 1} if then is None else {"changed": 1})
    assert (scene.one.has(RATINGS)[film], scene.other.has(RATINGS)[film]) == (
        (then, then) if then else (300, 900)
    )


def test_a_pair_that_begins_to_remove_while_it_runs_asks_about_what_that_run_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = scene_of(world, INTO_TRACKER, remove=False)
    films = scene.fill(watched=6)
    scene.one.drop(WATCHLIST, films[0])
    former, done = LaneRun._commit, list[bool]()

    async def patched(self: LaneRun, *arguments: Any) -> Any:
        if not done:
            done.append(True)
            text = '{"add": true, "change": true, "remove": true, "remove_when_rated": false, "conflict": "source"}'
            world.house.database.write_now(
                lambda connection: connection.exec_driver_sql("UPDATE lane SET settings = ?", (text,))
            )
        return await former(self, *arguments)

    monkeypatch.setattr(LaneRun, "_commit", patched)
    with untouched(scene.other):
        assert scene.run(WATCHLIST) == {"kept": 1}
    assert scene.titles(KEPT) == {world.title(films[0])}


@pytest.fixture
def unknown(world: World) -> tuple[Scene, StubbornBook]:
    """The tracker does not know one of six titles."""
    scene = scene_of(world, INTO_TRACKER)
    films = world.movies(6)
    scene.one.fill(WATCHLIST, films)
    book = StubbornBook(world.book)
    use_book(world, book)
    scene.sync()
    scene = scene_of(world, INTO_TRACKER)
    for film in films:
        world.by_hand(WATCHLIST, film, None)
    book.unknown.add(world.title(films[0]))
    report = scene.sync()
    assert lane(report, WATCHLIST) == {"added": 5, "unmatched": 1}
    return scene, book


def test_a_title_without_a_match_is_told_with_its_reason_and_leaves_with_a_match(
    unknown: tuple[Scene, StubbornBook],
) -> None:
    scene, book = unknown
    (one,) = scene.asked()
    assert (one.question.kind, one.question.side, one.question.code) == (UNMATCHED, "target", "unknown_title")
    assert one.question.answers == ("try_again", "leave")
    assert one.question.next_try is not None
    assert one.sentence.endswith(
        "cannot be put on the watchlist of CrossWatch. The service does not know this title."
    )
    assert scene.run(WATCHLIST) == {"unmatched": 1}
    assert [row.question.id for row in scene.asked()] == [one.question.id]
    book.unknown.clear()
    scene.later(3601)
    assert scene.run(WATCHLIST) == {"added": 1}
    assert scene.asked() == []


def test_a_title_that_shall_be_tried_again_is_tried_by_the_next_run(
    unknown: tuple[Scene, StubbornBook],
) -> None:
    scene, book = unknown
    assert scene.say(UNMATCHED, "try_again") == 1
    report = scene.sync()
    assert (report.run.status, lane(report, WATCHLIST)) == ("partial", {"unmatched": 1})
    assert len(scene.asked(UNMATCHED)) == 1, "it is not known still"
    assert scene.say(UNMATCHED, "try_again") == 1
    assert scene.say(UNMATCHED, "take_back") == 1
    assert scene.run(WATCHLIST) == {"unmatched": 1}
    assert scene.say(UNMATCHED, "try_again") == 1
    book.unknown.clear()
    assert scene.run(WATCHLIST) == {"added": 1}
    assert (scene.asked(), answers(scene, UNMATCHED)) == ([], [])


def test_a_title_that_is_left_out_is_never_tried_again_nor_counted(
    unknown: tuple[Scene, StubbornBook],
) -> None:
    scene, book = unknown
    assert scene.say(UNMATCHED, "leave") == 1
    book.unknown.clear()
    for _ in range(3):
        scene.later(8 * DAY)
        report = scene.sync()
        assert (report.run.status, report.run.attention, lane(report, WATCHLIST)) == (
            "succeeded",
            0,
            {"left": 1},
        )
    assert (scene.asked(), len(answers(scene, UNMATCHED))) == ([], 1)
    assert scene.say(UNMATCHED, "take_back") == 1
    assert scene.run(WATCHLIST) == {"added": 1}


def test_a_title_without_a_match_that_is_wanted_no_longer_leaves(
    unknown: tuple[Scene, StubbornBook],
) -> None:
    scene, _ = unknown
    (one,) = scene.asked()
    keys = {scene.world.title(key): key for key in scene.one.has(WATCHLIST)}
    scene.one.drop(WATCHLIST, keys[one.question.title or 0])
    scene.later()
    assert (scene.run(WATCHLIST), scene.asked()) == ({}, [])
    assert scene.world.rows("SELECT * FROM unmatched") == []
