"""Pages when the house is not in order, for who is not in yet, below a base path, and as the user likes them."""

import logging
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from crosswatch.errors import HouseError
from crosswatch.services import people as people_module
from crosswatch.simulators.tmdb import ServedSimulator
from crosswatch.web.pages import showing
from tests.web.api_world import Api
from tests.web.page_world import FORM, Site

PASSWORD = "correct horse battery"
Make = Callable[..., Site]


@pytest.fixture
def make(tmdb: ServedSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    monkeypatch.setattr(people_module, "PasswordHasher", partial(PasswordHasher, time_cost=1, memory_cost=64))
    made: list[Api] = []

    def site(**settings: Any) -> Site:
        made.append(Api(tmdb, tmp_path / "home", **settings))
        return Site(made[-1])

    yield site
    for api in made:
        api.close()


def signed_up(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        site.get("/set-up")
    code = re.findall(r"set-up code is (\S+)", caplog.text)[0]
    given = {"code": code, "password": PASSWORD, "password_again": PASSWORD}
    assert site.to("/set-up", **given) == "/"


def test_a_broken_document_says_which_line_and_how_to_get_it_back(make: Make) -> None:
    site = make()
    site.connect()
    config = site.api.house.config.path
    config.write_text('{\n  "tmdb_sync": {\n    oops\n  }\n}\n')
    page = site.get("/settings/tmdb_sync", status=503)
    assert "config.json cannot be read" in page
    assert "line 3" in page
    assert re.search(rf"cp \S*config\.json\.\S+ {config}", page)
    assert site.get("/", status=503).count("line 3") == 1


def test_a_fault_gives_a_reference_and_no_traceback(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site = make()

    async def fails() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(site.parts.home), "now", lambda _self: fails())
    page = site.get("/", status=500)
    assert "A fault in CrossWatch" in page
    reference = re.findall(r"reference (\w{8})", page)[0]
    assert reference in caplog.text
    assert "Traceback" not in page


def test_without_the_pages_own_files_there_are_words(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise HouseError("assets_missing", path="/x")

    monkeypatch.setattr(showing, "Assets", missing)
    site = make()
    answer = site.api.client.get("/")
    assert answer.status_code == 500
    assert "Run “make setup”." in answer.text
    assert site.api.client.get("/api/health").json() == {"ok": True}


def test_another_sites_form_reaches_nothing(make: Make) -> None:
    site = make()
    answer = site.api.client.post("/pairs/1/run", headers={**FORM, "Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "Call from another site" in answer.text
    assert "Settings" not in answer.text.split("<main")[0].split("<body")[1]


def test_a_foreign_name_of_this_machine(make: Make) -> None:
    page = make().get("/", status=403, host="rebound.example")
    assert "does not answer for the address “rebound.example”" in page
    assert "CROSSWATCH_PUBLIC_URL" in page


def test_off_loopback_a_password_comes_first(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    site = make(host="0.0.0.0")
    page = site.html("/", status=403)
    assert 'href="/set-up"' in page
    assert "Set a password" in site.get("/set-up")
    signed_up(site, caplog)
    assert "Sign out" in site.get("/")
    assert site.to("/sign-out") == "/sign-in"
    assert site.api.client.get("/runs", follow_redirects=False).headers["location"] == "/sign-in?next=/runs"
    assert "Password" in site.get("/sign-in?next=/runs")
    status, page = site.refused("/sign-in", password="wrong", next="/runs")
    assert (status, "The password is not right." in page) == (403, True)
    assert site.to("/sign-in", password=PASSWORD, next="/runs") == "/runs"
    assert "Activity" in site.get("/runs")


@pytest.mark.parametrize("path", ["/stream", "/runs/1/stream", "/settings/tmdb_sync/state"])
def test_live_parts_say_401_to_who_is_signed_out(
    make: Make, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    site = make(host="0.0.0.0")
    signed_up(site, caplog)
    site.to("/sign-out")
    answer = site.api.client.get(path, headers={"HX-Request": "true"}, follow_redirects=False)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in"


def test_an_approval_ends_without_a_session_of_ours(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    site = make(host="0.0.0.0")
    signed_up(site, caplog)
    back = site.answered(site.asked())
    site.api.client.cookies.clear()
    end = site.came_back(back)
    assert end == "/connect/tmdb_sync/result/connected"
    page = site.get(end)
    assert "Connected to TMDb" in page
    assert "alice" not in page


@pytest.mark.parametrize("prefix", ["", "/cw"], ids=["stripped", "kept"])
def test_below_a_base_path(make: Make, prefix: str) -> None:
    site = make(base_path="/cw")
    for path in ("/", "/runs", "/settings", "/settings/tmdb_sync", "/nowhere"):
        page = site.html(prefix + path, status=404 if path == "/nowhere" else 200)
        paths = re.findall(r'(?:href|action|src|hx-get)="(/[^"]*)"', page)
        assert paths
        assert all(found.startswith("/cw/") for found in paths), paths
    url = site.to(prefix + "/settings/tmdb_sync/connect", api_key="0a1b2c3d4e5f60718293a4b5c6d7e8f9")
    assert "%2Fcw%2Fconnect%2Ftmdb_sync%2F" in url
    assert site.came_back(site.answered(url)) == "/cw/connect/tmdb_sync/result/connected"
    assert site.to(prefix + "/pairs/new", source="tmdb", target="tracker", features="ratings") == "/cw/"


def test_the_public_address_wins_over_the_requests(make: Make) -> None:
    site = make(public_url="https://watch.example")
    answer = site.post("/settings/tmdb_sync/connect", api_key="0a1b2c3d4e5f60718293a4b5c6d7e8f9")
    assert "redirect_to=https%3A%2F%2Fwatch.example%2Fconnect%2Ftmdb_sync%2F" in answer.headers["location"]


def test_theme_and_time_zone_are_the_users(make: Make) -> None:
    site = make()
    site.api.house.config.save({"ui.theme": "light", "ui.timezone": "Asia/Tokyo"})
    assert 'data-theme="light"' in site.html("/")
    site.connect()
    site.fill()
    site.pair()
    site.sync()
    hour = re.findall(r'datetime="\d{4}-\d\d-\d\dT(\d\d).*?title="[^"]*, (\d\d):', site.html("/runs/1"))[0]
    assert (int(hour[1]) - int(hour[0])) % 24 == 9


def test_the_zone_of_the_machine_is_taken_where_none_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    showing._zone.cache_clear()
    monkeypatch.setenv("TZ", ":Europe/Berlin")
    assert str(showing._zone("")) == "Europe/Berlin"
    showing._zone.cache_clear()
    monkeypatch.setenv("TZ", "Nowhere/Land")
    assert str(showing._zone("")) == "UTC"
    showing._zone.cache_clear()
    monkeypatch.delenv("TZ")
    monkeypatch.setattr(showing, "_LOCALTIME", Path("/nowhere"))
    assert str(showing._zone("")) == "UTC"
    showing._zone.cache_clear()


def test_assets_come_with_their_page(make: Make) -> None:
    site = make()
    page = site.html("/")
    found = re.findall(r'(?:href|src)="(/assets/[^"#]+)"', page)
    assert len(found) >= 3
    for path in found:
        answer = site.api.client.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
