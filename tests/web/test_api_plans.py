"""Previews over the API: made in the background, read in pages, applied exactly or not at all."""

from typing import Any

import pytest

from crosswatch.services.shapes import plan_item_shape, plan_shape
from crosswatch.simulators.tmdb import Key
from crosswatch.web.api.plans import Plan, PlanItem, PlanLane
from tests.web.api_world import Api

DAY = 24 * 60 * 60


@pytest.fixture
def films(api: Api) -> list[Key]:
    """Seven films that alice has on her watchlist, three of them rated; a pair that never ran."""
    api.connect()
    films = api.movies(7)
    api.sim.fill_watchlist("alice", films)
    api.sim.fill_ratings("alice", [(films[0], 0.5), (films[1], 8.5), (films[2], 10)])
    api.pair()
    return films


def planned(api: Api, pair: str = "1") -> Any:
    """A plan that is made, from the first call to its head."""
    begun = api.call("POST", f"/pairs/{pair}/plan")
    assert begun.status_code == 202
    run = api.ended(begun.json()["run_id"])
    assert (run["kind"], run["status"]) == ("plan", "succeeded"), run
    return api.get(f"/plans/{run['plan_id']}")


def items(api: Api, plan: Any, **query: str) -> list[Any]:
    """Every item that is asked for, page by page."""
    found: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get(f"/plans/{plan['id']}/items", **query, **cursor)
        found += page["items"]
        if page["next"] is None:
            assert page["total"] == len(found)
            return found
        cursor = {"cursor": page["next"]}


def applied(api: Api, plan: Any) -> Any:
    begun = api.call("POST", f"/plans/{plan['id']}/apply")
    assert begun.status_code == 202, begun.text
    return api.ended(begun.json()["run_id"])


def stale(api: Api, plan: Any) -> tuple[str, str]:
    """Why the plan is refused at once: by its head, and by the sentence of the call, which begins no run."""
    before = api.get("/runs")["total"]
    head = api.get(f"/plans/{plan['id']}")
    assert head["can_apply"] is False
    answer = api.call("POST", f"/plans/{plan['id']}/apply")
    assert (answer.status_code, answer.json()["code"]) == (409, "plan_stale")
    assert answer.json()["error"] == head["error"]
    assert api.get("/runs")["total"] == before
    return head["why_not"], head["error"]


def test_what_would_happen_in_figures(api: Api, films: list[Key]) -> None:
    plan = planned(api)
    assert (plan["id"], plan["pair_id"], plan["pair_name"], plan["run_id"]) == (
        "1",
        "1",
        "TMDb to CrossWatch",
        "1",
    )
    assert (plan["can_apply"], plan["why_not"], plan["error"], plan["applied"]) == (True, "", "", None)
    assert plan["summary"] == "10 added to CrossWatch, nothing removed"
    assert list(plan["lanes"]) == ["ratings", "watchlist"]
    nothing = {"added": 0, "changed": 0, "removed": 0}
    assert plan["lanes"]["watchlist"] == {
        "to": {"source": nothing, "target": {**nothing, "added": 7}},
        **dict.fromkeys(("waiting", "conflicts", "held", "kept", "cleared", "adopted", "left"), 0),
        "read": {"source": 7, "target": 0},
        "gap": {"source": 0, "target": 0},
        "incomplete": {},
    }
    run = api.get("/runs/1")
    assert [lane["added"] for lane in run["lanes"].values()] == [0, 0]
    assert api.get("/runs/1/items")["total"] == 0


def test_every_title_with_its_reason_and_its_proof(api: Api, films: list[Key]) -> None:
    plan = planned(api)
    found = items(api, plan)
    assert [one["seq"] for one in found] == list(range(1, 11))
    first = found[0]
    title = api.sim.title(films[0])
    assert title is not None
    at = first["proof"]["at"]
    assert first == {
        "seq": 1,
        "feature": "ratings",
        "state": "write",
        "side": "target",
        "action": "add",
        "title": {
            "id": first["title"]["id"],
            "kind": "movie",
            "name": title.name,
            "year": first["title"]["year"],
            "show": "",
            "season": None,
            "number": None,
        },
        "ids": {"tmdb": str(films[0][1])},
        "before": None,
        "after": 0.5,
        "has": {"source": 0.5, "target": None},
        "cause": "new",
        "reason": "TMDb has it, and CrossWatch does not.",
        "proof": {"kind": "list", "at": at, "words": f"Read in the list of TMDb at {at[11:16]} UTC."},
    }
    assert {one["after"] for one in found if one["feature"] == "watchlist"} == {True}


