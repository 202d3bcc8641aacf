"""TMDb's word on single titles: present, absent, gone, or nothing sure; and several calls at once."""

import asyncio
from collections.abc import Iterator
from functools import partial

import pytest

from crosswatch.errors import KeyRejected, RateLimited, SessionEnded
from crosswatch.model.kinds import Feature, Kind
from crosswatch.model.readings import LookedUp, TitleState, Verdict
from crosswatch.model.refs import Ref, ids
from crosswatch.providers.tmdb.ordered import in_order
from crosswatch.simulators.tmdb import Edit, Key
from crosswatch.simulators.tmdb.calls import details
from tests.contract.tmdb_world import World, tmdb_world


@pytest.fixture
def world(caplog: pytest.LogCaptureFixture) -> Iterator[World]:
    with tmdb_world(caplog) as world:
        yield world


def movie(tmdb_id: object) -> Ref:
    return Ref(Kind.MOVIE, ids(tmdb=tmdb_id))


def show(tmdb_id: object) -> Ref:
    return Ref(Kind.SHOW, ids(tmdb=tmdb_id))


def episode(show_id: object, season: int, number: int, own_id: object = None) -> Ref:
    return Ref(Kind.EPISODE, ids(tmdb=own_id), show_ids=ids(tmdb=show_id), season=season, number=number)


def looked_up(world: World, *refs: Ref) -> list[LookedUp]:
    found = world.with_link(lambda link: link.lookup(refs))
    assert set(found) == set(refs)
    return [found[ref] for ref in refs]


def test_titles_are_what_the_account_made_of_them(world: World) -> None:
    world.sim.fill_watchlist(world.user, [("movie", 603), ("tv", 1399)])
    world.sim.fill_ratings(world.user, [(("movie", 603), 8.5), (("movie", 1668), 0.5)])
    assert looked_up(world, movie(603), movie(1668), show(1668), show(1399)) == [
        TitleState(on_watchlist=True, rating=850),
        TitleState(on_watchlist=False, rating=50),
        TitleState(on_watchlist=False, rating=None),
        TitleState(on_watchlist=True, rating=None),
    ]
    assert world.asked("account_states") == 4


@pytest.mark.parametrize("key", [("movie", 603), ("tv", 1399)], ids=lambda key: key[0])
@pytest.mark.parametrize("rated", [None, 0.5, 10.0])
@pytest.mark.parametrize("listed", [True, False], ids=["listed", "not listed"])
def test_watchlist_and_rating_are_told_together_and_apart(
    world: World, key: Key, rated: float | None, listed: bool
) -> None:
    """Whatever else the account made of the title, and of another kind's title of that number."""
    other: Key = ("tv", 1668) if key[0] == "movie" else ("movie", 1668)
    world.sim.fill_favorites(world.user, [key])
    world.sim.fill_watchlist(world.user, [other, *([key] if listed else [])])
    world.sim.fill_ratings(world.user, [(other, 3.0), *([(key, rated)] if rated else [])])
    ref = movie(603) if key[0] == "movie" else show(1399)
    state = TitleState(listed, None if rated is None else round(rated * 100))
    assert looked_up(world, ref) == [state]
    assert state.mark == ("" if rated is None else f"r{round(rated * 100)}")


@pytest.mark.parametrize(
    "key", [("movie", 603), ("tv", 1399), ("episode", 1399, 0, 1)], ids=lambda key: key[0]
)
def test_what_was_taken_off_is_absent_at_once_also_where_the_list_still_shows_it(
    world: World, key: Key
) -> None:
    refs = {"movie": movie(603), "tv": show(1399), "episode": episode(1399, 0, 1)}
    world.sim.fill_ratings(world.user, [(key, 8.5)])
    if key[0] != "episode":
        world.sim.fill_watchlist(world.user, [key])
    world.sim.knobs.list_lag = 3_600
    listed = key[0] != "episode"
    assert looked_up(world, refs[key[0]]) == [TitleState(listed, 850)]
    world.sim.edit(Edit(world.user, "unrate", key))
    assert looked_up(world, refs[key[0]]) == [TitleState(listed, None)]
    assert len(world.read(Feature.RATINGS).rows) == 1
    if listed:
        world.sim.edit(Edit(world.user, "remove", key))
        assert looked_up(world, refs[key[0]]) == [TitleState(False, None)]
        assert len(world.read(Feature.WATCHLIST).rows) == 1


