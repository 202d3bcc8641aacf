"""An installation whose program is killed, and what must be so of it afterwards."""

from __future__ import annotations

import json
import re
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.crash.launcher import MOMENTS
from tests.crash.programs import NEVER, Programs
from tests.crash.stories import Films, Removals, Story, Told
from tests.system.homes import Home
from tests.system.live import Stage, until
from tests.system.processes import SimulatedTmdb, environment

CHANCE = "chance"
"""Killed by us after some time, and not by itself at a moment."""

LANE = "(SELECT feature FROM lane WHERE id = t.lane)"
NAME = "(SELECT x.kind || x.value FROM title_id x WHERE x.title = t.title AND x.namespace = 'tmdb')"
WHOSE = "(SELECT provider || instance FROM account a WHERE a.{} = t.{})"
ASKED = ", ".join(f"json_extract(data, '$.{name}')" for name in ("side", "source", "target", "wanted"))
COMPARED = (
    f"""SELECT {LANE}, {NAME} AS name, source_value, target_value, ours, kept, iif(source_value, source_native, ''),
        CASE WHEN target_value IS NULL THEN '' WHEN target_native = t.title THEN 'own' ELSE target_native END,
        source_mark, target_mark, source_gap, target_gap FROM base t ORDER BY 1, 2""",
    f"SELECT {WHOSE.format('uid', 'account_uid')}, feature, {NAME}, value FROM last_write t ORDER BY 1, 2, 3",
    f"SELECT {WHOSE.format('uid', 'account_uid')}, feature, {NAME}, value, date FROM reading t ORDER BY 1, 2, 3",
    f"SELECT {NAME}, feature, value, date, precision, origin LIKE 'tmdb:%' FROM tracker_item t ORDER BY t.id",
    "SELECT kind, name, year, poster, season, number, merged_into FROM title ORDER BY 1, 2, 4",
    "SELECT namespace, kind, value FROM title_id ORDER BY 1, 2, 3",
    f"SELECT {WHOSE.format('uid', 'account_uid')}, feature, whole, gap, total FROM snapshot t ORDER BY 1, 2",
    f"SELECT {LANE}, kind, {NAME}, answer, {ASKED} FROM attention t ORDER BY 1, 2, 3",
    f"SELECT {LANE}, {NAME}, reason FROM unmatched t ORDER BY 1, 2",
)
"""What must be the same whether it was killed or not: all but times, numbers of runs and versions."""

SENT_AGAIN = """
SELECT a.run, a.seq, b.run, b.seq FROM journal a JOIN journal b
ON (a.lane, a.side, a.title) = (b.lane, b.side, b.title) AND a.wanted IS b.wanted AND a.run < b.run
WHERE a.sent_at IS NOT NULL AND b.sent_at IS NOT NULL
AND (a.done_at IS NULL OR a.done_at > b.sent_at OR a.outcome != 'not_sent')
"""
"""Writes that were sent once more although the first sending was not settled, or had worked."""

_RATING, _WATCHLIST = re.compile(r"/movie/(\d+)/rating"), re.compile(r"/account/\w+/watchlist")


