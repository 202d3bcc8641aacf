"""The faults that the simulated TMDb can be told to have."""

from __future__ import annotations

import json
import threading

import httpx2
import pytest

from crosswatch.simulators.tmdb import Fault, Simulator, run_simulator
from tests.contract.simulated import Person

LIST = "watchlist/movies"


def fill(person: Person, count: int = 45) -> list[int]:
    keys = person.sim.catalogue.add_synthetic(movies=count)
    person.sim.fill_watchlist("alice", keys)
    return [key[1] for key in keys]


@pytest.mark.parametrize(("status", "number"), [(500, 11), (502, 43), (503, 9), (504, 24)])
def test_an_error_before_the_effect_changes_nothing_and_one_after_it_does(
    alice: Person, status: int, number: int
) -> None:
    alice.sim.knobs.faults = [Fault("status", method="POST", status=status)]
    answer = alice.watch("movie", 550)
    assert (answer.status_code, answer.json()["status_code"]) == (status, number)
    assert alice.sim.watchlist("alice") == []
    alice.sim.knobs.faults = [Fault("status", method="POST", status=status, when="after")]
    assert alice.watch("movie", 550).status_code == status
    assert alice.sim.watchlist("alice") == [("movie", 550)]


def test_a_rule_meets_the_nth_calls_of_its_path_only(alice: Person) -> None:
    alice.sim.knobs.faults = [Fault("status", path=r"^/movie/\d+$", nth=(2, 3), status=503)]
    alice.get("/account")
    assert [alice.get("/movie/550").status_code for _ in range(4)] == [200, 503, 503, 200]
    alice.sim.knobs.faults = [Fault("status", query="page=2", status=503)]
    assert [alice.get(f"/account/1/{LIST}", page=page).status_code for page in (1, 2, 3)] == [200, 503, 200]


def test_a_rule_by_chance_comes_out_the_same_with_the_same_seed(alice: Person) -> None:
    def struck(seed: int) -> list[int]:
        alice.sim.knobs.faults = [Fault("status", probability=0.4, seed=seed)]
        return [alice.get("/configuration").status_code for _ in range(30)]

    first, again, other = struck(1), struck(1), struck(2)
    assert first == again != other
    assert 3 < first.count(500) < 25


def test_a_rule_may_end_after_some_times(alice: Person) -> None:
    alice.sim.knobs.faults = [Fault("status", times=2), Fault("html", times=1)]
    answers = [alice.get("/configuration") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [500, 500, 200, 200]
    assert [answer.headers["content-type"][:9] for answer in answers[2:]] == ["text/html", "applicati"]


@pytest.mark.parametrize(
    ("kind", "status"), [("html", 200), ("empty_body", 200), ("redirect", 302), ("rate_limited", 429)]
)
def test_answers_that_are_not_tmdbs(alice: Person, kind: str, status: int) -> None:
    alice.sim.knobs.faults = [Fault(kind, when="after")]  # type: ignore[arg-type]
    answer = alice.watch("movie", 550)
    assert answer.status_code == status
    if kind == "redirect":
        assert answer.headers["location"] == "http://elsewhere.invalid/"
    elif kind != "rate_limited":
        with pytest.raises(ValueError, match="Expecting value"):
            json.loads(answer.text)
    assert alice.sim.watchlist("alice") == [("movie", 550)]


def test_json_may_be_cut_or_of_another_shape(alice: Person) -> None:
    good = alice.get("/configuration").content
    alice.sim.knobs.faults = [Fault("truncated")]
    assert alice.get("/configuration").content == good[: len(good) // 2]
    alice.sim.knobs.faults = [Fault("wrong_shape")]
    assert alice.get("/configuration").json() == [json.loads(good)]


@pytest.mark.parametrize(("when", "kept"), [("before", []), ("after", [("movie", 550)])])
def test_the_connection_may_break_before_or_after_the_effect(
    alice: Person, when: str, kept: list[object]
) -> None:
    alice.sim.knobs.faults = [Fault("reset", when=when)]  # type: ignore[arg-type]
    with pytest.raises(httpx2.TransportError):
        alice.watch("movie", 550)
    assert alice.sim.watchlist("alice") == kept
    assert alice.sim.traffic.entries("POST")[-1].status == 0
    alice.sim.knobs.faults = []
    assert alice.watch("movie", 13).status_code == 201


@pytest.mark.parametrize(("when", "kept"), [("before", 0), ("after", 1)])
def test_a_hanging_call_has_its_effect_late_or_at_once(when: str, kept: int) -> None:
    sim = Simulator()
    sim.add_user("alice")
    sim.knobs.faults = [Fault("hang", method="POST", when=when, seconds=3600)]  # type: ignore[arg-type]
    arrived = threading.Event()

    async def hang(_: float) -> None:
        import asyncio

        arrived.set()
        await asyncio.Event().wait()

    sim.sleep = hang
    failed: list[type[Exception]] = []
    with run_simulator(sim) as served, httpx2.Client(trust_env=False, timeout=60) as client:
        person = Person(sim, served, client, sim.add_session("alice"))

        def ask() -> None:
            try:
                person.watch("movie", 550)
            except httpx2.TransportError as broken:
                failed.append(type(broken))

        asking = threading.Thread(target=ask)
        asking.start()
        assert arrived.wait(20)
        assert len(sim.watchlist("alice")) == kept
        assert (sim.traffic.at_once, sim.traffic.most_at_once) == (1, 1)
    asking.join(20)
    assert len(failed) == 1
    assert sim.traffic.at_once == 0


def test_pages_that_lie(alice: Person) -> None:
    numbers = fill(alice)

    def second(kind: str) -> dict[str, object]:
        alice.sim.knobs.faults = [Fault(kind, query="page=2")]  # type: ignore[arg-type]
        alice.ids(page=1)
        return alice.page(page=2)

    empty = second("empty_page")
    assert (empty["results"], empty["total_results"], empty["page"]) == ([], 45, 2)
    assert second("wrong_page")["page"] == 3
    assert "results" not in second("no_results")
    for kind, wanted in (
        ("missing_rows", numbers[20:40:2]),
        ("duplicate_row", [numbers[19], *numbers[20:40]]),
        ("replaced_row", [numbers[19], *numbers[21:40]]),
    ):
        rows = second(kind)["results"]
        assert isinstance(rows, list)
        assert [row["id"] for row in rows] == wanted


def test_the_log_tells_what_came_without_its_secrets(alice: Person) -> None:
    alice.watch("movie", 550)
    alice.get(f"/account/1/{LIST}", page=1)
    alice.get("/movie/550/account_states")
    alice.get("/nothing")
    write, read, *_ = alice.sim.traffic.log
    assert (write.method, write.path, write.status) == ("POST", "/account/1/watchlist", 201)
    assert json.loads(write.body) == {"media_type": "movie", "media_id": 550, "watchlist": True}
    assert (set(read.query), read.page) == ({"api_key", "session_id", "page"}, "1")
    assert alice.session not in str(alice.sim.traffic.log)
    assert alice.sim.traffic.counters == {
        "POST /account/{word:account}/watchlist": 1,
        "GET /account/{word:account}/watchlist/movies": 1,
        "GET /movie/{movie}/account_states": 1,
        "GET ?": 1,
    }
    assert [entry.path for entry in alice.sim.traffic.entries("GET", "states")] == [
        "/movie/550/account_states"
    ]
    alice.sim.traffic.reset()
    assert (list(alice.sim.traffic.log), alice.sim.traffic.counters) == ([], {})
