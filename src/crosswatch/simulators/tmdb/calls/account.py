"""The account, its lists page by page, and the writes to watchlist and favourites."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from crosswatch.simulators.tmdb import answers
from crosswatch.simulators.tmdb.answers import Answer
from crosswatch.simulators.tmdb.catalogue import Key
from crosswatch.simulators.tmdb.routing import Call, Handler, check_user
from crosswatch.simulators.tmdb.shelf import Rows
from crosswatch.simulators.tmdb.simulator import Simulator
from crosswatch.simulators.tmdb.state import Feature, User


def account(sim: Simulator, call: Call) -> Answer:
    """The account of the session, whatever id the path names."""
    user = check_user(sim, call)
    value: dict[str, Any] = {
        "avatar": {
            "gravatar": {"hash": hashlib.md5(user.username.encode(), usedforsecurity=False).hexdigest()},
            "tmdb": {"avatar_path": None},
        },
        "id": user.id,
        "iso_639_1": "en",
        "iso_3166_1": "US",
        "name": user.name,
        "include_adult": user.include_adult,
        "username": user.username,
    }
    return answers.data(value)


def listing(feature: Feature, kind: str) -> Handler:
    """A handler that reads one account list, page by page, oldest first unless asked otherwise."""

    def read(sim: Simulator, call: Call) -> Answer:
        user = check_user(sim, call)
        page = call.page()
        with sim.lock:
            rows = user.shelf(feature, kind).rows(sim.view_moment())
            answer = _page(sim, user, rows, page, call, feature)
        sim.list_was_read()
        return answer

    return read


def _page(sim: Simulator, user: User, rows: Rows, page: int, call: Call, feature: Feature) -> Answer:
    knobs = sim.knobs
    if call.query.get("sort_by") == "created_at.desc":
        rows = rows[::-1]
    if not knobs.count_hidden:
        rows = [row for row in rows if not sim.is_hidden(user, row[0])]
    total, size = len(rows), knobs.page_size
    texts = []
    for key, value in rows[(page - 1) * size : page * size]:
        title = sim.title(key)
        if title is None or sim.is_hidden(user, key):
            continue
        text = sim.shapes.row_text(title)
        texts.append(f'{text[:-1]},"rating":{float(value)}}}' if feature == "rated" else text)
    if texts:
        sim.last_rows[call.list_place(page)] = texts[-1]
    pages = -(-total // size) or knobs.empty_total_pages
    joined = ",".join(texts)
    body = f'{{"page":{page},"results":[{joined}],"total_pages":{pages},"total_results":{total}}}'
    return Answer(200, body.encode())


def write(feature: Feature) -> Handler:
    """A handler that adds or removes one film or show; both may be repeated (seen live by others)."""

    def put(sim: Simulator, call: Call) -> Answer:
        user = check_user(sim, call)
        fields = call.fields()
        kind, number, wanted = fields.get("media_type"), _whole(fields.get("media_id")), fields.get(feature)
        if kind not in {"movie", "tv"} or number is None or not isinstance(wanted, (bool, int, str)):
            return answers.code(5)
        key: Key = (str(kind), number)
        if sim.title(key) is None:
            return answers.code(34)
        with sim.lock:
            shelf = user.shelf(feature, str(kind))
            if wanted in {False, "false", "0", ""}:
                shelf.drop(key, sim.clock())
                return answers.code(13)
            there = shelf.put(key, 1.0, sim.clock())
        return answers.code(12) if there else answers.code(1, status=201)

    return put


def _whole(value: object) -> int | None:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def own_lists(sim: Simulator, call: Call) -> Answer:
    """The lists that the user made."""
    user, page = check_user(sim, call), call.page()
    rows = [
        {
            "description": made.description,
            "favorite_count": 0,
            "id": made.id,
            "item_count": len(made.movies),
            "iso_639_1": made.language,
            "list_type": "movie",
            "name": made.name,
            "poster_path": None,
        }
        for made in sim.lists.values()
        if made.owner == user.id
    ]
    return paged(rows, page, empty_pages=sim.knobs.empty_total_pages)


def paged(rows: list[dict[str, Any]], page: int, *, empty_pages: int = 1, size: int = 20) -> Answer:
    """One page of rows in TMDb's envelope."""
    value = {
        "page": page,
        "results": rows[(page - 1) * size : page * size],
        "total_pages": -(-len(rows) // size) or empty_pages,
        "total_results": len(rows),
    }
    return answers.data(value)


ROUTES: Final[dict[str, dict[str, Handler]]] = {
    "/account": {"GET": account},
    "/account/{word:account}": {"GET": account},
    "/account/{word:account}/watchlist": {"POST": write("watchlist")},
    "/account/{word:account}/watchlist/movies": {"GET": listing("watchlist", "movie")},
    "/account/{word:account}/watchlist/tv": {"GET": listing("watchlist", "tv")},
    "/account/{word:account}/favorite": {"POST": write("favorite")},
    "/account/{word:account}/favorite/movies": {"GET": listing("favorite", "movie")},
    "/account/{word:account}/favorite/tv": {"GET": listing("favorite", "tv")},
    "/account/{word:account}/rated/movies": {"GET": listing("rated", "movie")},
    "/account/{word:account}/rated/tv": {"GET": listing("rated", "tv")},
    "/account/{word:account}/rated/tv/episodes": {"GET": listing("rated", "episode")},
    "/account/{word:account}/lists": {"GET": own_lists},
}
