"""From the code in the log to a session, and out again; wrong tries say so and give nothing."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import httpx2
import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from crosswatch.app import open_house
from crosswatch.services import people as people_module
from crosswatch.services.people import People
from crosswatch.settings import Settings, variable
from crosswatch.web.pages.alone import SetUpView, SignInView
from crosswatch.web.pages.entering import entering_routes
from crosswatch.web.security import SESSION_COOKIE, Security

PASSWORD = "correct horse battery"
ORIGIN = "http://nas:8787"
Work = Callable[[httpx2.AsyncClient, People], Awaitable[None]]


def show(request: Request, template: str, view: object, status: int) -> Response:
    assert isinstance(view, SetUpView | SignInView)
    told = view.notice.said.title if view.notice else "nothing"
    after = view.next if isinstance(view, SignInView) else ""
    return PlainTextResponse(f"{template}: {told}; {after}", status)


async def home(request: Request) -> Response:
    return PlainTextResponse("home")


@pytest.fixture
def within(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable(field), raising=False)
    monkeypatch.setattr(people_module, "PasswordHasher", partial(PasswordHasher, time_cost=1, memory_cost=64))

    def run(work: Work, base_path: str = "") -> None:
        async def main() -> None:
            settings = Settings(home=str(tmp_path), host="0.0.0.0", base_path=base_path)
            house = open_house(settings, role="a test")
            try:
                people = People(house)
                app = Security(
                    Starlette(routes=[Route("/", home), Route("/runs", home), *entering_routes(people, show)]),
                    settings=settings, door=people, tmdb_web_url=lambda: "",
                    render_error=lambda code, status, params, request: PlainTextResponse(code, status),
                )  # fmt: skip
                transport = httpx2.ASGITransport(app=app, client=("192.168.1.7", 5))
                headers = {"Origin": ORIGIN}
                async with httpx2.AsyncClient(
                    transport=transport, base_url=ORIGIN, headers=headers
                ) as caller:
                    await work(caller, people)
            finally:
                await house.close()

        asyncio.run(main())

    return run


def test_from_the_first_password_to_signing_out(
    within: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    async def work(caller: httpx2.AsyncClient, people: People) -> None:
        assert (await caller.get("/")).text == "setup_required"
        with caplog.at_level(logging.WARNING):
            assert (await caller.get("/set-up")).text.startswith("set_up.html: nothing")
        (code,) = re.findall(r"set-up code is (\S+)", caplog.text)
        given = {"code": "wrong", "password": PASSWORD, "password_again": PASSWORD}
        wrong = await caller.post("/set-up", data=given)
        assert (wrong.status_code, wrong.text) == (403, "set_up.html: Wrong code; ")
        assert "set-cookie" not in wrong.headers
        short = await caller.post("/set-up", data={**given, "code": code, "password": "short"})
        assert (short.status_code, short.text) == (422, "set_up.html: Too short; ")
        done = await caller.post("/set-up", data={**given, "code": code})
        assert (done.status_code, done.headers["location"]) == (303, "/")
        assert (await caller.get("/")).text == "home"
        assert (await caller.get("/set-up")).headers["location"] == "/"
        before = caller.cookies[SESSION_COOKIE]
        out = await caller.post("/sign-out")
        assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
        assert SESSION_COOKIE not in caller.cookies
        replayed = await caller.get("/", headers={"Cookie": f"{SESSION_COOKIE}={before}"})
        assert replayed.headers["location"] == "/sign-in"

    within(work)


def test_signing_in_goes_on_to_where_one_wanted(within: Callable[..., None]) -> None:
    async def work(caller: httpx2.AsyncClient, people: People) -> None:
        assert (await caller.get("/sign-in")).status_code == 403
        await people.set_password(PASSWORD, PASSWORD)
        asked = await caller.get("/cw/runs?page=2")
        assert asked.headers["location"] == "/cw/sign-in?next=/runs%3Fpage%3D2"
        shown = await caller.get(asked.headers["location"])
        assert shown.text == "sign_in.html: nothing; /runs?page=2"
        wrong = await caller.post("/cw/sign-in", data={"password": "wrong", "next": "/runs?page=2"})
        assert (wrong.status_code, wrong.text) == (403, "sign_in.html: Wrong password; /runs?page=2")
        right = await caller.post("/cw/sign-in", data={"password": PASSWORD, "next": "/runs?page=2"})
        assert (right.status_code, right.headers["location"]) == (303, "/cw/runs?page=2")
        assert (await caller.get("/cw/runs?page=2")).text == "home"
        away = await caller.post("/cw/sign-in", data={"password": PASSWORD, "next": "//evil.example"})
        assert away.headers["location"] == "/cw/"

    within(work, base_path="/cw")


def test_guessing_is_told_to_wait(within: Callable[..., None]) -> None:
    async def work(caller: httpx2.AsyncClient, people: People) -> None:
        await people.set_password(PASSWORD, PASSWORD)
        for _ in range(5):
            assert (await caller.post("/sign-in", data={"password": "wrong"})).status_code == 403
        waiting = await caller.post("/sign-in", data={"password": PASSWORD})
        assert waiting.status_code == 429
        assert 0 < int(waiting.headers["retry-after"]) <= 300
        assert waiting.text.startswith("sign_in.html: Too many tries")

    within(work)


def test_another_sites_form_cannot_sign_anybody_in(within: Callable[..., None]) -> None:
    async def work(caller: httpx2.AsyncClient, people: People) -> None:
        await people.set_password(PASSWORD, PASSWORD)
        given = {"password": PASSWORD, "next": "/"}
        answer = await caller.post("/sign-in", data=given, headers={"Origin": "https://evil.example"})
        assert (answer.status_code, answer.text) == (403, "forbidden_origin")
        assert "set-cookie" not in answer.headers

    within(work)
