"""The inbox over the API: what two people rate differently is asked, answered, and done by the next run."""

from typing import Any

import pytest

from crosswatch.services.shapes import asked_shape
from crosswatch.simulators.tmdb import Key
from crosswatch.store import attention
from crosswatch.web.api.attention import Asked
from tests.web.api_world import Api


@pytest.fixture
def films(api: Api) -> list[Key]:
    """Three films that alice rates 8.5, and bob 6, 6.5 and 7; a two-way pair of both, run once."""
    api.connect()
    api.connect("bob", instance="b")
    films = api.movies(3)
    api.sim.fill_ratings("alice", [(film, 8.5) for film in films])
    api.sim.fill_ratings("bob", [(film, 6 + place / 2) for place, film in enumerate(films)])
    api.post(
        "/pairs",
        {"source": "tmdb", "target": "tmdb/b", "mode": "two-way", "features": {"ratings": {"enabled": True}}},
    )
    run(api)
    return films


def run(api: Api) -> Any:
    return api.ended(api.post("/pairs/1/run")["run_id"])


def asked(api: Api) -> list[Any]:
    return list(api.get("/attention")["items"])


def test_nothing_waits_at_first(api: Api) -> None:
    assert api.get("/attention") == {"items": [], "total": 0, "next": None}
    assert api.get("/status")["attention"] == 0


def test_a_conflict_is_told_with_both_values(api: Api, films: list[Key]) -> None:
    page = api.get("/attention")
    assert (page["total"], page["next"]) == (3, None)
    first = page["items"][0]
    number = str(films[0][1])
    name = first["title"]["name"]
    assert first == {
        "id": first["id"],
        "kind": "conflict",
        "pair": {"id": "1", "name": "TMDb and TMDb (b)"},
        "feature": "ratings",
        "title": {
            "id": first["title"]["id"],
            "kind": "movie",
            "name": name,
            "year": first["title"]["year"],
            "show": "",
            "season": None,
            "number": None,
        },
        "ids": {"tmdb": number},
        "source": {"account": {"provider": "tmdb", "instance": "default"}, "label": "TMDb", "value": 8.5},
        "target": {"account": {"provider": "tmdb", "instance": "b"}, "label": "TMDb (b)", "value": 6.0},
        "side": None,
        "code": "",
        "made_at": first["made_at"],
        "next_try_at": None,
        "next_step": "",
        "answer": None,
        "answered_at": None,
        "sentence": f"“{name} ({first['title']['year']})” has two ratings: 8.5 in TMDb, 6 in TMDb (b).",
        "answers": ["source", "target"],
    }
    assert name
    assert first["made_at"].endswith("Z")
    assert [one["target"]["value"] for one in page["items"]] == [6.0, 6.5, 7.0]
    assert api.get("/status")["attention"] == 3


def test_a_second_run_asks_nothing_twice(api: Api, films: list[Key]) -> None:
    before = asked(api)
    run(api)
    assert asked(api) == before


def test_an_answer_leaves_the_inbox_and_the_next_run_does_it(api: Api, films: list[Key]) -> None:
    one, two, _ = asked(api)
    assert api.post(f"/attention/{one['id']}", {"answer": "source"}) == {"ok": True, "answered": 1}
    items = [two["title"]["id"]]
    assert api.post(f"/attention/{two['id']}", {"answer": "target", "items": items})["answered"] == 1
    assert api.get("/status")["attention"] == 1
    assert api.sim.ratings("bob")[films[0]] == 6.0
    report = run(api)
    assert (report["status"], report["lanes"]["ratings"]["conflicts"]) == ("succeeded", 1)
    assert [api.sim.ratings("alice")[film] for film in films] == [8.5, 6.5, 8.5]
    assert [api.sim.ratings("bob")[film] for film in films] == [8.5, 6.5, 7.0]
    assert [one["target"]["value"] for one in asked(api)] == [7.0]


def test_an_answer_can_be_changed_until_it_is_done(api: Api, films: list[Key]) -> None:
    question = asked(api)[0]["id"]
    api.post(f"/attention/{question}", {"answer": "source"})
    api.post(f"/attention/{question}", {"answer": "target"})
    run(api)
    assert (api.sim.ratings("alice")[films[0]], api.sim.ratings("bob")[films[0]]) == (6.0, 6.0)
    assert api.refused("POST", f"/attention/{question}", {"answer": "source"}) == (404, "not_found")


