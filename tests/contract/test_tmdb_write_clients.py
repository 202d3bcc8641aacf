"""What we write, clients that others wrote for the real TMDb read; what they write, we read."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import tmdbapis.api3  # type: ignore[import-untyped]
import tmdbsimple  # type: ignore[import-untyped]

from crosswatch.model.kinds import Feature, Kind
from crosswatch.model.readings import TitleState
from crosswatch.model.writes import Done, Write
from crosswatch.providers.tmdb.link import TmdbLink
from crosswatch.simulators.tmdb import DEMO_KEY
from tests.contract.tmdb_world import World, read_all, tmdb_world
from tests.contract.tmdb_writes import add, always, change, episode, movie, remove, show, written


@pytest.fixture
def world(caplog: pytest.LogCaptureFixture) -> Iterator[World]:
    with tmdb_world(caplog) as world:
        yield world


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


RATED: list[Write] = [
    add(movie(1668), 850, number=1),
    add(movie(603), 50, number=2),
    add(show(1668), 1000, number=3),
    add(episode(1399, 1, 2), 750, number=4),
    add(episode(1399, 0, 1), 300, number=5),
    change(movie(603), 50, 650, number=6),
    add(show(1396), 500, number=7),
    remove(show(1396), 500, number=8),
]
WATCHED: list[Write] = [
    add(movie(11), number=1),
    add(show(1668), number=2),
    add(show(1396), number=3),
    add(movie(1668), number=4),
    remove(show(1396), number=5),
]


def furnish(world: World) -> None:
    for feature, writes in ((Feature.RATINGS, RATED), (Feature.WATCHLIST, WATCHED)):
        assert {outcome.done for outcome in written(world, feature, *writes)} == {Done.APPLIED}


def test_tmdbapis_reads_what_we_wrote(
    world: World, http: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(world)
    monkeypatch.setattr(tmdbapis.api3, "base_url", world.served.api_url)
    api = tmdbapis.api3.API3(DEMO_KEY, session_id=world.session, session=http)
    whose: dict[str, Any] = {"account_id": world.user_id, "session_id": world.session}

    def ids(rows: dict[str, Any]) -> list[tuple[int, float | None]]:
        return [(row["id"], row.get("rating")) for row in rows["results"]]

    assert ids(api.account_get_rated_movies(**whose)) == [(1668, 8.5), (603, 6.5)]
    assert ids(api.account_get_rated_tv_shows(**whose)) == [(1668, 10.0)]
    assert [
        (row["show_id"], row["season_number"], row["episode_number"], row["rating"])
        for row in api.account_get_rated_tv_episodes(**whose)["results"]
    ] == [(1399, 1, 2, 7.5), (1399, 0, 1, 3.0)]
    assert ids(api.account_get_movie_watchlist(**whose)) == [(11, None), (1668, None)]
    assert ids(api.account_get_tv_show_watchlist(**whose)) == [(1668, None)]
    states = api.movies_get_account_states(603, session_id=world.session)
    assert (states["rated"], states["watchlist"]) == ({"value": 6.5}, False)
    world.sim.traffic.reset()  # what others ask is not compared with the document


def test_tmdbsimple_reads_what_we_wrote_and_we_read_what_it_wrote(
    world: World, http: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(world)
    monkeypatch.setattr(tmdbsimple, "API_KEY", DEMO_KEY)
    monkeypatch.setattr(tmdbsimple, "REQUESTS_SESSION", http)
    monkeypatch.setattr(
        tmdbsimple.base.TMDB, "_get_complete_url", lambda _, path: f"{world.served.api_url}/{path}"
    )
    account = tmdbsimple.Account(world.session)
    assert account.info()["id"] == world.user_id
    assert [(row["id"], row["rating"]) for row in account.rated_movies()["results"]] == [
        (1668, 8.5),
        (603, 6.5),
    ]
    assert [row["id"] for row in account.watchlist_tv()["results"]] == [1668]
    special = tmdbsimple.TV_Episodes(1399, 0, 1)
    assert special.account_states(session_id=world.session)["rated"] == {"value": 3.0}

    special.rating(session_id=world.session, value=9.5)
    tmdbsimple.Movies(603).rating_delete(session_id=world.session)
    account.watchlist(media_type="movie", media_id=603, watchlist=True)
    world.sim.traffic.reset()

    async def read_back(link: TmdbLink) -> None:
        ratings = await read_all(link, Feature.RATINGS)
        assert {(row.ref.kind, row.ref.native_id): row.value for row in ratings.rows} == {
            (Kind.MOVIE, "1668"): 850,
            (Kind.SHOW, "1668"): 1000,
            (Kind.EPISODE, "1399/1/2"): 750,
            (Kind.EPISODE, "1399/0/1"): 950,
        }
        watchlist = await read_all(link, Feature.WATCHLIST)
        assert [(row.ref.kind, row.ref.native_id) for row in watchlist.rows] == [
            (Kind.MOVIE, "11"),
            (Kind.MOVIE, "1668"),
            (Kind.MOVIE, "603"),
            (Kind.SHOW, "1668"),
        ]
        states = await link.lookup([movie(603), episode(1399, 0, 1)])
        assert list(states.values()) == [
            TitleState(on_watchlist=True, rating=None),
            TitleState(on_watchlist=False, rating=950),
        ]
        outcome = (await link.write(Feature.RATINGS, [add(episode(1399, 0, 1), 300)], always))[0]
        assert (outcome.done, outcome.code) == (Done.APPLIED, "replaced")

    world.with_link(read_back)


def test_what_we_wrote_we_read(world: World) -> None:
    furnish(world)

    async def read_back(link: TmdbLink) -> None:
        for feature, writes in ((Feature.RATINGS, RATED), (Feature.WATCHLIST, WATCHED)):
            latest = {
                (write.ref.kind, write.ref.ids, write.ref.show_ids, write.ref.season): write
                for write in writes
            }
            present = {key: write.wanted for key, write in latest.items() if write.wanted is not None}
            reading = await read_all(link, feature)
            assert reading.ended.whole
            assert len(reading.rows) == len(present)
            looked_up = await link.lookup([write.ref for write in latest.values()])
            for write in latest.values():
                state = looked_up[write.ref]
                assert isinstance(state, TitleState)
                if feature is Feature.RATINGS:
                    assert state.rating == write.wanted
                else:
                    assert state.on_watchlist is (write.wanted is not None)

    world.with_link(read_back)
