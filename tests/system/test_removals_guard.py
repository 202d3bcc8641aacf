"""More removals than people make by hand wait with their titles; what is allowed is done, freshly proved."""

from __future__ import annotations

import pytest

from crosswatch.model.kinds import Mode, Side
from crosswatch.simulators.tmdb import Key
from crosswatch.store.attention import Question
from tests.system.removals import (
    BOTH_ACCOUNTS,
    DAY,
    HOUR,
    INTO_TRACKER,
    OUT_OF_TRACKER,
    RATINGS,
    THREE,
    WATCHLIST,
    Scene,
    Way,
    lookups,
    scene_of,
    untouched,
)
from tests.system.world import SECOND, TMDB, TRACKER, World

REMOVAL, KEPT = Question.REMOVAL, Question.KEPT
CAUSE = "SELECT cause, approved FROM journal ORDER BY run DESC, seq DESC"


@pytest.fixture
def world(two_accounts: World) -> World:
    return two_accounts


def four_wait(scene: Scene) -> list[Key]:
    """Twenty films on both watchlists, of which four were taken off at once; all four wait. Gives the twenty."""
    films = scene.fill(watched=20)
    scene.one.drop(WATCHLIST, *films[:4])
    with untouched(scene.other):
        assert scene.run(WATCHLIST) == {"held": 4, "waiting": 4}
    return films


@pytest.mark.parametrize("way", THREE, ids=str)
def test_three_pass_and_the_fourth_makes_all_wait_with_their_titles(world: World, way: Way) -> None:
    scene = scene_of(world, way)
    films = scene.fill(watched=20)
    new = world.movies(1)[0]
    scene.one.drop(WATCHLIST, *films[:4])
    scene.one.put(WATCHLIST, new)
    report = scene.sync()
    assert (report.run.status, report.run.attention) == ("succeeded", 4)
    figures = report.lanes["watchlist"]
    assert (figures["removed"], figures["waiting"], figures["held"], figures["added"]) == (0, 4, 4, 1)
    assert set(scene.other.has(WATCHLIST)) == {*films, new}, "adds go on"
    asked = scene.asked(REMOVAL)
    assert {one.question.title for one in asked} == {world.title(film) for film in films[:4]}
    assert {one.question.answers for one in asked} == {("allow", "keep")}
    assert {one.question.side for one in asked} == {way.gone.other}
    assert all(one.question.name and one.question.name in one.sentence for one in asked)
    scene.later()
    scene.one.put(WATCHLIST, films[0])
    assert scene.run(WATCHLIST) == {"held": 3, "waiting": 3}, (
        "what waited goes on waiting, though three would pass"
    )
    assert scene.titles(REMOVAL) == {world.title(film) for film in films[1:4]}


def test_a_tenth_of_many_titles_passes(world: World) -> None:
    scene = scene_of(world, INTO_TRACKER)
    films = scene.fill(rated=80)
    scene.one.drop(RATINGS, *films[:8])
    assert scene.run(RATINGS) == {"removed": 8}
    scene.later()
    scene.one.drop(RATINGS, films[8])
    assert scene.run(RATINGS) == {"held": 1, "waiting": 1}


@pytest.mark.parametrize("way", THREE, ids=str)
def test_the_bound_is_for_a_day_and_all_its_runs(world: World, way: Way) -> None:
    scene = scene_of(world, way)
    films = scene.fill(watched=20)
    for film in films[:3]:
        scene.one.drop(WATCHLIST, film)
        assert scene.run(WATCHLIST) == {"removed": 1}
        scene.later(6 * HOUR)
    scene.one.drop(WATCHLIST, films[3])
    assert scene.run(WATCHLIST) == {"held": 1, "waiting": 1}
    scene.later(7 * HOUR)  # the first one was more than a day ago
    scene.one.drop(WATCHLIST, films[4])
    with untouched(scene.other):
        assert scene.run(WATCHLIST) == {"held": 2, "waiting": 2}, "two of a day, and two more"
    scene.later(2 * DAY)
    with untouched(scene.other):
        assert scene.run(WATCHLIST) == {"held": 2, "waiting": 2}, "what waited goes on waiting"
    scene.one.drop(WATCHLIST, films[5])
    assert scene.run(WATCHLIST) == {"removed": 1, "held": 2, "waiting": 2}, "a new one need not"
    assert scene.titles(REMOVAL) == {world.title(film) for film in films[3:5]}
    assert set(scene.other.has(WATCHLIST)) == set(films) - {*films[:3], films[5]}


