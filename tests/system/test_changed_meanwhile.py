"""What a run, or a pair, meets when the world around it is not the one that it began with."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosswatch.errors import HouseError, Refused
from crosswatch.model.accounts import AccountName
from crosswatch.runs.applying import Applying
from crosswatch.services.pairs import NewPair, Pairs
from crosswatch.store import accounts
from tests.system.world import TMDB, World, lane, make_world


def _some(world: World) -> list[tuple[str, int]]:
    keys = [("movie", number) for number in list(world.sim.catalogue.movies)[:45]]
    world.sim.fill_ratings("alice", [(key, 8.5) for key in keys])
    return keys


@pytest.mark.parametrize("change", ["disconnected", "somebody else"])
def test_a_changed_connection_ends_the_run_before_anything_is_written(tmp_path: Path, change: str) -> None:
    with make_world(tmp_path) as world:
        _some(world)

        def meanwhile() -> None:
            uid, state = ("tmdb:7", accounts.CONNECTED) if change == "somebody else" else ("", "")
            row = world.house.database.read_now(lambda connection: accounts.find(connection, TMDB))
            assert row is not None
            world.house.database.write_now(
                lambda connection: accounts.keep(
                    connection, TMDB, uid=uid or row.uid, label="", state=state or accounts.DISCONNECTED
                )
            )

        world.sim.after_list_reads(2, meanwhile)
        report = world.sync()
        assert (report.run.status, report.run.code) == ("failed", "connection_replaced")
        assert world.ratings == {}


def test_what_was_stored_and_could_not_be_noted_is_in_doubt_and_then_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make_world(tmp_path) as world:
        keys = _some(world)

        def full(*_: object) -> None:
            raise HouseError("disk_full", path="somewhere")

        with monkeypatch.context() as patched:
            patched.setattr(Applying, "_store", full)
            report = world.sync()
        assert (report.run.status, report.run.code) == ("partial", "disk_full")
        assert lane(report)["in_doubt"] == len(keys)
        assert "not_sent" not in lane(report)
        assert world.sync().run.status == "succeeded"
        assert len(world.ratings) == len(keys)


def test_a_database_that_was_taken_away_is_told_and_not_written_into_nothing(tmp_path: Path) -> None:
    with make_world(tmp_path) as world:
        path = world.house.database.path
        away = path.rename(path.with_suffix(".away"))
        with pytest.raises(HouseError, match="database_broken"):
            world.sync()
        away.rename(path)
        assert world.sync().run.status == "succeeded"


def test_pairs_that_would_form_a_ring_are_refused_with_the_ring(tmp_path: Path) -> None:
    with make_world(tmp_path) as world:
        pairs = Pairs(world.house)
        first, second, third = (AccountName("tracker", name) for name in ("default", "b", "c"))
        world.run(pairs.add(NewPair(first, second)))
        world.run(pairs.add(NewPair(second, third)))
        for source, target, ring in (
            (second, first, "tracker/b → tracker → tracker/b"),
            (third, first, "tracker/c → tracker → tracker/b → tracker/c"),
        ):
            with pytest.raises(Refused, match="pair_cycle") as refused:
                world.run(pairs.add(NewPair(source, target)))
            assert refused.value.params["cycle"] == ring
