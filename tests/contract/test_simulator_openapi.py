"""The simulated TMDb's answers have every key that the examples of TMDb's own OpenAPI document have."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest

from crosswatch.simulators.tmdb import Key
from tests.contract.simulated import Person, data_root

NOT_TOLD = {"belongs_to_collection", "networks", "created_by", "crew", "guest_stars", "production_companies"}
"""Parts of details that the simulator leaves empty: people, companies, collections."""

READS = {
    "/authentication": "/authentication",
    "/authentication/token/new": "/authentication/token/new",
    "/authentication/guest_session/new": "/authentication/guest_session/new",
    "/account/{account_id}": "/account/1",
    "/account/{account_id}/watchlist/movies": "/account/1/watchlist/movies",
    "/account/{account_id}/watchlist/tv": "/account/1/watchlist/tv",
    "/account/{account_id}/favorite/movies": "/account/1/favorite/movies",
    "/account/{account_id}/favorite/tv": "/account/1/favorite/tv",
    "/account/{account_id}/rated/movies": "/account/1/rated/movies",
    "/account/{account_id}/rated/tv": "/account/1/rated/tv",
    "/account/{account_id}/rated/tv/episodes": "/account/1/rated/tv/episodes",
    "/account/{account_id}/lists": "/account/1/lists",
    "/movie/{movie_id}": "/movie/550",
    "/movie/{movie_id}/account_states": "/movie/550/account_states",
    "/movie/{movie_id}/external_ids": "/movie/550/external_ids",
    "/tv/{series_id}": "/tv/1396",
    "/tv/{series_id}/account_states": "/tv/1396/account_states",
    "/tv/{series_id}/external_ids": "/tv/1396/external_ids",
    "/tv/{series_id}/season/{season_number}": "/tv/1396/season/1",
    "/tv/{series_id}/season/{season_number}/account_states": "/tv/1396/season/1/account_states",
    "/tv/{series_id}/season/{season_number}/external_ids": "/tv/1396/season/1/external_ids",
    "/tv/{series_id}/season/{season_number}/episode/{episode_number}": "/tv/1396/season/1/episode/1",
    "/tv/{series_id}/season/{season_number}/episode/{episode_number}/account_states": (
        "/tv/1396/season/1/episode/1/account_states"
    ),
    "/tv/{series_id}/season/{season_number}/episode/{episode_number}/external_ids": (
        "/tv/1396/season/1/episode/1/external_ids"
    ),
    "/find/{external_id}": "/find/tt0137523?external_source=imdb_id",
    "/search/movie": "/search/movie?query=fight+club",
    "/search/tv": "/search/tv?query=breaking+bad",
    "/configuration": "/configuration",
    "/list/{list_id}": "/list/8300001",
    "/list/{list_id}/item_status": "/list/8300001/item_status?movie_id=550",
}

WRITES: dict[tuple[str, str], tuple[str, object]] = {
    ("post", "/account/{account_id}/watchlist"): (
        "/account/1/watchlist",
        {"media_type": "movie", "media_id": 11, "watchlist": True},
    ),
    ("post", "/account/{account_id}/favorite"): (
        "/account/1/favorite",
        {"media_type": "tv", "media_id": 1668, "favorite": True},
    ),
    ("post", "/movie/{movie_id}/rating"): ("/movie/11/rating", {"value": 8.5}),
    ("delete", "/movie/{movie_id}/rating"): ("/movie/11/rating", None),
    ("post", "/tv/{series_id}/rating"): ("/tv/1668/rating", {"value": 8.5}),
    ("delete", "/tv/{series_id}/rating"): ("/tv/1668/rating", None),
    ("post", "/tv/{series_id}/season/{season_number}/episode/{episode_number}/rating"): (
        "/tv/1396/season/1/episode/2/rating",
        {"value": 8.5},
    ),
    ("delete", "/tv/{series_id}/season/{season_number}/episode/{episode_number}/rating"): (
        "/tv/1396/season/1/episode/2/rating",
        None,
    ),
    ("post", "/list"): ("/list", {"name": "Second"}),
    ("post", "/list/{list_id}/add_item"): ("/list/8300001/add_item", {"media_id": 11}),
    ("post", "/list/{list_id}/remove_item"): ("/list/8300001/remove_item", {"media_id": 11}),
    ("post", "/list/{list_id}/clear"): ("/list/8300001/clear?confirm=true", None),
    ("delete", "/list/{list_id}"): ("/list/8300001", None),
}


@functools.cache
def document() -> dict[str, Any]:
    text = (data_root() / "contracts" / "tmdb.openapi.json").read_text(encoding="utf-8")
    value: dict[str, Any] = json.loads(text)
    return value


def example(method: str, path: str) -> Any:
    """The example answer of one operation; the document keeps it as JSON in a string."""
    content = document()["paths"][f"/3{path}"][method]["responses"]["200"]["content"]["application/json"]
    value = next(iter(content["examples"].values()))["value"]
    return json.loads(value) if isinstance(value, str) else value


def missing(wanted: Any, got: Any, place: str = "") -> list[str]:
    """The keys of the example that the answer lacks, with their place; of lists the first rows are compared."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        lacking = [f"{place}.{key}" for key in wanted if key not in got]
        return lacking + [
            each
            for key in wanted
            if key in got and key not in NOT_TOLD
            for each in missing(wanted[key], got[key], f"{place}.{key}")
        ]
    if isinstance(wanted, list) and wanted:
        if not isinstance(got, list):
            return [f"{place} is no list"]
        return missing(wanted[0], got[0], f"{place}[0]") if got else [f"{place} is empty"]
    return []