def test_the_two_sides_and_the_two_lists_are_counted_apart(world: World) -> None:
    scene = scene_of(world, BOTH_ACCOUNTS)
    films = scene.fill(rated=20, watched=20)
    for place, (ledger, feature) in enumerate(
        (ledger, feature) for ledger in (scene.one, scene.other) for feature in (RATINGS, WATCHLIST)
    ):
        first = (0 if feature is RATINGS else 20) + 3 * place
        ledger.drop(feature, *films[first : first + 3])
    report = scene.sync()
    for feature in (RATINGS, WATCHLIST):
        to = report.lanes[feature]["to"]
        assert (to["source"]["removed"], to["target"]["removed"]) == (3, 3)
        assert scene.equal(feature)
    scene.later()
    scene.other.drop(RATINGS, films[18])
    assert scene.run(RATINGS) == {"held": 1, "waiting": 1}


@pytest.mark.parametrize("way", THREE, ids=str)
def test_a_list_that_became_empty_asks_however_short_it_was(world: World, way: Way) -> None:
    scene = scene_of(world, way)
    films = scene.fill(watched=2)
    scene.one.drop(WATCHLIST, *films)
    with untouched(scene.other):
        for _ in range(2):
            assert scene.run(WATCHLIST) == {"held": 2, "waiting": 2}
            scene.later(2 * DAY)
    assert scene.say(REMOVAL, "allow") == 2
    assert scene.run(WATCHLIST) == {"removed": 2}
    assert scene.equal(WATCHLIST)


@pytest.mark.parametrize("way", THREE, ids=str)
def test_what_is_allowed_is_done_by_the_next_run_freshly_proved(world: World, way: Way) -> None:
    scene = scene_of(world, way)
    films = four_wait(scene)
    scene.later(2 * HOUR)
    assert scene.say(REMOVAL, "allow", films[:2]) == 2
    world.sim.traffic.reset()
    assert scene.run(WATCHLIST) == {"removed": 2, "held": 2, "waiting": 2}
    assert set(scene.other.has(WATCHLIST)) == set(films[2:])
    if scene.one.user:
        assert all(lookups(world, film) for film in films[:2])
    assert [tuple(row) for row in world.rows(CAUSE)[:2]] == [("removed", 1)] * 2
    assert scene.titles(REMOVAL) == {world.title(film) for film in films[2:4]}
    scene.later()
    scene.one.drop(WATCHLIST, *films[4:7])
    found = scene.run(WATCHLIST)
    assert found == {"held": 5, "waiting": 5}, "two that wait and three more are more than three"
    assert scene.say(REMOVAL, "allow", films[2:4]) == 2
    scene.later()
    found = scene.run(WATCHLIST)
    assert found == {"removed": 2, "held": 3, "waiting": 3}


def test_what_was_allowed_does_not_count_for_the_day(world: World) -> None:
    scene = scene_of(world, INTO_TRACKER)
    films = four_wait(scene)
    scene.say(REMOVAL, "allow")
    assert scene.run(WATCHLIST) == {"removed": 4}
    scene.later()
    scene.one.drop(WATCHLIST, *films[4:7])
    assert scene.run(WATCHLIST) == {"removed": 3}
    scene.later()
    scene.one.drop(WATCHLIST, films[7])
    assert scene.run(WATCHLIST) == {"held": 1, "waiting": 1}


