"""Reading and writing lists and ratings at the simulated TMDb, answer by answer."""

from __future__ import annotations

import pytest

from crosswatch.simulators.tmdb import Movie
from crosswatch.simulators.tmdb.calls.ratings import NO_STEP, TOO_HIGH, TOO_LOW
from tests.contract.simulated import FILMS, Person


def answered(person: Person, method: str, path: str, body: object = None, **query: object) -> tuple[int, int]:
    answer = person.call(method, path, body, **query)
    return answer.status_code, answer.json()["status_code"]


@pytest.mark.parametrize("feature", ["watchlist", "favorite"])
@pytest.mark.parametrize(("kind", "number", "path"), [("movie", 550, "movies"), ("tv", 1396, "tv")])
def test_adding_and_removing_may_be_repeated(
    alice: Person, feature: str, kind: str, number: int, path: str
) -> None:
    write = f"/account/1/{feature}"
    add, remove = ({"media_type": kind, "media_id": number, feature: on} for on in (True, False))
    assert answered(alice, "POST", write, remove) == (200, 13)
    assert answered(alice, "POST", write, add) == (201, 1)
    assert answered(alice, "POST", write, add) == (201, 12)
    assert alice.ids(f"{feature}/{path}") == [number]
    assert alice.states(f"/{kind}/{number}")[feature] is True
    assert answered(alice, "POST", write, remove) == (200, 13)
    assert alice.ids(f"{feature}/{path}") == []


@pytest.mark.parametrize(
    ("path", "listed"),
    [
        ("/movie/550", "rated/movies"),
        ("/tv/1396", "rated/tv"),
        ("/tv/1396/season/0/episode/2", "rated/tv/episodes"),
    ],
)
def test_rating_changing_and_removing(alice: Person, path: str, listed: str) -> None:
    assert answered(alice, "DELETE", f"{path}/rating") == (200, 13)
    assert answered(alice, "POST", f"{path}/rating", {"value": 8.5}) == (201, 1)
    assert answered(alice, "POST", f"{path}/rating", {"value": 0.5}) == (201, 12)
    (row,) = alice.page(listed)["results"]
    assert row["rating"] == 0.5
    assert alice.states(path)["rated"] == {"value": 0.5}
    assert answered(alice, "DELETE", f"{path}/rating") == (200, 13)
    assert alice.states(path)["rated"] is False
    assert alice.page(listed)["total_results"] == 0


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, TOO_LOW), (-1, TOO_LOW), (None, TOO_LOW), (10.5, TOO_HIGH), (1000, TOO_HIGH), (7.3, NO_STEP)],
)
def test_a_bad_value_is_refused_before_the_title_is_looked_at(
    alice: Person, value: object, words: str
) -> None:
    for path in ("/movie/0", "/movie/550", "/tv/1/season/9/episode/9"):
        answer = alice.call("POST", f"{path}/rating", {"value": value})
        assert (answer.status_code, answer.json()["status_code"]) == (400, 18)
        assert answer.json()["status_message"] == words
    assert answered(alice, "POST", "/movie/0/rating", {"value": 8}) == (404, 34)


@pytest.mark.parametrize(("text", "stored"), [("2,5", 2.0), ("8.5", 8.5)])
def test_a_text_value_is_cut_at_the_comma(alice: Person, text: str, stored: float) -> None:
    assert answered(alice, "POST", "/movie/550/rating", {"value": text}) == (201, 1)
    assert alice.sim.ratings("alice") == {("movie", 550): stored}


