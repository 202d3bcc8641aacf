"""Pairs of both directions and the inbox, by the real command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.system.processes import SimulatedTmdb, command, simulated_tmdb
from tests.system.test_cli import SUCCEEDED, USED_WRONGLY, User

FILMS = [["movie", 550], ["movie", 603]]


@pytest.fixture(scope="module")
def tmdb() -> Iterator[SimulatedTmdb]:
    with simulated_tmdb() as running:
        for user in ("ann", "ben"):
            running.ask("/users", {"username": user})
        yield running


@pytest.fixture
def user(tmp_path: Path, tmdb: SimulatedTmdb) -> User:
    """Ann and Ben rate two films differently; both are connected, with a two-way pair."""
    tmdb.ask("/fill", {"user": "ann", "ratings": [[film, 8.5] for film in FILMS]})
    tmdb.ask("/fill", {"user": "ben", "ratings": [[FILMS[0], 6.0], [FILMS[1], 6.5]]})
    made = User(tmp_path, tmdb)
    made.home.make(("tracker", "tracker/spare"), users={"default": "ann", "ben": "ben"})
    code, last = made.says("pairs add tmdb tmdb/ben --two-way --no-watchlist --name both")
    assert (code, last.splitlines()[0]) == (SUCCEEDED, "Made pair 2 “both”: tmdb ↔ tmdb/ben (ratings)")
    return made


def ratings(tmdb: SimulatedTmdb, user: str) -> list[float]:
    answer = httpx2.get(f"{tmdb.web_url}/_simulator/lists", params={"user": user})
    stored = {tuple(key): value for key, value in answer.json()["ratings"]}
    return [stored[tuple(film)] for film in FILMS]


def test_from_a_conflict_to_its_end(user: User, tmdb: SimulatedTmdb) -> None:
    assert user.says("attention") == (SUCCEEDED, "Nothing needs you.")
    done = command("sync", "both", environment=user.environment)
    said = done.stdout
    assert (done.returncode, "2 conflicts" in said) == (SUCCEEDED, True), said + done.stderr
    assert "whose value counts is for you to say: “crosswatch attention”" in said
    assert "2 things need you: “crosswatch attention”" in user.says("status")[1]
    assert user.reads("status")["attention"] == 2
    listed = user.says("attention")[1].splitlines()
    assert listed[:3] == [
        "1: “Fight Club (1999)” has two ratings: 8.5 in TMDb, 6 in TMDb (ben). (pair 2, “both”)",
        "    source: 8.5 (TMDb)",
        "    target: 6 (TMDb (ben))",
    ]
    assert len(listed) == 7
    asked = user.reads("attention")
    assert (asked["total"], asked["items"][1]["target"]["value"]) == (2, 6.5)
    shown = user.says("attention --limit 1")[1]
    assert "... and 1 more" in shown
    answered = "Answered 1. The next sync of the pair does it: “crosswatch sync”."
    assert user.says("attention answer 1 target") == (SUCCEEDED, answered)
    assert user.reads("attention answer 1 source") == {"ok": True, "answered": 1}
    assert user.says("attention answer both target --all") == (SUCCEEDED, answered)
    again = user.says("attention answer both target --all")[1]
    assert again.startswith("No conflicts wait in this pair.")
    assert "What is answered already keeps its answer" in again
    assert user.says("sync 2")[0] == SUCCEEDED
    assert (ratings(tmdb, "ann"), ratings(tmdb, "ben")) == ([8.5, 6.5], [8.5, 6.5])
    assert user.says("attention") == (SUCCEEDED, "Nothing needs you.")


def test_what_cannot_be_said(user: User) -> None:
    user.says("sync both")
    for line, words in (
        ("attention answer 7 source", "There is no question 7 here."),
        ("attention answer both source", "a question has a number"),
        ("attention answer 1 both", "source or target"),
        ("attention answer both both --all", "source or target"),
        ("attention answer nobody source --all", "pair “nobody”"),
        ("attention answer 1", "Missing argument"),
        ("pairs add tmdb/ben tmdb --two-way", "already joins these two accounts"),
        ("pairs add tmdb tracker --conflict mine", "mine"),
        ("pairs edit both --conflict mine", "mine"),
        ("pairs add tracker/spare tracker", "with “crosswatch pairs add ... --two-way”"),
    ):
        code, said = user.says(line)
        assert (code, words in said) == (USED_WRONGLY, True), f"{line}: {said}"
    assert user.reads("attention")["total"] == 2


def test_pairs_show_whose_rating_wins(user: User) -> None:
    said = " ".join(user.says("pairs add --help")[1].split())
    assert "newest" in said
    assert "ratings: on: add, change; asks where both changed" in user.says("pairs show both")[1]
    assert user.says("pairs edit both --conflict newest")[0] == SUCCEEDED
    shown = user.says("pairs show both")[1]
    assert "the newest wins where both changed, and it asks where there are no dates" in shown
    assert user.reads("pairs show both")["features"]["ratings"]["enabled"] is True
    assert "the source wins where both changed" in user.says("pairs show 1")[1]
    assert user.says("pairs add tracker tmdb --conflict ask --no-ratings")[0] == SUCCEEDED
    features = user.reads("pairs show 3")["features"]
    assert (features["ratings"]["enabled"], features["ratings"]["conflict"]) == (False, "ask")
    assert user.reads("pairs edit 3 --ratings --conflict target")["features"]["ratings"] == {
        "enabled": True,
        "add": True,
        "change": True,
        "remove": False,
        "conflict": "target",
    }


@pytest.fixture
def watched(user: User, tmdb: SimulatedTmdb) -> User:
    """Ann's watchlist is kept in the tracker; then she took four of six films off it, one more than passes."""
    films = [["movie", number] for number in (11, 12, 13, 14, 680, 155)]
    user.environment["CROSSWATCH_TMDB_VISIBILITY_DELAY"] = "0"
    tmdb.ask("/fill", {"user": "ann", "watchlist": films})
    assert user.says("pairs add tmdb tracker --remove --no-ratings --name films")[0] == SUCCEEDED
    assert user.says("sync films")[0] == SUCCEEDED
    for film in films[:4]:
        tmdb.ask("/edit", {"user": "ann", "action": "remove", "key": film})
    return user