@pytest.mark.parametrize("way", THREE, ids=str)
def test_what_came_back_before_it_was_done_stays_whatever_was_allowed(world: World, way: Way) -> None:
    scene = scene_of(world, way)
    films = four_wait(scene)
    assert scene.say(REMOVAL, "allow") == 4
    scene.one.put(WATCHLIST, films[0])
    assert scene.run(WATCHLIST) == {"removed": 3}
    assert set(scene.other.has(WATCHLIST)) == {films[0], *films[4:]}
    assert scene.asked() == []
    scene.later()
    scene.one.drop(WATCHLIST, films[0])
    assert scene.run(WATCHLIST) == {"removed": 1}
    assert scene.equal(WATCHLIST)


def test_an_approval_ends_after_seven_days(world: World) -> None:
    scene = scene_of(world, INTO_TRACKER)
    films = four_wait(scene)
    assert scene.say(REMOVAL, "allow") == 4
    scene.later(7 * DAY + 60)
    with untouched(scene.other):
        for _ in range(2):
            assert scene.run(WATCHLIST) == {"held": 4, "waiting": 4}
            assert scene.titles(REMOVAL) == {world.title(film) for film in films[:4]}
            scene.later()
    assert scene.say(REMOVAL, "allow") == 4
    scene.later(7 * DAY - HOUR)
    assert scene.run(WATCHLIST) == {"removed": 4}
    assert scene.equal(WATCHLIST)


def test_an_approval_given_while_the_clock_was_a_year_ahead_ends_after_seven_days_too(world: World) -> None:
    scene = scene_of(world, INTO_TRACKER)
    four_wait(scene)
    scene.later(365 * DAY)
    assert scene.say(REMOVAL, "allow") == 4
    scene.later(-365 * DAY)
    world.fault(path="account_states", kind="html")  # the run that puts the times right can prove nothing
    with untouched(scene.other):
        assert scene.run(WATCHLIST) == {"held": 4, "why_held": {"not_proved": 4}}
        world.sim.knobs.faults = []
        scene.later(7 * DAY + 60)
        assert scene.run(WATCHLIST) == {"held": 4, "waiting": 4}


def test_titles_rated_while_the_clock_was_a_year_ahead_can_be_removed_soon_after(world: World) -> None:
    scene = scene_of(world, INTO_TRACKER)
    films = scene.fill(watched=10)
    scene.later(365 * DAY)
    scene.one.put(RATINGS, films[4], 850)
    scene.run(RATINGS)
    scene.later(-365 * DAY)
    scene.run(RATINGS)
    for _ in range(2):
        scene.later(HOUR)
        scene.run(RATINGS)
    scene.one.drop(WATCHLIST, films[4])
    assert scene.run(WATCHLIST) == {"removed": 1}


def test_an_approval_ends_when_the_other_side_is_edited(world: World) -> None:
    scene = scene_of(world, BOTH_ACCOUNTS)
    films = scene.fill(rated=20)
    scene.one.drop(RATINGS, *films[:4])
    assert scene.run(RATINGS) == {"held": 4, "waiting": 4}
    assert scene.say(REMOVAL, "allow") == 4
    scene.other.put(RATINGS, films[0], 350)
    assert scene.run(RATINGS) == {"added": 1, "removed": 3}, "an edit beats a removal"
    assert scene.one.has(RATINGS)[films[0]] == 350
    assert scene.equal(RATINGS)
    scene.later()
    assert scene.run(RATINGS) == {}
    scene.one.drop(RATINGS, films[0])
    scene.later(2 * DAY)
    assert scene.run(RATINGS) == {"removed": 1}


