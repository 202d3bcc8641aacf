"""Pairs over the API: made, changed, deleted; and everything that is refused, with its code."""

from dataclasses import replace
from typing import Any

import pytest

from tests.web.api_world import Api

WATCHLIST = {"enabled": True, "add": True, "remove": False, "remove_when_rated": False}
RATINGS = {"enabled": True, "add": True, "change": True, "remove": False, "conflict": "source"}


@pytest.fixture
def connected(api: Api) -> Api:
    api.connect()
    return api


def test_a_pair_from_its_making_to_its_end(connected: Api) -> None:
    api = connected
    answer = api.call("POST", "/pairs", {"source": "tmdb", "target": {"provider": "tracker"}})
    pair = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/pairs/{pair['id']}"
    assert {name: value for name, value in pair.items() if name != "made_at"} == {
        "id": "1",
        "name": "TMDb to CrossWatch",
        "source": {"provider": "tmdb", "instance": "default"},
        "target": {"provider": "tracker", "instance": "default"},
        "mode": "one-way",
        "enabled": True,
        "kinds": ["episode", "movie", "show"],
        "features": {"watchlist": WATCHLIST, "ratings": RATINGS},
        "schedule": None,
    }
    assert api.get("/pairs/1") == pair
    assert api.get("/pairs") == {"items": [pair], "total": 1, "next": None}

    changed = api.call(
        "PATCH",
        "/pairs/1",
        {
            "name": "Mine",
            "enabled": False,
            "kinds": ["movie", "movie"],
            "features": {"ratings": {"enabled": False}},
        },
    )
    assert changed.status_code == 200
    wanted = {"name": "Mine", "enabled": False, "kinds": ["movie"]}
    features = {"watchlist": WATCHLIST, "ratings": {**RATINGS, "enabled": False}}
    assert changed.json() == {**pair, **wanted, "features": features}
    assert api.get("/pairs/1") == changed.json()

    assert api.call("DELETE", "/pairs/1").json() == {"ok": True}
    assert api.refused("GET", "/pairs/1") == (404, "not_found")
    assert api.get("/pairs")["total"] == 0


def test_what_was_read_can_be_sent_back(connected: Api) -> None:
    pair = connected.pair()
    same = {name: value for name, value in pair.items() if name not in ("id", "made_at")}
    assert connected.call("PATCH", "/pairs/1", same).json() == pair


def test_only_the_lanes_that_are_named_are_switched_on(connected: Api) -> None:
    features = connected.pair(features={"watchlist": {"add": True}})["features"]
    assert (features["watchlist"]["enabled"], features["ratings"]["enabled"]) == (True, False)


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"target": "tmdb"}, 422, "same_account"),
        ({"target": {"provider": "tmdb", "instance": "default"}}, 422, "same_account"),
        ({"mode": "both"}, 422, "invalid_request"),
        ({"features": {"watchlist": {"remove_when_rated": True}}}, 422, "invalid_request"),
        ({"features": {"ratings": {"remove_when_rated": True}}}, 422, "invalid_request"),
        ({"mode": "two-way"}, 409, "pair_exists"),
        ({"source": "tracker", "target": "tmdb"}, 409, "pair_cycle"),
        ({"source": "tmdb/second"}, 409, "not_connected"),
        ({"source": "tmdb/a b"}, 404, "unknown_instance"),
        ({"source": "trakt"}, 404, "unknown_provider"),
        ({"features": {"watchlist": {"enabled": False}}}, 409, "nothing_to_sync"),
        ({"target": "tracker"}, 409, "pair_exists"),
        ({"target": "tracker/two", "name": "TMDB to crosswatch"}, 409, "name_taken"),
    ],
)
def test_pairs_that_cannot_be_made(connected: Api, more: dict[str, Any], status: int, code: str) -> None:
    connected.pair()
    body = {"source": "tmdb", "target": "tracker", **more}
    assert connected.refused("POST", "/pairs", body) == (status, code)
    assert connected.get("/pairs")["total"] == 1


@pytest.mark.parametrize("mode", ["one-way", "two-way"])
def test_both_sides_the_same_person_is_the_same_account(connected: Api, mode: str) -> None:
    connected.connect("alice", instance="second")
    answer = connected.call("POST", "/pairs", {"source": "tmdb", "target": "tmdb/second", "mode": mode})
    assert (answer.status_code, answer.json()["code"]) == (422, "same_account")
    assert "tmdb and tmdb/second are the same account (alice)." in answer.json()["error"]


def test_removing_is_switched_on_lane_by_lane(connected: Api) -> None:
    both = {"remove": True, "remove_when_rated": True}
    made = connected.pair(features={"watchlist": both, "ratings": {}})["features"]
    assert (made["watchlist"], made["ratings"]) == ({**WATCHLIST, **both}, RATINGS)
    ratings = {"features": {"ratings": {"remove": True}}}
    changed = connected.call("PATCH", "/pairs/1", ratings).json()["features"]
    assert (changed["watchlist"], changed["ratings"]) == ({**WATCHLIST, **both}, {**RATINGS, "remove": True})
    off = {"features": {"watchlist": {"remove": False}}}
    assert connected.refused("PATCH", "/pairs/1", off) == (422, "invalid_request")
    off["features"]["watchlist"]["remove_when_rated"] = False
    assert connected.call("PATCH", "/pairs/1", off).json()["features"]["watchlist"] == WATCHLIST


