"""Every knob of the simulated TMDb, and what turning it does."""

from __future__ import annotations

import asyncio
import email.utils

import httpx2
import pytest
from pydantic import ValidationError

from crosswatch.simulators.tmdb import DEMO_KEY, Edit, Knobs, Simulator
from crosswatch.simulators.tmdb.catalogue import well_known
from crosswatch.simulators.tmdb.knobs import turn
from tests.contract.simulated import FILMS, Clock, Person


def rating(person: Person, value: float, path: str = "/movie/550") -> httpx2.Response:
    return person.call("POST", f"{path}/rating", {"value": value})


def test_delays_are_waited_before_each_answer() -> None:
    slept: list[float] = []

    async def note(seconds: float) -> None:
        slept.append(seconds)

    sim = Simulator(Knobs(delay=2.0, random_delay=1.0), well_known(), sleep=note)

    async def ask() -> None:
        transport = httpx2.ASGITransport(app=sim.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://tmdb") as client:
            for _ in range(20):
                await client.get("/3/configuration", params={"api_key": DEMO_KEY})
            sim.knobs.delay = sim.knobs.random_delay = 0.0
            await client.get("/3/configuration", params={"api_key": DEMO_KEY})

    asyncio.run(ask())
    assert len(slept) == 20
    assert all(2.0 <= seconds < 3.0 for seconds in slept)
    assert len(set(slept)) > 1


@pytest.mark.parametrize("harsh", [True, False])
def test_the_rate_limit_slides_and_may_count_refused_calls(alice: Person, clock: Clock, harsh: bool) -> None:
    turn(alice.sim.knobs, {"rate_limit": 3, "rate_limit_counts_refused": harsh})
    assert [alice.get("/account").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    clock.now += 0.9
    answer = alice.get("/account")
    assert (answer.status_code, answer.json()["status_code"]) == (429, 25)
    assert "retry-after" not in answer.headers
    clock.now += 0.2
    assert [alice.get("/account").status_code for _ in range(3)] == ([200, 200, 429] if harsh else [200] * 3)
    alice.sim.knobs.rate_limit = None
    assert [alice.get("/account").status_code for _ in range(5)] == [200] * 5


@pytest.mark.parametrize("header", ["0", "1", "86400", "date"])
def test_a_429_says_when_to_come_back(alice: Person, header: str) -> None:
    turn(alice.sim.knobs, {"rate_limit": 0, "retry_after": header})
    said = alice.get("/account").headers["retry-after"]
    if header == "date":
        assert email.utils.parsedate_to_datetime(said)
    else:
        assert said == header


def test_a_429_may_come_with_status_200_or_as_html(alice: Person) -> None:
    turn(alice.sim.knobs, {"rate_limit": 0, "rate_limit_status": 200})
    answer = alice.get("/account")
    assert (answer.status_code, answer.json()["status_code"]) == (200, 25)
    turn(alice.sim.knobs, {"rate_limit_status": 429, "rate_limit_body": "html"})
    answer = alice.get("/account")
    assert (answer.status_code, answer.headers["content-type"]) == (429, "text/html; charset=utf-8")


def test_too_many_connections_are_reset(alice: Person) -> None:
    alice.sim.knobs.max_connections = 2
    with httpx2.Client(trust_env=False) as second, httpx2.Client(trust_env=False) as third:
        url, query = f"{alice.served.api_url}/configuration", {"api_key": DEMO_KEY}
        assert alice.get("/account").status_code == 200
        assert second.get(url, params=query).status_code == 200
        with pytest.raises(httpx2.TransportError):
            third.get(url, params=query)
        alice.sim.knobs.max_connections = None
        assert third.get(url, params=query).status_code == 200
    assert alice.sim.traffic.refused_connections == 1
    assert alice.sim.traffic.most_connections == 3


def test_page_size_and_hidden_rows_make_pages_short(alice: Person) -> None:
    alice.sim.fill_watchlist("alice", FILMS)
    alice.sim.knobs.page_size = 2
    alice.sim.hide_row(("movie", 13))
    page = alice.page()
    assert ([row["id"] for row in page["results"]], page["total_pages"], page["total_results"]) == (
        [11],
        3,
        5,
    )
    assert alice.ids(page=2) == [550, 603]
    alice.sim.knobs.count_hidden = False
    page = alice.page()
    assert ([row["id"] for row in page["results"]], page["total_pages"], page["total_results"]) == (
        [11, 550],
        2,
        4,
    )
    assert alice.states("/movie/13")["watchlist"] is True


def test_a_share_of_rows_is_never_delivered(alice: Person) -> None:
    keys = alice.sim.catalogue.add_synthetic(movies=200)
    alice.sim.fill_watchlist("alice", keys)
    alice.sim.knobs.hidden_share = 0.25
    turns = [[number for page in range(1, 11) for number in alice.ids(page=page)] for _ in range(2)]
    assert turns[0] == turns[1]
    assert 110 < len(turns[0]) < 185
    assert alice.page()["total_results"] == 200


def test_an_empty_list_has_one_page_or_none(alice: Person) -> None:
    assert alice.page() == {"page": 1, "results": [], "total_pages": 1, "total_results": 0}
    alice.sim.knobs.empty_total_pages = 0
    assert alice.page()["total_pages"] == 0
    assert alice.page("lists")["total_pages"] == 0


def test_lists_and_account_states_lag_apart(alice: Person, clock: Clock) -> None:
    alice.sim.fill_watchlist("alice", FILMS[:2])
    turn(alice.sim.knobs, {"list_lag": 60, "account_states_lag": 10})
    alice.watch("movie", 550)
    alice.watch("movie", 11, on=False)
    rating(alice, 8)
    assert (alice.ids(), alice.ids("rated/movies")) == ([11, 13], [])
    assert alice.states("/movie/550") == {"id": 550, "favorite": False, "rated": False, "watchlist": False}
    clock.now += 10
    assert (alice.ids(), alice.states("/movie/550")["watchlist"]) == ([11, 13], True)
    rating(alice, 3)
    assert alice.states("/movie/550")["rated"] == {"value": 8.0}
    clock.now += 49.9
    assert alice.ids() == [11, 13]
    clock.now += 0.1
    assert alice.ids() == [13, 550]
    assert alice.page("rated/movies")["results"][0]["rating"] == 8.0
    clock.now += 10
    assert alice.page("rated/movies")["results"][0]["rating"] == 3.0
    assert alice.sim.watchlist("alice") == [("movie", 13), ("movie", 550)]


def test_a_row_that_went_and_came_back_was_in_its_old_place(alice: Person, clock: Clock) -> None:
    alice.sim.fill_watchlist("alice", FILMS)
    alice.sim.knobs.list_lag = 30
    alice.watch("movie", 11, on=False)
    clock.now += 20
    alice.watch("movie", 11)
    assert alice.ids() == [11, 13, 550, 603, 680]
    clock.now += 15
    assert alice.ids() == [13, 550, 603, 680]
    clock.now += 15
    assert alice.ids() == [13, 550, 603, 680, 11]


def test_a_changed_rating_keeps_its_place_in_every_view(alice: Person, clock: Clock) -> None:
    alice.sim.fill_ratings("alice", [(key, 5.0) for key in FILMS])
    alice.sim.knobs.list_lag = 30
    rating(alice, 9, "/movie/11")
    clock.now += 30
    rating(alice, 1, "/movie/680")
    rows = alice.page("rated/movies")["results"]
    shown = [(11, 9.0), (13, 5.0), (550, 5.0), (603, 5.0), (680, 5.0)]
    assert [(row["id"], row["rating"]) for row in rows] == shown
    clock.now += 30
    rows = alice.page("rated/movies")["results"]
    assert [(row["id"], row["rating"]) for row in rows] == [*shown[:4], (680, 1.0)]


def test_some_reads_come_from_an_older_copy(alice: Person, clock: Clock) -> None:
    turn(alice.sim.knobs, {"replica_share": 0.5, "replica_lag": 30})
    alice.watch("movie", 550)
    seen = {tuple(alice.ids()) for _ in range(40)}
    assert seen == {(), (550,)}
    clock.now += 30
    assert {tuple(alice.ids()) for _ in range(20)} == {(550,)}


@pytest.mark.parametrize("clears", [True, False])
def test_rating_may_clear_the_watchlist(alice: Person, clears: bool) -> None:
    alice.sim.knobs.rating_clears_watchlist = clears
    alice.sim.fill_watchlist("alice", [("movie", 550), ("tv", 1396)])
    rating(alice, 8)
    rating(alice, 8, "/tv/1396")
    assert alice.sim.watchlist("alice") == ([] if clears else [("movie", 550), ("tv", 1396)])


def test_adult_rows_are_hidden_from_who_does_not_include_them(alice: Person) -> None:
    alice.sim.fill_watchlist("alice", [("movie", 299_100), ("movie", 550)])
    assert alice.ids() == [299_100, 550]
    alice.sim.knobs.hide_adult_rows = True
    assert alice.ids() == [550]
    alice.sim.user("alice").include_adult = True
    assert alice.ids() == [299_100, 550]


def test_deleting_an_own_list_may_fail_and_work(alice: Person) -> None:
    alice.sim.knobs.list_delete_fails = True
    number = alice.call("POST", "/list", {"name": "Best"}).json()["list_id"]
    answer = alice.call("DELETE", f"/list/{number}")
    assert (answer.status_code, answer.json()) == (500, {"success": False})
    assert alice.get(f"/list/{number}").status_code == 404


@pytest.mark.parametrize("number", [17, 33])
def test_pending_is_told_by_the_code_of_the_knob(alice: Person, number: int) -> None:
    turn(alice.sim.knobs, {"pending_code": number})
    token = alice.get("/authentication/token/new").json()["request_token"]
    answer = alice.call("POST", "/authentication/session/new", {"request_token": token})
    assert (answer.status_code, answer.json()["status_code"]) == (401, number)
    alice.sim.deny(token)
    answer = alice.call("POST", "/authentication/session/new", {"request_token": token})
    assert answer.json()["status_code"] == 17


def test_a_session_may_come_without_its_id(alice: Person) -> None:
    alice.sim.knobs.session_without_id = True
    token = alice.get("/authentication/token/new").json()["request_token"]
    alice.sim.approve(token, "alice")
    answer = alice.call("POST", "/authentication/session/new", {"request_token": token})
    assert (answer.status_code, answer.json()) == (200, {"success": True})


def test_a_read_token_alone_may_act_for_its_owner(alice: Person) -> None:
    key = alice.sim.add_key(owner="alice")
    url, bearer = f"{alice.served.api_url}/account", {"authorization": f"Bearer {key.read_token}"}
    assert alice.client.get(url, headers=bearer).status_code == 401
    alice.sim.knobs.bearer_acts_for_owner = True
    assert alice.client.get(url, headers=bearer).json()["username"] == "alice"
    stranger = {"authorization": f"Bearer {alice.sim.add_key().read_token}"}
    assert alice.client.get(url, headers=stranger).status_code == 401
    assert alice.client.get(url, headers=bearer, params={"session_id": "bad"}).status_code == 401


def test_dates_and_posters_may_be_missing(alice: Person) -> None:
    keys = alice.sim.catalogue.add_synthetic(movies=60)
    alice.sim.fill_watchlist("alice", keys)
    assert all(row["release_date"] and row["poster_path"] for row in alice.page()["results"])
    turn(alice.sim.knobs, {"undated_share": 0.5, "posterless_share": 0.5})
    rows = [row for page in (1, 2, 3) for row in alice.page(page=page)["results"]]
    dates = {row.get("release_date", "not there") for row in rows}
    assert {"", None, "not there"} < dates
    assert 0 < sum(row["poster_path"] is None for row in rows) < 60


def test_maintenance_is_503_code_46(alice: Person) -> None:
    alice.sim.knobs.maintenance = True
    answer = alice.get("/account")
    assert (answer.status_code, answer.json()["status_code"]) == (503, 46)


def test_rows_shift_while_pages_are_read(alice: Person) -> None:
    keys = alice.sim.catalogue.add_synthetic(movies=41)
    alice.sim.fill_watchlist("alice", keys)
    alice.sim.after_list_reads(1, Edit("alice", "remove", keys[0]))
    called: list[int] = []
    alice.sim.after_list_reads(2, lambda: called.append(len(alice.sim.watchlist("alice"))))
    numbers = [number for page in (1, 2, 3) for number in alice.ids(page=page)]
    assert keys[20][1] not in numbers
    assert len(numbers) == 40
    assert called == [40]
    alice.ids()
    assert called == [40]


def test_knobs_are_checked_when_they_are_turned() -> None:
    knobs = Knobs()
    with pytest.raises(ValidationError):
        turn(knobs, {"delay": 1.0, "pending_code": 5})
    with pytest.raises(ValidationError):
        turn(knobs, {"no_such_knob": 1})
    with pytest.raises(ValidationError):
        knobs.retry_after = "soon"  # type: ignore[assignment]
    assert knobs == Knobs()
    turn(knobs, {"hidden_rows": [["movie", 550], ["episode", 1396, 1, 1]]})
    assert knobs.hidden_rows == {("movie", 550), ("episode", 1396, 1, 1)}


def test_chance_comes_out_the_same_with_the_same_seed() -> None:
    sims = [Simulator(Knobs(seed=seed, replica_share=0.5), well_known(), lambda: 100.0) for seed in (7, 7, 8)]
    drawn = [[sim.view_moment() for _ in range(30)] for sim in sims]
    assert drawn[0] == drawn[1] != drawn[2]
