"""Two clients that others wrote for the real TMDb work with the simulated one, from sign-in to sign-out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
import tmdbapis.api3  # type: ignore[import-untyped]
import tmdbsimple  # type: ignore[import-untyped]
from tmdbapis.exceptions import TMDbException, Unauthorized  # type: ignore[import-untyped]

from crosswatch.simulators.tmdb import DEMO_KEY, ServedSimulator


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def test_tmdbapis_signs_in_writes_reads_and_signs_out(
    served: ServedSimulator, http: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tmdbapis.api3, "base_url", served.api_url)
    with pytest.raises(Unauthorized):
        tmdbapis.api3.API3("f" * 32, session=http)
    api = tmdbapis.api3.API3(DEMO_KEY, session=http)
    token = api.authentication_create_request_token()["request_token"]
    served.sim.approve(token, "alice")
    session = api.authentication_create_session(token)["session_id"]
    api = tmdbapis.api3.API3(DEMO_KEY, session_id=session, session=http)

    account = api.account_get_details(session)
    assert account["username"] == "alice"
    number = account["id"]
    api.account_add_to_watchlist("movie", 550, True, account_id=number, session_id=session)
    listed = api.account_get_movie_watchlist(account_id=number, session_id=session)
    assert [row["title"] for row in listed["results"]] == ["Fight Club"]
    api.account_add_to_watchlist("movie", 550, False, account_id=number, session_id=session)
    assert api.account_get_movie_watchlist(account_id=number, session_id=session)["results"] == []

    api.movies_rate_movie(550, 8.5, session_id=session)
    api.tv_episodes_rate_tv_episode(1396, 1, 3, 9.0, session_id=session)
    rated = api.account_get_rated_movies(account_id=number, session_id=session)
    assert [(row["id"], row["rating"]) for row in rated["results"]] == [(550, 8.5)]
    episodes = api.account_get_rated_tv_episodes(account_id=number, session_id=session)
    assert [(row["show_id"], row["episode_number"]) for row in episodes["results"]] == [(1396, 3)]
    assert api.movies_get_account_states(550, session_id=session)["rated"] == {"value": 8.5}
    api.movies_delete_rating(550, session_id=session)
    assert served.sim.ratings("alice") == {("episode", 1396, 1, 3): 9.0}

    api.authentication_delete_session(session)
    with pytest.raises(TMDbException):
        api.account_get_details(session)


def test_tmdbsimple_signs_in_writes_reads_and_signs_out(
    served: ServedSimulator, http: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tmdbsimple, "API_KEY", DEMO_KEY)
    monkeypatch.setattr(tmdbsimple, "REQUESTS_SESSION", http)
    monkeypatch.setattr(tmdbsimple.base.TMDB, "_get_complete_url", lambda _, path: f"{served.api_url}/{path}")

    sign_in = tmdbsimple.Authentication()
    token = sign_in.token_new()["request_token"]
    with pytest.raises(requests.HTTPError, match="401"):
        sign_in.session_new(request_token=token)
    served.sim.approve(token, "alice")
    session = sign_in.session_new(request_token=token)["session_id"]

    account = tmdbsimple.Account(session)
    assert account.info()["username"] == "alice"
    account.watchlist(media_type="tv", media_id=1396, watchlist=True)
    assert [row["name"] for row in account.watchlist_tv()["results"]] == ["Breaking Bad"]
    account.watchlist(media_type="tv", media_id=1396, watchlist=False)
    assert account.watchlist_tv()["results"] == []

    film = tmdbsimple.Movies(603)
    film.rating(session_id=session, value=7.5)
    assert [(row["id"], row["rating"]) for row in account.rated_movies()["results"]] == [(603, 7.5)]
    assert film.account_states(session_id=session)["rated"] == {"value": 7.5}
    assert film.external_ids()["imdb_id"] == "tt0133093"
    film.rating_delete(session_id=session)
    assert served.sim.ratings("alice") == {}

    sign_in.session_delete(session_id=session)
    with pytest.raises(requests.HTTPError, match="401"):
        account.info()