def test_removals_wait_are_answered_and_taken_back(watched: User) -> None:
    user = watched
    done = command("sync", "films", environment=user.environment).stdout
    assert "4 held until you allow it: “crosswatch attention”" in done
    lines = user.says("attention --pair films --kind removal")[1].splitlines()
    assert lines[0].endswith(
        "was taken off the watchlist of TMDb. CrossWatch still lists it. (pair 3, “films”)"
    )
    assert lines[1:3] == ["    allow: Remove it from CrossWatch", "    keep: Keep it"]
    assert lines[12].startswith(
        "removal of pair 3, watchlist: They wait because they are many: more than 3, "
    )
    assert len(lines) == 4 * 3 + 2
    assert user.says("attention --kind conflict")[1] == "Nothing needs you."
    question = user.reads("attention --kind removal")["items"][0]["id"]
    assert user.says(f"attention answer {question} keep")[1] == "Kept 1: both sides stay as they are."
    said = user.says("attention --answered")[1].splitlines()
    assert said[1:3] == ["    You said keep: Keep it.", "    allow: Remove it from CrossWatch"]
    assert said[4] == "    take_back: Take it back"
    assert user.says(f"attention answer {question} take_back")[1].startswith("Taken back 1.")
    allow = "attention answer films allow --all --kind removal"
    assert user.says(allow)[1] == "Answered 4. The next sync of the pair does it: “crosswatch sync”."
    assert user.says(allow)[1].startswith("No removals wait in this pair. ")
    assert user.says("attention answer films take_back --all --kind removal")[1].startswith("Taken back 4.")
    assert user.reads(allow + " --side target") == {"ok": True, "answered": 4}
    assert "4 removed" in command("sync", "films", environment=user.environment).stdout
    assert user.says("attention") == (SUCCEEDED, "Nothing needs you.")
    assert user.says("attention --answered") == (SUCCEEDED, "No answer waits for a sync.")


def test_removing_is_switched_on_and_off(watched: User) -> None:
    user = watched
    user.says("pairs edit films --no-remove")
    assert "4 kept" in command("sync", "films", environment=user.environment).stdout
    said = user.says("pairs edit films --remove --remove-when-rated")[1].splitlines()
    assert (
        said[1] == "You are asked about 4 titles that were kept so far: “crosswatch attention --kind kept”."
    )
    assert "watchlist: on: add, remove, remove what was rated" in user.says("pairs show films")[1]
    assert user.reads("attention --kind kept")["total"] == 4
    features = user.reads("pairs edit films --no-remove")["features"]
    assert [lane["remove"] for lane in features.values()] == [False, False]
    assert features["watchlist"]["remove_when_rated"] is False
    assert user.reads("attention --kind kept")["total"] == 0
    for line, words in (
        ("pairs edit films --remove-when-rated", "remove_when_rated needs remove to be on"),
        ("pairs edit films --two-way", "The direction of a pair cannot be changed"),
        ("pairs edit both --one-way", "The direction of a pair cannot be changed"),
    ):
        code, told = user.says(line)
        assert (code, words in told) == (USED_WRONGLY, True), told
    assert user.says("pairs edit both --two-way --conflict newest")[1].splitlines()[1] == (
        "TMDb gives no dates, so it asks: “crosswatch attention”."
    )