def test_what_tmdb_does_not_know_is_404_code_34(alice: Person) -> None:
    body = {"media_type": "movie", "media_id": 999_999_999, "watchlist": True}
    assert answered(alice, "POST", "/account/1/watchlist", body) == (404, 34)
    for path in (
        "/movie/999999999",
        "/tv/1396/season/77",
        "/tv/1396/season/1/episode/99",
        "/nothing",
        "/movie/abc",
    ):
        assert answered(alice, "GET", path) == (404, 34)
    assert answered(alice, "PUT", "/movie/550/rating") == (405, 42)
    assert alice.client.get(f"{alice.served.web_url}/4/list/1").json()["status_code"] == 34


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"media_type": "person", "media_id": 1, "watchlist": True},
        {"media_type": "movie", "media_id": 550},
    ],
)
def test_a_body_without_the_needed_fields_is_422(alice: Person, body: dict[str, object]) -> None:
    assert answered(alice, "POST", "/account/1/watchlist", body) == (422, 5)


def test_a_body_that_is_not_json_is_422(alice: Person) -> None:
    url = f"{alice.served.api_url}/movie/550/rating"
    query = {"api_key": alice.sim.default_key.api_key, "session_id": alice.session}
    for content in (b"{", b"[1]", b'"x"'):
        assert alice.client.post(url, params=query, content=content).status_code == 422
    form = alice.client.post(url, params=query, data={"value": "6.5"})
    assert (form.status_code, alice.sim.ratings("alice")) == (201, {("movie", 550): 6.5})


def test_pages_hold_20_rows_in_the_order_of_adding_or_its_reverse(alice: Person) -> None:
    keys = alice.sim.catalogue.add_synthetic(movies=45)
    alice.sim.fill_watchlist("alice", keys)
    numbers = [key[1] for key in keys]
    first = alice.page()
    assert (first["page"], first["total_pages"], first["total_results"]) == (1, 3, 45)
    assert [alice.ids(page=page) for page in (1, 2, 3, 4)] == [numbers[:20], numbers[20:40], numbers[40:], []]
    assert alice.ids(sort_by="created_at.desc") == numbers[::-1][:20]
    alice.watch("movie", numbers[0])
    assert alice.ids()[0] == numbers[0]
    alice.watch("movie", numbers[0], on=False)
    alice.watch("movie", numbers[0])
    assert alice.ids(page=3)[-1] == numbers[0]


@pytest.mark.parametrize("page", ["0", "501", "-1", "x", "", "1.5"])
def test_a_page_outside_1_to_500_is_400_code_22(alice: Person, page: str) -> None:
    assert answered(alice, "GET", "/account/1/watchlist/movies", page=page) == (400, 22)
    assert answered(alice, "GET", "/search/movie", page=page, query="club") == (400, 22)


def test_one_number_is_two_titles(alice: Person) -> None:
    alice.watch("movie", 1668)
    assert alice.page("watchlist/tv")["results"] == []
    assert alice.states("/tv/1668")["watchlist"] is False
    assert alice.states("/movie/1668")["watchlist"] is True
    assert alice.get("/tv/1668").json()["name"] == "Friends"
    assert alice.get("/movie/1668").json()["title"] != "Friends"


def test_a_season_tells_all_its_ratings_at_once(alice: Person) -> None:
    alice.sim.fill_ratings("alice", [(("episode", 1396, 1, 3), 9.5)])
    rows = alice.states("/tv/1396/season/1")["results"]
    assert [row["rated"] for row in rows] == [False, False, {"value": 9.5}, False, False, False, False]
    (row,) = alice.page("rated/tv/episodes")["results"]
    assert (row["show_id"], row["season_number"], row["episode_number"]) == (1396, 1, 3)
    assert "Breaking" not in str(row)


def test_no_row_has_a_date_of_its_own(alice: Person) -> None:
    alice.sim.fill_watchlist("alice", FILMS)
    alice.sim.fill_ratings("alice", [(key, 8) for key in FILMS])
    for name in ("watchlist/movies", "rated/movies"):
        assert not any(
            "created" in field or "_at" in field for row in alice.page(name)["results"] for field in row
        )


