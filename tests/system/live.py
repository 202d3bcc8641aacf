"""What is told while a run goes on, as readers of event streams see it; and what a run left behind."""

from __future__ import annotations

import contextlib
import json
import secrets
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from tests.system.homes import Home
from tests.system.processes import PROGRAM, Process, SimulatedTmdb, environment, server, started

T = TypeVar("T")
CANCEL_SECONDS, END_SECONDS = 2.0, 3.0
"""What is promised; a test prints what it took, and fails at twice that: other work shares the machine."""

RATE, RATED = "POST /movie/{movie}/rating", "GET /account/{word:account}/rated/movies"
STATES, WHOAMI = "GET /movie/{movie}/account_states", "GET /account"


@dataclass(frozen=True)
class Event:
    """One server-sent event; a fragment for a page has neither name nor id."""

    name: str
    id: str
    data: str

    @property
    def run(self) -> dict[str, Any]:
        """The state that it tells."""
        state: dict[str, Any] = json.loads(self.data)
        return state


def events(url: str, *, last: str = "") -> Iterator[Event]:
    """The events of a stream until it ends; comments are left out. Closing the iterator drops the connection."""
    headers = {"Last-Event-ID": last} if last else {}
    with httpx2.stream("GET", url, headers=headers, timeout=30) as answer:
        assert answer.status_code in (200, 204), answer.status_code
        fields: dict[str, list[str]] = {}
        with contextlib.suppress(httpx2.RemoteProtocolError):  # a server that ends cuts it
            for line in answer.iter_lines():
                name, _, value = line.partition(":")
                if name:
                    fields.setdefault(name, []).append(value.removeprefix(" "))
                elif not line:
                    if "data" in fields:
                        yield Event(
                            "".join(fields.get("event", [])),
                            "".join(fields.get("id", [])),
                            "\n".join(fields["data"]),
                        )
                    fields = {}


class Reader:
    """Reads a whole stream beside the test; it has begun to, once it is made."""

    def __init__(self, url: str) -> None:
        self.events: list[Event] = []
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(url,), daemon=True)
        self._thread.start()
        assert self._begun.wait(30), "the stream tells nothing"

    def _read(self, url: str) -> None:
        for event in events(url):
            self.events.append(event)
            self._begun.set()

    def whole(self) -> list[Event]:
        """All that was told, once the stream has ended."""
        self._thread.join(60)
        assert not self._thread.is_alive(), "the stream does not end"
        return self.events


