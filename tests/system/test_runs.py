"""What runs do about every change that a user makes on either side."""

from __future__ import annotations

from crosswatch.model.kinds import Feature
from crosswatch.model.writes import Done
from tests.system.world import World, lane

RATINGS, WATCHLIST = Feature.RATINGS, Feature.WATCHLIST


def synced(world: World) -> list[tuple[str, int]]:
    """A library that has been synced once; gives its films, which the tests change."""
    keys = world.library()
    report = world.sync()
    assert (report.run.status, report.run.code) == ("succeeded", "")
    return [(kind, number) for kind, number, *_ in keys if kind == "movie"]


def known_for_long(world: World) -> list[tuple[str, int]]:
    """The same, a day later: what was rated then has surely taken nothing off the watchlist since."""
    films = synced(world)
    world.clock.forward(86_400)
    assert world.sync().run.status == "succeeded"
    return films


def test_the_first_run_brings_every_title_with_its_very_value(world: World) -> None:
    keys = world.library()
    report = world.sync()
    assert (report.run.status, report.run.attention) == ("succeeded", 0)
    assert lane(report) == {"added": len(keys)}
    assert lane(report, "watchlist") == {"added": 30}
    assert report.lanes["ratings"]["read"] == {"source": len(keys), "target": 0}
    assert world.ratings == world.true_ratings()
    assert set(world.ratings.values()) == set(range(50, 1001, 50))
    assert world.watchlist == set(world.sim.watchlist(world.user))


def test_the_tracker_keeps_the_order_of_the_lists_and_where_each_value_is_from(world: World) -> None:
    world.library()
    world.sync()
    rows = world.rows(
        "SELECT x.value AS tmdb, i.origin FROM tracker_item i JOIN title t ON t.id = i.title "
        "JOIN title_id x ON x.title = t.id WHERE i.feature = 'watchlist' AND t.kind = 'movie' ORDER BY i.id"
    )
    listed = [number for kind, number, *_ in world.sim.watchlist(world.user) if kind == "movie"]
    assert [int(row["tmdb"]) for row in rows] == listed
    assert {row["origin"] for row in rows} == {f"tmdb:{world.user_id}"}


def test_a_run_after_which_nothing_happened_changes_no_row(world: World) -> None:
    synced(world)
    world.sync()  # notes that what was written has been seen
    before = world.dump()
    report = world.sync()
    assert report.run.status == "succeeded"
    assert lane(report) == {}
    assert lane(report, "watchlist") == {}
    assert world.dump() == before


def test_a_changed_rating_arrives_and_only_that(world: World) -> None:
    films = synced(world)
    world.edit("rate", films[3], 9.5)
    report = world.sync()
    assert lane(report) == {"changed": 1}
    assert lane(report, "watchlist") == {}
    assert world.ratings == world.true_ratings()
    items, total = world.run(world.running.items(report.run.id, after=0, limit=10))
    assert total == 1
    assert (items[0].title, items[0].before, items[0].after) == (world.title(films[3]), 200, 950)
    assert lane(world.sync()) == {}


def test_new_titles_arrive_in_both_lanes(world: World) -> None:
    synced(world)
    new = world.movies(2)
    world.edit("rate", new[0], 0.5)
    world.edit("add", new[1])
    report = world.sync()
    assert (lane(report), lane(report, "watchlist")) == ({"added": 1}, {"added": 1})
    assert world.ratings == world.true_ratings()
    assert world.watchlist == set(world.sim.watchlist(world.user))


def test_what_was_removed_at_tmdb_stays_in_the_tracker_and_is_told_once(world: World) -> None:
    films = known_for_long(world)
    ratings, watchlist = world.ratings, world.watchlist
    world.edit("unrate", films[3])
    world.edit("remove", films[4])
    report = world.sync()
    assert report.run.status == "succeeded"
    assert (lane(report), lane(report, "watchlist")) == ({"kept": 1}, {"kept": 1})
    assert (world.ratings, world.watchlist) == (ratings, watchlist)
    assert (
        world.rows(
            "SELECT * FROM reading WHERE account_uid LIKE 'tmdb:%' AND feature = 'ratings' AND title = ?",
            world.title(films[3]),
        )
        == []
    )
    kept = world.rows("SELECT * FROM base WHERE kept")
    assert {row["title"] for row in kept} == {world.title(films[3]), world.title(films[4])}
    before = world.dump()
    world.sim.traffic.reset()
    again = world.sync()
    assert (lane(again), lane(again, "watchlist")) == ({}, {})
    assert world.dump() == before
    assert world.asked("account_states") == 0


def test_every_removal_is_looked_up_before_it_is_believed(world: World) -> None:
    films = synced(world)
    for film in films[:7]:
        world.edit("unrate", film)
    world.sim.traffic.reset()
    assert lane(world.sync()) == {"kept": 7}
    assert world.asked("account_states") == 7


def test_removals_beyond_fifty_wait_for_their_proof(world: World) -> None:
    films = world.movies(60)
    world.sim.fill_ratings(world.user, [(film, 7.0) for film in films])
    world.sync()
    for film in films:
        world.edit("unrate", film)
    first, second = world.sync(), world.sync()
    assert lane(first) == {"kept": 50, "held": 10, "why_held": {"not_proved": 10}}
    assert lane(second) == {"kept": 10}
    assert len(world.ratings) == 60