def test_titles_are_read_in_pages_and_filtered(api: Api, films: list[Key]) -> None:
    plan = planned(api)
    whole = items(api, plan)
    assert items(api, plan, limit="3") == whole
    assert items(api, plan, limit="5") == whole, "a page that ends where the list ends is the last"
    rated = [one for one in whole if one["feature"] == "ratings"]
    assert items(api, plan, lane="ratings", limit="2") == rated
    assert items(api, plan, action="add", state="write", limit="4") == whole
    assert items(api, plan, action="remove") == items(api, plan, state="held") == []
    for query in ({"lane": "history"}, {"action": "x"}, {"state": "x"}, {"limit": "501"}, {"cursor": "x"}):
        assert api.refused("GET", "/plans/1/items", **query) == (422, "invalid_request")


def test_what_is_not_written_says_why(api: Api, films: list[Key]) -> None:
    api.connect("bob", instance="b")
    api.sim.fill_ratings("bob", [(films[0], 7.5), (films[1], 8.5)])
    ratings = {"features": {"ratings": {"enabled": True}}}
    api.post("/pairs", {"source": "tmdb", "target": "tmdb/b", "mode": "two-way", **ratings})
    plan = planned(api, "2")
    assert plan["summary"] == "1 added to TMDb (b), nothing removed"
    lane = plan["lanes"]["ratings"]
    assert (lane["conflicts"], lane["adopted"]) == (1, 1)
    (asked,) = items(api, plan, state="conflict")
    assert (asked["side"], asked["action"], asked["before"], asked["after"]) == (None, None, None, None)
    assert asked["has"] == {"source": 0.5, "target": 7.5}
    assert asked["proof"] is None
    assert asked["reason"] == "Rated 0.5 on TMDb and 7.5 on TMDb (b). You decide which one counts."
    assert api.get("/attention")["total"] == 0, "a preview asks nothing"


def test_apply_writes_exactly_this(api: Api, films: list[Key]) -> None:
    plan = planned(api)
    run = applied(api, plan)
    assert (run["kind"], run["status"], run["plan_id"]) == ("sync", "succeeded", "1")
    assert {name: lane["added"] for name, lane in run["lanes"].items()} == {"ratings": 3, "watchlist": 7}
    promised = [
        (one["feature"], one["side"], one["action"], one["ids"], one["before"], one["after"])
        for one in items(api, plan)
    ]
    written = [
        (one["feature"], one["side"], one["action"], one["ids"], one["before"], one["after"])
        for one in api.get(f"/runs/{run['id']}/items")["items"]
    ]
    assert written == promised
    assert api.get("/plans/1")["applied"] == run["id"]


def test_what_is_applied_once_is_not_applied_again(api: Api, films: list[Key]) -> None:
    plan = planned(api)
    applied(api, plan)
    why, said = stale(api, plan)
    assert (why, said) == (
        "applied",
        "This preview has been applied already; that is done once. Preview again to see what is left.",
    )
    assert planned(api)["summary"] == "Nothing would be written"


def test_a_preview_is_good_for_a_day(api: Api, films: list[Key]) -> None:
    plan = planned(api)
    api.clock.pass_seconds(DAY - 60)
    assert api.get("/plans/1")["can_apply"] is True
    api.clock.pass_seconds(61)
    why, said = stale(api, plan)
    assert (why, "more than a day old" in said) == ("expired", True)


@pytest.mark.parametrize(
    "change",
    [
        {"kinds": ["movie", "show"]},
        {"features": {"watchlist": {"enabled": False}}},
        {"features": {"ratings": {"add": False}}},
        {"features": {"ratings": {"conflict": "target"}}},
    ],
)
def test_other_settings_make_a_preview_stale_and_the_old_ones_mend_it(
    api: Api, films: list[Key], change: dict[str, Any]
) -> None:
    plan = planned(api)
    before = api.get("/pairs/1")
    api.call("PATCH", "/pairs/1", change)
    why, said = stale(api, plan)
    assert (why, "has been changed since" in said) == ("changed", True)
    api.call("PATCH", "/pairs/1", {"kinds": before["kinds"], "features": before["features"]})
    assert applied(api, plan)["status"] == "succeeded"


def test_another_name_of_the_pair_changes_nothing(api: Api, films: list[Key]) -> None:
    plan = planned(api)
    api.call("PATCH", "/pairs/1", {"name": "Mine"})
    assert applied(api, plan)["status"] == "succeeded"


