"""One approval, asked for by many at once: TMDb is asked by one, and all of them hear how it ended."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from crosswatch.errors import Refused
from crosswatch.services.connect import ConnectTmdb, Started
from crosswatch.simulators.tmdb import DEMO_KEY
from tests.system.world import World, make_world

PUBLIC = "http://127.0.0.1:8787"


def _state(started: Started) -> str:
    back = parse_qs(urlsplit(started.auth_url).query)["redirect_to"][0]
    return unquote(back).rpartition("/")[2]


def _asked(world: World) -> int:
    return len(world.sim.traffic.entries("POST", "/authentication/session/new"))


def test_a_redirect_hears_how_another_process_finished(tmp_path: Path) -> None:
    with make_world(tmp_path) as world:
        server, command_line = ConnectTmdb(world.house), ConnectTmdb(world.house)
        started = world.run(server.start("default", DEMO_KEY, public_url=PUBLIC))
        world.sim.approve(started.request_token, "alice")
        assert world.run(command_line.verify("default")).connected
        asked = _asked(world)
        for _ in range(2):
            came = server.returned(
                _state(started), request_token=started.request_token, approved=True, denied=False
            )
            assert world.run(came) == "connected"
        assert _asked(world) == asked


def test_redirects_at_once_all_hear_the_same(tmp_path: Path) -> None:
    with make_world(tmp_path) as world:
        connect = ConnectTmdb(world.house)
        started = world.run(connect.start("default", DEMO_KEY, public_url=PUBLIC))
        state = _state(started)

        async def come_back(count: int) -> list[str]:
            token = started.request_token
            return await asyncio.gather(
                *(
                    connect.returned(state, request_token=token, approved=True, denied=False)
                    for _ in range(count)
                )
            )

        world.clock.hasty = True
        assert set(world.run(come_back(1))) == {"pending_approval"}, (
            "the yes may come later than the redirect"
        )
        world.sim.approve(started.request_token, "alice")
        world.clock.forward(3)
        before = _asked(world)
        assert set(world.run(come_back(5))) == {"connected"}
        assert _asked(world) == before + 1


def test_a_script_with_its_own_token_asks_in_turn(tmp_path: Path) -> None:
    with make_world(tmp_path) as world:
        connect = ConnectTmdb(world.house)
        started = world.run(connect.start("default", DEMO_KEY, public_url=""))
        world.sim.approve(started.request_token, "alice")
        assert world.run(connect.finish("default")).connected
        before = _asked(world)

        async def again(count: int) -> list[bool]:
            done = await asyncio.gather(
                *(connect.finish("default", request_token=started.request_token) for _ in range(count))
            )
            return [one.connected for one in done]

        world.clock.forward(3)
        assert world.run(again(20)) == [True] * 20
        assert _asked(world) == before, "a token that became this connection is not asked for again"
        with pytest.raises(Refused, match="pending_approval"):
            world.run(connect.finish("default", request_token="ab" * 20))
        assert _asked(world) == before + 1


@pytest.mark.parametrize("name", ["a\\u001b]0;pwned\\u0007b", "\\u202eevil"])
def test_no_name_at_tmdb_breaks_a_page_or_a_terminal(tmp_path: Path, name: str) -> None:
    with make_world(tmp_path) as world:
        world.sim.users[world.user_id].username = name.encode().decode("unicode_escape")
        state = world.run(ConnectTmdb(world.house).verify("default"))
        assert state.connected
        assert state.account is not None
        assert state.account.username.isprintable()
        assert world.run(ConnectTmdb(world.house).verify("default")).checked


def test_a_key_that_tmdb_rejects_is_no_connection(tmp_path: Path) -> None:
    with make_world(tmp_path) as world:
        world.sim.suspend_key(DEMO_KEY)
        state = world.run(ConnectTmdb(world.house).verify("default"))
        assert not state.connected
        assert state.error is not None
        assert state.error.code == "suspended_api_key"