def test_a_value_that_is_put_back_after_the_answer_is_a_new_change(api: Api, films: list[Key]) -> None:
    api.post(f"/attention/{asked(api)[0]['id']}", {"answer": "target"})
    run(api)
    assert api.sim.ratings("alice")[films[0]] == 6.0
    api.sim.fill_ratings("alice", [(films[0], 8.5)])
    run(api)
    assert api.sim.ratings("alice")[films[0]] == 8.5
    assert api.sim.ratings("bob")[films[0]] == 8.5


@pytest.mark.parametrize(("answer", "ends"), [("source", [8.5, 8.5, 8.5]), ("target", [6.0, 6.5, 7.0])])
def test_all_of_a_pair_are_answered_by_one_call(
    api: Api, films: list[Key], answer: str, ends: list[float]
) -> None:
    assert api.post("/attention", {"pair": "1", "answer": answer}) == {"ok": True, "answered": 3}
    assert api.post("/attention", {"pair": "1", "answer": answer}) == {"ok": True, "answered": 0}
    assert asked(api) == []
    report = run(api)
    assert report["lanes"]["ratings"]["conflicts"] == 0
    for user in ("alice", "bob"):
        assert [api.sim.ratings(user)[film] for film in films] == ends
    assert api.get("/status")["attention"] == 0


@pytest.mark.parametrize(("answer", "bobs"), [("source", 8.5), ("target", 6.0)])
def test_one_way_the_second_account_may_win_and_the_first_is_never_written_to(
    api: Api, answer: str, bobs: float
) -> None:
    api.connect()
    api.connect("bob", instance="b")
    (film,) = api.movies(1)
    api.sim.fill_ratings("alice", [(film, 8.5)])
    api.sim.fill_ratings("bob", [(film, 6.0)])
    ask = {"ratings": {"conflict": "ask"}}
    api.post("/pairs", {"source": "tmdb", "target": "tmdb/b", "features": ask})
    run(api)
    api.post(f"/attention/{asked(api)[0]['id']}", {"answer": answer})
    for _ in range(2):
        run(api)
        assert (api.sim.ratings("alice")[film], api.sim.ratings("bob")[film]) == (8.5, bobs)
        assert asked(api) == []


def test_what_people_settle_themselves_leaves_by_itself(api: Api, films: list[Key]) -> None:
    api.sim.fill_ratings("bob", [(films[0], 8.5)])
    run(api)
    assert [one["target"]["value"] for one in asked(api)] == [6.5, 7.0]


def test_the_inbox_comes_in_pages_and_by_pair(api: Api, films: list[Key]) -> None:
    every = asked(api)
    first = api.get("/attention", limit="2")
    assert (first["items"], first["total"]) == (every[:2], 3)
    rest = api.get("/attention", limit="2", cursor=first["next"])
    assert (rest["items"], rest["next"]) == (every[2:], None)
    assert api.get("/attention", pair="1")["total"] == 3
    assert api.get("/attention", pair="2") == {"items": [], "total": 0, "next": None}
    assert api.refused("GET", "/attention", pair="x") == (422, "invalid_request")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/attention/1", {"answer": "leave"}, 422, "invalid_request"),
        ("/attention/1", {"answer": "both"}, 422, "invalid_request"),
        ("/attention/1", {"answer": 1}, 422, "invalid_request"),
        ("/attention/1", {}, 422, "invalid_request"),
        ("/attention/1", {"answer": "source", "items": []}, 422, "invalid_request"),
        ("/attention/1", {"answer": "source", "items": ["4711"]}, 422, "invalid_request"),
        ("/attention/1", {"answer": "source", "why": "so"}, 422, "invalid_request"),
        ("/attention/4711", {"answer": "source"}, 404, "not_found"),
        ("/attention/x", {"answer": "source"}, 404, "not_found"),
        ("/attention", {"pair": "1", "answer": "leave"}, 422, "invalid_request"),
        ("/attention", {"pair": "2", "answer": "source"}, 404, "not_found"),
        ("/attention", {"pair": "x", "answer": "source"}, 404, "not_found"),
        ("/attention", {"answer": "source"}, 422, "invalid_request"),
        ("/attention", {"pair": "1", "kind": "conflict", "answer": "allow"}, 422, "invalid_request"),
        ("/attention", {"pair": "1", "kind": "removal", "answer": "source"}, 422, "invalid_request"),
        ("/attention", {"pair": "1", "kind": "others", "answer": "source"}, 422, "invalid_request"),
        ("/attention", {"pair": "1", "answer": "source", "items": ["x"]}, 422, "invalid_request"),
        ("/attention", {"pair": "1", "answer": "source", "side": "left"}, 422, "invalid_request"),
        ("/attention/1", {"answer": "take_back"}, 422, "invalid_request"),
    ],
)
def test_answers_that_cannot_be(
    api: Api, films: list[Key], path: str, body: Any, status: int, code: str
) -> None:
    before = asked(api)
    assert api.refused("POST", path, body) == (status, code)
    assert asked(api) == before