def test_another_account_makes_a_preview_stale(api: Api, films: list[Key]) -> None:
    plan = planned(api)
    api.connect("bob")
    why, said = stale(api, plan)
    assert (why, "Another account is connected now" in said) == ("account", True)
    api.connect("alice")
    assert applied(api, plan)["status"] == "succeeded"


def test_the_preview_of_a_deleted_pair_can_be_read_and_not_applied(api: Api, films: list[Key]) -> None:
    plan = planned(api)
    assert api.call("DELETE", "/pairs/1").status_code == 200
    why, said = stale(api, plan)
    assert (why, "has been deleted" in said) == ("gone", True)
    assert items(api, plan)[0]["reason"] == "the source has it, and the target does not."


def test_a_pair_that_is_switched_off_or_has_no_lane(api: Api, films: list[Key]) -> None:
    plan = planned(api)
    api.call("PATCH", "/pairs/1", {"enabled": False})
    assert api.refused("POST", "/pairs/1/plan") == (409, "pair_disabled")
    assert api.refused("POST", f"/plans/{plan['id']}/apply") == (409, "pair_disabled")


def test_while_the_pair_runs_nothing_is_previewed_or_applied(api: Api, films: list[Key]) -> None:
    plan = planned(api)
    api.sim.knobs.delay = 5.0
    run = api.post("/pairs/1/plan")["run_id"]
    for path in ("/pairs/1/plan", f"/plans/{plan['id']}/apply", "/pairs/1/run"):
        answer = api.call("POST", path)
        assert (answer.status_code, answer.json()["code"]) == (409, "already_running")
        assert answer.json()["run_id"] == run
    api.sim.knobs.delay = 0.0
    api.post(f"/runs/{run}/cancel")
    ended = api.ended(run)
    assert (ended["status"], ended["plan_id"]) == ("cancelled", None)
    assert api.refused("GET", "/plans/2") == (404, "not_found"), "what is not whole is not there"
    assert applied(api, plan)["status"] == "succeeded"


def test_a_title_that_moved_is_named_and_nothing_is_written(api: Api, films: list[Key]) -> None:
    plan = planned(api)
    api.sim.fill_ratings("alice", [(films[1], 4.0)])
    run = applied(api, plan)
    assert (run["status"], run["code"]) == ("failed", "plan_stale")
    title = api.sim.title(films[1])
    assert title is not None
    assert f"no longer holds for {title.name} (" in run["error"]
    assert "Nothing was written" in run["error"]
    assert api.get(f"/runs/{run['id']}/items")["total"] == 0
    assert api.get("/plans/1")["can_apply"] is True, "it holds again as soon as the title is back"
    api.sim.fill_ratings("alice", [(films[1], 8.5)])
    assert applied(api, plan)["status"] == "succeeded"


@pytest.mark.parametrize("number", ["7", "0", "x", "9" * 30])
def test_plans_that_are_not_there(api: Api, number: str) -> None:
    assert api.refused("GET", f"/plans/{number}") == (404, "not_found")
    assert api.refused("GET", f"/plans/{number}/items") == (404, "not_found")
    assert api.refused("POST", f"/plans/{number}/apply") == (404, "not_found")
    assert api.refused("POST", f"/pairs/{number}/plan") == (404, "not_found")


def test_an_incomplete_list_is_told(api: Api, films: list[Key]) -> None:
    api.sim.knobs.page_size = 2
    api.fault(kind="wrong_page", path="rated/movies", query="page=2")
    run = api.ended(api.post("/pairs/1/plan")["run_id"])
    assert run["status"] == "partial"
    plan = api.get(f"/plans/{run['plan_id']}")
    assert "page 2" in plan["lanes"]["ratings"]["incomplete"]["source"]
    assert plan["lanes"]["watchlist"]["incomplete"] == {}
    assert plan["lanes"]["watchlist"]["to"]["target"]["added"] == 7


def test_answers_leave_out_nothing_that_the_service_tells(api: Api, films: list[Key]) -> None:
    """The models would silently drop a member that they do not know."""
    planned(api)
    parts = api.client.app.state.parts  # type: ignore[attr-defined]

    async def shapes() -> tuple[Any, Any]:
        found, _ = await parts.plans.items(1, after=0, limit=1)
        report = await parts.plans.show(1)
        return plan_shape(report), plan_item_shape(found[0], report.labels, {})

    head, item = api.drive(shapes)
    assert set(head) == set(Plan.model_fields)
    assert set(item) == set(PlanItem.model_fields)
    for lane in head["lanes"].values():
        assert set(lane) == set(PlanLane.model_fields)
