"""Every status code that the simulated TMDb gives is TMDb's, with TMDb's HTTP status and words."""

from __future__ import annotations

import json
import re

import httpx2
import pytest

from crosswatch.simulators.tmdb import Fault
from crosswatch.simulators.tmdb.answers import CODES
from crosswatch.simulators.tmdb.calls.ratings import NO_STEP, TOO_HIGH, TOO_LOW
from crosswatch.simulators.tmdb.knobs import turn
from tests.contract.simulated import Person, data_root

OTHER_STATUS = {(1, 201)}
"""First writes answer 201 with code 1, whose row in the table says 200 (seen live by others)."""

OTHER_WORDS = {18: {TOO_LOW, TOO_HIGH, NO_STEP}, 1: {"The item/record was created successfully."}}


def table() -> dict[int, tuple[int, str]]:
    text = (data_root() / "contracts" / "tmdb_status_codes.json").read_text(encoding="utf-8")
    return {number: (status, words) for number, status, words in json.loads(text)["codes"]}


def test_the_table_of_the_simulator_is_tmdbs() -> None:
    known = table()
    assert {number: known[number] for number in CODES} == CODES


def provoked(alice: Person) -> list[httpx2.Response]:
    """One answer of every sort that the API gives."""
    sim = alice.sim
    other = sim.add_key()
    sim.suspend_key(other.api_key)
    sim.add_user("bob")
    made = alice.call("POST", "/list", {"name": "Mine"})
    path = f"/list/{made.json()['list_id']}"
    watch = {"media_type": "movie", "media_id": 550, "watchlist": True}
    answers = [
        made,
        alice.get("/authentication"),
        alice.get("/authentication", api_key="0" * 32),
        alice.get("/authentication", api_key=other.api_key),
        alice.get("/account", session_id="0"),
        alice.call("POST", "/account/1/watchlist", watch),
        alice.call("POST", "/account/1/watchlist", watch),
        alice.call("POST", "/account/1/watchlist", {}),
        alice.watch("movie", 550, on=False),
        *[alice.call("POST", "/movie/550/rating", {"value": value}) for value in (0, 11, 0.7, 8, 8)],
        alice.call("DELETE", "/movie/550/rating"),
        alice.get("/movie/999999999"),
        alice.get("/tv/1396", append_to_response=",".join("x" * 21)),
        alice.call("PATCH", "/movie/550"),
        alice.get("/search/movie", query="x", page=501),
        alice.call("POST", f"{path}/add_item", {"media_id": 550}),
        alice.call("POST", f"{path}/add_item", {"media_id": 550}),
        alice.call("POST", f"{path}/clear"),
        alice.call("DELETE", path, session_id=sim.add_session("bob")),
        alice.call("POST", "/authentication/token/validate_with_login", {}),
        alice.call("POST", "/authentication/token/validate_with_login", {"username": "a", "password": "b"}),
        alice.call("POST", "/authentication/session/new", {"request_token": "0"}),
    ]
    for number in (17, 33):
        turn(sim.knobs, {"pending_code": number})
        token = alice.get("/authentication/token/new").json()["request_token"]
        answers.append(alice.call("POST", "/authentication/session/new", {"request_token": token}))
    for status in (500, 502, 503, 504):
        sim.knobs.faults = [Fault("status", status=status)]
        answers.append(alice.get("/account"))
    turn(sim.knobs, {"faults": [], "maintenance": True})
    answers.append(alice.get("/account"))
    turn(sim.knobs, {"maintenance": False, "rate_limit": 0})
    answers.append(alice.get("/account"))
    return answers


def test_every_answer_has_the_status_and_the_words_of_its_code(alice: Person) -> None:
    known, seen = table(), set()
    for answer in provoked(alice):
        value = answer.json()
        number, words = value["status_code"], value["status_message"]
        status, wanted = known[number]
        seen.add(number)
        assert value["success"] is (answer.status_code < 300)
        assert answer.status_code == status or (number, answer.status_code) in OTHER_STATUS, value
        if words not in OTHER_WORDS.get(number, set()):
            plain = re.sub(r"\((\d+|#)\)", "()", words)
            assert plain == re.sub(r"\((\d+|#)\)", "()", wanted)
    assert seen == set(CODES)


@pytest.mark.parametrize("path", ["/account", "/movie/550", "/account/1/watchlist/movies"])
def test_the_key_is_asked_for_before_anything_else(alice: Person, path: str) -> None:
    answer = alice.get(path, api_key=None, page="x", session_id=None)
    assert answer.json()["status_code"] == 7