def test_an_approval_is_for_the_row_that_was_asked_about(world: World) -> None:
    """Removed, allowed, and before the next run added, synced by nobody, and removed again: still that row. But once
    a run has stored another state, what was allowed is another thing."""
    scene = scene_of(world, BOTH_ACCOUNTS)
    films = scene.fill(rated=20)
    scene.one.drop(RATINGS, *films[:4])
    scene.run(RATINGS)
    assert scene.say(REMOVAL, "allow", films[:1]) == 1
    scene.one.put(RATINGS, films[0], 350)
    assert scene.run(RATINGS)["changed"] == 1
    scene.later()
    scene.one.drop(RATINGS, films[0])
    with untouched(scene.other):
        assert scene.run(RATINGS) == {"held": 4, "waiting": 4}
    assert scene.titles(REMOVAL) == {world.title(film) for film in films[:4]}


@pytest.mark.parametrize("way", THREE, ids=str)
def test_what_is_refused_stays_different_and_is_not_asked_again(world: World, way: Way) -> None:
    scene = scene_of(world, way)
    films = four_wait(scene)
    assert scene.say(REMOVAL, "keep") == 4
    with untouched(scene.one, scene.other):
        for _ in range(3):
            assert scene.run(WATCHLIST) == {}
            assert scene.asked() == []
            scene.later(2 * DAY)
    scene.one.drop(WATCHLIST, films[4])
    assert scene.run(WATCHLIST) == {"removed": 1}, "others go on as ever"
    scene.one.put(WATCHLIST, films[0])
    scene.other.drop(WATCHLIST, films[1])
    scene.later()
    assert scene.run(WATCHLIST) == {"adopted": 1}, "both have the first one again, and nobody the second"
    scene.later()
    scene.one.drop(WATCHLIST, films[0])
    if way.mode is Mode.ONE_WAY:  # the target keeps it for its own sake since it was asked
        assert scene.run(WATCHLIST) == {"left": 1}
        assert films[0] in scene.other.has(WATCHLIST)
    else:
        assert scene.run(WATCHLIST) == {"removed": 1}
    assert films[1] not in scene.one.has(WATCHLIST).keys() | scene.other.has(WATCHLIST).keys()


@pytest.mark.parametrize("way", [*THREE, Way(TMDB, TRACKER, Mode.TWO_WAY, Side.TARGET)], ids=str)
def test_removals_that_were_kept_are_asked_about_once_when_removing_is_switched_on(
    world: World, way: Way
) -> None:
    scene = scene_of(world, way, remove=False)
    films = scene.fill(rated=5, watched=20)
    scene.one.drop(RATINGS, films[0])
    scene.one.drop(WATCHLIST, *films[5:7])
    with untouched(scene.other):
        report = scene.sync()
        assert (report.lanes["ratings"]["kept"], report.lanes["watchlist"]["kept"]) == (1, 2)
        assert (report.run.status, report.run.attention, scene.asked()) == ("succeeded", 0, [])
        scene.later()
        scene.settings(remove=True)
        assert scene.titles(KEPT) == {world.title(films[place]) for place in (0, 5, 6)}
        for _ in range(2):
            scene.later(DAY)
            assert (scene.run(RATINGS), scene.run(WATCHLIST)) == ({}, {})
            assert scene.titles(KEPT) == {world.title(films[place]) for place in (0, 5, 6)}
        scene.settings(remove=True)
        assert len(scene.asked(KEPT)) == 3, "once"
    assert scene.say(KEPT, "allow", [films[5]]) == 1
    assert scene.run(WATCHLIST) == {"removed": 1}
    assert scene.say(KEPT, "keep", [films[6]]) == 1
    assert scene.say(KEPT, "allow", [films[0]]) == 1
    scene.later()
    assert scene.run(RATINGS) == {"removed": 1}
    assert scene.equal(RATINGS)
    assert set(scene.other.has(WATCHLIST)) == {films[6], *films[7:]}
    scene.later(DAY)
    assert (scene.run(RATINGS), scene.run(WATCHLIST), scene.asked()) == ({}, {}, [])
    scene.one.drop(WATCHLIST, films[7])
    assert scene.run(WATCHLIST) == {"removed": 1}, "a new removal needs no word"