@pytest.fixture
def owner(alice: Person) -> Person:
    """Somebody with something in every list."""
    sim = alice.sim
    sim.fill_watchlist("alice", [("movie", 550), ("tv", 1396)])
    sim.fill_favorites("alice", [("movie", 550), ("tv", 1396)])
    ratings: list[tuple[Key, float]] = [
        (("movie", 550), 9.0),
        (("tv", 1396), 9.5),
        (("episode", 1396, 1, 1), 8.0),
    ]
    sim.fill_ratings("alice", ratings)
    number = alice.call("POST", "/list", {"name": "First"}).json()["list_id"]
    assert number == 8_300_001
    alice.call("POST", f"/list/{number}/add_item", {"media_id": 550})
    return alice


@pytest.mark.parametrize("path", READS)
def test_a_read_has_the_keys_of_the_example(owner: Person, path: str) -> None:
    address, _, query = READS[path].partition("?")
    pairs = dict(pair.split("=") for pair in query.replace("+", " ").split("&") if pair)
    answer = owner.get(address, **pairs)
    assert answer.status_code == 200, answer.text
    lacking = [
        place
        for place in missing(example("get", path), answer.json())
        if not any(part in place for part in NOT_TOLD) and "change_keys" not in place
    ]
    assert lacking == []


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_write_has_the_keys_of_the_example(owner: Person, method: str, path: str) -> None:
    address, body = WRITES[method, path]
    address, _, query = address.partition("?")
    answer = owner.call(
        method.upper(), address, body, **dict(pair.split("=") for pair in query.split("&") if pair)
    )
    assert answer.status_code in {200, 201}, answer.text
    assert missing(example(method, path), answer.json()) == []


def test_the_sessions_have_the_keys_of_the_examples(owner: Person) -> None:
    token = owner.get("/authentication/token/new").json()["request_token"]
    owner.sim.approve(token, "alice")
    made = owner.call("POST", "/authentication/session/new", {"request_token": token})
    assert missing(example("post", "/authentication/session/new"), made.json()) == []
    ended = owner.call("DELETE", "/authentication/session", {"session_id": made.json()["session_id"]})
    assert missing(example("delete", "/authentication/session"), ended.json()) == []


def test_a_lacking_key_would_be_seen() -> None:
    wanted = {"a": {"b": 1}, "rows": [{"c": 1}]}
    assert missing(wanted, {"a": {}, "rows": [{"d": 1}]}) == [".a.b", ".rows[0].c"]
    assert missing(wanted, {"rows": []}) == [".a", ".rows is empty"]
