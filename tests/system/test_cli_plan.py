"""crosswatch plan and crosswatch apply, by the real program: what would happen, and exactly that."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.processes import PROGRAM, SimulatedTmdb, command, simulated_tmdb, started
from tests.system.test_cli import BUSY, FAILED, NOT_CONNECTED, PARTIAL, SUCCEEDED, USED_WRONGLY, User

FILMS = 700
"""More than a page of the service holds."""


@pytest.fixture(scope="module")
def tmdb() -> Iterator[SimulatedTmdb]:
    with simulated_tmdb("--knob", "page_size=100") as running:
        yield running


@pytest.fixture(autouse=True)
def kind(tmdb: SimulatedTmdb) -> Iterator[None]:
    """What a test turned is turned back."""
    yield
    tmdb.ask("/knobs", {"delay": 0, "faults": [], "page_size": 100})


@pytest.fixture
def user(tmp_path: Path, tmdb: SimulatedTmdb) -> User:
    """Somebody of their own who rates two films, connected, with a pair that never ran."""
    tmdb.ask("/users", {"username": tmp_path.name})
    tmdb.ask("/fill", {"user": tmp_path.name, "ratings": [[["movie", 550], 8.5], [["movie", 603], 6.0]]})
    made = User(tmp_path, tmdb)
    made.home.make(users={"default": tmp_path.name})
    return made


def rates(user: User, film: int, points: float) -> None:
    user.home.tmdb.ask("/fill", {"user": user.home.folder.name, "ratings": [[["movie", film], points]]})


def stored(user: User, query: str) -> list[Any]:
    with user.home.looked_at() as connection:
        return list(connection.execute(query))


def test_from_a_preview_to_exactly_that(user: User) -> None:
    done = command("plan", "1", environment=user.environment)
    assert done.returncode == SUCCEEDED, done.stderr
    assert "..." in done.stderr, "it says where it is"
    lines = done.stdout.splitlines()
    assert lines[0] == "TMDb to CrossWatch: 2 added to CrossWatch, nothing removed"
    at = r"\d\d:\d\d\."
    why = r"TMDb has it, and CrossWatch does not\. Read in the list of TMDb at "
    added = {
        re.fullmatch(rf"  ratings: add CrossWatch: (.+) \(\d+\): nothing → ([\d.]+)\. {why}{at}", line)
        for line in lines[1:3]
    }
    assert {(one[1], one[2]) for one in added if one} == {("Fight Club", "8.5"), ("The Matrix", "6")}
    assert lines[3].startswith("This is plan 1. Write exactly this with “crosswatch apply 1”, until 20")
    assert stored(user, "SELECT * FROM tracker_item") == stored(user, "SELECT * FROM base") == []
    assert "TMDb to CrossWatch: preview succeeded" in user.says("runs")[1]
    shown = user.says("runs 1")[1]
    assert "ratings: read 2 and 0; only looked, nothing was written" in shown
    assert "Write exactly what it says with “crosswatch apply 1”" in shown

    code, said = user.says("apply 1")
    assert (
        code,
        "ratings: read 2 and 0; 2 added" in command("runs", "2", environment=user.environment).stdout,
    ) == (
        SUCCEEDED,
        True,
    ), said
    assert len(stored(user, "SELECT * FROM tracker_item")) == 2
    assert user.says("apply 1") == (
        FAILED,
        "This preview has been applied already; that is done once.\nSee what is left with “crosswatch plan 1”.",
    )
    nothing = command("plan", "1", environment=user.environment).stdout
    assert nothing.startswith("TMDb to CrossWatch: Nothing would be written\nThis is plan 2.")


def test_what_has_moved_is_named_and_nothing_is_written(user: User) -> None:
    assert user.says("plan 1")[0] == SUCCEEDED
    rates(user, 603, 2.0)
    done = command("apply", "1", environment=user.environment)
    assert done.returncode == FAILED
    assert done.stderr.splitlines()[-1] == (
        "Nothing was written: what this preview showed no longer holds for The Matrix (1999). "
        "See what would happen now with “crosswatch plan 1”."
    )
    assert "nothing was decided" in done.stdout
    assert stored(user, "SELECT * FROM tracker_item") == []
    answer = user.reads("apply 1")
    assert (answer["status"], answer["code"]) == ("failed", "plan_stale")


def test_of_many_processes_that_apply_one_plan_exactly_one_does(user: User) -> None:
    assert user.says("plan 1")[0] == SUCCEEDED
    user.home.tmdb.ask("/knobs", {"delay": 0.2})
    at_once = [started(PROGRAM, "apply", "1", environment=user.environment) for _ in range(4)]
    codes = [process.finished() for process in at_once]
    assert codes.count(SUCCEEDED) == 1, [process.lines for process in at_once]
    assert set(codes) <= {SUCCEEDED, FAILED, BUSY}
    assert [tuple(row) for row in stored(user, "SELECT count(*) FROM tracker_item")] == [(2,)]
    written = stored(user, "SELECT title, count(*) FROM journal GROUP BY title")
    assert [row[1] for row in written] == [1, 1]
    for process, code in zip(at_once, codes, strict=True):
        said = process.said
        assert code == SUCCEEDED or "applied already" in said or "running at this moment" in said, said


def test_all_titles_as_json_and_the_first_as_lines(user: User) -> None:
    user.home.tmdb.ask(
        "/fill", {"user": user.home.folder.name, "synthetic": {"movies": FILMS, "to": "ratings"}}
    )
    plan = user.reads("plan 1")
    assert plan["summary"] == f"{FILMS + 2} added to CrossWatch, nothing removed"
    assert [item["seq"] for item in plan["items"]] == list(range(1, FILMS + 3))
    assert {item["state"] for item in plan["items"]} == {"write"}
    assert plan["items"][0]["reason"] == "TMDb has it, and CrossWatch does not."
    for limit, shown in (("", 50), (" --limit 3", 3), (f" --limit {FILMS + 2}", FILMS + 2)):
        lines = command("plan", *f"1{limit}".split(), environment=user.environment).stdout.splitlines()
        assert sum(line.startswith("  ratings: add") for line in lines) == shown
        more = FILMS + 2 - shown
        assert (f"  ... and {more} more: --limit {FILMS + 2}" in lines) is bool(more)
    again = user.reads("plan 1")
    assert (again["hash"], again["id"]) == (plan["hash"], "5")


def test_an_empty_plan_as_json(user: User) -> None:
    user.home.sync()
    plan = user.reads("plan 1")
    assert (plan["items"], plan["summary"]) == ([], "Nothing would be written")


def test_a_list_that_is_not_whole_ends_with_3(user: User) -> None:
    user.home.tmdb.ask("/knobs", {"page_size": 1, "faults": [{"kind": "wrong_page", "path": "rated/movies"}]})
    done = command("plan", "1", environment=user.environment)
    assert done.returncode == PARTIAL, done.stdout + done.stderr
    assert "  ratings: the source's list is not complete: " in done.stdout


def test_what_cannot_be_done(user: User) -> None:
    assert user.says("plan nobody")[0] == USED_WRONGLY
    assert user.says("apply 7") == (
        USED_WRONGLY,
        "There is no plan 7 here.\n"
        "“crosswatch pairs list”, “crosswatch runs”, “crosswatch attention” and “crosswatch config get” show what "
        "there is.",
    )
    assert user.says("apply 0")[0] == user.says("apply x")[0] == USED_WRONGLY
    refused = json.loads(command("apply", "7", "--json", environment=user.environment).stdout)
    assert (refused["ok"], refused["code"]) == (False, "not_found")
    assert user.says("plan 1")[0] == SUCCEEDED
    assert user.says("pairs edit 1 --no-watchlist")[0] == SUCCEEDED
    code, said = user.says("apply 1")
    assert (code, said.splitlines()[1]) == (FAILED, "Make a new one with “crosswatch plan 1”.")
    assert "has been changed since" in said
    assert user.says("disconnect tmdb --yes")[0] == SUCCEEDED
    code, said = user.says("plan 1")
    assert (code, "“crosswatch connect tmdb”" in said) == (NOT_CONNECTED, True)


def test_while_the_pair_runs_it_is_busy_and_a_preview_can_be_stopped(user: User, tmdb: SimulatedTmdb) -> None:
    tmdb.ask("/knobs", {"delay": 30})
    first = user.starts("plan 1")
    run = user.run_that_began()
    assert user.says("plan 1") == (
        BUSY,
        f"This pair is running at this moment.\nWait for it, or stop it with “crosswatch cancel {run}”.",
    )
    assert user.says(f"cancel {run}")[0] == SUCCEEDED
    assert first.finished() == FAILED
    assert "preview cancelled" in first.said
    assert "only looked" not in first.said
