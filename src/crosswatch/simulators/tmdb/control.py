"""The simulator's own controls over HTTP, for those who started it as another process: JSON under /_simulator."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from crosswatch.simulators.tmdb.catalogue import Key
from crosswatch.simulators.tmdb.knobs import knobs_to_json, turn
from crosswatch.simulators.tmdb.movielens import fill_movielens_user
from crosswatch.simulators.tmdb.state import Edit

if TYPE_CHECKING:
    from crosswatch.simulators.tmdb.simulator import Simulator

_KEYS: TypeAdapter[list[Key]] = TypeAdapter(list[Key])
_KEY: TypeAdapter[Key] = TypeAdapter(Key)
_RATINGS: TypeAdapter[list[tuple[Key, float]]] = TypeAdapter(list[tuple[Key, float]])
_EDIT: TypeAdapter[Edit] = TypeAdapter(Edit)

Doing = Callable[["Simulator", dict[str, Any]], dict[str, Any]]


def movielens_folder() -> Path:
    """The MovieLens data of the test data; KeyError where CROSSWATCH_TEST_DATA is not set."""
    return Path(os.environ["CROSSWATCH_TEST_DATA"]) / "data" / "movielens"


def state(sim: Simulator, _: dict[str, Any]) -> dict[str, Any]:
    """Users with the sizes of their lists, keys, tokens, sessions, counters."""
    traffic = sim.traffic
    users = [
        {
            "id": user.id,
            "username": user.username,
            "watchlist": len(sim.watchlist(user.id)),
            "favorites": len(sim.favorites(user.id)),
            "ratings": len(sim.ratings(user.id)),
        }
        for user in sim.users.values()
    ]
    return {
        "users": users,
        "keys": [dataclasses.asdict(key) for key in sim.keys.values()],
        "tokens": {token: sim.token_state(token) for token in sim.tokens},
        "sessions": dict(sim.sessions),
        "counters": dict(traffic.counters),
        "requests": sum(traffic.counters.values()),
        "most_at_once": traffic.most_at_once,
        "most_connections": traffic.most_connections,
        "refused_connections": traffic.refused_connections,
    }


def read_knobs(sim: Simulator, _: dict[str, Any]) -> dict[str, Any]:
    return knobs_to_json(sim.knobs)


def turn_knobs(sim: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    """{"delay": 0.05, "faults": [{"kind": "status", "status": 503, "nth": [2]}], ...}"""
    turn(sim.knobs, body)
    return knobs_to_json(sim.knobs)


def add_user(sim: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    """{"username", "include_adult"}"""
    return {"id": sim.add_user(str(body["username"]), include_adult=bool(body.get("include_adult")))}


def add_key(sim: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    """{"api_key", "app_name", "owner"}, each may be left out."""
    key = sim.add_key(
        body.get("api_key"), app_name=body.get("app_name", "CrossWatch"), owner=body.get("owner")
    )
    return dataclasses.asdict(key)


def suspend(sim: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    """{"api_key"}"""
    sim.suspend_key(body["api_key"])
    return {}


def fill(sim: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    """{"user", "watchlist": [["movie", 550]], "favorites": [...], "ratings": [[["movie", 550], 8.5]],
    "synthetic": {"movies": 5000, "shows": 0, "to": "watchlist" or "ratings"}, "movielens": 1}"""
    user, done = body["user"], {}
    sim.fill_watchlist(user, _KEYS.validate_python(body.get("watchlist", [])))
    sim.fill_favorites(user, _KEYS.validate_python(body.get("favorites", [])))
    sim.fill_ratings(user, _RATINGS.validate_python(body.get("ratings", [])))
    if "synthetic" in body:
        wanted = body["synthetic"]
        keys = sim.catalogue.add_synthetic(movies=wanted.get("movies", 0), shows=wanted.get("shows", 0))
        if wanted.get("to", "watchlist") == "ratings":
            sim.fill_ratings(user, [(key, (place % 20 + 1) / 2) for place, key in enumerate(keys)])
        else:
            sim.fill_watchlist(user, keys)
        done["synthetic"] = len(keys)
    if "movielens" in body:
        result = fill_movielens_user(sim, user, int(body["movielens"]), folder=movielens_folder())
        done["movielens"] = len(result.ratings)
    return done


def edit(sim: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    """{"user", "action", "key", "value"}; with "after_list_reads": k it waits for the k-th read from now."""
    after = body.pop("after_list_reads", None)
    wanted = _EDIT.validate_python(body)
    if after is None:
        return {"was_there": sim.edit(wanted)}
    sim.after_list_reads(int(after), wanted)
    return {}


def approve(sim: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    """{"token", "user"}"""
    sim.approve(body["token"], body["user"])
    return {}


def deny(sim: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    """{"token"}"""
    sim.deny(body["token"])
    return {}


def revoke(sim: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    """{"session"} or {"user"}: all of this user's."""
    if "session" in body:
        sim.revoke_session(body["session"])
        return {"ended": 1}
    return {"ended": sim.revoke_sessions(body["user"])}


def titles(sim: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    """{"key", "change": "delete" or "hide"}"""
    key = _KEY.validate_python(body["key"])
    if body["change"] == "delete":
        sim.delete_title(key)
    elif body["change"] == "hide":
        sim.hide_row(key)
    else:
        raise ValueError("change is delete or hide")
    return {}


def log(sim: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    """The calls so far, narrowed by ?method= and ?path= (a part of it)."""
    entries = sim.traffic.entries(body.get("method", ""), body.get("path", ""))
    return {"entries": [dataclasses.asdict(entry) for entry in entries]}


def clear_log(sim: Simulator, _: dict[str, Any]) -> dict[str, Any]:
    sim.traffic.reset()
    return {}


def lists(sim: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    """?user=: what truly is on the user's lists."""
    user = body["user"]
    ratings = [[key, value] for key, value in sim.ratings(user).items()]
    return {"watchlist": sim.watchlist(user), "favorites": sim.favorites(user), "ratings": ratings}


_CALLS: dict[tuple[str, str], Doing] = {
    ("GET", "state"): state,
    ("GET", "knobs"): read_knobs,
    ("PATCH", "knobs"): turn_knobs,
    ("POST", "users"): add_user,
    ("POST", "keys"): add_key,
    ("POST", "suspend"): suspend,
    ("POST", "fill"): fill,
    ("POST", "edit"): edit,
    ("POST", "approve"): approve,
    ("POST", "deny"): deny,
    ("POST", "revoke"): revoke,
    ("POST", "titles"): titles,
    ("GET", "lists"): lists,
    ("GET", "log"): log,
    ("DELETE", "log"): clear_log,
}


def control_routes(sim: Simulator) -> list[Route]:
    """The routes; a bad body or an unknown name answers 422 with {"error"}."""

    def route(name: str, doing: Doing) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            body: dict[str, Any] = dict(request.query_params)
            try:
                if request.method not in {"GET", "HEAD"}:
                    body = json.loads(await request.body() or b"{}")
                return JSONResponse(doing(sim, body))
            except (KeyError, TypeError, ValueError, ValidationError) as wrong:
                return JSONResponse({"error": f"{name}: {wrong}"}, 422)

        return endpoint

    return [
        Route(f"/_simulator/{name}", route(name, doing), methods=[method])
        for (method, name), doing in _CALLS.items()
    ]
