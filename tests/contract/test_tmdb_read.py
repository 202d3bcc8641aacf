"""Reading TMDb's lists: whole or not, never a row lost silently, and no request too many."""

import asyncio
from collections.abc import Iterator

import pytest

from crosswatch.errors import (
    Blocked,
    CrossWatchError,
    KeyRejected,
    RateLimited,
    ServiceFailed,
    SessionEnded,
    Unreachable,
)
from crosswatch.model.kinds import Feature, Kind
from crosswatch.model.refs import Hints, Ref, ids
from crosswatch.model.values import PRESENT
from crosswatch.net.meter import measured
from crosswatch.providers.tmdb.link import TmdbLink
from crosswatch.simulators.tmdb import Edit, Key
from tests.contract.tmdb_world import Reading, World, read_all, says_no_secret, tmdb_world

WATCHLIST = Feature.WATCHLIST
RATINGS = Feature.RATINGS


@pytest.fixture
def world(caplog: pytest.LogCaptureFixture) -> Iterator[World]:
    with tmdb_world(caplog) as world:
        yield world


def native(keys: list[Key]) -> list[str]:
    return ["/".join(str(part) for part in key[1:]) for key in keys]


def test_nothing_is_read_as_nothing(world: World) -> None:
    for empty in (1, 0):
        world.sim.knobs.empty_total_pages = 0 if empty == 0 else 1
        reading = world.read(WATCHLIST)
        assert (reading.rows, reading.ended.whole, reading.ended.gap, reading.ended.total) == ([], True, 0, 0)
        assert world.asked("/watchlist/") == 4
        world.sim.traffic.reset()


def test_rows_are_what_tmdb_says_oldest_first(world: World) -> None:
    world.sim.fill_watchlist(world.user, [("tv", 1399), ("movie", 603), ("movie", 1668), ("tv", 1668)])
    world.sim.fill_ratings(
        world.user,
        [
            (("movie", 603), 8.5),
            (("tv", 1399), 10.0),
            (("episode", 1399, 0, 1), 0.5),
            (("episode", 1399, 1, 2), 7.0),
        ],
    )
    rows = world.read(WATCHLIST).rows
    assert [(row.ref.kind, row.ref.native_id, row.value) for row in rows] == [
        (Kind.MOVIE, "603", PRESENT),
        (Kind.MOVIE, "1668", PRESENT),
        (Kind.SHOW, "1399", PRESENT),
        (Kind.SHOW, "1668", PRESENT),
    ]
    assert rows[0].ref == Ref(Kind.MOVIE, ids(tmdb=603), "603")
    assert (rows[0].ref.hints.name, rows[0].ref.hints.year) == ("The Matrix", 1999)
    assert rows[0].ref.hints.poster.startswith("/")
    assert (rows[2].ref.hints.name, rows[2].ref.hints.year) == ("Game of Thrones", 2011)

    rows = world.read(RATINGS).rows
    assert [(row.ref.kind, row.value) for row in rows] == [
        (Kind.MOVIE, 850),
        (Kind.SHOW, 1000),
        (Kind.EPISODE, 50),
        (Kind.EPISODE, 700),
    ]
    special = world.sim.catalogue.shows[1399].seasons[0].episodes[1]
    assert rows[2].ref == Ref(
        Kind.EPISODE, ids(tmdb=special.id), "1399/0/1", ids(tmdb=1399), season=0, number=1
    )
    assert rows[2].ref.hints == Hints("Special 1", int(special.date[:4]), "")
    assert (rows[2].stamp, rows[2].date) == (None, None)


def test_every_page_is_asked_once_and_page_one_once_more(world: World) -> None:
    movies, shows = world.movies(61), world.shows(20)
    world.sim.fill_watchlist(world.user, movies + shows)
    with_requests: list[int] = []

    async def story(link: TmdbLink) -> Reading:
        with measured() as meter:
            reading = await read_all(link, WATCHLIST)
            with_requests.append(meter.requests)
            return reading

    reading = world.with_link(story)
    assert reading.native == native(movies + shows)
    assert (reading.ended.whole, reading.ended.gap, reading.ended.total) == (True, 0, 81)
    assert world.asked("/watchlist/movies") == 4 + 1
    assert world.asked("/watchlist/tv") == 1 + 1
    assert with_requests == [7]