@pytest.mark.parametrize("way", THREE, ids=str)
def test_a_kept_title_that_came_back_is_asked_about_no_longer(world: World, way: Way) -> None:
    scene = scene_of(world, way, remove=False)
    films = scene.fill(watched=20)
    scene.one.drop(WATCHLIST, *films[:2])
    assert scene.run(WATCHLIST) == {"kept": 2}
    scene.later()
    scene.settings(remove=True)
    assert scene.say(KEPT, "allow") == 2
    scene.one.put(WATCHLIST, films[0])
    assert scene.run(WATCHLIST) == {"removed": 1, "adopted": 1}
    assert (scene.equal(WATCHLIST), scene.asked()) == (True, [])
    assert films[0] in scene.other.has(WATCHLIST)


def test_a_removal_that_waits_is_dropped_when_removing_is_switched_off(world: World) -> None:
    scene = scene_of(world, INTO_TRACKER)
    films = four_wait(scene)
    scene.settings(remove=False)
    with untouched(scene.other):
        assert scene.run(WATCHLIST) == {"kept": 4}
        assert scene.asked() == []
        scene.settings(remove=True)
        scene.later()
        assert scene.run(WATCHLIST) == {}
    assert scene.titles(KEPT) == {world.title(film) for film in films[:4]}
    assert scene.say(KEPT, "allow") == 4
    assert scene.run(WATCHLIST) == {"removed": 4}


def test_overwritten_ratings_beyond_a_fifth_wait_too(world: World) -> None:
    scene = scene_of(world, Way(TMDB, SECOND, Mode.ONE_WAY))
    films = scene.fill(rated=30)
    for film in films[:11]:
        scene.one.put(RATINGS, film, 350)
    with untouched(scene.other):
        assert scene.run(RATINGS) == {"held": 11, "waiting": 11}
    assert scene.say(Question.OVERWRITE, "allow", films[:2]) == 2
    assert scene.say(Question.OVERWRITE, "keep", films[2:3]) == 1
    assert scene.run(RATINGS) == {"changed": 2, "held": 8, "waiting": 8}
    assert sum(value == 350 for value in scene.other.has(RATINGS).values()) == 2
    scene.say(Question.OVERWRITE, "allow")
    scene.later()
    assert scene.run(RATINGS) == {"changed": 8}
    assert scene.differences(RATINGS) == {(films[2], 350), (films[2], 700)}


def test_nothing_is_removed_where_nothing_was_agreed_on(world: World) -> None:
    """A first run has no base: what only one side has is given to the other, and never taken away."""
    scene = scene_of(world, OUT_OF_TRACKER)
    *films, new = world.movies(9)
    scene.one.fill(WATCHLIST, films[:4])
    scene.other.fill(WATCHLIST, films[4:])
    assert scene.run(WATCHLIST) == {"added": 4, "left": 4}
    assert set(scene.other.has(WATCHLIST)) == set(films)
    scene.later(DAY)
    world.change("DELETE FROM base")  # the base was lost
    scene.one.drop(WATCHLIST, films[0])
    with untouched(scene.other):
        assert scene.run(WATCHLIST) == {"adopted": 3, "left": 5}
        scene.later()
        scene.one.drop(WATCHLIST, films[1])  # of this one nobody knows any more who put it on the target
        assert scene.run(WATCHLIST) == {"left": 6}
    scene.one.put(WATCHLIST, new)
    assert scene.run(WATCHLIST) == {"added": 1, "left": 5}
    scene.later()
    scene.one.drop(WATCHLIST, new)
    assert scene.run(WATCHLIST) == {"removed": 1, "left": 5}
    assert set(scene.other.has(WATCHLIST)) == set(films)