@dataclass
class Stage:
    """Two fresh accounts of a simulated TMDb, and a folder that is connected to both."""

    home: Home
    source: str
    target: str
    source_id: int
    folder_environment: dict[str, str] = field(init=False)
    children: list[Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder_environment = environment(self.home.folder, self.tmdb)

    @property
    def tmdb(self) -> SimulatedTmdb:
        return self.home.tmdb

    def fill(self, *, ratings: int = 0, watchlist: int = 0, user: str = "") -> None:
        """Made-up titles that nobody else has."""
        for feature, count in (("ratings", ratings), ("watchlist", watchlist)):
            if count:
                wanted = {"movies": count, "to": feature}
                self.tmdb.ask("/fill", {"user": user or self.source, "synthetic": wanted})

    def lists(self, user: str) -> tuple[dict[str, float], set[str]]:
        """Ratings and watchlist of a user, as they truly are."""
        truth = self.tmdb.ask(f"/lists?user={user}")
        ratings = {str(key): value for key, value in truth["ratings"]}
        return ratings, {str(key) for key in truth["watchlist"]}

    def in_step(self) -> bool:
        """Whether the target has all that the source has, each rating with its value."""
        (source, titles), (target, there) = self.lists(self.source), self.lists(self.target)
        return all(target.get(key) == value for key, value in source.items()) and titles <= there

    def requests(self) -> int:
        """How many calls have arrived."""
        return int(self.tmdb.ask("/state")["requests"])

    def quiet(self) -> None:
        """Returns once TMDb has done with every write, also with those whose caller has gone."""

        def done() -> bool:
            asked = self.tmdb.ask("/state")["counters"]
            answered = len(self.tmdb.ask("/log?method=POST")["entries"])
            return answered == sum(int(count) for call, count in asked.items() if call.startswith("POST"))

        until(done, "no write is under way")

    def faulty(self, *faults: dict[str, Any], **knobs: Any) -> None:
        """Turns the knobs of TMDb; what is not named stays."""
        self.tmdb.ask("/knobs", {"faults": list(faults), **knobs})

    def asked(self, call: str) -> int:
        """How many calls of this kind have arrived, also those without an answer."""
        return int(self.tmdb.ask("/state")["counters"].get(call, 0))

    def starts(self, line: str) -> Process:
        self.children.append(started(PROGRAM, *line.split(), environment=self.folder_environment))
        return self.children[-1]

    def leave(self) -> None:
        """Nothing of this stage goes on: no program of it, no call, and TMDb is kind again."""
        for child in self.children:
            child.end(signal.SIGKILL)
        self.faulty(delay=0, retry_after="none")
        self.quiet()

    @contextlib.contextmanager
    def served(self) -> Iterator[tuple[Process, str]]:
        with server(self.folder_environment) as (process, base):
            yield process, base

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        with self.home.looked_at() as connection:
            connection.row_factory = sqlite3.Row
            return list(connection.execute(query, values))

    def change(self, statement: str, *values: object) -> None:
        with self.home.looked_at() as connection, connection:
            connection.execute(statement, values)

    def run(self, number: int) -> sqlite3.Row:
        return self.rows("SELECT * FROM run WHERE id = ?", number)[0]

    def newest(self) -> int:
        """The number of the newest run, 0 before the first."""
        return int(self.rows("SELECT coalesce(max(id), 0) AS newest FROM run")[0]["newest"])

    def begun(self, after: int) -> int:
        """The number of the run that was begun after that one, as soon as it was."""
        return until(lambda: self.newest() if self.newest() > after else 0, "a run begins")

    def ended(self, number: int) -> sqlite3.Row:
        """The run once it has ended."""
        until(lambda: self.run(number)["status"] != "running", f"run {number} ends")
        return self.run(number)

    def ripen(self) -> None:
        """As if all that is in doubt had been sent long ago: it may be looked up now."""
        self.change("UPDATE journal SET sent_at = sent_at - 600000 WHERE state IN ('sent', 'in_doubt')")

    def comes_in_step(self, pair: int = 1) -> None:
        """TMDb is kind again, and the next run does what was left."""
        self.faulty(retry_after="none", delay=0)
        self.quiet()
        self.ripen()
        self.home.sync(pair)
        assert self.in_step()

    def is_told_truly(self, number: int) -> dict[str, int]:
        """Each planned write has one end; what counts as written is there, what was not sent never arrived."""
        rows = self.rows("SELECT state, outcome FROM journal WHERE run = ?", number)
        ends = [row["outcome"] for row in rows]
        lanes = [
            json.loads(row["counts"]) for row in self.rows("SELECT * FROM run_lane WHERE run = ?", number)
        ]
        names = ("added", "changed", "removed", "already", "unmatched", "rejected", "moved", "retry_later")
        told = {name: sum(lane[name] for lane in lanes) for name in (*names, "in_doubt", "not_sent")}
        written = told["added"] + told["changed"] + told["removed"]
        assert sum(told.values()) == sum(lane["planned"] for lane in lanes) == len(rows)
        assert {row["state"] for row in rows} <= {"done", "dropped", "in_doubt", "sent"}
        open_ones = [row for row in rows if row["state"] in ("sent", "in_doubt")]
        assert told["in_doubt"] == len(open_ones)
        assert written == ends.count("applied")
        assert told["not_sent"] == ends.count("not_sent")
        return {name: figure for name, figure in told.items() if figure}

    def is_left_in_order(self) -> None:
        """No account is held, no process is entered, no write waits to be sent, and the database is sound."""
        assert self.rows("SELECT * FROM lease WHERE holder != ''") == []
        assert self.rows("SELECT * FROM process") == []
        assert self.rows("SELECT * FROM journal WHERE state = 'planned'") == []
        assert list((self.home.settings.state / "processes").iterdir()) == []
        assert [row[0] for row in self.rows("PRAGMA integrity_check")] == ["ok"]


def until(condition: Callable[[], T], what: str, *, seconds: float = 60) -> T:
    """What the condition gives once it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"never: {what}")


@contextlib.contextmanager
def promised(seconds: float, what: str) -> Iterator[None]:
    """Prints how long the block took, and fails at twice what is promised."""
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    print(f"{what}: {took:.2f} s of {seconds:.0f}")
    assert took < 2 * seconds, f"{what} took {took:.2f} s"


def new_stage(
    folder: Path, tmdb: SimulatedTmdb, *pairs: tuple[str, str], users: Sequence[str] = ("default", "second")
) -> Stage:
    """A folder that is connected to fresh accounts, ``tmdb`` and ``tmdb/second``; the pair is from one to the other."""
    names = {instance: f"{instance}-{secrets.token_hex(4)}" for instance in users}
    numbers = [int(tmdb.ask("/users", {"username": name})["id"]) for name in names.values()]
    home = Home(folder, tmdb)
    home.make(*(pairs or (("tmdb", "tmdb/second"),)), users=names)
    return Stage(home, names["default"], names["second"], numbers[0])