def test_removed_and_rated_anew_is_in_step_again(world: World) -> None:
    films = synced(world)
    world.edit("unrate", films[3])
    world.edit("unrate", films[4])
    world.sync()
    world.edit("rate", films[3], 2.0)  # as before
    world.edit("rate", films[4], 10.0)
    report = world.sync()
    assert lane(report) == {"changed": 1, "adopted": 1}
    assert world.ratings == world.true_ratings()
    assert world.rows("SELECT * FROM base WHERE kept OR source_value IS NULL") == []
    world.edit("rate", films[3], 2.5)
    assert lane(world.sync()) == {"changed": 1}
    assert world.ratings == world.true_ratings()


def test_what_the_user_changed_in_the_tracker_is_left_until_tmdb_changes(world: World) -> None:
    films = synced(world)
    assert world.by_hand(RATINGS, films[3], 730).done is Done.APPLIED
    assert lane(world.sync()) == {"left": 1}
    assert world.ratings[films[3]] == 730
    assert lane(world.sync()) == {}
    world.edit("rate", films[3], 9.0)
    assert lane(world.sync()) == {"changed": 1}
    assert world.ratings[films[3]] == 900


def test_what_the_user_took_out_of_the_tracker_is_not_put_back(world: World) -> None:
    films = synced(world)
    world.by_hand(RATINGS, films[3], None)
    world.by_hand(WATCHLIST, films[4], None)
    report = world.sync()
    assert (lane(report), lane(report, "watchlist")) == ({"left": 1}, {"left": 1})
    world.edit("rate", films[3], 9.0)
    report = world.sync()
    assert lane(report).get("added", 0) == lane(report).get("changed", 0) == 0
    assert films[3] not in world.ratings
    assert films[4] not in world.watchlist


def test_what_was_taken_out_on_both_sides_ends_and_may_come_again(world: World) -> None:
    films = synced(world)
    world.by_hand(RATINGS, films[3], None)
    world.edit("unrate", films[3])
    world.sync()
    world.clock.forward(1)
    world.sync()
    assert world.rows("SELECT * FROM base WHERE title = ? AND lane = 1", world.title(films[3])) == []
    world.edit("rate", films[3], 3.5)
    assert lane(world.sync()) == {"added": 1}
    assert world.ratings == world.true_ratings()


def test_a_rating_that_was_in_the_tracker_before_gives_way_to_the_source_once(world: World) -> None:
    films = synced(world)
    other = world.movies(1)[0]
    world.edit("rate", other, 4.0)
    world.edit("add", other)
    world.sync()
    world.change("DELETE FROM base")
    world.by_hand(RATINGS, films[3], 730)
    report = world.sync()
    assert lane(report) == {"changed": 1, "adopted": len(world.ratings) - 1}
    assert world.ratings == world.true_ratings()


def test_young_readings_are_held_and_explained(late_world: World) -> None:
    world = late_world
    films = synced(world)
    world.edit("rate", films[3], 9.5)
    world.edit("unrate", films[4])
    world.sim.traffic.reset()
    report = world.sync()
    assert report.run.status == "succeeded"
    assert lane(report) == {"held": 2, "why_held": {"young": 2}}
    assert (world.ratings[films[3]], world.ratings[films[4]]) == (200, 250)
    world.clock.forward(301)
    assert lane(world.sync()) == {"changed": 1, "kept": 1}
    assert (world.ratings[films[3]], world.ratings[films[4]]) == (950, 250)


def test_a_list_that_is_late_gives_back_nothing_that_was_changed_meanwhile(late_world: World) -> None:
    """TMDb's lists show old states for a while: the old value is not taken for the user's next change."""
    world = late_world
    films = synced(world)
    world.clock.forward(301)
    world.edit("rate", films[3], 9.5)
    assert lane(world.sync()) == {"changed": 1}
    world.edit("rate", films[3], 2.0)  # as the copy that is late shows it
    assert lane(world.sync()) == {"held": 1, "why_held": {"young": 1}}
    assert world.ratings[films[3]] == 950
    world.edit("rate", films[3], 9.5)
    assert lane(world.sync()) == {}


def test_a_title_that_tmdb_deleted_is_held_and_kept(world: World) -> None:
    films = synced(world)
    ratings = world.ratings
    world.sim.delete_title(films[3])
    for _ in range(2):
        report = world.sync()
        assert report.run.status == "succeeded"
        assert lane(report) == {"held": 1, "why_held": {"gone": 1}, "gap": {"source": 1}}
    assert world.ratings == ratings
    assert world.rows("SELECT * FROM base WHERE kept") == []


def test_a_lane_that_is_switched_off_is_neither_read_nor_written(world: World) -> None:
    world.library()
    world.change("UPDATE lane SET enabled = 0 WHERE feature = 'watchlist'")
    report = world.sync()
    assert set(report.lanes) == {"ratings"}
    assert world.watchlist == set()
    assert world.asked("watchlist") == 0


def test_kinds_that_the_pair_leaves_out_stay_as_they_are(world: World) -> None:
    films = synced(world)
    ratings = world.ratings
    world.change("UPDATE pair SET kinds = ?", '["movie"]')
    left_out = [key for key in world.sim.ratings(world.user) if key[0] != "movie"]
    for key in [*films[:5], *left_out]:
        world.edit("unrate" if key[0] == "episode" else "rate", key, 0 if key[0] == "episode" else 9.5)
    assert lane(world.sync()) == {"changed": 5}
    assert {world.ratings[film] for film in films[:5]} == {950}
    assert {key: value for key, value in world.ratings.items() if key[0] != "movie"} == {
        key: value for key, value in ratings.items() if key[0] != "movie"
    }
    assert len(world.rows("SELECT * FROM base WHERE lane = 1")) == len(ratings)