def test_deleting_a_pair_empties_its_inbox(api: Api, films: list[Key]) -> None:
    api.call("DELETE", "/pairs/1")
    assert api.get("/attention")["total"] == 0


def test_a_doubt_of_a_deleted_pair_can_be_left_as_it_is(api: Api, films: list[Key]) -> None:
    title = int(asked(api)[0]["title"]["id"])
    data = {"side": "target", "wanted": 850, "found": 600, "source": 850, "target": 600}
    api.house.database.write_now(
        lambda connection: attention.ask_once(
            connection, kind="doubt", lane=None, title=title, data=data, now=1
        )
    )
    doubt = asked(api)[-1]
    assert (doubt["kind"], doubt["pair"], doubt["answers"]) == ("doubt", None, ["leave"])
    assert doubt["source"]["account"] is None
    assert "its pair has been deleted since" in doubt["sentence"]
    assert api.refused("POST", f"/attention/{doubt['id']}", {"answer": "source"}) == (422, "invalid_request")
    assert api.post(f"/attention/{doubt['id']}", {"answer": "leave"})["answered"] == 1
    assert len(asked(api)) == 3


def test_the_model_leaves_nothing_out(api: Api, films: list[Key]) -> None:
    async def shape() -> Any:
        found, _ = await api.client.app.state.parts.attention.waiting(limit=1)  # type: ignore[attr-defined]
        return asked_shape(found[0])

    assert set(api.drive(shape)) == set(Asked.model_fields)


@pytest.fixture
def removals(api: Api) -> list[Key]:
    """Twelve films to watch, in the tracker too; then alice took five off her list, more than pass without a word."""
    api.connect()
    films = api.movies(12)
    api.sim.fill_watchlist("alice", films)
    api.pair(features={"watchlist": {"remove": True}})
    run(api)
    shelf = api.sim.user("alice").shelf("watchlist", "movie")
    for film in films[:5]:
        assert shelf.drop(film, 0.0)
    report = run(api)
    assert (report["lanes"]["watchlist"]["waiting"], report["attention"]) == (5, 5)
    return films


def many(api: Api, kind: str, answer: str, **more: Any) -> int:
    answered: int = api.post("/attention", {"pair": "1", "kind": kind, "answer": answer, **more})["answered"]
    return answered


def test_removals_wait_with_their_titles(api: Api, removals: list[Key]) -> None:
    found = asked(api)
    assert {one["ids"]["tmdb"] for one in found} == {str(film[1]) for film in removals[:5]}
    first = found[0]
    assert (first["kind"], first["side"], first["feature"]) == ("removal", "target", "watchlist")
    assert (first["source"]["value"], first["target"]["value"]) == (None, True)
    assert first["answers"] == ["allow", "keep"]
    name = first["title"]["name"]
    assert first["sentence"] == (
        f"“{name} ({first['title']['year']})” was taken off the watchlist of TMDb. CrossWatch still lists it."
    )
    assert api.get("/attention", kind="removal")["total"] == 5
    assert api.get("/attention", kind="conflict")["total"] == 0
    assert api.get("/attention", pair="1", kind="removal", limit="2")["next"] is not None


def test_some_are_allowed_some_are_kept_and_some_go_on_waiting(api: Api, removals: list[Key]) -> None:
    ids = [one["title"]["id"] for one in asked(api)]
    assert many(api, "removal", "allow", items=ids[:2]) == 2
    assert many(api, "removal", "keep", items=ids[2:4], side="target", feature="watchlist") == 2
    assert many(api, "removal", "allow", side="source") == 0
    assert many(api, "removal", "allow", items=["4711"]) == 0
    said = api.get("/attention", state="answered")["items"]
    assert [(one["answer"], one["answers"]) for one in said] == [
        *[("allow", ["allow", "keep", "take_back"])] * 2,
        *[("keep", ["allow", "keep", "take_back"])] * 2,
    ]
    assert all(one["answered_at"].endswith("Z") for one in said)
    lanes = run(api)["lanes"]["watchlist"]
    assert (lanes["removed"], lanes["waiting"]) == (2, 1)
    assert [one["title"]["id"] for one in asked(api)] == ids[4:]
    assert api.get("/attention", state="answered")["total"] == 0
    assert run(api)["lanes"]["watchlist"]["waiting"] == 1