def test_progress_knows_the_total_from_the_first_page_on(world: World) -> None:
    world.sim.fill_watchlist(world.user, world.movies(61) + world.shows(20))
    pages = world.read(WATCHLIST).pages
    assert {page.total for page in pages} == {81}
    assert [page.done for page in pages] == [20, 40, 60, 61, 81, 81]
    assert [page.end is not None for page in pages] == [False] * 5 + [True]


@pytest.mark.parametrize(("share", "counted"), [(0.3, True), (0.3, False), (1.0, True)])
def test_short_pages_are_walked_to_the_end(world: World, share: float, counted: bool) -> None:
    movies = world.movies(200)
    world.sim.fill_watchlist(world.user, movies)
    world.sim.knobs.hidden_share = share
    world.sim.knobs.count_hidden = counted
    reading = world.read(WATCHLIST)
    user = world.sim.user(world.user)
    shown = [key for key in movies if not world.sim.is_hidden(user, key)]
    assert reading.native == native(shown)
    assert reading.ended.whole
    assert reading.ended.gap == (200 - len(shown) if counted else 0)
    assert share == 1.0 or 0 < len(shown) < 200


def test_a_page_without_rows_in_the_middle_is_a_gap(world: World) -> None:
    movies = world.movies(60)
    world.sim.fill_watchlist(world.user, movies)
    world.fault(kind="empty_page", path="watchlist/movies", query="page=2")
    reading = world.read(WATCHLIST)
    assert reading.native == native(movies[:20] + movies[40:])
    assert (reading.ended.whole, reading.ended.gap) == (True, 20)


def test_rows_that_are_left_out_are_a_gap(world: World) -> None:
    world.sim.fill_watchlist(world.user, world.movies(60))
    world.fault(kind="missing_rows", path="watchlist/movies", query="page=2")
    reading = world.read(WATCHLIST)
    assert (reading.ended.whole, reading.ended.gap, len(reading.rows)) == (True, 10, 50)


def test_a_row_that_comes_twice_is_given_once(world: World) -> None:
    movies = world.movies(60)
    world.sim.fill_watchlist(world.user, movies)
    world.sim.knobs.page_size = 60  # the fault repeats the last row of the page before, wherever it was read
    world.read(WATCHLIST)
    world.sim.knobs.page_size = 20
    world.fault(kind="duplicate_row", path="watchlist/movies", query="page=(2|3)")
    reading = world.read(WATCHLIST)
    assert sorted(reading.native) == sorted(native(movies))
    assert (reading.ended.whole, reading.ended.gap) == (True, 0)


def test_a_row_that_is_lost_behind_another_is_a_gap(world: World) -> None:
    world.sim.fill_watchlist(world.user, world.movies(60))
    world.read(WATCHLIST)
    world.fault(kind="replaced_row", path="watchlist/movies", query="page=2")
    reading = world.read(WATCHLIST)
    assert (reading.ended.whole, reading.ended.gap, len(reading.rows)) == (True, 1, 59)


def test_one_title_with_two_ratings_is_given_twice(world: World) -> None:
    movies = world.movies(30)
    world.sim.fill_ratings(world.user, [(key, 7.0) for key in movies])

    def rate_the_first_again() -> None:
        shelf = world.sim.user(world.user).shelf("rated", "movie")
        shelf.drop(movies[0], world.sim.clock())
        shelf.put(movies[0], 9.5, world.sim.clock())

    world.sim.after_list_reads(3, rate_the_first_again)  # page 1 of all three lists, then page 2
    reading = world.read(RATINGS)
    values = [row.value for row in reading.rows if row.ref.native_id == native(movies)[0]]
    assert values == [700, 950]
    assert reading.ended.gap == 1  # and the row that moved up to page 1 was not seen


def test_what_is_added_or_removed_meanwhile_is_read_again(world: World) -> None:
    movies, more = world.movies(60), world.movies(3)
    world.sim.fill_watchlist(world.user, movies)
    for count, edit in (
        (3, Edit(world.user, "add", more[0])),
        (1, Edit(world.user, "remove", movies[0])),
        (4, Edit(world.user, "add", more[1])),
    ):
        world.sim.after_list_reads(count, edit)
        reading = world.read(WATCHLIST)
        assert (reading.ended.whole, reading.ended.gap, reading.restarts) == (True, 0, 1)
        assert reading.native == native(world.sim.watchlist(world.user))
        assert len(set(reading.native)) == len(reading.native)


