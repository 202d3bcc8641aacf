"""The simulated TMDb as a process of its own, and the controls by which others move it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

from crosswatch.simulators.tmdb import DEMO_KEY
from tests.contract.simulated import Person


@contextmanager
def process(*options: str) -> Iterator[tuple[dict[str, str], subprocess.Popen[str]]]:
    command = [sys.executable, "-W", "error", "-m", "crosswatch.simulators.tmdb", "--print-urls", *options]
    environment = {name: value for name, value in os.environ.items() if name != "CROSSWATCH_TEST_DATA"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as running:
        try:
            assert running.stdout is not None
            yield json.loads(running.stdout.readline()), running
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(20)


def test_a_process_prints_its_addresses_serves_and_ends_on_a_signal(client: httpx2.Client) -> None:
    options = (
        "--user",
        "carol",
        "--user",
        "dave",
        "--watchlist",
        "25",
        "--ratings",
        "7",
        "--knob",
        "page_size=10",
    )
    with process(*options) as (urls, running):
        state = client.get(f"{urls['web_url']}/_simulator/state").json()
        assert [(user["username"], user["watchlist"], user["ratings"]) for user in state["users"]] == [
            ("carol", 25, 7),
            ("dave", 0, 0),
        ]
        token = client.get(
            f"{urls['api_url']}/authentication/token/new", params={"api_key": DEMO_KEY}
        ).json()["request_token"]
        control = f"{urls['web_url']}/_simulator/approve"
        assert client.post(control, json={"token": token, "user": "carol"}).status_code == 200
        made = client.post(
            f"{urls['api_url']}/authentication/session/new",
            params={"api_key": DEMO_KEY},
            json={"request_token": token},
        ).json()
        query = {"api_key": DEMO_KEY, "session_id": made["session_id"]}
        page = client.get(f"{urls['api_url']}/account/1/watchlist/movies", params=query).json()
        assert (len(page["results"]), page["total_pages"]) == (10, 3)
        poster = client.get(urls["image_url"] + "/w92" + page["results"][0]["poster_path"])
        assert poster.headers["content-type"] == "image/png"
        running.send_signal(signal.SIGTERM)
        _, errors = running.communicate(timeout=20)
    assert errors == ""


def test_options_that_make_no_sense_end_it_with_code_2() -> None:
    command = [sys.executable, "-m", "crosswatch.simulators.tmdb", "--knob"]
    for knob in ("no_such=1", "delay=fast", 'pending_code="x"'):
        assert subprocess.run([*command, knob], capture_output=True, check=False).returncode == 2


class Controls:
    """The control routes of a served simulator."""

    def __init__(self, person: Person) -> None:
        self._client, self._base = person.client, f"{person.served.web_url}/_simulator"

    def ask(self, verb: str, name: str, body: object = None, **query: str) -> Any:
        answer = self._client.request(verb, f"{self._base}/{name}", json=body, params=query)
        assert answer.status_code in {200, 422}, answer.text
        return answer.json()


def test_controls_turn_knobs(alice: Person) -> None:
    controls = Controls(alice)
    changed = controls.ask("PATCH", "knobs", {"delay": 0.5, "hidden_rows": [["movie", 550]]})
    assert (changed["delay"], changed["hidden_rows"]) == (0.5, [["movie", 550]])
    assert controls.ask("GET", "knobs") == changed
    faults = [{"kind": "status", "status": 503, "path": "/account$", "nth": [1]}]
    controls.ask("PATCH", "knobs", {"faults": faults})
    assert [alice.get("/account").status_code for _ in range(2)] == [503, 200]
    assert "error" in controls.ask("PATCH", "knobs", {"delay": "slow"})
    assert alice.sim.knobs.delay == 0.5


def test_controls_make_users_keys_and_lists(alice: Person) -> None:
    controls = Controls(alice)
    bob = controls.ask("POST", "users", {"username": "bob", "include_adult": True})["id"]
    assert alice.sim.user("bob").include_adult is True
    assert "error" in controls.ask("POST", "users", {"username": "bob"})
    body = {
        "user": "bob",
        "watchlist": [["movie", 550], ["tv", 1396]],
        "favorites": [["movie", 11]],
        "ratings": [[["episode", 1396, 1, 2], 8.5]],
        "synthetic": {"movies": 30, "to": "ratings"},
    }
    assert controls.ask("POST", "fill", body) == {"synthetic": 30}
    lists = controls.ask("GET", "lists", user="bob")
    assert lists["watchlist"] == [["movie", 550], ["tv", 1396]]
    assert lists["favorites"] == [["movie", 11]]
    assert len(lists["ratings"]) == 31
    assert lists["ratings"][-1] == [["episode", 1396, 1, 2], 8.5]
    key = controls.ask("POST", "keys", {"owner": "bob", "app_name": "Other"})
    assert alice.sim.keys[key["api_key"]].owner == bob
    controls.ask("POST", "suspend", {"api_key": key["api_key"]})
    assert alice.get("/account", api_key=key["api_key"]).json()["status_code"] == 10
    assert "error" in controls.ask("POST", "fill", {"user": "nobody"})
    assert "error" in controls.ask("POST", "fill", {"user": "bob", "watchlist": [["show", 1]]})


def test_controls_edit_titles_tokens_and_sessions(alice: Person) -> None:
    controls = Controls(alice)
    edit = {"user": "alice", "action": "rate", "key": ["movie", 550], "value": 7.5}
    assert controls.ask("POST", "edit", edit) == {"was_there": False}
    assert controls.ask("POST", "edit", edit) == {"was_there": True}
    controls.ask(
        "POST", "edit", {"user": "alice", "action": "add", "key": ["movie", 13], "after_list_reads": 1}
    )
    assert alice.ids() == []
    assert alice.ids() == [13]
    controls.ask("POST", "titles", {"key": ["movie", 13], "change": "hide"})
    assert (alice.ids(), alice.get("/movie/13").status_code) == ([], 200)
    controls.ask("POST", "titles", {"key": ["movie", 13], "change": "delete"})
    assert alice.get("/movie/13").status_code == 404
    token = alice.get("/authentication/token/new").json()["request_token"]
    controls.ask("POST", "deny", {"token": token})
    assert controls.ask("GET", "state")["tokens"] == {token: "denied"}
    assert "error" in controls.ask("POST", "approve", {"token": token, "user": "alice"})
    assert controls.ask("POST", "revoke", {"user": "alice"}) == {"ended": 1}
    assert alice.get("/account").status_code == 401


def test_controls_show_and_clear_the_log(alice: Person) -> None:
    controls = Controls(alice)
    alice.get("/account")
    alice.watch("movie", 550)
    (entry,) = controls.ask("GET", "log", method="POST", path="watchlist")["entries"]
    assert (entry["path"], entry["status"]) == ("/account/1/watchlist", 201)
    state = controls.ask("GET", "state")
    assert (state["requests"], state["counters"]["GET /account"], state["most_at_once"]) == (2, 1, 1)
    controls.ask("DELETE", "log")
    assert controls.ask("GET", "log")["entries"] == []
