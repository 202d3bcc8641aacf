"""A title that its owner took off one list leaves the other one, proved by its service's own word right before."""

from __future__ import annotations

from typing import Any

import pytest

from crosswatch.model.kinds import Action, Feature, Mode, Side
from crosswatch.store.attention import Question
from tests.system.removals import (
    FROM_TMDB,
    INTO_TRACKER,
    RATINGS,
    THREE,
    TO_SECOND,
    WATCHLIST,
    WAYS,
    Scene,
    Way,
    after_first_write,
    lookups,
    scene_of,
    untouched,
)
from tests.system.world import TRACKER, World, lane

FEATURES = (RATINGS, WATCHLIST)
PATHS = {RATINGS: "rated", WATCHLIST: "watchlist"}
OUTAGES = (
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "rate_limited"},
    {"kind": "html"},
    {"kind": "empty_body"},
    {"kind": "truncated"},
    {"kind": "reset"},
)


@pytest.fixture
def world(two_accounts: World) -> World:
    return two_accounts


def mixed(scene: Scene, feature: Feature, count: int = 20) -> list[Any]:
    """So many titles of that feature in step, and a few of the other that no test touches."""
    films = scene.fill(rated=count if feature is RATINGS else 3, watched=count if feature is WATCHLIST else 3)
    return films[:count] if feature is RATINGS else films[3:]


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_what_was_taken_off_one_side_leaves_the_other(world: World, way: Way, feature: Feature) -> None:
    scene = scene_of(world, way)
    films = mixed(scene, feature)
    before = scene.other.has(feature)
    scene.one.drop(feature, films[4])
    report = scene.sync()
    assert (report.run.status, lane(report, feature), report.run.attention) == (
        "succeeded",
        {"removed": 1},
        0,
    )
    written = way.gone.other
    assert report.lanes[feature]["to"][written] == {"added": 0, "changed": 0, "removed": 1}
    assert report.lanes[feature]["to"][way.gone] == {"added": 0, "changed": 0, "removed": 0}
    del before[films[4]]
    assert scene.other.has(feature) == scene.one.has(feature) == before
    at_tmdb = sum(ledger.name != TRACKER for ledger in (scene.one, scene.other))
    assert lookups(world, films[4]) == at_tmdb, "one for the proof, one for what is taken off"
    assert world.asked("account_states") == at_tmdb, "no other title is asked about"
    items, _ = world.run(world.running.items(report.run.id, after=0, limit=10))
    assert [(item.title, item.action, item.side, item.after, item.cause) for item in items] == [
        (world.title(films[4]), Action.REMOVE, written, None, "removed")
    ]
    for _ in range(2):
        scene.later()
        assert scene.run(feature) == {}
    assert scene.other.has(feature) == before


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_what_was_taken_off_may_come_again(world: World, way: Way, feature: Feature) -> None:
    scene = scene_of(world, way)
    films = mixed(scene, feature)
    scene.one.drop(feature, films[4])
    assert scene.run(feature) == {"removed": 1}
    scene.later()
    scene.one.put(feature, films[4], 350)
    assert scene.run(feature) == {"added": 1}
    assert scene.equal(feature)
    scene.later()
    scene.one.drop(feature, films[4])
    assert scene.run(feature) == {"removed": 1}
    assert scene.equal(feature)


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("seconds", [41, 61])
@pytest.mark.parametrize("way", THREE, ids=str)
def test_a_proof_that_has_grown_old_is_taken_again(
    world: World, monkeypatch: pytest.MonkeyPatch, way: Way, feature: Feature, seconds: int
) -> None:
    """A new title is written first, and takes so long that what was looked up is too old for the removal."""
    scene = scene_of(world, way)
    films = mixed(scene, feature)
    scene.one.put(feature, world.movies(1)[0])
    scene.one.drop(feature, films[4])
    after_first_write(world, monkeypatch, lambda: world.clock.forward(seconds))
    assert scene.run(feature) == {"added": 1, "removed": 1}
    assert scene.equal(feature)
    if scene.one.name != TRACKER:
        assert lookups(world, films[4]) == 2 + (scene.other.name != TRACKER)


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("way", THREE, ids=str)
def test_a_title_that_came_back_meanwhile_is_not_taken_off(
    world: World, monkeypatch: pytest.MonkeyPatch, way: Way, feature: Feature
) -> None:
    scene = scene_of(world, way)
    films = mixed(scene, feature)
    new = world.movies(1)[0]
    scene.one.put(feature, new)
    scene.one.drop(feature, films[4])
    rows = {ledger.name: ledger.has(feature) for ledger in (scene.one, scene.other)}

    def meanwhile() -> None:
        world.clock.forward(61)
        if scene.one.user:
            scene.one.put(feature, films[4])
        else:  # another program of the same installation, for this one is in the middle of a run
            world.change(
                "INSERT INTO tracker_item (instance, feature, title, value, precision, origin, changed_at) "
                "VALUES (?, ?, ?, ?, '', '', 1)",
                scene.one.name.instance,
                feature.value,
                world.title(films[4]),
                700 if feature is RATINGS else 1,
            )

    after_first_write(world, monkeypatch, meanwhile)
    report = scene.sync()
    assert (report.run.status, lane(report, feature)) == ("partial", {"added": 1, "moved": 1})
    assert films[4] in rows[scene.other.name].keys() & scene.other.has(feature).keys()
    row = world.rows("SELECT outcome, code FROM journal ORDER BY run DESC, seq DESC")[0]
    assert tuple(row) == ("moved", "came_back")
    scene.later()
    assert scene.run(feature) == {}
    assert scene.equal(feature)
    assert scene.other.has(feature).keys() == {*films, new}
    scene.one.drop(feature, films[4])
    assert scene.run(feature) == {"removed": 1}, "and a removal that lasts is spread"
    assert scene.equal(feature)