def test_an_addition_after_the_last_page_is_noticed_by_the_last_look(world: World) -> None:
    world.sim.fill_watchlist(world.user, world.movies(40))
    world.sim.after_list_reads(3, Edit(world.user, "add", ("movie", 603)))  # two firsts, one second page
    reading = world.read(WATCHLIST)
    assert (reading.ended.whole, reading.restarts, len(reading.rows)) == (True, 1, 41)


def test_a_list_that_never_stands_still_is_not_whole(world: World) -> None:
    world.sim.fill_watchlist(world.user, world.movies(60))
    more = iter(world.movies(50))

    def grow() -> None:
        world.sim.edit(Edit(world.user, "add", next(more)))
        world.sim.after_list_reads(1, grow)

    world.sim.after_list_reads(1, grow)
    reading = world.read(WATCHLIST)
    assert not reading.ended.whole
    assert "kept changing" in reading.ended.reason
    assert len(reading.rows) >= 60
    assert reading.restarts == 2


@pytest.mark.parametrize(
    "kind", ["html", "truncated", "empty_body", "wrong_page", "no_results", "wrong_shape", "reset"]
)
def test_a_page_that_cannot_be_had_makes_the_reading_not_whole(world: World, kind: str) -> None:
    movies, shows = world.movies(60), world.shows(3)
    world.sim.fill_watchlist(world.user, movies + shows)
    world.fault(kind=kind, path="watchlist/movies", query="page=2")
    reading = world.read(WATCHLIST)
    assert reading.native == native(movies[:20] + movies[40:] + shows)
    assert not reading.ended.whole
    assert reading.ended.reason.startswith("page 2 of watchlist/movies could not be read: ")
    assert reading.ended.gap == 20


def test_a_first_page_that_cannot_be_had_costs_that_list_alone(world: World) -> None:
    shows = world.shows(3)
    world.sim.fill_watchlist(world.user, world.movies(60) + shows)
    world.fault(kind="status", status=503, path="watchlist/movies")
    reading = world.read(WATCHLIST)
    assert reading.native == native(shows)
    assert not reading.ended.whole
    assert world.asked("watchlist/movies") == 3


def test_the_last_look_counts_too(world: World) -> None:
    world.sim.fill_watchlist(world.user, world.movies(3))
    world.fault(kind="html", path="watchlist/movies", nth=(2,))
    reading = world.read(WATCHLIST)
    assert not reading.ended.whole
    assert len(reading.rows) == 3


def test_a_service_that_is_down_is_not_asked_for_every_page(world: World) -> None:
    world.sim.fill_watchlist(world.user, world.movies(1000))
    world.sim.knobs.page_size = 10
    world.fault(kind="status", status=502, path="watchlist/movies", query="page=([2-9]|\\d\\d)")
    reading = world.read(WATCHLIST)
    assert not reading.ended.whole
    assert len(reading.rows) == 10
    assert world.asked("watchlist/movies") <= 1 + 3 * (16 + 3)


@pytest.mark.parametrize(
    ("kind", "error"), [("html", Blocked), ("reset", Unreachable), ("no_results", ServiceFailed)]
)
def test_where_nothing_at_all_could_be_read_the_error_is_raised(
    world: World, kind: str, error: type[CrossWatchError]
) -> None:
    world.fault(kind=kind)
    with pytest.raises(error) as raised:
        world.read(WATCHLIST)
    says_no_secret(world, raised.value)


def test_two_failures_are_got_over_at_the_cost_of_two_requests(world: World) -> None:
    movies = world.movies(60)
    world.sim.fill_watchlist(world.user, movies)
    world.fault(kind="status", status=500, path="watchlist/movies", query="page=2", times=2)
    reading = world.read(WATCHLIST)
    assert (reading.native, reading.ended.whole) == (native(movies), True)
    assert world.asked("watchlist/movies") == 3 + 1 + 2


@pytest.mark.parametrize("said", ["none", "0", "1", "date"])
@pytest.mark.parametrize(("status", "body"), [(429, "json"), (429, "html"), (200, "json")])
def test_refusals_for_haste_are_waited_for(world: World, said: str, body: str, status: int) -> None:
    knobs = world.sim.knobs
    knobs.retry_after, knobs.rate_limit_body = said, body  # type: ignore[assignment]
    knobs.rate_limit_status = status  # type: ignore[assignment]
    movies = world.movies(100)
    world.sim.fill_watchlist(world.user, movies)
    world.fault(kind="rate_limited", nth=tuple(range(3, 7)))
    reading = world.read(WATCHLIST)
    assert (reading.native, reading.ended.whole) == (native(movies), True)
    assert len(world.sim.traffic.log) == 5 + 1 + 2 + 4
    assert world.clock.ahead >= 1