def test_a_deleted_title_is_404_and_its_rows_vanish(alice: Person) -> None:
    alice.sim.fill_watchlist("alice", [*FILMS, ("tv", 1396)])
    alice.sim.fill_ratings("alice", [(("episode", 1396, 1, 1), 8)])
    alice.sim.delete_title(("movie", 550))
    alice.sim.delete_title(("tv", 1396))
    page = alice.page()
    assert 550 not in [row["id"] for row in page["results"]]
    assert (len(page["results"]), page["total_results"]) == (4, 5)
    assert (alice.ids("watchlist/tv"), alice.ids("rated/tv/episodes")) == ([], [])
    for path in (
        "/movie/550",
        "/movie/550/account_states",
        "/tv/1396/season/1",
        "/tv/1396/season/1/episode/1",
    ):
        assert alice.get(path).json()["status_code"] == 34
    found = alice.get("/find/tt0137523", external_source="imdb_id").json()
    assert (found["movie_results"], len(found["tv_results"])) == ([], 1)


def test_find_answers_in_several_arrays(alice: Person) -> None:
    film = alice.get("/find/tt0137523", external_source="imdb_id").json()
    assert ([row["id"] for row in film["movie_results"]], len(film["tv_results"])) == ([550], 1)
    shared = alice.get("/find/30272", external_source="tvdb_id").json()
    assert [row["season_number"] for row in shared["tv_season_results"]] == [1]
    assert [row["show_id"] for row in shared["tv_episode_results"]] == [4607]
    assert alice.get("/find/81189", external_source="tvdb_id").json()["tv_results"][0]["id"] == 1396
    assert not any(alice.get("/find/tt99", external_source="imdb_id").json().values())
    assert alice.get("/find/tt99", external_source="moon_id").status_code == 422


def test_search_finds_by_name_and_hides_adult_titles(alice: Person) -> None:
    assert alice.get("/search/movie", query="FIGHT club").json()["results"][0]["id"] == 550
    assert alice.get("/search/movie", query="leon the professional").json()["results"][0]["id"] == 101
    assert (
        alice.get("/search/tv", query="office", first_air_date_year="2006").json()["results"][0]["id"] == 2316
    )
    assert alice.get("/search/tv", query="office", first_air_date_year="1990").json()["total_results"] == 0
    assert alice.get("/search/movie", query="after the lights").json()["results"] == []
    shown = alice.get("/search/movie", query="after the lights", include_adult="true").json()["results"]
    assert [row["adult"] for row in shown] == [True]


def test_details_take_up_to_20_parts(alice: Person) -> None:
    alice.sim.fill_ratings("alice", [(("movie", 550), 9)])
    film = alice.get("/movie/550", append_to_response="external_ids,account_states,unknown").json()
    assert film["external_ids"]["imdb_id"] == "tt0137523"
    assert film["account_states"] == {"favorite": False, "rated": {"value": 9.0}, "watchlist": False}
    show = alice.get("/tv/1396", append_to_response="season/0,season/1,season/99").json()
    assert len(show["season/1"]["episodes"]) == 7
    assert show["season/0"]["name"] == "Specials"
    assert "season/99" not in show
    assert (
        "account_states"
        not in alice.get("/movie/550", append_to_response="account_states", session_id=None).json()
    )
    parts = ",".join(f"season/{n}" for n in range(21))
    assert answered(alice, "GET", "/tv/1396", append_to_response=parts) == (400, 27)