@dataclass
class Victim:
    """An installation whose program is killed; ``killed``: the runs that were under way then.

    ``removals``: all that the program has to take off any list of TMDb, ``not_put_back``: what it has to put on none.
    ``came``: how often each moment came in the
    first run that nobody killed.
    """

    stage: Stage
    story: Story
    programs: Programs
    removals: Removals = field(default_factory=set)
    not_put_back: Removals = field(default_factory=set)
    killed: list[int] = field(default_factory=list)
    came: Counter[str] = field(default_factory=Counter)

    @classmethod
    def make(
        cls, folder: Path, tmdb: SimulatedTmdb, story: Story, films: Films, programs: Programs
    ) -> Victim:
        """Fresh users, connected in a fresh folder, of whom the story is told."""
        users = {name: f"{folder.name}-{name}" for name in ("default", "second")}
        numbers = [int(tmdb.ask("/users", {"username": user})["id"]) for user in users.values()]
        home = Home(folder, tmdb)
        home.make(("tmdb", story.target), users=users, mode=story.mode)
        made = cls(Stage(home, users["default"], users["second"], numbers[0]), story, programs)
        tmdb.ask("/knobs", {"list_lag": 0, "rating_clears_watchlist": False})
        told = Told(made.stage, films)
        made.removals, made.not_put_back = story.tell(told), told.not_put_back
        tmdb.ask("/knobs", {"list_lag": story.late, "rating_clears_watchlist": story.clears})
        tmdb.ask("/log", method="DELETE")
        time.sleep(story.late)  # until the lists show what the story told; before that nothing is to be done
        return made

    @property
    def codes(self) -> Sequence[int]:
        """How a run may end that nobody kills: lists that are late change while they are read, and are not whole."""
        return (0, 3) if self.story.late else (0,)

    @property
    def _environment(self) -> dict[str, str]:
        late = {"TMDB_VISIBILITY_DELAY": str(self.story.late)}
        return environment(self.stage.home.folder, self.stage.tmdb, **late)

    def is_hit(self, name: str, nth: int, ripe: float, breath: float) -> bool:
        """Kills it, by itself at a moment or by us after some seconds; whether that was before its end."""
        last = self.stage.newest()
        moment = f"{name}:{nth}" if name in MOMENTS else NEVER
        hurry = breath if name == CHANCE else None
        words = (self.story.command, "1")
        program = self.programs.run(words, self._environment, moment, ripe=ripe, breath=hurry)
        self._quiet()
        assert program.code in (*self.codes, -signal.SIGKILL), f"it ended with {program.code}: {program.said}"
        assert [row[0] for row in self.stage.rows("PRAGMA integrity_check")] == ["ok"]
        assert self.stage.rows("PRAGMA foreign_key_check") == []
        begun = self.stage.rows("SELECT id FROM run WHERE id > ? AND status = 'running'", last)
        self.killed += [int(row["id"]) for row in begun]
        self._did_nothing_else()
        return program.code == -signal.SIGKILL

    def _quiet(self) -> None:
        """Returns once TMDb has done with every write, also with those whose caller has gone."""

        def done() -> bool:
            asked = self.stage.tmdb.ask("/state")["counters"]
            return len(self._log()) == sum(
                int(count) for call, count in asked.items() if call.startswith(("POST", "DELETE"))
            )

        until(done, "no write is under way")

    def _log(self) -> list[dict[str, Any]]:
        """The writes that TMDb has answered."""
        log: list[dict[str, Any]] = self.stage.tmdb.ask("/log")["entries"]
        return [entry for entry in log if entry["method"] in ("POST", "DELETE")]

    def settle(self) -> list[Any]:
        """The rest, undisturbed, until a run finds nothing to do and nothing waits any more; gives what is left."""
        for _ in range(30):
            writes = self._writes()
            program = self.programs.run((self.story.command, "1"), self._environment)
            assert program.code in self.codes, program.said
            self.came = self.came or program.came
            if program.code == 0 and self._is_at_rest():
                assert self._writes() == writes, "it wrote what it had not planned"
                return self._left()
        raise AssertionError("it never comes to rest")

    def _is_at_rest(self) -> bool:
        """What waits for its user may wait; nothing else does."""
        rows = self.stage.rows("SELECT counts FROM run_lane WHERE run = ?", self.stage.newest())
        lanes = [json.loads(row["counts"]) for row in rows]
        return not any(lane["planned"] or lane["why_held"] for lane in lanes)

    def _writes(self) -> Counter[tuple[str, str, str]]:
        """What TMDb did for us, by call and body, without what was cut off before it had arrived whole."""
        return Counter(
            (entry["method"], entry["path"], entry["body"])
            for entry in self._log()
            if entry["status"] in (200, 201)
        )

    def _sent(self, *, present: bool) -> Counter[tuple[str, int]]:
        """What TMDb put on lists, or took off, because we said so; and how often we did."""
        found = Counter[tuple[str, int]]()
        for (method, path, body), times in self._writes().items():
            if (rating := _RATING.fullmatch(path)) and present is (method == "POST"):
                found["ratings", int(rating[1])] += times
            if _WATCHLIST.fullmatch(path) and present is json.loads(body)["watchlist"]:
                found["watchlist", int(json.loads(body)["media_id"])] += times
        return found

    def _did_nothing_else(self) -> None:
        taken, put = self._sent(present=False), self._sent(present=True)
        assert taken.keys() <= self.removals, f"nobody removed {sorted(taken.keys() - self.removals)}"
        assert set(taken.values()) <= {1}, "removed twice"
        assert not put.keys() & self.not_put_back, f"put back: {sorted(put.keys() & self.not_put_back)}"

    def _left(self) -> list[Any]:
        """Both lists of both accounts, and our own rows; without times, numbers of runs and versions."""
        with self.stage.home.looked_at() as connection:
            stored = [connection.execute(query).fetchall() for query in COMPARED]
        return [*stored, self.stage.lists(self.stage.source), self.stage.lists(self.stage.target)]

    def nothing_was_repeated_and_nothing_is_left(self) -> None:
        """Once it has come to rest."""
        writes = self._writes()
        assert {key: times for key, times in writes.items() if times > 1} == {}
        assert [tuple(row) for row in self.stage.rows(SENT_AGAIN)] == []
        self._did_nothing_else()
        assert self._sent(present=False).keys() == self.removals, "not all that was removed is gone"
        self.stage.is_left_in_order()
        states = {row["state"] for row in self.stage.rows("SELECT DISTINCT state FROM journal")}
        assert states <= {"done", "dropped"}
        status = {row["id"]: row["status"] for row in self.stage.rows("SELECT id, status FROM run")}
        assert {status[run] for run in self.killed} <= {"interrupted"}
        assert "running" not in status.values()
