"""The directions of pairs over the API: both ways, into TMDb, and no ring whichever way it is closed."""

import dataclasses
from typing import Any

import pytest

from crosswatch.model.kinds import Feature
from crosswatch.ports import Provider
from tests.web.api_world import Api


@pytest.fixture
def connected(api: Api) -> Api:
    api.connect()
    return api


def make(api: Api, source: str, target: str, *, both: bool = False, **more: object) -> Any:
    body = {"source": source, "target": target, "mode": "two-way" if both else "one-way", **more}
    return api.call("POST", "/pairs", body)


def made(api: Api, source: str, target: str, *, both: bool = False, **more: object) -> Any:
    answer = make(api, source, target, both=both, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()


def refusal(answer: Any) -> tuple[str, str]:
    """The code, and what it says."""
    assert answer.status_code >= 400, answer.text
    return answer.json()["code"], answer.json()["error"]


RATINGS_ONLY: dict[str, Any] = {"features": {"ratings": {"enabled": True}}}
WATCHLIST_ONLY: dict[str, Any] = {"features": {"watchlist": {"enabled": True}}}


def test_a_pair_may_go_both_ways_and_asks_where_both_changed(connected: Api) -> None:
    pair = made(connected, "tmdb", "tracker", both=True)
    assert (pair["mode"], pair["name"]) == ("two-way", "TMDb and CrossWatch")
    assert pair["features"]["ratings"]["conflict"] == "ask"
    assert pair["features"]["watchlist"]["enabled"] is True
    changed = connected.call("PATCH", f"/pairs/{pair['id']}", {"features": {"ratings": {"enabled": False}}})
    assert changed.json()["features"]["ratings"]["conflict"] == "ask"


def test_the_tracker_may_be_sent_to_tmdb(connected: Api) -> None:
    pair = made(connected, "tracker", "tmdb")
    assert (pair["mode"], pair["name"]) == ("one-way", "CrossWatch to TMDb")
    assert pair["features"]["ratings"]["conflict"] == "source"


def test_two_accounts_of_tmdb_may_be_a_pair(connected: Api) -> None:
    connected.connect("bob", instance="second")
    pair = made(connected, "tmdb", "tmdb/second", both=True)
    assert pair["target"] == {"provider": "tmdb", "instance": "second"}
    assert pair["name"] == "TMDb and TMDb (second)"


@pytest.mark.parametrize("mode", ["one-way", "two-way"])
@pytest.mark.parametrize("rule", ["ask", "source", "target", "newest"])
def test_every_rule_for_conflicts_can_be_chosen_and_changed(connected: Api, mode: str, rule: str) -> None:
    first: dict[str, Any] = {"features": {"ratings": {"conflict": rule}}}
    pair = made(connected, "tmdb", "tracker", both=mode == "two-way", **first)
    assert pair["features"]["ratings"]["conflict"] == rule
    for other in ("target", "ask"):
        change = {"features": {"ratings": {"conflict": other}}}
        changed = connected.call("PATCH", f"/pairs/{pair['id']}", change).json()
        assert changed["features"]["ratings"]["conflict"] == other


def test_what_is_left_out_is_the_default_of_its_direction(connected: Api) -> None:
    pair = made(connected, "tmdb", "tracker", both=True, features={"ratings": {"change": False}})
    assert pair["features"]["ratings"]["conflict"] == "ask"
    assert pair["features"]["watchlist"]["enabled"] is False


def test_the_direction_stays_and_the_refusal_says_why(connected: Api) -> None:
    pair = made(connected, "tmdb", "tracker", both=True)
    code, said = refusal(connected.call("PATCH", f"/pairs/{pair['id']}", {"mode": "one-way"}))
    assert code == "mode_fixed"
    assert said == (
        "The direction of a pair cannot be changed: what both sides agreed on counts for this direction only. "
        "Delete the pair and make a new one; both accounts keep their titles, and its first run removes nothing."
    )
    assert connected.get(f"/pairs/{pair['id']}") == pair
    assert connected.call("PATCH", f"/pairs/{pair['id']}", {"mode": "two-way"}).json() == pair


def test_the_same_way_back_is_one_pair_that_goes_both_ways(connected: Api) -> None:
    made(connected, "tmdb", "tracker")
    code, said = refusal(make(connected, "tracker", "tmdb"))
    assert code == "pair_cycle"
    assert "“TMDb to CrossWatch” already sends ratings the other way" in said
    assert "tracker → tmdb → tracker" in said
    assert "make one pair that goes both ways" in said
    assert refusal(make(connected, "tracker", "tmdb", both=True))[0] == "pair_cycle"


def test_a_pair_that_goes_both_ways_is_there_from_either_side(connected: Api) -> None:
    made(connected, "tmdb", "tracker", both=True)
    for both in (False, True):
        assert refusal(make(connected, "tracker", "tmdb", both=both))[0] == "pair_exists"
        assert refusal(make(connected, "tmdb", "tracker", both=both))[0] == "pair_exists"


def test_features_may_go_different_ways(connected: Api) -> None:
    made(connected, "tmdb", "tracker", **RATINGS_ONLY)
    back = made(connected, "tracker", "tmdb", **WATCHLIST_ONLY)
    code, said = refusal(
        connected.call("PATCH", f"/pairs/{back['id']}", {"features": {"ratings": {"enabled": True}}})
    )
    assert code == "pair_cycle"
    assert "sends ratings the other way" in said
    assert connected.get(f"/pairs/{back['id']}") == back


@pytest.mark.parametrize(
    ("pairs", "last", "ring"),
    [
        ([("tmdb", "tracker", 0), ("tracker", "tmdb/b", 0)], ("tmdb/b", "tmdb", 0),
         "tmdb/b → tmdb → tracker → tmdb/b"),
        ([("tmdb", "tracker", 1), ("tracker", "tmdb/b", 1)], ("tmdb/b", "tmdb", 1),
         "tmdb/b → tmdb → tracker → tmdb/b"),
        ([("tmdb", "tracker", 0), ("tracker", "tmdb/b", 0)], ("tmdb", "tmdb/b", 1),
         "tmdb/b → tmdb → tracker → tmdb/b"),
        ([("tmdb", "tracker", 1), ("tmdb/b", "tracker", 1)], ("tmdb", "tmdb/b", 0),
         "tmdb → tmdb/b → tracker → tmdb"),
    ],
)  # fmt: skip
def test_a_ring_is_refused_with_its_names(
    connected: Api, pairs: list[tuple[str, str, int]], last: tuple[str, str, int], ring: str
) -> None:
    connected.connect("bob", instance="b")
    for source, target, both in pairs:
        made(connected, source, target, both=bool(both))
    code, said = refusal(make(connected, last[0], last[1], both=bool(last[2])))
    assert code == "pair_cycle"
    assert f"ratings would go round in a ring: {ring}." in said
    assert connected.get("/pairs")["total"] == len(pairs)


@pytest.mark.parametrize(
    ("pairs", "last"),
    [
        # Twice to the same end, by two ways: nothing comes back.
        ([("tmdb", "tracker", 0), ("tmdb/b", "tracker", 0)], ("tmdb", "tmdb/b", 0)),
        ([("tmdb", "tracker", 1)], ("tracker", "tmdb/b", 1)),
    ],
)
def test_what_cannot_come_back_is_no_ring(
    connected: Api, pairs: list[tuple[str, str, int]], last: tuple[str, str, int]
) -> None:
    connected.connect("bob", instance="b")
    for source, target, both in pairs:
        made(connected, source, target, both=bool(both))
    made(connected, last[0], last[1], both=bool(last[2]))


def test_two_names_of_one_account_are_one_place_in_a_ring(connected: Api) -> None:
    connected.connect("alice", instance="again")
    made(connected, "tmdb", "tracker")
    code, said = refusal(make(connected, "tracker", "tmdb/again"))
    assert code == "pair_cycle"
    assert "tracker → tmdb/again → tracker" in said
    assert refusal(make(connected, "tmdb/again", "tracker"))[0] == "pair_exists"


@pytest.mark.parametrize("how", ["lane", "pair"])
def test_what_is_switched_on_later_closes_no_ring_either(connected: Api, how: str) -> None:
    off: dict[str, Any] = {"enabled": False} if how == "pair" else WATCHLIST_ONLY
    one = made(connected, "tmdb", "tracker", **off)
    other = made(connected, "tracker", "tmdb", **RATINGS_ONLY)
    on = {"enabled": True} if how == "pair" else {"features": {"ratings": {"enabled": True}}}
    assert refusal(connected.call("PATCH", f"/pairs/{one['id']}", on))[0] == "pair_cycle"
    assert connected.get(f"/pairs/{one['id']}") == one
    # Whatever is no part of the ring can still be changed.
    assert connected.call("PATCH", f"/pairs/{one['id']}", {"name": "Mine"}).status_code == 200
    connected.call("PATCH", f"/pairs/{other['id']}", {"enabled": False})
    assert connected.call("PATCH", f"/pairs/{one['id']}", on).status_code == 200
    assert refusal(connected.call("PATCH", f"/pairs/{other['id']}", {"enabled": True}))[0] == "pair_cycle"


def read_only(monkeypatch: pytest.MonkeyPatch, provider: Provider) -> None:
    """Makes a service one that can only be read."""
    features = {
        feature: dataclasses.replace(can, add=False, change=False, remove=False)
        for feature, can in provider.manifest.features.items()
    }
    reads = dataclasses.replace(provider.manifest, features=features)
    monkeypatch.setattr(type(provider), "manifest", property(lambda _: reads))


def test_nothing_is_sent_where_nothing_can_be_written(
    connected: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_only(monkeypatch, connected.house.providers["tmdb"])
    for answer in (
        make(connected, "tmdb", "tracker", both=True, **RATINGS_ONLY),
        make(connected, "tracker", "tmdb", **RATINGS_ONLY),
    ):
        code, said = refusal(answer)
        assert (answer.status_code, code) == (422, "read_only_side")
        assert said.startswith(f"TMDb can only be read, so {Feature.RATINGS} cannot be sent there.")
    made(connected, "tmdb", "tracker")