def test_all_are_allowed_taken_back_and_kept(api: Api, removals: list[Key]) -> None:
    question = asked(api)[0]["id"]
    assert many(api, "removal", "allow") == 5
    assert many(api, "removal", "allow") == 0
    assert api.get("/status")["attention"] == 0
    assert api.post(f"/attention/{question}", {"answer": "take_back"}) == {"ok": True, "answered": 1}
    assert many(api, "removal", "take_back") == 4
    assert api.get("/status")["attention"] == 5
    assert many(api, "removal", "keep") == 5
    for _ in range(2):
        lanes = run(api)["lanes"]["watchlist"]
        assert (lanes["removed"], lanes["waiting"]) == (0, 0)
    assert asked(api) == []
    assert api.refused("POST", f"/attention/{question}", {"answer": "take_back"}) == (404, "not_found")


def test_switching_removing_on_asks_about_what_was_kept(api: Api) -> None:
    api.connect()
    films = api.movies(3)
    api.sim.fill_watchlist("alice", films)
    api.pair()
    run(api)
    assert api.sim.user("alice").shelf("watchlist", "movie").drop(films[0], 0.0)
    assert run(api)["lanes"]["watchlist"]["kept"] == 1
    for remove, waits in ((True, 1), (False, 0), (True, 1)):
        api.call("PATCH", "/pairs/1", {"features": {"watchlist": {"remove": remove}}})
        assert [one["kind"] for one in asked(api)] == ["kept"] * waits
    assert "while this pair removed nothing" in asked(api)[0]["sentence"]
    assert run(api)["lanes"]["watchlist"]["removed"] == 0
    assert many(api, "kept", "allow") == 1
    assert run(api)["lanes"]["watchlist"]["removed"] == 1
    assert asked(api) == []


@pytest.fixture
def changed(api: Api) -> str:
    """The connection of a pair is bob now, and was alice; gives the number of the question."""
    api.connect()
    api.sim.fill_ratings("alice", [(film, 8.0) for film in api.movies(4)])
    api.pair()
    run(api)
    api.connect("bob")
    assert (report := run(api))["code"] == "account_changed"
    assert report["status"] == "failed"
    return str(asked(api)[0]["id"])


def test_another_account_is_asked_about_and_the_pair_may_start_afresh(api: Api, changed: str) -> None:
    (one,) = asked(api)
    assert (one["kind"], one["title"], one["feature"], one["ids"]) == ("account", None, None, {})
    assert (one["code"], one["answers"]) == ("account_changed", ["start_afresh"])
    assert one["sentence"] == "The connection tmdb is now bob; the pair was set up with alice."
    assert "start afresh" in one["next_step"]
    assert many_refused(api) == (422, "invalid_request")
    run(api)
    assert [again["id"] for again in asked(api)] == [changed], "it is asked once"
    assert api.post(f"/attention/{changed}", {"answer": "start_afresh"})["ok"]
    assert asked(api) == []
    report = run(api)
    assert (report["status"], report["lanes"]["ratings"]["removed"]) == ("succeeded", 0)
    assert api.refused("POST", f"/attention/{changed}", {"answer": "start_afresh"}) == (404, "not_found")


def many_refused(api: Api) -> tuple[int, str]:
    return api.refused("POST", "/attention", {"pair": "1", "kind": "account", "answer": "start_afresh"})


def test_the_former_account_comes_back_and_the_question_leaves(api: Api, changed: str) -> None:
    api.connect()
    assert run(api)["status"] == "succeeded"
    assert asked(api) == []


def test_a_pair_does_not_start_afresh_while_it_runs(api: Api, changed: str) -> None:
    api.sim.knobs.delay = 5.0
    going = api.post("/pairs/1/run")["run_id"]
    path = f"/attention/{changed}"
    assert api.refused("POST", path, {"answer": "start_afresh"}) == (409, "already_running")
    api.sim.knobs.delay = 0.0
    api.post(f"/runs/{going}/cancel")
    api.ended(going)
    assert api.post(path, {"answer": "start_afresh"})["answered"] == 1


def test_a_lost_connection_waits_for_no_answer(api: Api) -> None:
    api.connect()
    api.pair()
    api.sim.revoke_sessions("alice")
    run(api)
    (one,) = asked(api)
    assert (one["code"], one["answers"], one["next_step"]) == ("session_ended", [], "Connect again.")
    path = f"/attention/{one['id']}"
    assert api.refused("POST", path, {"answer": "keep"}) == (422, "invalid_request")
    api.connect()
    run(api)
    assert asked(api) == []
