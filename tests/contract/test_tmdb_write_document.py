"""Every call that writes, against TMDb's own OpenAPI document: path, method, query, header and body."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from crosswatch.model.kinds import Feature
from crosswatch.model.writes import Done, Write
from tests.contract.tmdb_world import SHARED, parameters
from tests.contract.tmdb_writes import (
    add,
    body,
    change,
    episode,
    movie,
    quiet_and_watched,
    remove,
    says,
    scripted,
    show,
)

DOCUMENT: dict[str, Any] = json.loads((SHARED / "contracts" / "tmdb.openapi.json").read_text())["paths"]

WATCHLIST = "/3/account/{account_id}/watchlist"
MOVIE, SHOW = "/3/movie/{movie_id}/rating", "/3/tv/{series_id}/rating"
EPISODE = "/3/tv/{series_id}/season/{season_number}/episode/{episode_number}/rating"

CALLS: list[tuple[Feature, Write, str, str, str, Any]] = [
    (
        Feature.WATCHLIST,
        add(movie(11)),
        "post",
        WATCHLIST,
        "/3/account/7/watchlist",
        {"media_type": "movie", "media_id": 11, "watchlist": True},
    ),
    (
        Feature.WATCHLIST,
        remove(show(11)),
        "post",
        WATCHLIST,
        "/3/account/7/watchlist",
        {"media_type": "tv", "media_id": 11, "watchlist": False},
    ),
    (Feature.RATINGS, add(movie(11), 850), "post", MOVIE, "/3/movie/11/rating", {"value": 8.5}),
    (Feature.RATINGS, change(show(11), 50, 1000), "post", SHOW, "/3/tv/11/rating", {"value": 10.0}),
    (
        Feature.RATINGS,
        add(episode(11, 0, 3), 50),
        "post",
        EPISODE,
        "/3/tv/11/season/0/episode/3/rating",
        {"value": 0.5},
    ),
    (Feature.RATINGS, remove(movie(11), 850), "delete", MOVIE, "/3/movie/11/rating", None),
    (Feature.RATINGS, remove(show(11), 850), "delete", SHOW, "/3/tv/11/rating", None),
    (
        Feature.RATINGS,
        remove(episode(11, 4, 0), 850),
        "delete",
        EPISODE,
        "/3/tv/11/season/4/episode/0/rating",
        None,
    ),
]


@pytest.fixture(autouse=True)
def _watched(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with quiet_and_watched(caplog):
        yield


def example(operation: dict[str, Any]) -> Any:
    """The document's example answer, which it keeps as JSON in a string."""
    examples = operation["responses"]["200"]["content"]["application/json"]["examples"]
    return json.loads(next(iter(examples.values()))["value"])


@pytest.mark.parametrize(("feature", "write", "method", "template", "path", "sent"), CALLS)
def test_a_write_is_the_call_that_the_document_describes(
    feature: Feature, write: Write, method: str, template: str, path: str, sent: Any
) -> None:
    operation = DOCUMENT[template][method]
    tmdb = scripted(says(200, example(operation)))
    outcome = tmdb.one(feature, write)
    assert outcome.done is Done.APPLIED

    (request,) = tmdb.requests
    assert (request.method, request.url.path) == (method.upper(), path)
    assert re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
    assert set(request.url.params) == {"api_key", "session_id"}
    assert "session_id" in parameters(request.method, path)
    if sent is None:
        assert "requestBody" not in operation
        assert request.content == b""
        return
    assert request.headers["content-type"] == "application/json;charset=utf-8"
    described = operation["requestBody"]["content"]["application/json"]["examples"]["Request Example"]
    shown = described["value"]
    shown = json.loads(shown) if isinstance(shown, str) else shown
    assert body(request) == sent
    assert {name: type(value) for name, value in body(request).items()} == {
        name: type(value) for name, value in shown.items()
    }


def test_every_write_of_ratings_and_watchlist_in_the_document_is_among_them() -> None:
    described = {
        (method, template)
        for template, operations in DOCUMENT.items()
        for method in operations
        if template.endswith(("/watchlist", "/rating")) and method != "get"
    }
    assert described == {(method, template) for _, _, method, template, _, _ in CALLS}


@pytest.mark.parametrize("points", range(1, 21))
def test_each_of_the_20_ratings_is_sent_as_the_number_that_it_is(points: int) -> None:
    tmdb = scripted(httpx2.Response(201, json={"status_code": 1}))
    tmdb.one(Feature.RATINGS, add(movie(11), points * 50))
    (request,) = tmdb.requests
    text = request.content.decode()
    assert re.fullmatch(r'\{"value": \d{1,2}\.[05]\}', text)
    assert text == f'{{"value": {points // 2}.{points % 2 * 5}}}'