@pytest.mark.parametrize(("mode", "fits"), [("one-way", True), ("two-way", False)])
def test_removing_is_refused_where_a_written_side_cannot(
    connected: Api, monkeypatch: pytest.MonkeyPatch, mode: str, fits: bool
) -> None:
    """TMDb as it would be if nobody could take a rating back there."""
    provider = connected.house.providers["tmdb"]
    features = {name: replace(one, remove=False) for name, one in provider.manifest.features.items()}
    keeps = replace(provider.manifest, features=features)
    monkeypatch.setattr(type(provider), "manifest", property(lambda _: keeps))
    body = {"source": "tmdb", "target": "tracker", "mode": mode, "features": {"ratings": {"remove": True}}}
    answer = connected.call("POST", "/pairs", body)
    assert (answer.status_code, answer.json().get("code")) == (
        (201, None) if fits else (422, "cannot_remove")
    )
    if not fits:
        assert answer.json()["error"].startswith("TMDb does not let anybody remove ratings.")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, {"body.source", "body.target"}),
        ([], {"body"}),
        ("tmdb", {"body"}),
        ({"source": "tmdb", "target": "tracker", "nmae": "x"}, {"body.nmae"}),
        ({"source": "tmdb", "target": {"provider": "tracker", "name": "x"}}, {"body.target.name"}),
        ({"source": {"instance": "second"}, "target": "tracker"}, {"body.source.provider"}),
        ({"source": 1, "target": None}, {"body.source", "body.target"}),
        (
            {"source": "tmdb", "target": "tracker", "features": {"watchlist": {"conflict": "ask"}, "history": {}}},
            {"body.features.watchlist.conflict", "body.features.history"},
        ),
        ({"source": "tmdb", "target": "tracker", "features": {"ratings": {"conflict": "mine"}}},
         {"body.features.ratings.conflict"}),
        ({"source": "tmdb", "target": "tracker", "features": {"ratings": {"add": "yes"}}},
         {"body.features.ratings.add"}),
        ({"source": "tmdb", "target": "tracker", "kinds": ["movie", "season"]}, {"body.kinds.1"}),
        ({"source": "tmdb", "target": "tracker", "kinds": []}, {"body.kinds"}),
        ({"source": "tmdb", "target": "tracker", "schedule": "daily"}, {"body.schedule"}),
        ({"source": "tmdb", "target": "tracker", "name": "x" * 201}, {"body.name"}),
        ({"source": "tmdb", "target": "tracker", "name": "a\x00b"}, {"body.name"}),
        ({"source": "tmdb", "target": "tracker", "name": "\ud800"}, {"body.name"}),
        ({"source": "tmdb", "target": "tracker", "enabled": 1}, {"body.enabled"}),
    ],
)  # fmt: skip
def test_bodies_that_are_wrong_say_where(connected: Api, body: object, where: set[str]) -> None:
    answer = connected.call("POST", "/pairs", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert {one["where"] for one in answer.json()["errors"]} == where
    assert all(one["what"] for one in answer.json()["errors"])


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"source": "tmdb/second"}, 422, "sides_fixed"),
        ({"target": {"provider": "tmdb"}}, 422, "sides_fixed"),
        ({"mode": "two-way"}, 422, "mode_fixed"),
        ({"source": "tracker", "target": "tmdb"}, 422, "sides_fixed"),
        ({"features": {"watchlist": {"remove_when_rated": True}}}, 422, "invalid_request"),
        ({"name": "second"}, 409, "name_taken"),
        ({"id": "2"}, 422, "invalid_request"),
        (
            {"features": {"ratings": {"enabled": False}, "watchlist": {"enabled": False}}},
            409,
            "nothing_to_sync",
        ),
    ],
)
def test_changes_that_cannot_be(connected: Api, change: dict[str, Any], status: int, code: str) -> None:
    pair = connected.pair()
    connected.pair(target="tracker/two", name="Second")
    assert connected.refused("PATCH", f"/pairs/{pair['id']}", change) == (status, code)
    assert connected.get(f"/pairs/{pair['id']}") == pair


def test_pairs_that_are_not_there(connected: Api) -> None:
    connected.pair()
    for pair_id in ("2", "0", "-1", "x", "1.0", "²", "9" * 30, "1" * 5000):
        for method, tail, body in (
            ("GET", "", None),
            ("PATCH", "", {"name": "x"}),
            ("DELETE", "", None),
            ("POST", "/run", None),
        ):
            assert connected.refused(method, f"/pairs/{pair_id}{tail}", body) == (404, "not_found")


def test_a_pair_without_a_connection_is_not_made(api: Api) -> None:
    assert api.refused("POST", "/pairs", {"source": "tmdb", "target": "tracker"}) == (409, "not_connected")


def test_pages_of_pairs(connected: Api) -> None:
    made = [connected.pair(target=f"tracker/{name}")["id"] for name in ("a", "b", "c", "d", "e")]
    first = connected.get("/pairs", limit="2")
    second = connected.get("/pairs", limit="2", cursor=first["next"])
    last = connected.get("/pairs", limit="2", cursor=second["next"])
    assert [pair["id"] for page in (first, second, last) for pair in page["items"]] == made
    assert (first["total"], last["next"]) == (5, None)


def test_pages_that_cannot_be_asked_for(api: Api) -> None:
    for path in ("/pairs", "/runs", "/providers"):
        for name, value in (
            ("limit", "0"),
            ("limit", "501"),
            ("limit", "x"),
            ("cursor", "x"),
            ("cursor", "9" * 40),
        ):
            answer = api.call("GET", path, query={name: value})
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
            assert [one["where"] for one in answer.json()["errors"]] == [f"query.{name}"]