def test_public_answers_may_be_kept_and_account_answers_not(alice: Person) -> None:
    first = alice.get("/movie/550")
    assert first.headers["cache-control"] == "public, max-age=18000"
    url, query = f"{alice.served.api_url}/movie/550", {"api_key": alice.sim.default_key.api_key}
    again = alice.client.get(url, params=query, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for path in ("/account/1/watchlist/movies", "/movie/550/account_states"):
        assert "cache-control" not in alice.get(path).headers


def test_escapes_are_decoded_once_and_dots_resolved(alice: Person) -> None:
    assert alice.get("/movie/550%2F..%2F603").json()["title"] == "The Matrix"
    assert alice.get("/movie/550%252F..%252F603").json()["status_code"] == 34
    assert alice.get("/movie/550-fight-club").json()["id"] == 550


def test_unknown_query_and_body_fields_are_ignored(alice: Person) -> None:
    body = {"media_type": "movie", "media_id": 550, "watchlist": True, "when": "2020-01-01"}
    assert alice.call("POST", "/account/1/watchlist", body, colour="red").status_code == 201


def test_what_tmdb_cannot_hold_is_not_filled_in(alice: Person) -> None:
    fill = alice.sim.fill_ratings
    for key, value in (
        (("movie", 550), 7.3),
        (("movie", 550), 0),
        (("movie", 999_999_999), 7),
        (("show", 1396), 7),
    ):
        with pytest.raises(ValueError, match=r"points|catalogue|write"):
            fill("alice", [(key, value)])
    with pytest.raises(ValueError, match="episodes"):
        alice.sim.fill_watchlist("alice", [("episode", 1396, 1, 1)])
    with pytest.raises(KeyError):
        alice.sim.fill_watchlist("nobody", [("movie", 550)])
    assert (alice.sim.ratings("alice"), alice.sim.watchlist("alice")) == ({}, [])


def test_a_title_that_is_added_again_is_told_and_found_anew(alice: Person) -> None:
    alice.sim.fill_watchlist("alice", [("movie", 550)])
    assert alice.page()["results"][0]["title"] == "Fight Club"
    assert alice.get("/search/movie", query="fight club").json()["total_results"] == 1
    alice.sim.catalogue.add_movie(Movie(550, "The Soap Makers", "1999-10-15", "tt0137523"))
    assert alice.page()["results"][0]["title"] == "The Soap Makers"
    assert alice.get("/search/movie", query="soap").json()["results"][0]["id"] == 550
    assert alice.get("/search/movie", query="fight club").json()["total_results"] == 0


def test_own_lists_live_through_their_calls(alice: Person) -> None:
    made = alice.call("POST", "/list", {"name": "Best", "description": "", "language": "en"})
    assert (made.status_code, made.json()["status_code"]) == (201, 1)
    path = f"/list/{made.json()['list_id']}"
    assert answered(alice, "POST", f"{path}/add_item", {"media_id": 550}) == (201, 12)
    assert answered(alice, "POST", f"{path}/add_item", {"media_id": 550}) == (403, 8)
    assert answered(alice, "POST", f"{path}/add_item", {"media_id": 999_999_999}) == (404, 34)
    assert alice.get(f"{path}/item_status", movie_id=550).json()["item_present"] is True
    assert [row["id"] for row in alice.get(path, session_id=None).json()["items"]] == [550]
    assert alice.page("lists")["results"][0]["item_count"] == 1
    assert answered(alice, "POST", f"{path}/remove_item", {"media_id": 550}) == (200, 13)
    assert answered(alice, "POST", f"{path}/clear") == (400, 29)
    assert answered(alice, "POST", f"{path}/clear", confirm="true") == (201, 12)
    alice.sim.add_user("bob")
    other = alice.sim.add_session("bob")
    assert answered(alice, "DELETE", path, session_id=other) == (401, 38)
    assert answered(alice, "DELETE", path) == (200, 13)
    assert answered(alice, "GET", path) == (404, 34)


def test_posters_are_images_and_other_paths_are_not_found(alice: Person) -> None:
    row = alice.get("/movie/550").json()
    for name in ("poster_path", "backdrop_path"):
        answer = alice.client.get(f"{alice.served.image_url}/w92{row[name]}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert answer.content.startswith(b"\x89PNG")
    for path in ("/w92/nothing.jpg", "/wide" + row["poster_path"], "/w92/a_m999999999p.jpg"):
        assert alice.client.get(alice.served.image_url + path).status_code == 404