def test_a_long_refusal_ends_the_read_at_once(world: World) -> None:
    world.sim.knobs.retry_after = "86400"
    world.sim.fill_watchlist(world.user, world.movies(100))
    world.fault(kind="rate_limited", query="page=3")
    with pytest.raises(RateLimited) as raised:
        world.read(WATCHLIST)
    assert raised.value.retry_after == 86400
    assert world.clock.ahead < 5


def test_a_wrong_key_and_an_ended_session_end_the_read(world: World) -> None:
    world.sim.fill_watchlist(world.user, world.movies(100))
    with pytest.raises(KeyRejected):
        world.read(WATCHLIST, key="f" * 32)
    world.sim.after_list_reads(3, lambda: world.sim.revoke_session(world.session))
    with pytest.raises(SessionEnded):
        world.read(WATCHLIST)


def test_a_list_of_more_than_500_pages_is_read_from_both_ends(world: World) -> None:
    movies = world.movies(2 * 520 - 1)
    world.sim.fill_watchlist(world.user, movies)
    world.sim.knobs.page_size = 2
    reading = world.read(WATCHLIST)
    assert reading.native == native(movies)
    assert (reading.ended.whole, reading.ended.gap, reading.ended.total) == (True, 0, len(movies))
    assert world.asked("watchlist/movies") == 520 + 1


def test_beyond_1000_pages_the_middle_is_missing_and_that_is_said(world: World) -> None:
    movies = world.movies(1003)
    world.sim.fill_watchlist(world.user, movies)
    world.sim.knobs.page_size = 1
    reading = world.read(WATCHLIST)
    assert reading.native == native(movies[:500] + movies[503:])
    assert not reading.ended.whole
    assert reading.ended.gap == 3
    assert reading.ended.reason == "watchlist/movies is too long: TMDb gives 1000 of 1003 rows"


def test_names_and_dates_come_in_the_language_that_was_chosen(world: World) -> None:
    world.read(RATINGS, language="de-DE")
    assert all("language" in entry.query for entry in world.sim.traffic.entries(path="rated"))
    world.sim.traffic.reset()
    world.read(RATINGS)
    assert not any("language" in entry.query for entry in world.sim.traffic.entries())


def test_titles_without_dates_and_posters_are_read_like_any_other(world: World) -> None:
    movies = world.movies(40)
    world.sim.fill_watchlist(world.user, movies)
    world.sim.knobs.undated_share = world.sim.knobs.posterless_share = 1.0
    reading = world.read(WATCHLIST)
    assert reading.native == native(movies)
    assert {(row.ref.hints.year, row.ref.hints.poster) for row in reading.rows} == {(None, "")}


@pytest.mark.parametrize("stored", ["", "../movie", "alice"])
def test_the_path_names_the_accounts_own_id(world: World, stored: str) -> None:
    async def without_id(link: TmdbLink) -> None:
        await read_all(TmdbLink(link._client, stored), WATCHLIST)

    world.with_link(without_id)
    paths = {entry.path for entry in world.sim.traffic.entries(path="watchlist")}
    assert paths == {f"/account/{world.user_id}/watchlist/movies", f"/account/{world.user_id}/watchlist/tv"}
    assert world.asked() == 4 + 1


def test_a_read_that_is_left_early_leaves_nothing_running(world: World) -> None:
    world.sim.fill_watchlist(world.user, world.movies(400))
    world.sim.knobs.delay = 0.02

    async def story(link: TmdbLink) -> int:
        read = link.read(WATCHLIST)
        async for _ in read:
            break
        await read.aclose()
        return len(asyncio.all_tasks())

    assert world.with_link(story) == 1
    assert world.asked() < 21


def test_calls_at_once_stay_within_the_connections(world: World) -> None:
    world.sim.fill_watchlist(world.user, world.movies(600))
    world.sim.knobs.delay = 0.005
    world.sim.knobs.max_connections = 8
    assert world.read(WATCHLIST).ended.whole
    assert world.sim.traffic.refused_connections == 0
    assert 2 <= world.sim.traffic.most_at_once <= 8