@pytest.mark.parametrize("way", THREE, ids=str)
def test_a_rating_that_was_changed_meanwhile_is_not_taken_off_unseen(
    world: World, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    """An edit beats a removal; one way the edit stays where it is, both ways it comes back."""
    scene = scene_of(world, way)
    films = mixed(scene, RATINGS)
    scene.one.put(RATINGS, world.movies(1)[0])
    scene.one.drop(RATINGS, films[4])

    def meanwhile() -> None:
        world.clock.forward(61)
        if scene.other.user:
            scene.other.put(RATINGS, films[4], 350)
        else:
            title = world.title(films[4])
            world.change("UPDATE tracker_item SET value = 350 WHERE title = ? AND feature = 'ratings'", title)

    after_first_write(world, monkeypatch, meanwhile)
    report = scene.sync()
    assert (report.run.status, lane(report)) == ("partial", {"added": 1, "moved": 1})
    assert scene.other.has(RATINGS)[films[4]] == 350
    scene.later()
    assert scene.run(RATINGS) == ({"left": 1} if way.mode is Mode.ONE_WAY else {"added": 1})
    assert scene.other.has(RATINGS)[films[4]] == 350
    assert scene.one.has(RATINGS).get(films[4]) == (None if way.mode is Mode.ONE_WAY else 350)


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("way", FROM_TMDB, ids=str)
def test_a_title_that_the_list_hides_is_not_taken_for_removed(
    world: World, way: Way, feature: Feature
) -> None:
    scene = scene_of(world, way)
    films = mixed(scene, feature)
    world.sim.hide_row(films[4])
    with untouched(scene.one, scene.other):
        for _ in range(2):
            world.sim.traffic.reset()
            report = scene.sync()
            assert (report.run.status, report.lanes[feature]["removed"]) == ("succeeded", 0)
            assert report.lanes[feature]["gap"][way.gone] == 1, "and it is told that rows are hidden"
            assert lookups(world, films[4]) == (1 if scene.other.name == TRACKER else 2)
            scene.later()
    scene.one.drop(feature, films[4], films[5])
    assert scene.run(feature)["removed"] == 2
    assert scene.equal(feature)


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("way", FROM_TMDB, ids=str)
def test_a_title_that_tmdb_deleted_is_not_the_users_removal(world: World, way: Way, feature: Feature) -> None:
    scene = scene_of(world, way)
    films = mixed(scene, feature)
    world.sim.delete_title(films[4])
    with untouched(scene.one, scene.other):
        for _ in range(2):
            found = scene.run(feature)
            assert (found["held"], found["why_held"]) == (1, {"gone": 1})
            scene.later()
    scene.one.drop(feature, films[5])
    assert scene.run(feature)["removed"] == 1
    assert films[5] not in scene.other.has(feature)
    assert films[4] in scene.other.has(feature)


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: f"{outage['kind']}{outage.get('status', '')}")
@pytest.mark.parametrize("way", FROM_TMDB, ids=str)
def test_no_word_on_a_title_holds_its_removal(world: World, way: Way, outage: dict[str, Any]) -> None:
    scene = scene_of(world, way)
    films = mixed(scene, WATCHLIST)
    world.clock.hasty = True
    scene.one.drop(WATCHLIST, films[4])
    world.fault(path=f"/{films[4][1]}/account_states", **outage)
    with untouched(scene.one, scene.other):
        report = scene.sync()
        if outage["kind"] == "rate_limited":
            assert (report.run.status, report.run.code) == ("partial", "rate_limited")
        else:
            assert report.run.status == "succeeded"
            assert lane(report, "watchlist") == {"held": 1, "why_held": {"not_proved": 1}}
    world.sim.knobs.faults = []
    scene.later()
    assert scene.run(WATCHLIST) == {"removed": 1}
    assert scene.equal(WATCHLIST)