@pytest.mark.parametrize("kind", ["movie", "tv"])
@pytest.mark.parametrize(
    "spoil",
    [
        {"rated": True},
        {"rated": None},
        {"rated": {}},
        {"rated": {"value": None}},
        {"rated": {"value": 0}},
        {"rated": {"value": "8.5"}},
        {"rated": {"value": True}},
        {"rated": 8.5},
        {"rated": []},
        {"watchlist": None},
        {"watchlist": 1},
        {"watchlist": "true"},
        {"id": None},
        {"id": 604},
        {"id": "603"},
    ],
    ids=str,
)
def test_a_state_that_is_not_understood_is_no_absence(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: str, spoil: dict[str, object]
) -> None:
    good = details._states
    monkeypatch.setattr(details, "_states", lambda *given: good(*given) | spoil)
    assert looked_up(world, movie(603) if kind == "movie" else show(1399)) == [Verdict.UNKNOWN]


@pytest.mark.parametrize("missing", ["rated", "watchlist", "id"])
def test_a_state_that_leaves_something_out_is_no_absence(
    world: World, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    good = details._states
    monkeypatch.setattr(
        details, "_states", lambda *given: {k: v for k, v in good(*given).items() if k != missing}
    )
    assert looked_up(world, movie(603)) == [Verdict.UNKNOWN]


def test_a_deleted_episode_is_gone_and_the_others_of_its_season_are_there(world: World) -> None:
    world.sim.fill_ratings(world.user, [(("episode", 1399, 1, 1), 7.5), (("episode", 1399, 1, 2), 8)])
    own = world.sim.catalogue.shows[1399].seasons[1].episodes[1].id
    world.sim.delete_title(("episode", 1399, 1, 1))
    assert looked_up(
        world, episode(1399, 1, 1, own), episode(1399, 1, 1), episode(1399, 1, 2), episode(1399, 1, 3)
    ) == [Verdict.GONE, Verdict.GONE, TitleState(False, 800), TitleState(False, None)]
    assert world.asked("account_states") == 1


def test_episodes_of_a_season_cost_one_call(world: World) -> None:
    world.sim.fill_ratings(world.user, [(("episode", 1399, 0, 1), 7.5), (("episode", 1399, 1, 2), 10)])
    own = world.sim.catalogue.shows[1399].seasons[1].episodes[2].id
    assert looked_up(
        world, episode(1399, 0, 1), episode(1399, 0, 2), episode(1399, 1, 2, own), episode(1399, 1, 3)
    ) == [TitleState(on_watchlist=False, rating=value) for value in (750, None, 1000, None)]
    assert world.asked("account_states") == 2


def test_an_episode_that_is_not_where_it_was_is_not_sure(world: World) -> None:
    season = world.sim.catalogue.shows[1399].seasons[1].episodes
    assert looked_up(
        world,
        episode(1399, 1, 2, season[3].id),  # it has another number now
        episode(1399, 1, 2, 99_999_999),  # its number is another one's now
        episode(1399, 1, 999, season[2].id),  # its number is nobody's
        episode(1399, 1, 999, 99_999_999),
        episode(1399, 1, 999),
    ) == [Verdict.UNKNOWN, Verdict.UNKNOWN, Verdict.UNKNOWN, Verdict.GONE, Verdict.GONE]


def test_what_tmdb_has_no_more_is_gone(world: World) -> None:
    gone: list[Key] = [("movie", 603), ("tv", 1399)]
    world.sim.fill_watchlist(world.user, gone)
    for key in gone:
        world.sim.delete_title(key)
    assert looked_up(
        world, movie(603), show(1399), episode(1399, 1, 1), episode(1396, 77, 1), movie(1668)
    ) == [
        Verdict.GONE,
        Verdict.GONE,
        Verdict.GONE,
        Verdict.GONE,
        TitleState(on_watchlist=False, rating=None),
    ]


def test_refs_that_tmdb_cannot_be_asked_about_are_unknown_without_a_call(world: World) -> None:
    refs = (
        Ref(Kind.MOVIE, ids(imdb="tt0133093")),
        movie("../account"),
        movie("603/rating"),
        movie("0"),
        movie("-1"),
        movie("６０３"),
        Ref(Kind.SEASON, ids(tmdb=3624), show_ids=ids(tmdb=1399), season=1),
        Ref(Kind.EPISODE, ids(tmdb=63056)),
        Ref(Kind.EPISODE, ids(tmdb=63056), show_ids=ids(tmdb=1399), season=1),
    )
    assert set(looked_up(world, *refs)) == {Verdict.UNKNOWN}
    assert world.asked() == 0


@pytest.mark.parametrize("kind", ["status", "html", "truncated", "wrong_shape", "empty_body", "reset"])
def test_an_error_about_one_title_says_nothing_about_it(world: World, kind: str) -> None:
    world.fault(kind=kind, path="/movie/603/")
    assert looked_up(world, movie(603)) == [Verdict.UNKNOWN]


def test_an_answer_about_another_title_is_not_believed(world: World) -> None:
    world.sim.catalogue.movies[604] = world.sim.catalogue.movies[603]
    assert looked_up(world, movie(604)) == [Verdict.UNKNOWN]


def test_a_missing_status_is_not_a_missing_title(world: World) -> None:
    world.fault(kind="status", status=404)
    assert looked_up(world, movie(603)) == [Verdict.UNKNOWN]


def test_once_tmdb_cannot_be_reached_no_more_is_asked(world: World) -> None:
    world.fault(kind="reset", path="account_states")
    assert set(looked_up(world, *(movie(number) for number in range(1, 201)))) == {Verdict.UNKNOWN}
    assert world.asked() <= 3 * 20


def test_one_title_twice_is_one_call(world: World) -> None:
    assert (
        looked_up(world, movie(603), Ref(Kind.MOVIE, ids(tmdb=603, imdb="tt0133093")))
        == [TitleState(on_watchlist=False, rating=None)] * 2
    )
    assert world.asked() == 1


def test_errors_of_the_account_are_raised(world: World) -> None:
    with pytest.raises(KeyRejected):
        world.with_link(lambda link: link.lookup([movie(603)]), key="f" * 32)
    with pytest.raises(SessionEnded):
        world.with_link(lambda link: link.lookup([movie(603)]), session="e" * 40)
    world.sim.knobs.retry_after = "86400"
    world.fault(kind="rate_limited", path="account_states")
    with pytest.raises(RateLimited):
        world.with_link(lambda link: link.lookup([movie(603), show(1399)]))


def test_results_come_in_order_with_so_many_jobs_under_way_and_no_more() -> None:
    started: list[int] = []
    cancelled: list[int] = []

    async def job(number: int, gates: list[asyncio.Event]) -> int:
        started.append(number)
        try:
            await gates[number].wait()
        except asyncio.CancelledError:
            cancelled.append(number)
            raise
        return number

    async def story() -> list[int]:
        gates = [asyncio.Event() for _ in range(9)]
        results = in_order((partial(job, number, gates) for number in range(9)), ahead=3)
        for number in (2, 1, 0, 3):
            gates[number].set()
        found = [await anext(results) for _ in range(4)]
        await results.aclose()
        return found

    assert asyncio.run(story()) == [0, 1, 2, 3]
    assert max(started) == 5
    assert cancelled == [4, 5]
