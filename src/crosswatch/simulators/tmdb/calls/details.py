"""Details of films, shows, seasons and episodes, their external ids, and what the user made of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from crosswatch.simulators.tmdb import answers
from crosswatch.simulators.tmdb.answers import Answer
from crosswatch.simulators.tmdb.calls.ratings import rated_key
from crosswatch.simulators.tmdb.catalogue import Episode, Key, Movie, Season, Show, stable_number, wikidata_id
from crosswatch.simulators.tmdb.known import GENRE_NAMES
from crosswatch.simulators.tmdb.routing import Call, Handler, Refused, check_user
from crosswatch.simulators.tmdb.simulator import Simulator

_SEASON = re.compile(r"^season/(\d+)$")
_PUBLIC_SECONDS = 18_000


def _movie(sim: Simulator, number: int) -> Movie:
    title = sim.title(("movie", number))
    if not isinstance(title, Movie):
        raise Refused(answers.code(34))
    return title


def _show(sim: Simulator, number: int) -> Show:
    title = sim.title(("tv", number))
    if not isinstance(title, Show):
        raise Refused(answers.code(34))
    return title


def _season(sim: Simulator, call: Call) -> Season:
    season = _show(sim, call.numbers["show"]).seasons.get(call.numbers["season"])
    if season is None:
        raise Refused(answers.code(34))
    return season


def _episode(sim: Simulator, call: Call) -> Episode:
    title = sim.title(rated_key(call))
    if not isinstance(title, Episode):
        raise Refused(answers.code(34))
    return title


# What can be asked for alone or appended


def _states(sim: Simulator, call: Call, key: Key, number: int) -> dict[str, Any]:
    user = check_user(sim, call, guests=True)
    with sim.lock:
        rated = sim.state_value(user.shelf("rated", key[0]), key)
        episode = key[0] == "episode"
        return {
            "id": number,
            "favorite": not episode and sim.state_value(user.shelf("favorite", key[0]), key) is not None,
            "rated": {"value": rated} if rated is not None else False,
            "watchlist": not episode and sim.state_value(user.shelf("watchlist", key[0]), key) is not None,
        }


def _season_states(sim: Simulator, call: Call) -> dict[str, Any]:
    season, user = _season(sim, call), check_user(sim, call, guests=True)
    rows = []
    with sim.lock:
        shelf = user.shelf("rated", "episode")
        for episode in season.episodes.values():
            if sim.title(episode.key) is None:
                continue
            value = sim.state_value(shelf, episode.key)
            rated = {"value": value} if value is not None else False
            rows.append({"id": episode.id, "episode_number": episode.number, "rated": rated})
    return {"id": season.id, "results": rows}


def external_ids(title: Movie | Show | Season | Episode) -> dict[str, Any]:
    """The ids elsewhere; which namespaces there are depends on the kind, and any may be null."""
    if isinstance(title, Movie):
        social = {"facebook_id": None, "instagram_id": None, "twitter_id": None}
        return {
            "id": title.id,
            "imdb_id": title.imdb_id or None,
            "wikidata_id": wikidata_id(title.key),
            **social,
        }
    value: dict[str, Any] = {"id": title.id}
    if not isinstance(title, Season):
        value["imdb_id"] = title.imdb_id or None
    value |= {"freebase_mid": None, "freebase_id": None, "tvdb_id": title.tvdb_id or None, "tvrage_id": None}
    value["wikidata_id"] = wikidata_id(title.key) if isinstance(title, Show) else None
    if isinstance(title, Show):
        value |= {"facebook_id": None, "instagram_id": None, "twitter_id": ""}
    return value


def movie_states(sim: Simulator, call: Call) -> dict[str, Any]:
    movie = _movie(sim, call.numbers["movie"])
    return _states(sim, call, movie.key, movie.id)


def show_states(sim: Simulator, call: Call) -> dict[str, Any]:
    show = _show(sim, call.numbers["show"])
    return _states(sim, call, show.key, show.id)


def episode_states(sim: Simulator, call: Call) -> dict[str, Any]:
    episode = _episode(sim, call)
    return _states(sim, call, episode.key, episode.id)


def movie_ids(sim: Simulator, call: Call) -> dict[str, Any]:
    return external_ids(_movie(sim, call.numbers["movie"]))


def show_ids(sim: Simulator, call: Call) -> dict[str, Any]:
    return external_ids(_show(sim, call.numbers["show"]))


def season_ids(sim: Simulator, call: Call) -> dict[str, Any]:
    return external_ids(_season(sim, call))


def episode_ids(sim: Simulator, call: Call) -> dict[str, Any]:
    return external_ids(_episode(sim, call))


# Details


def movie_details(sim: Simulator, call: Call) -> dict[str, Any]:
    movie = _movie(sim, call.numbers["movie"])
    row = {name: value for name, value in sim.shapes.row(movie).items() if name != "genre_ids"}
    return row | {
        "belongs_to_collection": None,
        "budget": 0,
        "genres": _genres(movie.genre_ids),
        "homepage": "",
        "imdb_id": movie.imdb_id or None,
        "origin_country": ["US"],
        "production_companies": [],
        "production_countries": [{"iso_3166_1": "US", "name": "United States of America"}],
        "revenue": 0,
        "runtime": 80 + stable_number("runtime", movie.key) % 90,
        "spoken_languages": [{"english_name": "English", "iso_639_1": "en", "name": "English"}],
        "status": "Released",
        "tagline": "",
    }


def show_details(sim: Simulator, call: Call) -> dict[str, Any]:
    show = _show(sim, call.numbers["show"])
    row = {name: value for name, value in sim.shapes.row(show).items() if name != "genre_ids"}
    last = list(show.seasons.values())[-1]
    last_episode = list(last.episodes.values())[-1] if last.episodes else None
    return row | {
        "created_by": [],
        "episode_run_time": [45],
        "genres": _genres(show.genre_ids),
        "homepage": "",
        "in_production": False,
        "languages": ["en"],
        "last_air_date": last_episode.date if last_episode else None,
        "last_episode_to_air": sim.shapes.episode_row(last_episode) if last_episode else None,
        "next_episode_to_air": None,
        "networks": [],
        "number_of_episodes": sum(size for number, size in show.sizes if number),
        "number_of_seasons": sum(1 for number, _ in show.sizes if number),
        "production_companies": [],
        "production_countries": [{"iso_3166_1": "US", "name": "United States of America"}],
        "seasons": [sim.shapes.season_row(season) for season in show.seasons.values()],
        "spoken_languages": [{"english_name": "English", "iso_639_1": "en", "name": "English"}],
        "status": "Ended",
        "tagline": "",
        "type": "Scripted",
    }


def season_details(sim: Simulator, call: Call) -> dict[str, Any]:
    season = _season(sim, call)
    row = {name: value for name, value in sim.shapes.season_row(season).items() if name != "episode_count"}
    extra = {"episode_type": "standard", "crew": [], "guest_stars": []}
    episodes = [sim.shapes.episode_row(e) | extra for e in season.episodes.values() if sim.title(e.key)]
    return row | {"_id": f"{season.id:024x}", "episodes": episodes, "networks": []}


def episode_details(sim: Simulator, call: Call) -> dict[str, Any]:
    row = {
        name: value
        for name, value in sim.shapes.episode_row(_episode(sim, call)).items()
        if name != "show_id"
    }
    return row | {"crew": [], "guest_stars": []}


def _genres(numbers: tuple[int, ...]) -> list[dict[str, Any]]:
    return [{"id": number, "name": GENRE_NAMES[number]} for number in numbers]


Part = Callable[[Simulator, Call], dict[str, Any]]


def _alone(part: Part) -> Handler:
    def answer(sim: Simulator, call: Call) -> Answer:
        return answers.data(part(sim, call))

    return answer


def _public(part: Part) -> Handler:
    def answer(sim: Simulator, call: Call) -> Answer:
        return answers.public(part(sim, call), call.headers, _PUBLIC_SECONDS)

    return answer


def _with_parts(details: Part, parts: dict[str, Part]) -> Handler:
    """Details that take append_to_response: at most 20 parts, else 400 code 27; unknown ones are ignored.

    account_states without any session is left out, and refused with a bad one.
    """

    def answer(sim: Simulator, call: Call) -> Answer:
        names = [name for name in call.query.get("append_to_response", "").split(",") if name]
        if len(names) > 20:
            return answers.code(27)
        value = details(sim, call)
        for name in names:
            season = _SEASON.match(name)
            if season and "show" in call.numbers and "season" not in call.numbers:
                inner = _inside(call, int(season.group(1)))
                if sim.catalogue.season(inner.numbers["show"], inner.numbers["season"]):
                    value[name] = season_details(sim, inner)
            elif name == "account_states" and not {"session_id", "guest_session_id"} & call.query.keys():
                continue
            elif name in parts:
                value[name] = {key: item for key, item in parts[name](sim, call).items() if key != "id"}
        if "account_states" in names:
            return answers.data(value)
        return answers.public(value, call.headers, _PUBLIC_SECONDS)

    return answer


def _inside(call: Call, season: int) -> Call:
    numbers = {"show": call.numbers["show"], "season": season}
    return Call(call.method, call.path, call.query, call.headers, b"", numbers=numbers, app=call.app)


_MOVIE: Final[dict[str, Part]] = {"external_ids": movie_ids, "account_states": movie_states}
_SHOW: Final[dict[str, Part]] = {"external_ids": show_ids, "account_states": show_states}
_OF_SEASON: Final[dict[str, Part]] = {"external_ids": season_ids, "account_states": _season_states}
_EPISODE: Final[dict[str, Part]] = {"external_ids": episode_ids, "account_states": episode_states}

_AREAS: Final[dict[str, tuple[Part, dict[str, Part]]]] = {
    "/movie/{movie}": (movie_details, _MOVIE),
    "/tv/{show}": (show_details, _SHOW),
    "/tv/{show}/season/{season}": (season_details, _OF_SEASON),
    "/tv/{show}/season/{season}/episode/{episode}": (episode_details, _EPISODE),
}

ROUTES: Final[dict[str, dict[str, Handler]]] = {
    **{path: {"GET": _with_parts(details, parts)} for path, (details, parts) in _AREAS.items()},
    **{
        f"{path}/external_ids": {"GET": _public(parts["external_ids"])} for path, (_, parts) in _AREAS.items()
    },
    **{
        f"{path}/account_states": {"GET": _alone(parts["account_states"])}
        for path, (_, parts) in _AREAS.items()
    },
}
