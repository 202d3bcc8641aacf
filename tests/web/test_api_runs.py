"""Runs over the API: begun, followed to their result, with real figures; cancelled; in pages; never two at once."""

from datetime import datetime
from typing import Any

import pytest

from tests.web.api_world import Api


@pytest.fixture
def filled(api: Api) -> Api:
    """Seven films on the watchlist, three of them rated, and a pair."""
    api.connect()
    films = api.movies(7)
    api.sim.fill_watchlist("alice", films)
    api.sim.fill_ratings("alice", [(films[0], 0.5), (films[1], 8.5), (films[2], 10)])
    api.pair()
    return api


def test_a_run_with_real_figures(filled: Api) -> None:
    api = filled
    before = api.asked("/account")
    begun = api.call("POST", "/pairs/1/run")
    assert (begun.status_code, begun.json()) == (202, {"run_id": "1"})
    run = api.ended("1")
    assert (run["id"], run["pair_id"], run["kind"], run["status"]) == ("1", "1", "sync", "succeeded")
    assert (run["phase"], run["waiting_for"], run["code"], run["error"]) == ("", "", "", "")
    assert (run["trigger"], run["plan_id"], run["attention"]) == ("api", None, 0)
    started, finished = (datetime.fromisoformat(run[name]) for name in ("started_at", "finished_at"))
    assert started <= finished
    assert run["finished_at"].endswith("Z")
    assert run["requests"] == api.asked("/account") - before
    lanes = run["lanes"]
    assert {name: (lane["read"], lane["added"]) for name, lane in lanes.items()} == {
        "watchlist": ({"source": 7, "target": 0}, 7),
        "ratings": ({"source": 3, "target": 0}, 3),
    }
    assert lanes["watchlist"]["to"] == {
        "source": {"added": 0, "changed": 0, "removed": 0},
        "target": {"added": 7, "changed": 0, "removed": 0},
    }
    assert api.get("/runs") == {"items": [run], "total": 1, "next": None}

    again = api.ended(api.post("/pairs/1/run")["run_id"])
    assert [lane["added"] for lane in again["lanes"].values()] == [0, 0]
    assert again["status"] == "succeeded"


def test_the_items_of_a_run_in_pages(filled: Api) -> None:
    api = filled
    run = api.post("/pairs/1/run")["run_id"]
    api.ended(run)
    items: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get(f"/runs/{run}/items", limit="5", **cursor)
        assert page["total"] == 10
        items += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert [item["seq"] for item in items] == list(range(1, 11))
    assert {(item["side"], item["action"], item["outcome"], item["before"]) for item in items} == {
        ("target", "add", "applied", None)
    }
    films = {f"{key[1]}": title.name for key in api.sim.watchlist("alice") if (title := api.sim.title(key))}
    assert {item["ids"]["tmdb"]: item["title"]["name"] for item in items} == films
    rated = {item["ids"]["tmdb"]: item["after"] for item in items if item["feature"] == "ratings"}
    assert rated == {str(key[1]): points for key, points in api.sim.ratings("alice").items()}
    assert {item["after"] for item in items if item["feature"] == "watchlist"} == {True}


def test_a_page_that_ends_where_the_list_ends_is_the_last(filled: Api) -> None:
    run = filled.post("/pairs/1/run")["run_id"]
    filled.ended(run)
    assert filled.get(f"/runs/{run}/items", limit="10")["next"] is None
    assert filled.get("/runs", limit="1")["next"] is None
    filled.ended(filled.post("/pairs/1/run")["run_id"])
    first = filled.get("/runs", limit="1")
    assert [run["id"] for run in first["items"]] == ["2"]
    last = filled.get("/runs", limit="1", cursor=first["next"])
    assert ([run["id"] for run in last["items"]], last["next"], last["total"]) == (["1"], None, 2)


def test_one_run_at_a_time_and_cancel(filled: Api) -> None:
    api = filled
    api.fault(kind="hang", path="watchlist", seconds=15)
    run = api.post("/pairs/1/run")["run_id"]
    busy = api.call("POST", "/pairs/1/run")
    assert (busy.status_code, busy.json()["code"], busy.json()["run_id"]) == (409, "already_running", run)
    assert api.post("/run") == {"runs": [], "busy": [{"pair_id": "1", "run_id": run}]}
    assert api.refused("DELETE", "/pairs/1") == (409, "already_running")
    assert [one["id"] for one in api.get("/status")["running"]] == [run]
    assert api.get(f"/runs/{run}")["status"] == "running"
    api.post(f"/runs/{run}/cancel")
    ended = api.ended(run)
    assert (ended["status"], ended["code"]) == ("cancelled", "cancelled")
    assert ended["error"]
    api.sim.knobs.faults = []
    assert api.post(f"/runs/{run}/cancel")["status"] == "cancelled"
    assert api.ended(api.post("/pairs/1/run")["run_id"])["status"] == "succeeded"


def test_every_pair_that_is_switched_on_is_run(filled: Api) -> None:
    second = filled.pair(target="tracker/two")["id"]
    filled.pair(target="tracker/three", enabled=False)
    started = filled.post("/run")
    assert started["busy"] == []
    assert [run["pair_id"] for run in started["runs"]] == ["1", second]
    assert {filled.ended(run["run_id"])["status"] for run in started["runs"]} == {"succeeded"}


def test_there_is_nothing_to_run(api: Api) -> None:
    assert api.refused("POST", "/run") == (409, "no_pairs")


def test_a_pair_that_is_switched_off_is_not_run(filled: Api) -> None:
    filled.call("PATCH", "/pairs/1", {"enabled": False})
    assert filled.refused("POST", "/pairs/1/run") == (409, "pair_disabled")


def test_a_run_of_a_disconnected_account_says_so(filled: Api) -> None:
    filled.post("/tmdb_sync/disconnect")
    run = filled.ended(filled.post("/pairs/1/run")["run_id"])
    assert (run["status"], run["code"]) == ("failed", "not_connected")
    assert "TMDb is not connected" in run["error"]


def test_a_run_that_cannot_reach_tmdb_fails_with_a_sentence(filled: Api) -> None:
    filled.fault(kind="html")
    run = filled.ended(filled.post("/pairs/1/run")["run_id"])
    assert (run["status"], run["code"]) == ("failed", "blocked")
    assert run["error"]


def test_runs_that_are_not_there(api: Api) -> None:
    for run_id in ("1", "0", "x", "9" * 30):
        for tail in ("", "/items", "/events"):
            assert api.refused("GET", f"/runs/{run_id}{tail}") == (404, "not_found")
        assert api.refused("POST", f"/runs/{run_id}/cancel") == (404, "not_found")


def test_what_is_not_built_is_not_there(filled: Api) -> None:
    for path in ("/runs/1/undo", "/titles", "/imports", "/exports"):
        assert filled.refused("GET", path) == (404, "not_found")
        assert filled.refused("POST", path) == (404, "not_found")
