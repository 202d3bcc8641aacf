"""Finding titles by the ids of others or by name, and TMDb's configuration."""

from __future__ import annotations

from typing import Any, Final

from crosswatch.simulators.tmdb import answers
from crosswatch.simulators.tmdb.answers import Answer
from crosswatch.simulators.tmdb.catalogue import Episode, Movie, Season, Show, plain
from crosswatch.simulators.tmdb.routing import Call, Handler
from crosswatch.simulators.tmdb.simulator import Simulator

_PUBLIC_SECONDS = 14_400
_SOURCES = frozenset(
    f"{name}_id"
    for name in ("imdb", "tvdb", "wikidata", "facebook", "instagram", "twitter", "tiktok", "youtube")
)


def find(sim: Simulator, call: Call) -> Answer:
    """Always 200 with five arrays; several hits are normal, none is unknown (recorded)."""
    found: dict[str, list[dict[str, Any]]] = {
        f"{kind}_results": [] for kind in ("movie", "person", "tv", "tv_episode", "tv_season")
    }
    source = call.query.get("external_source", "")
    if source not in _SOURCES:
        return answers.code(5)
    for title in sim.catalogue.find(source, call.words["external"]):
        if isinstance(title, Season):
            if sim.title(("tv", title.show_id)):
                row = sim.shapes.season_row(title) | {"media_type": "tv_season", "show_id": title.show_id}
                found["tv_season_results"].append(row)
        elif sim.title(title.key):
            name = (
                "tv_episode" if isinstance(title, Episode) else "movie" if isinstance(title, Movie) else "tv"
            )
            found[f"{name}_results"].append(sim.shapes.row(title) | {"media_type": name})
    return answers.public(found, call.headers, _PUBLIC_SECONDS)


def matches(sim: Simulator, kind: str, query: str, *, include_adult: bool = False) -> list[Movie | Show]:
    """Titles whose name holds every word of the query: same name first, then by popularity."""
    wanted = plain(query)
    if not wanted:
        return []
    words = wanted.split()
    pool: list[tuple[str, Movie | Show]] = sim.names(kind)
    longest = max(words, key=len)  # the cheap sieve first: most names lack it
    hits = [hit for hit in pool if longest in hit[0]]
    hits = [hit for hit in hits if all(word in hit[0] for word in words)]
    hits = [hit for hit in hits if (include_adult or not hit[1].adult) and sim.title(hit[1].key)]
    hits.sort(key=lambda hit: (wanted not in hit[0].split(" / "), -sim.shapes.popularity(hit[1].key)))
    return [title for _, title in hits]


def search(kind: str) -> Handler:
    """A search handler; `year` is a soft filter here as there: one year off still matches."""

    def answer(sim: Simulator, call: Call) -> Answer:
        page = call.page()
        adult = call.query.get("include_adult") == "true"
        titles = matches(sim, kind, call.query.get("query", ""), include_adult=adult)
        names = ("primary_release_year", "year") if kind == "movie" else ("first_air_date_year", "year")
        year = next((call.query[name] for name in names if call.query.get(name, "").isdecimal()), None)
        if year is not None:
            titles = [title for title in titles if title.date and abs(int(title.date[:4]) - int(year)) <= 1]
        chosen = titles[(page - 1) * 20 : page * 20]
        value = {
            "page": page,
            "results": [sim.shapes.row(title) for title in chosen],
            "total_pages": -(-len(titles) // 20) or 1,
            "total_results": len(titles),
        }
        return answers.public(value, call.headers, _PUBLIC_SECONDS)

    return answer


def configuration(sim: Simulator, call: Call) -> Answer:
    """Where images are and in which sizes; the addresses are the simulator's own."""
    base = f"{call.web_url}/t/p/"
    images = {
        "base_url": base,
        "secure_base_url": base,
        "backdrop_sizes": ["w300", "w780", "w1280", "original"],
        "logo_sizes": ["w45", "w92", "w154", "w185", "w300", "w500", "original"],
        "poster_sizes": ["w92", "w154", "w185", "w342", "w500", "w780", "original"],
        "profile_sizes": ["w45", "w185", "h632", "original"],
        "still_sizes": ["w92", "w185", "w300", "original"],
    }
    change_keys = [
        "adult",
        "air_date",
        "episode",
        "images",
        "name",
        "overview",
        "release_dates",
        "season",
        "title",
    ]
    return answers.public({"images": images, "change_keys": change_keys}, call.headers, _PUBLIC_SECONDS)


ROUTES: Final[dict[str, dict[str, Handler]]] = {
    "/find/{word:external}": {"GET": find},
    "/search/movie": {"GET": search("movie")},
    "/search/tv": {"GET": search("tv")},
    "/configuration": {"GET": configuration},
}