@pytest.mark.parametrize("feature", FEATURES)
def test_a_removal_waits_until_no_late_list_can_be_behind_it(world: World, feature: Feature) -> None:
    """What we put on a list ourselves may be missing from a copy of it for five minutes."""
    scene = scene_of(world, Way(TRACKER, INTO_TRACKER.source, Mode.TWO_WAY, Side.TARGET))
    films = scene.fill(rated=10, watched=10, settled=False)
    film = films[4 if feature is RATINGS else 14]
    scene.one.drop(feature, film)
    with untouched(scene.other):
        found = scene.run(feature)
    assert (found["held"], set(found["why_held"])) == (1, {"own_write"})
    scene.later()
    assert scene.run(feature) == {"removed": 1}
    assert scene.equal(feature)


@pytest.mark.parametrize("lag", [30, 290])
def test_a_list_that_is_late_shows_removals_late_and_nothing_comes_back(world: World, lag: int) -> None:
    scene = scene_of(world, TO_SECOND)
    films = scene.fill(rated=10, watched=10)
    world.sim.knobs.list_lag = world.sim.knobs.account_states_lag = float(lag)
    scene.one.drop(RATINGS, films[4])
    scene.one.drop(WATCHLIST, films[14])
    removed = 0
    for _ in range(8):
        report = scene.sync()
        removed += report.lanes["ratings"]["removed"] + report.lanes["watchlist"]["removed"]
        assert report.lanes["ratings"]["added"] == report.lanes["watchlist"]["added"] == 0
        scene.later(120)
    assert removed == 2
    assert scene.equal(RATINGS)
    assert scene.equal(WATCHLIST)


def test_fifty_titles_of_a_run_are_looked_up_and_the_rest_is_held_and_counted(world: World) -> None:
    scene = scene_of(world, INTO_TRACKER)
    films = scene.fill(watched=120)
    gone = films[:60]
    scene.one.drop(WATCHLIST, *gone)
    with untouched(scene.other):
        assert scene.run(WATCHLIST) == {"held": 60, "waiting": 50, "why_held": {"not_proved": 10}}
        assert world.asked("account_states") == 50
        assert len(scene.asked(Question.REMOVAL)) == 50
        world.sim.traffic.reset()
        assert scene.run(WATCHLIST) == {"held": 60, "waiting": 50, "why_held": {"not_proved": 10}}
        assert world.asked("account_states") == 50
        assert all(lookups(world, film) for film in gone[50:]), "those that waited longest come first"
        assert scene.titles(Question.REMOVAL) == {world.title(film) for film in gone}
    assert scene.say(Question.REMOVAL, "allow") == 60
    more = films[60]
    scene.one.drop(WATCHLIST, more)
    world.sim.traffic.reset()
    assert scene.run(WATCHLIST) == {"removed": 61}, "approved ones come on top"
    assert world.asked("account_states") == 61
    assert set(scene.other.has(WATCHLIST)) == set(films[61:])
    assert scene.asked() == []


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("way", FROM_TMDB, ids=str)
def test_nothing_is_removed_on_a_day_on_which_a_list_arrived_only_in_part(
    world: World, way: Way, feature: Feature
) -> None:
    """Adds go on; what was proved to be gone waits for a whole list."""
    scene = scene_of(world, way)
    films = mixed(scene, feature, 50)
    new = world.movies(1)[0]
    scene.one.put(feature, new)
    scene.one.drop(feature, films[1])
    world.fault(kind="wrong_page", path=f"{world.user_id}/{PATHS[feature]}/movies", query="page=2")
    with untouched(scene.one):
        report = scene.sync()
    figures = report.lanes[feature]
    assert (report.run.status, figures["removed"], figures["waiting"]) == ("partial", 0, 0)
    assert figures["incomplete"][way.gone]
    assert set(figures["why_held"]) <= {"partial", "not_whole"}
    assert films[1] in scene.other.has(feature)
    world.sim.knobs.faults = []
    scene.later()
    assert scene.run(feature).get("removed") == 1
    assert scene.equal(feature)
