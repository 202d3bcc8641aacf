"""Which title is which: kinds apart, episodes by their place, batches like one after another."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from crosswatch.identity.resolver import resolve
from crosswatch.model.kinds import Kind
from crosswatch.model.refs import Hints, Ref, ids
from crosswatch.store import titles
from crosswatch.store.database import Connection, Database
from tests.unit.stored import counted, dump


def keys(database: Database, *refs: Ref) -> list[int]:
    return database.write_now(lambda connection: resolve(connection, refs))


def movie(number: int, **hints: object) -> Ref:
    return Ref(Kind.MOVIE, ids(tmdb=number), str(number), hints=Hints(**hints))  # type: ignore[arg-type]


def show(number: int) -> Ref:
    return Ref(Kind.SHOW, ids(tmdb=number), str(number))


def episode(show_number: int, season: int, number: int, own: int | None = None) -> Ref:
    return Ref(Kind.EPISODE, ids(tmdb=own), show_ids=ids(tmdb=show_number), season=season, number=number)


def test_a_movie_and_a_show_of_one_number_are_two_titles(database: Database) -> None:
    film, series = keys(database, movie(1668), show(1668))
    assert film != series
    assert keys(database, show(1668), movie(1668)) == [series, film]


def test_episodes_are_told_by_show_season_and_number(database: Database) -> None:
    special, first = keys(database, episode(1668, 0, 1, 901), episode(1668, 1, 1, 902))
    series = keys(database, show(1668))[0]
    assert len({special, first, series}) == 3
    stored = database.read_now(lambda connection: titles.by_keys(connection, [special, first]))
    assert [(row.show, row.season, row.number) for row in stored.values()] == [(series, 0, 1), (series, 1, 1)]
    assert keys(database, episode(1668, 0, 1), episode(1668, 1, 1)) == [special, first]


def test_an_episode_whose_id_moved_goes_by_its_place(database: Database) -> None:
    fifth = keys(database, episode(1, 1, 5, 905))[0]
    sixth = keys(database, episode(1, 1, 6, 905))[0]
    assert sixth != fifth
    assert keys(database, episode(1, 1, 5), episode(1, 1, 6)) == [fifth, sixth]


def test_the_same_number_in_another_show_is_another_episode(database: Database) -> None:
    one, two = keys(database, episode(1, 1, 1, 11), episode(2, 1, 1, 12))
    assert one != two


def test_a_show_known_only_through_its_episode_is_that_show(database: Database) -> None:
    keys(database, episode(7, 1, 1))
    series = keys(database, show(7))[0]
    assert len(dump(database, "title")["title"]) == 2
    assert keys(database, episode(7, 2, 1), show(7))[1] == series


def test_unknown_ids_become_titles_at_once_and_stay_them(database: Database) -> None:
    first = keys(database, movie(1), movie(2), movie(3))
    assert len(set(first)) == 3
    before = dump(database, "title", "title_id")
    assert keys(database, movie(3), movie(2), movie(1)) == first[::-1]
    assert dump(database, "title", "title_id") == before


def test_a_title_that_comes_twice_in_a_batch_is_one(database: Database) -> None:
    found = keys(database, movie(1), movie(1), episode(5, 1, 1, 9), episode(5, 1, 1, 9))
    assert found[0] == found[1]
    assert found[2] == found[3]


def test_ids_of_several_services_lead_to_one_title(database: Database) -> None:
    both = Ref(Kind.MOVIE, ids(tmdb=603, imdb="tt0133093"))
    key = keys(database, movie(603))[0]
    assert keys(database, both) == [key]
    assert keys(database, Ref(Kind.MOVIE, ids(imdb="tt0133093", trakt=481))) == [key]
    assert keys(database, Ref(Kind.MOVIE, ids(trakt=481))) == [key]


def test_an_id_that_is_tied_stays_with_its_title(database: Database) -> None:
    one, two = keys(database, movie(1), Ref(Kind.MOVIE, ids(imdb="tt2")))
    mixed = keys(database, Ref(Kind.MOVIE, ids(tmdb=1, imdb="tt2")))[0]
    assert mixed in (one, two)
    assert keys(database, movie(1), Ref(Kind.MOVIE, ids(imdb="tt2"))) == [one, two]


def test_our_own_number_is_believed_before_anything_else(database: Database) -> None:
    key = keys(database, movie(1))[0]
    assert keys(database, Ref(Kind.MOVIE, ids(crosswatch=key), str(key))) == [key]


def test_names_are_kept_and_silence_takes_none_away(database: Database) -> None:
    key = keys(database, movie(1, name="Alien", year=1979, poster="/a.jpg"))[0]
    keys(database, movie(1))
    keys(database, movie(1, name="Alien: Director's Cut"))
    stored = database.read_now(lambda connection: titles.by_keys(connection, [key]))[key]
    assert stored.hints == Hints("Alien: Director's Cut", 1979, "/a.jpg")


def test_two_names_of_one_title_in_a_batch_do_not_take_turns(database: Database) -> None:
    """Else every run would store a title anew."""
    batch = (movie(1, name="Alien"), movie(1, name="Alien 1"))
    keys(database, *batch)
    keys(database, *batch)
    before = dump(database, "title")
    keys(database, *batch)
    assert dump(database, "title") == before


def test_a_merged_title_is_found_under_the_one_it_became(database: Database) -> None:
    one, two = keys(database, movie(1), movie(2))
    database.write_now(
        lambda connection: connection.execute(text(f"UPDATE title SET merged_into = {one} WHERE id = {two}"))
    )
    assert keys(database, movie(2), Ref(Kind.MOVIE, ids(crosswatch=two))) == [one, one]
    told = database.read_now(
        lambda connection: titles.refs_of(connection, [two], frozenset({"tmdb", "crosswatch"}))
    )
    assert told[two].id("tmdb") == "1"
    assert told[two].id("crosswatch") == str(one)


def test_a_service_is_told_the_ids_that_it_understands(database: Database) -> None:
    key = keys(database, episode(7, 0, 3, 903))[0]
    ref = database.read_now(lambda connection: titles.refs_of(connection, [key], frozenset({"tmdb"})))[key]
    assert (ref.kind, ref.id("tmdb"), ref.show_id("tmdb"), ref.season, ref.number) == (
        Kind.EPISODE,
        "903",
        "7",
        0,
        3,
    )
    assert ref.id("crosswatch") is None


_numbers = st.integers(1, 3)
_refs = st.lists(
    st.one_of(
        st.builds(
            lambda kind, tmdb, imdb: Ref(kind, ids(tmdb=tmdb, imdb=imdb)),
            st.sampled_from([Kind.MOVIE, Kind.SHOW]),
            st.none() | _numbers,
            _numbers,
        ),
        st.builds(episode, _numbers, st.integers(0, 1), _numbers, st.none() | st.integers(1, 5)),
    ),
    max_size=7,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=_refs, batch=_refs)
def test_a_batch_finds_what_one_after_another_would_find(
    database: Database, before: list[Ref], batch: list[Ref]
) -> None:
    """Each way runs in a transaction that is taken back, so that all begin with no titles."""
    found: list[list[int]] = []

    class TakenBack(Exception):
        pass

    def together(connection: Connection) -> None:
        resolve(connection, before)
        resolve(connection, batch)
        found.append(resolve(connection, batch))
        raise TakenBack

    def one_by_one(connection: Connection) -> None:
        resolve(connection, before)
        found.append([resolve(connection, [ref])[0] for ref in batch])
        raise TakenBack

    def first(connection: Connection) -> None:
        resolve(connection, before)
        found.append(resolve(connection, batch))
        raise TakenBack

    for work in (first, together, one_by_one):
        with pytest.raises(TakenBack):
            database.write_now(work)
    assert _partition(found[0]) == _partition(found[1]) == _partition(found[2])


def _partition(found: list[int]) -> list[int]:
    return [found.index(key) for key in found]


def test_statements_grow_with_batches_and_not_with_titles(database: Database) -> None:
    def cost(count: int, start: int) -> tuple[int, int]:
        refs = [movie(start + number) for number in range(count)]
        with counted(database) as first:
            keys(database, *refs)
        with counted(database) as again:
            keys(database, *refs)
        return len(first), len(again)

    few, many = cost(200, 0), cost(5_000, 10_000)
    assert many[1] == few[1] <= 3
    assert many[0] - few[0] <= 60
