"""Following a run: every state once, in order, to its end; also of the command line, and never past its time."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from crosswatch.app import open_house
from crosswatch.services.running import Running
from crosswatch.settings import Settings
from crosswatch.web import application as web
from crosswatch.web import streams
from tests.web.api_world import ME, Api

HANGS = {"kind": "hang", "path": "watchlist", "seconds": 20}


@pytest.fixture
def filled(api: Api) -> Api:
    api.connect()
    api.sim.fill_watchlist("alice", api.movies(30))
    api.pair()
    return api


def events(text: str) -> list[dict[str, str]]:
    """Server-sent events, field by field; comments under an empty name."""
    return [
        {line.partition(":")[0]: line.partition(":")[2].strip() for line in block.split("\n")}
        for block in text.split("\n\n")
        if block
    ]


class Stream:
    """One GET of an event stream in the application's own loop, read event by event."""

    def __init__(self, api: Api, run_id: str, last: str = "") -> None:
        self._api = api
        headers = [(b"host", b"127.0.0.1:8787"), *([(b"last-event-id", last.encode())] if last else [])]
        path = f"/api/runs/{run_id}/events"
        self._scope: dict[str, Any] = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
            "method": "GET", "scheme": "http", "path": path, "raw_path": path.encode(), "root_path": "",
            "query_string": b"", "headers": headers, "client": ME, "server": ("127.0.0.1", 8787),
        }  # fmt: skip
        self.headers: dict[str, str] = {}
        self.status = 0

    def told(self, story: Callable[["Stream"], Awaitable[None]]) -> None:
        async def tell() -> None:
            self._said: asyncio.Queue[bytes | None] = asyncio.Queue()
            self._gone = asyncio.Event()
            self.serving = asyncio.create_task(self._serve())
            try:
                async with asyncio.timeout(30):
                    await story(self)
            finally:
                self._gone.set()
                await asyncio.wait({self.serving}, timeout=5)

        self._api.drive(tell)

    async def _serve(self) -> None:
        await self._api.app(self._scope, self._receive, self._send)

    async def _receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            await self._said.put(message["body"])
            if not message.get("more_body"):
                await self._said.put(None)

    async def next(self) -> dict[str, str] | None:
        """The next event, None at the end."""
        while True:
            part = await self._said.get()
            if part is None:
                return None
            if part:
                return events(part.decode())[0]

    def leave(self) -> None:
        self._gone.set()


def test_a_run_is_told_from_phase_to_result(filled: Api) -> None:
    filled.sim.knobs.delay = 0.2
    run = filled.post("/pairs/1/run")["run_id"]
    answer = filled.client.get(f"/api/runs/{run}/events", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in answer.headers
    told = events(answer.text)
    assert [one["event"] for one in told[:1] + told[-1:]] == ["phase", "result"]
    assert {one["event"] for one in told} <= {"phase", "progress", "result"}
    assert [one.get("retry") for one in told] == ["3000"] + [None] * (len(told) - 1)
    versions = [int(one["id"]) for one in told]
    assert versions == sorted(set(versions))
    states = [json.loads(one["data"]) for one in told]
    assert {state["id"] for state in states} == {run}
    assert [state["status"] for state in states] == ["running"] * (len(states) - 1) + ["succeeded"]
    assert states[-1] == filled.get(f"/runs/{run}")
    assert states[-1]["lanes"]["watchlist"]["added"] == 30


def test_a_reconnect_is_told_nothing_twice_and_after_the_end_not_to_come_back(filled: Api) -> None:
    run = filled.post("/pairs/1/run")["run_id"]
    last = events(filled.client.get(f"/api/runs/{run}/events").text)[-1]
    again = filled.client.get(f"/api/runs/{run}/events", headers={"Last-Event-ID": last["id"]})
    assert (again.status_code, again.content) == (204, b"")
    earlier = filled.client.get(
        f"/api/runs/{run}/events", headers={"Last-Event-ID": str(int(last["id"]) - 1)}
    )
    assert [one["event"] for one in events(earlier.text)] == ["result"]
    for odd in ("x", "-1", "9" * 40):
        told = filled.client.get(f"/api/runs/{run}/events", headers={"Last-Event-ID": odd})
        assert [one["event"] for one in events(told.text)] == ["result"]


def test_a_reconnect_in_the_middle_goes_on_where_it_was(filled: Api) -> None:
    filled.fault(**HANGS)
    run = filled.post("/pairs/1/run")["run_id"]
    seen: list[int] = []

    async def read_one(stream: Stream) -> None:
        told = await stream.next()
        assert told is not None
        seen.append(int(told["id"]))
        stream.leave()

    async def read_on(stream: Stream) -> None:
        await Running(filled.house).cancel(int(run))
        while (told := await stream.next()) is not None:
            seen.append(int(told["id"]))

    Stream(filled, run).told(read_one)
    Stream(filled, run, last=str(seen[0])).told(read_on)
    assert len(seen) > 1
    assert seen == sorted(set(seen))


def test_silence_is_broken_by_comments(filled: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "COMMENT_SECONDS", 0.05)
    filled.fault(**HANGS)
    run = filled.post("/pairs/1/run")["run_id"]

    async def story(stream: Stream) -> None:
        told = await stream.next()
        while told is not None and "" not in told:
            told = await stream.next()
        assert told == {"": "still here"}

    Stream(filled, run).told(story)
    filled.post(f"/runs/{run}/cancel")


def test_streams_end_when_the_server_closes(filled: Api) -> None:
    filled.fault(**HANGS)
    run = filled.post("/pairs/1/run")["run_id"]

    async def story(stream: Stream) -> None:
        assert await stream.next() is not None
        web.begin_to_close(filled.app)
        async with asyncio.timeout(1):
            while await stream.next() is not None:
                pass
            await stream.serving

    Stream(filled, run).told(story)
    assert filled.get(f"/runs/{run}")["status"] == "running"


def test_streams_end_when_their_reader_leaves(filled: Api) -> None:
    filled.fault(**HANGS)
    run = filled.post("/pairs/1/run")["run_id"]

    async def story(stream: Stream) -> None:
        assert await stream.next() is not None
        stream.leave()
        async with asyncio.timeout(1):
            await stream.serving

    Stream(filled, run).told(story)
    filled.post(f"/runs/{run}/cancel")


def test_a_run_of_another_process_is_followed_too(filled: Api, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", **filled.settings)

    async def on_the_command_line() -> tuple[int, list[dict[str, str]]]:
        other = open_house(settings, role="the command line")
        running = Running(other)
        run_id, pair = await running.begin(1, trigger="command line")
        following = asyncio.create_task(asyncio.to_thread(filled.client.get, f"/api/runs/{run_id}/events"))
        await asyncio.sleep(0.2)
        await running.carry_out(run_id, pair)
        told = events((await following).text)
        await other.close()
        return run_id, told

    run_id, told = asyncio.run(on_the_command_line())
    assert told[-1]["event"] == "result"
    assert json.loads(told[-1]["data"])["trigger"] == "command line"
    assert filled.get(f"/runs/{run_id}")["status"] == "succeeded"


def test_a_run_that_its_process_left_behind_ends_here_too(filled: Api, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", **filled.settings)

    async def begin_and_leave() -> int:
        other = open_house(settings, role="the command line")
        run_id, _ = await Running(other).begin(1, trigger="command line")
        await other.close()
        return run_id

    run_id = asyncio.run(begin_and_leave())
    told = events(filled.client.get(f"/api/runs/{run_id}/events").text)
    assert [one["event"] for one in told] == ["result"]
    assert json.loads(told[0]["data"])["status"] == "interrupted"
